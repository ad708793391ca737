"""Write with an ONNX model of characters or words, without charrnn.

charrnn export shakespeare model.onnx
python examples/onnx_write.py model.onnx "ROMEO:" 300
"""

import json
import re
import sys

import numpy as np
import onnxruntime


def write(path, prompt, length, temperature=0.8):
    """Yields the text that follows a prompt."""
    session = onnxruntime.InferenceSession(path)
    stored = session.get_modelmeta().custom_metadata_map
    about = {name: json.loads(stored[name]) for name in stored}
    texts, boundary = about["vocabulary"], about["boundary"]
    if texts is None:
        sys.exit("This example expects a model of characters or words.")
    ids = {text: i for i, text in enumerate(texts)}
    states = {  # before a text, all are zero
        state.name: np.zeros((1, state.shape[1]), np.float32)
        for state in session.get_inputs()[1:]
    }

    def step(unit):
        unit = np.array([unit], np.int32)
        logits, *new = session.run(None, {"ids": unit, **states})
        states.update(zip(states, new, strict=True))
        return logits[0].astype(np.float64)

    first = [] if boundary is None else [boundary]  # a document begins
    words = re.findall(about["cuts"], prompt)
    spelled = [[word] if word in ids else list(word) for word in words]
    for unit in [*first, *(ids[text] for some in spelled for text in some)]:
        logits = step(unit)
    generator = np.random.default_rng()
    for _ in range(length):
        p = np.exp((logits - logits.max()) / temperature)
        unit = int(generator.choice(len(p), p=p / p.sum()))
        if unit == boundary:
            return
        yield texts[unit]
        logits = step(unit)


if __name__ == "__main__":
    path, prompt, length = sys.argv[1:]
    print(prompt, *write(path, prompt, int(length)), sep="")
