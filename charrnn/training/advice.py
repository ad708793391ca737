"""Say before training what a text is too short or too odd for."""

from collections.abc import Callable

from charrnn.scoring import shift
from charrnn.scoring.shift import Shift
from charrnn.system.terminal import wrapped
from charrnn.text import sources
from charrnn.training.data import Data
from charrnn.training.settings import Settings

# A text of fewer is learnt by heart before it teaches words.
SHORT_TEXT_CHARACTERS = 20_000


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
    characters = len(training) + len(held_out)
    found = shift.measure(training, held_out, len(data.vocabulary))
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
