"""A sampler writes what its network and its random numbers ask for."""

import dataclasses
import re
import string
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.network.engine import Engine, load
from charrnn.scoring.score import score
from charrnn.system import ram
from charrnn.text.vocabulary import Vocabulary
from charrnn.writing.probabilities import probabilities
from charrnn.writing.random_numbers import STEPS_PER_BLOCK, uniforms
from charrnn.writing.sampler import Sampler
from charrnn.writing.state import keep_rows

repeatable = settings(deadline=None, derandomize=True)
LETTERS = "".join(map(chr, range(ord("a"), ord("z") + 1)))


def engine_of(characters, cell, arrays, kernel, bias):
    """An engine of one recurrent layer and an output layer."""
    return Engine(
        [
            (cell, {}, [np.asarray(a, np.float32) for a in arrays]),
            ("Dense", {}, [np.float32(kernel), np.float32(bias)]),
        ],
        Vocabulary(characters),
    )


def random_engine(characters=LETTERS, units=8, seed=0):
    """An LSTM of random weights: any text is like any other to it."""
    random = np.random.default_rng(seed)
    size, gates = len(characters), 4 * units
    shapes = [(size, gates), (units, gates), (gates,)]
    arrays = [random.normal(size=shape) for shape in shapes]
    kernel = 3 * random.normal(size=(units, size))
    bias = random.normal(size=size)
    return engine_of(characters, "LSTM", arrays, kernel, bias)


def forgetful_engine(characters, p):
    """Draws every character from p, whatever came before."""
    size = len(characters)
    arrays = [np.zeros((size, 1)), np.zeros((1, 1)), np.zeros(1)]
    return engine_of(
        characters, "SimpleRNN", arrays, np.zeros((1, size)), np.log(p)
    )


def next_letter_engine(characters=LETTERS):
    """Follows each character with the next one, the last with the first."""
    size = len(characters)
    arrays = [9 * np.eye(size), np.zeros((size, size)), np.zeros(size)]
    kernel = 50 * np.roll(np.eye(size), 1, axis=1)
    return engine_of(characters, "SimpleRNN", arrays, kernel, np.zeros(size))


def script_engine(script):
    """Writes a script after the prompt "^", whatever it is made of.

    Its hidden units count: "^" sets the first, and the one that is set
    sets the one after it.
    """
    characters = "".join(sorted({"^", *script, *string.printable}))
    start = np.zeros((len(characters), len(script)))
    start[characters.index("^"), 0] = 9
    count = 9 * np.eye(len(script), k=1)
    kernel = (
        50
        * np.eye(len(characters))[
            [characters.index(character) for character in script]
        ]
    )
    arrays = [start, count, np.zeros(len(script))]
    bias = np.zeros(len(characters))
    return engine_of(characters, "SimpleRNN", arrays, kernel, bias)


def draw(sampler, state, steps):
    """The ids of so many steps, (samples, steps), and the state after."""
    drawn = []
    for _ in range(steps):
        ids, state = sampler.step(state)
        drawn.append(ids)
    return np.stack(drawn, 1), state


def texts_of(samples):
    return [sample.text for sample in samples]


# The sampler.


def test_sample_i_is_the_same_whatever_the_count():
    sampler = Sampler(forgetful_engine(LETTERS, np.full(26, 1 / 26)))
    many, _ = draw(sampler, sampler.start("a", count=7, seed=3), 300)
    for count in (1, 2, 5):
        state = sampler.start("a", count=count, seed=3)
        few, _ = draw(sampler, state, 300)
        assert np.array_equal(few, many[:count])


@pytest.mark.parametrize("first_steps", [0, 1, 5, 299])
def test_samples_go_on_the_same_when_others_have_ended(first_steps):
    sampler = Sampler(forgetful_engine(LETTERS, np.full(26, 1 / 26)))
    many, _ = draw(sampler, sampler.start("a", count=7, seed=3), 300)
    state = sampler.start("a", count=7, seed=3)
    for _ in range(first_steps):
        _, state = sampler.step(state)
    rest, _ = draw(sampler, keep_rows(state, [1, 6]), 300 - first_steps)
    assert np.array_equal(rest, many[[1, 6], first_steps:])


def test_characters_are_drawn_with_the_uniforms_of_their_position():
    p = np.array([0.1, 0.2, 0.3, 0.4])
    sampler = Sampler(forgetful_engine("abcd", p))
    count, length = 3, 2 * STEPS_PER_BLOCK + 9
    ids, _ = draw(sampler, sampler.start(count=count, seed=11), length)
    for sample in range(count):
        numbers = uniforms(11, sample, 0, length)
        by_hand = np.searchsorted(p.cumsum(), numbers, side="right")
        assert np.array_equal(ids[sample], by_hand)


def test_a_state_continues_the_same_way_in_any_sampler():
    engine = random_engine()
    sampler = Sampler(engine)
    state = sampler.start("hello", count=3, seed=5)
    whole, _ = draw(sampler, state, 290)
    for cut in (1, 255, 256, 257):
        start, middle = draw(sampler, state, cut)
        assert middle.position == cut
        rest, _ = draw(Sampler(engine), middle, 290 - cut)
        again, _ = draw(sampler, middle, 290 - cut)
        assert np.array_equal(np.hstack([start, rest]), whole)
        assert np.array_equal(again, rest)


def test_states_taken_in_turn_do_not_disturb_each_other():
    sampler = Sampler(random_engine())
    states = [sampler.start("ab", count=2, seed=seed) for seed in (1, 2)]
    alone = [draw(sampler, state, 20)[0] for state in states]
    for place in range(20):
        for i, state in enumerate(states):
            ids, states[i] = sampler.step(state)
            assert np.array_equal(ids, alone[i][:, place])


def test_a_step_leaves_its_state_as_it_was():
    sampler = Sampler(random_engine())
    state = sampler.start("ab", count=2, seed=1)
    copies = [state.logits.copy(), *(a.copy() for a in state.recurrent[0])]
    draw(sampler, state, 3)
    kept = [state.logits, *state.recurrent[0]]
    assert all(map(np.array_equal, kept, copies))
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.position = 7


def test_same_seed_same_texts():
    def generate(seed):
        sampler = Sampler(random_engine())
        return sampler.generate("ab", length=80, count=3, seed=seed)

    assert generate(4) == generate(4)
    assert set(texts_of(generate(4))).isdisjoint(texts_of(generate(5)))
    assert len(set(texts_of(generate(4)))) == 3


def test_a_sample_knows_its_seed_and_index():
    samples = Sampler(random_engine()).generate(length=3, count=3, seed=9)
    assert [sample.seed for sample in samples] == [9, 9, 9]
    assert [sample.index for sample in samples] == [0, 1, 2]


@pytest.mark.parametrize("length", [0, 1, 30, 255, 256, 257])
def test_the_first_characters_do_not_depend_on_the_length(length):
    sampler = Sampler(random_engine())
    long = sampler.generate("ab", length=300, count=2, seed=1)
    short = sampler.generate("ab", length=length, count=2, seed=1)
    assert texts_of(short) == [text[:length] for text in texts_of(long)]


def test_temperature_0_takes_the_likeliest_at_each_step():
    engine = random_engine()
    written = list(engine.vocabulary.encode("start"))
    for _ in range(60):
        logits, _ = engine.run([written])
        written.append(logits[0, -1].argmax())
    expected = engine.vocabulary.decode(written)[len("start") :]
    samples = Sampler(engine).generate(
        "start", length=60, count=2, seed=8, temperature=0
    )
    assert texts_of(samples) == [expected, expected]
    assert len(set(expected)) > 1


def test_top_k_1_is_greedy():
    sampler = Sampler(random_engine())
    greedy = sampler.generate("ab", length=50, temperature=0)
    assert sampler.generate("ab", length=50, top_k=1) == greedy


@pytest.mark.parametrize(
    "filters", [{}, {"temperature": 2, "top_k": 3}, {"min_p": 0.3}]
)
def test_long_run_frequencies_are_the_probabilities(filters):
    p = np.array([1, 4, 9, 16]) / 30
    sampler = Sampler(forgetful_engine("abcd", p))
    samples = sampler.generate(length=100, count=200, seed=0, **filters)
    drawn = "".join(texts_of(samples))
    counts = np.array([drawn.count(character) for character in "abcd"])
    q = probabilities(np.log(p), **filters)
    sigma = np.sqrt(len(drawn) * q * (1 - q))
    assert len(drawn) == 20_000
    assert (np.abs(counts - len(drawn) * q) <= 4 * sigma).all()


def test_next_letter_network_spells_the_alphabet():
    sampler = Sampler(next_letter_engine())
    (sample,) = sampler.generate("a", length=30)
    assert sample.text == LETTERS[1:] + LETTERS[:5]
    (sample,) = sampler.generate("xyzm", length=4)
    assert sample.text == "nopq"


def test_a_step_feeds_the_drawn_character_back():
    sampler = Sampler(next_letter_engine())
    state = sampler.start("c", count=2)
    first, state = sampler.step(state)
    second, state = sampler.step(state)
    assert sampler.vocabulary.decode([*first, *second]) == "ddee"
    assert state.position == 2


# Prompts.


def test_a_prompt_without_characters_starts_a_line_or_at_the_first():
    with_lines = Sampler(random_engine("\nabc"))
    without = Sampler(random_engine("xabc"))
    for sampler, prompt in ((with_lines, "\n"), (without, "x")):
        empty = sampler.generate(length=40, seed=2)
        assert len(empty[0].text) == 40
        assert empty == sampler.generate(prompt, length=40, seed=2)


def test_a_long_prompt_is_read_to_its_end():
    engine = random_engine()
    ids = engine.vocabulary.encode("hello")
    state = engine.zero_state(1)
    for i in ids:
        logits, state = engine.step([i], state)
    start = Sampler(engine).start("hello", count=3)
    assert start.logits == pytest.approx(np.repeat(logits, 3, 0), abs=1e-5)
    for array, by_step in zip(start.recurrent[0], state[0], strict=True):
        expected = np.repeat(by_step, 3, 0)
        assert array == pytest.approx(expected, abs=1e-5)


def test_of_a_very_long_prompt_the_end_is_read(monkeypatch):
    monkeypatch.setattr("charrnn.writing.prompts.MAX_PROMPT_CHARACTERS", 40)
    monkeypatch.setattr("charrnn.writing.prompts.UNITS_PER_PIECE", 16)
    engine = random_engine()
    prompt = "the quick brown fox".replace(" ", "") * 9
    chunks = []

    def watch(pieces):
        chunks.extend(pieces)
        return pieces

    start = Sampler(engine).start(prompt, watch=watch)
    expected = Sampler(engine).start(prompt[-40:])
    assert np.array_equal(start.logits, expected.logits)
    assert [chunk.shape for chunk in chunks] == [(1, 16), (1, 16), (1, 8)]


@pytest.mark.slow
def test_what_stands_before_the_last_2048_characters_does_not_show():
    """Of the bundled model: so MAX_PROMPT_CHARACTERS loses nothing."""
    engine = load("shakespeare")
    text = "MENENIUS:\nWhat work's, my countrymen, in hand? where go you?\n\n"
    before = engine.vocabulary.encode("First Citizen:\nNo, no!\n" * 11)
    ids = engine.vocabulary.encode(text * (2048 // len(text)))
    _, state = engine.run(before[None])
    with_it, _ = engine.read(ids[None], state)
    without, _ = engine.read(ids[None])
    assert with_it == pytest.approx(without, abs=1e-4)


@pytest.mark.parametrize(
    "size", [1, 6, 37, 257, pytest.param(1024, marks=pytest.mark.slow)]
)
def test_an_ordinary_prompt_is_read_to_the_bit_as_ever(size):
    engine = load("shakespeare")
    text = ("ROMEO:\nBut, soft! what light through yonder window?\n" * 21)[
        :size
    ]
    logits, state = engine.run(engine.vocabulary.encode(text)[None])
    start = Sampler(engine).start(text)
    assert np.array_equal(start.logits, logits[:, -1])
    for own, expected in zip(start.recurrent, state, strict=True):
        assert all(map(np.array_equal, own, expected))


def test_a_prompt_takes_logits_for_its_last_character_only():
    engine = random_engine("".join(map(chr, range(256, 256 + 20_000))), 2)
    sampler = Sampler(engine)
    prompt = engine.vocabulary.characters[:1000]
    tracemalloc.start()
    state = sampler.start(prompt)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    logits, _ = engine.run(engine.vocabulary.encode(prompt)[None])
    assert state.logits == pytest.approx(logits[:, -1], abs=1e-5)
    assert peak < 2e6  # bytes; all logits would take 80e6


def test_an_unknown_character_in_the_prompt_is_named():
    message = r"'É' \(U\+00C9\) at position 2"
    with pytest.raises(ValueError, match=message):
        Sampler(random_engine()).generate("abÉ", length=3)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_1_is_refused(count):
    sampler = Sampler(random_engine())
    message = rf"count of at least 1\. Received {count}\."
    with pytest.raises(ValueError, match=message):
        sampler.start("a", count=count)
    with pytest.raises(ValueError, match=message):
        sampler.generate("a", length=3, count=count)


# Stop strings.


@pytest.mark.parametrize(
    ("script", "stop", "text"),
    [
        ("hello world", ["o"], "hell"),
        ("hello world", ["o w"], "hell"),
        ("hello world", ["hello world"], ""),
        ("hello world", ["h"], ""),
        ("hello world", ["d"], "hello worl"),
        ("aaab", ["aab"], "a"),
        ("abababac", ["ababac"], "ab"),
        ("aabaabaac", ["aabaac"], "aab"),
        ("one\n\ntwo", ["\n\n"], "one"),
        ("hello world", ["rl", "wo"], "hello "),
        ("hello world", ["xyz", "llo wx", "lo"], "hel"),
        ("hello world", ["hello there", "w"], "hello "),
        ("hello world", ("lo", "lo"), "hel"),
    ],
)
def test_a_text_ends_before_its_stop_string(script, stop, text):
    pieces = []
    (sample,) = Sampler(script_engine(script)).generate(
        "^",
        length=len(script),
        stop=stop,
        on_text=lambda index, piece: pieces.append(piece),
    )
    assert sample.text == text
    assert sample.stop_reason == "stop"
    assert "".join(pieces) == text


@pytest.mark.parametrize("script", ["hello wo", "aaaa", "\n"])
def test_a_text_without_its_stop_string_is_whole(script):
    pieces = []
    (sample,) = Sampler(script_engine(script)).generate(
        "^",
        length=len(script),
        stop=["hello world", "aab", "\n\n"],
        on_text=lambda index, piece: pieces.append(piece),
    )
    assert sample.text == "".join(pieces) == script
    assert sample.stop_reason == "length"


@pytest.mark.parametrize("stop", [["b", "ab"], ["ab", "b"]])
def test_the_longest_of_stop_strings_that_end_together_is_cut(stop):
    (sample,) = Sampler(script_engine("xxab")).generate(
        "^", length=4, stop=stop
    )
    assert sample.text == "xx"


@pytest.mark.parametrize(
    ("script", "how", "text", "reason"),
    [
        ("hello world", {"stop_after": "o"}, "hello", "stop_after"),
        ("hello world", {"stop_after": ["d", "o w"]}, "hello w", "stop_after"),
        ("hello", {"stop_after": "o"}, "hello", "stop_after"),
        ("aaab", {"stop_after": "aab"}, "aaab", "stop_after"),
        ("a.\n\ntwo", {"stop_after": ".", "stop": "\n"}, "a.", "stop_after"),
        ("one\ntwo.", {"stop_after": ".", "stop": "\n"}, "one", "stop"),
        ("one.\n", {"stop_after": ".\n", "stop": "\n"}, "one.\n", "stop_after"),
        ("one.\n", {"stop_after": "\n", "stop": ".\n"}, "one", "stop"),
        ("abab", {"stop_after": "bx", "stop": "abc"}, "abab", "length"),
        # What may begin a stop string is let go where the other one ends it.
        ("xab!", {"stop_after": "ab", "stop": "ab!"}, "xab", "stop_after"),
    ],
)  # fmt: skip
def test_a_text_ends_after_a_string_as_well_as_before(
    script, how, text, reason
):
    pieces = []
    (sample,) = Sampler(script_engine(script)).generate(
        "^",
        length=len(script),
        on_text=lambda index, piece: pieces.append(piece),
        **how,
    )
    assert sample.text == "".join(pieces) == text
    assert sample.stop_reason == reason


def test_a_string_to_end_after_is_not_waited_for():
    told = []
    Sampler(script_engine("hello")).generate(
        "^", length=5, stop_after="lo", on_text=lambda _, c: told.append(c)
    )
    assert told == list("hello")


@pytest.mark.parametrize("argument", ["stop", "stop_after"])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [("É", "U+00C9"), (["ab", "a\r\n"], "U+000D"), ("\\n", "U+005C"),
     ("<|end|>", "U+003C"), ("a\ufffd", "U+FFFD")],
)  # fmt: skip
def test_a_string_that_can_never_come_is_refused(argument, wrong, named):
    sampler = Sampler(random_engine("\nabn\ufffd"))
    with pytest.raises(ValueError, match=re.escape(named)):
        sampler.stream(length=3, **{argument: wrong})


def test_a_string_to_end_both_before_and_after_is_refused():
    with pytest.raises(ValueError, match=r"'b' in both"):
        Sampler(random_engine()).stream(length=3, stop="b", stop_after="b")


def test_an_interrupted_sample_is_what_was_drawn_so_far():
    engine = random_engine()
    (whole,) = Sampler(engine).generate("ab", length=50, seed=1)
    drawn = []
    samples = Sampler(engine).generate(
        "ab",
        length=50,
        count=2,
        seed=1,
        on_text=lambda *event: drawn.append(event),
        interrupted=lambda: len(drawn) >= 14,
    )
    assert [len(sample.text) for sample in samples] == [7, 7]
    assert samples[0].text == whole.text[:7]
    assert {sample.stop_reason for sample in samples} == {"interrupted"}
    assert all(sample.nats_per_character > 0 for sample in samples)


@repeatable
@given(
    st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=3),
    st.integers(0, 1000),
)
def test_each_sample_ends_at_its_own_first_stop_string(stop, seed):
    sampler = Sampler(forgetful_engine("abc", [0.45, 0.45, 0.1]))
    stop.sort(key=len, reverse=True)
    pieces = {index: [] for index in range(4)}
    free = sampler.generate("c", length=25, count=4, seed=seed)
    samples = sampler.generate(
        "c",
        length=25,
        count=4,
        seed=seed,
        stop=stop,
        on_text=lambda index, piece: pieces[index].append(piece),
    )
    for sample, whole in zip(samples, texts_of(free), strict=True):
        ends = [
            (whole.index(string) + len(string), -len(string))
            for string in stop
            if string in whole
        ]
        end, size = min(ends, default=(25, 0))
        assert sample.text == whole[: end + size]
        assert sample.stop_reason == ("stop" if ends else "length")
        assert "".join(pieces[sample.index]) == sample.text
        assert all(pieces[sample.index])


def test_certain_characters_are_told_at_once():
    told = []
    sampler = Sampler(script_engine("hello world"))
    generated = {}
    step = sampler.step

    def counted(state, **filters):
        generated["steps"] = state.position + 1
        return step(state, **filters)

    sampler.step = counted
    sampler.generate(
        "^",
        length=11,
        stop=["lo!", "ld"],
        on_text=lambda index, text: told.append((generated["steps"], text)),
    )
    # "l" may begin a stop string, and so may "lo": they wait.
    assert told == [
        (1, "h"),
        (2, "e"),
        (4, "l"),
        (6, "lo "),
        (7, "w"),
        (8, "o"),
        (9, "r"),
    ]


def test_without_stop_strings_each_character_is_told_as_it_is_drawn():
    told = []
    Sampler(script_engine("hello")).generate(
        "^", length=5, count=2, on_text=lambda *event: told.append(event)
    )
    assert told == [(i, c) for c in "hello" for i in (0, 1)]


@pytest.mark.parametrize("stop", [[""], ["a", ""]])
def test_an_empty_stop_string_is_refused(stop):
    with pytest.raises(ValueError, match=r"Received an empty one\."):
        Sampler(random_engine()).generate(length=3, stop=stop)


# Likelihood.


@pytest.mark.parametrize(
    "filters",
    [{}, {"temperature": 0}, {"temperature": 0.5, "top_k": 3, "min_p": 0.1}],
)
def test_nats_per_character_are_the_networks_own(filters):
    engine = random_engine()
    samples = Sampler(engine).generate(
        "prompt", length=90, count=3, seed=6, **filters
    )
    for sample in samples:
        nats = score(engine, "prompt" + sample.text).nats
        drawn = nats[len("prompt") - 1 :]
        assert len(drawn) == 90
        expected = drawn.mean(dtype=np.float64)
        assert sample.nats_per_character == pytest.approx(expected, rel=1e-5)


def test_nats_per_character_count_all_that_was_drawn():
    p = {"a": 0.5, "b": 0.3, "c": 0.2}
    sampler = Sampler(forgetful_engine("abc", list(p.values())))
    samples = sampler.generate(
        length=200, count=5, seed=1, stop=["cc"], temperature=1.5
    )
    for sample in samples:
        assert sample.stop_reason == "stop"
        nats = [-np.log(p[character]) for character in sample.text + "cc"]
        assert sample.nats_per_character == pytest.approx(np.mean(nats))


def test_no_characters_cost_no_nats():
    (sample,) = Sampler(random_engine()).generate("ab", length=0)
    assert (sample.text, sample.nats_per_character) == ("", 0.0)
    assert sample.stop_reason == "length"


# Keras.


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_keras_model_writes_the_same_text_as_its_engine(cell):
    from charrnn.network.backend import keras
    from charrnn.network.model import build_model

    keras.utils.set_random_seed(1)
    vocabulary = Vocabulary("\nabcdef")
    model = build_model(vocabulary, cell=cell, units=5, layers=2)
    engine = Engine.from_keras(model, vocabulary)
    arguments = {"prompt": "abc", "length": 50, "count": 2, "seed": 3}
    by_keras = Sampler(model, vocabulary).generate(**arguments)
    assert by_keras == Sampler(engine).generate(**arguments)


# Streams, and what is refused.


def test_a_stream_is_what_generate_writes():
    sampler = Sampler(random_engine())
    how = {"length": 60, "count": 3, "seed": 4, "stop": ["e", "xy"]}
    texts = ["", "", ""]
    for index, piece in sampler.stream("ab", **how):
        texts[index] += piece
    assert texts == texts_of(sampler.generate("ab", **how))


@pytest.mark.slow
def test_a_stream_keeps_nothing():
    stream = Sampler(random_engine()).stream(length=8_000, seed=1)
    tracemalloc.start()
    for _ in zip(range(1_000), stream, strict=False):
        pass
    before, _ = tracemalloc.get_traced_memory()
    for _ in stream:
        pass
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 10_000  # bytes; a character kept takes four


@pytest.mark.parametrize(
    "wrong",
    [{"length": -1}, {"stop": [""]}, {"count": 0}, {"temperature": -1},
     {"top_k": 0}, {"top_p": 0}, {"min_p": 2}, {"prompt": "É"}],
)  # fmt: skip
def test_a_stream_is_refused_before_its_first_piece(wrong):
    with pytest.raises(ValueError, match=r"Expected"):
        Sampler(random_engine()).stream(**{"length": 3, **wrong})


@pytest.mark.parametrize(
    ("size", "count", "length"),
    [
        pytest.param(60, 1000, 80, marks=pytest.mark.slow),
        (60, 100, 257),
        (9000, 1, 260),
        pytest.param(5000, 50, 20, marks=pytest.mark.slow),
    ],
)
def test_the_memory_that_samples_take_is_foreseen(
    monkeypatch, size, count, length
):
    foreseen = []
    monkeypatch.setattr(
        ram, "check_fits", lambda needed, *_: foreseen.append(needed)
    )
    known = "".join(map(chr, range(256, 256 + size)))
    sampler = Sampler(random_engine(known))
    tracemalloc.start()
    for _ in sampler.stream(length=length, count=count, top_k=5, top_p=0.9):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Python's own things count where there is almost nothing else.
    assert 0.7 * peak - 1e5 < foreseen[0] < 2.5 * peak


def test_a_ledger_of_many_characters_is_settled_early(monkeypatch):
    engine = random_engine()
    often = Sampler(engine).generate("ab", length=90, count=3)
    monkeypatch.setattr("charrnn.writing.ledger.MAX_PENDING_BYTES", 1)
    assert Sampler(engine).generate("ab", length=90, count=3) == often


def test_a_model_of_the_stand_in_alone_cannot_write():
    engine = forgetful_engine("\ufffd", [1.0])
    with pytest.raises(ValueError, match=r"knows only U\+FFFD"):
        Sampler(engine)


def test_samples_that_memory_cannot_hold_are_refused(monkeypatch):
    sampler = Sampler(random_engine())
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 22)
    sampler.start(count=10)
    with pytest.raises(ValueError, match=r"1,000 samples side by side"):
        sampler.start(count=1000)


@pytest.mark.parametrize("filters", [{}, {"temperature": 0}, {"top_k": 1}])
def test_the_stand_in_of_rare_characters_is_never_written(filters):
    engine = forgetful_engine("ab\ufffd", [0.01, 0.01, 0.98])
    (sample,) = Sampler(engine).generate("\ufffd", length=200, **filters)
    assert set(sample.text) <= set("ab")
