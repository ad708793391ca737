"""Check the arguments of `build_model`, and derive sizes from them."""

from collections.abc import Sequence, Sized
from typing import Any

from charrnn.network.cells import CELLS
from charrnn.network.layers import StoredLayer
from charrnn.network.shapes import parameter_count, weight_shapes

MAX_ONE_HOT_CHARACTERS = 256  # more characters than this are embedded
EMBEDDING_DIM = 256


def check_arguments(
    vocabulary: Sized,
    cell: str,
    units: int,
    layers: int,
    dropout: float,
    embedding: int | str | None,
    recurrent_dropout: float = 0.0,
) -> None:
    """Checks the arguments of `build_model` without importing Keras.

    Args:
        vocabulary: As for `build_model`, like all that follow.
        cell: The kind of cell.
        units: Size of each recurrent layer.
        layers: Number of recurrent layers.
        dropout: Fraction dropped.
        embedding: Size of the embedding.
        recurrent_dropout: Fraction of the states dropped.

    Raises:
        ValueError: if one is out of range; the message names the first.

    Example:

    >>> check_arguments("abc", "lstm", 8, 2, 0.5, None)
    """
    if cell not in CELLS:
        raise ValueError(
            f"Expected a cell among {sorted(CELLS)}. Received {cell!r}."
        )
    check_size(vocabulary)
    sizes: dict[str, Any] = {"units": units, "layers": layers}
    if embedding not in (None, "auto"):
        sizes["embedding"] = embedding
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(
                f"Expected {name} to be a whole number of at least 1. "
                f"Received {size!r}."
            )
    _check_rate("dropout", dropout)
    _check_rate("recurrent_dropout", recurrent_dropout)
    if recurrent_dropout and not CELLS[cell].has_recurrent_dropout:
        able = sorted(n for n, c in CELLS.items() if c.has_recurrent_dropout)
        raise ValueError(
            f"Expected no recurrent_dropout with the cell {cell!r}. Received "
            f"{recurrent_dropout!r}. Cells that have it: {', '.join(able)}."
        )


def _check_rate(name: str, rate: Any) -> None:
    """Checks a fraction that is dropped."""
    if not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise ValueError(
            f"Expected a {name} from 0 up to, but not, 1. Received {rate!r}."
        )


def check_size(vocabulary: Sized) -> None:
    """Checks that there are at least two characters to predict.

    Args:
        vocabulary: A `Vocabulary`, or a `str` of distinct characters.

    Raises:
        ValueError: if it has fewer than two characters.

    Example:

    >>> check_size("ab")
    """
    if len(vocabulary) < 2:
        raise ValueError(
            "Expected at least 2 distinct characters: there is nothing to "
            f"predict in a text of {len(vocabulary)}."
        )


def embedding_dim(embedding: int | str | None, characters: int) -> int | None:
    """Resolves `embedding="auto"` to one-hot vectors or an embedding.

    Args:
        embedding: As for `build_model`.
        characters: Number of characters in the vocabulary.

    Returns:
        The size of the embedding, or `None` for one-hot vectors.

    Example:

    >>> embedding_dim("auto", 65), embedding_dim("auto", 4532)
    (None, 256)
    """
    if not isinstance(embedding, str):
        return embedding
    return None if characters <= MAX_ONE_HOT_CHARACTERS else EMBEDDING_DIM


def parameters_of(
    characters: int,
    cell: str,
    units: int,
    layers: int,
    embedding: int | str | None = "auto",
) -> int:
    """Counts the parameters of a network without building it.

    Args:
        characters: Number of characters in the vocabulary.
        cell: As for `build_model`, like all that follow.
        units: Size of each recurrent layer.
        layers: Number of recurrent layers.
        embedding: Size of the embedding, `None` or `"auto"`.

    Returns:
        An `int`.

    Example:

    >>> from charrnn.network.model import build_model
    >>> build_model(range(65), units=8).count_params()
    3497
    >>> parameters_of(65, "lstm", units=8, layers=2)
    3497
    """
    name, embedding = CELLS[cell].layer, embedding_dim(embedding, characters)
    shapes = [
        weight_shapes("Embedding", characters, embedding) if embedding else [],
        weight_shapes(name, embedding or characters, units),
        weight_shapes("Dense", units, characters),
    ]
    further = weight_shapes(name, units, units)  # each but the first layer
    return parameter_count(shapes) + (layers - 1) * parameter_count([further])


def network_of(layers: Sequence[StoredLayer]) -> dict[str, Any]:
    """Finds the arguments of `build_model` that make given layers.

    Args:
        layers: A list of `(class name, settings, arrays)`, as
            `model_file.read` returns it.

    Returns:
        A `dict` of the keyword arguments of `build_model`.

    Raises:
        ValueError: if the recurrent layers differ in kind or size.

    Example:

    >>> layers = [
    ...     ("CategoryEncoding", {"num_tokens": 5}, []),
    ...     ("GRU", {"units": 8}, []),
    ...     ("Dropout", {"rate": 0.1}, []),
    ...     ("Dense", {"units": 5}, []),
    ... ]
    >>> network_of(layers)["units"], network_of(layers)["embedding"]
    (8, None)
    """
    names = {cell.layer: name for name, cell in CELLS.items()}
    recurrent = [(n, s) for n, s, _ in layers if n in names]
    settings = {n: s for n, s, _ in layers}
    kinds = {(class_name, own["units"]) for class_name, own in recurrent}
    if len(kinds) > 1:
        raise ValueError(
            "Expected recurrent layers of one kind and one size. "
            f"Received {sorted(kinds)}."
        )
    [(class_name, units)] = kinds
    of_state = max(own.get("recurrent_dropout", 0.0) for _, own in recurrent)
    return {
        "cell": names[class_name],
        "units": units,
        "layers": len(recurrent),
        "dropout": settings.get("Dropout", {}).get("rate", 0.0),
        "embedding": settings.get("Embedding", {}).get("output_dim"),
        "recurrent_dropout": of_state,
    }
