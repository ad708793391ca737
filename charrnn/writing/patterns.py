"""Texts that match an expression, or in which something never appears."""

import re
from collections.abc import Iterable

import numpy as np

from charrnn.system.terminal import quoted
from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import MAX_CHARACTERS_NAMED, describe
from charrnn.writing.alphabets import alphabet_of, word_letters
from charrnn.writing.automata import BLOCKED, trimmed
from charrnn.writing.expressions import Nfa, nfa_of
from charrnn.writing.forms import Form
from charrnn.writing.subsets import (
    Sets,
    anywhere,
    check_size,
    determinised,
)


class Match(Form):
    r"""A text that matches a regular expression as a whole.

    The text is the new one, without the prompt. Every finished sample matches.
    Where it may end, it ends if the model would go on with something that the
    expression does not allow: `[a-z]+` becomes a word as long as the model's
    own, and not one that fills the length.

    Args:
        pattern: A regular expression of Python's `re`, without references to
            groups, look-arounds, possessive quantifiers, and anchors except at
            its edges.
        vocabulary: That of the model.

    Raises:
        ValueError: if it is not such an expression, has more states than an
            automaton may have, or nothing that the model can write matches.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> match = Match(r"[A-Z]+:\n(.{20,40}\n){2}", sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=200, constraints=[match])
    >>> sample.text.count("\n"), sample.stop_reason
    (3, 'complete')
    """

    def __init__(self, pattern: str, vocabulary: UnitVocabulary) -> None:
        alphabet = alphabet_of(vocabulary)
        nfa = nfa_of(pattern, alphabet)
        sets = determinised(nfa, word_letters(alphabet))
        automaton = trimmed(sets.table, sets.ends)
        if automaton is None:
            raise ValueError(_nothing_matches(pattern, nfa, vocabulary))
        self.pattern = pattern
        super().__init__(automaton, vocabulary, f"match {quoted(pattern)}")


def _nothing_matches(pattern: str, nfa: Nfa, vocabulary: UnitVocabulary) -> str:
    unknown = ", ".join(dict.fromkeys(nfa.empty_classes))
    reason = f": the model does not know {unknown}" if unknown else ""
    return (
        "Expected an expression that a text written with the model's "
        f"{vocabulary.inner.plural} can match. Received "
        f"{quoted(pattern, 200)}, which nothing matches{reason}."
    )


class Absent(Form):
    """A text without something, not even across the end of the prompt.

    Args:
        sets: An automaton that accepts each text that ends with it.
        vocabulary: That of the model.
        name: What it is called in messages.

    Raises:
        ValueError: if every text has it.
    """

    def __init__(
        self, sets: Sets, vocabulary: UnitVocabulary, name: str
    ) -> None:
        # What ends with the prompt is not the sample's fault. So every state
        # is there twice: the second time just after the prompt.
        self._sets = sets
        table = np.vstack(
            [np.where(sets.hits, BLOCKED, sets.table), sets.table]
        )
        accepting = np.append(~sets.ends, np.ones(len(sets.ends), bool))
        automaton = None if sets.ends[0] else trimmed(table, accepting, BLOCKED)
        if automaton is None:
            raise ValueError(
                "Expected something to forbid that a text may be without. "
                f"Received {name}, which every text has."
            )
        self._place = {n: i for i, n in enumerate(automaton.numbers.tolist())}
        super().__init__(automaton, vocabulary, name)

    def start(self, prompt: str) -> int:
        """The state after the prompt."""
        state = 0
        for letter in alphabet_of(self.vocabulary).spelled(prompt).tolist():
            state = int(self._sets.table[state, letter]) if letter >= 0 else 0
        return self._place[len(self._sets.table) + state]


class ForbidMatch(Absent):
    r"""A text in which nothing matches a regular expression.

    Args:
        pattern: As for `charrnn.Match`; `\b` is the edge of a word.
        vocabulary: That of the model.

    Raises:
        ValueError: as `Match` does, or if the expression matches the empty
            text, which is everywhere.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> forbid = ForbidMatch(r"\b[Tt]h\w*", sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=300, constraints=[forbid])
    >>> re.findall(r"\b[Tt]h\w*", sample.text)
    []
    """

    def __init__(self, pattern: str, vocabulary: UnitVocabulary) -> None:
        alphabet = alphabet_of(vocabulary)
        nfa = nfa_of(pattern, alphabet)
        sets = anywhere(nfa, word_letters(alphabet))
        name = f"forbid-match {quoted(pattern)}"
        super().__init__(sets, vocabulary, name)


class Forbid(Absent):
    """A text without some strings.

    Args:
        strings: The strings, in any letter case that is given.
        vocabulary: That of the model.

    Raises:
        ValueError: if one is empty, or there are too many.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> forbid = Forbid(["th", "Th"], sampler.vocabulary)
    >>> (sample,) = sampler.generate("t", length=300, constraints=[forbid])
    >>> "th" in "t" + sample.text
    False

    Source: Aho and Corasick 1975, "Efficient string matching".
    """

    def __init__(
        self, strings: Iterable[str], vocabulary: UnitVocabulary
    ) -> None:
        strings = (strings,) if isinstance(strings, str) else tuple(strings)
        if not strings or not all(strings):
            raise ValueError(
                "Expected strings of at least one character to forbid. "
                f"Received {'an empty one' if strings else 'none'}."
            )
        alphabet = alphabet_of(vocabulary)
        spelled = [alphabet.spelled(string) for string in strings]
        # The model cannot write the others anyway.
        possible = [
            letters.tolist() for letters in spelled if min(letters) >= 0
        ]
        more = f" and {len(strings) - 1:,} others" if len(strings) > 1 else ""
        if len(strings) == 2:
            more = " and 1 other"
        super().__init__(
            _search_of(possible, len(alphabet)),
            vocabulary,
            f"forbid {quoted(strings[0])}{more}",
        )


def _search_of(strings: list[list[int]], letters: int) -> Sets:
    """The automaton of Aho and Corasick."""
    children: list[dict[int, int]] = [{}]
    is_end = [False]
    for string in strings:
        node = 0
        for letter in string:
            if letter not in children[node]:
                children[node][letter] = len(children)
                children.append({})
                is_end.append(False)
                check_size(len(children), letters)
            node = children[node][letter]
        is_end[node] = True
    table = np.zeros((len(children), letters), np.int32)
    fallback = [0] * len(children)
    waiting = [0]
    for node in waiting:  # the shorter ones first
        table[node] = table[fallback[node]]
        is_end[node] |= is_end[fallback[node]]
        for letter, child in children[node].items():
            fallback[child] = int(table[node, letter]) if node else 0
            table[node, letter] = child
            waiting.append(child)
    ends = np.array(is_end)
    return Sets(table, ends[:, None].repeat(letters, 1), ends)


class Acrostic(Match):
    r"""Lines whose first letters spell a word.

    A lower-case letter may also be written as a capital. A space stands for an
    empty line. No line end follows the last line. The first line begins a new
    line if the prompt does not end one.

    Args:
        word: The first letters.
        vocabulary: That of the model.

    Raises:
        ValueError: if the model does not know one of the letters, or has no
            line end.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> acrostic = Acrostic("RNN", sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=300, constraints=[acrostic])
    >>> [line[0] for line in sample.text.split("\n")]
    ['R', 'N', 'N']
    """

    def __init__(self, word: str, vocabulary: UnitVocabulary) -> None:
        if not word.strip() or not word.isprintable():
            raise ValueError(
                "Expected a word whose letters begin lines. Received "
                f"{quoted(word)}."
            )
        _check_letters(word, alphabet_of(vocabulary).characters)
        lines = [
            "" if letter == " " else _either_case(letter) + r"[^\n]*"
            for letter in word
        ]
        super().__init__(r"\n" + r"\n".join(lines), vocabulary)
        self.name = f"acrostic {quoted(word)}"

    def start(self, prompt: str) -> int:
        """The state at the beginning of a line."""
        if prompt and not prompt.endswith("\n"):
            return 0
        return self.automaton.run(alphabet_of(self.vocabulary).spelled("\n"))


def _check_letters(word: str, known: str) -> None:
    """Checks that the model can write each letter, as it is or as a capital."""
    strange = [
        letter
        for letter in dict.fromkeys(word.replace(" ", ""))
        if not {letter, letter.upper()} & set(known)
    ]
    if strange:
        named = ", ".join(map(describe, strange[:MAX_CHARACTERS_NAMED]))
        raise ValueError(
            f"Expected letters that the model writes. Received {quoted(word)}: "
            f"it does not know {named}."
        )
    if "\n" not in known:
        raise ValueError(
            "Expected a model that writes several lines. Received one that "
            "does not know the line end."
        )


def _either_case(letter: str) -> str:
    upper = letter.upper()
    return f"[{re.escape(letter)}{re.escape(upper if len(upper) == 1 else '')}]"
