"""The sampling state: everything that the next characters depend on."""

import dataclasses
from collections.abc import Hashable, Sequence

import numpy as np

from charrnn.writing.constraints import Constraint


@dataclasses.dataclass(frozen=True)
class State:
    """The sampling state: everything that the next characters depend on.

    Attributes:
        recurrent: The engine's state, a list with a tuple of arrays
            `(samples, units)` for each recurrent layer.
        logits: For the next character, `(samples, vocabulary size)`.
        seed: Of the random numbers.
        samples: Index of each sample, `(samples,)`: with the seed and the
            position it determines the random number.
        position: Number of units drawn so far.
        rest: The end of a prompt that is not read yet, because a word may
            begin with it.
        opening: The text that completes the prompt, a `str` for each sample,
            which begins with it. Empty if there is nothing to complete.
        constraints: The `charrnn.Constraint`s that all samples keep to.
        progress: For each sample the state of each constraint.
        ended: For each sample why it ended before the last unit drawn, which
            is then no part of it, or `None`. Empty without constraints.
        steered: The logits that the last units were drawn with, minus
            infinity for what the constraints excluded; or `None`.
        hurried: For each sample whether the length left excluded some of the
            units that its constraints allow, and whether only the shortest way
            to the end still fitted; or empty.
        read: The end of the prompt, which constraints may look at if another
            prompt follows.
    """

    recurrent: list[tuple[np.ndarray, ...]] = dataclasses.field(repr=False)
    logits: np.ndarray = dataclasses.field(repr=False)
    seed: int
    samples: np.ndarray
    position: int = 0
    rest: str = ""
    opening: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = dataclasses.field(
        default=(), repr=False
    )
    progress: tuple[tuple[Hashable, ...], ...] = dataclasses.field(
        default=(), repr=False
    )
    ended: tuple[str | None, ...] = dataclasses.field(default=(), repr=False)
    steered: np.ndarray | None = dataclasses.field(default=None, repr=False)
    hurried: tuple[tuple[bool, bool], ...] = dataclasses.field(
        default=(), repr=False
    )
    read: str = dataclasses.field(default="", repr=False)


def keep_rows(state: State, rows: Sequence | np.ndarray) -> State:
    """Keeps only some of a state's samples.

    Args:
        state: A `State`.
        rows: Indices or a mask over its samples.

    Returns:
        A `State`; the samples keep their random numbers.

    Example:

    >>> h, logits = np.zeros((3, 4)), np.zeros((3, 5))
    >>> state = State([(h,)], logits, seed=0, samples=np.arange(3))
    >>> keep_rows(state, [False, True, True]).samples
    array([1, 2])
    """
    if state.constraints:
        state = _keep_constraints(state, rows)
    return dataclasses.replace(
        state,
        recurrent=[tuple(a[rows] for a in layer) for layer in state.recurrent],
        logits=state.logits[rows],
        samples=state.samples[rows],
    )


def _keep_constraints(state: State, rows: Sequence | np.ndarray) -> State:
    """Keeps only some of the states of constraints."""
    kept = np.arange(len(state.samples))[rows].tolist()
    return dataclasses.replace(
        state,
        progress=tuple(state.progress[row] for row in kept),
        ended=tuple(state.ended[row] for row in kept if state.ended),
        hurried=tuple(state.hurried[row] for row in kept if state.hurried),
        steered=None if state.steered is None else state.steered[rows],
    )
