"""Score a text with baselines for comparison: n-grams and a compressor.

A loss of 1.9 means little by itself. These figures show what counting alone
achieves with the same training text on the same scored text. Words are spelled
out: all figures are per character.
"""

import lzma

import numpy as np

from charrnn.scoring.ngrams import ngrams
from charrnn.scoring.score import standard_error, to_bits
from charrnn.text.units import UnitVocabulary

# Only a part of longer texts is used, to bound time and memory: the end of the
# training text, which precedes the scored text, and the beginning of that one.
MAX_TRAINING_CHARACTERS = 4_000_000
MAX_SCORED_CHARACTERS = 1_000_000

# Orders up to the minimum are always measured, then higher ones until one is
# worse than the one before it.
MIN_ORDER = 5
MAX_ORDER = 20

# On fewer characters, a network may be worse than the 5-gram by chance.
MIN_CHARACTERS_TO_WARN = 1000

NEEDS_MORE = "the network needs more training, or more text"

# The compression that the xz program uses by default, as a raw stream: its
# file format would round sizes up to a multiple of four bytes.
XZ_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6}]


def measure(
    training: np.ndarray, held_out: np.ndarray, vocabulary: UnitVocabulary
) -> dict[str, float]:
    """Measures all baselines on the same split.

    Args:
        training: Ids to learn from, an integer array `(characters,)`. Of a
            longer text the last 4,000,000 are used.
        held_out: Ids to score, at least two; the first is context. Of a
            longer text the first 1,000,000 are used.
        vocabulary: The `charrnn.Vocabulary` of both.

    Returns:
        A `dict` of losses in nats per character: `"unigram"`, `"5-gram"`,
        the best order, such as `"7-gram"`, and `"xz"`.

    Example:

    >>> from charrnn import Vocabulary
    >>> vocabulary = Vocabulary("ab")
    >>> ids = vocabulary.encode("ab" * 500)
    >>> losses = measure(ids, ids[:100], vocabulary)
    >>> losses["unigram"] > losses["5-gram"]
    True
    """
    return measure_beside(training, held_out, vocabulary)[0]


def measure_beside(
    training: np.ndarray,
    held_out: np.ndarray,
    vocabulary: UnitVocabulary,
    network_nats: np.ndarray | None = None,
) -> tuple[dict[str, float], float | None]:
    """Measures all baselines, and the uncertainty of a network's lead.

    Args:
        training: As for `measure`, like the next two.
        held_out: Ids to score.
        vocabulary: The `charrnn.Vocabulary` of both.
        network_nats: A network's surprise at each of the scored characters,
            `(characters - 1,)`, or at the first of them; or `None`.

    Returns:
        `(losses, error)`: what `measure` returns, and the standard error, in
        nats, of the difference between the network and the 5-gram; `None`
        without a network.

    Example:

    >>> from charrnn import Vocabulary
    >>> ids = np.tile([0, 1], 500)
    >>> _, error = measure_beside(ids, ids[:100], Vocabulary("ab"))
    >>> error is None
    True
    """
    training, held_out = _parts(training, held_out, vocabulary)
    learnt, size = vocabulary.spelled(training)
    scored, _ = vocabulary.spelled(held_out)
    units = np.diff(_ends(held_out, vocabulary))  # characters of each but one
    context = len(scored) - int(units.sum())  # the characters of the first
    characters = max(1, vocabulary.characters_of(held_out[1:]))
    losses: list[float] = []
    error = None
    # Spelled out, too, the boundary of documents is the last of the ids.
    boundary = None if vocabulary.boundary is None else size - 1
    for of_each in ngrams(learnt, scored, size, boundary):
        nats = _by_unit(of_each[context - 1 :], units)
        losses.append(float(nats.mean()) * (len(nats) / characters))
        if len(losses) == MIN_ORDER and network_nats is not None:
            # Both find the same characters hard, so the mean difference is
            # far more certain than either loss.
            both = min(len(nats), len(network_nats))
            error = standard_error(network_nats[:both] - nats[:both])
            error *= len(nats) / characters
        enough = len(losses) > MIN_ORDER and losses[-1] > losses[-2]
        if enough or len(losses) == MAX_ORDER:
            break
    best = int(np.argmin(losses)) + 1
    by_name = {
        "unigram": losses[0],
        "5-gram": losses[4],
        f"{best}-gram": losses[best - 1],
        "xz": xz(vocabulary.decode(training), vocabulary.decode(held_out)),
    }
    return by_name, error


def _ends(ids: np.ndarray, vocabulary: UnitVocabulary) -> np.ndarray:
    """Where each unit ends, in what `spelled` makes of the text."""
    if vocabulary.unit == "word":
        return np.cumsum(vocabulary.lengths[ids], dtype=np.int64)
    return np.arange(1, len(ids) + 1)


def _parts(
    training: np.ndarray, held_out: np.ndarray, vocabulary: UnitVocabulary
) -> tuple[np.ndarray, np.ndarray]:
    """The parts of both texts that are used."""
    training = training[-MAX_TRAINING_CHARACTERS:]
    held_out = held_out[:MAX_SCORED_CHARACTERS]
    from_end = _ends(training[::-1], vocabulary)
    least = np.searchsorted(from_end, MAX_TRAINING_CHARACTERS, "right")
    most = np.searchsorted(
        _ends(held_out, vocabulary), MAX_SCORED_CHARACTERS, "right"
    )
    return training[len(training) - int(least) :], held_out[: int(most)]


def _by_unit(nats: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Adds up the nats of the characters of each unit."""
    if len(nats) == len(lengths):
        return nats
    return np.add.reduceat(nats, np.cumsum(lengths) - lengths)


def comparison(
    losses: dict[str, float],
    nats_per_character: float,
    characters: int,
    error: float | None = None,
    reason: str = NEEDS_MORE,
) -> str:
    """Compares a network's loss with the baselines, in words and in bits.

    Args:
        losses: Nats per character by name, as `measure` returns them.
        nats_per_character: The network's loss on the same text.
        characters: Length of that text.
        error: The standard error of the difference from the 5-gram, in nats.
            Without it there is no warning on fewer than 1,000 characters.
        reason: Why the network may be worse than the 5-gram, and what to do.

    Returns:
        One line; a second one warns if the network is worse than the 5-gram.

    Example:

    >>> comparison({"5-gram": 2.0794415, "xz": 2.7725887}, 1.9, 5000)
    'to compare  5-gram 3.00, xz 4.00 bits/char'
    """
    bits = (f"{name} {_figure(value)}" for name, value in losses.items())
    line = f"to compare  {', '.join(bits)} bits/char"
    difference = nats_per_character - losses["5-gram"]
    if difference <= 0:
        return line
    warning = "warning     the 5-gram, which only counts, does better"
    if characters >= MIN_CHARACTERS_TO_WARN:
        return f"{line}\n{warning}: {reason}"
    if error is None:
        return line
    warning += f", by {_uncertain(difference, error)} of {characters:,}"
    warning += " characters"
    if difference < 2 * error:
        reason = "that may be chance"
    return f"{line}\n{warning}: {reason}"


def _uncertain(nats: float, error: float) -> str:
    """A difference with its standard error, in bits."""
    bits = f"{to_bits(nats):.2f}"
    if np.isfinite(error):
        bits += f" \u00b1 {to_bits(error):.2f}"
    return f"{bits} bits/char"


def _figure(nats: float) -> str:
    """Bits with two decimals; a positive number is never written as 0."""
    bits = to_bits(nats)
    return "< 0.01" if 0 < bits < 0.005 else f"{bits:.2f}"


def xz(training: str, held_out: str) -> float:
    """Scores a text by the bytes that it adds to a compressed file's size.

    Args:
        training: The text before it, a `str`.
        held_out: A `str`.

    Returns:
        Nats per character. A file grows by whole bytes; at least one byte is
        counted.

    Example:

    >>> xz("to be or not to be, " * 50, "to be or not to be, " * 50) < 0.1
    True
    """
    both, before = (
        len(lzma.compress(_bytes_of(text), lzma.FORMAT_RAW, filters=XZ_FILTERS))
        for text in (training + held_out, training)
    )
    added = max(1, both - before)
    return float(added * 8 * np.log(2) / len(held_out))


def _bytes_of(text: str) -> bytes:
    """The text in UTF-8; other bytes of a byte model stay unchanged."""

    return text.encode("utf-8", "surrogateescape")
