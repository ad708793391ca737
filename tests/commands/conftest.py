"""What the tests of several verbs need."""

import pytest
from tiny_run import QUOTED_SEA

import charrnn


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The words with which a small model writes."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    vocabulary = charrnn.Vocabulary.from_text(QUOTED_SEA)
    network = charrnn.build_model(vocabulary, units=8, layers=1)
    charrnn.save(network, path, vocabulary)
    return ["generate", "--model", str(path), "--seed=1", "--length=30"]
