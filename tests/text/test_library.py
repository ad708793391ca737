"""The standard library is read as one text, the same on each machine."""

import pytest

from charrnn.text.library import library_text


def test_the_standard_library_is_plain_modules_in_order(tmp_path):
    files = {
        "b.py": b"b = 2\n\n",
        "a/z.py": b"z = 1",
        "a/__init__.py": b"",
        "a/tests/c.py": b"no",
        "site-packages/d.py": b"no",
        "idlelib/e.py": b"no",
        "accent.py": "'é'".encode(),
        "_sysconfigdata_x.py": b"no",
        "notes.txt": b"no",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert library_text(tmp_path) == "z = 1\nb = 2\n"


def test_a_library_without_modules_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Received none"):
        library_text(tmp_path)
