"""Sort the suffixes of a text, to find any string in it quickly.

A suffix array lists the positions of a text in the alphabetical order of what
follows them. Equal strings then begin at neighbouring places of the list, so
that two binary searches find all occurrences of a string. The array is made by
prefix doubling: positions sorted by h characters are sorted by 2 h when each
is compared by its own rank and the rank of the position h characters later.
Only positions that are not yet alone with their first h characters take part,
which in most texts are few after 16.
"""

import bisect

import numpy as np

from charrnn.system import ram

MAX_CHARACTERS = 2**31 - 2  # so that 32 bits hold every rank
PEAK_BYTES = 40  # per character, while the suffixes are sorted
BYTES = 4  # per character of the array, which is kept


class TextIndex:
    """Finds strings in a text.

    It takes 4 bytes per character besides the text, and 40 while it is made.

    Args:
        text: Any text.
        order: The suffix array of the text, if it is known.

    Attributes:
        text: As given.
        order: The suffix array: int32 of shape `(characters,)`.

    Raises:
        ValueError: if sorting does not fit into memory.

    Example:

    >>> index = TextIndex("banana")
    >>> index.places("ana").tolist(), index.places("x").tolist()
    ([3, 1], [])
    >>> "nan" in index, "x" in index
    (True, False)

    Source: Manber and Myers 1990, "Suffix arrays: a new method for on-line
    string searches".
    """

    def __init__(self, text: str, order: np.ndarray | None = None) -> None:
        self.text = text
        self.order: np.ndarray = (
            suffix_array(codes_of(text)) if order is None else order
        )
        self._list = self.order.data  # its items are plain integers

    def __contains__(self, string: str) -> bool:
        """Whether a string occurs in the text."""
        text, length = self.text, len(string)

        def beginning(place: int) -> str:
            return text[place : place + length]

        found = bisect.bisect_left(self._list, string, key=beginning)
        return found < len(text) and beginning(self._list[found]) == string

    def interval(
        self, string: str, first: int = 0, end: int | None = None
    ) -> tuple[int, int]:
        """Finds where the suffixes that begin with a string are in `order`.

        Args:
            string: Any string; the empty one begins all suffixes.
            first, end: The part of `order` to search, such as the interval of
                a beginning of the string; by default all of it.

        Returns:
            `(first, end)`: equal if the string does not occur.
        """
        text, length = self.text, len(string)
        end = len(text) if end is None else end

        def beginning(place: int) -> str:
            return text[place : place + length]

        first = bisect.bisect_left(
            self._list, string, first, end, key=beginning
        )
        if first == end or beginning(self._list[first]) != string:
            return first, first
        return first, bisect.bisect_right(
            self._list, string, first, end, key=beginning
        )

    def places(self, string: str) -> np.ndarray:
        """Finds all occurrences of a string.

        Args:
            string: Any string.

        Returns:
            The indices of their first characters, in no particular order.
        """
        first, end = self.interval(string)
        return self.order[first:end]


def codes_of(text: str) -> np.ndarray:
    """Numbers the distinct characters of a text in their order, from 0.

    Args:
        text: Any text.

    Returns:
        The number of each character: int32 of shape `(characters,)`.

    Raises:
        ValueError: if sorting its suffixes does not fit into memory.

    Example:

    >>> codes_of("banana").tolist()
    [1, 0, 2, 0, 2, 0]
    """
    check_can_sort(len(text))
    data = text.encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(data, "<u4")
    if not len(points):
        return points.astype(np.int32)
    occurs = np.zeros(int(points.max()) + 1, np.int32)
    occurs[points] = 1
    return (occurs.cumsum(dtype=np.int32) - 1)[points]


def check_can_sort(characters: int) -> None:
    """Checks that the suffixes of a text can be sorted in memory.

    Args:
        characters: The length of the text.

    Raises:
        ValueError: if they cannot.

    Example:

    >>> check_can_sort(1_000_000)
    """
    if characters > MAX_CHARACTERS:
        raise ValueError(
            f"Expected a text of at most {MAX_CHARACTERS:,} characters to "
            f"search in. Received {characters:,}. Use a part of it."
        )
    ram.check_fits(
        PEAK_BYTES * characters,
        f"an index of {characters:,} characters",
        "Use a part of the text.",
    )


def suffix_array(codes: np.ndarray) -> np.ndarray:
    """Sorts the suffixes of a text.

    Args:
        codes: Integers from 0 up, `(characters,)`.

    Returns:
        The positions of the text, int32 of shape `(characters,)`, in the order
        of what follows them. A suffix stands before those that begin with it.

    Example:

    >>> suffix_array(np.array([1, 0, 2, 0, 2, 0])).tolist()
    [5, 3, 1, 0, 4, 2]
    """
    count = len(codes)
    if not count:
        return np.empty(0, np.int32)
    keys, depth = _packed(codes)
    order = np.argsort(keys).astype(np.int32)
    heads, unsorted = _groups(keys[order])
    del keys
    rank = np.empty(count + 1, np.int32)
    rank[order] = heads
    rank[count] = -1  # past the end, before all others
    places = np.flatnonzero(unsorted).astype(np.int32)
    while len(places):
        # Pairs of ranks, each in half of a number. Groups stay where they are.
        among = order[places]
        then = rank[np.minimum(among.astype(np.int64) + depth, count)]
        pairs = rank[among].astype(np.int64) << 32 | (then + 1)
        sort = np.argsort(pairs)
        among = order[places] = among[sort]
        heads, unsorted = _groups(pairs[sort])
        rank[among] = places[heads]
        places = places[unsorted]
        depth *= 2
    return order


def _packed(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Packs as many characters as possible into a number of 64 bits.

    Returns:
        `(keys, depth)`: the number for each position, and the number of
        characters in it. 0 stands for the end of the text.
    """
    bits = (int(codes.max()) + 1).bit_length()
    depth = 64 // bits
    keys = np.zeros(len(codes), np.uint64)
    for later in range(min(depth, len(codes))):
        keys <<= np.uint64(bits)
        keys[: len(codes) - later] |= codes[later:].astype(np.uint64) + 1
    return keys, depth


def _groups(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the groups of equal keys in a sorted array.

    Returns:
        `(heads, shared)`: for each key, where its group begins, and whether
        it is not the only one of its group.
    """
    begins = np.ones(len(keys) + 1, bool)
    begins[1:-1] = keys[1:] != keys[:-1]
    numbers = np.arange(len(keys), dtype=np.int32)
    heads = np.maximum.accumulate(np.where(begins[:-1], numbers, 0))
    return heads, ~(begins[:-1] & begins[1:])
