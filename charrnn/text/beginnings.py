"""Find where documents begin in a long array of ids."""

import numpy as np

SEARCHED = 1 << 16  # ids at once: the array may be larger than the RAM


def document_starts(
    ids: np.ndarray, places: np.ndarray, boundary: int
) -> np.ndarray:
    """Moves places back to the beginnings of documents.

    Args:
        ids: Documents, each begun by the boundary, `(units,)`.
        places: Places in them, `(places,)`.
        boundary: The id of the boundary.

    Returns:
        The places of the boundaries, `(places,)`. Of two places in one
        document the second is left where it is.

    Example:

    >>> ids = np.array([9, 1, 2, 9, 3, 4, 5, 6])
    >>> document_starts(ids, np.array([2, 5, 7]), boundary=9)
    array([0, 3, 7])
    """
    moved, taken = [], set()
    for place in places.tolist():
        begin = _last_boundary(ids, place, boundary)
        moved.append(place if begin in taken else begin)
        taken.add(begin)
    return np.array(moved)


def _last_boundary(ids: np.ndarray, place: int, boundary: int) -> int:
    """The nearest boundary at a place or before it; the place if none is."""
    for end in range(place + 1, 0, -SEARCHED):
        begin = max(0, end - SEARCHED)
        found = np.flatnonzero(ids[begin:end] == boundary)
        if len(found):
            return begin + int(found[-1])
    return place
