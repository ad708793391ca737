"""Read a text of any length once, to go on from it many times."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.writing.prompts import read_prompt
from charrnn.writing.state import State

if TYPE_CHECKING:
    import keras


def prime(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str = "",
    *,
    state: State | None = None,
    watch: Callable[[Iterable], Iterable] = iter,
) -> State:
    """Reads a text, all of it, for samples that go on from there.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            `charrnn.Mixture`.
        text: A text of any length. If it is empty and there is no state, it is
            read as an empty prompt is by `Sampler.start`.
        state: What an earlier call returned, to read on from there.
        watch: As for `Sampler.start`.

    Returns:
        A `State` of one sample, for the argument `state` of
        `Sampler.generate`. If a model of words may lengthen the last word,
        that word is completed there.

    Raises:
        ValueError: as `Sampler.start` does.

    Example:

    >>> from charrnn import Sampler
    >>> state = prime("shakespeare", "ROMEO:\\nBut soft! ")
    >>> sampler = Sampler("shakespeare")
    >>> (sample,) = sampler.generate("What", state=state, length=9, seed=3)
    >>> (whole,) = sampler.generate(
    ...     "ROMEO:\\nBut soft! What", length=9, seed=3
    ... )
    >>> sample.text == whole.text
    True
    """
    engine = engine_of(model, for_text=True)
    return read_prompt(
        engine, text, count=1, seed=0, watch=watch, state=state, whole=True
    )
