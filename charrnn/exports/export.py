"""Write a model in a form that needs no charrnn, as its ending says."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Union

from charrnn.exports import folder, onnx_step, page
from charrnn.exports.contents import WEIGHTS, check_weights
from charrnn.exports.destination import FOLDER, check, ending
from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.network.model_file import model_path
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras


class Form(NamedTuple):
    """A form in which a model is exported.

    Attributes:
        name: A few words for messages.
        write: Writes it: a function of the engine, the path, the type of the
            weights and a title.
        weights: The types that its weights may have, the default first.
    """

    name: str
    write: Callable[[Engine, Path, str, str], None]
    weights: Sequence[str] = WEIGHTS


FORMS = {  # by the ending of the name
    ".html": Form("a page that writes", page.write, page.WEIGHTS),
    ".onnx": Form("ONNX", onnx_step.write),
    FOLDER: Form("a folder for NumPy", folder.write),
}


def export(
    model: Union[Engine, "keras.Sequential", os.PathLike, str],
    out: Path | str,
    *,
    weights: str | None = None,
    force: bool = False,
    vocabulary: UnitVocabulary | None = None,
) -> Path:
    """Writes a model in a form that needs no charrnn.

    Args:
        model: In any form: a path or a name as for `charrnn.load`, a
            `charrnn.Engine` or a Keras model.
        out: What to write: a name that ends in .html or .onnx, or the name of
            a folder, which has no ending or ends in a slash.
        weights: `"float32"`; or for half the size `"int16"` in a page, and
            `"float16"` in other forms; `None` for what suits the form.
        force: Whether to replace an earlier export.
        vocabulary: The vocabulary of a Keras model; all other forms have
            theirs.

    Returns:
        The path of what was written.

    Raises:
        ValueError: if the name has another ending, something is there already,
            or the model cannot be exported.
        OSError: if the file or folder cannot be written. What was there
            before stays.

    Example:

    >>> import tempfile
    >>> path = export("shakespeare", tempfile.mkdtemp() + "/shakespeare")
    >>> sorted(file.name for file in path.iterdir())
    ['model.json', 'model.npz', 'sample.py']
    """
    kind = ending(out, {end: form.name for end, form in FORMS.items()})
    form, path, file = FORMS[kind], Path(out), None
    weights = weights or form.weights[0]
    check_weights(weights, form.weights, f" for {form.name}")
    if isinstance(model, (str, os.PathLike)):
        file = model_path(Path(model))
        model = file
    check(path, kind, file, force)
    engine = engine_of(model, vocabulary, for_text=True)
    form.write(engine, path, weights, title_of(file))
    return path


def title_of(file: Path | None) -> str:
    """Names a model after its file, or after the folder of its run.

    Args:
        file: The model's file; `None` for a model in memory.

    Returns:
        A `str`.

    Example:

    >>> title_of(Path("runs/my-1/model.keras")), title_of(Path("tales.keras"))
    ('my-1', 'tales')
    """
    if file is None:
        return "a model"
    path = Path(os.path.abspath(file))
    return path.parent.name if path.name == "model.keras" else path.stem
