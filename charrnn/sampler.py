"""Write text with a network: carry a state, draw, stop in the right place."""

import dataclasses
import io

import numpy as np

from charrnn import memory
from charrnn.loading import engine_of
from charrnn.sampling import probabilities, surprise, uniforms

BLOCK = 256  # steps whose random numbers, and surprise, are made together
CHUNK = 1024  # characters of a prompt read at a time: bounds the memory


@dataclasses.dataclass(frozen=True)
class State:
    """Where samples stand: all that the next characters depend on.

    Attributes:
        network: The engine's state, a list with a tuple of arrays
            `(samples, units)` for each layer.
        logits: For the next character, `(samples, vocabulary size)`.
        seed: Of the random numbers.
        samples: Index of each sample, `(samples,)`: picks its random numbers.
        position: Characters drawn so far.
    """

    network: list = dataclasses.field(repr=False)
    logits: np.ndarray = dataclasses.field(repr=False)
    seed: int
    samples: np.ndarray
    position: int = 0


@dataclasses.dataclass(frozen=True)
class Sample:
    """A finished piece of text.

    Attributes:
        text: The new characters, without the prompt and the stop string.
        seed: Of the random numbers.
        index: Of the sample among those drawn together.
        nats_per_character: Mean of -ln p of the characters drawn, under the
            network itself (temperature 1, no filter); 0 if none was drawn.
        stop_reason: `"length"` or `"stop"`.
    """

    text: str
    seed: int
    index: int
    nats_per_character: float
    stop_reason: str


class Sampler:
    """Writes text with a network, one character after another.

    Nothing is hidden: `start` returns a state, `step` takes one and returns
    the next, and the same state always continues in the same way.

    Args:
        model: A `charrnn.Engine` (`charrnn.load(path)` returns one), what
            `charrnn.load` takes, or a Keras model as `build_model` makes it,
            whose weights are copied.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; all others
            bring their own.

    Raises:
        ValueError: if it is no model, or a Keras model without vocabulary.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("\\nabc")
    >>> sampler = Sampler(build_model(vocabulary, units=4), vocabulary)
    >>> samples = sampler.generate("ab", length=10, count=3, seed=1)
    >>> [len(sample.text) for sample in samples]
    [10, 10, 10]
    """

    def __init__(self, model, vocabulary=None):
        self.engine = engine_of(model, vocabulary, for_text=True)
        self.vocabulary = self.engine.vocabulary
        self._numbers = {}  # a block of each sample's random numbers

    def __repr__(self):
        return f"Sampler({self.engine!r})"

    def start(self, prompt="", *, count=1, seed=0):
        """Reads a prompt.

        Args:
            prompt: Text to continue; without one the network starts as on a
                new line.
            count: Samples to draw side by side.
            seed: Of the random numbers.

        Returns:
            A `State` for the first new character of `count` samples.

        Raises:
            ValueError: if the prompt has a character that the model does not
                know, or `count` is less than 1, or too much for the memory.
        """
        if count < 1:
            raise ValueError(
                f"Expected a count of at least 1. Received {count}."
            )
        self._check_memory(count)
        ids = self.vocabulary.encode(prompt or self._new_line())
        network = self.engine.zero_state(1)
        for begin in range(0, len(ids), CHUNK):
            chunk = ids[None, begin : begin + CHUNK]
            logits, network = self.engine.run(chunk, network)
        return State(
            [tuple(np.repeat(a, count, 0) for a in s) for s in network],
            np.repeat(logits[:, -1], count, 0),
            seed,
            np.arange(count),
        )

    def step(self, state, **filters):
        """Draws the next character of each sample.

        Args:
            state: A `State`.
            **filters: `temperature`, `top_k`, `top_p` and `min_p` as in
                `probabilities`.

        Returns:
            `(ids, state)`: integers of shape `(samples,)` and the state after
            them.
        """
        p = probabilities(self._drawable(state.logits), **filters)
        cumulative = p.cumsum(-1)
        cumulative /= cumulative[:, -1:]  # ends in exactly 1, above any u
        ids = (cumulative <= self._uniforms(state)[:, None]).sum(-1)
        logits, network = self.engine.step(ids, state.network)
        position = state.position + 1
        return ids, State(network, logits, state.seed, state.samples, position)

    def generate(
        self,
        prompt="",
        *,
        length,
        count=1,
        seed=0,
        stop=(),
        on_text=None,
        **filters,
    ):
        """Writes whole samples.

        Args:
            prompt: Text to continue; it is not repeated in the samples.
            length: New characters at most.
            count: Samples, drawn together.
            seed: Same seed, same samples; the random numbers of sample i are
                the same whatever `count` is.
            stop: Strings that end a sample where they come up; they are not
                part of it.
            on_text: Called with `(index, text)` for each piece of `stream`.
            **filters: As in `probabilities`.

        Returns:
            A list of `count` `Sample`s.

        Raises:
            ValueError: as `stream` does.
        """
        writing = _Writing(self, prompt, length, count, seed, stop, filters)
        texts = [io.StringIO() for _ in range(count)]
        for index, piece in writing.pieces():
            texts[index].write(piece)
            if on_text:
                on_text(index, piece)
        return [
            Sample(text.getvalue(), seed, index, nats, stop_reason)
            for index, (text, nats, stop_reason) in enumerate(
                zip(texts, writing.nats(), writing.reasons(), strict=True)
            )
        ]

    def stream(self, prompt="", *, length, count=1, seed=0, stop=(), **filters):
        """Writes samples piece by piece, and keeps none of them.

        A text of any length is written in the same memory.

        Args:
            prompt: As for `generate`, like all others.
            length: New characters at most.
            count: Samples, drawn together.
            seed: Of the random numbers.
            stop: Strings that end a sample.
            **filters: As in `probabilities`.

        Returns:
            An iterator of `(index, text)`: the next characters of a sample,
            as soon as they are certain: at once, but for those that may turn
            out to be the beginning of a stop string.

        Raises:
            ValueError: if an argument is out of range, or the prompt has a
                character that the model does not know; before any piece.

        Example:

        >>> from charrnn import Vocabulary, build_model
        >>> vocabulary = Vocabulary("\\nabc")
        >>> sampler = Sampler(build_model(vocabulary, units=4), vocabulary)
        >>> sum(len(text) for _, text in sampler.stream("ab", length=10))
        10
        """
        writing = _Writing(self, prompt, length, count, seed, stop, filters)
        return writing.pieces()

    def _uniforms(self, state):
        """One random number for each sample, made in blocks for speed."""
        block, place = divmod(state.position, BLOCK)
        key = (state.seed, block, state.samples.tobytes())
        if key not in self._numbers:
            numbers = [
                uniforms(state.seed, int(sample), block * BLOCK, BLOCK)
                for sample in state.samples
            ]
            self._numbers = {key: np.array(numbers)}
        return self._numbers[key][:, place]

    def _drawable(self, logits):
        """The logits, without a chance for the stand-in of rare characters."""
        stand_in = self.vocabulary.stand_in
        if stand_in is None:
            return logits
        others = np.arange(logits.shape[-1]) != stand_in
        return np.where(others, logits, -np.inf)

    def _check_memory(self, count):
        """Of each sample there are a block of logits, and its states."""
        numbers = (BLOCK + 16) * len(self.vocabulary)
        numbers += sum(16 * len(layer.U) for layer in self.engine.layers)
        memory.check_fits(
            4 * count * numbers,
            f"{count:,} samples side by side",
            "Draw fewer at a time.",
        )

    def _new_line(self):
        """What stands in for a missing prompt: a line end, if known."""
        known = "\n" in self.vocabulary.characters
        return "\n" if known else self.vocabulary.characters[0]


class _Writing:
    """Samples being written: checks all arguments, then draws."""

    def __init__(self, sampler, prompt, length, count, seed, stop, filters):
        stop = (stop,) if isinstance(stop, str) else tuple(stop)
        if "" in stop:
            raise ValueError("Expected stop strings. Received an empty one.")
        if length < 0:
            raise ValueError(
                f"Expected a length of at least 0. Received {length}."
            )
        self._sampler = sampler
        self._length = length
        self._filters = filters
        self._state = sampler.start(prompt, count=count, seed=seed)
        probabilities(self._state.logits[:1], **filters)  # checks the filters
        self._drafts = [_Draft(stop) for _ in range(count)]
        self._ledger = _Ledger(count)

    def pieces(self):
        """Yields `(index, text)` as soon as the text is certain."""
        characters = self._sampler.vocabulary.characters
        drafts, state = self._drafts, self._state
        while len(state.samples) and state.position < self._length:
            before = state.logits
            ids, state = self._sampler.step(state, **self._filters)
            self._ledger.add(state.samples, before, ids)
            for index, i in zip(
                state.samples.tolist(), ids.tolist(), strict=True
            ):
                text = drafts[index].add(characters[i])
                if text:
                    yield index, text
            going = [not drafts[i].stopped for i in state.samples]
            if not all(going):
                state = keep_rows(state, going)
        for index, draft in enumerate(drafts):
            if draft.pending:
                yield index, draft.release(0)

    def nats(self):
        """The mean surprise in each sample."""
        return self._ledger.nats_per_character()

    def reasons(self):
        """Why each sample ended."""
        return ["stop" if d.stopped else "length" for d in self._drafts]


class _Draft:
    """A sample being written, with the characters that may yet be cut."""

    def __init__(self, stop):
        self.pending = ""
        self.stopped = False
        # Of two that end at the same character the longer one is cut.
        self._stop = sorted(stop, key=len, reverse=True)

    def add(self, character):
        """Takes a character; returns the text that is certain by now."""
        self.pending += character
        for stop in self._stop:
            if self.pending.endswith(stop):
                self.stopped = True
                text = self.release(len(stop))
                self.pending = ""
                return text
        return self.release(self._possible_stop())

    def release(self, kept):
        """Lets go of the pending characters but the last `kept`."""
        cut = len(self.pending) - kept
        text, self.pending = self.pending[:cut], self.pending[cut:]
        return text

    def _possible_stop(self):
        """Length of the longest ending that may begin a stop string."""
        lengths = (
            size
            for stop in self._stop
            for size in range(1, min(len(stop), len(self.pending) + 1))
            if self.pending.endswith(stop[:size])
        )
        return max(lengths, default=0)


class _Ledger:
    """Adds up the surprise of what was drawn, many steps at a time."""

    def __init__(self, count):
        self._nats = np.zeros(count)
        self._drawn = np.zeros(count, np.int64)
        self._pending = []

    def add(self, samples, logits, ids):
        self._pending.append((samples, logits, ids))
        if len(self._pending) == BLOCK:
            self._settle()

    def nats_per_character(self):
        """The mean for each sample, 0 for one without characters."""
        if self._pending:
            self._settle()
        return (self._nats / np.maximum(self._drawn, 1)).tolist()

    def _settle(self):
        samples, logits, ids = map(
            np.concatenate, zip(*self._pending, strict=True)
        )
        np.add.at(self._nats, samples, surprise(logits, ids))
        np.add.at(self._drawn, samples, 1)
        self._pending = []


def keep_rows(state, rows):
    """Leaves only some samples of a state.

    Args:
        state: A `State`.
        rows: Indices or a mask over its samples.

    Returns:
        A `State`; the samples keep their random numbers.
    """
    return dataclasses.replace(
        state,
        network=[tuple(a[rows] for a in layer) for layer in state.network],
        logits=state.logits[rows],
        samples=state.samples[rows],
    )
