"""Warn before training about a text that is short, unusual or repeated."""

from collections.abc import Callable

from charrnn.scoring import passages, shift
from charrnn.scoring.shift import Shift
from charrnn.system.terminal import wrapped
from charrnn.text import sources
from charrnn.training.data import Data
from charrnn.training.settings import Settings

# A network memorizes a shorter text before it learns words from it.
SHORT_TEXT_CHARACTERS = 20_000

# A passage of the held-out part that the training part has as well is a copy,
# not chance, if it is so long. A text may quote, or have a refrain.
CHARACTERS_OF_A_PASSAGE = 60
MAX_SHARE_COPIED, MAX_PASSAGES_COPIED = 0.2, 2

# Of a text of words or bytes, at most this many units on each side of the split
# are compared.
MAX_UNITS_SPELLED = 1_000_000


def advise(
    settings: Settings, data: Data, tell: Callable[[str], None]
) -> Shift | None:
    """Warns, a line each, of what will keep the model from being good.

    Args:
        settings: The `settings.Settings`.
        data: The `data.Data`.
        tell: Called with each line.

    Returns:
        The `shift.Shift` of the held-out part, or `None`.
    """
    training, held_out = data.windows.ids, data.held_out
    characters = data.vocabulary.characters_of(training)
    characters += data.vocabulary.characters_of(held_out)
    # Only parts of a long text, because units are spelled out in memory.
    parts = training[-MAX_UNITS_SPELLED:], held_out[:MAX_UNITS_SPELLED]
    if data.vocabulary.unit == "character":
        parts = training, held_out
    found = None  # documents are held out from all over the text
    if not data.documents:
        (first, size), (end, _) = map(data.vocabulary.spelled, parts)
        found = shift.measure(first, end, size)
    title = sources.title(settings.corpus)
    lines = [_on_length(characters, settings), _on_copies(data, title)]
    if found and found.is_clear:
        lines.append(shift.advice(found, title))
    for line in filter(None, lines):
        tell(wrapped(line))
    return found


def _on_length(characters: int, settings: Settings) -> str:
    """Advice about a short text."""
    if characters >= SHORT_TEXT_CHARACTERS:
        return ""
    line = f"short text: a network soon memorizes {characters:,} characters. "
    more = "add texts of the same kind, as in a folder of .txt files"
    if settings.init_from:
        return (
            f"{line}It may then write worse than the model it started from: "
            f"{more}"
        )
    return (
        f"{line}It takes some {SHORT_TEXT_CHARACTERS:,} to learn words: "
        f"{more}, or start from a model trained on other texts (--init-from)"
    )


def _on_copies(data: Data, title: str) -> str:
    """Advice about an end that repeats what comes before it."""
    if data.documents:
        return ""  # their copies are counted
    length = round(CHARACTERS_OF_A_PASSAGE / data.characters_per_unit)
    share, count = passages.share_in(
        data.windows.ids, data.held_out, max(1, length)
    )
    is_quoted = count <= MAX_PASSAGES_COPIED and share < 1
    if share < MAX_SHARE_COPIED or is_quoted:
        return ""
    return (
        f"{title}: {share:.0%} of the held-out end repeats passages of the "
        "training part, so the validation loss will be too low: leave "
        "repeated parts of the text out"
    )
