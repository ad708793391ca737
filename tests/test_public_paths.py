"""What takes a path takes it as text, too."""

import dataclasses
import inspect

import pytest

import charrnn
from charrnn import KnownDocuments
from charrnn.text.document_hashes import digests


def functions(name):
    """A public function, or the constructor and methods of a class."""
    found = getattr(charrnn, name)
    if not inspect.isclass(found):
        return [found]
    methods = inspect.getmembers(found, callable)
    own = [method for name, method in methods if name[0] != "_"]
    return own if dataclasses.is_dataclass(found) else [found, *own]


@pytest.mark.parametrize("name", charrnn._HOMES)
def test_a_hint_of_a_path_is_also_one_of_a_str(name):
    for function in functions(name):
        try:
            parameters = inspect.signature(function).parameters.values()
        except ValueError:  # written in C
            continue
        hints = [str(parameter.annotation) for parameter in parameters]
        assert not [h for h in hints if "Path" in h and "str" not in h]


def test_hashes_of_documents_are_written_and_read_by_a_str(tmp_path):
    known = KnownDocuments(digests(["Ann"]), digests(["Eve"]))
    known.write(str(tmp_path))
    again = KnownDocuments.read(str(tmp_path))
    assert again.places(["Ann", "Eve", "Bob"]) == known.places(
        ["Ann", "Eve", "Bob"]
    )
