"""Size, dropout and rate follow from the text and the time."""

import hypothesis
import hypothesis.strategies as st
import pytest

from charrnn.training import recipe, rules, speed


def slow(units):
    """Characters per second of a small machine."""
    return 4e9 / units**2


@pytest.mark.parametrize(
    ("units", "rate", "simple"),
    [
        (1, 0.012, 0.008),
        (256, 0.012, 0.008),
        (512, 0.009, 0.002),
        (2048, 0.00225, 0.00013),
    ],
)
def test_larger_networks_learn_at_lower_rates(units, rate, simple):
    assert rules.rate_for("lstm", units) == rules.rate_for("gru", units)
    assert rules.rate_for("lstm", units) == rate
    assert rules.rate_for("simple_rnn", units) == simple


def rate(units=256, **text):
    return recipe.recommend(10**6, units=units, **text)["learning_rate"]


def test_an_lstm_learns_at_a_higher_rate_in_few_passes():
    rates = [rate(epochs=passes) for passes in (1, 2, 5, 12, 24)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == rates[1] == 0.036
    assert rates[3] == rates[4] == 0.018
    assert rate(512, epochs=12) == 0.0135


@pytest.mark.parametrize(
    "text",
    [
        {"cell": "gru"},
        {"unit": "word"},
        {"distinct": 4000},
    ],
)
def test_the_rate_of_other_networks_does_not_depend_on_passes(text):
    assert rate(epochs=2, **text) == rate(epochs=12, **text) == 0.012


@hypothesis.given(
    characters=st.integers(32, 10**9), minutes=st.floats(0.01, 1e4)
)
def test_more_time_gives_larger_networks_and_no_less_passes(
    characters, minutes
):
    less = recipe.recommend(characters, minutes=minutes, speed=slow)
    more = recipe.recommend(characters, minutes=2 * minutes, speed=slow)
    assert less["units"] <= more["units"]
    assert less["epochs"] == more["epochs"] >= rules.LONG_TEXT_EPOCHS
    steps = more["epochs"] * characters / (more["batch_size"] * 64)
    assert steps >= rules.MIN_STEPS


@pytest.mark.parametrize(
    ("minutes", "units"),
    [(0.05, 128), (1, 256), (2, 256), (10, 512), (90, 512)],
)
def test_the_network_grows_with_the_time(minutes, units):
    chosen = recipe.recommend(1_000_000, minutes=minutes, speed=slow)
    assert chosen["units"] == units


def test_a_large_network_has_to_read_a_long_text_several_times():
    sizes = [
        recipe.recommend(5_000_000, minutes=minutes, speed=slow)["units"]
        for minutes in (10, 20, 25, 90)
    ]
    assert sizes == [256, 256, 512, 512]


@pytest.mark.parametrize(
    ("cell", "rate"), [("simple_rnn", 0.008), ("gru", 0.012)]
)
def test_other_cells_than_the_lstm_stay_small(cell, rate):
    chosen = recipe.recommend(10**6, cell=cell, minutes=90, speed=slow)
    assert chosen["units"] == 256
    assert chosen["learning_rate"] == rate


def test_more_chances_to_learn_by_heart_ask_for_more_dropout():
    dropouts = [rules.dropout_for(chances) for chances in range(1, 2000)]
    assert dropouts == sorted(dropouts)
    assert rules.dropout_for(0.01) == 0
    assert rules.dropout_for(10**9) == dropouts[-1] < 1


def test_few_passes_over_words_need_no_dropout():
    def fast(units):
        return 10_000

    text = {"distinct": 10_000, "speed": fast}
    long = recipe.recommend(1_350_000, unit="word", epochs=3, **text)
    assert (long["units"], long["dropout"]) == (256, 0)
    short = recipe.recommend(276_000, unit="word", epochs=4, **text)
    assert short["units"] == 512 and 0.25 < short["dropout"] < 0.35
    dropouts = [rules.dropout_for(n, 10_000, "word") for n in range(1, 2000)]
    assert dropouts == sorted(dropouts) and dropouts[-1] == rules.MAX_DROPOUT
    many = recipe.recommend(1_350_000, epochs=3, units=256, **text)
    assert many["dropout"] == rules.MIN_DROPOUT_OF_MANY


def test_what_is_given_is_kept():
    given = {
        "layers": 3, "units": 7, "dropout": 0.9, "embedding": 5,
        "batch_size": 3, "learning_rate": 1.5, "weight_decay": 0.7,
        "epochs": 2.5,
    }  # fmt: skip
    assert recipe.recommend(1000, **given) == given


@pytest.mark.parametrize(
    ("characters", "passes"),
    [(200, 1536), (50_000, 24), (250_000, 24), (562_500, 16), (10**7, 12)],
)
def test_a_shorter_text_bears_more_passes(characters, passes):
    assert recipe.recommend(characters, units=64)["epochs"] == passes


def test_many_characters_are_embedded_and_read_by_one_layer():
    of_english = recipe.recommend(10**6, distinct=65)
    of_kanji = recipe.recommend(10**6, distinct=3000)
    assert (of_english["layers"], of_english["embedding"]) == (2, None)
    assert (of_kanji["layers"], of_kanji["embedding"]) == (1, 256)
    assert of_kanji["weight_decay"] > of_english["weight_decay"]


@pytest.mark.parametrize("distinct", [65, 256, 300, 600, 4532, 20_000])
def test_the_network_grows_with_the_time_for_any_number_of_characters(
    distinct,
):
    sizes = [
        recipe.recommend(10**6, distinct=distinct, minutes=minutes, speed=slow)[
            "units"
        ]
        for minutes in (0.05, 1, 10, 90)
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 512


def test_logits_take_their_share_of_the_time():
    few, many = (
        speed.speed_of("lstm", 1, "float32", distinct)(256)
        for distinct in (65, 4532)
    )
    assert many < few / 2


def test_larger_networks_need_more_dropout():
    small = recipe.recommend(10**6, units=128, epochs=5)
    large = recipe.recommend(10**6, units=512, epochs=5)
    assert large["dropout"] > small["dropout"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_speed_is_that_of_this_machine(precision):
    of_units = speed.speed_of("lstm", 2, precision)
    assert of_units(256) / 4 < of_units(512) < of_units(256) / 2
    assert 100 < of_units(512) < 1e6


@pytest.mark.parametrize("characters", [18_000, 160_000, 5_000_000])
@pytest.mark.parametrize("minutes", [None, 3])
def test_a_trained_network_learns_at_a_lower_rate_in_fewer_passes(
    characters, minutes
):
    settings = {"units": 512, "layers": 2, "minutes": minutes, "speed": slow}
    new = recipe.recommend(characters, **settings)
    tuned = recipe.recommend(characters, **settings, scale=recipe.FINE_TUNING)
    assert tuned["learning_rate"] == 0.006 < new["learning_rate"]
    assert 4 <= tuned["epochs"] <= new["epochs"] / 2
    assert tuned["dropout"] <= new["dropout"]
    given = {"learning_rate": 0.1, "epochs": 5, "dropout": 0.2}
    kept = recipe.recommend(
        characters, **settings, **given, scale=recipe.FINE_TUNING
    )
    assert given.items() <= kept.items()


def test_a_trained_network_memorizes_later():
    settings = {"units": 512, "layers": 2, "epochs": 3}
    new = recipe.recommend(160_000, **settings)
    tuned = recipe.recommend(160_000, **settings, scale=recipe.FINE_TUNING)
    assert (new["dropout"], tuned["dropout"]) == (0.55, 0.28)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ({}, 624),
        ({"units": 512}, 512),
        ({"characters": 200_000}, 624),
        ({"minutes": 90}, 624),
        ({"minutes": 15}, 512),  # nine passes of 624
        ({"minutes": 3}, 256),
        ({"distinct": 4000}, 512),
        ({"unit": "word"}, 512),
    ],
)
def test_a_student_gets_more_units_if_it_reads_the_text_often(text, units):
    asked = {"characters": 10**6, "speed": slow, **text}
    chosen = recipe.recommend(**asked, scale=recipe.STUDENT)
    assert chosen["units"] == units


@pytest.fixture
def on_gpu(monkeypatch):
    monkeypatch.setattr(rules, "trains_on_gpu", lambda: True)
    monkeypatch.setattr(speed, "trains_on_gpu", lambda: True)


def test_gpus_train_larger_networks_on_long_texts(on_gpu):
    def fast(units):
        return 3e6

    long = recipe.recommend(20_000_000, minutes=10, speed=fast)
    short = recipe.recommend(1_000_000, minutes=10, speed=fast)
    assert (long["units"], short["units"]) == (1024, 512)
    assert (long["batch_size"], short["batch_size"]) == (200, 32)


def test_on_a_gpu_more_streams_are_faster(on_gpu, monkeypatch):
    monkeypatch.setattr(speed, "_operations_per_second", lambda _: 2e14)
    few = speed.speed_of("lstm", 2, "bfloat16", batch_size=32)
    many = speed.speed_of("lstm", 2, "bfloat16", batch_size=256)
    assert 4 * few(512) < many(512) < 8 * few(512)
    assert many(2048) < many(512)


def test_a_text_of_words_is_read_less_often_in_smaller_steps():
    def fast(units):
        return 10_000

    text = {"distinct": 8_000, "minutes": 10, "speed": fast}
    few = recipe.recommend(280_000, unit="word", **text)
    more = recipe.recommend(1_400_000, unit="word", **text)
    assert (few["units"], few["epochs"], few["batch_size"]) == (512, 6, 17)
    assert (more["units"], more["batch_size"]) == (512, 32)
    many = recipe.recommend(280_000, **text)
    assert many["epochs"] > few["epochs"]
    assert many["layers"] == few["layers"] == 1
