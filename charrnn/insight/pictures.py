"""Plot measurements: loss over context, gradients, gates of units."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charrnn.insight.context import Curve
from charrnn.insight.neurons import Neurons
from charrnn.insight.vanishing import CellDecay
from charrnn.network.cells import CELLS
from charrnn.system.palette import BLUE, CURVES, ORANGE
from charrnn.system.plotting import picture


def draw_context(curve: Curve, path: Path) -> None:
    """Plots the loss against the length of the context.

    Args:
        curve: The result of `context_curve`.
        path: The `.png` file to write.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> curve = Curve((1, 2), np.array([3.0, 2.5]), np.zeros(2), 2.1)
    >>> path = Path(tempfile.mkdtemp()) / "context.png"
    >>> draw_context(curve, path)
    >>> path.exists()
    True
    """
    with picture(path) as [axes]:
        axes.errorbar(
            curve.contexts, curve.bits_per_character,
            2 * curve.standard_errors, fmt="o-", color=BLUE, capsize=3,
            label="with this context (bars: two standard errors)",
        )  # fmt: skip
        axes.axhline(
            curve.bits_per_character_with_all, color=ORANGE, linestyle="--",
            label=f"full context, {curve.bits_per_character_with_all:.3f}",
        )  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_xticks(curve.contexts, [f"{k:,}" for k in curve.contexts])
        axes.set_xlabel(f"context ({curve.unit}s before the one predicted)")
        axes.set_ylabel("loss (bits per character)")


def draw_decays(decays: Sequence[CellDecay], path: Path) -> None:
    """Plots norms of gradients against the lag, before and after training.

    Args:
        decays: The result of `decay_by_cell`.
        path: The `.png` file to write.

    Example:

    >>> import tempfile
    >>> from charrnn.insight.vanishing import decay_by_cell
    >>> text = "To be, or not to be: that is the question. " * 20
    >>> decays = decay_by_cell(text, units=4, steps=0, lags=5)
    >>> path = Path(tempfile.mkdtemp()) / "gradients.png"
    >>> draw_decays(decays, path)
    >>> path.exists()
    True
    """
    steps = sorted({each.steps for each in decays})
    panels = len(steps)
    with picture(path, panels, width=5 * panels, sharey=True) as row:
        for axes, number in zip(row, steps, strict=True):
            for each in decays:
                if each.steps == number:
                    _draw_decay(axes, each)
            axes.set_yscale("log")
            axes.set_title(
                f"after {number} steps" if number else "before training"
            )
            axes.set_xlabel(f"lag k ({decays[0].unit}s)")
        row[0].set_ylabel("norm of d loss(t) / d h(t - k)")


def _draw_decay(axes: Any, each: CellDecay) -> None:
    half_life = each.decay.half_life
    cell = CELLS[each.cell]
    label = cell.layer
    if half_life < float("inf"):
        label += f", half-life {half_life:.1f}"
    axes.plot(each.decay.norms, color=cell.colour, label=label)


def draw_saturation(found: Neurons, path: Path) -> None:
    """Plots how often each gate of each unit is saturated.

    Args:
        found: The result of `read_neurons` for a network with gates.
        path: The `.png` file to write.

    Raises:
        ValueError: if the network has no gates.

    Example:

    >>> draw_saturation(Neurons(units=[], saturation={}), Path("gates.png"))
    Traceback (most recent call last):
    ValueError: Expected layers with gates. Received only SimpleRNN.
    """
    gates = sorted({gate for _, gate in found.saturation})
    if not gates:
        raise ValueError("Expected layers with gates. Received only SimpleRNN.")
    layers = sorted({layer for layer, _ in found.saturation})
    shared = {"sharex": True, "sharey": True}
    with picture(path, len(gates), width=4 * len(gates), **shared) as row:
        for axes, gate in zip(row, gates, strict=True):
            for layer in layers:
                shut, opened = found.saturation[layer, gate]
                axes.plot(
                    opened,
                    shut,
                    ".",
                    alpha=0.5,
                    color=CURVES[(layer - 1) % len(CURVES)],
                    label=f"a unit of layer {layer}",
                )
            axes.plot([0, 1], [1, 0], color="#999999", linewidth=1)
            axes.set_title(gate)
            axes.set_xlabel("above 0.9: open (part of the text)")
        row[0].set_ylabel("below 0.1: shut (part of the text)")
