"""A text is read strictly, whole, and the same way every time."""

import io
import os
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from charrnn.system import ram
from charrnn.text import catalogue, corpus, decoding, normal_form

# "é" as two code points, an em dash, CJK, an emoji, and a lone newline.
NASTY = ["cafe\u0301", "—", "文字\n", "\U0001f600 b", "\n", "a"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture
def said():
    return []


@pytest.fixture
def write(tmp_path):
    def write(data, name="notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def known(monkeypatch):
    """A catalogue with one name, whose text is at hand."""
    monkeypatch.setattr(catalogue, "names", lambda: ["sonnets"])
    text = "\ufeff14\r\n"
    monkeypatch.setattr(catalogue, "corpus_text", lambda name, say: text)


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le"])
def test_a_written_text_is_read_back(write, text, encoding):
    path = write(text.encode(encoding))
    assert corpus.read(path, encoding=encoding) == text
    assert corpus.read(str(path), encoding=encoding) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-be"])
def test_byte_order_marks_are_dropped(write, encoding):
    plain = encoding.replace("-sig", "")
    path = write("\ufeffa\ufeffb".encode(plain))
    assert corpus.read(path, encoding=encoding) == "a\ufeffb"


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_text_or_a_value_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "bytes"
    path.write_bytes(data)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "shift_jis", "ascii"):
        try:
            text = corpus.read(path, encoding=encoding, newline="keep")
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert text and not text.startswith("\ufeff")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_an_invalid_byte_is_named_with_its_offset(write, mark, encoding):
    path = write(mark + b"caf\xe9!")
    offset = len(mark) + 3
    with pytest.raises(ValueError) as error:
        corpus.read(path, encoding=encoding)
    for part in ("notes.txt", "0xE9", f"offset {offset} (", "--encoding"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        ("é".encode("utf-16"), "--encoding utf-16."),
        ("é".encode("utf-32"), "--encoding utf-32."),
        (b"\x7fELF\x00\xff", "binary file"),
        (b"\xff", "for example latin-1"),
    ],
)
def test_the_advice_fits_the_bytes(write, data, advice):
    with pytest.raises(ValueError, match=advice):
        corpus.read(write(data))


@pytest.mark.parametrize("encoding", ["klingon", "hex", "", "undefined"])
def test_an_unknown_encoding_is_refused_before_reading(encoding):
    with pytest.raises(ValueError, match="Expected an encoding"):
        corpus.read("-", encoding=encoding)


@pytest.mark.parametrize(
    "option", [{"newline": "crlf"}, {"normalize": "nfc"}, {"normalize": ""}]
)
def test_an_unknown_option_is_refused_before_reading(option):
    with pytest.raises(ValueError, match="one of"):
        corpus.read("-", **option)
    with pytest.raises(ValueError, match="one of"):
        normal_form.normalize_text("a", **option)


def test_line_ends_become_lf_and_are_counted(write, said):
    path = write(b"a\r\n" * 1234 + b"b\rc\n")
    assert corpus.read(path, say=said.append) == "a\n" * 1234 + "b\nc\n"
    advice = "read as LF (--newline keep leaves them)"
    assert said == [
        f"{path}: 1,234 CRLF line ends {advice}",
        f"{path}: 1 CR line end {advice}",
    ]


def test_line_ends_can_be_kept(write, said):
    path = write(b"a\r\nb\rc\n")
    text = corpus.read(path, newline="keep", say=said.append)
    assert (text, said) == ("a\r\nb\rc\n", [])


def test_control_characters_are_kept_and_counted(write, said):
    data = b"\ta\x00b\x1b[0m\x1b\n"
    path = write(data)
    assert corpus.read(path, say=said.append) == data.decode()
    kept = "control characters kept: 3 (U+0000, U+001B)"
    assert said == [f"{path}: {kept}; first in line 1"]


def test_a_plain_text_is_read_without_a_word(write, said):
    corpus.read(write("\tcafé\n".encode()), say=said.append)
    assert said == []


@pytest.mark.parametrize("form", normal_form.NORMAL_FORMS)
def test_read_and_normalize_text_agree(write, form):
    text = "cafe\u0301 \ufb01\r\nﾊ\u3099"
    read = corpus.read(write(text.encode()), normalize=form)
    assert read == normal_form.normalize_text(text, normalize=form)
    assert unicodedata.is_normalized(form, read)


@given(
    text=TEXTS,
    newline=st.sampled_from(normal_form.NEWLINES),
    form=st.sampled_from([None, *normal_form.NORMAL_FORMS]),
)
def test_normalizing_twice_changes_nothing(text, newline, form):
    once = normal_form.normalize_text(text, newline, form)
    assert normal_form.normalize_text(once, newline, form) == once
    assert newline == "keep" or "\r" not in once
    assert form or newline == "lf" or once == text


def test_a_folder_is_its_texts_in_the_order_of_their_paths(write, tmp_path):
    write(b"\xef\xbb\xbfthree", "c/1.txt")
    write(b"two\n", "b.txt")
    write(b"", "a/empty.txt")
    write(b"one", "a/z/2.txt")
    write(b"\xff", "a/picture.png")
    (tmp_path / "folder.txt").mkdir()
    assert corpus.read(tmp_path) == "one\ntwo\nthree\n"


@given(texts=st.lists(st.text("ab\r\n", max_size=4), min_size=1, max_size=4))
def test_a_folder_has_the_lines_of_its_texts(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("folder")
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_bytes(text.encode())
    expected = []
    for text in texts:
        lines = normal_form.normalize_text(text).split("\n")
        expected += lines[:-1] if lines[-1] == "" else lines
    if expected:
        assert corpus.read(folder).split("\n") == [*expected, ""]


def test_a_bad_file_in_a_folder_is_named(write, tmp_path):
    write(b"good", "good.txt")
    write(b"\xff", "sub/bad.txt")
    with pytest.raises(ValueError, match="bad.txt"):
        corpus.read(tmp_path)


def test_a_folder_without_texts_is_refused(write, tmp_path):
    write(b"a", "notes.md")
    with pytest.raises(ValueError, match=r"\*\.txt"):
        corpus.read(tmp_path)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_an_empty_text_is_refused(write, tmp_path, data):
    path = write(data)
    for source in (path, tmp_path):
        with pytest.raises(ValueError, match="at least one character"):
            corpus.read(source)


def test_a_dash_means_standard_input(monkeypatch, said):
    data = io.TextIOWrapper(io.BytesIO("é\r\n".encode("latin-1")))
    monkeypatch.setattr(sys, "stdin", data)
    text = corpus.read("-", encoding="latin-1", say=said.append)
    assert text == "é\n"
    assert said[0].startswith("standard input: 1 CRLF line end ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    path = tmp_path / "pipe.txt"
    os.mkfifo(path)
    # In another process, so that waiting fails instead of hanging the tests.
    code = "import sys; import charrnn; charrnn.read(sys.argv[1])"
    for source in (path, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", code, source],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert "ValueError: Expected a regular file" in done.stderr
        assert "'-'" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no devices")
def test_a_device_is_refused():
    with pytest.raises(ValueError, match="a pipe or a device"):
        corpus.read("/dev/null")


@pytest.mark.parametrize("source", ["", "nowhere.txt", "a\x00b", "no/such"])
def test_what_does_not_exist_is_refused_with_the_names(known, source):
    with pytest.raises(ValueError) as error:
        corpus.read(source)
    assert repr(source) in str(error.value)
    assert "sonnets" in str(error.value)


def test_a_misspelt_name_gets_a_suggestion(known):
    with pytest.raises(ValueError, match="Did you mean 'sonnets'"):
        corpus.read("sonets")


def test_a_catalogue_text_is_normalized_like_any_other(known, said):
    assert corpus.read("sonnets", say=said.append) == "14\n"
    assert said[0].startswith("sonnets: 1 CRLF line end ")
    assert corpus.read("sonnets", newline="keep") == "14\r\n"


def test_a_file_beats_a_name_which_beats_a_folder(
    known, write, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = write(b"inside", "sonnets/1.txt")
    assert corpus.read("sonnets") == "14\n"
    assert corpus.read("./sonnets") == "inside\n"
    assert corpus.read(f"sonnets{os.sep}") == "inside\n"
    path.unlink()
    path.parent.rmdir()
    write(b"mine", "sonnets")
    assert corpus.read("sonnets") == "mine"


def test_importing_the_module_imports_nothing_heavy():
    heavy = {"tomllib", "urllib.request", "subprocess", "zipfile", "numpy"}
    code = (
        "import sys, charrnn; before = set(sys.modules); "
        "import charrnn.text.corpus; "
        f"print(sorted(({heavy!r} & set(sys.modules)) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


class Endless(io.RawIOBase):
    """Ones without an end."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"1" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize(
    ("text", "most"),
    [("a" * 1000, 1999), ("a" * 999 + "\U0001f600", 2 * 4 * 1000 - 1)],
)
def test_a_text_that_memory_cannot_hold_is_refused(
    write, tmp_path, monkeypatch, text, most
):
    path = write(text.encode())
    monkeypatch.setattr(ram, "machine_bytes", lambda: most + 1)
    assert corpus.read(path) == text
    monkeypatch.setattr(ram, "machine_bytes", lambda: most)
    with pytest.raises(ValueError, match=r"fit into the memory .* a part"):
        corpus.read(path)


def test_a_text_that_is_too_large_is_not_even_read(write, monkeypatch):
    path = write(b"a" * 1000)
    monkeypatch.setattr(ram, "machine_bytes", lambda: 900)
    monkeypatch.setattr(corpus.decoding, "decoded", pytest.fail)
    for source in (path, path.parent):
        with pytest.raises(ValueError, match=r"fit into the memory"):
            corpus.read(source)


PIECES_ENCODINGS = (
    "utf-8 utf-8-sig utf-16 utf-16-be utf-32 utf-7 latin-1 cp1252 gbk gb18030 "
    "big5 shift_jis euc-jp iso2022_jp hz cp037"
).split()


@given(
    text=st.text(
        st.sampled_from(
            "ab \r\n\ufeffe\u0301\u1161\u1100\u11a8é中文字\U0001f600"
        )
        | st.characters(codec="utf-8"),
        min_size=1,
    ),
    encoding=st.sampled_from(PIECES_ENCODINGS),
    newline=st.sampled_from(normal_form.NEWLINES),
    form=st.sampled_from([None, *normal_form.NORMAL_FORMS]),
    size=st.integers(1, 9),
)
def test_the_size_of_the_pieces_does_not_matter(
    tmp_path_factory, text, encoding, newline, form, size
):
    path = tmp_path_factory.mktemp("pieces") / "text.txt"
    data = text.encode(encoding, "ignore")
    path.write_bytes(data)
    try:
        decoded = data.decode(encoding)
    except UnicodeDecodeError:  # an ESC begins a sequence in ISO 2022
        assume(False)
    expected = normal_form.normalize_text(
        decoded.lstrip("\ufeff"), newline, form
    )
    source = corpus.Text(
        path, encoding=encoding, newline=newline, normalize=form
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BYTES_PER_PIECE", size)
        if expected:
            assert "".join(source.pieces()) == expected
        else:
            with pytest.raises(ValueError, match="empty text"):
                list(source.pieces())


@given(
    data=st.binary(min_size=1),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-8-sig", "ascii"]),
    size=st.integers(1, 9),
)
@example(data=b"\0\0\n\0\0\xdc", encoding="utf-16-le", size=3)
def test_an_invalid_byte_is_found_in_pieces_where_it_is_in_all(
    tmp_path_factory, data, encoding, size
):
    path = tmp_path_factory.mktemp("bytes") / "text.txt"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        messages = []
        for piece in (size, 1 << 20):
            patch.setattr(decoding, "BYTES_PER_PIECE", piece)
            try:
                messages.append(corpus.read(path, encoding=encoding))
            except ValueError as error:
                assert str(path) in str(error)
                messages.append(str(error).split(". ")[1])
    assert messages[0] == messages[1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_missing_byte_order_mark_is_not_guessed(write, encoding):
    path = write("text".encode(f"{encoding}-le"))
    with pytest.raises(ValueError, match=f"Expected {encoding}"):
        corpus.read(path, encoding=encoding)
    assert corpus.read(path, encoding=f"{encoding}-le") == "text"


def test_what_is_worth_knowing_is_told_once(write, said):
    text = corpus.Text(write(b"a\r\nb\x00"), say=said.append)
    for _ in range(2):
        assert "".join(text.pieces()) == "a\nb\x00"
    assert len(said) == 2


def test_a_stream_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(ram, "machine_bytes", lambda: 10 << 20)
    stdin = io.TextIOWrapper(io.BufferedReader(Endless()))
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(ValueError, match=r"standard input to fit"):
        corpus.read("-")
