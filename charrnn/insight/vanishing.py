"""Compare how gradients vanish in each kind of cell, before and after training.

For each kind of cell, a network of one layer is built. How far back its loss
reaches is measured on held-out text, before and after some training steps.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.jacobians import SingularValues, singular_values
from charrnn.network.arguments import parameters_of
from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.system import ram
from charrnn.text import kinds
from charrnn.text.units import DEFAULT, UnitVocabulary
from charrnn.text.windows import Windows, fit_to_text
from charrnn.training import rules
from charrnn.training.units import split_by_characters

if TYPE_CHECKING:
    import keras

    from charrnn.insight.gradients import Decay

VALIDATION = 0.1  # the part of the text that is held out
EXCERPTS = 64  # pieces of the held-out text whose gradients are averaged
WARM_UP = 32  # units read first, so that the state becomes typical
# Float32 copies of all weights in memory: the weights, their gradients, the
# optimizer's two moments, and TensorFlow's buffers.
WEIGHT_COPIES = 8
MAX_SINGULAR_LAGS = 50  # a decomposition for each takes a while
SINGULAR_PLACES = 2


@dataclasses.dataclass(frozen=True)
class CellDecay:
    """How the gradients of one kind of cell vanish.

    Attributes:
        cell: A name in `CELLS`, such as `"lstm"`.
        steps: Number of training steps; 0 for the new network.
        decay: The measured decay.
        training_nats_per_character: The mean training loss; `None` for the
            new network.
        unit: What the networks read: `"character"`, `"word"` or `"byte"`.
            Lags are counted in it.
        singular: The singular values of d h(t) / d h(t - k); `None` if they
            were not asked for.
    """

    cell: str
    steps: int
    decay: "Decay"
    training_nats_per_character: float | None
    unit: str = DEFAULT
    singular: SingularValues | None = None


def decay_by_cell(
    text: str,
    *,
    unit: str = DEFAULT,
    units: int = 128,
    steps: int = 500,
    lags: int = 100,
    seed: int = 0,
    singular: bool = False,
    watch: Callable[[Iterable], Iterable] = iter,
) -> list[CellDecay]:
    """Trains a small network of each kind of cell, and measures its gradients.

    Args:
        text: Its last tenth is held out: measured on, not trained on.
        unit: What the networks read: `"character"`, `"word"` or `"byte"`.
        units: Size of the single layer of each network.
        steps: Training steps between the two measurements; with 0 only the
            first is made.
        lags: Number of characters, words or bytes to look back.
        seed: Of the weights and the windows.
        singular: Whether to measure singular values, too, of up to 50 lags.
        watch: Wraps the loop over cells, for a progress bar:
            `rich.progress.track`, for example.

    Returns:
        For each kind of cell the new network, then the trained one.

    Raises:
        ValueError: if there is no such unit, the text is too short for the
            lags, or the network too large for this machine.

    Example:

    >>> text = "To be, or not to be: that is the question. " * 20
    >>> [each.cell for each in decay_by_cell(text, units=4, steps=0, lags=5)]
    ['simple_rnn', 'lstm', 'gru']

    Source: as for `charrnn.gradient_decay`.
    """
    vocabulary = kinds.from_text(unit, [text])
    training, held_out = split_by_characters(
        vocabulary.encode(text), vocabulary, VALIDATION
    )
    _check_ram(units, len(vocabulary))
    excerpts = _excerpts(held_out, lags, vocabulary.plural)
    found = []
    for cell in watch(CELLS):
        found += _measure(
            cell, vocabulary, training, excerpts,
            units=units, steps=steps, lags=lags, seed=seed, singular=singular,
        )  # fmt: skip
    return found


def _measure(
    cell: str,
    vocabulary: UnitVocabulary,
    training: np.ndarray,
    excerpts: np.ndarray,
    *,
    units: int,
    steps: int,
    lags: int,
    seed: int,
    singular: bool,
) -> list[CellDecay]:
    """Measures one kind of cell: a new network, and the same one trained."""
    # Imported here because they load TensorFlow, which slows down `--help`.
    from charrnn.insight.gradients import gradient_decay
    from charrnn.network.backend import set_random_seed, use_float32

    use_float32()
    set_random_seed(seed)
    model = build_model(vocabulary, cell=cell, units=units, layers=1)
    unit = vocabulary.unit

    def spectra() -> SingularValues | None:
        return _singular(model, excerpts, lags) if singular else None

    before = gradient_decay(model, excerpts, lags)
    found = [CellDecay(cell, 0, before, None, unit, spectra())]
    if steps:
        rate = rules.rate_for(cell, units)
        nats = _train(model, training, steps, rate, seed)
        nats *= len(training) / max(1, vocabulary.characters_of(training))
        after = gradient_decay(model, excerpts, lags)
        found.append(CellDecay(cell, steps, after, nats, unit, spectra()))
    return found


def _singular(
    model: "keras.Sequential", excerpts: np.ndarray, lags: int
) -> SingularValues:
    """The singular values, at places in the middle of the held-out part."""
    return singular_values(
        model,
        excerpts[len(excerpts) // 2],
        lags=min(lags, MAX_SINGULAR_LAGS),
        places=SINGULAR_PLACES,
    )


def _check_ram(units: int, characters: int) -> None:
    weights = max(
        parameters_of(characters, cell, units, layers=1) for cell in CELLS
    )
    bytes_needed = 4 * WEIGHT_COPIES * weights
    ram.check_fits(bytes_needed, "the network", "Use fewer --units.")


def _excerpts(held_out: np.ndarray, lags: int, plural: str) -> np.ndarray:
    """Excerpts from all over the held-out ids: `(excerpts, units)`."""
    length = WARM_UP + lags + 2  # for lag 0, and for the predicted last id
    if len(held_out) < length:
        raise ValueError(
            f"Expected a last tenth of {length:,} {plural} or more. "
            f"Received {len(held_out):,}. Use fewer --lags, or a longer text."
        )
    starts = np.linspace(0, len(held_out) - length, EXCERPTS).astype(int)
    return np.stack([held_out[start : start + length] for start in starts])


def _train(
    model: "keras.Sequential",
    training: np.ndarray,
    steps: int,
    rate: float,
    seed: int,
) -> float:
    """Trains a network; returns its mean loss per unit, in nats."""
    from charrnn.training.schedule import Schedule, loss, optimizer
    from charrnn.twins.fused import fused

    batch_size, seq_length = fit_to_text(len(training), 32, 64)
    windows = Windows(
        training, batch_size=batch_size, seq_length=seq_length, seed=seed
    )
    twin = fused(model, batch_size=batch_size)
    twin.compile(optimizer(rate), loss())
    history = twin.fit(
        windows.dataset(),
        steps_per_epoch=steps,
        callbacks=[Schedule(windows, rate, steps)],
        shuffle=False,
        verbose=0,
    )
    return float(history.history["loss"][-1])
