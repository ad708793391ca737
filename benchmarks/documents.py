"""Compare a model of documents with one of endless text, on invented names.

    python benchmarks/documents.py [FOLDER] [--minutes N | --epochs N]

A list of 5,000 invented names is made, the same at every call. Two networks
learn the same nine tenths of it for the same time: one line by line
(`--documents lines`), the other as one endless text. Then the names that were
held out are scored, each by itself with its end, and 1,000 names are drawn.
"""

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np

import charrnn
from charrnn.text.document_hashes import held_out
from charrnn.writing.novelty import NEW, PLACES, TRAIN

NAMES = 5000
DRAWN = 1000
VALIDATION = 0.1
SEED = 1

BEGINNINGS = "b br c ch d dr f g gr h j k l m n p r s sh t th tr v w z".split()
VOWELS = "a e i o u a e i o u a e i o u ai ea ia io ei".split()
CLOSINGS = "n r l s t m th nd rn ll".split()
ENDINGS = "a o ia us en el is an ra na".split()


def invented_names(count, seed=1):
    """Names of one to three syllables, no two alike, in random order."""
    draw = random.Random(seed)
    names = {}
    while len(names) < count:
        syllables = draw.choice((1, 2, 2, 2, 3))
        name = "".join(_syllable(draw) for _ in range(syllables))
        if draw.random() < 0.7:
            name += draw.choice(ENDINGS)
        if 3 <= len(name) <= 12:
            names[name.capitalize()] = None
    return list(names)


def _syllable(draw):
    begins = draw.choice(BEGINNINGS) if draw.random() < 0.85 else ""
    closes = draw.choice(CLOSINGS) if draw.random() < 0.35 else ""
    return begins + draw.choice(VOWELS) + closes


def train(folder, how):
    """Trains both networks on the same names; returns their runs."""
    names = invented_names(NAMES)
    mask = held_out(NAMES, VALIDATION, SEED)
    learnt = [n for n, held in zip(names, mask, strict=True) if not held]
    others = [n for n, held in zip(names, mask, strict=True) if held]
    lines, endless = folder / "names.txt", folder / "endless.txt"
    write(lines, names)
    write(endless, [*learnt, *others])
    share = sum(len(n) + 1 for n in others) / sum(len(n) + 1 for n in names)
    runs = [
        charrnn.train(
            lines, documents="lines", validation=VALIDATION,
            out=folder / "documents", seed=SEED, **how,
        ),
        charrnn.train(
            endless, validation=share, out=folder / "endless", seed=SEED, **how
        ),
    ]  # fmt: skip
    return runs, others


def write(path, names):
    path.write_text("".join(f"{n}\n" for n in names), encoding="utf-8")


def bits_per_character(run, names):
    """The loss on names, each scored by itself together with its end."""
    scores = charrnn.score_each(run, names)
    characters = sum(score.characters for score in scores)
    bits = sum(float(score.nats.sum()) for score in scores) / np.log(2)
    return bits / characters, characters


def drawn(run, temperature):
    """Where so many drawn names occur, and how many end by themselves."""
    known = charrnn.KnownDocuments.read(run.folder)
    samples = charrnn.Sampler(run).generate(
        length=1000, count=DRAWN, seed=SEED, temperature=temperature
    )
    ended = sum(sample.stop_reason == "end" for sample in samples)
    places = known.places([sample.text for sample in samples])
    return {name: places.count(name) for name in PLACES[:3]}, ended


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    time = parser.add_mutually_exclusive_group()
    time.add_argument("--minutes", type=float, default=2)
    time.add_argument("--epochs", type=float)
    arguments = parser.parse_args()
    how = {"minutes": arguments.minutes}
    if arguments.epochs:
        how = {"epochs": arguments.epochs}
    folder = arguments.folder or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    runs, others = train(folder, how)
    for run in runs:
        bits, characters = bits_per_character(run, others)
        parameters = run.metrics["parameters"]
        print(
            f"{run.folder.name}: {bits:.4f} bits/char on {len(others)} names "
            f"held out, {characters:,} characters with their ends; "
            f"{parameters:,} parameters, {run.metrics['epochs']:.1f} epochs"
        )
    for temperature in (1.0, 0.8, 0.5):
        places, ended = drawn(runs[0], temperature)
        print(
            f"temperature {temperature}: of {DRAWN:,} names {places[NEW]:,} "
            f"are new, {places[TRAIN]:,} in train, {places['test']:,} in test; "
            f"{ended:,} end by themselves"
        )


if __name__ == "__main__":
    main()
