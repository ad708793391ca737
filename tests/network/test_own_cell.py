"""A kind of cell of one's own is one entry of `CELLS`, and works everywhere."""

import json

import numpy as np
import own_layers
import pytest

import charrnn
from charrnn.commands import main
from charrnn.network.backend import keras
from charrnn.network.cells import CANDIDATE, CELLS, Cell
from charrnn.network.steps import sigmoid
from charrnn.twins.fused import why_not_fused

TEXT = "a ship at sea, a sea of ships\n" * 60


def mgu_step(x, state, U):
    (h,) = state
    n = h.shape[-1]
    f = sigmoid(x[:, :n] + h @ U[:, :n])
    return ((1 - f) * h + f * np.tanh(x[:, n:] + (f * h) @ U[:, n:]),)


def cifg_step(x, state, U, b):
    h, c = state
    f, g, o = np.split(x + h @ U + b, 3, axis=-1)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


OWN = {
    "mgu": Cell(
        layer="MinimalGatedUnit",
        module="own_layers",
        blocks=("forget gate", CANDIDATE),
        step=mgu_step,
        largest_units=128,
        colour="#123456",
    ),
    "cifg": Cell(
        layer="CIFGLayer",
        module="own_layers",
        blocks=("forget gate", CANDIDATE, "output gate"),
        states=("h", "c"),
        has_recurrent_bias=True,
        step=cifg_step,
    ),
}


@pytest.fixture(params=OWN)
def cell(request, monkeypatch):
    """The name of a cell that has been added, in this one place."""
    monkeypatch.setitem(CELLS, request.param, OWN[request.param])
    return request.param


def trained(cell):
    """A small model, and its vocabulary."""
    keras.utils.set_random_seed(1)
    vocabulary = charrnn.Vocabulary.from_text(TEXT)
    ids = vocabulary.encode(TEXT)
    windows = charrnn.Windows(ids, batch_size=4, seq_length=16, seed=1)
    model = charrnn.build_model(vocabulary, cell=cell, units=8, layers=2)
    with pytest.warns(UserWarning, match="layers have no fused form"):
        twin = charrnn.fused(model, batch_size=4)
    twin.compile(charrnn.optimizer(0.02), charrnn.loss())
    twin.fit(windows.dataset(), steps_per_epoch=60, shuffle=False, verbose=0)
    return model, vocabulary


@pytest.mark.slow
@pytest.mark.parametrize(
    # The other one's verbs are tried below.
    "cell",
    ["mgu", pytest.param("cifg", marks=pytest.mark.slow)],
    indirect=True,
)
def test_it_is_trained_saved_scored_and_drawn_from(cell, tmp_path):
    model, vocabulary = trained(cell)
    charrnn.save(model, tmp_path / "model.keras", vocabulary)
    engine = charrnn.load(tmp_path)
    ids = np.arange(40).reshape(2, 20) % len(vocabulary)
    assert abs(model(ids).numpy() - engine.run(ids)[0]).max() < 1e-5
    assert charrnn.score(engine, TEXT).bits_per_character < 2.5
    (sample,) = charrnn.Sampler(tmp_path).generate("a ", length=9, seed=1)
    assert len(sample.text) == 9
    opened = keras.saving.load_model(
        tmp_path / "model.keras", custom_objects=vars(own_layers)
    )
    np.testing.assert_array_equal(opened(ids), model(ids))


def test_its_weights_gates_and_parameters_are_known(cell):
    vocabulary = charrnn.Vocabulary.from_text(TEXT)
    model = charrnn.build_model(vocabulary, cell=cell, units=8, layers=2)
    engine = charrnn.Engine.from_keras(model, vocabulary)
    assert engine.parameters == model.count_params()
    for ours, theirs in zip(
        engine.to_keras().get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    neurons = charrnn.read_neurons(engine, TEXT)
    gates = {name for _, name in neurons.saturation}
    assert gates == set(OWN[cell].gates)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["cifg"], indirect=True)
def test_the_verbs_train_compare_and_draw_it(cell, tmp_path, capsys):
    text = tmp_path / "sea.txt"
    text.write_text(TEXT, encoding="utf-8")
    out = tmp_path / "compared"
    line = ["compare", str(text), "--cells", cell, "--out", str(out)]
    with pytest.warns(UserWarning, match="layers have no fused form"):
        assert main([*line, "--epochs", "1", "--units", "8", "--json"]) == 0
    [own] = json.loads(capsys.readouterr().out)
    assert own["cell"] == cell
    assert 0 < own["validation_bits_per_character"] < 5
    assert (out / "compared.png").exists()
    assert main(["score", str(out / cell), str(text), "--json"]) == 0
    assert 0 < json.loads(capsys.readouterr().out)[0]["bits_per_character"] < 5
    line = ["gradients", str(text), "--units", "4", "--steps", "0", "--json"]
    assert main([*line, "--plot", str(tmp_path / "norms.png")]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {cell, "lstm"} <= {row["cell"] for row in rows}


def test_it_has_no_recurrent_dropout(cell):
    message = f"Expected no recurrent_dropout with the cell '{cell}'"
    with pytest.raises(ValueError, match=message):
        charrnn.build_model("ab", cell=cell, units=4, recurrent_dropout=0.1)


def test_the_recipe_chooses_for_it(monkeypatch):
    from charrnn.training import recipe, rules

    monkeypatch.setitem(CELLS, "mgu", OWN["mgu"])
    many, long = 50_000_000, {"epochs": 20}
    assert recipe.recommend(many, cell="lstm", **long)["units"] == 512
    assert recipe.recommend(many, cell="mgu", **long)["units"] == 128
    assert rules.rate_for("mgu", 512) == rules.rate_for("lstm", 512)


@pytest.mark.parametrize("known", list(CELLS))
def test_each_cell_of_keras_has_a_fused_form(known):
    layer = getattr(keras.layers, CELLS[known].layer)(4)
    assert why_not_fused(layer) is None


def test_a_layer_that_is_not_in_the_table_is_refused():
    vocabulary = charrnn.Vocabulary("abc")
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(3, 2),
            own_layers.MinimalGatedUnit(4, return_sequences=True),
            keras.layers.Dense(3),
        ]
    )
    with pytest.raises(ValueError, match="only layers among .*'SimpleRNN'"):
        charrnn.Engine.from_keras(model, vocabulary)
