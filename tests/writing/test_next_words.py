"""The next words have the probabilities with which they are written."""

import collections

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import (
    ByteVocabulary,
    Sampler,
    Vocabulary,
    WordVocabulary,
    next_words,
)
from charrnn.text import words
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.writing import word_search
from charrnn.writing.probabilities import probabilities
from charrnn.writing.prompts import read_prompt

CHARACTERS = Vocabulary("\n 'a,")
WORDS = WordVocabulary([*"\n 'abn", " a", " ban", "ban", "n'", " n", "\n\n"])
MODELS = {
    "character": engine_of(CHARACTERS, seed=3),
    "word": engine_of(WORDS, seed=1),
    "byte": engine_of(ByteVocabulary(), seed=2),
}
MODELS["byte"]._bias[list(b" a',\n\xc3\xa9")] += 8
CASES = [
    ("character", ""), ("character", "a "), ("character", "a a'"),
    ("word", ""), ("word", "ba"), ("word", "n b"),
    ("byte", "a'"), ("byte", " "),
]  # fmt: skip
cases = pytest.mark.parametrize(("unit", "prompt"), CASES)


def word_of(text, position):
    """The first word after a position, and the part of it before that."""
    end = 0
    for part in words.cut(text):
        end += len(part)
        if end > position and not part.isspace():
            word = part.lstrip(" ")
            return word, word[: max(0, position - end + len(word))]
    return None


def is_certain(text, position):
    """Whether the word stays as it is whatever is written next."""
    settled = text[: words.settled_length(text)]
    return word_of(settled, position) is not None


def written(engine, prompt, least, temperature=1.0):
    """What may follow, character by character: words, and what is left."""
    vocabulary = engine.vocabulary
    ids = vocabulary.encode(prompt or "\n")[None]
    logits, state = engine.read(ids)
    found, left = collections.Counter(), 0.0
    row = [(1.0, "", logits[0], state)]
    while row:
        longer = []
        for mass, text, logits, state in row:
            for i, p in enumerate(probabilities(logits, temperature)):
                after = text + vocabulary.decode([i])
                if is_certain(prompt + after, len(prompt)):
                    found[word_of(prompt + after, len(prompt))] += mass * p
                elif mass * p < least:
                    left += mass * p
                else:
                    logits, now = engine.step([i], state)
                    longer.append((mass * p, after, logits[0], now))
        row = longer
    return found, left


@pytest.mark.parametrize(
    ("prompt", "temperature"),
    [
        ("a ", 1.0),
        ("a a'", 0.7),
        pytest.param("", 1.0, marks=pytest.mark.slow),
        pytest.param("a", 0.7, marks=pytest.mark.slow),
    ],
)
def test_they_equal_a_search_of_everything(prompt, temperature):
    engine = MODELS["character"]
    expected, left = written(engine, prompt, 3e-4, temperature)
    found = next_words(
        engine, prompt, n=None, temperature=temperature, max_prefixes=4000
    )
    assert left < 0.2 and found.unread < 0.1
    for word in found:
        p = expected[word.word, word.typed]
        assert word.probability - 3e-3 < p <= word.at_most + 1e-6
    likeliest, _ = expected.most_common(1)[0]
    assert (found.words[0].word, found.words[0].typed) == likeliest


@cases
def test_with_what_is_unread_they_add_up_to_1(unit, prompt):
    found = next_words(MODELS[unit], prompt, n=None, max_prefixes=99)
    total = sum(word.probability for word in found)
    assert total + found.unread == pytest.approx(1, abs=1e-6)
    assert all(word.probability <= word.at_most <= 1 for word in found)
    p = [word.probability for word in found]
    assert p == sorted(p, reverse=True)
    assert [word.rank for word in found] == list(range(1, len(p) + 1))


@pytest.mark.parametrize("n", [1, 3, None])
@cases
def test_more_prefixes_stay_within_the_bounds(unit, prompt, n):
    few = next_words(MODELS[unit], prompt, n=n, max_prefixes=30)
    many = next_words(MODELS[unit], prompt, n=None, max_prefixes=150)
    assert many.unread < few.unread + 1e-9
    bounds = {(w.word, w.typed): w for w in few}
    for word in many:
        bound = bounds.get((word.word, word.typed))
        if bound:
            assert bound.probability <= word.probability + 1e-9
            assert word.probability <= bound.at_most + 1e-9
        else:
            assert word.probability <= few.others_at_most + 1e-9


@cases
def test_they_are_as_frequent_as_they_are_likely(unit, prompt):
    """`generate` writes them with these probabilities."""
    engine, count = MODELS[unit], 400
    found = next_words(engine, prompt, n=3, temperature=0.8)
    samples = Sampler(engine).generate(
        prompt, length=12, count=count, seed=4, temperature=0.8
    )
    drawn = collections.Counter(
        word_of(prompt + sample.text, len(prompt)) for sample in samples
    )
    for word in found:
        p = word.probability
        error = 4 * (p * (1 - p) / count) ** 0.5
        frequency = drawn[word.word, word.typed] / count
        assert p - error <= frequency <= word.at_most + error, word


def test_other_words_are_added_with_their_ranks():
    engine = MODELS["word"]
    everything = next_words(engine, "a ", n=None)
    last = everything.words[min(20, everything.words_found - 1)]
    found = next_words(engine, "a ", n=2, also=[last.word, "zebra", "zebra"])
    assert [w.rank for w in found][:2] == [1, 2]
    *_, one, zebra = found
    assert one.word == last.word and one.rank > 2
    assert zebra.word == "zebra" and zebra.rank is None
    assert 0 == zebra.probability <= zebra.at_most < 0.1


@pytest.mark.parametrize("unit", ["character", "word"])
def test_a_word_that_is_looked_for_has_its_own_bounds(unit):
    """However few prefixes are read in the search for the likeliest."""
    engine = MODELS[unit]
    everything = next_words(engine, "a ", n=None).words
    rare = everything[30:90:20]
    also = [word.word for word in rare]
    few = next_words(engine, "a ", n=1, max_prefixes=20, also=also)
    found = {word.word: word for word in few}
    assert rare and any(word.rank is None for word in few)
    for word in rare:
        own = found[word.word]
        assert own.probability - 1e-9 <= word.at_most
        assert word.probability <= own.at_most + 1e-9


def test_the_end_of_a_prompt_is_part_of_the_word():
    found = next_words(MODELS["word"], "a ba", n=None)
    typed = {word.typed for word in found}
    assert typed == {"ba", ""}  # "ban", or "ba" and another word
    assert all(word.word.startswith(word.typed) for word in found)
    assert all(len(word.word) > len(word.typed) for word in found)


@pytest.mark.parametrize("unit", MODELS)
def test_a_space_at_the_end_begins_a_new_word(unit):
    found = next_words(MODELS[unit], "a ", n=None, max_prefixes=99)
    assert {word.typed for word in found} == {""}


def test_characters_of_several_bytes_are_whole():
    vocabulary = ByteVocabulary()
    engine = engine_of(vocabulary, units=4)
    layer = engine.layers[0]
    layer.U[:] = 0
    engine._kernel[:] = 0
    engine._bias[:] = -20
    engine._bias[list("é ".encode())] = 1  # the bytes of é, and a space
    found = next_words(engine, "caf", n=None)
    p = {word.word: word.probability for word in found if word.typed}
    # A byte that is part of no character ends the word; another é does not.
    assert p["café"] == pytest.approx(1 / 9 * (1 - 1 / 9), abs=1e-5)
    assert p["caféé"] == pytest.approx(1 / 81 * (1 - 1 / 9), abs=1e-5)


def test_the_stand_in_for_rare_characters_is_never_written():
    vocabulary = Vocabulary("a b\ufffd")
    found = next_words(engine_of(vocabulary), "a", n=None)
    assert found.words and not any("\ufffd" in w.word for w in found)


@pytest.mark.parametrize("base", [CHARACTERS, WORDS, ByteVocabulary()], ids=str)
def test_the_end_of_a_document_is_one_of_the_words(base):
    engine = engine_of(DocumentVocabulary(base, "lines"), seed=2)
    engine._bias[-1] += 5
    found = next_words(engine, "a\n", n=None)
    (end,) = (word for word in found if not word.word)
    assert 0.1 < end.probability <= end.at_most
    if base is not WORDS:  # "\n" may be part of "\n\n"
        logits, _ = engine.read([[len(base), *base.encode("a\n")]])
        assert probabilities(logits)[0, -1] <= end.at_most
    total = sum(word.probability for word in found)
    assert total + found.unread == pytest.approx(1, abs=1e-6)


def test_no_document_is_empty():
    engine = engine_of(DocumentVocabulary(CHARACTERS, "lines"), seed=2)
    engine._bias[-1] += 5
    assert next_words(engine, "a ", n=1).words[0].word == ""
    logits = read_prompt(engine, "", count=1, seed=0).logits
    assert probabilities(logits)[0, -1] == 0


def test_temperature_0_leaves_one_word():
    (word,) = next_words(MODELS["character"], "a a", temperature=0)
    assert word.probability == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"n": 0}, "n of at least 1. Received 0"),
        ({"max_prefixes": 0}, "max_prefixes of at least 1"),
        ({"temperature": -1}, "Expected a temperature of 0"),
        ({"prompt": "axe"}, r"'x' \(U\+0078\) at position 1"),
    ],
)
def test_arguments_are_checked(how, message):
    with pytest.raises(ValueError, match=message):
        next_words(MODELS["character"], **how)


def test_as_many_prefixes_are_read_as_are_allowed(monkeypatch):
    rows = []
    engine = MODELS["character"]
    step = engine.step

    def count(ids, state):
        rows.append(len(ids))
        return step(ids, state)

    monkeypatch.setattr(engine, "step", count)
    next_words(engine, "a", n=None, max_prefixes=1000)
    assert sum(rows) == 1000
    assert max(rows) == word_search.MAX_ROWS  # side by side


def test_a_network_that_does_not_fit_into_ram_is_refused(monkeypatch):
    monkeypatch.setattr("charrnn.system.ram.machine_bytes", lambda: 1 << 20)
    with pytest.raises(ValueError, match="smaller max_prefixes"):
        next_words(MODELS["character"], "a", max_prefixes=1 << 20)
    assert np.isfinite(next_words(MODELS["character"], "a", n=1).unread)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "answer", "likeliest", "rank", "probability"),
    [
        ("Napoleon was the Emperor of", "France", "the", 2, 0.042),
        ("Tom is not good at science, so he will", "study", ".", 0, 0.0002),
    ],
)
def test_the_bundled_model_answers_as_the_guide_says(
    prompt, answer, likeliest, rank, probability
):
    found = next_words("shakespeare", prompt, n=10, also=[answer])
    assert found.words[0].word == likeliest
    (word,) = [word for word in found if word.word == answer]
    assert (word.rank or 0) == rank
    assert word.probability == pytest.approx(probability, rel=0.3)
    assert word.at_most - word.probability < 0.002
