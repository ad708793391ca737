"""Warn before training about a text that is too short or unusual."""

from collections.abc import Callable

import numpy as np

from charrnn.scoring import shift
from charrnn.scoring.shift import Shift
from charrnn.system.terminal import wrapped
from charrnn.text import sources
from charrnn.training.data import Data
from charrnn.training.settings import Settings

# A text of fewer is learnt by heart before it teaches words.
SHORT_TEXT_CHARACTERS = 20_000

MAX_WORDS_SPELLED = 1_000_000  # to compare both ends of a text of words

MOST_UNITS_SPELLED = 1_000_000


def advise(
    settings: Settings, data: Data, tell: Callable[[str], None]
) -> Shift | None:
    """Says in a line each what will stand in the way of a good model.

    Args:
        settings: The `settings.Settings`.
        data: The `data.Data`.
        tell: A function that is given the lines.

    Returns:
        The `shift.Shift` of the held-out part, or `None`.
    """
    training, held_out = data.windows.ids, data.held_out
    characters = data.vocabulary.characters_of(training)
    characters += data.vocabulary.characters_of(held_out)
    # Of a long text a part: its words are spelled out in the RAM.
    parts = training[-MOST_UNITS_SPELLED:], held_out[:MOST_UNITS_SPELLED]
    if data.vocabulary.unit == "character":
        parts = training, held_out
    (first, size), (end, _) = map(data.vocabulary.spelled, parts)
    found = shift.measure(first, end, size)
    lines = []
    if characters < SHORT_TEXT_CHARACTERS and not settings.init_from:
        lines.append(
            f"short text: {characters:,} characters are soon learnt by heart. "
            f"Some {SHORT_TEXT_CHARACTERS:,} or more teach words: join texts "
            "of the same kind, as in a folder of .txt files, or begin with a "
            "model of others (--init-from)"
        )
    if found and found.is_clear:
        lines.append(shift.advice(found, sources.title(settings.corpus)))
    for line in lines:
        tell(wrapped(line))
    return found


def _spelled(data: Data) -> tuple[np.ndarray, np.ndarray, int]:
    """Both parts in characters, as `shift.measure` takes them."""
    training, held_out = data.windows.ids, data.held_out
    if data.vocabulary.unit == "word":  # of a long text a part, in the RAM
        training = training[-MAX_WORDS_SPELLED:]
        held_out = held_out[:MAX_WORDS_SPELLED]
    first, size = data.vocabulary.spelled(training)
    return first, data.vocabulary.spelled(held_out)[0], size
