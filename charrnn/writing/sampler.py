"""Write text with a network: read a prompt, draw characters, stop."""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Constraint, Left
from charrnn.writing.drawing import Drawing, Sample
from charrnn.writing.endings import checked
from charrnn.writing.forms import joined
from charrnn.writing.limits import check_can_write, check_length, check_ram
from charrnn.writing.probabilities import Filters, check_filters
from charrnn.writing.prompts import complete, read_prompt
from charrnn.writing.random_numbers import UniformBlocks, draw
from charrnn.writing.state import State
from charrnn.writing.steering import check_can_begin, constrained, steered
from charrnn.writing.temperatures import with_places

if TYPE_CHECKING:
    import keras


class Sampler:
    """Writes text with a network, one character after another.

    State is explicit: `start` returns a state, `step` takes one and returns
    the next. The same state always continues in the same way.

    Args:
        model: A `charrnn.Engine` (`charrnn.load(path)` returns one), anything
            that `charrnn.load` takes, or a Keras model as `build_model`
            returns it, whose weights are copied.
        vocabulary: The `charrnn.Vocabulary` of a Keras model. Omit it
            otherwise: engines and model files contain theirs.

    Attributes:
        engine: The `charrnn.Engine` that runs the network.
        vocabulary: The `charrnn.Vocabulary` of the texts.

    Raises:
        ValueError: if it is not a model, or a Keras model comes without a
            vocabulary.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("\\nabc")
    >>> sampler = Sampler(build_model(vocabulary, units=4), vocabulary)
    >>> samples = sampler.generate("ab", length=10, count=3, seed=1)
    >>> [len(sample.text) for sample in samples]
    [10, 10, 10]
    """

    def __init__(
        self,
        model: "Engine | keras.Sequential | os.PathLike | str",
        vocabulary: UnitVocabulary | None = None,
    ) -> None:
        self.engine: Engine = engine_of(model, vocabulary, for_text=True)
        self.vocabulary: UnitVocabulary = self.engine.vocabulary
        check_can_write(self.vocabulary)
        self._numbers = UniformBlocks()

    def __repr__(self) -> str:
        return f"Sampler({self.engine!r})"

    def start(
        self,
        prompt: str = "",
        *,
        count: int = 1,
        seed: int = 0,
        watch: Callable[[Iterable], Iterable] = iter,
        constraints: Sequence[Constraint] = (),
        left: Left | None = None,
        state: State | None = None,
        **filters: Unpack[Filters],
    ) -> State:
        """Reads a prompt.

        A model of words also completes the word in which the prompt ends.

        Args:
            prompt: Text to continue. If empty, a line feed is read instead,
                or the model's first character if it has none, except by a model
                of documents. Only the last 16,384 characters count.
            count: Number of samples to draw in parallel.
            seed: Of the random numbers.
            watch: Wraps the loop over the prompt's pieces, for a progress
                bar: `rich.progress.track`, for example.
            constraints: What the samples keep to, `charrnn.Constraint`s.
            left: How much they may write.
            state: What `charrnn.prime` or `charrnn.load_state` returned: the
                samples go on from there, after the prompt, all of which counts.
            **filters: For the completion, as in `probabilities`.

        Returns:
            A `State` for the first new character of `count` samples.

        Raises:
            ValueError: if the prompt has a character that the model does not
                know, or if `count` is less than 1 or needs more memory than
                the machine has.

        Example:

        >>> sampler = Sampler("shakespeare")
        >>> sampler.start("ROMEO:", count=2).logits.shape
        (2, 69)
        """
        check_ram(self.engine, count)
        before = "" if state is None else state.read
        state = read_prompt(
            self.engine, prompt,
            count=count, seed=seed, watch=watch, state=state,
        )  # fmt: skip
        read = before + prompt
        rules = joined(constraints, read)
        rules = with_places(rules, filters, self.vocabulary)
        state = constrained(state, rules, self.vocabulary, read)
        return complete(self.engine, state, self._numbers, left, **filters)

    def step(
        self,
        state: State,
        left: Sequence[Left] | None = None,
        **filters: Unpack[Filters],
    ) -> tuple[np.ndarray, State]:
        """Draws the next character of each sample.

        Args:
            state: A `State`; it is not changed. If it has constraints, they
                are kept to; where its `ended` then has a reason, the id drawn
                is no part of the sample.
            left: How much each sample may still write, for its constraints;
                `None` if that is not known.
            **filters: `temperature`, `top_k`, `top_p` and `min_p` as in
                `probabilities`.

        Returns:
            `(ids, state)`: integers of shape `(samples,)` and the next state.

        Example:

        >>> sampler = Sampler("shakespeare")
        >>> ids, state = sampler.step(sampler.start("O", count=2), top_k=5)
        >>> ids.shape, state.position
        ((2,), 1)
        """
        p, steering = steered(state, left, self.vocabulary, **filters)
        numbers = self._numbers.at(
            state.position, seed=state.seed, samples=state.samples
        )
        ids = draw(p, numbers)
        logits, recurrent = self.engine.step(ids, state.recurrent)
        place = state.seed, state.samples, state.position + 1
        more = steering.after(ids) if steering else {}
        return ids, State(recurrent, logits, *place, **more)

    def generate(
        self,
        prompt: str = "",
        *,
        length: int,
        length_in: str = "units",
        count: int = 1,
        seed: int = 0,
        stop: str | Iterable[str] = (),
        stop_after: str | Iterable[str] = (),
        on_text: Callable[[int, str], Any] | None = None,
        interrupted: Callable[[], bool] | None = None,
        watch: Callable[[Iterable], Iterable] = iter,
        constraints: Sequence[Constraint] = (),
        state: State | None = None,
        **filters: Unpack[Filters],
    ) -> list[Sample]:
        """Writes whole samples, of a model of documents whole documents.

        Args:
            prompt: Text to continue; it is not repeated in the samples.
            length: Maximum number of new units (characters, words or bytes)
                per sample. Completing the last word of the prompt does not
                count.
            length_in: `"units"`, or `"characters"` to count characters
                whatever the model's unit is.
            count: Number of samples, drawn in parallel.
            seed: The same seed gives the same samples. The random numbers of
                sample i do not depend on `count`.
            stop: Strings that end a sample and are cut from it.
            stop_after: Strings that end a sample and stay in it. Of two that
                end at the same character the longer one counts.
            on_text: Called with `(index, text)` for each piece of `stream`.
            interrupted: Called before each step; once it returns true, the
                samples end as they are.
            watch: As for `start`.
            constraints: What the samples keep to, `charrnn.Constraint`s.
            state: As for `start`.
            **filters: `temperature`, `top_k`, `top_p` and `min_p` as in
                `probabilities`.

        Returns:
            A list of `count` `Sample`s.

        Raises:
            ValueError: as `stream` does.

        Example:

        >>> sampler = Sampler("shakespeare")
        >>> (line,) = sampler.generate(length=10_000, stop_after="\\n")
        >>> line.text.index("\\n") == len(line.text) - 1, line.stop_reason
        (True, 'stop_after')
        """
        drawing = self.stream(
            prompt,
            length=length,
            length_in=length_in,
            count=count,
            seed=seed,
            stop=stop,
            stop_after=stop_after,
            interrupted=interrupted,
            watch=watch,
            constraints=constraints,
            state=state,
            **filters,
        )
        return drawing.samples(on_text)

    def stream(
        self,
        prompt: str = "",
        *,
        length: int,
        length_in: str = "units",
        count: int = 1,
        seed: int = 0,
        stop: str | Iterable[str] = (),
        stop_after: str | Iterable[str] = (),
        interrupted: Callable[[], bool] | None = None,
        watch: Callable[[Iterable], Iterable] = iter,
        constraints: Sequence[Constraint] = (),
        state: State | None = None,
        **filters: Unpack[Filters],
    ) -> Drawing:
        """Yields samples piece by piece, without keeping them.

        Memory does not grow with the length of the text.

        The arguments are those of `generate`.

        Returns:
            A `Drawing`, an iterator of `(index, text)`: the next characters
            of a sample. They are yielded as soon as they are drawn, except
            while they may be the beginning of a `stop` string.

        Raises:
            ValueError: before the first piece, if an argument is out of range,
                or the prompt or a stop string has a character that the model
                does not write.

        Example:

        >>> sampler = Sampler("shakespeare")
        >>> sum(len(text) for _, text in sampler.stream("O", length=10))
        10
        """
        check_length(length, length_in)
        endings = checked(stop, stop_after, self.vocabulary)
        check_filters(**filters)
        left = Left(**{length_in: length})
        state = self.start(
            prompt,
            count=count,
            seed=seed,
            watch=watch,
            constraints=constraints,
            left=left,
            state=state,
            **filters,
        )
        check_can_begin(state, left, self.vocabulary)
        return Drawing(
            functools.partial(self.step, **filters),
            state,
            vocabulary=self.vocabulary,
            length=length,
            length_in=length_in,
            endings=endings,
            interrupted=interrupted,
        )
