"""Every stream reads the training part in order, for ever, and only that."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charrnn.text.windows import (
    MIN_TRAINING_CHARACTERS,
    Windows,
    fit_to_text,
    split,
)

repeatable = settings(deadline=None, derandomize=True)


@st.composite
def sizes(draw):
    """A text length and a batch that it fills."""
    batch_size = draw(st.integers(1, 6))
    seq_length = draw(st.integers(1, 12))
    least = batch_size * seq_length
    return draw(st.integers(least, least + 60)), batch_size, seq_length


def windows_over(characters, batch_size, seq_length, seed=0):
    """Windows of a text whose ids are its positions."""
    return Windows(
        np.arange(characters),
        batch_size=batch_size,
        seq_length=seq_length,
        seed=seed,
    )


def epochs_of(windows, epochs):
    """The inputs and targets of whole epochs, (batch, time) each."""
    steps = range(epochs * windows.steps_per_epoch)
    batches = [windows.batch(step) for step in steps]
    inputs, targets = zip(*batches, strict=True)
    return np.concatenate(inputs, 1), np.concatenate(targets, 1)


def starts_of(windows, epoch):
    """The places in the text where an epoch's windows begin."""
    first = epoch * windows.steps_per_epoch
    steps = range(first, first + windows.steps_per_epoch)
    return {int(i) for step in steps for i in windows.batch(step)[0][:, 0]}


@repeatable
@given(sizes(), st.integers(0, 2**32), st.integers(0, 1000))
def test_targets_are_inputs_one_later(size, seed, step):
    characters, batch_size, seq_length = size
    inputs, targets = windows_over(*size, seed=seed).batch(step)
    assert inputs.shape == targets.shape == (batch_size, seq_length)
    assert inputs.dtype == targets.dtype == np.int32
    assert np.array_equal(targets, (inputs + 1) % characters)
    assert np.array_equal(targets[:, :-1], inputs[:, 1:])


@repeatable
@given(sizes(), st.integers(0, 2**32))
def test_streams_read_the_ring_on_and_on(size, seed):
    characters, *_ = size
    inputs, targets = epochs_of(windows_over(*size, seed=seed), epochs=3)
    ring = inputs[:, :1] + np.arange(inputs.shape[1])
    assert np.array_equal(inputs, ring % characters)
    assert np.array_equal(targets, (ring + 1) % characters)


def test_streams_spell_the_text():
    text = np.frombuffer(b"to be, or not to be: that is the question. ", "u1")
    windows = Windows(text, batch_size=3, seq_length=5, seed=1)
    inputs, _ = epochs_of(windows, epochs=3)
    for stream in inputs.astype(np.uint8):
        assert stream.tobytes() in text.tobytes() * 5


def test_the_docstrings_picture_is_true():
    letters = np.array(list("abcdefghijklmnop"))
    drawn = (windows_over(16, 2, 3, seed=seed) for seed in range(1000))
    windows = next(own for own in drawn if own.batch(0)[0][0, 0] == 0)
    assert windows.steps_per_epoch == 3
    rows = [
        [
            "".join(row)
            for row in letters[np.array(windows.batch(0))].reshape(4, 3)
        ]
    ]
    rows += [
        [
            "".join(row)
            for row in letters[np.array(windows.batch(1))].reshape(4, 3)
        ]
    ]
    assert rows == [["abc", "ijk", "bcd", "jkl"], ["def", "lmn", "efg", "mno"]]


@repeatable
@given(sizes(), st.integers(0, 2**32))
def test_every_character_is_an_input_in_each_epoch(size, seed):
    characters, *_ = size
    windows = windows_over(*size, seed=seed)
    inputs, targets = epochs_of(windows, epochs=3)
    for epoch in range(3):
        length = windows.steps_per_epoch * windows.seq_length
        part = slice(epoch * length, (epoch + 1) * length)
        assert set(inputs[:, part].flat) == set(range(characters))
        assert set(targets[:, part].flat) == set(range(characters))


@repeatable
@given(sizes())
def test_an_epoch_reads_at_most_a_window_too_much(size):
    characters, batch_size, seq_length = size
    windows = windows_over(*size)
    read = windows.steps_per_epoch * batch_size * seq_length
    assert read <= characters + batch_size * (seq_length + 1)


@repeatable
@given(sizes())
def test_streams_start_at_equal_distances(size):
    characters, batch_size, _ = size
    inputs, _ = windows_over(*size).batch(0)
    gaps = np.diff([*inputs[:, 0], inputs[0, 0] + characters]) % characters
    if batch_size > 1:
        assert gaps.max() - gaps.min() <= 1


def test_a_batch_depends_on_seed_and_step_alone():
    windows = windows_over(1000, 4, 7, seed=5)
    steps = range(200)
    in_order = [windows.batch(step) for step in steps]
    for step in np.random.default_rng(0).permutation(steps):
        again = windows.batch(step)
        fresh = windows_over(1000, 4, 7, seed=5).batch(int(step))
        assert np.array_equal(again, in_order[step])
        assert np.array_equal(fresh, in_order[step])


def test_a_batch_is_the_callers_own():
    windows = windows_over(100, 2, 5)
    inputs, targets = windows.batch(3)
    before = inputs.copy()
    inputs[:], targets[:] = -1, -1
    assert np.array_equal(windows.batch(3)[0], before)


def test_seeds_place_the_streams_differently():
    firsts = {
        int(windows_over(10_000, 1, 8, seed=seed).batch(0)[0][0, 0])
        for seed in range(20)
    }
    assert len(firsts) > 15


def test_epochs_cut_the_windows_at_different_places():
    windows = windows_over(1012, 4, 10)  # 253 to a stream: 3 over
    for epoch in range(3):
        now, later = starts_of(windows, epoch), starts_of(windows, epoch + 1)
        assert len(now & later) < 0.05 * len(now)


@pytest.mark.parametrize(
    "characters", [MIN_TRAINING_CHARACTERS + 10, 503, 1000]
)
def test_no_character_of_the_validation_part_is_seen(characters):
    training, held_out = split(np.arange(characters), 0.2)
    batch_size, seq_length = fit_to_text(len(training), 4, 16)
    windows = Windows(
        training, batch_size=batch_size, seq_length=seq_length, seed=2
    )
    seen = {int(i) for part in epochs_of(windows, epochs=3) for i in part.flat}
    assert seen == set(training.tolist())
    assert not seen & set(held_out.tolist())


@repeatable
@given(sizes(), st.integers(0, 100))
def test_steps_far_ahead_continue_the_ring(size, step):
    characters, _, seq_length = size
    windows = windows_over(*size)
    far = 10**12 * characters + step  # a whole number of times around
    assert np.array_equal(windows.batch(far), windows.batch(step))
    last, _ = windows.batch(10**12)
    first, _ = windows.batch(10**12 + 1)
    assert np.array_equal(first, (last + seq_length) % characters)


@pytest.mark.parametrize("first_step", [0, 7, 10**12])
def test_the_dataset_gives_the_batches_step_by_step(first_step):
    windows = windows_over(101, 3, 4)
    batches = windows.dataset(first_step).take(6).as_numpy_iterator()
    for step, batch in enumerate(batches, first_step):
        assert np.array_equal(batch, windows.batch(step))
    assert step == first_step + 5


def test_the_dataset_knows_its_shapes():
    for spec in windows_over(101, 3, 4).dataset().element_spec:
        assert spec.shape == (3, 4)
        assert spec.dtype == "int32"


@pytest.mark.parametrize(
    ("characters", "batch_size", "seq_length", "message"),
    [
        (19, 4, 5, r"batch_size \* seq_length = 20 characters\. Received 19"),
        (0, 1, 1, r"= 1 characters\. Received 0"),
        (100, 0, 5, r"at least 1\. Received 0 and 5"),
        (100, 4, 0, r"at least 1\. Received 4 and 0"),
    ],
)
def test_windows_that_do_not_fit_are_refused(
    characters, batch_size, seq_length, message
):
    with pytest.raises(ValueError, match=message):
        windows_over(characters, batch_size, seq_length)


def test_the_smallest_text_is_one_batch():
    inputs, _ = windows_over(20, 4, 5).batch(0)
    assert sorted(inputs.flat) == list(range(20))


@repeatable
@given(st.text(min_size=400), st.floats(0.05, 0.9))
def test_the_parts_of_a_split_make_the_text(text, validation):
    training, held_out = split(text, validation)
    assert training + held_out == text
    assert abs(len(held_out) - validation * len(text)) <= 1


def test_a_tenth_is_held_out_unless_told():
    training, held_out = split(np.arange(12_340))
    assert len(held_out) == 1234
    assert training[-1] + 1 == held_out[0]


@pytest.mark.parametrize(
    ("characters", "validation", "message"),
    [
        (30, 0.1, r"Received 30 characters, which split into 27 and 3\."),
        (0, 0.1, r"Received 0 characters, which split into 0 and 0\."),
        (100, 0.8, r"Received 100 characters, .* into (19|20) and (80|81)\."),
        (100, 0.001, r"Received 100 characters, .* into 99 and 1\."),
    ],
)
def test_a_text_too_short_to_split_is_refused(characters, validation, message):
    with pytest.raises(ValueError, match=message):
        split("x" * characters, validation)


def test_a_fraction_of_0_holds_out_nothing():
    assert split("x" * 40, 0) == ("x" * 40, "")
    with pytest.raises(ValueError, match="32 characters to train on"):
        split("x" * 20, 0)


@pytest.mark.parametrize("validation", [1, -0.1, 1.5, 10, float("nan")])
def test_a_fraction_outside_0_and_1_is_refused(validation):
    with pytest.raises(ValueError, match=rf"Received {validation}\."):
        split("x" * 1000, validation)


@repeatable
@given(st.integers(1, 5000), st.integers(1, 200), st.integers(1, 400))
def test_a_fitted_batch_fills_the_text_and_is_never_larger(
    characters, batch_size, seq_length
):
    fitted = fit_to_text(characters, batch_size, seq_length)
    assert 1 <= fitted[0] <= batch_size
    assert 1 <= fitted[1] <= seq_length
    assert fitted[0] * fitted[1] <= characters
    windows_over(characters, *fitted).batch(0)


@repeatable
@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 1000))
def test_a_batch_that_fits_is_kept(batch_size, seq_length, more):
    characters = batch_size * seq_length + more
    assume(seq_length <= characters // 4)
    fitted = fit_to_text(characters, batch_size, seq_length)
    assert fitted == (batch_size, seq_length)


@pytest.mark.parametrize("wrong", [-1, 0.5])
def test_ids_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=r"Expected ids"):
        Windows([0, 1, wrong, 1], batch_size=1, seq_length=2, seed=0)
