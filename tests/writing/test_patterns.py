"""What an expression means is what Python says; every sample matches it."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from random_expressions import CHARACTERS, expressions, texts
from random_networks import engine_of

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
    Match,
    Sampler,
    Vocabulary,
    WordVocabulary,
)

WORDS = WordVocabulary(
    [*CHARACTERS, "ab", " a", "aB1", "\n\n", " Ωé", "—a", "..", "abc", "12"]
)
VOCABULARIES = {
    "character": Vocabulary(CHARACTERS),
    "word": WORDS,
    "byte": ByteVocabulary(),
    "document": DocumentVocabulary(Vocabulary(CHARACTERS), "lines"),
}
SAMPLERS = {name: Sampler(engine_of(v)) for name, v in VOCABULARIES.items()}
repeatable = settings(deadline=None, derandomize=True)


def accepts(form, text):
    vocabulary = form.vocabulary.inner
    state = form.start("")
    for unit in vocabulary.encode(text).tolist():
        state = form.advance(state, unit)
        if state < 0:
            return False
    return form.can_finish(state)


@given(expressions(), st.lists(texts(), max_size=20))
@settings(repeatable, max_examples=60)
def test_an_expression_means_what_python_says(pattern, strings):
    try:
        match = Match(pattern, VOCABULARIES["character"])
    except ValueError:
        match = None
    for text in strings:
        expected = re.fullmatch(pattern, text) is not None
        assert expected == (match is not None and accepts(match, text)), text


def check_samples(pattern, name, length, count):
    """Whether samples match; how many there were."""
    sampler = SAMPLERS[name]
    try:
        match = Match(pattern, sampler.vocabulary)
        how = {"length": length, "count": count, "constraints": [match]}
        samples = sampler.generate(**how)
    except ValueError as error:
        assert re.search("nothing matches|takes more|shortest", str(error))
        return 0
    for sample in samples:
        assert re.fullmatch(pattern, sample.text), (pattern, sample)
        assert sample.stop_reason in ("complete", "length", "end")
        assert len(VOCABULARIES[name].inner.encode(sample.text)) <= 4 * length
    return count


@given(expressions(), st.sampled_from(sorted(VOCABULARIES)), st.integers(5, 40))
@settings(repeatable, max_examples=20)
def test_every_sample_matches(pattern, name, length):
    check_samples(pattern, name, length, count=3)
