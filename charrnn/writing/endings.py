"""Stop a sample at a string: before it, or after it."""

from collections.abc import Iterable, Sequence

from charrnn.text.units import UnitVocabulary

Ending = tuple[str, str]  # a string, and the argument that it came from


def checked(
    stop: str | Iterable[str],
    stop_after: str | Iterable[str],
    vocabulary: UnitVocabulary,
) -> list[Ending]:
    r"""Checks the strings that end a sample.

    Args:
        stop: Strings that end a sample and are cut from it; or one `str`.
        stop_after: Strings that end a sample and stay its last part.
        vocabulary: The `charrnn.Vocabulary` of what is written.

    Returns:
        A list of `(string, reason)`, the longest string first; the reason is
        `"stop"` or `"stop_after"`.

    Raises:
        ValueError: if a string is empty, is in both arguments, or has
            characters that the model does not write.

    Example:

    >>> from charrnn import Vocabulary
    >>> checked(["."], "\n\n", Vocabulary("\n.ab"))
    [('\n\n', 'stop_after'), ('.', 'stop')]
    """
    endings: dict[str, str] = {}
    for reason, strings in (("stop", stop), ("stop_after", stop_after)):
        strings = (strings,) if isinstance(strings, str) else tuple(strings)
        for string in strings:
            _check_can_come(string, reason, vocabulary)
            if endings.setdefault(string, reason) != reason:
                raise ValueError(
                    "Expected a string in stop or in stop_after. Received "
                    f"{string!r} in both. Leave it out of one."
                )
    return sorted(endings.items(), key=lambda item: -len(item[0]))


def _check_can_come(
    string: str, reason: str, vocabulary: UnitVocabulary
) -> None:
    if not string:
        raise ValueError(
            f"Expected strings of at least one character in {reason}. "
            "Received an empty one."
        )
    try:
        ids = vocabulary.inner.encode(string)
    except ValueError as error:
        raise ValueError(f"{reason} {string!r}: {error}") from error
    if vocabulary.stand_in in ids.tolist():
        raise ValueError(
            f"Expected characters that the model writes in {reason}. Received "
            f"U+FFFD in {string!r}: it stands for rare characters and is never "
            "written."
        )


class Draft:
    r"""A sample being written, of which a few characters may yet be cut.

    A drawn character that may be the beginning of a stop string is pending: it
    is not released until the following ones show whether the string is
    completed, and cut, or not.

    Args:
        endings: As `checked` returns them. Of two strings that end at the
            same character the longer one counts.
        may_end: Whether constraints let the text end at its beginning.

    Attributes:
        pending: The characters drawn but not yet released.
        reason: Why the sample ended; `None` while it is unfinished.

    Example:

    >>> draft = Draft([("lo", "stop")])
    >>> [draft.add(character) for character in "hello"], draft.reason
    (['h', 'e', '', 'l', ''], 'stop')
    """

    def __init__(self, endings: Sequence[Ending], may_end: bool = True) -> None:
        self.pending = ""
        self.reason: str | None = None
        self._endings = endings
        self._stops = [string for string, reason in endings if reason == "stop"]
        self._longest = len(endings[0][0]) if endings else 0
        # The last characters drawn, released or not, as many as the longest
        # ending has: a `stop_after` string may begin in released text.
        self._last = ""
        # Whether the text may end before them, and after each of them.
        self._may_end = [may_end]

    def add(self, text: str, may_end: Sequence[bool] | None = None) -> str:
        """Adds drawn text; returns the text that can no longer be cut.

        Text after the end of the sample is dropped.

        Args:
            text: The text.
            may_end: Whether the text may end after each character; `None` if
                it may end anywhere. Where it may not, a string that would end
                it is text like any other.
        """
        if not self._endings:
            return text
        released = ""
        for place, character in enumerate(text):
            if self.reason is None:
                self._may_end.append(may_end is None or may_end[place])
                released += self._add(character)
        return released

    def _add(self, character: str) -> str:
        self.pending += character
        self._last = (self._last + character)[-self._longest :]
        self._may_end = self._may_end[-self._longest - 1 :]
        for string, reason in self._endings:
            cut = len(string) if reason == "stop" else 0
            if self._last.endswith(string) and self._may_end[-1 - cut]:
                self.reason = reason
                text = self.release(cut)
                self.pending = ""
                return text
        return self.release(self._characters_at_risk())

    def release(self, kept: int = 0) -> str:
        """Returns the pending characters except the last `kept`."""
        cut = len(self.pending) - kept
        text, self.pending = self.pending[:cut], self.pending[cut:]
        return text

    def _characters_at_risk(self) -> int:
        """The number of last characters that may begin a `stop` string."""
        lengths = (
            size
            for stop in self._stops
            for size in range(1, min(len(stop), len(self.pending) + 1))
            if self.pending.endswith(stop[:size])
        )
        return max(lengths, default=0)
