"""Compute random numbers from seed, sample and position, and draw.

With a sequential generator, the numbers of a sample would change if another
sample ended early, or if the text were drawn in two calls. Philox is a
counter-based generator: number n is computed from n and a key alone. The key
is (seed, sample) and the counter is the position of the character, so the same
character of the same sample always gets the same number.
"""

import numpy as np

# A generator costs as much to set up as a small network's step, so numbers
# are made for this many steps at once. The block size changes no number.
STEPS_PER_BLOCK = 256

NUMBERS_PER_COUNT = 4  # 64-bit numbers that Philox makes of one counter value


def uniforms(seed: int, sample: int, start: int, count: int) -> np.ndarray:
    """The random numbers of a sample from a position on.

    Args:
        seed: An integer; its lowest 64 bits are used.
        sample: Index of the sample.
        start: Position of the first number.
        count: Number of numbers.

    Returns:
        Float64 array of shape `(count,)` in [0, 1). The number at a position
        depends neither on the number of calls nor on what else is drawn.

    Example:

    >>> bool((uniforms(7, 0, 0, 9)[5:] == uniforms(7, 0, 5, 4)).all())
    True

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    key = np.array([seed % 2**64, sample], np.uint64)
    philox = np.random.Philox(key=key)
    skipped = start % NUMBERS_PER_COUNT
    philox.advance(start // NUMBERS_PER_COUNT)
    numbers = np.random.Generator(philox).random(skipped + count)
    return numbers[skipped:]


def draw(p: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Draws from distributions by inverse transform sampling.

    Each id gets a share of the unit interval as large as its probability. The
    id whose share contains the random number is drawn.

    Args:
        p: Distributions, `(samples, vocabulary size)`.
        numbers: In [0, 1), `(samples,)`.

    Returns:
        Integers `(samples,)`; never an id of probability 0.

    Example:

    >>> draw(np.array([[0.5, 0, 0.5], [0.2, 0.2, 0.6]]), np.array([0.5, 0.1]))
    array([2, 0])
    """
    ends = p.cumsum(-1)
    # Divided by itself, the last one is exactly 1, above any random number.
    ends /= ends[:, -1:]
    return (ends <= numbers[:, None]).sum(-1)


class UniformBlocks:
    """The random numbers of parallel samples, made in blocks for speed.

    Example:

    >>> numbers = UniformBlocks().at(300, seed=7, samples=np.array([0, 4]))
    >>> bool(numbers[1] == uniforms(7, 4, 300, 1)[0])
    True
    """

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._numbers = np.empty((0, STEPS_PER_BLOCK))

    def at(
        self, position: int, *, seed: int, samples: np.ndarray
    ) -> np.ndarray:
        """The numbers of some samples at one position.

        Args:
            position: Number of characters drawn before.
            seed: As for `uniforms`.
            samples: Index of each sample, `(samples,)`.

        Returns:
            Float64 array of shape `(samples,)` in [0, 1).
        """
        block, step = divmod(position, STEPS_PER_BLOCK)
        key = (seed, block, samples.tobytes())
        if key != self._key:
            start = block * STEPS_PER_BLOCK
            self._numbers = self._numbers[:0].copy()  # frees the last block
            self._numbers = np.empty((len(samples), STEPS_PER_BLOCK))
            for row, sample in zip(self._numbers, samples, strict=True):
                row[:] = uniforms(seed, int(sample), start, STEPS_PER_BLOCK)
            self._key = key
        return self._numbers[:, step]
