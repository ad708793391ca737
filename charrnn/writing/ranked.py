"""Rank samples: by likelihood, by novelty, or by what constraints excluded."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from charrnn.text.copying import copied
from charrnn.writing.drawing import Sample
from charrnn.writing.steering import DEAD_END

# What samples are ranked by, and what that counts: the lower the better.
FIGURES = {
    "likelihood": "nats per character",
    "novelty": "characters of the longest copied run, on average",
    "match": "the probability that constraints excluded, on average",
}


@dataclasses.dataclass(frozen=True)
class Ranked:
    """A sample and its rank.

    Attributes:
        sample: The `Sample`.
        rank: 1 for the best.
        figure: What it was ranked by; the lower the better.
    """

    sample: Sample
    rank: int
    figure: float


def ranked(
    samples: Sequence[Sample],
    by: str = "likelihood",
    *,
    source: str | None = None,
) -> list[Ranked]:
    """Ranks samples, the best first.

    The likeliest samples are often the plainest, and repeat themselves.

    Args:
        samples: As `Sampler.generate` returns them.
        by: `"likelihood"`: by -ln p per character, under the network itself.
            `"novelty"`: by the longest run of the source that each character
            is in, on average over the characters. `"match"`: by the
            probability of what constraints excluded, so that a text that the
            model would have written anyway comes first.
        source: The text from which novel samples do not copy.

    Returns:
        The samples in order. Those without text come after the others, and
        last those that ended before their constraints allowed it.

    Raises:
        ValueError: if `by` is none of these, or a source is missing.

    Example:

    >>> from charrnn import Sampler
    >>> samples = Sampler("shakespeare").generate("O", length=20, count=4)
    >>> best = ranked(samples)[0]
    >>> best.figure == min(s.nats_per_character for s in samples)
    True
    """
    if by not in FIGURES:
        raise ValueError(
            f"Expected to rank by {', '.join(FIGURES)}. Received {by!r}."
        )
    if by == "novelty":
        if source is None:
            raise ValueError("Expected a source to rank by novelty.")
        figures = _copied_runs([sample.text for sample in samples], source)
    elif by == "match":
        figures = [sample.masked for sample in samples]
    else:
        figures = [sample.nats_per_character for sample in samples]

    def order(pair: tuple[Sample, float]) -> tuple[bool, bool, float]:
        sample, figure = pair
        return sample.stop_reason == DEAD_END, not sample.text, figure

    pairs = sorted(zip(samples, figures, strict=True), key=order)
    return [
        Ranked(sample, rank, figure)
        for rank, (sample, figure) in enumerate(pairs, 1)
    ]


def _copied_runs(texts: Sequence[str], source: str) -> list[float]:
    """For each text the longest run that a character is in, on average."""
    used = set(source).union(*texts)
    between = next(c for c in map(chr, itertools.count()) if c not in used)
    lengths = copied(between.join(texts), source, min_run=1).lengths
    ends = np.cumsum([len(text) + 1 for text in texts])
    return [
        float(lengths[end - len(text) - 1 : end - 1].mean()) if text else 0.0
        for text, end in zip(texts, ends.tolist(), strict=True)
    ]
