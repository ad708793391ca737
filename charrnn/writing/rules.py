"""Hold constraints together, and keep the masks that they give."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Constraint, Left, Mask, choice_of
from charrnn.writing.following import Progress
from charrnn.writing.probabilities import Temperature

MAX_KEPT_ENTRIES = 1 << 22  # of masks, 5 bytes each
NO_LIMIT = Left()


class Rules(tuple[Constraint, ...]):
    """Constraints that hold together, with the masks that they gave so far.

    A mask is kept for each state if it does not depend on the length that is
    left. Most do not until shortly before the end. States of the same
    `mask_key` share one.
    """

    _vocabulary: UnitVocabulary
    _kept: dict[Progress, tuple[int, Mask]]
    _mask_keys: list[Callable[[Any], Hashable]]  # of a state; if there are any
    _temperatures: list[tuple[int, Callable]]  # with the constraint's place
    _only: Any  # the constraint, if it is the only one and has masks ready
    _keeps: bool  # whether it is known when masks depend on what is left

    @classmethod
    def of(
        cls, constraints: Sequence[Constraint], vocabulary: UnitVocabulary
    ) -> "Rules":
        """Makes the rules of a model's texts.

        Args:
            constraints: The constraints.
            vocabulary: That of the model.
        """
        rules = cls(constraints)
        rules._vocabulary = vocabulary
        rules._kept = {}
        rules._keeps = all(hasattr(rule, "enough") for rule in rules)
        rules._mask_keys = [
            getattr(rule, "mask_key", _itself) for rule in rules
        ]
        if all(key is _itself for key in rules._mask_keys):
            rules._mask_keys = []
        rules._temperatures = [
            (place, rule.temperature)
            for place, rule in enumerate(rules)
            if hasattr(rule, "temperature")
        ]
        is_ready = len(rules) == 1 and hasattr(rules[0], "ready")
        rules._only = rules[0] if is_ready else None
        return rules

    def mask(self, progress: Progress, left: Left) -> Mask:
        """What may follow.

        Args:
            progress: The state of each constraint.
            left: How much may still be written.

        Raises:
            ValueError: if a constraint's mask has the wrong shape.
        """
        if not self._keeps:
            return self._made(progress, left)
        if self._only is not None:
            enough, found = self._only.ready(progress[0])
        else:
            key = self._key(progress)
            enough, found = self._kept.get(key) or self._keep(key, progress)
        limit = left.characters if left.units is None else left.units
        # With just enough, a text may already have to be the shortest.
        if limit is None or limit > enough:
            return found
        return self._made(progress, left)

    def temperature(self, progress: Progress, given: Temperature) -> Any:
        """The temperature of the next unit, as the constraints change it.

        Args:
            progress: The state of each constraint.
            given: The temperature without them.
        """
        for place, changed in self._temperatures:
            given = changed(progress[place], given)
        return given

    @property
    def change_temperature(self) -> bool:
        """Whether a constraint has the method `temperature`."""
        return bool(self._temperatures)

    def _key(self, progress: Progress) -> Progress:
        """What the mask of a state depends on."""
        if not self._mask_keys:
            return progress
        pairs = zip(self._mask_keys, progress, strict=True)
        return tuple([key(state) for key, state in pairs])

    def _keep(self, key: Progress, progress: Progress) -> tuple[int, Mask]:
        """Keeps the mask of a state, and the length with which it is true."""
        if len(self._kept) * len(self._vocabulary) > MAX_KEPT_ENTRIES:
            self._kept.clear()
        pairs: Any = zip(self, progress, strict=True)
        enough = max(rule.enough(state) for rule, state in pairs)
        self._kept[key] = enough, self._made(progress, NO_LIMIT)
        return self._kept[key]

    def _made(self, progress: Progress, left: Left) -> Mask:
        choice = choice_of(self, progress, left, self._vocabulary)
        penalty = np.where(choice.drawable, np.float32(0), -np.float32(np.inf))
        if self._vocabulary.stand_in is not None:
            penalty[self._vocabulary.stand_in] = -np.inf
        hurry = self._hurry(progress, left)
        return Mask(penalty, choice.written, choice.can_finish, *hurry)

    def _hurry(self, progress: Progress, left: Left) -> tuple[bool, bool]:
        """The last two fields of a `Mask`."""
        limit = left.characters if left.units is None else left.units
        is_narrowed = is_shortest = False
        rules: Any = zip(self, progress, strict=True)
        for rule, state in rules:
            if limit is None or not hasattr(rule, "shortest"):
                continue
            fits = rule.allowed(state, left)
            if (fits != rule.allowed(state, NO_LIMIT)).any():
                is_narrowed = True
            if rule.shortest(state, left) == limit:
                is_shortest = True
        return is_narrowed, is_shortest


def _itself(state: Any) -> Any:
    """The key of a mask that depends on all of a state."""
    return state
