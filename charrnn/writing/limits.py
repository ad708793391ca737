"""Check before drawing that what is asked for can be drawn."""

from charrnn.network.engine import Engine
from charrnn.system import ram
from charrnn.system.terminal import counted
from charrnn.text.units import UnitVocabulary
from charrnn.writing import ledger
from charrnn.writing.random_numbers import STEPS_PER_BLOCK

LENGTHS = "units", "characters"  # the units in which a length may be given


def check_length(length: int, length_in: str) -> None:
    """Checks the length of samples, and what it counts.

    Args:
        length: Maximum length of a sample.
        length_in: One of `LENGTHS`.

    Raises:
        ValueError: if one of them is out of range.

    Example:

    >>> check_length(10, "units")
    """
    if length < 0:
        raise ValueError(f"Expected a length of at least 0. Received {length}.")
    if length_in not in LENGTHS:
        raise ValueError(
            f"Expected length_in to be one of {', '.join(LENGTHS)}. "
            f"Received {length_in!r}."
        )


def check_ram(engine: Engine, count: int) -> None:
    """Checks that there is enough memory to draw samples in parallel.

    Args:
        engine: The network that writes them.
        count: Number of samples.

    Raises:
        ValueError: if there is not, or `count` is less than 1.

    Example:

    >>> from charrnn import load
    >>> check_ram(load("shakespeare"), count=3)
    """
    if count < 1:
        raise ValueError(f"Expected a count of at least 1. Received {count}.")
    states = sum(a.size for layer in engine.zero_state(1) for a in layer)
    gates = max(layer.kernel.shape[1] for layer in engine.layers)
    logits = 4 * count * len(engine.vocabulary)  # float32
    pending = ledger.peak_bytes(logits)
    # The two peaks do not coincide: either the filters work in float64 while
    # logits are pending, or the ledger copies the pending logits.
    peak = max(16 * logits + pending, 4 * pending)
    # Old and new states, gates and their activations, a block of random
    # numbers, and Python's own objects.
    per_sample = 8 * states + 12 * gates + 8 * STEPS_PER_BLOCK + 1024
    ram.check_fits(
        peak + count * per_sample,
        f"{counted(count, 'sample')} side by side",
        "Draw fewer at a time.",
    )


def check_can_write(vocabulary: UnitVocabulary) -> None:
    """Checks that a vocabulary has a character that may be written.

    Args:
        vocabulary: Of the model.

    Raises:
        ValueError: if it has only the stand-in for rare characters.

    Example:

    >>> from charrnn import Vocabulary
    >>> check_can_write(Vocabulary("ab"))
    """
    if vocabulary.stand_in is not None and len(vocabulary.inner) == 1:
        raise ValueError(
            "Expected a model with characters to write. Received one that "
            "knows only U+FFFD, which stands for rare characters and is never "
            "written. Train one with a lower --min-count."
        )
