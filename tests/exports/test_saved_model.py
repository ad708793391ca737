"""Keras exports the plain model as a SavedModel, which keeps no state."""

import numpy as np
import pytest

import charrnn

VOCABULARY = charrnn.Vocabulary("\n 'ab,n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "embedding"), [("simple_rnn", None), ("lstm", 4), ("gru", None)]
)
def test_a_saved_model_reads_whole_texts(tmp_path, cell, embedding):
    """As docs/exporting.md says: each call begins before a text."""
    tensorflow = pytest.importorskip("tensorflow")
    path = tmp_path / "model.keras"
    made = charrnn.build_model(
        VOCABULARY, cell=cell, units=8, embedding=embedding
    )
    charrnn.save(made, path, VOCABULARY)
    model, _ = charrnn.load_model(path)
    model.export(tmp_path / "exported", verbose=False)
    loaded = tensorflow.saved_model.load(str(tmp_path / "exported"))

    def serve(ids):
        return loaded.serve(tensorflow.constant(ids, "int32")).numpy()

    ids = np.random.default_rng(1).integers(0, len(VOCABULARY), (3, 80))
    engine = charrnn.load(path)
    expected, _ = engine.run(ids)
    np.testing.assert_allclose(serve(ids), expected, atol=1e-5)
    begun = serve(ids[:, :40])
    np.testing.assert_allclose(begun, expected[:, :40], atol=1e-5)
    # The trap: a second call does not go on where the first one ended.
    again = serve(ids[:, 40:])
    assert np.abs(again - expected[:, 40:]).max() > 1e-3
    from_zero, _ = engine.run(ids[:, 40:])
    np.testing.assert_allclose(again, from_zero, atol=1e-5)
