"""Draw a batch of samples until each of them has ended."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from charrnn.network.engine import Engine
from charrnn.system import ram
from charrnn.text.units import UnitVocabulary
from charrnn.writing import ledger
from charrnn.writing.endings import Draft, Ending
from charrnn.writing.random_numbers import STEPS_PER_BLOCK
from charrnn.writing.state import State, keep_rows

LENGTHS = "units", "characters"  # the units in which a length may be given


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
            `"interrupted"`, each an argument of `generate`.
    """

    text: str
    seed: int
    index: int
    nats_per_character: float
    stop_reason: str


class Drawing:
    """Samples being drawn: an iterator of their text, piece by piece.

    It yields `(index, text)`, the next text of a sample, as soon as no stop
    string can still cut it. One step draws a unit for every unfinished sample.
    Finished samples leave the batch, so that the remaining steps are cheaper.

    Args:
        step: A function of a `State` that returns `(ids, state)`: the next
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
        step: Callable[[State], tuple[np.ndarray, State]],
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
        self._drafts = [Draft(endings) for _ in state.samples]
        lengths = None if is_character else vocabulary.lengths
        self._ledger = ledger.Ledger(count, lengths)
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
            ids, after = self._step(state)
            self._ledger.add(state.samples, state.logits, ids)
            yield from self._told(state.samples, ids)
            self._end_documents(state.samples, ids)
            going = self._going(state)
            state = after if all(going) else keep_rows(after, going)
        for index, draft in enumerate(self._drafts):
            if draft.pending:
                yield index, draft.release()

    def _end_documents(self, samples: np.ndarray, ids: np.ndarray) -> None:
        """Ends the samples whose document the model has ended."""
        if self._boundary is not None:
            for index in samples[ids == self._boundary].tolist():
                draft = self._drafts[index]
                draft.reason = draft.reason or "end"

    def _told(
        self, samples: np.ndarray, ids: np.ndarray
    ) -> Iterator[tuple[int, str]]:
        """Adds a unit to each draft; yields the text that can be released."""
        yield from self._tell_all(
            (index, self._decoders[index](i))
            for index, i in zip(samples.tolist(), ids.tolist(), strict=True)
        )

    def _tell_all(
        self, drawn: Iterable[tuple[int, str]]
    ) -> Iterator[tuple[int, str]]:
        """Adds a text to each draft; yields the text that can be released."""
        for index, text in drawn:
            text = self._drafts[index].add(self._within_room(index, text))
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


def check_ram(engine: Engine, count: int) -> None:
    """Checks that there is enough memory to draw samples in parallel.

    Args:
        engine: The network that writes them.
        count: Number of samples.

    Raises:
        ValueError: if there is not.

    Example:

    >>> from charrnn import load
    >>> check_ram(load("shakespeare"), count=3)
    """
    states = sum(a.size for layer in engine.zero_state(1) for a in layer)
    gates = max(layer.kernel.shape[1] for layer in engine.layers)
    logits = 4 * count * len(engine.vocabulary)  # float32
    pending = ledger.peak_bytes(logits)
    # The two peaks do not coincide: either the filters work in float64 while
    # logits are pending, or the ledger copies the pending logits.
    peak = max(16 * logits + pending, 4 * pending)
    # Old and new states, gates and their activations, a block of random
    # numbers, and Python's own objects.
    per_sample = 8 * states + 12 * gates + 8 * STEPS_PER_BLOCK + 1024
    ram.check_fits(
        peak + count * per_sample,
        f"{count:,} samples side by side",
        "Draw fewer at a time.",
    )


def check_can_write(vocabulary: UnitVocabulary) -> None:
    """Checks that a vocabulary has a character that may be written.

    Args:
        vocabulary: Of the model.

    Raises:
        ValueError: if it has only the stand-in for rare characters.

    Example:

    >>> from charrnn import Vocabulary
    >>> check_can_write(Vocabulary("ab"))
    """
    if vocabulary.stand_in is not None and len(vocabulary.inner) == 1:
        raise ValueError(
            "Expected a model with characters to write. Received one that "
            "knows only U+FFFD, which stands for rare characters and is never "
            "written. Train one with a lower --min-count."
        )
