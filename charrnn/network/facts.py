"""Read and check a model file's metadata: its member charrnn.json.

These are the facts: the vocabulary, how the text was read and divided, and how
training went. Files come from strangers, so each value is checked before it
is used.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from charrnn.text.corpus import normalize_text
from charrnn.text.kinds import alphabet, from_json, to_json
from charrnn.text.normal_form import form_of
from charrnn.text.units import DEFAULT, UnitVocabulary, check_unit

# A file has the lowest format that can hold it: earlier versions of charrnn
# read the first one, and take no other.
FORMATS = {"character": 1, "word": 2, "byte": 2}
MEMBER = "charrnn.json"  # the extra member of the archive; Keras ignores it
# Bytes: room for all characters that Unicode assigns, and for all words that a
# vocabulary may have.
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
        ValueError: if it would be too large to be read again.

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
    # Words of other scripts take a third of the bytes as UTF-8.
    text = json.dumps(member, indent=1, ensure_ascii=vocabulary.unit == DEFAULT)
    size = len(text.encode("utf-8"))
    if size > JSON_LIMIT:
        raise ValueError(
            f"Expected a vocabulary and facts of at most {JSON_LIMIT:,} bytes "
            f"of JSON. Received {size:,}."
        )
    return text


def check_facts(facts: Mapping[str, Any]) -> None:
    """Checks what charrnn needs of the member: format, vocabulary, text.

    Args:
        facts: The member, as JSON gives it.

    Raises:
        ValueError: saying what is missing or of another kind.

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
    """Makes the vocabulary that the member tells.

    Args:
        facts: The member, which `check_facts` has checked.

    Returns:
        The vocabulary.

    Raises:
        ValueError: if it is none, saying why.

    Example:

    >>> vocabulary_of({"vocabulary": {"characters": "ab"}})
    Vocabulary('ab')
    """
    return from_json(facts.get("unit", DEFAULT), facts["vocabulary"])


def text_form(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Tells how a model's text was read: with which line ends and normal form.

    Where it was read as it was, its characters may tell the normal form.

    Args:
        facts: The whole member, as `model_file.read` returns it.

    Returns:
        A `dict` with the arguments of `charrnn.text.corpus.normalize_text`.

    Raises:
        ValueError: if that is not what the facts tell.

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
    """Tells how much of its text, from the start, a model was trained on.

    Args:
        facts: As for `text_form`.

    Returns:
        A number of characters, or `None` if the file does not tell.

    Raises:
        ValueError: if what it tells is no number.

    Example:

    >>> training_characters({"split": {"training_characters": 1_003_854}})
    1003854
    """
    split = expect(facts.get("split", {}), dict, "split")
    if "training_characters" not in split:
        return None
    return expect(split["training_characters"], int, "training_characters")


def expect(value: Any, kind: type[Kind], name: str) -> Kind:
    """Returns a value from JSON, if it is of the kind that it must be.

    Args:
        value: What JSON gives.
        kind: A type.
        name: What the value is, for the message.

    Returns:
        The value.

    Raises:
        ValueError: if it is of another kind.

    Example:

    >>> expect({"a": 1}, dict, "settings")
    {'a': 1}
    """
    if not isinstance(value, kind):
        raise ValueError(
            f"Expected {name} to be a {kind.__name__}. Received {value!r}."
        )
    return value
