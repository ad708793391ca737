"""Check that training will fit into memory."""

from charrnn.network.arguments import parameters_of
from charrnn.network.cells import CELLS
from charrnn.system import ram
from charrnn.training.settings import Settings

# Training holds the weights, their gradients and Adam's two moments. While a
# checkpoint is written, it holds a second copy of all but the gradients.
WEIGHT_COPIES = 7
BYTES_PER_LAYER = 1 << 20  # of a layer's graph


def check_memory(settings: Settings, characters: int) -> None:
    """Checks that the weights and a step's activations fit into memory.

    Args:
        settings: The `settings.Settings`, with none left open.
        characters: The size of the vocabulary.

    Raises:
        ValueError: if they do not fit.
    """
    network = settings.network()
    cell, units, layers = network["cell"], network["units"], network["layers"]
    embedding = network["embedding"]
    batch_size, seq_length = settings.sizes or (0, 0)
    weights = parameters_of(characters, cell, units, layers, embedding)
    width = embedding or characters
    columns = len(CELLS[cell].blocks) * units
    # Forward and backward: each layer's gates, states and outputs; the input
    # and the logits.
    activations = 2 * (layers * (columns + 3 * units) + width + characters)
    ram.check_fits(
        4 * WEIGHT_COPIES * weights
        + 4 * batch_size * seq_length * activations
        + layers * BYTES_PER_LAYER,
        "the network",
        "Use fewer --units or --layers, a smaller --batch-size or "
        "--seq-length, or a smaller vocabulary with --max-vocab.",
    )
