"""Apply a run's unit: its default settings, vocabulary and split."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from charrnn.text import kinds
from charrnn.text.units import COUNTED, DEFAULT, UnitVocabulary
from charrnn.text.windows import split

# What applies where the user says nothing else.
DEFAULTS: dict[str, dict[str, Any]] = {
    "character": {},
    "word": {"min_count": 2, "max_vocab": 10_000},
    "byte": {"newline": "keep"},
}
# More held-out units make validation slower, and its loss hardly surer.
MAX_VALIDATION_UNITS = 10_000_000
# What bytes have no use for: they are read as they are.
OF_TEXT = "encoding", "newline", "normalize", "min_count", "max_vocab"


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Adds what a unit makes of the settings that are not given.

    Args:
        given: The settings that the user gave for a new run.

    Returns:
        A `dict` of settings.

    Raises:
        ValueError: if a setting is given that the unit has no use for.

    Example:

    >>> with_defaults({"unit": "word", "min_count": 5})
    {'min_count': 5, 'max_vocab': 10000, 'unit': 'word'}
    """
    unit = given.get("unit", DEFAULT)
    useless = [name for name in OF_TEXT if name in given]
    if unit == "byte" and useless:
        flag = useless[0].replace("_", "-")
        raise ValueError(
            f"Expected no --{flag} with --unit byte, which reads a file's "
            "bytes as they are. Leave one of the two out."
        )
    return {**DEFAULTS[unit], **given}


def to_state(vocabulary: UnitVocabulary) -> Any:
    """What a checkpoint keeps of a vocabulary; JSON can hold it.

    Args:
        vocabulary: That of the run.

    Returns:
        The characters, as ever; of another unit a `dict` with its name.

    Example:

    >>> from charrnn import ByteVocabulary, Vocabulary
    >>> to_state(Vocabulary("ab")), to_state(ByteVocabulary())
    ('ab', {'unit': 'byte'})
    """
    value = kinds.to_json(vocabulary)
    if vocabulary.unit == DEFAULT:
        return value[kinds.KEYS[DEFAULT]]
    return {"unit": vocabulary.unit, **value}


def from_state(kept: Any) -> UnitVocabulary:
    """Reads what `to_state` returned.

    Args:
        kept: The value, as JSON gives it.

    Returns:
        The vocabulary.

    Raises:
        ValueError: if it is none.

    Example:

    >>> from_state("ab"), from_state({"unit": "byte"})
    (Vocabulary('ab'), ByteVocabulary())
    """
    if isinstance(kept, str):
        return kinds.from_json(DEFAULT, {kinds.KEYS[DEFAULT]: kept})
    if not isinstance(kept, dict):
        raise ValueError(
            "Expected the vocabulary to be a text or a JSON object. Received "
            f"{type(kept).__name__}."
        )
    return kinds.from_json(kept.get("unit"), kept)


def split_by_characters(
    ids: np.ndarray, vocabulary: UnitVocabulary, validation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Splits a text at the same character, whatever its units are.

    Losses of models of different units can then be compared.

    Args:
        ids: Of the text, `(units,)`.
        vocabulary: That of the ids.
        validation: The fraction to hold out, as for `charrnn.split`.

    Returns:
        `(training, held_out)`, two slices of `ids`: the held-out part begins
        with the first unit that begins there or later.

    Raises:
        ValueError: as `charrnn.split` does.

    Example:

    >>> from charrnn import WordVocabulary
    >>> vocabulary = WordVocabulary.from_text("to be " * 90, max_vocab=None)
    >>> ids = vocabulary.encode("to be " * 90)
    >>> training, held_out = split_by_characters(ids, vocabulary, 0.1)
    >>> vocabulary.characters_of(training), vocabulary.characters_of(held_out)
    (488, 52)
    """
    if vocabulary.unit == DEFAULT:
        return split(ids, validation)
    characters = vocabulary.characters_of(ids)
    first, _ = split(_so_many(characters), validation)
    left, boundary = len(first), 0
    for start in range(0, len(ids), COUNTED):
        ends = np.cumsum(vocabulary.lengths[ids[start : start + COUNTED]])
        before = int(np.searchsorted(ends, left))
        boundary = start + min(before + (left > 0), len(ends))
        if before < len(ends):
            break
        left -= int(ends[-1])
    training, held_out = ids[:boundary], ids[boundary:]
    split(_so_many(len(ids)), validation)  # there must be enough units, too
    return training, held_out


def tell_sizes(
    title: str,
    vocabulary: UnitVocabulary,
    training: np.ndarray,
    held_out: np.ndarray,
    tell: Callable[[str], None],
) -> None:
    """Says how long a text is, and how it is split.

    Args:
        title: What messages call the text.
        vocabulary: Its vocabulary.
        training: Ids of the part to train on.
        held_out: Ids of the part to validate on.
        tell: A function that is given a line, and a second one if not all of
            that part is scored.

    Example:

    >>> from charrnn import Vocabulary
    >>> parts = np.zeros(9), np.zeros(1)
    >>> tell_sizes("a.txt", Vocabulary("ab"), *parts, tell=print)
    a.txt: 10 characters, 2 distinct; 9 to train on, 1 to validate on
    """
    parts = [vocabulary.characters_of(ids) for ids in (training, held_out)]
    units = ""
    if vocabulary.unit != DEFAULT:
        units = f" in {len(training) + len(held_out):,} {vocabulary.plural}"
    tell(
        f"{title}: {sum(parts):,} characters{units}, {len(vocabulary):,} "
        f"distinct; {parts[0]:,} to train on, {parts[1]:,} to validate on"
    )
    if len(held_out) > MAX_VALIDATION_UNITS:
        tell(
            f"validating on the first {MAX_VALIDATION_UNITS:,} "
            f"{vocabulary.plural} of the held-out part: more of them would "
            "tell no more"
        )


def _so_many(count: int) -> np.ndarray:
    return np.broadcast_to(np.uint8(0), count)  # takes no memory
