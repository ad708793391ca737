"""The protocol of constraints: what a text must keep to while it is written."""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from charrnn.text.units import UnitVocabulary


class Left(NamedTuple):
    """How much may still be written; both are `None` if that is not known.

    Attributes:
        units: The number of units (characters, words or bytes).
        characters: The number of characters instead, if a model of words or
            bytes is given its length in characters.
    """

    units: int | None = None
    characters: int | None = None


@runtime_checkable
class Constraint(Protocol):
    """What a text must keep to, decided unit by unit while it is written.

    A subclass is not needed: any object with these four methods will do. It
    keeps nothing about a text itself. What it must know about the text so far
    is its state, a hashable value of its own choice, of which each sample has
    one. Samples in the same state are treated alike, so a state should be as
    small as possible, such as an `int`.

    A unit that is not allowed is never drawn. The others are drawn with the
    model's probabilities, scaled to a sum of 1.

    A constraint may have a fifth method, `ends(state, left)`. It returns a
    mask like that of `allowed`: of the units that are not allowed, those that
    end the text where it may end. The text ends before such a unit, with
    the probability that the model gives it. `charrnn.Match` ends like this.
    With `temperature(state, given)` it may also change the temperature of the
    next unit, as `charrnn.NoLoops` does.
    And it may have a method `enough(state)`: with so much left, what is
    allowed does not depend on it. Then masks are kept, which saves time. If
    many states allow the same, `mask_key(state)` returns the same hashable
    value for them, and they share a mask, as with `charrnn.MaxCopy`.

    Example:

    A text without the letter e, of at least three units:

    >>> import charrnn
    >>> class WithoutE:
    ...     def __init__(self, vocabulary):
    ...         texts = [vocabulary.decode([i]) for i in range(len(vocabulary))]
    ...         self.mask = np.array(["e" not in text for text in texts])
    ...     def start(self, prompt):
    ...         return 0
    ...     def allowed(self, state, left):
    ...         return self.mask
    ...     def advance(self, state, unit):
    ...         return min(state + 1, 3)
    ...     def can_finish(self, state):
    ...         return state == 3
    >>> sampler = charrnn.Sampler("shakespeare")
    >>> without_e = WithoutE(sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=200, constraints=[without_e])
    >>> "e" in sample.text
    False
    """

    def start(self, prompt: str) -> Hashable:
        """The state before the first new character.

        Args:
            prompt: The text that is continued; empty without one.
        """
        ...

    def allowed(self, state: Any, left: Left) -> np.ndarray:
        """The units that may follow.

        To keep its promises a constraint allows only units after which the
        text can still be finished with what is left.

        Args:
            state: What `start` or `advance` returned.
            left: How much may still be written, including the unit.

        Returns:
            Booleans of shape `(len(vocabulary),)`. Entries for the boundary
            between documents and for U+FFFD are ignored.
        """
        ...

    def advance(self, state: Any, unit: int) -> Hashable:
        """The state after another unit.

        Args:
            state: The state before it.
            unit: Its id, which was allowed.
        """
        ...

    def can_finish(self, state: Any) -> bool:
        """Whether the text may end here.

        Args:
            state: What `start` or `advance` returned.
        """
        ...


class Choice(NamedTuple):
    """What a sample may get next.

    Attributes:
        drawable: The units that may be drawn: booleans `(vocabulary size,)`.
        written: Those of them that are written. The others end the text.
        can_finish: Whether the text may end here.
    """

    drawable: np.ndarray
    written: np.ndarray
    can_finish: bool


class Mask(NamedTuple):
    """A `Choice`, as a step uses it.

    Attributes:
        penalty: What is added to the logits: 0, or minus infinity.
        written: Which units are written, rather than end the text.
        can_finish: Whether the text may end here.
        is_narrowed: Whether the length left excludes some units.
        is_shortest: Whether only the shortest way to the end still fits.
    """

    penalty: np.ndarray
    written: np.ndarray
    can_finish: bool
    is_narrowed: bool = False
    is_shortest: bool = False


def choice_of(
    constraints: Sequence[Constraint],
    progress: Sequence[Hashable],
    left: Left,
    vocabulary: UnitVocabulary,
) -> Choice:
    """Combines several constraints: a unit must be allowed by all of them.

    Args:
        constraints: At least one.
        progress: The state of each.
        left: How much may still be written.
        vocabulary: That of the model.

    Returns:
        A `Choice`.

    """
    pairs = list(zip(constraints, progress, strict=True))
    masks = [constraint.allowed(state, left) for constraint, state in pairs]
    _check_masks(masks, len(vocabulary))
    written = masks[0].copy() if len(masks) == 1 else np.all(masks, 0)
    drawable = written
    can_finish = all(rule.can_finish(state) for rule, state in pairs)
    if can_finish:
        wider = [
            _with_ends(constraint, state, left, mask)
            for (constraint, state), mask in zip(pairs, masks, strict=True)
        ]
        drawable = wider[0] if len(wider) == 1 else np.all(wider, 0)
    if vocabulary.boundary is not None:
        drawable = drawable.copy()
        for mask in (written, drawable):
            mask[vocabulary.boundary] = can_finish
    return Choice(drawable, written, can_finish)


def _with_ends(
    constraint: Constraint, state: Any, left: Left, mask: np.ndarray
) -> np.ndarray:
    """Adds the units that end a text to those that may be written."""
    ends = getattr(constraint, "ends", None)
    return mask if ends is None else mask | ends(state, left)


def _check_masks(masks: Sequence[np.ndarray], size: int) -> None:
    for mask in masks:
        if mask.shape != (size,) or mask.dtype != bool:
            raise ValueError(
                "Expected constraints to return booleans of shape "
                f"({size},) for the model's units. Received {mask.dtype} of "
                f"shape {mask.shape}."
            )
