"""Apply constraints to a step: mask the logits, follow the units drawn."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Choice, Constraint, Left, choice_of
from charrnn.writing.following import Progress, advanced
from charrnn.writing.probabilities import (
    Filters,
    log_total,
    probabilities,
    without,
)
from charrnn.writing.state import State

END = "end"  # of a document
COMPLETE = "complete"  # of a text: nothing may follow, or the model ended it
DEAD_END = "dead end"  # nothing may follow, but the text may not end either


class Steering:
    """The constraints of one step of several samples.

    Args:
        state: The `State` before the step, with constraints.
        logits: For its samples, `(samples, vocabulary size)`.
        lefts: How much each sample may still write; `None` if not known.
        vocabulary: That of the model.

    Attributes:
        logits: With minus infinity for what may not be drawn.
        masked: The probability of what may not be drawn, under the network
            itself: `(samples,)`.

    Raises:
        ValueError: if a constraint's mask has the wrong shape.
    """

    def __init__(
        self,
        state: State,
        logits: np.ndarray,
        lefts: Sequence[Left] | None,
        vocabulary: UnitVocabulary,
    ) -> None:
        self._constraints = state.constraints
        self._progress = state.progress
        self._vocabulary = vocabulary
        self._choices = self._choose(lefts or [Left()] * len(state.samples))
        # Some units are never drawn, whatever the constraints are.
        possible = np.isfinite(logits)
        drawable = np.stack([c.drawable for c in self._choices]) & possible
        self._written = np.stack([c.written for c in self._choices]) & possible
        self._stuck = np.logical_not(self._written.any(-1))
        drawable[self._stuck] = possible[self._stuck]  # not used
        self.logits = np.where(drawable, logits, -np.inf)
        self.masked = -np.expm1(log_total(self.logits) - log_total(logits))

    def _choose(self, lefts: Sequence[Left]) -> list[Choice]:
        """The choice of each sample; equal samples share one."""
        found: dict[tuple, Choice] = {}
        for key in zip(self._progress, lefts, strict=True):
            if key not in found:
                progress, left = key
                found[key] = choice_of(
                    self._constraints, progress, left, self._vocabulary
                )
        return [found[key] for key in zip(self._progress, lefts, strict=True)]

    def followed(self, after: State, ids: np.ndarray) -> State:
        """Adds the states of the constraints to the state after a step.

        Args:
            after: The `State` after the step.
            ids: The units drawn, `(samples,)`.

        Returns:
            A `State`.
        """
        rows = [
            self._follow(row, unit) for row, unit in enumerate(ids.tolist())
        ]
        progress, ended = zip(*rows, strict=True)
        return dataclasses.replace(
            after,
            constraints=self._constraints,
            progress=progress,
            ended=ended,
            masked=self.masked,
        )

    def dead_ends(self) -> list[int]:
        """The rows of samples that may neither go on nor end."""
        return [
            row
            for row in np.flatnonzero(self._stuck).tolist()
            if not self._choices[row].can_finish
        ]

    def tempered(self, filters: Filters) -> dict[str, Any]:
        """Lets the constraints change the temperature of each sample.

        Args:
            filters: The arguments of `probabilities`.

        Returns:
            The same arguments, with a temperature for each sample if a
            constraint has the method `temperature`.
        """
        rules = [
            (place, rule.temperature)
            for place, rule in enumerate(self._constraints)
            if hasattr(rule, "temperature")
        ]
        if not rules:
            return {**filters}
        temperatures = []
        for progress in self._progress:
            temperature = filters.get("temperature", 1.0)
            for place, changed in rules:
                temperature = changed(progress[place], temperature)
            temperatures.append([temperature])
        return {**filters, "temperature": np.array(temperatures)}

    def _follow(self, row: int, unit: int) -> tuple[Progress, str | None]:
        progress = self._progress[row]
        boundary = self._vocabulary.boundary
        ended = COMPLETE if boundary is None else END
        if self._stuck[row]:
            can_finish = self._choices[row].can_finish
            return progress, ended if can_finish else DEAD_END
        if not self._written[row, unit]:
            return progress, ended
        if unit == boundary:
            return progress, None
        return advanced(self._constraints, progress, unit), None


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
    logits = without(vocabulary.stand_in, state.logits)
    if not state.constraints:
        return probabilities(logits, **filters), None
    steering = Steering(state, logits, lefts, vocabulary)
    how = steering.tempered(filters)
    return probabilities(steering.logits, **how), steering


def constrained(
    state: State, constraints: Sequence[Constraint], prompt: str = ""
) -> State:
    """Puts a state's samples under constraints.

    Args:
        state: A `State`.
        constraints: The constraints, for all samples.
        prompt: The text that was read.

    Returns:
        The same state with constraints; without any, the state itself.
    """
    if not constraints:
        return state
    progress = tuple(constraint.start(prompt) for constraint in constraints)
    return dataclasses.replace(
        state,
        constraints=tuple(constraints),
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
    steering = Steering(
        state, state.logits, [left] * len(state.samples), vocabulary
    )
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
