"""A model file is whole, tells what it is, and opens with Keras alone."""

import io
import json
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
from packing import config_of, facts_of, members, rewrite

from charrnn.network import model_file
from charrnn.network.backend import keras
from charrnn.network.engine import Engine, load
from charrnn.network.model import build_model
from charrnn.text import kinds
from charrnn.text.byte_vocabulary import ByteVocabulary
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

# Control characters, quotes, CJK, an emoji, a combining accent, Unicode's
# line separator and its last character.
NASTY = "\0\n\r\t \"'\\{}aé\u0301文字\u2028\ufeff\U0001f600\U0010ffff"
NETWORKS = [
    (cell, layers, embedding)
    for cell in ("simple_rnn", "lstm", "gru")
    for layers in (1, 2)
    for embedding in (None, 3)
]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.from_text(NASTY)


@pytest.fixture(scope="module")
def ids(vocabulary):
    return np.random.default_rng(1).integers(len(vocabulary), size=(2, 9))


def build(vocabulary, cell="lstm", layers=2, embedding=None):
    """A small model with random weights and biases."""
    model = build_model(
        vocabulary, cell=cell, units=5, layers=layers, embedding=embedding
    )
    rng = np.random.default_rng(0)
    model.set_weights(
        [rng.normal(0, 0.7, array.shape) for array in model.get_weights()]
    )
    return model


@pytest.fixture(scope="module")
def models(vocabulary, tmp_path_factory):
    """One saved model of each kind: a `dict` from path to model."""
    folder = tmp_path_factory.mktemp("models")
    models = {}
    for number, network in enumerate(NETWORKS):
        path = folder / f"{number}.keras"
        models[path] = build(vocabulary, *network)
        model_file.save(models[path], path, vocabulary)
    return models


@pytest.fixture
def path(tmp_path, vocabulary):
    """A saved model, free to be damaged."""
    path = tmp_path / "model.keras"
    model_file.save(build(vocabulary, "gru", 1), path, vocabulary)
    return path


# What is inside.


WITHOUT_CHARRNN = """
import sys

sys.modules["charrnn"] = None  # as if it were not installed
try:
    import charrnn
except ImportError:
    pass
else:
    raise SystemExit("charrnn could be imported")

import keras
import numpy as np

ids = np.load("ids.npy")
logits = {}
for number in range(int(sys.argv[1])):
    model = keras.saving.load_model(f"{number}.keras")
    logits[str(number)] = np.asarray(model(ids))
np.savez("logits.npz", **logits)
"""


@pytest.mark.slow
def test_the_file_opens_where_charrnn_is_not_installed(models, ids):
    folder = next(iter(models)).parent
    np.save(folder / "ids.npy", ids)
    subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_CHARRNN, str(len(models))],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    with np.load(folder / "logits.npz") as logits:
        for path, model in models.items():
            expected = np.asarray(model(ids))
            np.testing.assert_allclose(
                logits[path.stem], expected, rtol=0, atol=1e-6
            )


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_read_gives_the_weights_of_the_model(models, number, vocabulary):
    path = list(models)[number]
    contents = model_file.read(path)
    assert contents["vocabulary"] == vocabulary
    arrays = [a for *_, arrays in contents["layers"] for a in arrays]
    expected = models[path].get_weights()
    for ours, theirs in zip(arrays, expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_the_engine_of_the_file_is_that_of_the_model(models, ids, number):
    path = list(models)[number]
    engine = load(path)
    ours, _ = engine.run(ids)
    theirs, _ = Engine.from_keras(models[path], engine.vocabulary).run(ids)
    np.testing.assert_array_equal(ours, theirs)
    expected = np.asarray(models[path](ids))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "characters", [NASTY, NASTY[::-1], "\n\r", "\0\1", "'\"", "\\u", "文é"]
)
def test_the_vocabulary_survives_in_its_order(characters, tmp_path):
    path = tmp_path / "model.keras"
    vocabulary = Vocabulary(characters)
    model_file.save(build(vocabulary, "gru", 1), path, vocabulary)
    assert model_file.read(path)["vocabulary"].characters == characters


def test_the_file_tells_what_it_is(path, vocabulary):
    facts = {"metrics": {"val_loss": 1.5}, "split": {"train": [0, 90]}}
    model_file.save(build(vocabulary), path, vocabulary, facts)
    expected = {
        "format": 1,
        "unit": "character",
        "vocabulary": {"characters": vocabulary.characters},
        **facts,
    }
    assert facts_of(path) == expected
    assert model_file.read(path)["facts"] == expected


def test_a_model_read_by_keras_can_be_saved_again(path, vocabulary):
    before = model_file.read(path)
    model = keras.saving.load_model(path)
    model_file.save(model, path, vocabulary, {"round": 2})
    after = model_file.read(path)
    assert after["facts"] == {**before["facts"], "round": 2}
    for (*_, old), (*_, new) in zip(
        before["layers"], after["layers"], strict=True
    ):
        assert len(old) == len(new)
        assert all(map(np.array_equal, old, new))


def test_a_folder_stands_for_its_model(path):
    assert model_file.model_path(path.parent) == path
    assert model_file.read(str(path.parent))["facts"] == facts_of(path)


# What is refused.


def refused(path, message):
    """Checks that reading fails with one line that matches."""
    with pytest.raises(ValueError, match=message) as caught:
        model_file.read(path)
    assert str(caught.value).startswith("Expected")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("inside", ["sea-1", "sea-compared/lstm"])
def test_a_folder_of_runs_names_one_of_them(inside, tmp_path):
    (tmp_path / inside).mkdir(parents=True)
    (tmp_path / inside / "model.keras").touch()
    meant = re.escape(f"Did you mean '{tmp_path / inside}'?")
    refused(tmp_path, meant)


def test_a_file_that_keras_saved_is_refused(path, vocabulary):
    build(vocabulary).save(path)
    refused(path, r"has no charrnn\.json")


@pytest.mark.parametrize("data", [b"", b"PK", b"To be, or not to be" * 99])
def test_a_file_that_is_no_archive_is_refused(path, data):
    path.write_bytes(data)
    refused(path, re.escape(f"'{path}' is not one"))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(path, kept):
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    refused(path, re.escape(f"'{path}' is not one, or is damaged"))


@pytest.mark.parametrize("member", ["config", "model"])
def test_a_missing_member_is_named(path, member):
    rewrite(path, **{member: None})
    refused(path, rf"damaged: .*{member}\.")


def test_flipped_bits_are_refused(path):
    data = bytearray(path.read_bytes())
    start = data.index(members(path)["model.weights.h5"])
    data[start + 3000] ^= 1
    path.write_bytes(data)
    refused(path, "damaged: Bad CRC-32")


def test_a_foreign_setting_is_refused(path):
    config = members(path)["config.json"]
    changed = config.replace(b'"reset_after": true', b'"reset_after": false')
    assert changed != config
    rewrite(path, config=changed)
    refused(path, "GRU with reset_after=True. Received False")


def test_a_newer_format_is_refused(path):
    rewrite(path, charrnn=json.dumps(facts_of(path) | {"format": 4}))
    refused(path, r"Expected format 1 to 3\. Received 4\. .*update charrnn")


UNITS = [
    WordVocabulary.from_text(f"the sea, the {NASTY} sea {NASTY} "),
    ByteVocabulary(),
]


@pytest.mark.parametrize("known", UNITS, ids=lambda known: known.unit)
def test_a_model_of_another_unit_comes_back(known, tmp_path):
    """Earlier versions refuse it by its format, and would misread it."""
    path = tmp_path / "model.keras"
    model = build(known, "gru", 1, 3)
    model_file.save(model, path, known)
    facts = facts_of(path)
    assert (facts["format"], facts["unit"]) == (2, known.unit)
    engine = load(path)
    assert engine.vocabulary == known
    ids = known.encode("sea the")[None]
    expected = np.asarray(model(ids))
    np.testing.assert_allclose(engine.run(ids)[0], expected, atol=1e-5)
    assert f"{len(known):,} {known.plural}" in repr(engine)


def test_a_file_without_a_unit_is_of_characters(path, vocabulary):
    facts = facts_of(path)
    del facts["unit"]
    rewrite(path, charrnn=json.dumps(facts))
    assert load(path).vocabulary == vocabulary


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": "word"}, "Expected format 2 of a model whose unit is"),
        ({"unit": "byte"}, "Expected format 2 of a model whose unit is"),
        ({"unit": "x", "format": 2}, "Expected a unit among"),
        ({"unit": ["word"], "format": 2}, "Expected a unit among"),
        ({"unit": None}, "Expected a unit among"),
        ({"unit": "word", "format": 2}, "Expected words to be a list"),
    ],
)
def test_a_strange_unit_is_refused(path, change, reason):
    rewrite(path, charrnn=json.dumps(facts_of(path) | change))
    refused(path, reason)


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_documents_need_their_format(unit, tmp_path):
    """Earlier versions refuse it by its format, and would misread it."""
    path = tmp_path / "model.keras"
    known = kinds.from_documents(unit, ["ab", "c"], "lines")
    model_file.save(build(known, "gru", 1), path, known)
    assert facts_of(path)["format"] == 3
    assert load(path).vocabulary == known
    rewrite(path, charrnn=json.dumps(facts_of(path) | {"format": 2}))
    refused(path, "Expected format 3 of a model of documents. Received 2")


@pytest.mark.parametrize("by", [None, 7, "", [], {"by": "lines"}, "a" * 101])
def test_a_strange_division_is_refused(by, tmp_path):
    path = tmp_path / "model.keras"
    known = kinds.from_documents("character", ["ab", "c"], "lines")
    model_file.save(build(known, "gru", 1), path, known)
    stored = facts_of(path)["vocabulary"] | {"documents": by}
    rewrite(path, charrnn=json.dumps(facts_of(path) | {"vocabulary": stored}))
    refused(path, "Expected documents by files, by lines, or by a separator")


def test_a_boundary_without_documents_does_not_fit(tmp_path):
    path = tmp_path / "model.keras"
    known = kinds.from_documents("character", ["ab", "c"], "lines")
    model_file.save(build(known, "gru", 1), path, known)
    stored = {"characters": "abc"}
    rewrite(path, charrnn=json.dumps(facts_of(path) | {"vocabulary": stored}))
    refused(path, "Expected")


@pytest.mark.parametrize(
    "words",
    [
        None, "ab", {}, [], [7], [[]], ["a", ""], ["a", "a"], ["a", "aa", "aa"],
        ["a", "a" * 65], ["a", "ab"], ["\ud800"],
        ["a", "a\udcff"],
    ],
)  # fmt: skip
def test_damaged_words_are_refused(words, tmp_path):
    path = tmp_path / "model.keras"
    known = WordVocabulary([*"ab", "ab"])
    model_file.save(build(known, "gru", 1), path, known)
    facts = facts_of(path) | {"vocabulary": {"words": words}}
    rewrite(path, charrnn=json.dumps(facts))
    refused(path, "Expected")


@pytest.mark.parametrize("name", ["format", "vocabulary"])
def test_missing_facts_are_refused(path, name):
    facts = facts_of(path)
    del facts[name]
    rewrite(path, charrnn=json.dumps(facts))
    refused(path, name)


@pytest.mark.parametrize(
    "member",
    ["", "{", "[]", "1", "\udcff", '{"format": 1, "vocabulary": "abc"}'],
)
def test_damaged_facts_are_refused(path, member):
    rewrite(path, charrnn=member.encode("utf-8", "surrogateescape"))
    refused(path, re.escape(str(path)))


@pytest.mark.parametrize("characters", ["", "aa", "\ud800", 7, ["a", "b"]])
def test_a_damaged_vocabulary_is_refused(path, characters):
    vocabulary = {"characters": characters}
    facts = facts_of(path) | {"vocabulary": vocabulary}
    rewrite(path, charrnn=json.dumps(facts))
    refused(path, "characters?")


@pytest.mark.parametrize("config", ["{}", "[]", '{"config": {"layers": 1}}'])
def test_a_damaged_config_is_refused(path, config):
    rewrite(path, config=config)
    refused(path, re.escape(f"'{path}' is not one, or is damaged"))


def test_damaged_weights_are_refused(path):
    rewrite(path, model=b"not HDF5" * 100)
    refused(path, re.escape(f"'{path}' is not one, or is damaged"))


def test_missing_weights_are_refused(path):
    file = io.BytesIO(members(path)["model.weights.h5"])
    with h5py.File(file, "r+") as weights:
        del weights["layers/gru/cell/vars/1"]
    rewrite(path, model=file.getvalue())
    refused(path, "damaged")


@pytest.mark.parametrize("name", ["model", "model.h5", "model.keras.bak"])
def test_another_suffix_is_refused(name, tmp_path, vocabulary):
    with pytest.raises(ValueError, match=r"ending in '\.keras'. Received"):
        model_file.save(build(vocabulary), tmp_path / name, vocabulary)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "model.keras", "no/such/folder"])
def test_a_missing_model_is_refused(name, tmp_path):
    refused(tmp_path / name, "There is no .*python train.py TEXT")


# What is not saved.


def sequential(*layers):
    return keras.Sequential([keras.Input((None,), dtype="int32"), *layers])


def embedding(vocabulary, characters=None):
    return keras.layers.Embedding(characters or len(vocabulary), 3)


def dense(vocabulary, **settings):
    return keras.layers.Dense(len(vocabulary), **settings)


def lstm(**settings):
    return keras.layers.LSTM(4, **{"return_sequences": True, **settings})


class LSTM(keras.layers.LSTM):
    """Has the name of Keras's own."""


class Nameless(keras.layers.Layer):
    """Has no configuration, so that Keras itself cannot save it."""

    def __init__(self, argument):
        super().__init__()

    def get_config(self):
        raise NotImplementedError

    def call(self, x):
        return x


def functional(v):
    ids = keras.Input((None,), dtype="int32")
    return keras.Model(ids, dense(v)(lstm()(embedding(v)(ids))))


def not_finite(v):
    model = build(v)
    model.set_weights([np.nan * array for array in model.get_weights()])
    return model


def quantized(v):
    model = build(v)
    model.layers[-1].quantize("int8")
    return model


REFUSED = {
    "vocabulary": (
        lambda v: build(Vocabulary("abc")),
        r"num_tokens=\d+ in a network with a vocabulary of \d+\. Received 3",
    ),
    "embedding": (
        lambda v: sequential(embedding(v, 99), lstm(), dense(v)),
        r"input_dim=\d+ in a network with a vocabulary of \d+\. Received 99",
    ),
    "bidirectional": (
        lambda v: sequential(
            embedding(v), keras.layers.Bidirectional(lstm()), dense(v)
        ),
        "Received 'Bidirectional'",
    ),
    "order": (
        lambda v: sequential(embedding(v), dense(v), lstm()),
        "and a Dense layer at the end",
    ),
    "last state only": (
        lambda v: sequential(embedding(v), lstm(return_sequences=False)),
        "return_sequences=True. Received False",
    ),
    "softmax": (
        lambda v: sequential(
            embedding(v), lstm(), dense(v, activation="softmax")
        ),
        "activation='linear'. Received 'softmax'",
    ),
    "half precision": (
        lambda v: sequential(embedding(v), lstm(dtype="float16"), dense(v)),
        "float32 weights. Received float16",
    ),
    "namesake": (
        lambda v: sequential(embedding(v), LSTM(4, return_sequences=True)),
        "Dense layer at the end",
    ),
    "namesake before the end": (
        lambda v: sequential(
            embedding(v), LSTM(4, return_sequences=True), dense(v)
        ),
        r"Received '[\w.]+\.LSTM', registered as",
    ),
    "no configuration": (
        lambda v: sequential(embedding(v), Nameless(1), lstm(), dense(v)),
        "Received 'Nameless'",
    ),
    "not a number": (not_finite, "finite weights, none beyond"),
    "quantized": (quantized, "Received 'keras.dtype_policies.Quantized"),
    "not built": (
        lambda v: keras.Sequential([embedding(v), lstm(), dense(v)]),
        "not built yet",
    ),
    "functional": (functional, "keras.Sequential, .* Received 'Functional'"),
    "no model": (lambda v: "model", "keras.Sequential, .* Received 'str'"),
}


@pytest.mark.filterwarnings("ignore:Layer LSTMCell does not have")
@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_could_not_be_loaded_is_not_saved(make, message, path, vocabulary):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message) as caught:
        model_file.save(make(vocabulary), path, vocabulary)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"text": {"newline": "twice"}}, "twice"),
        ({"text": "my.txt"}, "Expected text to be a dict"),
    ],
)
def test_facts_that_could_not_be_loaded_are_not_saved(
    facts, message, path, vocabulary
):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        model_file.save(build(vocabulary), path, vocabulary, facts)
    assert path.read_bytes() == before


def test_a_string_is_no_vocabulary(path, vocabulary):
    with pytest.raises(
        ValueError, match=r"charrnn\.Vocabulary. Received 'str'"
    ):
        model_file.save(build(vocabulary), path, vocabulary.characters)


# What older versions of Keras know.


def keys(value):
    """All names in what JSON holds."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if not isinstance(value, dict):
        return set()
    return set(value).union(*map(keys, value.values()))


NEWER = {"input_axes", "output_axes", "quantization_config", "optional"}


def test_a_file_has_no_setting_that_older_keras_refuses(models):
    for path in models:
        assert not keys(config_of(path)) & NEWER


def test_a_file_with_such_settings_is_read(path, vocabulary):
    """One that charrnn wrote before it left them out."""
    before = model_file.read(path)
    config = config_of(path)
    config["config"]["layers"][0]["config"]["optional"] = False
    for layer in config["config"]["layers"][1:]:
        layer["config"]["quantization_config"] = None
        initializer = layer["config"].get("kernel_initializer")
        if initializer:
            initializer["config"] |= {"input_axes": None, "output_axes": None}
    rewrite(path, config=json.dumps(config))
    after = model_file.read(path)
    assert after["facts"] == before["facts"]
    for (*_, old), (*_, new) in zip(
        before["layers"], after["layers"], strict=True
    ):
        assert all(map(np.array_equal, old, new))
    engine = load(path)  # and becomes one that older Keras reads
    model_file.save(engine.to_keras(), path, engine.vocabulary, engine.facts)
    assert not keys(config_of(path)) & NEWER
    assert model_file.read(path)["facts"] == before["facts"]


def own_loss(targets, logits):
    return keras.ops.mean(logits)


@pytest.mark.parametrize("loss", [own_loss, "sparse_categorical_crossentropy"])
def test_a_loss_of_ones_own_does_not_keep_a_model_from_loading(
    loss, path, vocabulary
):
    model = build(vocabulary)
    model.compile("adam", loss)
    model.optimizer.build(model.trainable_variables)
    model_file.save(model, path, vocabulary)
    assert load(path).parameters == model.count_params()
    assert keras.saving.load_model(path).compiled == (loss is not own_loss)


# Whole or not at all.


def test_a_save_that_fails_leaves_the_old_model(path, vocabulary, monkeypatch):
    before = path.read_bytes()
    model = build(vocabulary)

    def disk_full(temporary):
        temporary.write_bytes(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model, "save", disk_full)
    with pytest.raises(OSError, match="No space left"):
        model_file.save(model, path, vocabulary)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    assert model_file.read(path)["vocabulary"] == vocabulary


def test_facts_that_json_cannot_hold_leave_the_old_model(path, vocabulary):
    before = path.read_bytes()
    with pytest.raises(TypeError, match="not JSON serializable"):
        model_file.save(build(vocabulary), path, vocabulary, {"a": object()})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_save_replaces_the_old_model(path):
    vocabulary = Vocabulary("xyz")
    model_file.save(build(vocabulary, "lstm", 1), path, vocabulary)
    contents = model_file.read(path)
    assert contents["vocabulary"] == vocabulary
    assert "LSTM" in [class_name for class_name, *_ in contents["layers"]]
    assert list(path.parent.iterdir()) == [path]
