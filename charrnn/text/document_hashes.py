"""Hash documents: their numbers to split them, their text to recognise them."""

import hashlib
from collections.abc import Iterable

import numpy as np


def held_out(count: int, validation: float, seed: int) -> np.ndarray:
    """Chooses the documents that are held out, by a hash of their numbers.

    Args:
        count: Number of documents.
        validation: The share to hold out, at least 0 and less than 1.
        seed: The seed of the run.

    Returns:
        A mask `(count,)`. If a share is to be held out, each part has at least
        one of two or more documents.

    Example:

    >>> int(held_out(1000, 0.1, seed=1).sum())
    101
    >>> bool(held_out(5, 0.1, seed=1).any())
    True
    """
    # SplitMix64 (Steele et al. 2014): neighbouring numbers get unlike hashes.
    start = np.uint64((seed * 0xD1B54A32D192ED03) % 2**64)
    z = np.arange(1, count + 1, dtype=np.uint64) + start
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    shares = (z ^ (z >> np.uint64(31))) / 2.0**64
    mask = shares < validation
    if validation and count > 1:
        mask[shares.argmin()] = True
        mask[shares.argmax()] = False
    return mask


def digests(documents: Iterable[str]) -> np.ndarray:
    """Hashes documents, to recognise them again without their text.

    Args:
        documents: The documents.

    Returns:
        Array `(documents,)` of uint64. Two documents share a number by chance
        once in 2**64 pairs.

    Example:

    >>> first, second, third = digests(["Ann", "Bob", "Ann"])
    >>> bool(first == third), bool(first == second)
    (True, False)
    """
    data = b"".join(
        hashlib.blake2b(
            document.encode("utf-8", "surrogateescape"), digest_size=8
        ).digest()
        for document in documents
    )
    return np.frombuffer(data, "<u8").astype(np.uint64)
