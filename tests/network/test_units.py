"""For each unit the NumPy engine computes what Keras computes, from a file."""

import numpy as np
import pytest

from charrnn import ByteVocabulary, Vocabulary, WordVocabulary
from charrnn.network import loading, model_file
from charrnn.network.engine import load
from charrnn.network.model import build_model

TEXT = "Don't panic, é 文字!\r\nThe sea, the sea!\nshe sells the sea\n" * 2


@pytest.mark.parametrize(
    "kind", [Vocabulary, WordVocabulary, ByteVocabulary], ids=lambda k: k.unit
)
def test_the_engine_is_keras_after_a_way_through_a_file(kind, tmp_path):
    vocabulary, path = kind.from_text(TEXT), tmp_path / "m.keras"
    embedding = None if kind is Vocabulary else 5
    model = build_model(vocabulary, units=6, layers=1, embedding=embedding)
    random = np.random.default_rng(0)
    model.set_weights(
        [random.normal(0, 0.7, w.shape) for w in model.get_weights()]
    )
    model_file.save(model, path, vocabulary)
    ids = vocabulary.encode(TEXT)[None]
    engine = load(path)
    assert engine.vocabulary == vocabulary
    logits, _ = engine.run(ids)
    keras_model, _ = loading.keras_model_of(path)
    assert np.allclose(logits, np.asarray(model(ids)), atol=1e-5)
    assert np.allclose(logits, np.asarray(keras_model(ids)), atol=1e-5)
