"""Check that training will fit into memory."""

from charrnn.network.arguments import parameters_of
from charrnn.network.cells import CELLS
from charrnn.system import ram
from charrnn.training.settings import Settings

# Copies of the weights that training needs: the weights, their gradients, the
# two moments of Adam; and, while a checkpoint is written, all but the
# gradients once more.
WEIGHT_COPIES = 7
BYTES_PER_LAYER = 1 << 20  # of its graph


def check_memory(settings: Settings, characters: int) -> None:
    """Checks that weights and a step's activations fit into the memory.

    Args:
        settings: The `settings.Settings`, with all that is chosen.
        characters: How many distinct characters there are.

    Raises:
        ValueError: if they do not.
    """
    network = settings.network()
    cell, units, layers = network["cell"], network["units"], network["layers"]
    embedding = network["embedding"]
    batch_size, seq_length = settings.sizes or (0, 0)
    weights = parameters_of(characters, cell, units, layers, embedding)
    width = embedding or characters
    columns = len(CELLS[cell].blocks) * units
    # Each in both directions: gates, states and outputs; input and logits.
    activations = 2 * (layers * (columns + 3 * units) + width + characters)
    ram.check_fits(
        4 * WEIGHT_COPIES * weights
        + 4 * batch_size * seq_length * activations
        + layers * BYTES_PER_LAYER,
        "the network",
        "Use fewer --units or --layers, a smaller --batch-size or "
        "--seq-length, or, against rare characters, --max-vocab.",
    )
