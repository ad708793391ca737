"""Any bytes and any words end in success or in one clear line."""

import io
import os
import random
import sys

import numpy as np
import pytest

from charrnn.commands import copied, generate, main
from charrnn.network import model_file
from charrnn.system import ram
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import checkpoint
from charrnn.training.session import Outcome, Session
from charrnn.writing.sampler import Sampler

CASES = 100  # in a batch
TEXT = "The sea, the sea!\nShe sells no shells; she sees the sea.\n" * 4
# The first batch is in the suite, 2,000 cases of each kind in all trials.
BATCHES = [
    0,
    *(pytest.param(n, marks=pytest.mark.reliability) for n in range(1, 20)),
]

NUMBERS = [
    "", "0", "-0", "1", "2", "7", "-1", "3.5", "0.5", "0.999", "1.0", "nan",
    "-nan", "inf", "-inf", "1e308", "1e-308", "1e999", "1e15", "9" * 18,
    "9" * 19, "9" * 25, "9" * 400, "9" * 5000, "0x10", "1_0", " 4 ", "٣", "½",
    "none", "auto", "1\n2",
]  # fmt: skip
ENCODINGS = [
    "utf-8", "UTF8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7",
    "latin-1", "cp1252", "shift_jis", "gb18030", "big5", "iso2022_jp", "ascii",
    "idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape",
    "hex", "rot13", "zlib", "charmap", "klingon", "", "\udcff", "a\x00b",
]  # fmt: skip
TEXTS = [
    "", "a", "The sea", "é", "\udcff", "\ufffd", "\x1b[31m", "\r\n", "\x00",
    "e\u0301", "\U0001f600", "s" * 3000, "-", "--", "-x", "[", "%s", "\u2019",
    "\\n", "\\q", "\\U00110000",
]  # fmt: skip
PATHS = [
    "sea.txt", "sea.txt/below", "empty.txt", "bytes", "folder", "hollow",
    "deep", "pipe", "dangling", "loop", "model.keras", "damaged.keras", "new",
    "new/er/est", "strange \udcff", "line\nend", "x" * 300, "a/b/" + "x" * 300,
    "", ".", "-", "/dev/null", "/dev/full", "/proc/self/mem", "/proc/none/x",
    "nul\x00", "~", "run", "run", "finished",
]  # fmt: skip
MIXED = [f"model.keras:{number}" for number in NUMBERS] + [
    "model.keras:0>1", "model.keras:-1>2", "damaged.keras:0.5", "new:0.5",
    "pipe:0.5", "model.keras", "", ":", "x:\udcff", "strange \udcff:0.5",
]  # fmt: skip
EXPRESSIONS = [
    "[a-z ]{3,9}", "(a|e)*a(a|e){30}", "(a{1,1000}){1,1000}", "a(", "", "a*",
    "(?i:S)ea", r"\bsea\b", r"(a)\1", "x" * 30_000, "\u4e00+", "(?=a)",
]  # fmt: skip
FLAGS = {
    "train": {
        "--out": PATHS, "--fresh": None, "--encoding": ENCODINGS,
        "--newline": ["lf", "keep", "crlf"], "--normalize": ["NFC", "nfc"],
        "--min-count": NUMBERS, "--max-vocab": NUMBERS,
        "--documents": TEXTS, "--validation": NUMBERS,
        "--cell": ["gru", "lstm", "cnn"], "--units": NUMBERS,
        "--layers": NUMBERS, "--dropout": NUMBERS, "--embedding": NUMBERS,
        "--init-from": PATHS, "--freeze-vocabulary": None,
        "--teachers": PATHS, "--teacher-weight": NUMBERS,
        "--batch-size": NUMBERS,
        "--seq-length": NUMBERS, "--clip-norm": NUMBERS, "--seed": NUMBERS,
        "--weight-drop": NUMBERS, "--recurrent-dropout": NUMBERS,
        "--precision": ["auto", "float32", "float16"],
        "--learning-rate": NUMBERS, "--epochs": NUMBERS, "--minutes": NUMBERS,
        "--patience": NUMBERS, "--checkpoint-seconds": NUMBERS,
        "--prompt": TEXTS, "--quiet": None,
    },
    "generate": {
        "--model": PATHS, "--prompt": TEXTS, "--prompt-file": PATHS,
        "--encoding": ENCODINGS, "--escapes": None, "--force": None,
        "--unknown": ["error", "nearest", "skip", "replace", ""],
        "--length": NUMBERS, "--count": NUMBERS,
        "--temperature": [*NUMBERS, "0.4,0.9", "1,2", "1.,nan", ",."],
        "--max-copy": NUMBERS, "--source": PATHS, "--no-loops": None,
        "--best-of": ["1", "2", "0", "x"], "--beam": ["1", "3", "no"],
        "--rank": ["likelihood", "novelty", "match", ""],
        "--top-k": NUMBERS, "--top-p": NUMBERS, "--min-p": NUMBERS,
        "--seed": NUMBERS, "--stop": TEXTS, "--stop-after": TEXTS,
        "--out": PATHS, "--json": None, "--new": PATHS, "--mix": MIXED,
        "--mix-by": ["average", "product"], "--state-in": PATHS,
        "--match": EXPRESSIONS, "--forbid-match": EXPRESSIONS,
        "--forbid": TEXTS, "--forbid-file": PATHS, "--only-words": PATHS,
        "--acrostic": TEXTS, "--lines": NUMBERS, "--sentences": NUMBERS,
        "--state-out": PATHS,
    },
    "score": {
        "--mix": MIXED, "--mix-by": ["average", "product"],
        "--lines": None, "--encoding": ENCODINGS, "--json": None,
        "--unknown": ["error", "nearest", "skip", "replace", "guess"],
        "--baselines": PATHS,
    },
    "surprise": {
        "--html": PATHS, "--typos": None, "--json": None, "--count": NUMBERS,
        "--encoding": ENCODINGS, "--unknown": ["error", "skip", "guess"],
    },
    "context": {
        "--plot": PATHS, "--json": None, "--encoding": ENCODINGS,
        "--unknown": ["error", "skip", "guess"],
    },
    "neurons": {
        "--html": PATHS, "--plot": PATHS, "--json": None, "--count": NUMBERS,
        "--encoding": ENCODINGS, "--unknown": ["error", "skip", "guess"],
    },
    "next": {
        "--prompt": TEXTS, "--prompt-file": PATHS, "--encoding": ENCODINGS,
        "--escapes": None, "--json": None, "--count": NUMBERS, "-n": NUMBERS,
        "--unknown": ["error", "nearest", "skip", "replace", ""],
        "--temperature": NUMBERS, "--max-prefixes": NUMBERS, "--word": TEXTS,
    },
    "copied": {
        "--encoding": ENCODINGS, "--newline": ["lf", "keep", "crlf"],
        "--normalize": ["NFC", "nfc"], "--min-run": NUMBERS,
        "--length": NUMBERS, "--temperature": NUMBERS, "--seed": NUMBERS,
        "--count": NUMBERS, "--show-text": None, "--json": None,
    },
    "gradients": {
        "--encoding": ENCODINGS, "--normalize": ["NFC", "nfc"],
        "--units": NUMBERS, "--lags": NUMBERS, "--seed": NUMBERS,
        "--plot": PATHS, "--json": None,
    },
    "export": {
        "--weights": ["int16", "float16", "float32", "int8"], "--force": None,
    },
    "corpora": {"--json": None},
}  # fmt: skip
# What the verb needs, so that not all ends at what is missing.
NEEDED = {
    "train": ["sea.txt"],
    "generate": ["--model", "model.keras"],
    "score": ["model.keras", "sea.txt"],
    "surprise": ["model.keras", "sea.txt"],
    "context": ["model.keras", "sea.txt"],
    "neurons": ["model.keras", "sea.txt"],
    "next": ["model.keras", "--max-prefixes=9"],
    "copied": ["model.keras", "sea.txt"],
    "gradients": ["sea.txt", "--steps=0"],
    "export": ["model.keras", "new"],
    "corpora": [],
}


pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs FIFOs and links"),
    # Python's own escapes are no encoding of texts, but nobody forbids them.
    pytest.mark.filterwarnings(
        "ignore:.*invalid escape sequence:DeprecationWarning"
    ),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from charrnn.network.model import build_model

    path = tmp_path_factory.mktemp("model") / "model.keras"
    vocabulary = Vocabulary.from_text(TEXT)
    model_file.save(
        build_model(vocabulary, units=4, layers=1), path, vocabulary
    )
    return path.read_bytes()


@pytest.fixture
def place(model, tmp_path, monkeypatch):
    """A folder with all kinds of things in it, where nothing takes long."""
    place = tmp_path / "up" / "here"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 30)
    monkeypatch.setattr(Session, "_train", write_checkpoint)
    monkeypatch.setattr(generate, "Sampler", ShortSampler)
    monkeypatch.setattr(copied, "Sampler", ShortSampler)
    for name, content in {
        "sea.txt": TEXT.encode(), "empty.txt": b"",
        "bytes": bytes(range(256)), "folder/one.txt": TEXT.encode(),
        "folder/two.txt": b"\xff", "deep/er/est.txt": TEXT.encode(),
        "model.keras": model, "damaged.keras": model[:-99],
    }.items():  # fmt: skip
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (place / "hollow").mkdir()
    (place / "dangling").symlink_to("nowhere")
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "pipe")
    for name in ("run", "finished"):
        assert main(["train", "sea.txt", "--out", name]) == 0
    (place / "finished" / "metrics.json").write_text("{}", encoding="utf-8")
    (place / "finished" / "model.keras").write_bytes(model)
    return place


def write_checkpoint(session):
    """Stands in for training: all checks are passed, a run is begun."""
    state = {
        "settings": session.settings.to_json(),
        "vocabulary": session.data.vocabulary.characters,
        "over": session.folder.name == "finished", "parts": {},
    }  # fmt: skip
    checkpoint.write(session.folder, 1, state, [np.zeros(3)])
    yield
    return Outcome(session.folder, session.settings, has_trained=False)


class ShortSampler(Sampler):
    """Writes as asked for, but not for long."""

    def generate(self, prompt, *, length, **how):
        return super().generate(prompt, length=min(length, 9), **how)

    def stream(self, prompt, *, length, **how):
        return super().stream(prompt, length=min(length, 9), **how)


@pytest.fixture
def ends_well(place, monkeypatch, capsys):
    """A function that runs a command, and returns its exit code."""

    def names():
        return {
            path.relative_to(place.parent) for path in place.parent.rglob("*")
        }

    def run(words, given=b""):
        stdin = io.TextIOWrapper(io.BytesIO(given))
        monkeypatch.setattr(sys, "stdin", stdin)
        before = names()
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as exit_code:
            code = exit_code.code
        error = capsys.readouterr().err
        if code == 0:
            for line in error.splitlines():  # what was done, not what failed
                assert line.startswith("(") and line.isprintable()
            return code
        assert code == 2
        *notices, line = error.split("\n")[:-1]
        assert all(notice.startswith("(") for notice in notices)
        assert line.startswith("charrnn") and line.isprintable()
        assert names() == before
        return code

    return run


def run_all(cases, ends_well, kind, tally):
    """Runs the cases of a batch, and counts how they end."""
    codes = []
    for number, (words, given) in enumerate(cases):
        try:
            codes.append(ends_well(words, given))
        except BaseException as error:
            error.add_note(f"case {number}: {words!r} < {given[:200]!r}")
            raise
    done, refused = codes.count(0), codes.count(2)
    tally[f"{kind}: done"] += done
    tally[f"{kind}: refused in a line"] += refused
    assert len(codes) == CASES
    assert min(done, refused) >= CASES // 10


@pytest.mark.parametrize("batch", BATCHES)
def test_any_bytes_are_a_corpus_or_refused(batch, place, ends_well, tally):
    draw = random.Random(f"bytes {batch}")

    def cases():
        for number in range(CASES):
            data = any_bytes(draw)
            (place / "corpus").write_bytes(data)
            source = draw.choice(["corpus", "corpus", "-"])
            words = draw.choice(
                [
                    ["train", source, "--out", f"run-{number}"],
                    ["train", source],
                    ["score", "model.keras", source, "--unknown", "skip"],
                    ["generate", "--model", "model.keras", "--prompt-file",
                     source, "--unknown", "skip"],
                ]
            )  # fmt: skip
            if draw.random() < 0.4:
                words += ["--encoding", draw.choice(ENCODINGS)]
            if words[0] == "train" and draw.random() < 0.4:
                words += draw.choice(
                    [["--newline", "keep"], ["--normalize", "NFKD"],
                     ["--min-count", "3"], ["--max-vocab", "9"],
                     ["--validation", "0.5"]]
                )  # fmt: skip
            yield words, data

    run_all(cases(), ends_well, "random texts", tally)


def any_bytes(draw):
    """Bytes of many kinds: noise, texts, and texts with something wrong."""
    size = draw.choice([0, 1, 2, 30, 40, 300, 3000])
    characters = "".join(
        chr(draw.choice([draw.randrange(128), draw.randrange(0xD800)]))
        for _ in range(min(size, 300))
    )
    data = draw.choice(
        [
            lambda: draw.randbytes(size),
            lambda: bytes(draw.randrange(128) for _ in range(size)),
            lambda: draw.choice([b"a", b"\r", b"\x00", b"\xc3\xa9"]) * size,
            lambda: characters.encode(),
            lambda: characters.encode(draw.choice(["utf-16", "utf-32"])),
            lambda: characters.encode("utf-8-sig"),
            lambda: draw.choices([b"\r", b"\n", b"\r\n", b"a", b"b"], k=size),
            lambda: TEXT.encode(),
            lambda: TEXT.encode("utf-16-le"),
            lambda: b"\xef\xbb\xbf" * size,
            lambda: b"\\ud800+2AA- xn--" * size,  # halves of pairs in disguise
        ]
    )()
    data = bytearray(b"".join(data) if isinstance(data, list) else data)
    if draw.random() < 0.3:
        for _ in range(draw.randrange(4)):
            wrong = draw.choice([b"\xff", b"\xed\xa0\x80", b"\xf4\x90", b"\0"])
            place = draw.randrange(len(data) + 1)
            data[place:place] = wrong
    return bytes(data[: draw.choice([None, None, -1])])


@pytest.mark.parametrize("batch", BATCHES)
def test_any_words_are_a_command_or_refused(batch, ends_well, tally):
    draw = random.Random(f"words {batch}")
    cases = ((any_words(draw), any_bytes(draw)) for _ in range(CASES))
    run_all(cases, ends_well, "random commands", tally)


def any_words(draw):
    """Words that are right, plausible or nonsense."""
    verb = draw.choice([*FLAGS, "train", "generate"])
    words = [verb, *NEEDED[verb]]
    for _ in range(draw.choice([0, 1, 1, 1, 2, 2, 3, 5])):
        flag = draw.choice(list(FLAGS[verb]))
        values = FLAGS[verb][flag]
        words.append(flag)
        if values:
            words[-1:] = draw.choice(
                [
                    [flag, draw.choice(values)],
                    [f"{flag}={draw.choice(values)}"],
                ]
            )
    if verb in ("train", "score", "gradients") and draw.random() < 0.4:
        words[len(NEEDED[verb])] = draw.choice(PATHS)  # the text
    if draw.random() < 0.15:
        words.insert(draw.randrange(len(words) + 1), nonsense(draw))
    if draw.random() < 0.05:
        del words[draw.randrange(len(words))]
    return words


def nonsense(draw):
    letters = "-=ab1 \t\n\x1b\udcffé%{}[]\\'\"\u202e\U0001f600"
    return "".join(draw.choices(letters, k=draw.randrange(12)))
