"""Follow a text with constraints, and find where it may end."""

from collections.abc import Hashable, Sequence

from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Constraint, Left, choice_of
from charrnn.writing.state import State

Progress = tuple[Hashable, ...]  # the state of each constraint


def advanced(
    constraints: Sequence[Constraint], progress: Progress, unit: int
) -> Progress:
    """The state of each constraint after another unit.

    Args:
        constraints: The constraints.
        progress: The state of each before the unit.
        unit: Its id.

    Returns:
        A tuple of states.
    """
    pairs = zip(constraints, progress, strict=True)
    return tuple(constraint.advance(state, unit) for constraint, state in pairs)


def follow_text(
    constraints: Sequence[Constraint],
    progress: Progress,
    ids: Sequence[int],
    left: Left,
    vocabulary: UnitVocabulary,
) -> Progress | None:
    """Follows units if all of them are allowed.

    Args:
        constraints: The constraints.
        progress: The state of each.
        ids: The units.
        left: How much may be written after them. (Left in characters, the
            units count as well.)
        vocabulary: That of the model.

    Returns:
        The state of each constraint after them, or `None` if one of the units
        is not allowed.
    """
    for place, unit in enumerate(ids):
        units = None if left.units is None else left.units + len(ids) - place
        rest = left.characters
        characters = None if rest is None else rest - place
        now = Left(units, characters)
        if not choice_of(constraints, progress, now, vocabulary).written[unit]:
            return None
        progress = advanced(constraints, progress, unit)
    return progress


def may_end(state: State, row: int) -> bool:
    """Whether the constraints of a sample let it end.

    Args:
        state: A `State`.
        row: Of the sample.

    Returns:
        True without constraints.
    """
    if not state.constraints:
        return True
    return can_finish(state.constraints, state.progress[row])


def can_finish(constraints: Sequence[Constraint], progress: Progress) -> bool:
    """Whether all of some constraints let a text end.

    Args:
        constraints: The constraints.
        progress: The state of each.
    """
    pairs = zip(constraints, progress, strict=True)
    return all(rule.can_finish(state) for rule, state in pairs)


class Ends:
    """Where in their last units samples may end.

    A stop string may begin or end within a word. There, the constraints follow
    the word letter by letter.

    Args:
        vocabulary: That of the model.
    """

    def __init__(self, vocabulary: UnitVocabulary) -> None:
        self._vocabulary = vocabulary
        self._ids: dict[str, int] = {}
        if vocabulary.unit == "word":
            self._ids = {
                c: int(vocabulary.inner.encode(c)[0])
                for c in vocabulary.alphabet
            }

    def of(
        self, state: State, after: State, texts: Sequence[str]
    ) -> list[list[bool]]:
        """Whether each sample may end after each character of its last unit.

        Args:
            state: The `State` before the unit.
            after: The `State` after it, with a row for each row of the other.
            texts: The texts of the units.
        """
        return [
            [*self._inside(state, row, text), may_end(after, row)]
            for row, text in enumerate(texts)
        ]

    def _inside(self, state: State, row: int, text: str) -> list[bool]:
        """Whether it may end after each of a text's characters but the last."""
        rules, found = state.constraints, [False] * (len(text) - 1)
        progress: Progress | None = state.progress[row]
        for place, character in enumerate(text[:-1]):
            ids = [self._ids[c] for c in character if c in self._ids]
            if progress is not None:
                progress = follow_text(
                    rules, progress, ids, Left(), self._vocabulary
                )
            if not ids or progress is None:
                break
            found[place] = can_finish(rules, progress)
        return found
