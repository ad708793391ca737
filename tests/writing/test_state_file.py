"""A state is saved to the bit, and read as a stranger's file."""

import base64
import json
import random

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import (
    Engine,
    Mixture,
    Sampler,
    WordVocabulary,
    load_state,
    prime,
    save_state,
)
from charrnn.network.fingerprint import fingerprint

WORDS = WordVocabulary(dict.fromkeys([*" Napoleon", " Napoleon"]))
ONE = engine_of("\n abc", seed=1)
OTHER = engine_of("\n abc", seed=2)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "abc.state"
    save_state(prime(ONE, "a cab"), path, ONE)
    return path


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (ONE, "a cab"),
        (engine_of(WORDS), "Napo Napo"),
        (Mixture([ONE, OTHER], [0.9, 0.1]), "a cab"),
        (Mixture([ONE, OTHER], [(1, 0), (0, 1)], over=5), "a cab"),
    ],
)
def test_a_state_comes_back_to_the_bit(tmp_path, model, text):
    state = prime(model, text)
    path = tmp_path / "a.state"
    save_state(state, path, model)
    again = load_state(path, model)
    assert np.array_equal(again.logits, state.logits)
    for layer, own in zip(again.recurrent, state.recurrent, strict=True):
        assert all(map(np.array_equal, layer, own))
        assert [a.dtype for a in layer] == [a.dtype for a in own]
    assert (again.rest, again.read) == (state.rest, state.read)
    how = {"length": 9, "count": 4, "seed": 2}
    sampler = Sampler(model)
    assert sampler.generate(state=again, **how) == sampler.generate(
        state=state, **how
    )


def test_a_copy_of_the_model_reads_its_state(saved):
    copy = Engine(
        [
            ("LSTM", {}, [array.copy() for array in ONE.layers[0].arrays()]),
            ("Dense", {}, [ONE._kernel.copy(), ONE._bias.copy()]),
        ],
        ONE.vocabulary,
    )
    assert load_state(saved, copy).read == "a cab"


@pytest.mark.parametrize(
    "model",
    [
        OTHER,
        engine_of("\n cba", seed=1),
        engine_of("\n abc", units=9, seed=1),
        Mixture([ONE, OTHER]),
    ],
)
def test_another_model_is_refused_in_a_line(saved, model):
    with pytest.raises(ValueError, match="was saved with another") as error:
        load_state(saved, model)
    assert "\n" not in str(error.value)
    assert "Engine(" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is not JSON"),
        ("A play.", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        ("{}", "Expected JSON with the format"),
        ('{"format": "charrnn state 1"}', "it has no 'model'"),
    ],
)
def test_the_reason_is_in_words(tmp_path, content, reason):
    path = tmp_path / "other.state"
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"damaged: {reason}"):
        load_state(path, ONE)


def test_a_missing_state_or_a_folder_is_told(tmp_path):
    with pytest.raises(ValueError, match="gone' does not exist"):
        load_state(tmp_path / "gone", ONE)
    with pytest.raises(ValueError, match="is a folder, a pipe or a device"):
        load_state(str(tmp_path), ONE)


def test_a_mixture_is_another_one_with_other_weights():
    found = [
        fingerprint(Mixture([ONE, OTHER], weights, by=by))
        for weights in ([1, 1], [1, 2])
        for by in ("average", "product")
    ]
    assert len(set(found)) == 4
    moving = [Mixture([ONE, OTHER], [(1, 0), 1], over=n) for n in (5, 9)]
    assert fingerprint(moving[0]) == fingerprint(moving[1])


def base64_of(*numbers):
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode("ascii")


def changed(**entries):
    return lambda value: {**value, **entries}


def change_number(name, number):
    """Makes every number of an array another one."""
    size = {"logits": 5, "recurrent": 8}[name]
    text = base64_of(*[number] * size)
    return changed(**{name: text if name == "logits" else [[text, text]]})


DAMAGE = {
    "no object": lambda value: [value],
    "other format": changed(format="charrnn state 2"),
    "no model": lambda value: {k: value[k] for k in value if k != "model"},
    "no logits": lambda value: {k: value[k] for k in value if k != "logits"},
    "logits of another size": changed(logits=base64_of(1, 2, 3)),
    "logits that are no text": changed(logits=[1.0] * 5),
    "logits that are no base64": changed(logits="\u00e9!"),
    "logits with spaces": changed(logits=" " * 28),
    "logits that are not numbers": change_number("logits", np.nan),
    "logits of infinity": change_number("logits", np.inf),
    "logits that exclude all": change_number("logits", -np.inf),
    "huge logits": change_number("logits", -1e30),
    "states of infinity": change_number("recurrent", np.inf),
    "excluded states": change_number("recurrent", -np.inf),
    "states that are not numbers": change_number("recurrent", np.nan),
    "huge states": change_number("recurrent", 1e20),
    "no states": changed(recurrent=[]),
    "one state": changed(recurrent=[[base64_of(*[0] * 8)]]),
    "three states": changed(recurrent=[[base64_of(*[0] * 8)] * 3]),
    "two layers": changed(recurrent=[[base64_of(*[0] * 8)] * 2] * 2),
    "states by name": changed(recurrent={"h": 1}),
    "a rest of unknown characters": changed(rest="\x1b[31m"),
    "a rest that is no text": changed(rest=None),
    "a long rest": changed(rest="a" * 9000),
    "a long text": changed(read="a" * 1001),
    "a text of unknown characters": changed(read="xyz"),
    "half a surrogate pair": changed(read="\ud800"),
    "more than its size": changed(made_with="x" * (1 << 18)),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_state_is_refused_in_a_line(saved, name):
    value = DAMAGE[name](json.loads(saved.read_text("utf-8")))
    saved.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(ValueError, match="is not one, or is damaged") as error:
        load_state(saved, ONE)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{",
        b"[" * 100_000,
        b"PK\3\4",
        b'{"format": NaN}',
        b"null",
    ],
)
def test_what_is_no_state_is_refused_in_a_line(tmp_path, data):
    path = tmp_path / "a.state"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="is not one, or is damaged"):
        load_state(path, ONE)


def test_a_stranger_cannot_command_a_terminal(saved):
    value = json.loads(saved.read_text("utf-8"))
    for made_with in ("\x1b[31m\n" * 99, None, ["x"], {}):
        value = {**value, "model": "other", "made_with": made_with}
        saved.write_text(json.dumps(value), encoding="utf-8")
        with pytest.raises(ValueError, match="with another") as error:
            load_state(saved, ONE)
        assert str(error.value).isprintable()


def test_only_a_regular_file_is_read(tmp_path):
    with pytest.raises(ValueError, match="a folder, a pipe or a device"):
        load_state(tmp_path, ONE)


@pytest.mark.parametrize(
    "cases",
    [60, pytest.param(20_000, marks=pytest.mark.reliability)],
)
def test_a_mutated_state_is_read_or_refused(saved, cases, tally):
    good = saved.read_bytes()
    draw = random.Random(cases)
    for _ in range(cases):
        data = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        saved.write_bytes(
            data[: draw.choice([None, draw.randrange(len(data))])]
        )
        try:
            state = load_state(saved, ONE)
        except ValueError as error:
            assert str(error).isprintable()
            tally["mutated states: refused in a line"] += 1
        else:
            assert Sampler(ONE).generate(state=state, length=2)[0].text
            tally["mutated states: read"] += 1


def test_a_state_of_other_sizes_or_several_samples_is_not_saved(tmp_path):
    path = tmp_path / "a.state"
    with pytest.raises(ValueError, match="of other sizes"):
        save_state(prime(ONE), path, engine_of("abc", units=9))
    with pytest.raises(ValueError, match="one sample"):
        save_state(Sampler(ONE).start(count=2), path, ONE)
    assert not path.exists()
