"""Say before training what a text is too short or too odd for."""

from charrnn.scoring import shift
from charrnn.system.terminal import say, wrapped
from charrnn.text import sources

SHORT = 20_000  # characters: fewer are learnt by heart before they teach words


def advise(settings, material, aloud=True):
    """Says in a line each what will stand in the way of a good model.

    Args:
        settings: What `train_flags.settle` returned.
        material: What `material.gather` returned.
        aloud: Whether to say it: a run that goes on has said it before.

    Returns:
        The `shift.Shift` of the held-out part, or `None`.
    """
    training, held_out = material.windows.ids, material.held_out
    characters = len(training) + len(held_out)
    found = shift.measure(training, held_out, len(material.vocabulary))
    lines = []
    if characters < SHORT and not settings.init_from:
        lines.append(
            f"short text: {characters:,} characters are soon learnt by heart. "
            f"Some {SHORT:,} or more teach words: join texts of the same "
            "kind, as in a folder of .txt files, or begin with a model of "
            "others (--init-from)"
        )
    if found and found.is_clear:
        lines.append(shift.advice(found, sources.title(settings.corpus)))
    for line in lines if aloud else ():
        say(wrapped(line))
    return found
