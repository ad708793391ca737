"""The temperature moves with the place in the word, and out of loops."""

import numpy as np
import pytest
from random_networks import engine_of

import charrnn
from charrnn.writing.probabilities import probabilities
from charrnn.writing.temperatures import REPEATED, TIMES, WordPlaces

LETTERS = charrnn.Vocabulary("\n ,'abcdeé")
VOCABULARIES = {
    "character": LETTERS,
    "word": charrnn.WordVocabulary([*"\n ,abcde", " abd", " cab"]),
    "byte": charrnn.ByteVocabulary(),
    "document": charrnn.DocumentVocabulary(LETTERS, "lines"),
}


def loops(text):
    """How often the last characters of each beginning had come before."""
    ends = range(REPEATED + 1, len(text) + 1)
    return [text[:end].count(text[end - REPEATED : end]) for end in ends]


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_greedy_text_leaves_every_loop(unit):
    vocabulary = VOCABULARIES[unit]
    sampler = charrnn.Sampler(engine_of(vocabulary, seed=1))
    how = {"length": 600, "count": 2, "temperature": 0, "seed": 3}
    greedy, same = sampler.generate("ab", **how)
    assert greedy.text == same.text
    assert loops(greedy.text)[-1] > 9  # it never leaves its loop
    rule = charrnn.NoLoops(vocabulary)
    free, other = sampler.generate("ab", **how, constraints=[rule])
    assert free.text != other.text  # each sample has its random numbers
    again = sampler.generate("ab", **how, constraints=[rule])
    assert [sample.text for sample in again] == [free.text, other.text]
    stuck = np.array(loops(free.text)) >= TIMES
    ends = np.flatnonzero(np.diff(stuck.astype(int)) == -1)
    assert len(ends) > 1
    assert not stuck[-150:].all()


def test_without_a_loop_nothing_changes():
    sampler = charrnn.Sampler(engine_of(LETTERS, seed=2))
    how = {"length": 200, "temperature": 1.5, "seed": 1}
    (free,) = sampler.generate(**how)
    assert max(loops(free.text)) < TIMES
    rule = charrnn.NoLoops(LETTERS)
    (same,) = sampler.generate(**how, constraints=[rule])
    assert same.text == free.text
    assert same.masked == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("given", [0.0, (0.5, 1.0)])
def test_the_temperature_rises_until_the_loop_is_left(given):
    rule = charrnn.NoLoops(LETTERS)
    state = rule.start("abcde " * 12)
    assert rule.temperature(state, given) == given
    temperatures = []
    for character in "abcde éé":
        state = rule.advance(state, int(LETTERS.encode(character)[0]))
        temperatures.append(np.ravel(rule.temperature(state, given))[0])
    rises = (np.array(temperatures) - np.ravel(given)[0]).round(2).tolist()
    assert rises == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.5, 0.4]


@pytest.mark.parametrize("unit", ["character", "byte", "document"])
def test_each_place_in_a_word_has_its_temperature(unit):
    """Greedy in one place, and drawn in the other."""
    vocabulary = VOCABULARIES[unit]
    places = WordPlaces(vocabulary)
    sampler = charrnn.Sampler(engine_of(vocabulary, seed=4))
    for pair in ((0.0, 2.0), (2.0, 0.0)):
        state = sampler.start("ab ", count=5, seed=1, temperature=pair)
        in_word = [False] * 5
        for _ in range(25):
            ids, after = sampler.step(state, temperature=pair)
            logits = state.logits.copy()
            for row, inside in enumerate(in_word):
                p = probabilities(logits[row], pair[inside])
                assert p[ids[row]] > 0
                if pair[inside] == 0:
                    assert ids[row] == logits[row].argmax()
            state = after
            if vocabulary.boundary in ids.tolist():
                break
            in_word = [places.advance(False, int(i)) for i in ids]


def test_two_equal_temperatures_are_one():
    sampler = charrnn.Sampler(engine_of(LETTERS))
    (one,) = sampler.generate("a", length=60, temperature=0.7, seed=5)
    (two,) = sampler.generate("a", length=60, temperature=(0.7, 0.7), seed=5)
    assert two.text == one.text


@pytest.mark.parametrize(
    ("prompt", "inside"),
    [("", False), ("a", True), ("a'", True), ("a,", False), ("é", True)],
)
def test_a_word_begins_after_what_is_no_letter(prompt, inside):
    places = WordPlaces(VOCABULARIES["byte"])
    assert WordPlaces(LETTERS).start(prompt) == inside
    assert places.start(prompt) == inside


@pytest.mark.parametrize(
    ("unit", "temperature", "message"),
    [
        ("word", (0.4, 0.9), "one temperature for a model of words"),
        ("character", (0.4, 0.9, 1.0), "or two: .* Received 3"),
        ("character", (0.4, -1.0), r"Received -1\.0"),
    ],
)
def test_other_temperatures_are_refused(unit, temperature, message):
    sampler = charrnn.Sampler(engine_of(VOCABULARIES[unit]))
    with pytest.raises(ValueError, match=message):
        sampler.generate(length=5, temperature=temperature)


def test_a_state_knows_whether_it_has_two():
    sampler = charrnn.Sampler(engine_of(LETTERS))
    with pytest.raises(ValueError, match="was given two for"):
        sampler.step(sampler.start("a"), temperature=(0.4, 0.9))


def test_an_array_gives_each_sample_its_temperature():
    logits = np.log([[0.6, 0.4], [0.6, 0.4], [0.2, 0.8]])
    p = probabilities(logits, np.array([[0.0], [2.0], [1.0]]), top_p=1.0)
    assert p[0].tolist() == [1, 0]
    assert p[1].tolist() == probabilities(logits[1], 2.0).tolist()
    assert p[2] == pytest.approx([0.2, 0.8])


def test_states_of_one_mask_key_share_a_mask():
    class Counting(charrnn.NoLoops):
        calls = 0

        def allowed(self, state, left):
            self.calls += 1
            return super().allowed(state, left)

    vocabulary = charrnn.Vocabulary("\nab")
    sampler = charrnn.Sampler(engine_of(vocabulary))
    rule = Counting(vocabulary)
    match = charrnn.Match("[ab\n]{50}", vocabulary)
    plain = charrnn.NoLoops(vocabulary)
    how = {"length": 99, "count": 3}
    found = sampler.generate(**how, constraints=[rule])
    assert rule.calls == 1
    assert found == sampler.generate(**how, constraints=[plain])
    both = sampler.generate(**how, constraints=[rule, match])
    assert [len(sample.text) for sample in both] == [50] * 3
    assert rule.calls < 1 + 2 * 51
