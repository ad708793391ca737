"""Measure how far back a network remembers: its loss with a short context."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.scan import MAX_LOGITS_PER_PIECE, checked_ids
from charrnn.scoring.score import score, to_bits
from charrnn.text.units import DEFAULT, UnitVocabulary
from charrnn.writing.probabilities import surprise

if TYPE_CHECKING:
    import keras

CONTEXTS = tuple(2**i for i in range(11))  # 1, 2, ... 1024 units

# A longer context is measured at fewer positions of the text, so that all cost
# the same, but at no fewer than MIN_POSITIONS.
UNITS_PER_CONTEXT = 1 << 14
MIN_POSITIONS = 64
UNITS_PER_PIECE = 64  # of each text, read at once to save memory

# Losses this close, in bits per character, count as equal.
TOLERANCE_BITS = 0.01


@dataclasses.dataclass(frozen=True)
class Curve:
    """The loss as a function of the length of the context.

    Units are characters, or a model's words or bytes. Losses are given per
    character of the text.

    Attributes:
        contexts: Numbers of units before the predicted one.
        bits_per_character: The loss with each context, `(contexts,)`.
        standard_errors: Of the difference of each loss from that with the
            full context, `(contexts,)`.
        bits_per_character_with_all: The loss with the full context: all of
            the text before the predicted unit.
        unit: `"character"`, `"word"` or `"byte"`.
        characters_per_unit: The mean length of a unit in the text.
    """

    contexts: tuple[int, ...]
    bits_per_character: np.ndarray
    standard_errors: np.ndarray
    bits_per_character_with_all: float
    unit: str = DEFAULT
    characters_per_unit: float = 1.0

    @property
    def reach(self) -> int | None:
        """The shortest context that is as good as the full context.

        From this length on, losses are within 0.01 bits per character of the
        loss with the full context. `None` if that of the longest is not.
        """
        difference = self.bits_per_character - self.bits_per_character_with_all
        return self._from(np.abs(difference) < TOLERANCE_BITS)

    @property
    def half(self) -> float | None:
        """The context that gives half of the full context's gain.

        The gain is how far a context lowers the loss below that of the
        shortest one measured. Between two contexts the loss is interpolated,
        linearly in the logarithm of the context. `None` if the full context
        gains less than 0.01 bits per character.
        """
        losses, best = self.bits_per_character, self.bits_per_character_with_all
        if losses[0] - best < TOLERANCE_BITS:
            return None
        middle = (losses[0] + best) / 2
        context = self._from(losses <= middle)
        if context is None:
            return None
        above = self.contexts.index(context)
        pair = [above, above - 1]  # np.interp requires ascending losses
        logarithms = np.log2(np.array(self.contexts)[pair])
        return float(2 ** np.interp(middle, losses[pair], logarithms))

    def _from(self, holds: np.ndarray) -> int | None:
        """The first context from which on a condition holds, or `None`."""
        fails = np.flatnonzero(~holds)
        first = fails[-1] + 1 if len(fails) else 0
        return self.contexts[first] if first < len(holds) else None


def context_curve(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    contexts: Sequence[int] = CONTEXTS,
    watch: Callable[[Iterable], Iterable] = iter,
    vocabulary: UnitVocabulary | None = None,
) -> Curve:
    """Measures the loss with a limited context, for several lengths.

    Units from all over the text are each predicted twice: from the given
    number of units before them, starting in the zero state, and from all
    units before them. The mean difference is added to the loss of the whole
    text. This is far more precise than the loss at a few positions would be,
    because the difficulty of each unit cancels out.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: As for `charrnn.score`.
        contexts: Numbers of units, in ascending order; those as long as
            the text are left out.
        watch: Wraps the loop over contexts, for a progress bar:
            `rich.progress.track`, for example.
        vocabulary: As for `charrnn.score`.

    Returns:
        A `Curve`.

    Raises:
        ValueError: as `charrnn.score` does.

    Example:

    >>> text = "Shall I compare thee to a summer's day? " * 2
    >>> context_curve("shakespeare", text, contexts=(1, 8, 999)).contexts
    (1, 8)

    Source: Khandelwal et al. 2018, "Sharp nearby, fuzzy far away: how neural
    language models use context".
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    contexts = [k for k in contexts if k < len(ids)]
    scored = score(engine, ids)
    nats = scored.nats
    length = max(1, scored.characters) / len(nats)
    differences = {
        context: _differences(engine, ids, nats, context)
        for context in watch(contexts)
    }
    with_all = scored.bits_per_character
    means = np.array([to_bits(d.mean()) for d in differences.values()])
    errors = [to_bits(d.std() / len(d) ** 0.5) for d in differences.values()]
    return Curve(
        tuple(differences),
        with_all + means / length,
        np.array(errors) / length,
        with_all,
        scored.unit,
        length,
    )


def _differences(
    engine: Engine, ids: np.ndarray, nats: np.ndarray, context: int
) -> np.ndarray:
    """The extra nats that units cost with a short context.

    Args:
        engine: A `charrnn.Engine`.
        ids: Of the text, `(units,)`.
        nats: With the full context, `(units - 1,)`.
        context: Number of units before each predicted one.

    Returns:
        Array `(positions,)`, evenly spread over the text.
    """
    positions = max(MIN_POSITIONS, UNITS_PER_CONTEXT // context)
    positions = min(positions, len(ids) - context)
    starts = np.linspace(0, len(ids) - 1 - context, positions).astype(int)
    windows = sliding_window_view(ids, context + 1)[starts]
    # Only the last unit of each window counts.
    rows = max(1, MAX_LOGITS_PER_PIECE // len(engine.vocabulary))
    short = [
        surprise(_logits_after(engine, part[:, :-1]), part[:, -1])
        for part in np.split(windows, range(rows, positions, rows))
    ]
    return np.concatenate(short) - nats[starts + context - 1]


def _logits_after(engine: Engine, ids: np.ndarray) -> np.ndarray:
    """The logits after texts of one length, `(texts, vocabulary size)`."""
    state = None
    for start in range(0, ids.shape[1], UNITS_PER_PIECE):
        piece = ids[:, start : start + UNITS_PER_PIECE]
        logits, state = engine.read(piece, state)
    return logits
