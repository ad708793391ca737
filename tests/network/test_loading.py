"""Every function that takes a model takes it in any form."""

import numpy as np
import pytest

import charrnn
from charrnn.network.loading import engine_of, keras_model_of
from charrnn.network.model import build_model
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


USES = {
    "Sampler": lambda m, v: charrnn.Sampler(m, v).generate(length=3),
    "score": lambda m, v: charrnn.score(m, TEXT, vocabulary=v).nats.tolist(),
    "score ids": lambda m, v: charrnn.score(m, IDS).nats.tolist(),
    "read_along": lambda m, v: charrnn.read_along(
        m, TEXT, vocabulary=v
    ).nats.tolist(),
    "context_curve": lambda m, v: charrnn.context_curve(
        m, TEXT, contexts=(1, 2), vocabulary=v
    ).bits.tolist(),
    "read_neurons": lambda m, v: [
        unit.correlation
        for unit in charrnn.read_neurons(m, TEXT * 3, vocabulary=v).units
    ],
    "gradient_decay": lambda m, v: charrnn.gradient_decay(
        m, IDS[None]
    ).norms.tolist(),
    "score_adapting": lambda m, v: charrnn.score_adapting(
        m, v, TEXT, segment=8
    ).nats.tolist(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_each_function_takes_each_form(forms, use):
    results = {name: use(*forms[name]) for name in FORMS}
    for name in FORMS[1:]:
        assert results[name] == results["engine"], name


def test_a_bundled_model_is_taken_by_its_name():
    assert len(engine_of("shakespeare").vocabulary) > 60


@pytest.mark.parametrize(
    "use", [USES[n] for n in USES if n not in ("score ids", "gradient_decay")]
)
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
    charrnn.Sampler(forms["path"][0], VOCABULARY)  # the same is welcome


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
