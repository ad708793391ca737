"""Documents are split by their numbers and the seed, and counted."""

import numpy as np
import pytest

from charrnn.text import kinds, known_documents
from charrnn.text.corpus import Text
from charrnn.text.document_hashes import digests, held_out
from charrnn.text.document_parts import encode_parts
from charrnn.text.known_documents import KnownDocuments

NAMES = [f"name{number % 60}" for number in range(100)]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES), encoding="utf-8")
    return Text(path)


def parts_of(text, unit="character", validation=0.2, seed=1):
    by = "lines"
    vocabulary = kinds.from_documents(unit, text.documents(by), by)
    parts = encode_parts(text, vocabulary, validation=validation, seed=seed)
    return vocabulary, parts


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_each_document_is_in_one_part_in_its_order(text, unit):
    vocabulary, parts = parts_of(text, unit)
    mask = held_out(len(NAMES), 0.2, seed=1)
    learnt = [name for name, held in zip(NAMES, mask, strict=True) if not held]
    others = [name for name, held in zip(NAMES, mask, strict=True) if held]
    assert vocabulary.decode(parts.training).splitlines() == learnt
    assert vocabulary.decode(parts.held_out).splitlines() == others
    assert parts.training[0] == parts.held_out[0] == vocabulary.boundary
    assert parts.held_out[-1] == vocabulary.boundary
    assert parts.training[-1] != vocabulary.boundary  # the text is circular


def test_the_split_depends_on_number_and_seed_only():
    first = held_out(1000, 0.1, seed=1)
    # The same on every machine: a run resumes, and --new divides again.
    assert np.flatnonzero(first)[:5].tolist() == [5, 6, 11, 18, 25]
    assert 60 < first.sum() < 140
    assert (held_out(5000, 0.1, seed=1)[:1000] == first).all()
    assert (held_out(1000, 0.1, seed=2) != first).any()
    more = held_out(1000, 0.3, seed=1)
    assert (more | ~first).all()  # a larger share adds to it


@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.parametrize("validation", [0.01, 0.5, 0.99])
def test_neither_part_is_empty(count, validation):
    for seed in range(20):
        assert 0 < held_out(count, validation, seed).sum() < count
    assert not held_out(count, 0, seed=1).any()


def test_copies_in_both_parts_are_counted(text):
    _, parts = parts_of(text)
    mask = held_out(len(NAMES), 0.2, seed=1)
    learnt = {n for n, held in zip(NAMES, mask, strict=True) if not held}
    twice = sum(
        name in learnt for name, held in zip(NAMES, mask, strict=True) if held
    )
    assert 0 < parts.duplicates == twice < mask.sum()


def test_the_digest_tells_divisions_apart(tmp_path):
    path = tmp_path / "a.txt"
    sums = set()
    for text in ("one two\nthree\n" * 9, "one two three\n" * 9):
        path.write_text(text, encoding="utf-8")
        vocabulary = kinds.from_documents("character", [text, " "], "lines")
        parts = encode_parts(Text(path), vocabulary, validation=0.2, seed=1)
        sums.add(parts.sha256)
    assert len(sums) == 2


@pytest.mark.parametrize(
    ("content", "validation"),
    [("one\n", 0.1), ("a" * 99, 0.1), ("\n\n", 0.0), ("a\nb\n", 0.1)],
)
def test_too_few_documents_are_refused_in_a_line(tmp_path, content, validation):
    path = tmp_path / "few.txt"
    path.write_text(content, encoding="utf-8")
    vocabulary = kinds.from_documents("character", ["one", "ab"], "lines")
    with pytest.raises(ValueError, match=r"^Expected .*documents .*few\.txt"):
        encode_parts(Text(path), vocabulary, validation=validation, seed=1)


def test_known_documents_are_found_again(text, tmp_path):
    _, parts = parts_of(text)
    known = KnownDocuments(parts.training_digests, parts.held_out_digests)
    known.write(tmp_path)
    again = KnownDocuments.read(tmp_path)
    places = again.places([*NAMES, "nobody"])
    mask = held_out(len(NAMES), 0.2, seed=1)
    learnt = {n for n, held in zip(NAMES, mask, strict=True) if not held}
    assert places[-1] == "new"
    for name, place in zip(NAMES, places, strict=False):
        assert place == ("training" if name in learnt else "held_out")
    of_text = KnownDocuments.divided(text.documents("lines"), 0.2, 1)
    assert of_text.places(NAMES) == places[:-1]


def test_the_hashes_hold_no_text(text, tmp_path):
    _, parts = parts_of(text)
    KnownDocuments(parts.training_digests, parts.held_out_digests).write(
        tmp_path
    )
    data = (tmp_path / "documents.bin").read_bytes()
    assert len(data) == 8 * (1 + len(NAMES)) and b"name" not in data


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\xff" * 16, b"\2" + b"\0" * 15, b"\0" * 17]
)
def test_damaged_hashes_are_refused(tmp_path, data):
    (tmp_path / "documents.bin").write_bytes(data)
    with pytest.raises(ValueError, match="It is damaged"):
        KnownDocuments.read(tmp_path)


def test_too_many_hashes_are_refused(text, tmp_path, monkeypatch):
    KnownDocuments(digests(NAMES), digests([])).write(tmp_path)
    assert len(KnownDocuments.read(tmp_path).training) == len(NAMES)
    monkeypatch.setattr(known_documents, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="It is damaged"):
        KnownDocuments.read(tmp_path)


def test_digests_are_the_same_everywhere():
    assert digests(["Ann"]).tolist() == [6815783469026767838]
    assert np.unique(digests(map(str, range(999)))).size == 999
