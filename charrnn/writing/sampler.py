"""Write text with a network: carry a state, draw, stop in the right place."""

import dataclasses
import io

import numpy as np

from charrnn.network.loading import engine_of
from charrnn.system import ram
from charrnn.writing.endings import Draft, checked
from charrnn.writing.probabilities import probabilities, surprise, uniforms

BLOCK = 256  # steps whose random numbers, and surprise, are made together
LEDGER_BYTES = 1 << 24  # of logits kept until their surprise is computed
CHUNK = 1024  # characters of a prompt read at a time: bounds the memory
# Characters of a prompt that are read, counted from its end. What stands
# before them no longer shows: of the model of Shakespeare that comes with
# charrnn, logits differ after 2,048 characters by as much as by rounding.
PROMPT_LIMIT = 16_384


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
        text: The new characters, without the prompt and a string of `stop`.
        seed: Of the random numbers.
        index: Of the sample among those drawn together.
        nats_per_character: Mean of -ln p of the characters drawn, under the
            network itself (temperature 1, no filter); 0 if none was drawn.
        stop_reason: `"length"`, `"stop"`, `"stop_after"` or
            `"interrupted"`: the argument of `generate` that ended it.
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
        _check_can_write(self.engine.vocabulary)
        self.vocabulary = self.engine.vocabulary
        self._numbers = {}  # a block of each sample's random numbers

    def __repr__(self):
        return f"Sampler({self.engine!r})"

    def start(self, prompt="", *, count=1, seed=0, watch=iter):
        """Reads a prompt.

        Args:
            prompt: Text to continue; without one the network starts as on a
                new line. Of a long one the last 16,384 characters are read:
                the network remembers far fewer.
            count: Samples to draw side by side.
            seed: Of the random numbers.
            watch: A function of a list that yields its items again, such as
                `rich.progress.track`: of the prompt's pieces.

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
        ids = ids[None, -PROMPT_LIMIT:]
        chunks = [
            ids[:, begin : begin + CHUNK]
            for begin in range(0, ids.shape[1], CHUNK)
        ]
        network = None
        for chunk in watch(chunks):
            logits, network = self.engine.read(chunk, network)
        return State(
            [tuple(np.repeat(a, count, 0) for a in s) for s in network],
            np.repeat(logits, count, 0),
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
        stop_after=(),
        on_text=None,
        interrupted=None,
        watch=iter,
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
            stop_after: Strings that end a sample and are its last part. Of
                two that end at the same character the longer one counts.
            on_text: Called with `(index, text)` for each piece of `stream`.
            interrupted: Called before each step; once it returns true, the
                samples end as they are.
            watch: As for `start`.
            **filters: As in `probabilities`.

        Returns:
            A list of `count` `Sample`s.

        Raises:
            ValueError: as `stream` does.

        Example:

        >>> from charrnn import Vocabulary, build_model
        >>> vocabulary = Vocabulary("\\nabc")
        >>> sampler = Sampler(build_model(vocabulary, units=4), vocabulary)
        >>> (line,) = sampler.generate(length=10_000, stop_after="\\n")
        >>> line.text.index("\\n") == len(line.text) - 1, line.stop_reason
        (True, 'stop_after')
        """
        writing = self._writing(
            prompt,
            length=length,
            count=count,
            seed=seed,
            stop=stop,
            stop_after=stop_after,
            interrupted=interrupted,
            watch=watch,
            **filters,
        )
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

    def stream(self, prompt="", *, length, **how):
        """Writes samples piece by piece, and keeps none of them.

        A text of any length is written in the same memory.

        Args:
            prompt: As for `generate`, like all others.
            length: New characters at most.
            **how: `count`, `seed`, `stop`, `stop_after`, `interrupted`,
                `watch` and the filters.

        Returns:
            An iterator of `(index, text)`: the next characters of a sample,
            as soon as they are certain: at once, but for those that may turn
            out to be the beginning of a string of `stop`.

        Raises:
            ValueError: if an argument is out of range, or the prompt or a
                stop string has a character that the model does not write;
                before any piece.

        Example:

        >>> from charrnn import Vocabulary, build_model
        >>> vocabulary = Vocabulary("\\nabc")
        >>> sampler = Sampler(build_model(vocabulary, units=4), vocabulary)
        >>> sum(len(text) for _, text in sampler.stream("ab", length=10))
        10
        """
        return self._writing(prompt, length=length, **how).pieces()

    def _writing(
        self,
        prompt,
        *,
        length,
        count=1,
        seed=0,
        stop=(),
        stop_after=(),
        interrupted=None,
        watch=iter,
        **filters,
    ):
        """Checks all arguments and reads the prompt; draws nothing yet."""
        if length < 0:
            raise ValueError(
                f"Expected a length of at least 0. Received {length}."
            )
        endings = checked(stop, stop_after, self.vocabulary)
        state = self.start(prompt, count=count, seed=seed, watch=watch)
        probabilities(state.logits[:1], **filters)  # checks the filters
        interrupted = interrupted or (lambda: False)
        return _Writing(self, state, length, endings, interrupted, filters)

    def _uniforms(self, state):
        """One random number for each sample, made in blocks for speed."""
        block, place = divmod(state.position, BLOCK)
        key = (state.seed, block, state.samples.tobytes())
        if key not in self._numbers:
            self._numbers = {}  # the block before makes room
            numbers = np.empty((len(state.samples), BLOCK))
            for row, sample in zip(numbers, state.samples, strict=True):
                row[:] = uniforms(state.seed, int(sample), block * BLOCK, BLOCK)
            self._numbers = {key: numbers}
        return self._numbers[key][:, place]

    def _drawable(self, logits):
        """The logits, without a chance for the stand-in of rare characters."""
        stand_in = self.vocabulary.stand_in
        if stand_in is None:
            return logits
        others = np.arange(logits.shape[-1]) != stand_in
        return np.where(others, logits, -np.inf)

    def _check_memory(self, count):
        """Checks that there is room for what `count` samples take at once."""
        states = [a.size for s in self.engine.zero_state(1) for a in s]
        gates = max(layer.kernel.shape[1] for layer in self.engine.layers)
        logits = 4 * count * len(self.vocabulary)
        ledger = min(BLOCK * logits, LEDGER_BYTES + logits)
        # Characters are drawn from float64; the ledger is copied as it is
        # settled. Either stands beside states, Python's own objects, and a
        # block of random numbers.
        largest = max(16 * logits + ledger, 4 * ledger)
        sample = 8 * sum(states) + 12 * gates + 8 * BLOCK + 1024
        ram.check_fits(
            largest + count * sample,
            f"{count:,} samples side by side",
            "Draw fewer at a time.",
        )

    def _new_line(self):
        """What stands in for a missing prompt: a line end, if known."""
        known = "\n" in self.vocabulary.characters
        return "\n" if known else self.vocabulary.characters[0]


def _check_can_write(vocabulary):
    if vocabulary.stand_in is not None and len(vocabulary) == 1:
        raise ValueError(
            "Expected a model with characters to write. Received one that "
            "knows only U+FFFD, which stands for rare characters and is never "
            "written. Train one with a lower --min-count."
        )


class _Writing:
    """Samples being written."""

    def __init__(self, sampler, state, length, endings, interrupted, filters):
        self._sampler = sampler
        self._state = state
        self._length = length
        self._interrupted = interrupted
        self._filters = filters
        self._drafts = [Draft(endings) for _ in state.samples]
        self._ledger = _Ledger(len(state.samples))

    def pieces(self):
        """Yields `(index, text)` as soon as the text is certain."""
        characters = self._sampler.vocabulary.characters
        drafts, state = self._drafts, self._state
        while len(state.samples) and state.position < self._length:
            if self._interrupted():
                for i in state.samples:
                    drafts[i].reason = "interrupted"
                break
            before = state.logits
            ids, state = self._sampler.step(state, **self._filters)
            self._ledger.add(state.samples, before, ids)
            for index, i in zip(
                state.samples.tolist(), ids.tolist(), strict=True
            ):
                text = drafts[index].add(characters[i])
                if text:
                    yield index, text
            going = [drafts[i].reason is None for i in state.samples]
            if not all(going):
                state = keep_rows(state, going)
        for index, draft in enumerate(drafts):
            if draft.pending:
                yield index, draft.release()

    def nats(self):
        """The mean surprise in each sample."""
        return self._ledger.nats_per_character()

    def reasons(self):
        """Why each sample ended."""
        return [draft.reason or "length" for draft in self._drafts]


class _Ledger:
    """Adds up the surprise of what was drawn, many steps at a time."""

    def __init__(self, count):
        self._nats = np.zeros(count)
        self._drawn = np.zeros(count, np.int64)
        self._pending = []
        self._bytes = 0

    def add(self, samples, logits, ids):
        self._pending.append((samples, logits, ids))
        self._bytes += logits.nbytes
        if len(self._pending) == BLOCK or self._bytes >= LEDGER_BYTES:
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
        self._pending, self._bytes = [], 0


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
