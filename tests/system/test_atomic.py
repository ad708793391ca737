"""A file is replaced whole or stays as it was."""

import os
import stat

import pytest

from charrnn.system import atomic


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old", encoding="utf-8")
    return path


def write(path, text):
    path.write_text(text, encoding="utf-8")


def assert_untouched(old):
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_block_that_ends_well_replaces_the_file(old):
    with atomic.replacing(old) as temporary:
        write(temporary, "new")
        assert old.read_text(encoding="utf-8") == "old"
    assert old.read_text(encoding="utf-8") == "new"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("name", ["new.txt", "no suffix", ".hidden", "é.a.b"])
def test_a_new_file_appears_whole(tmp_path, name):
    path = tmp_path / name
    with atomic.replacing(str(path)) as temporary:
        write(temporary, "whole")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file(old, error):
    def interrupted():
        with atomic.replacing(old) as temporary:
            write(temporary, "half")
            raise error("stop")

    with pytest.raises(error, match="stop"):
        interrupted()
    assert_untouched(old)


def test_an_exception_before_the_first_byte_leaves_the_old_file(old):
    def interrupted():
        with atomic.replacing(old):
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        interrupted()
    assert_untouched(old)


def test_a_block_that_writes_nothing_leaves_the_old_file(old):
    with pytest.raises(FileNotFoundError), atomic.replacing(old):
        pass
    assert_untouched(old)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file(old, monkeypatch, name):
    def fail(*arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="Input/output error"):
        atomic.write_text(old, "new")
    assert_untouched(old)


def test_the_bytes_are_on_the_disk_before_the_name(old, monkeypatch):
    calls = []

    def watch(name):
        function = getattr(os, name)

        def watched(*arguments):
            calls.append(name)
            return function(*arguments)

        monkeypatch.setattr(os, name, watched)

    watch("fsync")
    watch("replace")
    atomic.write_text(old, "new")
    assert calls[:2] == ["fsync", "replace"]


def test_the_temporary_file_is_a_neighbour_of_the_same_kind(tmp_path):
    path = tmp_path / "model.keras"
    with atomic.replacing(path) as temporary:
        write(temporary, "")
    assert temporary != path
    assert (temporary.parent, temporary.suffix) == (tmp_path, ".keras")


def test_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        atomic.write_text(tmp_path / "missing" / "notes.txt", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "\r\n\n\r", "caf\u00e9 文字 \U0001f600"])
def test_text_is_written_as_it_is(old, text):
    atomic.write_text(old, text)
    assert old.read_bytes() == text.encode("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="needs a FIFO and a link")
def test_what_is_not_a_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="is a folder or a device"):
            atomic.write_text(path, "new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="needs a link")
def test_of_a_link_the_target_is_replaced(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    atomic.write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text("utf-8") == "new"


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / "missing" / "note.txt"
    with pytest.raises(FileNotFoundError) as caught:
        atomic.write_text(path, "new")
    assert caught.value.filename == str(path)
    assert str(caught.value).endswith(f": '{path}'")
