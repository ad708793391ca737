"""Comments that name a row of the benchmarks' tables name one that exists."""

import re
from pathlib import Path

import pytest

import charrnn

PACKAGE = Path(charrnn.__file__).parent
README = PACKAGE.parent / "benchmarks" / "README.md"


def cited(path):
    text = re.sub(r"\n\s*#?\s*", " ", path.read_text("utf-8"))
    return re.findall(r'benchmark: "(.*?)"', text)


CITED = [
    (path.stem, row)
    for path in sorted((PACKAGE / "twins").glob("*.py"))
    for row in cited(path)
]


@pytest.mark.parametrize(("module", "row"), CITED)
def test_a_comment_names_a_row_that_exists(module, row):
    rows = README.read_text("utf-8").splitlines()
    assert any(row in line for line in rows if line.startswith("| "))


def test_the_loops_name_rows():
    assert {"loops", "kernels", "tiles", "dropout"} <= {m for m, _ in CITED}
