"""Texts of a form are finished in time, and are the model's own otherwise."""

import collections
import itertools
import re

import numpy as np
import pytest
from control_samplers import SAMPLERS, VOCABULARIES
from hypothesis import given, settings
from hypothesis import strategies as st
from random_expressions import CHARACTERS, texts
from random_networks import engine_of

from charrnn import (
    Acrostic,
    DocumentVocabulary,
    Forbid,
    ForbidMatch,
    Lines,
    Match,
    OnlyWords,
    Sampler,
    Sentences,
    Vocabulary,
)
from charrnn.writing.constraints import Left
from charrnn.writing.probabilities import probabilities

repeatable = settings(deadline=None, derandomize=True)
# Classes of characters take longer to prepare as bytes.
NAMES = [
    "character", "word", "document",
    pytest.param("byte", marks=pytest.mark.slow),
]  # fmt: skip
WILD = {"temperature": 3.0}  # so that everything is drawn


def drawn(name, *constraints, prompt="", **how):
    how = {"length": 60, "count": 8, **WILD, **how}
    return SAMPLERS[name].generate(prompt, constraints=constraints, **how)


# In time.


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pattern, shortest", [
    (r"(.{3}\n){2}", 8), (r"[ab]*[12]a{4}", 5), (r"abc( a){3}", 9),
])  # fmt: skip
@pytest.mark.parametrize("length_in", ["units", "characters"])
def test_it_is_finished_even_in_the_least_time(
    name, pattern, shortest, length_in
):
    match = Match(pattern, VOCABULARIES[name])
    if name == "word" and length_in == "units":
        shortest = match.shortest(0, Left(units=0))
    for length in (shortest, shortest + 5):
        for sample in drawn(name, match, length=length, length_in=length_in):
            assert re.fullmatch(pattern, sample.text)
            units = VOCABULARIES[name].inner.encode(sample.text)
            assert (
                length_in == "characters"
                or name == "word"
                or (len(units) <= length)
            )
            assert len(sample.text) <= length or length_in == "units"
    with pytest.raises(ValueError, match=f"shortest text has {shortest}"):
        drawn(name, match, length=shortest - 1, length_in=length_in)


def test_the_shortest_of_a_model_of_words_counts_words():
    word = VOCABULARIES["word"]
    match = Match("abc( a){3}", word)
    assert match.shortest(0, Left(units=0)) == 4  # "abc", " a", " a", " a"
    assert match.shortest(0, Left(characters=0)) == 9


def test_characters_of_several_bytes_are_counted_once():
    byte = VOCABULARIES["byte"]
    match = Match("(Ω—){2}", byte)
    assert match.shortest(0, Left(units=0)) == 10
    assert match.shortest(0, Left(characters=0)) == 4


# Together.


@pytest.mark.parametrize("name", NAMES)
def test_two_expressions_are_matched_at_once(name):
    third = r"([abc]{3})+"
    both = [Match(r"([abc]{2})+", VOCABULARIES[name]),
            Match(third, VOCABULARIES[name])]  # fmt: skip
    samples = drawn(name, *both, length=7, length_in="characters")
    assert {len(sample.text) for sample in samples} == {6}
    with pytest.raises(ValueError, match="shortest text has 6"):
        drawn("character", Match("([abc]{2})+", VOCABULARIES["character"]),
              Match(third, VOCABULARIES["character"]), length=5)  # fmt: skip


def test_expressions_that_exclude_each_other_are_refused():
    vocabulary = VOCABULARIES["character"]
    rules = [Match("a+", vocabulary), Match("b+", vocabulary)]
    with pytest.raises(ValueError, match="exclude each other"):
        drawn("character", *rules)
    rules = [Match("a+", vocabulary), Forbid("a", vocabulary)]
    with pytest.raises(ValueError, match="exclude each other"):
        drawn("character", *rules)


@pytest.mark.parametrize("name", NAMES)
def test_a_form_goes_around_what_is_forbidden(name):
    vocabulary = VOCABULARIES[name]
    rules = Match("[abc]{9}", vocabulary), Forbid(["ab", "cc"], vocabulary)
    for sample in drawn(name, *rules):
        assert re.fullmatch("[abc]{9}", sample.text)
        assert "ab" not in sample.text and "cc" not in sample.text


# Absent.


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(texts(3).filter(bool), min_size=1, max_size=4), texts(3))
@settings(repeatable, max_examples=6)
def test_what_is_forbidden_never_appears(name, strings, prompt):
    prompt = prompt.replace("\n", "a")
    try:
        forbid = Forbid(strings, VOCABULARIES[name])
        samples = drawn(name, forbid, prompt=prompt, count=3, length=40)
    except ValueError as error:
        assert re.search("every text has|can be completed", str(error))
        return
    for sample in samples:
        whole = prompt + sample.text
        for string in strings:
            places = [m.start() for m in re.finditer(
                f"(?={re.escape(string)})", whole)]  # fmt: skip
            assert all(p + len(string) <= len(prompt) for p in places)


@pytest.mark.parametrize("name", ["character", "word", "document"])
def test_a_word_boundary_is_the_edge_of_a_word(name):
    pattern = r"\b[ab]+\b"
    forbid = ForbidMatch(pattern, VOCABULARIES[name])
    for sample in drawn(name, forbid, prompt="c "):
        assert not re.search(pattern, sample.text)
    assert any("a" in sample.text for sample in drawn(name, forbid))
    # "ab" at the prompt's end may be the beginning of "abc", and must be.
    (sample,) = drawn("character", ForbidMatch(
        pattern, VOCABULARIES["character"]), prompt="1", count=1)  # fmt: skip
    assert not re.search(pattern, "1" + sample.text)


@given(st.lists(texts(8), min_size=4, max_size=9))
@settings(repeatable, max_examples=30)
def test_word_boundaries_are_pythons(strings):
    pattern = r"(\b\w+\b\W*\B)*\b."
    match = Match(pattern, VOCABULARIES["character"])
    for text in strings:
        state = 0
        for letter in VOCABULARIES["character"].encode(text).tolist():
            state = state if state < 0 else match.advance(state, letter)
        found = state >= 0 and match.can_finish(state)
        assert found == bool(re.fullmatch(pattern, text)), text


def test_forbidding_every_text_is_refused():
    for pattern in ("a*", "", "(a|)"):
        with pytest.raises(ValueError, match="every text has"):
            ForbidMatch(pattern, VOCABULARIES["character"])
    for strings in ([""], [], ["a", ""]):
        with pytest.raises(ValueError, match="at least one character"):
            Forbid(strings, VOCABULARIES["character"])


# Lines, sentences and words.


@pytest.mark.parametrize("name", ["character", "word", "byte"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_so_many_lines_are_written(name, count):
    lines = Lines(count, VOCABULARIES[name])
    for sample in drawn(name, lines, length=40, count=9):
        assert sample.text.count("\n") == count - 1


@pytest.mark.parametrize("text, ends", [
    ("abc. ab? \"I.\" ", (4, 8, 13)), ("Mr. a... b", (8,)), ("1.5! ", (4,)),
    ("a!? (b.) c", (3, 8)), ("Cab. Dr. a.\n", (4, 11)),
    ("a。b！「c？」", (2, 4, 8)),
])  # fmt: skip
def test_where_sentences_end(text, ends):
    vocabulary = Vocabulary("".join(sorted(set(text + " .MrD"))))
    for count in range(1, len(ends) + 1):
        state, left = 0, None
        sentences = Sentences(count, vocabulary)
        for place, unit in enumerate(vocabulary.encode(text).tolist()):
            state = sentences.advance(state, unit)
            if state < 0:
                left = place
                break
        at_end = left is None and sentences.can_finish(state)
        end = len(text) if at_end else left
        assert end == ends[count - 1]


@pytest.mark.parametrize("name", ["character", "word", "byte", "document"])
def test_only_listed_words_are_written(name):
    only = OnlyWords("ab cab, b 12", VOCABULARIES[name])
    allowed = {"ab", "cab", "12", "AB", "Ab", "CAB", "Cab", "b", "B"}
    for sample in drawn(name, only):
        assert set(re.findall(r"\w+", sample.text)) <= allowed
    for sample in drawn("character", OnlyWords(
        "ab cab", VOCABULARIES["character"]), prompt="c"):  # fmt: skip
        assert sample.text.startswith("ab")
    with pytest.raises(ValueError, match="whose last word is listed"):
        drawn("character", OnlyWords("ab", VOCABULARIES["character"]),
              prompt="ba")  # fmt: skip
    with pytest.raises(ValueError, match="that the model can write"):
        OnlyWords("ξξ", Vocabulary("ab"))


def test_an_apostrophe_joins_a_word_or_closes_a_quote():
    only = OnlyWords("don't th' dog", Vocabulary(" '.dghnot"))
    for text, accepted in (
        ("don't", True), ("don'", False), ("'dog'", True), ("dog'dog", False),
        ("th'", True), ("th", True), ("dog th' dog.", True), ("hdog", False),
    ):  # fmt: skip
        state = only.start("")
        for unit in only.vocabulary.encode(text).tolist():
            state = state if state < 0 else only.advance(state, unit)
        assert accepted == (state >= 0 and only.can_finish(state)), text


@pytest.mark.parametrize("prompt", ["", "a", "b\n"])
def test_an_acrostic_begins_lines(prompt):
    acrostic = Acrostic("a Bc", VOCABULARIES["character"])
    for sample in drawn("character", acrostic, prompt=prompt):
        lines = sample.text.split("\n")
        if prompt == "a":
            assert lines.pop(0) == ""
        assert [line[:1] for line in lines] in (
            [first, "", "B", third] for first in "aA" for third in "cC"
        )


# The model's own distribution.


def by_hand(sampler, forms, length):
    """The probability of each text, conditioned step by step."""
    vocabulary = sampler.vocabulary
    found = collections.Counter()
    every = (
        "".join(letters)
        for size in range(length + 1)
        for letters in itertools.product(vocabulary.characters, repeat=size)
    )
    texts = [text for text in every if re.fullmatch(forms, text)]
    beginnings = {text[:end] for text in texts for end in range(length + 1)}

    def follow(text, logits, recurrent, p):
        row = probabilities(logits)[0]
        allowed = [text + c in beginnings for c in vocabulary.characters]
        if not any(allowed):
            found[text] += p
            return
        may_end = re.fullmatch(forms, text)
        total = 1.0 if may_end else row[allowed].sum()
        if may_end:
            found[text] += p * row[np.logical_not(allowed)].sum()
        for unit in np.flatnonzero(allowed).tolist():
            ids = np.array([unit])
            follow(
                text + vocabulary.characters[unit],
                *sampler.engine.step(ids, recurrent),
                p * row[unit] / total,
            )

    start = sampler.start("a")
    follow("", start.logits, start.recurrent, 1.0)
    return found


SLOW = [pytest.param(p, marks=pytest.mark.slow) for p in ("(ab|c)+", "[ab]*c")]


@pytest.mark.parametrize("pattern", ["a?b{1,3}(ca)?", *SLOW])
def test_texts_are_as_frequent_as_the_model_has_them(pattern):
    sampler = Sampler(engine_of("abc", seed=3))
    expected = by_hand(sampler, pattern, 4)
    assert sum(expected.values()) == pytest.approx(1)
    match, count = Match(pattern, sampler.vocabulary), 4000
    how = {"length": 4, "count": count, "constraints": [match]}
    texts = collections.Counter(s.text for s in sampler.generate("a", **how))
    assert texts.keys() <= {text for text, p in expected.items() if p}
    common = [text for text, p in expected.items() if p * count >= 5]
    chi = sum((texts[t] - count * expected[t]) ** 2 / (count * expected[t])
              for t in common)  # fmt: skip
    freedom = len(common) - 1
    assert chi < freedom + 4 * np.sqrt(2 * freedom) + 8  # far beyond p = 0.001


def test_documents_end_with_their_form():
    vocabulary = DocumentVocabulary(Vocabulary(CHARACTERS), "lines")
    for pattern in ("[ab]{3}", "[ab]{3,}"):
        samples = drawn("document", Match(pattern, vocabulary), count=40)
        assert "end" in {sample.stop_reason for sample in samples}
        for sample in samples:
            assert re.fullmatch(pattern, sample.text)


@pytest.mark.parametrize(
    ("pattern", "length", "least", "most"),
    [
        ("(a{3,9}b){5}", 20, 0.8, 1),  # as short as possible all along
        ("(a{3,9}b){5}", 60, 0, 0),
        ("a{20}", 20, 0, 0),  # it could not be longer
        ("a{20}|a{30}", 20, 0, 0),  # the longer one is never begun
        ("[ab]*c", 20, 0, 0.05),  # the last character
        ("a(.*c){19}", 20, 0.9, 1),
        ("[ab]{20}", 40, 0, 0),
    ],
)
def test_it_is_known_how_much_of_a_text_the_length_forced(
    pattern, length, least, most
):
    vocabulary = Vocabulary("abc")
    sampler = Sampler(engine_of(vocabulary))
    rule = Match(pattern, vocabulary)
    how = {"length": length, "count": 3, "constraints": [rule]}
    for sample in sampler.generate(**how, seed=5):
        assert re.fullmatch(pattern, sample.text)
        assert least <= sample.forced <= most
