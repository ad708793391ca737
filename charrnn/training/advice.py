"""Warn before training about a text that is too short or unusual."""

from collections.abc import Callable

from charrnn.scoring import shift
from charrnn.scoring.shift import Shift
from charrnn.system.terminal import wrapped
from charrnn.text import sources
from charrnn.training.data import Data
from charrnn.training.settings import Settings

# A network memorizes a shorter text before it learns words from it.
SHORT_TEXT_CHARACTERS = 20_000

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
    lines = []
    if characters < SHORT_TEXT_CHARACTERS and not settings.init_from:
        lines.append(
            f"short text: a network soon memorizes {characters:,} characters. "
            f"It takes some {SHORT_TEXT_CHARACTERS:,} to learn words: add "
            "texts of the same kind, as in a folder of .txt files, or start "
            "from a model trained on other texts (--init-from)"
        )
    if found and found.is_clear:
        lines.append(shift.advice(found, sources.title(settings.corpus)))
    for line in lines:
        tell(wrapped(line))
    return found
