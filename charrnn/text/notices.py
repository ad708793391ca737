"""Find what is worth knowing of a text's characters while it is read."""

import codecs
import collections
import contextlib
import functools
import re
import unicodedata

from charrnn.text.decoding import Utf8Count, without_mark
from charrnn.text.normal_form import (
    HANGUL_SYLLABLES,
    begins,
    composed_characters,
    composing_characters,
    normalized,
)

KINDS = {
    "control": "\x00-\x08\x0b\x0c\x0e-\x1f",
    "c1": "\x80-\x9f",
    "feff": "\ufeff",
    "bidi": "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
}
PATTERNS = {kind: re.compile(f"[{own}]") for kind, own in KINDS.items()}
ANY_KIND = re.compile(f"[{''.join(KINDS.values())}]")
NO_CONTROLS = PATTERNS["control"].sub("", "".join(map(chr, range(128))))
NO_CONTROLS = NO_CONTROLS.encode("ascii")
NOT_CP1252 = set("\x81\x8d\x8f\x90\x9d")
START = 1 << 12  # characters by which UTF-16 is recognised


class Notices:
    r"""Counts, as a text goes by, what its owner should hear of.

    It takes a bounded memory, however large the text is.

    Args:
        several: Whether the text has several files: places then name theirs.

    Example:

    >>> notices = Notices()
    >>> notices.begin("notes.txt", "utf-8")
    >>> notices.add("one\ntwo\ufeffthree")
    >>> notices.lines("lf", None)
    ['1 U+FEFF, byte order marks inside the text; first in line 2']
    """

    def __init__(self, several=False):
        self._several = several
        self._counts = collections.Counter()
        self._decomposed = 0
        self._first = {}  # the place of each kind's first
        self._utf_8_counts = []  # (title, encoding, Utf8Count)
        self._utf_16 = {}  # encodings by titles

    def begin(self, title, encoding):
        """Begins with a file.

        Args:
            title: What messages call it.
            encoding: With which it is decoded.

        Returns:
            A `Utf8Count` that wants to see its bytes, or `None`.
        """
        self._title, self._encoding = title, codecs.lookup(encoding).name
        self._at_start, self._last = True, ""
        self._line_feeds = self._returns = 0
        if self._encoding.startswith("utf"):
            return None
        count = Utf8Count()
        self._utf_8_counts.append((title, encoding, count))
        return count

    def add(self, piece):
        """Looks at the next piece of the file, a `str` that is not empty."""
        if self._at_start:
            self._look_for_utf_16(piece[:START])
        self._count_kinds(piece)
        if not piece.isascii():
            self._count_forms(piece)
        returns = piece.count("\r")
        pairs = piece.count("\r\n") + (self._last + piece[0] == "\r\n")
        self._counts["CRLF"] += pairs
        self._counts["CR"] += returns - pairs
        self._line_feeds += piece.count("\n")
        self._returns += returns
        self._at_start, self._last = False, piece[-1]

    def lines(self, newline, normalize):
        """Tells what there was: lines of text, a list of `str`.

        Args:
            newline: As for `charrnn.read`.
            normalize: As for `charrnn.read`.
        """
        return [
            *self._of_encoding(),
            *(self._of_line_ends() if newline == "lf" else ()),
            *self._of_kinds(),
            *(() if normalize else self._of_forms()),
        ]

    def _look_for_utf_16(self, start):
        if start.count("\0") >= len(start) / 4:
            encoding = without_mark(start.encode("utf-8", "ignore"))
            if encoding and self._encoding[:6] not in ("utf-16", "utf-32"):
                self._utf_16[self._title] = encoding

    def _count_kinds(self, piece):
        pattern = ANY_KIND
        if piece.isascii():
            pattern = PATTERNS["control"]
            # Nearly no text has any: to delete all others is faster.
            if not piece.encode("ascii").translate(None, NO_CONTROLS):
                return
        found = collections.Counter(pattern.findall(piece))
        for character, count in found.items():
            self._counts[character] += count
        if not found:
            return
        for kind, own in PATTERNS.items():
            if kind not in self._first and (match := own.search(piece)):
                self._note(kind, piece, match)

    def _count_forms(self, piece):
        # Python's quick checks take a tenth of what the patterns take.
        composed, decomposed = _form_patterns()
        if "composed" not in self._first and not _is_in("NFD", piece):
            if match := composed.search(piece):
                self._note("composed", piece, match)
        if _is_in("NFC", piece):
            return
        with contextlib.suppress(ValueError):  # of more marks than a text has
            own = piece if begins(piece[0]) else self._last + piece
            fewer = len(own) - len(normalized(own, "NFC"))
            self._decomposed += max(0, fewer)
        if "decomposed" not in self._first:
            matches = decomposed.finditer(piece)
            apart = (own for own in matches if not _is_in("NFC", own[0]))
            if match := next(apart, None):
                self._note("decomposed", piece, match)

    def _note(self, kind, piece, match):
        """Keeps what a kind's first was, and where it stands."""
        end = match.start()
        line_feeds = self._line_feeds + piece.count("\n", 0, end)
        returns = self._returns + piece.count("\r", 0, end)
        where = f"line {1 + (line_feeds or returns):,}"
        if self._several:
            where += f" of {self._title}"
        self._first[kind] = match[0], where

    def _of_encoding(self):
        for title, encoding in self._utf_16.items():
            yield (
                f"{self._file(title)}looks like {encoding}, and every second "
                f"character read is NUL: use --encoding {encoding}"
            )
        for title, encoding, count in self._utf_8_counts:
            if count.is_valid:
                yield (
                    f"{self._file(title)}is valid UTF-8, read as {encoding}, "
                    "which makes several characters of one: leave --encoding "
                    "out"
                )
            elif count.is_mixed:
                yield (
                    f"{self._file(title)}was read as {encoding}, but is UTF-8 "
                    "in some places, as if texts of two encodings were "
                    "joined: repair it first"
                )

    def _file(self, title):
        return f"{title} " if self._several else ""

    def _of_line_ends(self):
        for name in ("CRLF", "CR"):
            if count := self._counts[name]:
                what = "line end" if count == 1 else "line ends"
                yield (
                    f"{count:,} {name} {what} read as LF (--newline keep "
                    "leaves them)"
                )

    def _of_kinds(self):
        own = self._of_kind("control")
        if own:
            found = ", ".join(f"U+{ord(c):04X}" for c in sorted(own))
            yield (
                f"control characters kept: {sum(own.values()):,} ({found}); "
                f"first in {self._first['control'][1]}"
            )
        counts = [count for _, _, count in self._utf_8_counts]
        own = self._of_kind("c1")
        if own and not any(count.is_valid for count in counts):
            yield (
                f"{_counted(own, 'control character')} from U+0080 to "
                f"U+009F kept; first in {self._first['c1'][1]}: "
                f"{self._advice_on_c1(own, counts)}"
            )
        if own := self._of_kind("feff"):
            yield (
                f"{sum(own.values()):,} U+FEFF, byte order marks inside the "
                f"text; first in {self._first['feff'][1]}"
            )
        if own := self._of_kind("bidi"):
            found = ", ".join(f"U+{ord(c):04X}" for c in sorted(own))
            yield (
                f"{_counted(own, 'invisible mark')} of the direction of "
                f"writing kept ({found}); first in {self._first['bidi'][1]}"
            )

    def _of_kind(self, kind):
        """How often each character of a kind occurs, a `dict`."""
        return {
            character: count
            for character, count in self._counts.items()
            if PATTERNS[kind].fullmatch(character)
        }

    def _advice_on_c1(self, own, counts):
        if self._encoding != "iso8859-1":
            return (
                "mostly from reading a text in a wrong encoding: look at them, "
                "and repair the text"
            )
        is_latin = all(count.is_latin for count in counts)
        if is_latin and NOT_CP1252.isdisjoint(own):
            return "in cp1252 they are quotes and dashes (--encoding cp1252)"
        return "it is neither latin-1 nor cp1252: name its --encoding"

    def _of_forms(self):
        if not {"composed", "decomposed"} <= self._first.keys():
            return
        of_one, first_of_one = self._first["composed"]
        of_several, first_of_several = self._first["decomposed"]
        code_points = " ".join(f"U+{ord(c):04X}" for c in of_several)
        yield (
            f"NFC and NFD are mixed: {self._decomposed:,} accents are "
            f"characters of their own (first {code_points} in "
            f"{first_of_several}), others are not (first U+{ord(of_one):04X} "
            f"in {first_of_one}); training with --normalize NFC makes one "
            "character of a letter and its accent"
        )


@functools.cache
def _form_patterns():
    """Patterns of one composed character, and of one that may be composed."""
    first, last = HANGUL_SYLLABLES
    composed = "".join(sorted(composed_characters()))
    joining = "".join(sorted(composing_characters()))
    return (
        re.compile(f"[{composed}{first}-{last}]"),
        re.compile(f"[^{joining}][{joining}]{{1,4}}", re.DOTALL),
    )


_is_in = unicodedata.is_normalized


def _counted(counts, thing):
    """How many there are of a thing, in words."""
    number = sum(counts.values())
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
