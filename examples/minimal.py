"""Train a plain Keras model on a text, and write with it.

    python examples/minimal.py my.txt --epochs 10

Everything about the network is Keras's own. charrnn reads the text, turns
characters into ids and cuts the ids into windows.
"""

import argparse

import keras
import numpy as np

import charrnn


def build(vocabulary, units):
    """Maps ids (batch, time) to logits (batch, time, characters)."""
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(len(vocabulary), 32),
            keras.layers.LSTM(units, return_sequences=True),
            keras.layers.Dense(len(vocabulary)),
        ]
    )


def write(model, vocabulary, prompt, length, generator):
    """Goes on with a prompt: one character after another is drawn."""
    ids = vocabulary.encode(prompt).tolist()
    for _ in range(length):
        logits = model(np.array([ids]))[0, -1]  # those of the next character
        probabilities = np.asarray(keras.ops.softmax(logits), np.float64)
        probabilities /= probabilities.sum()  # of float32: not quite 1
        ids.append(int(generator.choice(len(vocabulary), p=probabilities)))
    return vocabulary.decode(ids)


def main():
    parser = argparse.ArgumentParser(description="Train on a text, and write.")
    parser.add_argument("text", help="a text file, 100 KB or more")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--length", type=int, default=100, help="characters")
    arguments = parser.parse_args()

    text = charrnn.read(arguments.text)
    vocabulary = charrnn.Vocabulary.from_text(text)
    training, held_out = charrnn.split(vocabulary.encode(text), 0.1)
    sizes = {"batch_size": 16, "seq_length": 64, "seed": 1}

    model = build(vocabulary, arguments.units)
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        charrnn.Windows(training, **sizes),
        epochs=arguments.epochs,
        validation_data=charrnn.Windows(held_out, **sizes),
    )
    generator = np.random.default_rng(1)
    print(write(model, vocabulary, text[:20], arguments.length, generator))


if __name__ == "__main__":
    main()
