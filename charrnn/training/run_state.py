"""Validate the state in a checkpoint before it is used."""

import reprlib
from types import MappingProxyType
from typing import Any

import numpy as np

from charrnn.training.array_shapes import check_fit
from charrnn.training.figures import with_full_names
from charrnn.training.units import from_state

MAX_COUNT = 2**53  # beyond it, floats cannot hold every whole number
MAX_SIZE = 2**31  # of a dimension of a network or a batch
MAX_SEED = 2**32 - 1
MAX_NUMBER = 1e30


def check(state: Any, arrays: list[np.ndarray]) -> None:
    """Checks names, types and ranges of all that a resumed run reads.

    Unknown names are ignored: a newer version may have written them.

    Args:
        state: A checkpoint's state, as read from JSON.
        arrays: The checkpoint's list of NumPy arrays.

    Raises:
        ValueError: with one short line, if a run cannot resume from them.

    Example:

    >>> check({"over": False}, [])
    Traceback (most recent call last):
    ValueError: Expected the state with settings. Received none.
    """
    _STATE(state, "the state")
    for i, array in enumerate(arrays):
        known = array.dtype == np.float32 or array.dtype.kind in "iu"
        if not (known and np.isfinite(array).all()):
            raise ValueError(
                f"Expected finite numbers, whole or float32, in array {i}. "
                f"Received {array.dtype}."
            )
    check_fit(state["settings"], from_state(state["vocabulary"]), arrays)


def _of(kinds, words, allows=lambda value: True):
    """Returns a check of a value's type and range."""

    def check_value(value, name):
        is_bool = isinstance(value, bool) and not {bool, object} & set(kinds)
        if not isinstance(value, kinds) or is_bool or not allows(value):
            raise ValueError(
                f"Expected {name} to be {words}. "
                f"Received {reprlib.repr(value)}."
            )

    return check_value


def _whole(least, most):
    words = f"a whole number from {least} to {most}"
    return _of((int,), words, lambda value: least <= value <= most)


def _number(least, most):
    words = f"a number from {least:g} to {most:g}"
    return _of((int, float), words, lambda value: least <= value <= most)


def _optional(check_value):
    def check_if_any(value, name):
        if value is not None:
            check_value(value, name)

    return check_if_any


def _list_of(check_value, length=None):
    def check_list(value, name):
        if not isinstance(value, list) or len(value) != (length or len(value)):
            raise ValueError(
                f"Expected {name} to be a list"
                f"{f' of {length}' if length else ''}. "
                f"Received {reprlib.repr(value)}."
            )
        for i, entry in enumerate(value):
            check_value(entry, f"{name}[{i}]")

    return check_list


_OBJECT = _of((dict,), "a JSON object")


def _entries(needed, known=MappingProxyType({})):
    """Returns a check of a `dict` with `needed` keys and optional ones."""

    def check_entries(value, name):
        _OBJECT(value, name)
        for key in needed:
            if key not in value:
                raise ValueError(f"Expected {name} with {key}. Received none.")
        for key, check_value in {**needed, **known}.items():
            if key in value:
                check_value(value[key], key)

    return check_entries


def _values_of(check_value):
    def check_values(value, name):
        _OBJECT(value, name)
        for key, entry in value.items():
            check_value(entry, key)

    return check_values


def _is_embedding(value):
    return value == "auto" if isinstance(value, str) else 1 <= value <= MAX_SIZE


_EMBEDDING = _of((int, str), "a size or auto", _is_embedding)
_ANYTHING = _of((object,), "anything")
_TEXT = _of((str,), "a text")
_BOOL = _of((bool,), "true or false")
_COUNT = _whole(0, MAX_COUNT)
_SIZE = _whole(1, MAX_SIZE)
_POSITIVE = _number(1e-30, MAX_NUMBER)
_NOT_NEGATIVE = _number(0, MAX_NUMBER)
_SHARE = _number(0, 1)
# A loss may be infinite or NaN.
_LOSS = _of(
    (int, float),
    "a number",
    lambda value: isinstance(value, float) or abs(value) <= MAX_COUNT,
)

_CHANGE = _entries(
    {
        "step": _COUNT,
        "epoch": _optional(_NOT_NEGATIVE),
        "changed": _values_of(_list_of(_ANYTHING, length=2)),
    }
)
_SETTINGS = _entries(
    {
        "units": _SIZE,
        "dropout": _SHARE,
        "batch_size": _SIZE,
        "learning_rate": _POSITIVE,
        "text_sha256": _TEXT,
    },
    {
        "encoding": _TEXT,
        "newline": _TEXT,
        "normalize": _optional(_TEXT),
        "unit": _TEXT,
        "min_count": _SIZE,
        "max_vocab": _optional(_SIZE),
        "documents": _optional(_TEXT),
        "validation": _SHARE,
        "cell": _TEXT,
        "layers": _whole(1, 1000),
        "embedding": _optional(_EMBEDDING),
        "recurrent_dropout": _SHARE,
        "init_from": _optional(_TEXT),
        "freeze_vocabulary": _BOOL,
        "teachers": _optional(_list_of(_TEXT)),
        "teacher_weight": _SHARE,
        "teacher_fingerprints": _optional(_list_of(_TEXT)),
        "soft_targets_sha256": _optional(_TEXT),
        "seq_length": _SIZE,
        "clip_norm": _POSITIVE,
        "weight_decay": _NOT_NEGATIVE,
        "weight_drop": _SHARE,
        "seed": _whole(0, MAX_SEED),
        "precision": _TEXT,
        "epochs": _optional(_POSITIVE),
        "minutes": _optional(_POSITIVE),
        "patience": _optional(_SIZE),
        "checkpoint_seconds": _NOT_NEGATIVE,
        "prompt": _TEXT,
        "quiet": _BOOL,
        "line_starts": _BOOL,
        "changes": _list_of(_CHANGE),
        "sizes": _list_of(_SIZE, length=2),
    },
)
_FULLY_NAMED_ROW = _entries(
    {
        "step": _COUNT,
        "epoch": _NOT_NEGATIVE,
        "validation_nats_per_character": _optional(_LOSS),
    },
    {
        "learning_rate": _NOT_NEGATIVE,
        "training_nats_per_character": _LOSS,
        "validation_bits_per_character": _optional(_LOSS),
    },
)


def _row(value, name):
    """Checks a row of the history, which may have the names of old versions."""
    _FULLY_NAMED_ROW(with_full_names(value), name)


_SCHEDULE = _entries(
    {
        "step": _COUNT,
        "total_steps": _optional(_COUNT),
        "losses": _list_of(_LOSS),
        "seconds": _NOT_NEGATIVE,
        "timed": _list_of(_NOT_NEGATIVE, length=2),
    },
    {"trained": _NOT_NEGATIVE, "epoch": _NOT_NEGATIVE},
)
_CURVE = _list_of(_list_of(_LOSS, length=2))
_PARTS = _entries(
    {"Schedule": _SCHEDULE},
    {
        "Validation": _entries({"characters": _COUNT}, {}),
        "SaveBest": _entries(
            {"best": _LOSS, "step": _optional(_COUNT), "in_vain": _COUNT},
            {"by_heart": _COUNT},
        ),
        "History": _entries(
            {"rows": _list_of(_row), "curve": _CURVE}, {"changes": _TEXT}
        ),
        "Samples": _entries({"text": _TEXT}, {}),
        "Budget": _entries({"planned": _BOOL}, {}),
    },
)
_STATE = _entries(
    {
        "over": _BOOL,
        "settings": _SETTINGS,
        "vocabulary": _of((str, dict), "a text or a JSON object"),
        "parts": _PARTS,
    }
)
