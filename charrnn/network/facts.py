"""Read and check a model file's metadata: its member charrnn.json.

These are the facts: the vocabulary, how the text was read and split, and the
results of training. Files come from strangers, so each value is checked before
it is used.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from charrnn.text.kinds import DOCUMENTS, alphabet, from_json, to_json
from charrnn.text.normal_form import form_of, normalize_text
from charrnn.text.units import DEFAULT, UnitVocabulary, check_unit

# A file has the lowest format that can represent it: earlier versions of
# charrnn read only the first.
FORMATS = {"character": 1, "word": 2, "byte": 2}
FORMAT_OF_DOCUMENTS = 3
KNOWN_FORMATS = range(1, FORMAT_OF_DOCUMENTS + 1)
MEMBER = "charrnn.json"  # the extra member of the archive; Keras ignores it
# Bytes: enough for all characters that Unicode assigns, and for all words that
# a vocabulary may have.
JSON_LIMIT = 4 << 20

Kind = TypeVar("Kind")


def facts_text(vocabulary: UnitVocabulary, facts: Mapping[str, Any]) -> str:
    """Writes the member `charrnn.json`.

    Args:
        vocabulary: Of the model's ids.
        facts: Further entries.

    Returns:
        JSON.

    Raises:
        ValueError: if it would be too large for charrnn to read.

    Example:

    >>> import json
    >>> from charrnn import Vocabulary
    >>> json.loads(facts_text(Vocabulary("ab"), {}))["vocabulary"]
    {'characters': 'ab'}
    """
    stored = to_json(vocabulary)
    member = {
        **facts,
        "format": _format(vocabulary.unit, stored),
        "unit": vocabulary.unit,
        "vocabulary": stored,
    }
    # UTF-8 takes a third of the bytes of escapes for words of other scripts.
    text = json.dumps(member, indent=1, ensure_ascii=vocabulary.unit == DEFAULT)
    size = len(text.encode("utf-8"))
    if size > JSON_LIMIT:
        raise ValueError(
            f"Expected a vocabulary and facts of at most {JSON_LIMIT:,} bytes "
            f"of JSON. Received {size:,}."
        )
    return text


def check_facts(facts: Mapping[str, Any]) -> None:
    """Checks the entries that charrnn needs: format, vocabulary and text.

    Args:
        facts: The member, parsed from JSON.

    Raises:
        ValueError: if an entry is missing or has the wrong type.

    Example:

    >>> check_facts({"format": 1, "vocabulary": {"characters": "ab"}})
    """
    if facts.get("format") not in KNOWN_FORMATS:
        raise ValueError(
            f"Expected format 1 to {FORMAT_OF_DOCUMENTS}. "
            f"Received {facts.get('format')!r}. If a newer charrnn made it, "
            "update charrnn."
        )
    unit = facts.get("unit", DEFAULT)
    check_unit(unit)
    stored = expect(facts.get("vocabulary"), dict, "vocabulary")
    least = _format(unit, stored)
    if facts["format"] < least:
        of = f"whose unit is the {unit}"
        if least == FORMAT_OF_DOCUMENTS:
            of = "of documents"
        raise ValueError(
            f"Expected format {least} of a model {of}. "
            f"Received {facts['format']}."
        )
    normalize_text("", **text_form(facts))


def _format(unit: str, vocabulary: Mapping[str, Any]) -> int:
    """The lowest format for a vocabulary in JSON."""
    return FORMAT_OF_DOCUMENTS if DOCUMENTS in vocabulary else FORMATS[unit]


def vocabulary_of(facts: Mapping[str, Any]) -> UnitVocabulary:
    """Makes the vocabulary from the member.

    Args:
        facts: The member, which `check_facts` has checked.

    Returns:
        The vocabulary.

    Raises:
        ValueError: if it is not a valid vocabulary.

    Example:

    >>> vocabulary_of({"vocabulary": {"characters": "ab"}})
    Vocabulary('ab')
    """
    return from_json(facts.get("unit", DEFAULT), facts["vocabulary"])


def text_form(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Finds the line ends and the normal form with which a text was read.

    If it was not normalized, its characters may show the normal form.

    Args:
        facts: The whole member, as `model_file.read` returns it.

    Returns:
        A `dict` with the arguments of `normalize_text`.

    Raises:
        ValueError: if these entries have the wrong type.

    Example:

    >>> text_form({"text": {"name": "my.txt", "newline": "keep"}})
    {'newline': 'keep', 'normalize': None}
    """
    text = expect(facts.get("text", {}), dict, "text")
    unit = facts.get("unit", DEFAULT)
    if unit == "byte":
        return {"newline": "keep", "normalize": None}
    normalize = text.get("normalize")
    if normalize is None and "vocabulary" in facts:
        normalize = form_of(alphabet(unit, facts["vocabulary"]))
    return {"newline": text.get("newline", "lf"), "normalize": normalize}


def training_characters(facts: Mapping[str, Any]) -> int | None:
    """Returns the length of the part at the start that a model learnt from.

    Args:
        facts: As for `text_form`.

    Returns:
        A number of characters, or `None` if the file does not have it.

    Raises:
        ValueError: if the entry is not a number.

    Example:

    >>> training_characters({"split": {"training_characters": 1_003_854}})
    1003854
    """
    split = expect(facts.get("split", {}), dict, "split")
    if "training_characters" not in split:
        return None
    return expect(split["training_characters"], int, "training_characters")


def document_split(facts: Mapping[str, Any]) -> tuple[float, int]:
    """Finds how a run chose the documents that it held out.

    Args:
        facts: As for `text_form`.

    Returns:
        `(validation, seed)`: the share held out, and the run's seed; zeros if
        the file does not have them.

    Raises:
        ValueError: if an entry is not a number.

    Example:

    >>> document_split({"split": {"validation": 0.1}, "training": {"seed": 7}})
    (0.1, 7)
    """
    split = expect(facts.get("split", {}), dict, "split")
    training = expect(facts.get("training", {}), dict, "training")
    validation = split.get("validation", 0.0)
    if not isinstance(validation, (int, float)) or not 0 <= validation < 1:
        raise ValueError(
            "Expected validation to be a number from 0 up to, but not "
            f"including, 1. Received {validation!r}."
        )
    return validation, expect(training.get("seed", 0), int, "seed")


def expect(value: Any, kind: type[Kind], name: str) -> Kind:
    """Returns a value from JSON after checking its type.

    Args:
        value: A value parsed from JSON.
        kind: The expected type.
        name: The name of the value in the message.

    Returns:
        The value.

    Raises:
        ValueError: if it has another type.

    Example:

    >>> expect({"a": 1}, dict, "settings")
    {'a': 1}
    """
    if not isinstance(value, kind):
        raise ValueError(
            f"Expected {name} to be a {kind.__name__}. Received {value!r}."
        )
    return value
