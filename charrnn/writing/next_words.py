"""Find the likeliest next words, and their probabilities."""

import dataclasses
import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.system import ram
from charrnn.text.units import UnitVocabulary
from charrnn.text.words import settled_length
from charrnn.writing.limits import check_can_write
from charrnn.writing.probabilities import check_filters
from charrnn.writing.prompts import completions, read_prompt
from charrnn.writing.state import State
from charrnn.writing.word_search import Key, Prefix, WordSearch

if TYPE_CHECKING:
    import keras

MAX_PREFIXES = 2048  # by default


@dataclasses.dataclass(frozen=True)
class NextWord:
    """A word that may come next.

    Attributes:
        word: The word, without white space. A number and a sequence of
            punctuation are words, too. Empty if the document ends here, which
            is possible for a model of documents.
        rank: 1 for the likeliest of the words found, 2 for the next; `None`
            for a word of `also` that was not found among the likeliest.
        probability: That it comes next: the sum over all ways to write it,
            as far as they were read.
        at_most: A bound: the probability plus that of everything not read
            that may turn out to be this word.
        typed: The beginning of the word that the prompt has already; empty
            for a new word.
    """

    word: str
    rank: int | None
    probability: float
    at_most: float
    typed: str = ""


@dataclasses.dataclass(frozen=True)
class NextWords:
    """The likeliest next words.

    Attributes:
        words: The likeliest first, and then those of `also` that are not
            among them: a tuple of `NextWord`.
        unread: The probability that was not assigned to any word. With those
            of all words it adds up to 1.
        others_at_most: A bound of the probability of any other word.
        words_found: The number of all words found, listed or not.
    """

    words: tuple[NextWord, ...]
    unread: float
    others_at_most: float
    words_found: int

    def __iter__(self) -> Iterator[NextWord]:
        return iter(self.words)


def next_words(
    model: "Engine | keras.Sequential | os.PathLike | str",
    prompt: str = "",
    n: int | None = 10,
    *,
    also: Iterable[str] = (),
    temperature: float = 1.0,
    max_prefixes: int = MAX_PREFIXES,
    vocabulary: UnitVocabulary | None = None,
) -> NextWords:
    """Finds the likeliest next words after a prompt.

    The probabilities are those with which `Sampler.generate` writes the
    words. A word is what `charrnn.text.words` takes for one, whatever the
    model's unit is, and whatever white space comes before it. If the prompt
    ends inside a word, or may do so, longer words are candidates, too.

    Args:
        model: As for `charrnn.score`.
        prompt: As for `Sampler.start`.
        n: Maximum number of words to return; `None` for all that were found.
        also: Words to return in addition, however likely they are.
        temperature: As for `probabilities`; 1 for the probabilities of the
            network itself.
        max_prefixes: Number of prefixes, beginnings of what may follow, that
            the network reads at most. More take longer, and leave less
            unread.
        vocabulary: As for `charrnn.score`.

    Returns:
        A `NextWords`.

    Raises:
        ValueError: if the prompt has a character that the model does not know,
            a number is out of range, or one of `also` is not a word.

    Example:

    >>> found = next_words("shakespeare", "Good mor", n=1)
    >>> [(each.word, each.typed) for each in found]
    [('morrow', 'mor')]
    """
    for name, number in (("n", n), ("max_prefixes", max_prefixes)):
        if number is not None and number < 1:
            raise ValueError(
                f"Expected {name} of at least 1. Received {number!r}."
            )
    check_filters(temperature)
    engine = engine_of(model, vocabulary, for_text=True)
    check_can_write(engine.vocabulary)
    _check_ram(engine, max_prefixes)
    begin = functools.partial(
        _begin, engine, prompt, read_prompt(engine, prompt, count=1, seed=0)
    )
    search = begin(temperature=temperature)
    also = _words_asked_for(also, engine.vocabulary)
    search.run(n, max_prefixes, also)
    result = _result(search, n, also)
    known = {word.word for word in result.words}
    others = tuple(
        _sought(begin(temperature=temperature, only=word), word, max_prefixes)
        for word in also
        if word not in known
    )
    return dataclasses.replace(result, words=result.words + others)


def _words_asked_for(
    also: Iterable[str], vocabulary: UnitVocabulary
) -> tuple[str, ...]:
    """Each word once; checks that it may come next."""
    words = tuple(dict.fromkeys(also))
    for word in words:
        has_space = any(map(str.isspace, word))
        # In a document the empty word is its end.
        if has_space or not (word or vocabulary.boundary is not None):
            raise ValueError(
                f"Expected one word, without spaces. Received {word!r}. If "
                "the prompt ends inside a word, give the whole word."
            )
    return words


def _begin(
    engine: Engine,
    prompt: str,
    state: State,
    *,
    temperature: float,
    only: str | None = None,
) -> WordSearch:
    """Begins a search with what may follow the prompt."""
    search = WordSearch(
        engine,
        prompt[settled_length(prompt) :],
        temperature=temperature,
        is_written=not state.rest,
        only=only,
    )
    if not state.rest:
        search.expand(Prefix(1.0, (), state.recurrent), state.logits[0])
        return search
    for path, p in _completions(engine, state, temperature):
        recurrent = state.recurrent
        if path[:-1]:
            _, recurrent = engine.read([path[:-1]], recurrent)
        search.add(path, p, recurrent)
    return search


def _completions(
    engine: Engine, state: State, temperature: float
) -> Iterator[tuple[tuple[int, ...], float]]:
    paths, p = completions(engine, state, temperature=temperature)
    return zip(paths, p[0].tolist(), strict=True)


def _result(
    search: WordSearch, n: int | None, also: Sequence[str]
) -> NextWords:
    """The likeliest words of a search, with their bounds."""
    ranked = sorted(search.found.items(), key=lambda item: (-item[1], item[0]))
    words, others = [], []
    for rank, (key, p) in enumerate(ranked, 1):
        at_most = min(1.0, p + search.missing(key))
        if n is None or rank <= n or key.word in also:
            typed = key.word[: key.typed]
            words.append(NextWord(key.word, rank, p, at_most, typed))
        else:
            others.append(at_most)
    # Of any other word at least the beginning was left unread.
    others += map(search.missing, search.unread)
    return NextWords(
        tuple(words),
        max(0.0, 1 - sum(search.found.values())),
        min(1.0, max(others, default=0.0)),
        len(ranked),
    )


def _sought(search: WordSearch, word: str, max_prefixes: int) -> NextWord:
    """A word that is not among those found, from a search for it only."""
    search.run(None, max_prefixes)
    keys = [key for key in search.found if key.word == word] or [Key(0, word)]
    key = max(keys, key=search.found.__getitem__)
    p = search.found[key]
    at_most = min(1.0, p + search.missing(key))
    return NextWord(word, None, p, at_most, word[: key.typed])


def _check_ram(engine: Engine, max_prefixes: int) -> None:
    """Checks that there is enough memory for the states of all prefixes."""
    size = sum(a.nbytes for layer in engine.zero_state(1) for a in layer)
    ram.check_fits(
        size * max_prefixes,
        f"the states after {max_prefixes:,} prefixes",
        "Use a smaller max_prefixes.",
    )
