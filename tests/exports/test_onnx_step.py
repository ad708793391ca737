"""An ONNX file computes what the engine computes, step by step."""

import json
import sys

import numpy as np
import pytest
from exported import CELLS, EMBEDDINGS, VOCABULARIES, network

import charrnn
from charrnn.exports import contents, onnx_step

STEPS, BATCH = 200, 3


def session_of(path):
    """The session of a file under onnxruntime, and what it tells of itself."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(path, options)
    stored = session.get_modelmeta().custom_metadata_map
    return session, {name: json.loads(stored[name]) for name in stored}


def zeros(session, batch):
    """The state before a text."""
    return {
        state.name: np.zeros((batch, state.shape[1]), np.float32)
        for state in session.get_inputs()[1:]
    }


def check_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-5)


def check_parity(engine, path):
    """Compares logits and states over `STEPS` steps of a batch."""
    session, about = session_of(path)
    ids = np.random.default_rng(0).integers(
        0, len(engine.vocabulary), (STEPS, BATCH), np.int32
    )
    if engine.vocabulary.boundary is not None:
        ids[::7, 0] = ids[50, 1] = engine.vocabulary.boundary
    states, expected_state = zeros(session, BATCH), engine.zero_state(BATCH)
    for step in ids:
        logits, *new = session.run(None, {"ids": step, **states})
        states = dict(zip(states, new, strict=True))
        expected, expected_state = engine.step(step, expected_state)
        check_close(logits, expected)
    for mine, theirs in zip(new, sum(expected_state, ()), strict=True):
        check_close(mine, theirs)
    return about


@pytest.mark.slow
@pytest.mark.parametrize("unit", VOCABULARIES)
@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_and_unit_agrees_with_the_engine(
    tmp_path, cell, embedding, unit
):
    pytest.importorskip("onnx")
    engine = network(unit, cell, embedding)
    path = charrnn.export(engine, tmp_path / "model.onnx")
    about = check_parity(engine, path)
    expected = contents.described(engine)
    assert about == json.loads(json.dumps(expected))


@pytest.mark.slow
def test_the_bundled_model_agrees_with_the_engine(tmp_path):
    pytest.importorskip("onnx")
    path = charrnn.export("shakespeare", tmp_path / "shakespeare.onnx")
    about = check_parity(charrnn.load("shakespeare"), path)
    assert about["made"]["text"]["name"] == "shakespeare"


@pytest.mark.slow
def test_cells_may_be_mixed(tmp_path):
    pytest.importorskip("onnx")
    lstm, gru = (network("character", cell, layers=1) for cell in CELLS[1:])
    upper = [array[:8] for array in gru.layers[0].arrays()[:1]]
    layers = [
        (lstm.layers[0].name, {}, lstm.layers[0].arrays()),
        ("GRU", {}, [*upper, *gru.layers[0].arrays()[1:]]),
        ("Dense", {}, gru.layer_weights()[-1][1]),
    ]
    engine = charrnn.Engine(layers, lstm.vocabulary)
    path = charrnn.export(engine, tmp_path / "model.onnx")
    check_parity(engine, path)


@pytest.mark.slow
def test_half_the_size_is_nearly_the_same(tmp_path):
    onnx = pytest.importorskip("onnx")
    engine = network("word", "GRU", embedding=5)
    paths = [
        charrnn.export(engine, tmp_path / f"{weights}.onnx", weights=weights)
        for weights in contents.WEIGHTS
    ]
    whole, half = (onnx.load(path).graph.initializer for path in paths)
    sizes = [sum(len(c.raw_data) for c in each) for each in (whole, half)]
    assert sizes[0] == 2 * sizes[1]
    session, _ = session_of(paths[1])
    logits = session.run(
        None, {"ids": np.array([3], np.int32), **zeros(session, 1)}
    )[0]
    expected, _ = engine.step([3], engine.zero_state(1))
    np.testing.assert_allclose(logits, expected, atol=1e-2)
    assert not np.allclose(logits, expected, atol=1e-6)


@pytest.mark.slow
def test_the_file_is_plain(tmp_path):
    """Its operators have been in ONNX for years, and its names are told."""
    onnx = pytest.importorskip("onnx")
    path = charrnn.export(network("lines", "GRU"), tmp_path / "model.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert {node.op_type for node in model.graph.node} <= set(
        "Add Cast Equal Gather Identity MatMul Mul Not Sigmoid Split Sub Tanh "
        "Unsqueeze".split()
    )
    assert [each.name for each in model.graph.input] == ["ids", "h1", "h2"]
    assert [each.name for each in model.graph.output] == [
        "logits", "new_h1", "new_h2"
    ]  # fmt: skip
    (opset,) = model.opset_import
    assert (opset.version, model.ir_version) == (17, 8)


def test_without_the_package_onnx_there_is_a_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match="pip install onnx"):
        charrnn.export(network(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_network_too_large_for_a_file_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_step, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="less than 2 GB"):
        onnx_step.step_model(network())
