"""Name a network's weights, and describe it, for other programs.

The names are those of a textbook. A recurrent layer, the lowest of which is 1,
reads x and carries the hidden state h:

    W1  (inputs, columns)    multiplies x
    U1  (units, columns)     multiplies h
    b1  (columns,)           is added to x W1
    d1  (columns,)           is added to h U1; only a GRU has it

The columns of an LSTM are its input gate, forget gate, candidate and output
gate; those of a GRU its update gate, reset gate and candidate. The lowest
layer reads a row of W1, which an id selects, or, if there is an `embedding`
`(units of text, inputs)`, a row of that. `W` and `b` make logits of the highest
layer's h.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import charrnn
from charrnn.network.engine import Engine
from charrnn.network.facts import text_form
from charrnn.text import words
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import Vocabulary
from charrnn.writing.novelty import longest_learnt

FORMAT = 1  # of the description
CELLS = ("SimpleRNN", "LSTM", "GRU")  # whose equations all exports have
WEIGHTS = ("float32", "float16")
EXAMPLE_PROMPTS = ("The ", "The", "the ", "the")

# What comes before the name of a file, or of one of several.
_FOLDERS = re.compile(r"(?:^|(?<=, ))[^,]*[/\\]")


def arrays_of(
    engine: Engine, weights: str = WEIGHTS[0]
) -> dict[str, np.ndarray]:
    """Names the weights of a network.

    Args:
        engine: The model.
        weights: `"float32"`, or `"float16"` to round them to half the size.

    Returns:
        The arrays by name, in the order in which they are used.

    Raises:
        ValueError: if a layer's equations are not known outside of charrnn, or
            a weight is too large for float16.

    Example:

    >>> from charrnn import load
    >>> arrays = arrays_of(load("shakespeare"))
    >>> [name for name in arrays]
    ['W1', 'U1', 'b1', 'W2', 'U2', 'b2', 'W', 'b']
    """
    check_weights(weights, WEIGHTS)
    arrays: dict[str, np.ndarray] = {}
    layer = 0
    for name, own in engine.layer_weights():
        if name == "Embedding":
            arrays["embedding"] = own[0]
        elif name == "Dense":
            arrays["W"], arrays["b"] = own
        else:
            layer += 1
            arrays.update(_of_layer(name, own, layer))
    return {name: _stored(array, weights) for name, array in arrays.items()}


def check_weights(weights: str, kinds: Sequence[str], where: str = "") -> None:
    """Checks the type in which weights are to be written.

    Args:
        weights: The type.
        kinds: Those that there are.
        where: What they are written to, for the message.

    Raises:
        ValueError: if it is none of them.
    """
    if weights not in kinds:
        raise ValueError(
            f"Expected weights in {' or '.join(kinds)}{where}. "
            f"Received {weights!r}."
        )


def _of_layer(name: str, own: Any, layer: int) -> dict[str, np.ndarray]:
    """The weights of a recurrent layer by name."""
    if name not in CELLS:
        raise ValueError(
            f"Expected layers among {', '.join(CELLS)}. Received {name!r}, "
            "whose equations no export has."
        )
    W, U, b = own
    if name != "GRU":
        return {f"W{layer}": W, f"U{layer}": U, f"b{layer}": b}
    named = {"W": W, "U": U, "b": b[0], "d": b[1]}
    return {f"{key}{layer}": array for key, array in named.items()}


def _stored(array: np.ndarray, weights: str) -> np.ndarray:
    largest = np.abs(array).max()
    if weights == "float16" and largest > np.finfo(np.float16).max:
        raise ValueError(
            "Expected weights up to 65,504, the largest in float16. Received "
            f"{largest:g}. Export them as float32."
        )
    return np.ascontiguousarray(array, weights)


def described(engine: Engine) -> dict[str, Any]:
    """Describes a network: what a program needs besides the weights.

    Args:
        engine: The model.

    Returns:
        A JSON-serializable `dict`:

        - `format`, `charrnn`: the version of this description, and of charrnn;
        - `cells`: the class of each recurrent layer, the lowest first;
        - `unit`: `"character"`, `"word"` or `"byte"`;
        - `vocabulary`: the text of each id; `None` for bytes, whose ids are
          their values;
        - `stand_in`: the id that is read but never written, or `None`;
        - `boundary`: the id that begins and ends a document, before which the
          state is set to zero, or `None`. It is the last id, beyond those of
          the vocabulary;
        - `cuts`, `continuations`: a regular expression whose matches are the
          units of a text, and texts that may lengthen its last unit; words
          that are not in the vocabulary are spelled out;
        - `documents`, `end`: how a text is divided into documents, and what
          stands between them;
        - `longest_document`: of the training text, in units, or `None`;
        - `newline`, `normalize`: the form of the training text;
        - `made`: what `charrnn.json` says about the training. File names are
          there without their folders.

    Raises:
        ValueError: if an entry of the model's facts has the wrong type.

    Example:

    >>> from charrnn import load
    >>> about = described(load("shakespeare"))
    >>> about["cells"], about["unit"], len(about["vocabulary"])
    (['LSTM', 'LSTM'], 'character', 69)
    """
    vocabulary = engine.vocabulary
    by = None
    if isinstance(vocabulary, DocumentVocabulary):
        by = vocabulary.by
    return {
        "format": FORMAT,
        "charrnn": charrnn.__version__,
        "cells": [layer.name for layer in engine.layers],
        "unit": vocabulary.unit,
        "vocabulary": _texts(vocabulary.inner),
        "stand_in": vocabulary.stand_in,
        "boundary": vocabulary.boundary,
        **_cutting(vocabulary.unit),
        "documents": by,
        "end": vocabulary.end,
        "longest_document": longest_learnt(engine),
        **text_form(engine.facts),
        "made": published(engine.facts),
    }


def _texts(vocabulary: UnitVocabulary) -> list[str] | None:
    """The text of each id; `None` for bytes."""
    if isinstance(vocabulary, Vocabulary):
        return list(vocabulary.characters)
    if vocabulary.unit == "byte":
        return None
    return [vocabulary.decode([i]) for i in range(len(vocabulary))]


def _cutting(unit: str) -> dict[str, Any]:
    """How a text is cut into units."""
    if unit != "word":
        return {"cuts": "(?s:.)", "continuations": []}
    return {
        "cuts": words.pattern().pattern,
        "continuations": list(words.continuations()),
    }


def example_prompt(vocabulary: UnitVocabulary) -> str:
    """Chooses a prompt for examples, which the model can read.

    Args:
        vocabulary: The model's.

    Returns:
        A short text; empty for a model of documents, which begins them itself,
        and for one that knows none of the examples.

    Example:

    >>> example_prompt(Vocabulary("The dn")), example_prompt(Vocabulary("ab"))
    ('The ', '')
    """
    if vocabulary.boundary is not None:
        return ""
    for text in EXAMPLE_PROMPTS:
        try:
            ids = list(vocabulary.encode(text))
        except ValueError:
            continue
        if vocabulary.stand_in not in ids:
            return text
    return ""


def published(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Removes from a model's facts what is not for others to read.

    Args:
        facts: The member `charrnn.json`; any part of it may be missing, or
            made up by a stranger.

    Returns:
        The facts without the vocabulary. Paths are shortened to file names,
        because folders are private and exports are passed on.

    Example:

    >>> published({"text": {"name": "/home/ann/letters.txt"}, "unit": "word"})
    {'text': {'name': 'letters.txt'}}
    """
    left_out = {"format", "unit", "vocabulary"}
    kept = {name: facts[name] for name in facts if name not in left_out}
    return json.loads(
        json.dumps(kept),
        object_hook=_without_folders,
        parse_constant=lambda _: None,  # NaN and Infinity are no JSON
    )


def _without_folders(entry: dict[str, Any]) -> dict[str, Any]:
    shortened = {
        name: _FOLDERS.sub("", entry[name].rstrip("/\\"))
        for name in ("name", "init_from")
        if isinstance(entry.get(name), str)
    }
    return {**entry, **shortened}
