"""Tell models apart: a hash of the weights and the vocabulary."""

import hashlib
import json
from typing import Any

from charrnn.network.engine import Engine
from charrnn.network.mixture import Mixture
from charrnn.text import kinds


def fingerprint(engine: Engine) -> str:
    """Computes a hash of what a model predicts with.

    Args:
        engine: A model, or a mixture. Where the weights of a mixture have
            moved to, and over which length, makes no difference.

    Returns:
        A SHA-256 in 64 hexadecimal digits. It is the same for a copy of the
        model, whatever its file is called.

    Example:

    >>> from charrnn import load
    >>> fingerprint(load("shakespeare")) == fingerprint(load("shakespeare"))
    True
    """
    if isinstance(engine, Mixture):
        facts: list[Any] = [engine.by, *map(fingerprint, engine.models)]
        arrays = [engine.weights]
    else:
        facts = [engine.vocabulary.unit, kinds.to_json(engine.vocabulary)]
        facts += [layer.name for layer in engine.layers]
        arrays = [array for _, own in engine.layer_weights() for array in own]
    facts.append([array.shape for array in arrays])
    digest = hashlib.sha256(json.dumps(facts).encode("ascii"))
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(little.tobytes())
    return digest.hexdigest()
