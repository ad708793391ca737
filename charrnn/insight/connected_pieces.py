"""Pack the connections of a text for a page, between the pieces shown there."""

import base64
import zlib
from typing import Any

import numpy as np

from charrnn.insight.alignment import Pieces
from charrnn.insight.connections import Connections

STEPS_OF_SHARE = 255  # between 0 and 1


def shares_of_pieces(found: Connections, pieces: Pieces) -> np.ndarray:
    """The shares of pieces in the prediction of the pieces after them.

    The pieces of a model of bytes are characters: the prediction of one is
    that of its first byte, and the share of one is the sum of its bytes'.

    Args:
        found: The result of `charrnn.connections`.
        pieces: Those of the same text.

    Returns:
        Array `(pieces - 1, window)`: row i tells what piece i + 1 depends on,
        column k that of the piece k + 1 before it.

    Example:

    >>> found = Connections(("a", "b", "c"), np.array([[1, 0], [1, 3]]))
    >>> shares_of_pieces(found, Pieces.of("abc", None, "character"))
    array([[1.  , 0.  ],
           [0.25, 0.75]])
    """
    first = pieces.first_units
    if len(first) == len(found.inputs):
        return found.shares
    owner = np.repeat(np.arange(len(first)), pieces.units)
    shares = found.shares[first[1:] - 1]
    summed = np.zeros_like(shares)
    rows = np.arange(len(shares))
    for k in range(shares.shape[1]):
        place = first[1:] - 1 - k
        real = place >= 0
        lags = (rows + 1)[real] - owner[place[real]] - 1
        np.add.at(summed, (rows[real], lags), shares[real, k])
    return summed


def packed_connections(
    found: Connections, pieces: Pieces, first: bool
) -> dict[str, Any]:
    """Packs the shares for the script of a page.

    They become bytes, one column of lags after another, which zlib
    compresses and base64 writes as text.

    Args:
        found: The result of `charrnn.connections`.
        pieces: Those of the same text.
        first: Whether the page begins with the connections.

    Returns:
        A JSON-serializable `dict`.

    Example:

    >>> found = Connections(("a", "b"), np.ones((1, 1)))
    >>> pieces = Pieces.of("ab", None, "character")
    >>> packed_connections(found, pieces, True)["window"]
    1
    """
    shares = shares_of_pieces(found, pieces).T * STEPS_OF_SHARE
    data = zlib.compress(np.rint(shares).astype(np.uint8).tobytes(), 9)
    return {
        "window": len(shares),
        "steps_of_share": STEPS_OF_SHARE,
        "first": first,
        "columns": base64.b64encode(data).decode("ascii"),
    }
