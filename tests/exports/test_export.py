"""A model is written as the ending says, and nothing else is replaced."""

import os
import re

import numpy as np
import pytest
from exported import network

import charrnn
from charrnn.commands import main
from charrnn.exports import contents, export
from charrnn.exports.destination import ending


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tales.keras"
    vocabulary = charrnn.Vocabulary("\n ab")
    charrnn.save(charrnn.build_model(vocabulary, units=8), path, vocabulary)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.onnx", ".onnx"), ("A.ONNX", ".onnx"), ("a", ""), ("a/", ""),
        ("a.onnx/", ""), ("v1.2/", ""), ("x.y/a", ""),
    ],
)  # fmt: skip
def test_the_ending_of_a_name_says_what_is_written(name, kind):
    assert ending(name, {".onnx": "ONNX", "": "a folder"}) == kind


def test_a_folder_with_a_dot_that_exists_is_a_folder(tmp_path):
    path = tmp_path / "v1.2"
    path.mkdir()
    assert ending(path, {"": "a folder"}) == ""


@pytest.mark.parametrize(
    "name", ["", "-", "a.pb", "a.tflite", "model.keras", ".hidden", "./.b"]
)
def test_other_endings_are_refused_in_a_line_that_names_the_known(
    model, name, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(model), name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"Received '{name}'" in line
    if name not in ("", "-"):
        assert all(end in line for end in export.FORMS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".html", ".onnx", "./.html", ".HTML"])
def test_an_ending_alone_is_no_name(model, name, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(model), name]) == 2
    assert "Expected a name before the ending" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_hidden_folder_is_written_if_a_slash_says_so(model, tmp_path):
    assert main(["export", str(model), f"{tmp_path}/.hidden/"]) == 0
    assert (tmp_path / ".hidden" / "sample.py").is_file()


def test_the_verb_tells_what_was_written_its_size_and_its_use(
    model, tmp_path, capsys
):
    out = tmp_path / "some tales"
    assert main(["export", str(model), str(out)]) == 0
    wrote, use = capsys.readouterr().out.splitlines()
    size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    assert wrote == f"wrote {out}: {size:,.1f} MB"
    assert use == f"use it: python '{out}/sample.py'"


def test_an_export_is_replaced_only_with_force(model, tmp_path, capsys):
    out = tmp_path / "tales"
    words = ["export", str(model), str(out)]
    assert main(words) == 0
    (out / "sample.py").write_text("", encoding="utf-8")
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert (out / "sample.py").read_text("utf-8") == ""
    assert main([*words, "--force"]) == 0
    assert (out / "sample.py").read_text("utf-8") != ""
    assert [path.name for path in tmp_path.iterdir()] == ["tales"]


@pytest.mark.parametrize("force", [False, True])
def test_nothing_but_an_export_is_replaced(model, tmp_path, force):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear", encoding="utf-8")
    file = tmp_path / "file"
    file.write_text("Dear", encoding="utf-8")
    for out in (folder, file, tmp_path / "no" / "x", f"{file}/"):
        with pytest.raises((ValueError, OSError)):
            charrnn.export(model, out, force=force)
    assert (folder / "letter.txt").read_text("utf-8") == "Dear"
    assert file.read_text("utf-8") == "Dear"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_model_itself_is_never_replaced(model, tmp_path):
    link = tmp_path / "link.onnx"
    os.link(model, link)
    before = model.read_bytes()
    with pytest.raises(ValueError, match="overwrite the model"):
        charrnn.export(model, link, force=True)
    with pytest.raises(ValueError, match="tales.keras"):
        charrnn.export(model, model.parent, force=True)
    assert model.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="needs FIFOs and links")
@pytest.mark.parametrize("end", ["", "/", ".onnx"])
@pytest.mark.parametrize(
    "name",
    [
        "pipe", "dangling", "loop", "/dev/null", "/proc/self/mem", "nul\x00",
        "x" * 300, "line\nend", "strange \udcff", "file/below", "~", ".", "..",
    ],
)  # fmt: skip
def test_any_name_ends_in_an_export_or_in_one_line(
    model, tmp_path, monkeypatch, capsys, name, end
):
    if end == ".onnx":
        pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    os.mkfifo(f"pipe{end}" if end != "/" else "pipe")
    for link, target in (("dangling", "nowhere"), ("loop", "loop")):
        os.symlink(target + end.strip("/"), link + end.strip("/"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    before = set(tmp_path.rglob("*"))
    code = main(["export", str(model), name + end, "--force"])
    out, err = capsys.readouterr()
    if code == 0:
        assert len(out.splitlines()) >= 2 and err == ""
    else:
        assert code == 2 and out == "" and set(tmp_path.rglob("*")) == before
        assert len(err.splitlines()) == 1 and err[:-1].isprintable()


def test_a_failed_export_leaves_what_was_there(model, tmp_path, monkeypatch):
    out = tmp_path / "tales"
    charrnn.export(model, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def fail(*_, **__):
        raise OSError("full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="full"):
        charrnn.export(model, out, force=True)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["tales"]


def test_an_interrupted_export_leaves_what_was_there(
    model, tmp_path, monkeypatch
):
    """Even between the old folder's going and the new one's coming."""
    out = tmp_path / "tales"
    charrnn.export(model, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    rename = os.rename

    def interrupt(source, target):
        if str(source).endswith(".tmp"):
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        charrnn.export(model, out, force=True, weights="float16")
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["tales"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("end", ["", "/", ".html"])
def test_where_nothing_can_be_written_the_message_names_the_export(
    model, capsys, end
):
    assert main(["export", str(model), f"/proc/self/tales{end}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "'/proc/" in line and f"/tales{end.strip('/')}'" in line


def test_all_forms_of_a_model_are_exported(model, tmp_path):
    keras_model, vocabulary = charrnn.load_model(model)
    for number, given in enumerate((str(model), charrnn.load(model))):
        charrnn.export(given, tmp_path / str(number))
    charrnn.export(keras_model, tmp_path / "2", vocabulary=vocabulary)
    with pytest.raises(ValueError, match="Expected a vocabulary"):
        charrnn.export(keras_model, tmp_path / "3")
    written = [(tmp_path / name / "model.npz").read_bytes() for name in "012"]
    assert written[0] == written[1] == written[2]


def test_weights_are_rounded_to_half_the_size():
    engine = network("word", "GRU", embedding=3)
    whole = contents.arrays_of(engine)
    half = contents.arrays_of(engine, "float16")
    assert list(whole) == [
        "embedding", "W1", "U1", "b1", "d1", "W2", "U2", "b2", "d2", "W", "b"
    ]  # fmt: skip
    for name, array in whole.items():
        assert array.dtype == np.float32 and half[name].dtype == np.float16
        np.testing.assert_allclose(half[name], array, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("out", "weights"), [("a.html", "float16"), ("a.onnx", "int16")]
)
def test_a_form_has_weights_of_its_own(tmp_path, out, weights):
    expected = f"Expected weights in .*float32.* Received '{weights}'"
    with pytest.raises(ValueError, match=expected):
        charrnn.export("shakespeare", tmp_path / out, weights=weights)
    assert not any(tmp_path.iterdir())


def test_a_weight_that_float16_cannot_hold_is_refused():
    engine = network()
    engine._bias[0] = 70_000
    with pytest.raises(ValueError, match="65,504.*Received 70000"):
        contents.arrays_of(engine, "float16")
    with pytest.raises(ValueError, match="Expected weights in float32 or"):
        contents.arrays_of(engine, "int8")


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("/home/ann/a.txt", "a.txt"), ("a.txt", "a.txt"),
        ("C:\\Users\\ann\\a.txt", "a.txt"), ("texts/", "texts"),
        ("/a b/c.txt, /a b/d, e.txt", "c.txt, d, e.txt"),
        ("../x/a.txt and 7 others", "a.txt and 7 others"), (3, 3),
    ],
)  # fmt: skip
def test_private_folders_are_left_out(name, published):
    facts = {"text": {"name": name}, "training": {"init_from": name}}
    found = contents.published({**facts, "vocabulary": {}, "format": 1})
    assert found["text"]["name"] == found["training"]["init_from"] == published
    assert set(found) == {"text", "training"}


def test_a_mixture_is_not_exported(model, tmp_path):
    for out in ("mixed", "mixed.onnx"):
        with pytest.raises(ValueError, match="Expected one model. Received M"):
            charrnn.export(charrnn.Mixture([model, model]), tmp_path / out)
    assert list(tmp_path.iterdir()) == []


def test_figures_that_are_no_json_become_null():
    found = contents.published({"metrics": {"loss": float("nan"), "a": 1.5}})
    assert found == {"metrics": {"loss": None, "a": 1.5}}


def test_the_verbs_help_names_every_form(capsys):
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert all(end in out for end in export.FORMS)
    assert "folder" in out
