"""Samplers of random networks for each unit, with the same characters."""

from random_expressions import CHARACTERS
from random_networks import engine_of

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
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
