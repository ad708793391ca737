"""Measure how far back a network remembers: its loss with a short context."""

import dataclasses

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn.sampling import surprise
from charrnn.scoring import checked_ids, scan, score, to_bits

CONTEXTS = tuple(2**i for i in range(11))  # 1, 2, ... 1024 characters
GROUPS = (32, 256, 1024)  # contexts that are measured on the same windows
WORK = 1 << 16  # characters read for each group
NEARLY = 0.01  # bits per character from the loss with all of the context


@dataclasses.dataclass(frozen=True)
class Curve:
    """Losses by the length of the context.

    Attributes:
        contexts: Numbers of characters that come before the one predicted.
        bits: The losses, in bits per character, an array as long.
        errors: The standard errors of `bits - bits_with_all`.
        bits_with_all: The loss where all of the text before is context.
    """

    contexts: tuple
    bits: np.ndarray
    errors: np.ndarray
    bits_with_all: float

    @property
    def reach(self):
        """The shortest context that is nearly as good as all.

        That is, within 0.01 bits per character; `None` if none is.
        """
        near = self.bits - self.bits_with_all < NEARLY
        worse = np.flatnonzero(~near)
        first = worse[-1] + 1 if len(worse) else 0
        return self.contexts[first] if first < len(near) else None

    @property
    def half(self):
        """The context that brings half of what all of it brings.

        That is, over the loss with the shortest context measured. Between
        two contexts the loss is taken to be a straight line over their
        logarithm.
        """
        middle = (self.bits[0] + self.bits_with_all) / 2
        below = int(np.argmax(self.bits <= middle))
        if not below:  # the first already is, or none
            return None
        pair = [below, below - 1]
        logarithm = np.log2(np.array(self.contexts)[pair])
        return float(2 ** np.interp(middle, self.bits[pair], logarithm))


def context_curve(engine, text, contexts=CONTEXTS, watch=iter):
    """Measures the loss with only so many characters of context.

    Characters are drawn all over the text. Each is predicted twice: from the
    zero state with the given number of characters before it, and with all
    that come before it. The mean of the differences is added to the loss of
    the whole text; most of what makes one character harder than another
    cancels out. Contexts of a similar length share their windows.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `charrnn.score`.
        contexts: Numbers of characters, in ascending order; those that the
            text has no room for are left out.
        watch: A function of a list that yields its items again, such as
            `rich.progress.track`.

    Returns:
        A `Curve`.

    Raises:
        ValueError: as `charrnn.score` does.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> vocabulary = Vocabulary("abcdefgh")
    >>> engine = Engine.from_keras(build_model(vocabulary), vocabulary)
    >>> context_curve(engine, "feedbeef" * 9, contexts=(1, 8, 999)).contexts
    (1, 8)

    Source: Khandelwal et al. 2018, "Sharp nearby, fuzzy far away: how neural
    language models use context".
    """
    ids = checked_ids(engine, text)
    contexts = [k for k in contexts if k < len(ids)]
    nats = score(engine, ids).nats
    differences = {}
    for longest, group in watch(_groups(contexts)):
        rows = min(max(1, WORK // longest), len(ids) - longest)
        starts = np.linspace(0, len(ids) - 1 - longest, rows).astype(int)
        windows = sliding_window_view(ids, longest + 1)[starts]
        for start, logits, targets in scan(engine, windows):
            for k in group:
                if start < k <= start + targets.shape[1]:
                    place = k - 1 - start
                    own = surprise(logits[:, place], targets[:, place])
                    differences[k] = own - nats[starts + k - 1]
    bits_with_all = to_bits(nats.mean(dtype=np.float64))
    means = np.array([to_bits(d.mean()) for d in differences.values()])
    errors = [to_bits(d.std() / len(d) ** 0.5) for d in differences.values()]
    return Curve(
        tuple(differences), bits_with_all + means, np.array(errors),
        bits_with_all,
    )  # fmt: skip


def _groups(contexts):
    """Divides contexts into groups: a list of (the longest, all of it)."""
    groups, left = [], list(contexts)
    while left:
        most = next((most for most in GROUPS if left[0] <= most), left[0])
        group = [k for k in left if k <= most]
        groups.append((group[-1], group))
        left = left[len(group) :]
    return groups
