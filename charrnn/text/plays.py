"""Turn plays in Markdown into the layout of char-rnn's Shakespeare."""

import re
from collections.abc import Iterator

# Pairs of a pattern and its replacement, applied in this order. They leave
# three kinds of lines: headings (#), speakers (**NAME**) and speech.
REPAIRS = (
    # Words that the editors supplied inside a line are kept: they are speech.
    (r"(?<=\w )_+\\\[ ?([^\]\n]*)\]_", r"\1"),
    # Half a name stands above its own line: BISHOP, then **OF WINCHESTER**.
    (r"^([A-Z]{2,}|Ghosts?|Varro's) *\n\s*\*\*", r"**\1 "),
    # A line that ends in "I" was taken for a speaker.
    (r"^\*\*(.* I)\*\*\s+", r"\1 "),
    # A speaker was taken for speech.
    (r"^(Master-Gunner|ALL SERVING-MEN|[A-Z]{5,}(?=:)):? ", r"**\1**\n"),
    (r"^ARIEL'S song\. *$", "**ARIEL**"),
    # A scene's heading is in bold or plain, or runs on in the next paragraph.
    (r"^[#* ]*(?:SCENE|Scene) [IVX]+.*\n+(?:[^*_#\n].*\n)*", "#\n"),
    (r"(?<=\n\n)EPILOGUE *(?=\n\n)", "#"),
    # Captions stand inside a speech, and so does the order of a procession.
    (r"^(?:THE )?SONG\. *$|^DUMB SHOW\. *$|^Enter FLAMINIUS\. *$", ""),
    (r"^EPILOGUE *$|^SPOKEN BY PROSPERO *$|^OF EPHESUS *$", ""),
    (r"^LOVE'S LABOURS LOST *$|^CYMBELINE *$", ""),
    (r"^\d+\\\..*\n(?:.+\n)*", ""),
    # Directions: *...*, _..._, __..._, and \[...]_ whose first mark is lost.
    (r"(?<!\*)\*(?!\*)[^*]+\*(?!\*)", ""),
    (r"_+[^_]+_+|\\?\[[^\]_]*[\]_]+", ""),
    # Escapes, an entity, dashes (one play has its own), a misprint.
    (r"\\", ""),
    (r"&amp;", "&"),
    (r"& c\b", "&c"),
    (r"—", "--"),
    (r"\$", "l"),
)


def char_rnn_layout(markdown: str) -> str:
    r"""Turns a play in Markdown into the layout of char-rnn's Shakespeare.

    A speech is a line with the speaker and a colon, then the lines that are
    spoken; an empty line separates it from the next. Headings and stage
    directions are left out; a speech that a direction interrupts stays one.

    Args:
        markdown: The play.

    Returns:
        The speeches.

    Example:

    >>> play = "# Eggs\n\n**COOK**  \n_Breaks one_\nOne.\n\n**MAID**  \nTwo."
    >>> char_rnn_layout(play)
    'COOK:\nOne.\n\nMAID:\nTwo.\n'
    """
    for pattern, replacement in REPAIRS:
        markdown = re.sub(pattern, replacement, markdown, flags=re.MULTILINE)
    return "\n".join(
        "".join(f"{line}\n" for line in (*speaker, *lines))
        for speaker, lines in _speeches(markdown)
        if lines
    )


def _speeches(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yields the speaker's line, if any, and the lines of every speech."""
    speaker: list[str] = []
    lines: list[str] = []
    for line in text.split("\n"):
        line = " ".join(line.split())
        name = re.fullmatch(r"\*\*(.+)\*\*", line)
        if name or line.startswith("#"):
            yield speaker, lines
            speaker = [f"{name[1].replace(':', '')}:"] if name else []
            lines = []
        elif line:
            lines.append(line)
    yield speaker, lines
