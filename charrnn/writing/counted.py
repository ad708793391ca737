"""Texts of a number of lines or sentences."""

import numpy as np

from charrnn.system.terminal import counted
from charrnn.text.units import UnitVocabulary
from charrnn.writing.alphabets import Alphabet, alphabet_of, letters_of
from charrnn.writing.automata import LEFT, trimmed
from charrnn.writing.forms import Form
from charrnn.writing.subsets import check_size

MAX_COUNT = 1000  # of lines or sentences

TERMINATORS = ".!?…"
WIDE_TERMINATORS = "。！？"  # no space need follow them
CLOSERS = "\"'”’»)]」』"
ABBREVIATIONS = (
    "Mr Mrs Ms Messrs Dr Prof St Rev Capt Col Gen Lt Sgt Mme Mlle vs etc"
).split()


class Lines(Form):
    r"""A text of so many lines.

    It ends where the model would end the last line. Empty lines count. The
    first one continues the prompt's last line, if that is unfinished.

    Args:
        count: Their number.
        vocabulary: That of the model.

    Raises:
        ValueError: if the model has no line end, or the number is out of
            range.

    Example:

    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> lines = Lines(3, sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=900, constraints=[lines])
    >>> sample.text.count("\n"), sample.stop_reason
    (2, 'complete')
    """

    def __init__(self, count: int, vocabulary: UnitVocabulary) -> None:
        check_count(count, "lines")
        alphabet = alphabet_of(vocabulary)
        end = letters_of(alphabet, vocabulary.line_end()[-1:])
        if not end.any():
            raise ValueError(
                "Expected a model with line ends to write lines. Received one "
                "whose text has none."
            )
        states = np.arange(count)[:, None]
        table = np.where(end, states + 1, states)
        table[-1, end] = LEFT
        automaton = trimmed(table, np.arange(count) == count - 1)
        assert automaton is not None
        super().__init__(automaton, vocabulary, counted(count, "line"))


class Sentences(Form):
    """A text of so many sentences.

    A sentence ends at ".", "!", "?" or "…", and at what closes quotes or
    brackets after it, if white space follows; but not after "Mr." and other
    abbreviations of titles.

    Args:
        count: Their number.
        vocabulary: That of the model.

    Raises:
        ValueError: if the model has no character that ends a sentence, or the
            number is out of range.

    Example:

    >>> import re
    >>> from charrnn import Sampler
    >>> sampler = Sampler("shakespeare")
    >>> sentences = Sentences(2, sampler.vocabulary)
    >>> (sample,) = sampler.generate(length=900, constraints=[sentences])
    >>> len(re.findall(r"[.!?]['\\"]?(?=\\s|$)", sample.text))
    2
    """

    def __init__(self, count: int, vocabulary: UnitVocabulary) -> None:
        check_count(count, "sentences")
        alphabet = alphabet_of(vocabulary)
        sentence, may_end = _sentence(alphabet)
        size = len(sentence)
        check_size(count * size, len(alphabet))
        # A letter that ends a sentence leads to the first state of the next.
        first = np.arange(count)[:, None, None] * size
        table = np.where(sentence == LEFT, first + size, first + sentence)
        following = table[:, 0][:, None, :] + size
        is_wide = np.arange(size) == AFTER_WIDE
        leaves = (sentence == LEFT) & is_wide[:, None]
        table = np.where(leaves, following, table)
        table[-1][sentence == LEFT] = LEFT
        accepting = np.zeros((count, size), bool)
        accepting[-1] = may_end
        automaton = trimmed(table.reshape(-1, len(alphabet)), accepting.ravel())
        if automaton is None:
            raise ValueError(
                "Expected a model that knows '.', '!' or '?' to write "
                "sentences. Received one that knows none of them."
            )
        super().__init__(automaton, vocabulary, counted(count, "sentence"))


# The states of a sentence; those after them are beginnings of abbreviations.
BETWEEN, INSIDE, AFTER_END, AFTER_WIDE = range(4)


def _sentence(alphabet: Alphabet) -> tuple[np.ndarray, np.ndarray]:
    """The table of one sentence, `LEFT` after its end, and where it may end."""
    size = len(alphabet)
    text = "" if alphabet.is_bytes else alphabet.characters
    blank = letters_of(alphabet, [*" \t\n\r", *filter(str.isspace, text)])
    ends, wide, closers = (
        letters_of(alphabet, c)
        for c in (TERMINATORS, WIDE_TERMINATORS, CLOSERS)
    )
    plain = np.full(size, INSIDE)
    for mask, state in (
        (blank, BETWEEN), (ends, AFTER_END), (wide, AFTER_WIDE),
    ):  # fmt: skip
        plain[mask] = state
    rows = [*(plain.copy() for _ in range(3)), np.full(size, LEFT)]
    rows[AFTER_END][blank] = LEFT
    rows[AFTER_END][closers] = AFTER_END
    rows[AFTER_WIDE][closers | ends | wide] = AFTER_WIDE
    _add_abbreviations(rows, plain, alphabet)
    may_end = np.zeros(len(rows), bool)
    may_end[[AFTER_END, AFTER_WIDE]] = True
    return np.array(rows), may_end


def _add_abbreviations(
    rows: list[np.ndarray], plain: np.ndarray, alphabet: Alphabet
) -> None:
    """Adds a state for each beginning of an abbreviation."""
    stop = letters_of(alphabet, ".")
    for abbreviation in ABBREVIATIONS:
        letters = alphabet.spelled(abbreviation).tolist()
        if min(letters) < 0:
            continue
        state = BETWEEN
        for letter in letters:
            if rows[state][letter] == INSIDE:
                rows[state][letter] = len(rows)
                rows.append(plain.copy())
            state = int(rows[state][letter])
        rows[state][stop] = INSIDE


def check_count(count: int, what: str) -> None:
    """Checks a number of lines or sentences.

    Args:
        count: The number.
        what: What is counted.

    Raises:
        ValueError: if it is out of range.

    Example:

    >>> check_count(14, "lines")
    """
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(
            f"Expected 1 to {MAX_COUNT:,} {what}. Received {count:,}."
        )
