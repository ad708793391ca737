"""Samples are ranked by likelihood, by novelty and by what was excluded."""

import pytest

import charrnn
from charrnn.writing.drawing import Sample


def sample(text, nats=1.0, masked=0.0, reason="length"):
    return Sample(text, 0, 0, nats, reason, masked)


SAMPLES = [
    sample("to be here", 0.9, 0.3),
    sample("", 0.0),
    sample("not be or", 0.7, 0.1),
    sample("to be or", 0.8, 0.2),
    sample("stuck", 0.1, 0.0, "dead end"),
]


def texts(by, **how):
    return [each.sample.text for each in charrnn.ranked(SAMPLES, by, **how)]


def test_the_likeliest_is_first_and_what_is_unfinished_last():
    assert texts("likelihood") == [
        "not be or", "to be or", "to be here", "", "stuck",
    ]  # fmt: skip
    assert texts("match")[:3] == ["not be or", "to be or", "to be here"]
    figures = [each.figure for each in charrnn.ranked(SAMPLES)][:3]
    assert figures == [0.7, 0.8, 0.9]
    assert [r.rank for r in charrnn.ranked(SAMPLES)] == [1, 2, 3, 4, 5]


def test_the_most_novel_copies_least():
    source = "it is good to be or to go"
    found = charrnn.ranked(SAMPLES[:4], "novelty", source=source)
    figures = {each.sample.text: each.figure for each in found}
    # " to be or": 8 characters of 8; "to be " and "h", "er", "e" or "re".
    assert figures["to be or"] == 8
    assert figures["not be or"] == pytest.approx(
        charrnn.copied("not be or", source, min_run=1).lengths.mean()
    )
    order = [each.sample.text for each in found]
    assert order.index("to be here") < order.index("to be or")
    assert order[-1] == ""


@pytest.mark.parametrize(
    ("by", "message"),
    [("novelty", "a source"), ("length", "likelihood, novelty, match")],
)
def test_what_cannot_be_ranked_is_refused(by, message):
    with pytest.raises(ValueError, match=message):
        charrnn.ranked(SAMPLES, by)
