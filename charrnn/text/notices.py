"""Collect warnings about a text's characters while it is read.

A text may be larger than the machine's RAM, so it is examined piece by piece,
as it is read: call `begin` for each file, `add` for each piece of it, `lines`
at the end. The data kept between pieces does not grow with the text: how often
each kind of character occurred, the first of each kind and its line, and the
last character of the previous piece, because a CR and its LF, or a letter and
its accent, may be in different pieces.
"""

import codecs
import collections
import contextlib
import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping

from charrnn.text.normal_form import (
    HANGUL_SYLLABLES,
    begins,
    composed_characters,
    composing_characters,
    normalized,
)
from charrnn.text.recognition import Utf8Count, without_mark

# Ranges of characters that are counted, as in a regular expression.
KINDS = {
    "control": "\x00-\x08\x0b\x0c\x0e-\x1f",
    "c1": "\x80-\x9f",  # the second set of control characters
    "feff": "\ufeff",  # the byte order mark
    "bidi": "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
}
PATTERNS = {kind: re.compile(f"[{own}]") for kind, own in KINDS.items()}
ANY_KIND = re.compile(f"[{''.join(KINDS.values())}]")
ASCII = "".join(map(chr, range(128)))
NO_CONTROLS = PATTERNS["control"].sub("", ASCII).encode("ascii")
UNDEFINED_IN_CP1252 = set("\x81\x8d\x8f\x90\x9d")
UTF_16_SAMPLE_CHARACTERS = 1 << 12  # enough to recognise it


class Notices:
    r"""Counts noteworthy characters while a text is read.

    Args:
        several: Whether the text has several files, so that notices must name
            the file.

    Example:

    >>> notices = Notices()
    >>> notices.begin("notes.txt", "utf-8")
    >>> notices.add("one\ntwo\ufeffthree")
    >>> notices.lines("lf", None)
    ['1 U+FEFF, byte order marks inside the text; first in line 2']
    """

    def __init__(self, several: bool = False) -> None:
        self._several = several
        self._counts: collections.Counter[str] = collections.Counter()
        self._decomposed = 0  # characters that NFC would make of two or more
        self._first: dict[str, tuple[str, str]] = {}  # by kind: what and where
        self._utf_8_counts: list[tuple[str, str, Utf8Count]] = []
        self._utf_16: dict[str, str] = {}  # encodings by titles of files

    def begin(self, title: str, encoding: str) -> Utf8Count | None:
        """Begins a file.

        Args:
            title: Its name in messages.
            encoding: The encoding in which it is decoded.

        Returns:
            A count to which to add the bytes of the file, if UTF-8 could have
            been mistaken for its encoding; otherwise `None`.
        """
        self._title, self._encoding = title, codecs.lookup(encoding).name
        self._at_start, self._last = True, ""
        self._line_feeds = self._returns = 0
        if self._encoding.startswith("utf"):
            return None
        count = Utf8Count()
        self._utf_8_counts.append((title, encoding, count))
        return count

    def add(self, piece: str) -> None:
        """Examines the next piece of the file.

        Args:
            piece: At least one character.
        """
        if self._at_start:
            self._look_for_utf_16(piece[:UTF_16_SAMPLE_CHARACTERS])
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

    def lines(self, newline: str, normalize: str | None) -> list[str]:
        """Reports the findings.

        Args:
            newline: As for `charrnn.read`.
            normalize: As for `charrnn.read`.

        Returns:
            The notices, a line of text each.
        """
        return [
            *self._of_encoding(),
            *(self._of_line_ends() if newline == "lf" else ()),
            *self._of_kinds(),
            *(() if normalize else self._of_forms()),
        ]

    def _look_for_utf_16(self, start: str) -> None:
        # Read as UTF-8 or latin-1, every second byte of it is a NUL.
        if start.count("\0") >= len(start) / 4:
            encoding = without_mark(start.encode("utf-8", "ignore"))
            if encoding and self._encoding[:6] not in ("utf-16", "utf-32"):
                self._utf_16[self._title] = encoding

    def _count_kinds(self, piece: str) -> None:
        pattern = ANY_KIND
        if piece.isascii():
            pattern = PATTERNS["control"]
            # Most texts have none; deleting all others is the fastest check.
            others = piece.encode("ascii").translate(None, NO_CONTROLS)
            if not others:
                return
        found = collections.Counter(pattern.findall(piece))
        for character, count in found.items():
            self._counts[character] += count
        if not found:
            return
        for kind, own in PATTERNS.items():
            if kind not in self._first and (match := own.search(piece)):
                self._note(kind, piece, match)

    def _count_forms(self, piece: str) -> None:
        # Python's checks of a normal form take a tenth of a pattern's time, so
        # the patterns are used only if the checks show that there is a match.
        composed, decomposed = _form_patterns()
        if "composed" not in self._first and not _is_in("NFD", piece):
            if match := composed.search(piece):
                self._note("composed", piece, match)
        if _is_in("NFC", piece):
            return
        with contextlib.suppress(ValueError):  # too many marks to normalize
            own = piece if begins(piece[0]) else self._last + piece
            fewer = len(own) - len(normalized(own, "NFC"))
            self._decomposed += max(0, fewer)
        if "decomposed" not in self._first:
            matches = decomposed.finditer(piece)
            apart = (own for own in matches if not _is_in("NFC", own[0]))
            if match := next(apart, None):
                self._note("decomposed", piece, match)

    def _note(self, kind: str, piece: str, match: re.Match[str]) -> None:
        """Keeps the first of a kind, and the line in which it is."""
        end = match.start()
        line_feeds = self._line_feeds + piece.count("\n", 0, end)
        returns = self._returns + piece.count("\r", 0, end)
        where = f"line {1 + (line_feeds or returns):,}"
        if self._several:
            where += f" of {self._title}"
        self._first[kind] = match[0], where

    def _of_encoding(self) -> Iterator[str]:
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

    def _file(self, title: str) -> str:
        return f"{title} " if self._several else ""

    def _of_line_ends(self) -> Iterator[str]:
        for name in ("CRLF", "CR"):
            if count := self._counts[name]:
                what = "line end" if count == 1 else "line ends"
                yield (
                    f"{count:,} {name} {what} read as LF (--newline keep "
                    "leaves them)"
                )

    def _of_kinds(self) -> Iterator[str]:
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

    def _of_kind(self, kind: str) -> dict[str, int]:
        """Returns how often each character of a kind occurred."""
        return {
            character: count
            for character, count in self._counts.items()
            if PATTERNS[kind].fullmatch(character)
        }

    def _advice_on_c1(
        self, own: Mapping[str, int], counts: list[Utf8Count]
    ) -> str:
        if self._encoding != "iso8859-1":
            return (
                "mostly from reading a text in a wrong encoding: look at them, "
                "and repair the text"
            )
        is_latin = all(count.is_latin for count in counts)
        if is_latin and UNDEFINED_IN_CP1252.isdisjoint(own):
            return "in cp1252 they are quotes and dashes (--encoding cp1252)"
        return "it is neither latin-1 nor cp1252: name its --encoding"

    def _of_forms(self) -> Iterator[str]:
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
def _form_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Makes patterns for a composed and for a decomposed character."""
    first, last = HANGUL_SYLLABLES
    composed = "".join(sorted(composed_characters()))
    joining = "".join(sorted(composing_characters()))
    return (
        re.compile(f"[{composed}{first}-{last}]"),
        re.compile(f"[^{joining}][{joining}]{{1,4}}", re.DOTALL),
    )


_is_in = unicodedata.is_normalized


def _counted(counts: Mapping[str, int], thing: str) -> str:
    """Describes how many there are of a thing."""
    number = sum(counts.values())
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
