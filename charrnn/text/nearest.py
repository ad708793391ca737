"""Spell characters that a model does not know with those that it knows."""

import collections
import re
import unicodedata

# Characters that may stand for each other, those to prefer first.
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
# What stands for a character, the best first; before those above.
INSTEAD = {
    "—": ("--",), "―": ("--",), "…": ("...",), "×": ("x",),
    "‹": ("'",), "›": ("'",), "©": ("(c)",), "®": ("(r)",),
    "æ": ("ae",), "Æ": ("Ae",), "œ": ("oe",), "Œ": ("Oe",), "ø": ("o",),
    "Ø": ("O",), "đ": ("d",), "Đ": ("D",), "ð": ("d",), "Ð": ("D",),
    "ł": ("l",), "Ł": ("L",), "ħ": ("h",), "Ħ": ("H",), "ŧ": ("t",),
    "Ŧ": ("T",), "þ": ("th",), "Þ": ("Th",), "ŋ": ("ng",), "Ŋ": ("Ng",),
    "ß": ("ss",), "ẞ": ("SS",), "ı": ("i",),
}  # fmt: skip
MARKS = 30  # on one letter, at most: as in Unicode's stream-safe texts
VIRAMA = 9  # the combining class of what takes away a vowel: no mere accent
OPENING = re.compile(r"[\s(\[{<—–-]?")


def spelled(text, known):
    """Spells a text with known characters only, as far as that is possible.

    A letter and the marks on it are first tried in the other normal forms,
    then with similar characters, without the marks, and at last in the other
    case. Invisible characters are left out.

    Args:
        text: A `str`.
        known: The characters to spell with, a `str`.

    Returns:
        `(text, replaced)`: the new text, in which unknown characters that
        resemble no known ones are as they were, and how often what was
        replaced by what: a `collections.Counter` of `(before, after)`.

    Example:

    >>> spelled("“Café…”", "\\"'.Cafe")[0]
    '"Cafe..."'
    """
    known = set(known)
    replaced = collections.Counter()
    present = set(text)
    if present <= known:
        return text, replaced
    found = {}

    def respelled(match):
        cluster = match[0]
        if known.issuperset(cluster):
            return cluster
        before = text[match.start() - 1 : match.start()]
        opens = cluster == '"' and bool(OPENING.fullmatch(before))
        if (cluster, opens) not in found:
            found[cluster, opens] = _nearest(cluster, known, opens)
        after = found[cluster, opens]
        if after is None:
            return cluster
        replaced[cluster, after] += 1
        return after

    return _clusters(present, known).sub(respelled, text), replaced


def _clusters(present, known):
    """A pattern: letters with marks on them, and single unknown characters."""
    unknown = "".join(map(re.escape, sorted(present - known)))
    marks = "".join(sorted(filter(_joins, present)))
    with_marks = f"[^{marks}][{marks}]{{1,{MARKS}}}|" if marks else ""
    return re.compile(f"{with_marks}[{unknown}]")


def _nearest(cluster, known, opens):
    """The first spelling of a letter, and its marks, that is known."""
    for candidate in _candidates(cluster, known, opens):
        # A spacing accent is no space, though Unicode makes one of it.
        blank = not candidate.strip() and not _is_blank(cluster)
        if known.issuperset(candidate) and not blank:
            return candidate
    return None


def _joins(character):
    """Whether normal forms may make one character of it and the one before."""
    return (
        unicodedata.category(character) in ("Mn", "Mc")
        or "\u1160" <= character <= "\u11ff"  # the second part of a Hangul
        or character in "\uff9e\uff9f"  # voiced kana of half the width
    )


def _is_blank(cluster):
    """Whether nothing is seen of a character, or only a space."""
    return cluster.isspace() or all(map(_may_go, cluster))


def _may_go(character):
    """Accents, and what is invisible: the soft hyphen, variants of emoji."""
    return (
        unicodedata.combining(character) not in (0, VIRAMA)
        or unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
    )


def _candidates(cluster, known, opens):
    """Spellings of a letter and the marks on it, the nearest first."""
    for form in ("NFC", "NFD"):
        yield unicodedata.normalize(form, cluster)
    if opens:
        yield from "“„«"
    yield _alike(cluster, known)
    for form in ("NFKC", "NFKD"):
        yield unicodedata.normalize(form, cluster)
    bare = _without_marks(cluster)
    yield bare
    yield _alike(bare, known)
    for spelling in (cluster, bare, _alike(bare, known)):
        yield spelling.casefold()
        yield spelling.upper()
    yield _alike(bare.casefold(), known)


def _without_marks(cluster):
    decomposed = unicodedata.normalize("NFKD", cluster)
    return "".join(c for c in decomposed if not _may_go(c))


def _alike(text, known):
    """A text with the first known look-alike of each unknown character."""
    return "".join(
        next(filter(known.issuperset, (c, *INSTEAD.get(c, ()), *_group(c))), c)
        for c in text
    )


def _group(character):
    return next((group for group in ALIKE if character in group), "")
