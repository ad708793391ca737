"""Search what a network may write for whole words, the likeliest first.

A word can be written in several ways: after a space or a line end, as one
word of the vocabulary or in characters. It is whole once what follows cannot
lengthen it. So its probability is a sum over texts:

    p(France) = p(" France ") + p(" France,") + p("\\nFrance ") + ...

The search reads prefixes of these texts, always the likeliest ones. What it
has not read when it stops bounds the error of every sum.
"""

import collections
import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.recurrent import NetworkState
from charrnn.text.words import JOINERS, first_word
from charrnn.writing.probabilities import probabilities, without

# Prefixes below this probability are not read.
MIN_PROBABILITY = 2e-6
MIN_OF_ONE = 1e-9  # if only one word is looked for
# Before a word has begun, all that is not read may be any word. So there the
# limit is this, divided by the size of the vocabulary, if that is less.
MIN_SUM = 1e-4
# Nor are those that have less than this share of the probability of the last
# of the words that are looked for.
PRECISION = 0.01
MAX_ROWS = 128  # prefixes that the network reads at once
MAX_LOGITS = 1 << 21  # of one step, so that a large vocabulary takes no more


class Key(NamedTuple):
    """A word, or its beginning.

    Attributes:
        typed: The number of its characters that the prompt has already.
        word: The word, including these characters.
    """

    typed: int
    word: str


ANY = Key(0, "")  # the beginning of a text with nothing but white space


class Prefix(NamedTuple):
    """A text that may be written next, or its beginning.

    Attributes:
        probability: That the text begins in this way.
        ids: Those of the text.
        state: The network's state before the last of the ids, one row.
        key: The word that it may begin.
    """

    probability: float
    ids: tuple[int, ...]
    state: NetworkState
    key: Key = ANY


class WordSearch:
    """A search for the words that come next.

    Args:
        engine: The model.
        before: The end of the prompt that may be part of a longer word.
        temperature: As for `probabilities`.
        is_written: Whether the ids of prefixes begin after `before`.
            Otherwise they include it.
        only: Read only the prefixes that may become this word; `None` for
            all.

    Attributes:
        found: The probability of each whole word found so far, by its `Key`.
        unread: The probability of what was not read, by the `Key` of the
            unfinished word.
        prefixes_read: The number of prefixes that the network has read.
    """

    def __init__(
        self,
        engine: Engine,
        before: str,
        *,
        temperature: float,
        is_written: bool,
        only: str | None = None,
    ) -> None:
        self.found: dict[Key, float] = collections.defaultdict(float)
        self.unread: dict[Key, float] = collections.defaultdict(float)
        self.prefixes_read = 0
        self._engine = engine
        self._temperature = temperature
        self._position = len(before)
        self._before = before if is_written else ""
        self._only = only
        self._least = MIN_PROBABILITY if only is None else MIN_OF_ONE
        self._heads = engine.vocabulary.first_characters
        order = np.argsort(self._heads, kind="stable")
        starts = np.flatnonzero(np.diff(self._heads[order], prepend=-1))
        groups = np.split(order, starts[1:])
        self._beginning_with = {int(self._heads[g[0]]): g for g in groups}
        self._heap: list[tuple[float, int, Prefix]] = []
        self._pushed = 0

    def add(
        self, ids: tuple[int, ...], probability: float, state: NetworkState
    ) -> None:
        """Adds a text that may be written next, or its beginning.

        Args:
            ids: Those of the text.
            probability: That the text begins in this way.
            state: The network's state before the last of the ids, one row.
        """
        key, is_whole = self._word(ids)
        if is_whole:
            self.found[key] += probability
        elif not self._may_become(key):
            self.unread[key] += probability
        else:
            self._push(Prefix(probability, ids, state, key))

    def expand(self, prefix: Prefix, logits: np.ndarray) -> None:
        """Divides a prefix by what follows it.

        Args:
            prefix: One that the network has read; its state is that after
                the last of its ids.
            logits: Those for the next id, `(vocabulary size,)`.
        """
        p = probabilities(
            without(self._engine.vocabulary.stand_in, logits),
            self._temperature,
        )
        p *= prefix.probability
        rest = prefix.probability
        by_head = np.bincount(self._heads, p)
        least = self._least_after(prefix)
        for head in np.flatnonzero(by_head >= least).tolist():
            # Most characters end a word: then it makes no difference which
            # of the words that begin with the character comes next.
            key, is_whole = self._word((*prefix.ids, head))
            probability = float(by_head[head])
            if is_whole:
                self.found[key] += probability
            elif not self._may_become(key):
                self.unread[key] += probability
            else:
                divided = self._divide(prefix, head, key, p)
                self.unread[key] += max(probability - divided, 0.0)
            rest -= probability
        self.unread[prefix.key] += max(rest, 0.0)

    def run(
        self, n: int | None, max_prefixes: int, also: Sequence[str] = ()
    ) -> None:
        """Reads prefixes, the likeliest first, until n words are certain.

        Args:
            n: The number of words; `None` for as many as can be found.
            max_prefixes: The number of prefixes after which to stop.
            also: Other words that are looked for.
        """
        size = len(self._engine.vocabulary)
        most = max(1, min(MAX_ROWS, MAX_LOGITS // size))
        while self._heap and self.prefixes_read < max_prefixes:
            self._raise_least(n, also)
            if -self._heap[0][0] < self._least:
                break
            rows = min(most, max_prefixes - self.prefixes_read, len(self._heap))
            self._read([heapq.heappop(self._heap)[-1] for _ in range(rows)])
        for _, _, prefix in self._heap:
            self.unread[prefix.key] += prefix.probability
        self._heap.clear()

    def missing(self, key: Key) -> float:
        """The unread probability that may be a word's: a bound of its error."""
        typed, word = key
        unread = self.unread.get
        total = unread(ANY, 0.0)
        for end in range(1, len(word) + 1):
            total += unread(Key(typed, word[:end]), 0.0)
        # An apostrophe may still become part of the word, or not.
        for joiner in JOINERS[1:-1]:
            total += unread(Key(typed, word + joiner), 0.0)
        return total

    def _raise_least(self, n: int | None, also: Sequence[str]) -> None:
        """Raises the probability from which prefixes are read."""
        if n is None or len(self.found) < n:
            return
        last = heapq.nlargest(n, self.found.values())[-1]
        for word in also:
            last = min(last, self.found.get(Key(0, word), 0.0))
        self._least = max(self._least, PRECISION * last)

    def _least_after(self, prefix: Prefix) -> float:
        """The probability from which what follows a prefix is read."""
        if prefix.key == ANY:
            return min(MIN_PROBABILITY, MIN_SUM / len(self._heads))
        return self._least

    def _may_become(self, key: Key) -> bool:
        """Whether the beginning of a word may be that of the only one."""
        if self._only is None or key == ANY:
            return True
        return self._only.startswith(key.word) or self._only == key.word[:-1]

    def _push(self, prefix: Prefix) -> None:
        """Adds a prefix to be read."""
        self._pushed += 1  # prefixes cannot be compared
        item = (-prefix.probability, self._pushed, prefix)
        heapq.heappush(self._heap, item)

    def _divide(
        self, prefix: Prefix, head: int, key: Key, p: np.ndarray
    ) -> float:
        """Adds what follows a prefix and begins with a character.

        Returns:
            The probability of what was found or added.
        """
        pieces = self._beginning_with[head]
        pieces = pieces[p[pieces] >= self._least_after(prefix)]
        for piece in pieces.tolist():
            ids, probability = (*prefix.ids, piece), float(p[piece])
            if piece == head:  # known to be unfinished
                self._push(Prefix(probability, ids, prefix.state, key))
            else:
                self.add(ids, probability, prefix.state)
        return float(p[pieces].sum())

    def _read(self, prefixes: Sequence[Prefix]) -> None:
        """Has the network read the last id of each prefix."""
        logits, state = self._engine.step(
            [prefix.ids[-1] for prefix in prefixes],
            _joined(prefix.state for prefix in prefixes),
        )
        self.prefixes_read += len(prefixes)
        for row, prefix in enumerate(prefixes):
            after = [tuple(a[row : row + 1] for a in layer) for layer in state]
            self.expand(prefix._replace(state=after), logits[row])

    def _word(self, ids: tuple[int, ...]) -> tuple[Key, bool]:
        """The word that a text has next, and whether it is whole.

        The end of a document without another word counts as an empty word.
        """
        ends = ids[-1] == self._engine.vocabulary.boundary
        decode = self._engine.vocabulary.inner.decoder()
        text = self._before + "".join(map(decode, ids[:-1] if ends else ids))
        if ends:
            text += "\n"  # ends any word
        word = first_word(text, self._position)
        if word is None:
            return ANY, ends
        typed = max(0, self._position - word.begin)
        found = text[word.begin : word.end]
        joins = word.begin == self._position and found in set(JOINERS[1:-1])
        if joins and not word.is_whole:
            return ANY, False  # it may join a word to the one before
        return Key(typed, found), word.is_whole


def _joined(states: Iterable[NetworkState]) -> NetworkState:
    """Joins the states of prefixes into those of a batch."""
    return [
        tuple(np.concatenate(arrays) for arrays in zip(*layer, strict=True))
        for layer in zip(*states, strict=True)
    ]
