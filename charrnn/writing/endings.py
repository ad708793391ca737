"""End a sample at a string: before it comes up, or after it."""


def checked(stop, stop_after, vocabulary):
    r"""Checks the strings that end a sample.

    Args:
        stop: Strings that end a sample and are cut from it; or one `str`.
        stop_after: Strings that end a sample and stay its last part.
        vocabulary: The `charrnn.Vocabulary` of what is written.

    Returns:
        A list of `(string, reason)`, the longest string first; the reason is
        the name of the argument.

    Raises:
        ValueError: if a string is empty, is in both, or can never come up:
            naming the characters that the model does not write.

    Example:

    >>> from charrnn import Vocabulary
    >>> checked(["."], "\n\n", Vocabulary("\n.ab"))
    [('\n\n', 'stop_after'), ('.', 'stop')]
    """
    endings = {}
    for reason, strings in (("stop", stop), ("stop_after", stop_after)):
        strings = (strings,) if isinstance(strings, str) else tuple(strings)
        for string in strings:
            _check_can_come(string, reason, vocabulary)
            if endings.setdefault(string, reason) != reason:
                raise ValueError(
                    "Expected a string in stop or in stop_after. Received "
                    f"{string!r} in both."
                )
    return sorted(endings.items(), key=lambda item: -len(item[0]))


def _check_can_come(string, reason, vocabulary):
    if not string:
        raise ValueError(
            f"Expected strings in {reason}. Received an empty one."
        )
    try:
        ids = vocabulary.encode(string)
    except ValueError as error:
        raise ValueError(f"{reason} {string!r}: {error}") from error
    if vocabulary.stand_in in ids.tolist():
        raise ValueError(
            f"Expected characters that the model writes in {reason}. Received "
            f"U+FFFD in {string!r}: it stands for rare characters and is never "
            "written."
        )


class Draft:
    r"""A sample being written, with the characters that may yet be cut.

    Args:
        endings: As `checked` returns them. Of two strings that end at the
            same character the longer one counts.

    Attributes:
        pending: Characters drawn that may turn out to begin a string to cut.
        reason: Why the sample ended; `None` while it goes on.

    Example:

    >>> draft = Draft([("lo", "stop")])
    >>> [draft.add(character) for character in "hello"], draft.reason
    (['h', 'e', '', 'l', ''], 'stop')
    """

    def __init__(self, endings):
        self.pending = ""
        self.reason = None
        self._endings = endings
        self._cut = [string for string, reason in endings if reason == "stop"]
        self._longest = len(endings[0][0]) if endings else 0
        self._last = ""  # as many drawn characters, pending or not

    def add(self, character):
        """Takes a character; returns the text that is certain by now."""
        if not self._endings:
            return character
        self.pending += character
        self._last = (self._last + character)[-self._longest :]
        for string, reason in self._endings:
            if self._last.endswith(string):
                self.reason = reason
                text = self.release(len(string) if reason == "stop" else 0)
                self.pending = ""
                return text
        return self.release(self._possible_stop())

    def release(self, kept=0):
        """Lets go of the pending characters but the last `kept`."""
        cut = len(self.pending) - kept
        text, self.pending = self.pending[:cut], self.pending[cut:]
        return text

    def _possible_stop(self):
        """Length of the longest ending that may begin a string to cut."""
        lengths = (
            size
            for stop in self._cut
            for size in range(1, min(len(stop), len(self.pending) + 1))
            if self.pending.endswith(stop[:size])
        )
        return max(lengths, default=0)
