"""Texts of listed words, or without them."""

import functools
import re
from collections.abc import Iterable, Sequence

import numpy as np

from charrnn.system.terminal import counted
from charrnn.text.units import UnitVocabulary
from charrnn.writing.alphabets import (
    Alphabet,
    Fragment,
    alphabet_of,
    letters_of,
    word_letters,
)
from charrnn.writing.automata import BLOCKED, trimmed
from charrnn.writing.expressions import ACCEPT, Assertion, Nfa
from charrnn.writing.forms import Form
from charrnn.writing.patterns import Absent
from charrnn.writing.subsets import MAX_ENTRIES, anywhere, check_size

# A word in a text: "don't" and "o'" are words.
WORD = re.compile(r"['’]?\w+(?:['’]\w+)*['’]?")
_APOSTROPHES = "'’"


class OnlyWords(Form):
    """A text of listed words.

    The words may also be capitalised. Between them anything may stand that is
    neither a letter nor a digit.

    Args:
        words: A text: each word in it may be written. Or the words.
        vocabulary: That of the model.

    Raises:
        ValueError: if there is no word that the model can write, or there are
            too many.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> only = OnlyWords("my lord is a fool", sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=60, constraints=[only])
    >>> set(re.findall("[a-z]+", sample.text.lower())) <= set(only.words)
    True
    """

    def __init__(
        self, words: str | Iterable[str], vocabulary: UnitVocabulary
    ) -> None:
        text = words if isinstance(words, str) else "\n".join(words)
        self.words = tuple(sorted(set(_variants(text))))
        table, accepting, known = _words_table(
            self.words, alphabet_of(vocabulary)
        )
        automaton = trimmed(table, accepting, BLOCKED)
        if not known or automaton is None:
            raise ValueError(
                f"Expected words that the model can write. Received "
                f"{_unknown(self.words)}."
            )
        super().__init__(
            automaton, vocabulary, f"only {counted(known, 'word')}"
        )

    def start(self, prompt: str) -> int:
        """The state within the last word of the prompt.

        Raises:
            ValueError: if no listed word begins like it.
        """
        last = re.search(r"[\w'’]*\Z", prompt)
        assert last is not None
        letters = alphabet_of(self.vocabulary).spelled(last[0])
        state = BLOCKED if (letters < 0).any() else self.automaton.run(letters)
        if state < 0:
            raise ValueError(
                "Expected a prompt whose last word is listed, or begins like "
                f"a listed word. Received {last[0]!r}. Put a space or a line "
                "end after it to begin a new word."
            )
        return state


class ForbidWords(Absent):
    r"""A text without listed words: whole words, in any letter case.

    Without `the` there may still be `other`. A word may also be a phrase. A
    model of bytes knows only the letters of ASCII as such: with it, a word is
    also absent beside others, as `caf` is from `café`.

    Args:
        words: The words; or a text, of which each line is one.
        vocabulary: That of the model.

    Raises:
        ValueError: if there is no word, or there are too many.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> forbid = ForbidWords(["the", "and"], sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=300, constraints=[forbid])
    >>> re.findall(r"(?i)\b(?:the|and)\b", sample.text)
    []
    """

    def __init__(
        self, words: str | Iterable[str], vocabulary: UnitVocabulary
    ) -> None:
        lines = words.splitlines() if isinstance(words, str) else words
        self.words = tuple(dict.fromkeys(filter(None, map(str.strip, lines))))
        if not self.words:
            raise ValueError("Expected words to forbid. Received none.")
        alphabet = alphabet_of(vocabulary)
        sets = anywhere(
            _forbidden(self.words, alphabet), word_letters(alphabet)
        )
        number = counted(len(self.words), "word")
        super().__init__(sets, vocabulary, f"forbid {number}")


def _forbidden(words: Iterable[str], alphabet: Alphabet) -> Nfa:
    """A prefix tree whose words begin and end at the edges of words.

    A word that begins or ends with something else, such as an apostrophe, may
    stand beside anything there.
    """
    nfa = Nfa()
    edge = nfa.add()
    nfa.assertions[0].append(Assertion(True, edge))
    children: dict[tuple[int, str], int] = {}
    spelled = functools.cache(functools.partial(_in_any_case, alphabet))
    for word in words:
        if not all(map(spelled, word)):
            continue  # the model cannot write it anyway
        state = edge if _is_in_words(word[0], alphabet) else 0
        for character in word:
            key = state, _lower(character)
            if key not in children:
                children[key] = nfa.spell(state, spelled(character))
            state = children[key]
        if _is_in_words(word[-1], alphabet):
            nfa.assertions[state].append(Assertion(True, ACCEPT))
        else:
            nfa.silent[state].append(ACCEPT)
    return nfa


def _in_any_case(alphabet: Alphabet, character: str) -> Fragment:
    """The letters of a character in any case; empty if there are none."""
    members = alphabet.members(re.compile(f"(?i:{re.escape(character)})+"))
    return alphabet.fragment(members) if members.any() else []


def _is_in_words(character: str, alphabet: Alphabet) -> bool:
    """Whether a character is part of a word, as `word_letters` says."""
    is_known = character.isascii() or not alphabet.is_bytes
    return is_known and bool(re.match(r"\w", character))


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _unknown(words: Sequence[str]) -> str:
    """Says why none of some words can be written."""
    if not words:
        return "a text without words"
    return f"words, such as {words[-1]!r}, with characters it does not know"


def _variants(text: str) -> Iterable[str]:
    """The words of a text, as they are and in capitals."""
    for word in WORD.findall(text):
        for form in {word, word.strip(_APOSTROPHES)}:
            yield from (form, form[:1].upper() + form[1:], form.upper())


def _words_table(
    words: Iterable[str], alphabet: Alphabet
) -> tuple[np.ndarray, np.ndarray, int]:
    """A prefix tree, where words may end, and the number of known words.

    State 0 is between words, state 1 after an apostrophe that ends a word.
    """
    most = MAX_ENTRIES // len(alphabet)
    children: list[dict[int, int]] = [{}, {}]
    is_word, known = [True, True], 0
    for word in words:
        letters = alphabet.spelled(word).tolist()
        if min(letters) < 0:
            continue
        known, state = known + 1, 0
        for letter in letters:
            if letter not in children[state]:
                children[state][letter] = len(children)
                children.append({})
                is_word.append(False)
                check_size(len(children), len(alphabet), most=most)
            state = children[state][letter]
        is_word[state] = True
    accepting = _leaving(children, is_word, alphabet)
    inside = _letters_inside_words(alphabet)
    may_leave = accepting[:, None] & ~inside
    table = np.where(may_leave, 0, BLOCKED).astype(np.int32)
    table[1:][may_leave[1:] & letters_of(alphabet, _APOSTROPHES)] = 1
    for state, after in enumerate(children):
        table[state, list(after)] = list(after.values())
    return table, accepting, known


def _leaving(
    children: list[dict[int, int]],
    is_word: list[bool],
    alphabet: Alphabet,
) -> np.ndarray:
    """Where a word may end; an apostrophe after it may also close a quote."""
    apostrophes = np.flatnonzero(letters_of(alphabet, _APOSTROPHES)).tolist()
    accepting = np.array(is_word)
    for state, after in enumerate(children):
        for letter in apostrophes:
            if letter in after and is_word[state]:
                accepting[after[letter]] = True
    return accepting


def _letters_inside_words(alphabet: Alphabet) -> np.ndarray:
    """Which letters are part of a word; of bytes all that are not ASCII."""
    if alphabet.is_bytes:
        ascii_words = re.compile(r"[\w\x80-\xff]")
        return np.array([bool(ascii_words.match(chr(b))) for b in range(256)])
    return alphabet.members(re.compile(r"\w+"))
