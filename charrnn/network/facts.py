"""Read and check a model file's metadata: its member charrnn.json.

These are the facts: the vocabulary, how the text was read and split, and the
results of training. Files come from strangers, so each value is checked before
it is used.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from charrnn.text.kinds import alphabet, from_json, to_json
from charrnn.text.normal_form import form_of, normalize_text
from charrnn.text.units import DEFAULT, UnitVocabulary, check_unit

# A file has the lowest format that can represent it: earlier versions of
# charrnn read only the first.
FORMATS = {"character": 1, "word": 2, "byte": 2}
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
    member = {
        **facts,
        "format": FORMATS[vocabulary.unit],
        "unit": vocabulary.unit,
        "vocabulary": to_json(vocabulary),
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
    if facts.get("format") not in FORMATS.values():
        raise ValueError(
            f"Expected format {' or '.join(map(str, set(FORMATS.values())))}. "
            f"Received {facts.get('format')!r}. If a newer charrnn made it, "
            "update charrnn."
        )
    unit = facts.get("unit", DEFAULT)
    check_unit(unit)
    if facts["format"] < FORMATS[unit]:
        raise ValueError(
            f"Expected format {FORMATS[unit]} of a model whose unit is the "
            f"{unit}. Received {facts['format']}."
        )
    expect(facts.get("vocabulary"), dict, "vocabulary")
    normalize_text("", **text_form(facts))


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
