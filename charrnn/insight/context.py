"""Measure how far back a network remembers: its loss with a short context."""

import collections
import dataclasses

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids, scan
from charrnn.scoring.score import score, to_bits
from charrnn.writing.probabilities import surprise

CONTEXTS = tuple(2**i for i in range(11))  # 1, 2, ... 1024 characters
WORK = 1 << 14  # characters read for each context, if that is enough for
LEAST = 64  # places
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
        """The context from which on the loss is nearly that with all.

        That is, within 0.01 bits per character; `None` if it never is.
        """
        return self._from(np.abs(self.bits - self.bits_with_all) < NEARLY)

    @property
    def half(self):
        """The context from which on half of what all of it brings is there.

        That is, over the loss with the shortest context measured. Between
        two contexts the loss is taken to be a straight line over their
        logarithm. `None` where context brings next to nothing.
        """
        if self.bits[0] - self.bits_with_all < NEARLY:
            return None
        middle = (self.bits[0] + self.bits_with_all) / 2
        context = self._from(self.bits <= middle)
        if context is None:
            return None
        below = self.contexts.index(context)
        pair = [below, below - 1]
        logarithm = np.log2(np.array(self.contexts)[pair])
        return float(2 ** np.interp(middle, self.bits[pair], logarithm))

    def _from(self, holds):
        """The context from which on something holds, or `None`."""
        fails = np.flatnonzero(~holds)
        first = fails[-1] + 1 if len(fails) else 0
        return self.contexts[first] if first < len(holds) else None


def context_curve(model, text, contexts=CONTEXTS, watch=iter, vocabulary=None):
    """Measures the loss with only so many characters of context.

    Characters are drawn all over the text. Each is predicted twice: from the
    zero state with the given number of characters before it, and with all
    that come before it. The mean of the differences is added to the loss of
    the whole text; most of what makes one character harder than another
    cancels out.

    Args:
        model: A `charrnn.Engine`, what `charrnn.load` takes, or a Keras model.
        text: As for `charrnn.score`.
        contexts: Numbers of characters, in ascending order; those that the
            text has no room for are left out.
        watch: A function of a list that yields its items again, such as
            `rich.progress.track`.
        vocabulary: As for `charrnn.score`.

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
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    contexts = [k for k in contexts if k < len(ids)]
    nats = score(engine, ids).nats
    differences = {}
    for k in watch(contexts):
        rows = min(max(LEAST, WORK // k), len(ids) - k)
        starts = np.linspace(0, len(ids) - 1 - k, rows).astype(int)
        windows = sliding_window_view(ids, k + 1)[starts]
        # The last piece ends with the characters that count.
        _, logits, targets = collections.deque(scan(engine, windows), 1).pop()
        own = surprise(logits[:, -1], targets[:, -1])
        differences[k] = own - nats[starts + k - 1]
    bits_with_all = to_bits(nats.mean(dtype=np.float64))
    means = np.array([to_bits(d.mean()) for d in differences.values()])
    errors = [to_bits(d.std() / len(d) ** 0.5) for d in differences.values()]
    return Curve(
        tuple(differences), bits_with_all + means, np.array(errors),
        bits_with_all,
    )  # fmt: skip
