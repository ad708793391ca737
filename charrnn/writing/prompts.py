"""Read a prompt, and complete the word in which it ends.

A model of words would read "Emperor of " as words of which the last is a
space. Hardly any word can follow a space, because words include the space
before them. And "Napo" would be spelled out, so that "Napoleon" is no longer
possible. So if the end of a prompt may be part of a longer word, it is not
read. Instead, a word is drawn from those that begin with it:

    p(word | prompt's beginning, the word begins with the prompt's rest)

The rest is also a candidate as it stands: as a word, or spelled out.
"""

from collections.abc import Callable, Iterable
from typing import Unpack

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.recurrent import NetworkState
from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Left
from charrnn.writing.following import Progress, follow_text
from charrnn.writing.probabilities import (
    Filters,
    log_total,
    probabilities,
    surprise,
    without,
)
from charrnn.writing.random_numbers import UniformBlocks, draw
from charrnn.writing.state import State

# A prompt is read in pieces, so that a long one takes no more memory.
UNITS_PER_PIECE = 1024

# Only the end of a longer prompt is read. What comes before makes no
# difference: two prompts that share their last 2,048 characters give the
# bundled model of Shakespeare the same logits, up to rounding.
MAX_PROMPT_CHARACTERS = 16_384

# Of the prompt, a state keeps so many characters for constraints.
MAX_KEPT_CHARACTERS = 1_000


def read_prompt(
    engine: Engine,
    prompt: str,
    *,
    count: int,
    seed: int,
    watch: Callable[[Iterable], Iterable] = iter,
    state: State | None = None,
    whole: bool = False,
) -> State:
    """Reads a prompt, except for the rest that `complete` completes.

    Args:
        engine: The model.
        prompt: A text; if it is empty, `new_line` is read instead. A model of
            documents reads the boundary before it, which begins a document.
        count: Number of samples to draw in parallel.
        seed: Of the random numbers.
        watch: As for `Sampler.start`.
        state: A state of one sample to go on from: the prompt follows what
            was read there. All of it is then read, and nothing if it is empty.
        whole: Whether to read all of a longer prompt than
            `MAX_PROMPT_CHARACTERS` without a state, too.

    Returns:
        A `State`, with the unread rest of the prompt.

    Raises:
        ValueError: if the prompt has a character that the model does not know,
            or the state has several samples.

    Example:

    >>> from charrnn import load
    >>> read_prompt(load("shakespeare"), "O", count=2, seed=0).logits.shape
    (2, 69)
    """
    if state is not None:
        check_one_sample(state)
    ids, rest = _to_read(engine.vocabulary, prompt, state)
    if state is None and not whole:
        ids = ids[-MAX_PROMPT_CHARACTERS:]
    recurrent, logits = _read(engine, ids, state, watch)
    if state is None and len(ids) == 1:  # no document is empty
        logits = without(engine.vocabulary.boundary, logits)
    before = "" if state is None else state.read
    # All samples share the prompt: read it once, then copy the state.
    return State(
        [tuple(np.repeat(a, count, 0) for a in s) for s in recurrent],
        np.repeat(logits, count, 0),
        seed,
        np.arange(count),
        rest=rest,
        read=(before + prompt)[-MAX_KEPT_CHARACTERS:],
    )


def _to_read(
    vocabulary: UnitVocabulary, prompt: str, state: State | None
) -> tuple[np.ndarray, str]:
    """The ids that a network reads, and the rest of the prompt.

    Without a state to go on from, there is at least one id.
    """
    text = prompt if state is None else state.rest + prompt
    inner = vocabulary.inner
    settled = inner.settled_length(text)
    if settled < len(text):
        inner.encode(prompt)  # so that an error has the right position
    rest = text[settled:]
    if state is not None:
        return inner.encode(text[:settled]), rest
    if vocabulary.boundary is not None:
        begin = np.array([vocabulary.boundary])
        return np.concatenate([begin, inner.encode(text[:settled])]), rest
    return vocabulary.encode(text[:settled] or new_line(vocabulary)), rest


def _read(
    engine: Engine,
    ids: np.ndarray,
    state: State | None,
    watch: Callable[[Iterable], Iterable],
) -> tuple[NetworkState, np.ndarray]:
    """Reads ids piece by piece, and returns the state and the logits."""
    recurrent: NetworkState | None = None
    logits = np.empty(0)
    if state is not None:
        recurrent, logits = state.recurrent, state.logits
    starts = range(0, len(ids), UNITS_PER_PIECE)
    pieces = [ids[None, s : s + UNITS_PER_PIECE] for s in starts]
    for piece in watch(pieces) if pieces else ():
        logits, recurrent = engine.read(piece, recurrent)
    return recurrent or [], logits


def check_one_sample(state: State) -> None:
    """Raises a ValueError if a state has several samples."""
    if len(state.samples) != 1:
        raise ValueError(
            "Expected a state of one sample to go on from. Received one of "
            f"{len(state.samples):,}. `charrnn.prime` returns one."
        )


def new_line(vocabulary: UnitVocabulary) -> str:
    r"""The text read instead of an empty prompt: a line feed, if known.

    Args:
        vocabulary: Of the model.

    Returns:
        A line feed, or the first character of the alphabet.

    Example:

    >>> from charrnn import Vocabulary
    >>> new_line(Vocabulary("\nab")), new_line(Vocabulary("ab"))
    ('\n', 'a')
    """
    known = "\n" in vocabulary.alphabet
    return "\n" if known else vocabulary.alphabet[0]


def complete(
    engine: Engine,
    state: State,
    numbers: UniformBlocks,
    left: Left | None = None,
    **filters: Unpack[Filters],
) -> State:
    """Completes the word in which a prompt ends, for each sample.

    Args:
        engine: The model.
        state: What `read_prompt` returned.
        numbers: The random numbers; those of the first position are used.
        left: How much may be written after it, for the state's constraints.
        **filters: As for `probabilities`.

    Returns:
        The `State` after the word; its `opening` has the characters added.

    Raises:
        ValueError: if the constraints allow no such word.
    """
    if not state.rest:
        return state
    before = [tuple(a[:1] for a in layer) for layer in state.recurrent]
    paths, nats = _candidates(engine, state)
    progress: list[Progress] = [()] * len(paths)
    if state.constraints:
        paths, nats, progress = _within(engine, state, paths, nats, left)
    p = probabilities(-nats[None], **filters)
    places = draw(
        np.repeat(p, len(state.samples), 0),
        numbers.at(state.position, seed=state.seed, samples=state.samples),
    )
    drawn, row_of = np.unique(places, return_inverse=True)
    after = [engine.read(np.array([paths[i]]), before) for i in drawn]
    texts = [engine.vocabulary.decode(paths[i]) for i in drawn]
    return State(
        [
            tuple(np.concatenate(a)[row_of] for a in zip(*layer, strict=True))
            for layer in zip(*(r for _, r in after), strict=True)
        ],
        np.concatenate([logits for logits, _ in after])[row_of],
        state.seed,
        state.samples,
        state.position + 1,
        opening=tuple(texts[row][len(state.rest) :] for row in row_of),
        constraints=state.constraints,
        progress=tuple(progress[drawn[row]] for row in row_of)
        if state.constraints
        else (),
    )


def _within(
    engine: Engine,
    state: State,
    paths: list[tuple[int, ...]],
    nats: np.ndarray,
    left: Left | None,
) -> tuple[list[tuple[int, ...]], np.ndarray, list[Progress]]:
    """Keeps the candidates that a state's constraints allow."""
    vocabulary = engine.vocabulary.inner
    ids = {c: int(vocabulary.encode(c)[0]) for c in vocabulary.alphabet}
    before = state.progress[0]
    after = []
    for path in paths:
        opening = vocabulary.decode(path)[len(state.rest) :]
        letters = [ids[c] for c in opening]
        after.append(
            follow_text(
                state.constraints, before, letters, left or Left(),
                engine.vocabulary,
            )
        )  # fmt: skip
    kept = [row for row, progress in enumerate(after) if progress is not None]
    if not kept:
        raise ValueError(
            f"Expected a prompt whose last word {state.rest!r} can be "
            "completed. Received constraints that allow none of the "
            "completions that the model knows."
        )
    return (
        [paths[row] for row in kept],
        nats[kept],
        [progress for progress in after if progress is not None],
    )


def completions(
    engine: Engine, state: State, **filters: Unpack[Filters]
) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Finds what the unread end of a prompt may be part of.

    Args:
        engine: The model.
        state: What `read_prompt` returned, with a `rest`.
        **filters: As for `probabilities`.

    Returns:
        `(paths, p)`: the candidates as ids, and their probabilities,
        `(1, candidates)`.
    """
    paths, nats = _candidates(engine, state)
    return paths, probabilities(-nats[None], **filters)


def _candidates(
    engine: Engine, state: State
) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """What the rest of a prompt may be part of, and the surprise of each."""
    before = [tuple(a[:1] for a in layer) for layer in state.recurrent]
    logits = state.logits[:1]
    paths = _paths(engine.vocabulary.inner, state.rest)
    first = np.array([path[0] for path in paths])
    nats = log_total(logits) - logits[0, first]
    for place, path in enumerate(paths):
        if len(path) > 1:
            ids = np.array([path])
            following, _ = engine.run(ids[:, :-1], before)
            nats[place] += surprise(following, ids[:, 1:]).sum()
    return paths, nats


def _paths(vocabulary: UnitVocabulary, rest: str) -> list[tuple[int, ...]]:
    """The candidates for the end of a prompt, as ids."""
    words = [(i,) for i in vocabulary.beginning_with(rest)]
    as_cut = tuple(vocabulary.encode(rest).tolist())
    spelled = tuple(int(vocabulary.encode(c)[0]) for c in rest)
    return list(dict.fromkeys([*words, as_cut, spelled]))
