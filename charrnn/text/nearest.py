"""Replace characters that a model does not know by similar ones."""

import collections
import re
import unicodedata
from collections.abc import Iterator

# Groups of characters that may replace each other, the preferred ones first.
ALIKE = (
    "'’‘ʼ‛‚′`´＇",
    '"”“„‟″«»',
    "-‐‑–‒−—―",
    " \u00a0\u202f\u2009\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u200a"
    "\u205f\u3000\t",
    "\n\u2028\u2029\x85\x0b\x0c\r",
    "/⁄∕",
    "*•·∙‣",
)
# Spellings of a character, the best first. They are tried before its group.
INSTEAD = {
    "—": ("--",), "―": ("--",), "…": ("...",), "×": ("x",),
    "‹": ("'",), "›": ("'",), "©": ("(c)",), "®": ("(r)",),
    "æ": ("ae",), "Æ": ("Ae",), "œ": ("oe",), "Œ": ("Oe",), "ø": ("o",),
    "Ø": ("O",), "đ": ("d",), "Đ": ("D",), "ð": ("d",), "Ð": ("D",),
    "ł": ("l",), "Ł": ("L",), "ħ": ("h",), "Ħ": ("H",), "ŧ": ("t",),
    "Ŧ": ("T",), "þ": ("th",), "Þ": ("Th",), "ŋ": ("ng",), "Ŋ": ("Ng",),
    "ß": ("ss",), "ẞ": ("SS",), "ı": ("i",),
}  # fmt: skip
MAX_MARKS_PER_LETTER = 30  # as in Unicode's stream-safe texts
# The combining class of the sign that removes a letter's vowel in scripts of
# India. Without it the word would be another one.
VIRAMA_CLASS = 9
# After one of these, or at the start, a quotation mark opens.
BEFORE_OPENING_QUOTE = re.compile(r"[\s(\[{<—–-]?")


def spelled(
    text: str, known: str
) -> tuple[str, collections.Counter[tuple[str, str]]]:
    """Spells a text with known characters only, as far as that is possible.

    A letter and its marks are replaced together. The spellings that are
    tried, until all characters of one are known, are: other normal forms,
    similar characters, the letter without its marks, and the other case.
    Invisible characters are left out.

    Args:
        text: Any text.
        known: The characters to spell with.

    Returns:
        `(text, replaced)`: the new text, and how often each
        `(before, after)` was replaced. Unknown characters that resemble no
        known ones are left as they are.

    Example:

    >>> spelled("“Café…”", "\\"'.Cafe")[0]
    '"Cafe..."'
    """
    usable = set(known)
    replaced: collections.Counter[tuple[str, str]] = collections.Counter()
    present = set(text)
    if present <= usable:
        return text, replaced
    found: dict[tuple[str, bool], str | None] = {}

    def respelled(match: re.Match[str]) -> str:
        cluster = match[0]
        if usable.issuperset(cluster):
            return cluster
        before = text[match.start() - 1 : match.start()]
        opens = cluster == '"' and bool(BEFORE_OPENING_QUOTE.fullmatch(before))
        if (cluster, opens) not in found:
            found[cluster, opens] = _nearest(cluster, usable, opens)
        after = found[cluster, opens]
        if after is None:
            return cluster
        replaced[cluster, after] += 1
        return after

    return _clusters(present, usable).sub(respelled, text), replaced


def _clusters(present: set[str], known: set[str]) -> re.Pattern[str]:
    """Makes a pattern: letters with marks, and single unknown characters."""
    unknown = "".join(map(re.escape, sorted(present - known)))
    marks = "".join(sorted(filter(_joins, present)))
    with_marks = (
        f"[^{marks}][{marks}]{{1,{MAX_MARKS_PER_LETTER}}}|" if marks else ""
    )
    return re.compile(f"{with_marks}[{unknown}]")


def _nearest(cluster: str, known: set[str], opens: bool) -> str | None:
    """Finds the first known spelling of a letter and its marks."""
    for candidate in _candidates(cluster, known, opens):
        # Unicode decomposes an accent by itself into a space and a mark, but
        # a space is not a spelling of it.
        blank = not candidate.strip() and not _is_blank(cluster)
        if known.issuperset(candidate) and not blank:
            return candidate
    return None


def _joins(character: str) -> bool:
    """Whether a character belongs to the letter before it."""
    return (
        unicodedata.category(character) in ("Mn", "Mc")
        or "\u1160" <= character <= "\u11ff"  # the second part of a Hangul
        or character in "\uff9e\uff9f"  # voiced kana of half the width
    )


def _is_blank(cluster: str) -> bool:
    """Whether all characters are invisible, or all are spaces."""
    return cluster.isspace() or all(map(_may_go, cluster))


def _may_go(character: str) -> bool:
    """Whether a character may be dropped without changing the word.

    Accents may, and invisible characters such as the soft hyphen, or those
    that select an emoji's variant.
    """
    return (
        unicodedata.combining(character) not in (0, VIRAMA_CLASS)
        or unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
    )


def _candidates(cluster: str, known: set[str], opens: bool) -> Iterator[str]:
    """Yields spellings of a letter and its marks, the nearest first."""
    yield unicodedata.normalize("NFC", cluster)
    yield unicodedata.normalize("NFD", cluster)
    if opens:
        yield from "“„«"
    yield _alike(cluster, known)
    yield unicodedata.normalize("NFKC", cluster)
    yield unicodedata.normalize("NFKD", cluster)
    bare = _without_marks(cluster)
    yield bare
    yield _alike(bare, known)
    for spelling in (cluster, bare, _alike(bare, known)):
        yield spelling.casefold()
        yield spelling.upper()
    yield _alike(bare.casefold(), known)


def _without_marks(cluster: str) -> str:
    decomposed = unicodedata.normalize("NFKD", cluster)
    return "".join(c for c in decomposed if not _may_go(c))


def _alike(text: str, known: set[str]) -> str:
    """Replaces each unknown character by its first known look-alike."""
    return "".join(
        next(filter(known.issuperset, (c, *INSTEAD.get(c, ()), *_group(c))), c)
        for c in text
    )


def _group(character: str) -> str:
    return next((group for group in ALIKE if character in group), "")
