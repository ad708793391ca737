"""Find which earlier characters each prediction depends on."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.alignment import names_of, text_of_documents
from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.network.recurrent import IGNORE_SPURIOUS_INVALID, NetworkState
from charrnn.network.tracing import Trace, trace
from charrnn.scoring.scan import checked_ids
from charrnn.system import ram
from charrnn.text.units import DEFAULT, UnitVocabulary

if TYPE_CHECKING:
    import keras

WINDOW = 50
PREDICTIONS_AT_ONCE = 256

# Float32 numbers that are kept for each unit of a layer and each step: the
# projected inputs, the states before and the parts of the step, and as many
# again while they are computed.
NUMBERS_PER_UNIT = 30


@dataclasses.dataclass(frozen=True)
class Connections:
    """How much each prediction depends on each of the inputs before it.

    Attributes:
        inputs: What the network read: n characters, words or bytes.
        norms: Of the gradient of the logit of input t + 1, the one that came,
            with respect to input t - k: `norms[t, k]`, `(n - 1, window)`; 0
            before the first input.
        unit: `"character"`, `"word"` or `"byte"`.
        text: What was read. Of documents, it has each boundary as a line
            feed.
    """

    inputs: tuple[str, ...]
    norms: np.ndarray
    unit: str = DEFAULT
    text: str = ""

    def __repr__(self) -> str:
        return (
            f"Connections({len(self.norms):,} predictions, a window of "
            f"{self.norms.shape[1]} {self.unit}s)"
        )

    @property
    def shares(self) -> np.ndarray:
        """The norms of each prediction divided by their sum."""
        totals = self.norms.sum(1, keepdims=True)
        return self.norms / np.where(totals > 0, totals, 1)

    @property
    def by_distance(self) -> np.ndarray:
        """The mean shares of inputs by how far back they are, `(window,)`.

        The first is that of the input just before the one predicted.
        Predictions with fewer inputs before them than the window are left
        out, if there are others.
        """
        window = self.norms.shape[1]
        return self.shares[min(window, len(self.norms)) - 1 :].mean(0)

    def distances(self) -> np.ndarray:
        """How far back each prediction looks on average, `(n - 1,)`.

        The mean of the distance from the input predicted, weighted by the
        shares.
        """
        return self.shares @ np.arange(1, self.norms.shape[1] + 1)

    def strongest(self, place: int, count: int = 5) -> list[tuple[int, float]]:
        """Finds the inputs that a prediction depends on most.

        Args:
            place: The index of the input predicted, from 1 to n - 1.
            count: How many to find.

        Returns:
            `(place, share)` of each, the strongest first; of equal ones, the
            nearer is first.

        Raises:
            ValueError: if there is no such prediction.
        """
        shares = self.shares_of(place)
        order = np.argsort(-shares, kind="stable")[:count]
        return [(place - 1 - int(k), float(shares[k])) for k in order]

    def shares_of(self, place: int) -> np.ndarray:
        """The shares of the inputs before one that is predicted.

        Args:
            place: The index of the input predicted, from 1 to n - 1.

        Returns:
            As many as there are within the window, the nearest first.

        Raises:
            ValueError: if there is no such prediction.
        """
        if not 1 <= place <= len(self.norms):
            raise ValueError(
                f"Expected a place from 1 to {len(self.norms)}: the first "
                f"{self.unit}, 0, is not predicted. Received {place}."
            )
        norms = self.norms[place - 1 : place]
        return Connections(self.inputs, norms).shares[0, :place]


def connections(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    *,
    window: int = WINDOW,
    vocabulary: UnitVocabulary | None = None,
    watch: Callable[[Iterable], Iterable] = iter,
) -> Connections:
    """Measures what each prediction of a text depends on.

    For each character (word, byte) that came, the gradient of its logit is
    computed with respect to each of the inputs before it: a one-hot vector,
    or the embedding of the input. A large norm says that a small change of
    that input would change the prediction much. All is computed in NumPy and
    float32, by back-propagation through time, for many predictions at once.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: As for `charrnn.score`. The time is proportional to its length,
            to the window and to the number of weights: about five seconds
            for 1,000 characters with the included model.
        window: How many inputs before each prediction to go back to. What a
            prediction owes to earlier ones is not counted.
        vocabulary: As for `charrnn.score`.
        watch: Wraps the loop over parts of the text, for a progress bar:
            `rich.progress.track`, for example.

    Returns:
        A `Connections`.

    Raises:
        ValueError: as `charrnn.score` does, if the window is less than 1, or
            if the result does not fit into the memory.

    Example:

    >>> found = connections("shakespeare", "ROMEO", window=3)
    >>> found.norms.shape, [place for place, _ in found.strongest(4, 2)]
    ((4, 3), [1, 2])

    Source: Madsen 2019, "Visualizing memorization in RNNs", takes the likeliest
    character's logit where this takes that of the one that came. Simonyan,
    Vedaldi and Zisserman 2014, "Deep inside convolutional networks".
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if window < 1:
        raise ValueError(f"Expected a window of 1 or more. Received {window}.")
    window = min(window, len(ids) - 1)
    _check_ram(engine, len(ids), window)
    norms = np.zeros((len(ids) - 1, window), np.float32)
    basis = _basis_of_inputs(engine)
    for start, traced, first in _traces(engine, ids, window, watch):
        rows = slice(start, start + len(traced.kept) - first)
        d_state = _at_the_outputs(engine, ids[1:][rows])
        norms[rows] = _norms(traced, first, d_state, basis, window)
    if isinstance(text, str) and engine.vocabulary.boundary is not None:
        text = text_of_documents(engine.vocabulary, ids)
    elif not isinstance(text, str):
        text = engine.vocabulary.decode(ids)
    inputs = tuple(names_of(engine.vocabulary)[ids])
    return Connections(inputs, norms, engine.vocabulary.unit, text)


def _check_ram(engine: Engine, length: int, window: int) -> None:
    units = sum(len(layer.U) for layer in engine.layers)
    steps = min(length, 2 * max(PREDICTIONS_AT_ONCE, window))
    ram.check_fits(
        4 * (NUMBERS_PER_UNIT * units * steps + 3 * window * length),
        "the connections of the text",
        "Read a part of it, or use a smaller window.",
    )


def _traces(
    engine: Engine,
    ids: np.ndarray,
    window: int,
    watch: Callable[[Iterable], Iterable],
) -> Iterable[tuple[int, Trace, int]]:
    """Yields the steps before some predictions, and those of the window.

    A part of the text is read twice: as the steps before its predictions, and
    as the window of the next part's. This saves the memory that all steps
    would take.

    Yields:
        `(start, trace, first)`: the number of the first prediction, the
        steps, and which of these is the one just before it.
    """
    length = max(PREDICTIONS_AT_ONCE, window)
    state, before = engine.zero_state(1), 0
    for start in watch(range(0, len(ids) - 1, length)):
        end = min(start + length, len(ids) - 1)
        traced = trace(engine, ids[before:end], state)
        yield start, traced, start - before
        if end < len(ids) - 1:
            state, before = traced.state_before(start - before), start


def _basis_of_inputs(engine: Engine) -> np.ndarray:
    """A matrix that keeps the norms of gradients at the inputs.

    The gradient at an input is `K d`, where K is the kernel and d the gradient
    at the projected input. If there are more inputs than columns, K = Q R
    with columns of Q that are orthonormal, and |K d| = |R d|.

    Returns:
        Array `(columns, inputs)` or `(columns, columns)`.
    """
    kernel = engine.layers[0].kernel
    if kernel.shape[0] > kernel.shape[1]:
        kernel = np.asarray(np.linalg.qr(kernel, mode="r"))
    return kernel.T


def _at_the_outputs(engine: Engine, targets: np.ndarray) -> NetworkState:
    """The gradients of the logits of some ids at the state before them."""
    _, (kernel, _) = engine.layer_weights()[-1]
    d_state = [
        tuple(np.zeros_like(a) for a in layer.zero_state(len(targets)))
        for layer in engine.layers
    ]
    d_state[-1] = (np.ascontiguousarray(kernel[:, targets].T), *d_state[-1][1:])
    return d_state


@IGNORE_SPURIOUS_INVALID
def _norms(
    traced: Trace,
    first: int,
    d_state: NetworkState,
    basis: np.ndarray,
    window: int,
) -> np.ndarray:
    """Goes back from some predictions, a step of each at once.

    Args:
        traced: All steps within their windows.
        first: The step just before the first prediction.
        d_state: The gradients of the logits at the states after the steps
            before the predictions.
        basis: See `_basis_of_inputs`.
        window: How many steps to go back.

    Returns:
        The norms of the gradients at the inputs, `(predictions, window)`.
    """
    last = len(traced.kept)
    norms = np.zeros((last - first, window), np.float32)
    for k in range(min(window, last)):
        begin = max(0, first - k)  # the text has no earlier step
        rows = slice(begin + k - first, None)
        d_state = [
            tuple(array[len(array) - (last - k - begin) :] for array in layer)
            for layer in d_state
        ]
        d_x, d_state = traced.step_back(slice(begin, last - k), d_state)
        norms[rows, k] = np.linalg.norm(d_x @ basis, axis=-1)
    return norms
