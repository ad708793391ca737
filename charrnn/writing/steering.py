"""Apply constraints to a step: mask the logits, follow the units drawn."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Constraint, Left
from charrnn.writing.following import Progress, advanced
from charrnn.writing.probabilities import Filters, probabilities, without
from charrnn.writing.rules import NO_LIMIT, Rules
from charrnn.writing.state import State

END = "end"  # of a document
COMPLETE = "complete"  # of a text: nothing may follow, or the model ended it
DEAD_END = "dead end"  # nothing may follow, but the text may not end either


class Steering:
    """The constraints of one step of several samples.

    Args:
        state: The `State` before the step, with constraints.
        lefts: How much each sample may still write; `None` if not known.
        vocabulary: That of the model.

    Attributes:
        logits: Minus infinity for what may not be drawn: `(samples,
            vocabulary size)`.
        stuck: The rows of samples that nothing may follow.

    Raises:
        ValueError: if a constraint's mask has the wrong shape.
    """

    def __init__(
        self,
        state: State,
        lefts: Sequence[Left] | None,
        vocabulary: UnitVocabulary,
    ) -> None:
        rules = state.constraints
        assert isinstance(rules, Rules)
        self._rules, self._progress = rules, state.progress
        self._boundary = vocabulary.boundary
        pairs = zip(
            state.progress,
            lefts or [NO_LIMIT] * len(state.samples),
            strict=True,
        )
        if len(state.samples) == 1:
            self._masks = [rules.mask(*pair) for pair in pairs]
            penalties = self._masks[0].penalty
        else:
            keys = list(pairs)
            known = {key: rules.mask(*key) for key in set(keys)}
            self._masks = [known[key] for key in keys]
            penalties = np.stack([mask.penalty for mask in self._masks])
        self.logits = state.logits + penalties
        # A unit that the model itself never writes cannot be drawn either.
        tops = self.logits.max(-1).tolist()
        self.stuck = {row for row, top in enumerate(tops) if top == -math.inf}
        for row in self.stuck:
            self.logits[row] = 0  # something to draw, which is not written

    def after(self, ids: np.ndarray) -> dict[str, Any]:
        """The fields of the state after the step that constraints determine.

        Args:
            ids: The units drawn, `(samples,)`.

        Returns:
            Arguments of `State`.
        """
        rows = [
            self._follow(row, unit) for row, unit in enumerate(ids.tolist())
        ]
        return {
            "constraints": self._rules,
            "progress": tuple([progress for progress, _ in rows]),
            "ended": tuple([ended for _, ended in rows]),
            "steered": self.logits,
            "hurried": self._hurried(),
        }

    def dead_ends(self) -> list[int]:
        """The rows of samples that may neither go on nor end."""
        return [r for r in sorted(self.stuck) if not self._masks[r].can_finish]

    def written(self) -> np.ndarray:
        """Which units are written, if drawn: `(samples, vocabulary size)`."""
        return np.stack([mask.written for mask in self._masks])

    def tempered(self, filters: Filters) -> dict[str, Any]:
        """Lets the constraints change the temperature of each sample.

        Args:
            filters: The arguments of `probabilities`.

        Returns:
            The same arguments, with a temperature for each sample if a
            constraint has the method `temperature`.
        """
        if not self._rules.change_temperature:
            return {**filters}
        given = filters.get("temperature", 1.0)
        temperatures = [
            [self._rules.temperature(progress, given)]
            for progress in self._progress
        ]
        return {**filters, "temperature": np.array(temperatures)}

    def _hurried(self) -> tuple[tuple[bool, bool], ...]:
        """For each sample the last two fields of its `Mask`, if any is true."""
        pairs = [(mask.is_narrowed, mask.is_shortest) for mask in self._masks]
        return tuple(pairs) if any(map(any, pairs)) else ()

    def _follow(self, row: int, unit: int) -> tuple[Progress, str | None]:
        progress, mask = self._progress[row], self._masks[row]
        if row in self.stuck and not mask.can_finish:
            return progress, DEAD_END
        if row in self.stuck or not mask.written[unit]:
            return progress, COMPLETE if self._boundary is None else END
        if unit == self._boundary:
            return progress, None
        return advanced(self._rules, progress, unit), None


def steered(
    state: State,
    lefts: Sequence[Left] | None,
    vocabulary: UnitVocabulary,
    **filters: Unpack[Filters],
) -> tuple[np.ndarray, Steering | None]:
    """The probabilities that the next units of a state are drawn with.

    Args:
        state: The `State`.
        lefts: How much each sample may still write; `None` if not known.
        vocabulary: That of the model.
        **filters: As for `probabilities`.

    Returns:
        `(p, steering)`, without a `Steering` if there are no constraints.
    """
    if not state.constraints:
        logits = without(vocabulary.stand_in, state.logits)
        return probabilities(logits, **filters), None
    steering = Steering(state, lefts, vocabulary)
    how = steering.tempered(filters)
    return probabilities(steering.logits, **how), steering


def constrained(
    state: State,
    constraints: Sequence[Constraint],
    vocabulary: UnitVocabulary,
    prompt: str = "",
) -> State:
    """Puts a state's samples under constraints.

    Args:
        state: A `State`.
        constraints: The constraints, for all samples.
        vocabulary: That of the model.
        prompt: The text that was read.

    Returns:
        The same state with constraints; without any, the state itself.
    """
    if not constraints:
        return state
    progress = tuple(constraint.start(prompt) for constraint in constraints)
    return dataclasses.replace(
        state,
        constraints=Rules.of(constraints, vocabulary),
        progress=(progress,) * len(state.samples),
    )


def check_can_begin(
    state: State, left: Left, vocabulary: UnitVocabulary
) -> None:
    """Checks that the samples of a state can be finished in some way.

    Args:
        state: The `State` before the first unit.
        left: The length that is left.
        vocabulary: That of the model.

    Raises:
        ValueError: if their constraints let nothing follow, although they may
            not end.
    """
    if not state.constraints:
        return
    steering = Steering(state, [left] * len(state.samples), vocabulary)
    for row in steering.dead_ends():
        pairs = list(zip(state.constraints, state.progress[row], strict=True))
        names = [
            getattr(rule, "name", type(rule).__name__) for rule, _ in pairs
        ]
        shortest = [
            rule.shortest(progress, left)
            for rule, progress in pairs
            if hasattr(rule, "shortest")
        ]
        limit = left.characters if left.units is None else left.units
        raise ValueError(
            f"Expected constraints that a text of length {limit:,} can "
            f"satisfy. Received {' and '.join(names)}"
            + (
                f": the shortest text has {max(shortest):,}."
                if shortest
                else "."
            )
        )
