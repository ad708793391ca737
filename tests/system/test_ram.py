"""What the memory cannot hold is refused before it is tried."""

import math

import pytest

from charrnn.system import ram


@pytest.fixture
def limit_file(tmp_path, monkeypatch):
    path = tmp_path / "memory.max"
    monkeypatch.setattr(ram, "CONTAINER_LIMITS", (path,))
    return path


def test_the_machine_has_a_memory(limit_file):
    whole = ram.machine_bytes()
    assert 1 << 28 < whole
    limit_file.write_text("max\n", encoding="ascii")
    assert ram.machine_bytes() == whole


def test_a_container_may_have_less(limit_file):
    limit_file.write_text("1000\n", encoding="ascii")
    assert ram.machine_bytes() == 1000


def test_a_system_that_does_not_tell_has_no_limit(limit_file, monkeypatch):
    monkeypatch.delattr(ram.os, "sysconf")
    assert ram.machine_bytes() == math.inf
    ram.check_fits(1 << 80, "anything", "")


def test_the_message_has_both_sizes_and_the_advice(monkeypatch):
    monkeypatch.setattr(ram, "machine_bytes", lambda: 8 << 30)
    ram.check_fits(8 << 30, "a book", "Use a smaller one.")
    with pytest.raises(ValueError) as error:
        ram.check_fits(1234 << 30, "a book", "Use a smaller one.")
    assert str(error.value) == (
        "Expected a book to fit into the memory of 8.0 GiB. Received one that "
        "takes about 1,234.0 GiB. Use a smaller one."
    )
