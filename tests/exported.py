"""Networks of each unit and cell, for exports to be compared with."""

from random_networks import engine_of

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
    Vocabulary,
    WordVocabulary,
)

CHARACTERS = Vocabulary("\n 'ab,né\ufffd")
WORDS = WordVocabulary(
    [*"\n 'abn\ufffd", " a", " ban", "ban", " banan", "n'", " n", "\n\n"]
)
VOCABULARIES = {
    "character": CHARACTERS,
    "word": WORDS,
    "byte": ByteVocabulary(),
    "lines": DocumentVocabulary(Vocabulary(" 'abn"), "lines"),
    "word lines": DocumentVocabulary(WORDS, "lines"),
    "byte files": DocumentVocabulary(ByteVocabulary(), "files"),
    "separated": DocumentVocabulary(CHARACTERS, "\n\n"),
}
CELLS = "SimpleRNN", "LSTM", "GRU"
EMBEDDINGS = None, 5


def network(unit="character", cell="LSTM", embedding=None, layers=2, seed=1):
    """A network of random weights, which forgets small differences."""
    engine = engine_of(
        VOCABULARIES[unit],
        cell,
        recurrence=0.6,  # at 1, a SimpleRNN is chaotic: rounding errors grow
        layers=layers,
        embedding=embedding,
        seed=seed,
    )
    if VOCABULARIES[unit].unit == "byte":  # so that it writes text as well
        engine._bias[list(b" a',\n\xc3\xa9")] += 6
    return engine
