"""Check that a checkpoint's arrays have the shapes of its network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.network.arguments import check_arguments
from charrnn.network.cells import CELLS
from charrnn.network.shapes import weight_shapes
from charrnn.text.units import UnitVocabulary
from charrnn.training.settings import NETWORK


def check_fit(
    settings: Mapping[str, Any],
    vocabulary: UnitVocabulary,
    arrays: Sequence[np.ndarray],
) -> None:
    """Checks that the arrays fit the network that the settings describe.

    Args:
        settings: Those of a checkpoint, whose types are checked.
        vocabulary: The run's vocabulary.
        arrays: The arrays of the checkpoint.

    Raises:
        ValueError: saying which of them are of another network.
    """
    early = {"recurrent_dropout": 0.0}  # versions that did not have it yet
    network = {n: settings.get(n, early.get(n, "auto")) for n in NETWORK}
    if "auto" in network.values():
        return  # an older version, which did not store all of them
    check_arguments(vocabulary, **network)
    shapes = [array.shape for array in arrays if not _is_seed(array)]
    weights, states = _weights(vocabulary, settings), _states(settings, shapes)
    first, last = len(weights), max(0, len(shapes) - len(states))
    slots = sorted([(), (), *weights, *weights])  # two counters, two moments
    for what, expected, received in (
        ("weights", weights, shapes[:first]),
        ("variables of the optimizer", slots, sorted(shapes[first:last])),
        ("states", states, shapes[last:]),
    ):
        if received != expected:
            raise ValueError(
                f"Expected the {what} of {settings['cell']}, "
                f"{settings['layers']} x {settings['units']} units, for "
                f"{len(vocabulary)} {vocabulary.plural}. Received those of "
                "another."
            )


def _weights(vocabulary, settings):
    """The shapes of a network's weights, in Keras's order."""
    name, units = CELLS[settings["cell"]].layer, settings["units"]
    embedding, shapes = settings["embedding"], []
    if embedding:
        shapes += weight_shapes("Embedding", len(vocabulary), embedding)
    width = embedding or len(vocabulary)
    for _ in range(settings["layers"]):
        shapes += weight_shapes(name, width, units)
        width = units
    return shapes + weight_shapes("Dense", units, len(vocabulary))


def _states(settings, shapes):
    """The shapes of the layers' states for the streams of a batch."""
    rows = shapes[-1][:1] if shapes else ()
    if "sizes" in settings:  # early versions did not store them
        rows = settings["sizes"][:1]
    count = len(CELLS[settings["cell"]].states) * settings["layers"]
    return [(*rows, settings["units"])] * count


def _is_seed(array):
    """Whether an array is the seed of a dropout layer."""
    return array.dtype.kind in "iu" and array.shape == (2,)
