"""Every function that takes a model takes it in any form."""

import functools
import tempfile
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.network.backend import keras
from charrnn.network.loading import engine_of, keras_model_of
from charrnn.network.model import build_model
from charrnn.scoring import adaptation
from charrnn.text.vocabulary import Vocabulary

TEXT = "feed a bee, bee by bee. "
VOCABULARY = Vocabulary.from_text(TEXT)
IDS = VOCABULARY.encode(TEXT)
FORMS = ["engine", "path", "string", "folder", "keras", "twin"]


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    """The same model in each form, with the vocabulary to pass beside it."""
    model = build_model(VOCABULARY, cell="gru", units=4, layers=1)
    path = tmp_path_factory.mktemp("run") / "model.keras"
    charrnn.save(model, path, VOCABULARY)
    return {
        "engine": (charrnn.load(path), None),
        "path": (path, None),
        "string": (str(path), None),
        "folder": (path.parent, None),
        "keras": (model, VOCABULARY),
        "twin": (charrnn.fused(model, batch_size=2), VOCABULARY),
    }


def logits_of(model):
    return np.asarray(model(IDS[None].repeat(3, 0))).round(5).tolist()


def saved(model, vocabulary):
    """A model after it was saved, and loaded as one of Keras."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        charrnn.save(model, path, vocabulary)
        again, own = charrnn.load_model(folder)
    assert own == VOCABULARY
    return again


USES = {
    "Sampler": lambda m, v: charrnn.Sampler(m, v).generate(length=3),
    "score": lambda m, v: charrnn.score(m, TEXT, vocabulary=v).nats.tolist(),
    "score ids": lambda m, v: charrnn.score(m, IDS).nats.tolist(),
    "read_along": lambda m, v: charrnn.read_along(
        m, TEXT, vocabulary=v
    ).nats.tolist(),
    "context_curve": lambda m, v: charrnn.context_curve(
        m, TEXT, contexts=(1, 2), vocabulary=v
    ).bits_per_character.tolist(),
    "read_neurons": lambda m, v: [
        unit.correlation
        for unit in charrnn.read_neurons(m, TEXT * 3, vocabulary=v).units
    ],
    "gradient_decay": lambda m, v: charrnn.gradient_decay(
        m, IDS[None]
    ).norms.tolist(),
    "score_each": lambda m, v: [
        each.nats.tolist()
        for each in charrnn.score_each(m, TEXT.split(", "), vocabulary=v)
    ],
    "fused": lambda m, v: logits_of(charrnn.fused(m, batch_size=3)),
    "stateful_twin": lambda m, v: logits_of(
        charrnn.stateful_twin(m, batch_size=3)
    ),
    "save": lambda m, v: logits_of(saved(m, v)),
    "score_adapting": lambda m, v: charrnn.score_adapting(
        m, v, TEXT, segment=8
    ).nats.tolist(),
}


@pytest.fixture(scope="module")
def of_engine(forms):
    """What a use comes to with an engine: a function of the use."""
    return functools.cache(lambda use: use(*forms["engine"]))


@pytest.mark.parametrize(
    ("use", "form"),
    [
        pytest.param(
            use,
            form,
            id=f"{name}-{form}",
            # It compiles each time, for seconds.
            marks=[pytest.mark.slow] * (name == "score_adapting"),
        )
        for name, use in USES.items()
        for form in FORMS[1:]
    ],
)
def test_each_function_takes_each_form(
    forms, of_engine, use, form, monkeypatch
):
    monkeypatch.setattr(adaptation, "OWN_TEXT_SEGMENTS", 2)
    assert use(*forms[form]) == of_engine(use)


def test_a_bundled_model_is_taken_by_its_name():
    assert len(engine_of("shakespeare").vocabulary) > 60


OF_IDS = "score ids", "gradient_decay", "fused", "stateful_twin"


@pytest.mark.parametrize("use", [USES[n] for n in USES if n not in OF_IDS])
def test_a_keras_model_needs_its_vocabulary_for_text(forms, use):
    model, _ = forms["keras"]
    with pytest.raises(ValueError, match="Pass vocabulary=, the charrnn.Voc"):
        use(model, None)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize("model", [7, None, VOCABULARY, [1, 2]])
def test_what_is_no_model_is_refused(use, model):
    with pytest.raises(ValueError, match=r"^Expected a model: a charrnn.Eng"):
        use(model, None)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"There is no '.*nothing\.keras'"):
        charrnn.score(tmp_path / "nothing.keras", TEXT)


def test_another_vocabulary_than_the_models_is_refused(forms):
    with pytest.raises(ValueError, match="no other vocabulary"):
        charrnn.Sampler(forms["path"][0], Vocabulary("ab"))
    with pytest.raises(ValueError, match="no other vocabulary"):
        charrnn.save(forms["path"][0], "copy.keras", Vocabulary("ab"))
    charrnn.Sampler(forms["path"][0], VOCABULARY)  # the same is welcome


@pytest.mark.parametrize("model", ["shakespeare", 7, None])
def test_an_engine_of_keras_wants_a_keras_model(model):
    with pytest.raises(ValueError, match="^Expected a Keras model. Received"):
        charrnn.Engine.from_keras(model, VOCABULARY)


@pytest.mark.slow
def test_a_twin_of_a_file_trains_a_copy_that_can_be_saved(forms, tmp_path):
    path, _ = forms["path"]
    before = charrnn.load(path)
    twin = charrnn.fused(path, batch_size=2)
    twin.compile(charrnn.optimizer(0.1), charrnn.loss())
    windows = charrnn.Windows(IDS, batch_size=2, seq_length=4, seed=1)
    twin.fit(windows.dataset(), steps_per_epoch=3, shuffle=False, verbose=0)
    charrnn.save(twin, tmp_path / "more.keras", VOCABULARY)
    score = charrnn.score(tmp_path / "more.keras", TEXT)
    assert score.nats.mean() != charrnn.score(path, TEXT).nats.mean()
    kept = charrnn.score(before, TEXT).nats == charrnn.score(path, TEXT).nats
    assert kept.all()


def test_a_copy_keeps_what_the_file_tells(forms, tmp_path):
    facts = {"text": {"newline": "keep"}}
    charrnn.save(forms["keras"][0], tmp_path / "a.keras", VOCABULARY, facts)
    charrnn.save(tmp_path / "a.keras", tmp_path / "b.keras")
    charrnn.save(tmp_path / "a.keras", tmp_path / "c.keras", facts={"new": 1})
    facts_of = {n: charrnn.load(tmp_path / f"{n}.keras").facts for n in "abc"}
    assert facts_of["a"] == facts_of["b"]
    assert facts_of["c"]["new"] == 1 and "text" not in facts_of["c"]


def test_layers_of_several_kinds_become_a_keras_model(tmp_path):
    """As a model has them that was not made by `build_model`."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(len(VOCABULARY), 3),
            keras.layers.Dropout(0.25),
            keras.layers.GRU(5, return_sequences=True),
            keras.layers.LSTM(4, return_sequences=True),
            keras.layers.SimpleRNN(4, return_sequences=True),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(len(VOCABULARY)),
        ]
    )
    charrnn.save(model, tmp_path / "model.keras", VOCABULARY)
    for again in (
        charrnn.load_model(tmp_path)[0],
        charrnn.load(tmp_path).to_keras(),
    ):
        kinds = [type(layer).__name__ for layer in again.layers]
        assert kinds == [type(layer).__name__ for layer in model.layers]
        assert [again.layers[i].rate for i in (1, 5)] == [0.25, 0.5]
        np.testing.assert_array_equal(again(IDS[None]), model(IDS[None]))


def test_a_folder_of_texts_may_have_the_name_of_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shakespeare").mkdir()
    Path("shakespeare/hamlet.txt").write_text("Who's there?", encoding="utf-8")
    assert len(charrnn.load("shakespeare").vocabulary) == 69
    Path("shakespeare/checkpoint-000000010.npz").touch()
    with pytest.raises(ValueError, match="has saved none yet"):
        charrnn.load("shakespeare")


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("embedding", [None, 3])
def test_an_engine_becomes_the_keras_model_that_it_was(cell, embedding):
    model = build_model(
        VOCABULARY, cell=cell, units=4, layers=2, embedding=embedding
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    other, _ = keras_model_of(engine_of(model, VOCABULARY))
    assert other.count_params() == model.count_params()
    for ours, theirs in zip(
        other.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


# What they say of themselves.


def test_objects_say_what_they_are(forms):
    engine, _ = forms["engine"]
    described = "Engine(GRU, 1 layer of 4 units, 9 characters, 225 parameters)"
    assert repr(engine) == described
    assert repr(charrnn.Sampler(engine)) == f"Sampler({described})"
    windows = charrnn.Windows(IDS, batch_size=2, seq_length=4, seed=1)
    assert repr(windows) == (
        "Windows(24 characters, batch_size=2, seq_length=4, 3 steps per epoch)"
    )
    score = charrnn.score(engine, TEXT)
    assert repr(score) == (
        f"Score({score.bits_per_character:.4f} bits per character, "
        "23 characters, one pass, state carried)"
    )
    reading = charrnn.read_along(engine, TEXT)
    assert repr(reading).startswith("Reading(24 characters, ")
    state = charrnn.Sampler(engine).start("bee", count=2)
    assert len(repr(state)) < 80
    (unit, *_) = charrnn.read_neurons(engine, TEXT * 3).units
    assert len(repr(unit)) < 160


def test_an_engine_names_layers_of_several_kinds():
    layers = [
        ("GRU", {}, [np.ones((3, 6)), np.ones((2, 6)), np.ones((2, 6))]),
        ("LSTM", {}, [np.ones((2, 16)), np.ones((4, 16)), np.ones(16)]),
        ("Dense", {}, [np.ones((4, 3)), np.ones(3)]),
    ]
    engine = charrnn.Engine(layers, Vocabulary("abc"))
    assert repr(engine).startswith("Engine(GRU 2 + LSTM 4, 3 characters, ")
