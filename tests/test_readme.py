"""The README's Python example runs as it stands, on a smaller text."""

import re
from pathlib import Path

import charrnn

README = Path(charrnn.__file__).parent.parent / "README.md"
SMALLER = {"units=128": "units=8", "steps_per_epoch=500": "steps_per_epoch=2"}


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(
        r"```python\n(.*?)```", README.read_text("utf-8"), re.S
    )
    for long, short in SMALLER.items():
        assert long in code
        code = code.replace(long, short)
    text = "ROMEO:\nWherefore not? Because.\n" * 100
    (tmp_path / "my.txt").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    shown = capsys.readouterr().out
    bits, written = re.search(
        r"^(\d\.\d+) bits per character\n(.{200,})\n\Z", shown, re.S | re.M
    ).groups()
    assert 0 < float(bits) < 8
    assert set(written) <= set(text)
