"""Draw a batch of samples until each of them has ended."""

import dataclasses
import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing import ledger
from charrnn.writing.constraints import Left
from charrnn.writing.endings import Draft, Ending
from charrnn.writing.following import Ends, may_end
from charrnn.writing.state import State, keep_rows


@dataclasses.dataclass(frozen=True)
class Sample:
    """A finished piece of text.

    Attributes:
        text: The new characters, without the prompt and without the string
            of `stop` that ended it.
        seed: Of the random numbers.
        index: Of the sample among those drawn together.
        nats_per_character: Mean of -ln p over all characters drawn, under
            the network itself (temperature 1, no filter); 0 if there are
            none.
        stop_reason: Why it ended: `"length"`, `"stop"`, `"stop_after"` or
            `"interrupted"`, each an argument of `generate`; `"end"`: the
            model ended the document. With constraints also `"complete"`: the
            text may end, and nothing may follow, or the model would go on
            otherwise; and `"dead end"`: nothing may follow, though the text
            may not end.
        masked: Probability of the units that the constraints kept from being
            drawn, under the network itself; the mean over all units drawn.
        forced: The share of the units drawn where the length left only the
            shortest way to the end of the form, which may be longer.
    """

    text: str
    seed: int
    index: int
    nats_per_character: float
    stop_reason: str
    masked: float = 0.0
    forced: float = 0.0


class Drawing:
    """Samples being drawn: an iterator of their text, piece by piece.

    It yields `(index, text)`, the next text of a sample, as soon as no stop
    string can still cut it. One step draws a unit for every unfinished sample.
    Finished samples leave the batch, so that the remaining steps are cheaper.

    Args:
        step: A function of a `State`, and with constraints of how much each
            sample may still write, that returns `(ids, state)`: the next
            character of each sample and the state after it.
        state: The `State` to begin with.
        vocabulary: That of the model.
        length: Maximum number of units, or of characters, per sample.
        length_in: `"units"` or `"characters"`.
        endings: As `endings.checked` returns them.
        interrupted: Called before each step; once it returns true, the
            samples end as they are.

    Example:

    >>> from charrnn import Sampler
    >>> drawing = Sampler("shakespeare").stream("O", length=99, stop_after=".")
    >>> text = "".join(piece for _, piece in drawing)
    >>> drawing.stop_reasons(), text[-1]
    (['stop_after'], '.')
    """

    def __init__(
        self,
        step: Callable[..., tuple[np.ndarray, State]],
        state: State,
        *,
        vocabulary: UnitVocabulary,
        length: int,
        length_in: str = "units",
        endings: Sequence[Ending] = (),
        interrupted: Callable[[], bool] | None = None,
    ) -> None:
        self._step = step
        self._state = state
        count = len(state.samples)
        self._boundary = vocabulary.boundary
        self._decoders = [vocabulary.decoder() for _ in range(count)]
        self._length = length
        is_character = vocabulary.unit == "character"
        self._room = None  # the number of characters left for each sample
        if length_in == "characters" and not is_character:
            self._room = [length] * count
        self._interrupted = interrupted or (lambda: False)
        self._drafts = [Draft(endings, may_end(state, i)) for i in range(count)]
        self._ends = Ends(vocabulary) if state.constraints and endings else None
        lengths = None if is_character else vocabulary.lengths
        self._ledger = ledger.Ledger(count, lengths, vocabulary.stand_in)
        self._first = state.position
        self._pieces = self._draw()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self._pieces

    def __next__(self) -> tuple[int, str]:
        return next(self._pieces)

    def nats_per_character(self) -> list[float]:
        """The mean surprise of each sample's characters so far."""
        return self._ledger.nats_per_character()

    def stop_reasons(self) -> list[str]:
        """Why each sample ended, as in `Sample`."""
        return [draft.reason or "length" for draft in self._drafts]

    def masked(self) -> list[float]:
        """The mean probability that constraints excluded, as in `Sample`."""
        return self._ledger.masked()

    def forced(self) -> list[float]:
        """The share of each sample that its length forced, as in `Sample`."""
        return self._ledger.forced()

    def samples(
        self, on_text: Callable[[int, str], Any] | None = None
    ) -> list[Sample]:
        """Draws all that is left, and returns the whole samples.

        Args:
            on_text: Called with `(index, text)` for each piece.

        Returns:
            A list of `Sample`s, in the order of their indices.
        """
        texts = [io.StringIO() for _ in self._drafts]
        for index, piece in self:
            texts[index].write(piece)
            if on_text:
                on_text(index, piece)
        figures = zip(
            self.nats_per_character(),
            self.stop_reasons(),
            self.masked(),
            self.forced(),
            strict=True,
        )
        return [
            Sample(text.getvalue(), self._state.seed, index, *figure)
            for index, (text, figure) in enumerate(
                zip(texts, figures, strict=True)
            )
        ]

    def _draw(self) -> Iterator[tuple[int, str]]:
        state = self._state
        if self._length and state.opening:
            yield from self._tell_all(enumerate(state.opening))
            state = keep_rows(state, self._going(state))
        while len(state.samples) and self._goes_on(state):
            if self._interrupted():
                for index in state.samples:
                    self._drafts[index].reason = "interrupted"
                break
            if state.constraints:
                ids, after = self._step(state, self._lefts(state))
                state, ids, after = self._written(state, ids, after)
            else:
                ids, after = self._step(state)
            self._ledger.add(state.samples, state.logits, ids, after.steered)
            if after.hurried:
                self._ledger.add_hurried(state.samples, after.hurried)
            yield from self._told(state, ids, after)
            self._end_documents(state.samples, ids)
            going = self._going(after)
            state = after if all(going) else keep_rows(after, going)
        for index, draft in enumerate(self._drafts):
            if draft.pending:
                yield index, draft.release()

    def _lefts(self, state: State) -> list[Left]:
        """How much each sample may still write, for its constraints."""
        if self._room is not None:
            return [Left(characters=self._room[i]) for i in state.samples]
        left = Left(self._length - (state.position - self._first))
        return [left] * len(state.samples)

    def _written(
        self, state: State, ids: np.ndarray, after: State
    ) -> tuple[State, np.ndarray, State]:
        """Leaves out the samples that ended before the unit drawn for them."""
        if any(after.ended):
            for index, reason in zip(state.samples, after.ended, strict=True):
                self._drafts[index].reason = reason
            rows = np.array([reason is None for reason in after.ended])
            state, ids = keep_rows(state, rows), ids[rows]
            after = keep_rows(after, rows)
        return state, ids, after

    def _end_documents(self, samples: np.ndarray, ids: np.ndarray) -> None:
        """Ends the samples whose document the model has ended."""
        if self._boundary is not None:
            for index in samples[ids == self._boundary].tolist():
                draft = self._drafts[index]
                draft.reason = draft.reason or "end"

    def _told(
        self, state: State, ids: np.ndarray, after: State
    ) -> Iterator[tuple[int, str]]:
        """Adds a unit to each draft; yields the text that can be released."""
        units = zip(state.samples.tolist(), ids.tolist(), strict=True)
        drawn = [(index, self._decoders[index](unit)) for index, unit in units]
        ends: Iterable[Sequence[bool] | None] = itertools.repeat(None)
        if self._ends:
            ends = self._ends.of(state, after, [text for _, text in drawn])
        yield from self._tell_all(drawn, ends)

    def _tell_all(
        self,
        drawn: Iterable[tuple[int, str]],
        ends: Iterable[Sequence[bool] | None] = itertools.repeat(None),
    ) -> Iterator[tuple[int, str]]:
        """Adds a text to each draft; yields the text that can be released."""
        for (index, text), where in zip(drawn, ends, strict=False):
            text = self._within_room(index, text)
            text = self._drafts[index].add(text, where)
            if text:
                yield index, text
            self._end_full(index)

    def _going(self, state: State) -> list[bool]:
        """Which of the samples have not ended."""
        return [self._drafts[i].reason is None for i in state.samples]

    def _goes_on(self, state: State) -> bool:
        """Whether samples may get another unit."""
        if self._room is None:
            return state.position - self._first < self._length
        return self._length > 0

    def _within_room(self, index: int, text: str) -> str:
        """Cuts a text to the number of characters left for a sample."""
        if self._room is None:
            return text
        text = text[: self._room[index]]
        self._room[index] -= len(text)
        return text

    def _end_full(self, index: int) -> None:
        """Ends a sample that has all its characters."""
        if self._room is not None and not self._room[index]:
            draft = self._drafts[index]
            draft.reason = draft.reason or "length"
