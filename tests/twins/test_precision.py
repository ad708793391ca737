"""The precision is chosen by what the processor can do."""

import pytest

from charrnn.twins import precision
from charrnn.twins.precision import resolve_precision


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        ({"avx2"}, "float32"),
        ({"avx2", "avx512_bf16"}, "bfloat16"),
        ({"amx_bf16"}, "bfloat16"),
        (set(), "float32"),
    ],
)
def test_the_precision_is_chosen_by_the_processor(monkeypatch, flags, chosen):
    monkeypatch.setattr(precision, "_cpu_flags", lambda: flags)
    assert resolve_precision("auto") == chosen


@pytest.mark.parametrize("choice", ["float32", "bfloat16"])
def test_a_precision_that_is_asked_for_is_taken(choice):
    assert resolve_precision(choice) == choice


def test_another_precision_is_refused():
    with pytest.raises(ValueError, match="Received 'float16'"):
        resolve_precision("float16")
