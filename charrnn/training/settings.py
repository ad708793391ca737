"""Every setting of a run, with its default and its limits."""

import dataclasses
import difflib
import inspect
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.text import units
from charrnn.text.corpus import NEWLINES, NORMAL_FORMS
from charrnn.training import recipe, values
from charrnn.training.values import Kind
from charrnn.twins.precision import PRECISIONS

DEFAULT_PRESET = "good"

# The arguments of `build_model`, which are settings of a run, too.
NETWORK = {
    name: parameter.default
    for name, parameter in inspect.signature(build_model).parameters.items()
    if parameter.kind == parameter.KEYWORD_ONLY
}

# What `recipe.recommend` finds where the user leaves it open.
CHOSEN = (
    "layers", "units", "dropout", "batch_size", "learning_rate",
    "weight_decay",
)  # fmt: skip


def _setting(default: Any, kind: Kind, free: bool = False) -> Any:
    """A field that the user may set.

    Args:
        default: Its value if the user does not set it. `None` leaves it open.
        kind: The values it may have.
        free: Whether a run may go on with another value. Other settings are
            what the run is; of these --change can change some.
    """
    return dataclasses.field(
        default=default, metadata={"kind": kind, "free": free}
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that a run is told, and what it has found out about its text.

    Nothing changes it: where something is chosen or taken from a run,
    `dataclasses.replace` makes another one.

    Attributes:
        corpus: What is learnt, as the user named it.
        encoding, newline, normalize: How it is read, as by `charrnn.read`.
        unit: What the network reads and writes: `"character"`, `"word"`
            or `"byte"`.
        min_count: Characters that occur less often are read as U+FFFD,
            words are spelled out.
        max_vocab: The most distinct characters or words; `None` for all.
        validation: The fraction of the text, at its end, that is held out.
        cell, units, layers, dropout, embedding: As for `build_model`; `None`,
            of the embedding `"auto"`, for what suits the text and the time.
        init_from: A model whose weights and characters to begin with.
        batch_size: Streams read in parallel.
        seq_length: Characters that gradients reach back.
        learning_rate: The highest, after warm-up.
        clip_norm: The largest norm of all gradients.
        weight_decay: What weights lose in a step, in parts of the rate.
        weight_drop: Share of recurrent weights left out of a step.
        seed: Of weights, dropout and streams.
        precision: Of the operands of matrix products.
        epochs: Passes over the training text at most.
        minutes: Time from the start to the last file.
        patience: Rounds without a lower loss that end training.
        checkpoint_seconds: Time from one checkpoint to the next.
        prompt: What the samples on the way begin with.
        quiet: A line a round, no samples.
        changes: What --change has changed: a `dict` for each time, as
            `changes.entry` makes it.
        sizes: Batch size and sequence length as they fit the text.
        text_sha256: The digest of the text's characters.

    Example:

    >>> Settings(["emma.txt"]).seq_length
    64
    """

    corpus: list[str]
    # the text
    encoding: str = _setting("utf-8", values.TEXT)
    newline: str = _setting("lf", values.choice(tuple(NEWLINES)))
    normalize: str | None = _setting(None, values.choice(tuple(NORMAL_FORMS)))
    unit: str = _setting(units.DEFAULT, values.choice(units.UNITS))
    min_count: int = _setting(1, values.whole(1))
    max_vocab: int | None = _setting(None, values.whole(2))
    validation: float = _setting(0.1, values.RATE)
    # the network
    cell: str = _setting(NETWORK["cell"], values.choice(tuple(sorted(CELLS))))
    units: int | None = _setting(None, values.whole(1))
    layers: int | None = _setting(None, values.whole(1))
    dropout: float | None = _setting(None, values.RATE)
    embedding: int | str | None = _setting(
        NETWORK["embedding"], values.EMBEDDING
    )
    init_from: str | None = _setting(None, values.PATH)
    # its training
    batch_size: int | None = _setting(None, values.whole(1))
    seq_length: int = _setting(64, values.whole(1))
    learning_rate: float | None = _setting(None, values.LEARNING_RATE)
    clip_norm: float = _setting(recipe.CLIP_NORM, values.CLIP_NORM)
    weight_decay: float | None = _setting(None, values.NOT_NEGATIVE)
    weight_drop: float = _setting(0.0, values.RATE)
    seed: int = _setting(1, values.whole(0, 2**32 - 1))
    precision: str = _setting("auto", values.choice(tuple(PRECISIONS)))
    # how long it goes on, and what it tells
    epochs: float | None = _setting(None, values.POSITIVE, free=True)
    minutes: float | None = _setting(None, values.POSITIVE, free=True)
    patience: int | None = _setting(None, values.whole(1), free=True)
    checkpoint_seconds: float = _setting(60.0, values.NOT_NEGATIVE, free=True)
    prompt: str = _setting("", values.TEXT, free=True)
    quiet: bool = dataclasses.field(default=False, metadata={"free": True})
    # what the run adds
    changes: list[dict] = dataclasses.field(default_factory=list)
    sizes: tuple[int, int] | None = None
    text_sha256: str | None = None

    def network(self) -> dict[str, Any]:
        """The arguments of `build_model`."""
        return {name: getattr(self, name) for name in NETWORK}

    def chosen(self, name: str) -> Any:
        """A setting that `recipe.recommend` has filled in: not `None`."""
        return getattr(self, name)

    def to_json(self) -> dict[str, Any]:
        """A `dict` for a checkpoint's state; JSON can hold it."""
        return dataclasses.asdict(self)


FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
KINDS: dict[str, Kind] = {
    name: field.metadata["kind"]
    for name, field in FIELDS.items()
    if "kind" in field.metadata
}
# What the run is: these stay as they are when it is taken up again.
FIXED = [name for name in KINDS if not FIELDS[name].metadata["free"]]
DEFAULTS = {
    name: field.default
    for name, field in FIELDS.items()
    if "free" in field.metadata
}
PRESET = values.choice(tuple(recipe.PRESETS))


def given_in_python(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Checks settings that a program gives.

    Args:
        settings: Names and values, `preset` among the names. `None` stands
            for the default where that is `None`, too.

    Returns:
        A `dict` of what is given, as `settle.settle` takes it.

    Raises:
        TypeError: if there is no setting of such a name.
        ValueError: if a value is not one that the setting may have, or two
            exclude each other.

    Example:

    >>> given_in_python({"units": 8, "epochs": None})
    {'units': 8}
    >>> given_in_python({"layer": 2})
    Traceback (most recent call last):
    TypeError: train() has no setting 'layer'. Did you mean 'layers'?
    """
    given = {}
    for name, value in settings.items():
        if name not in KINDS and name != "preset":
            raise TypeError(_no_such_setting(name))
        if value is None and DEFAULTS.get(name) is None:
            continue
        kind = KINDS.get(name, PRESET)
        try:
            given[name] = kind.checked(value)
        except ValueError as error:
            raise ValueError(f"argument {name}: {error}") from None
    if "preset" in given and "minutes" in given:
        raise ValueError("argument minutes: not allowed with argument preset")
    return given


def _no_such_setting(name: str) -> str:
    """What to do about a name that no setting has."""
    names = [*KINDS, "preset", "out", "fresh", "change", "callbacks", "verbose"]
    near = difflib.get_close_matches(name, names, n=1)
    if name == "quiet":
        near = ["verbose"]
    advice = (
        f"Did you mean {near[0]!r}?"
        if near
        else f"Expected one of {', '.join(names)}."
    )
    return f"train() has no setting {name!r}. {advice}"


def names_of(text: Any) -> list[str]:
    """What is learnt, as a list of names.

    Args:
        text: A path or a name, `str` or `pathlib.Path`, or a list of them,
            as for `charrnn.read`.

    Returns:
        A list of `str`.

    Raises:
        TypeError: if it is something else.

    Example:

    >>> names_of("emma.txt"), names_of(["a.txt", "shakespeare"])
    (['emma.txt'], ['a.txt', 'shakespeare'])
    """
    several = not isinstance(text, (str, os.PathLike))
    if several and not isinstance(text, Iterable):
        raise TypeError(
            "Expected a text to learn: a path, the name of a corpus, or a "
            f"list of them. Received {type(text).__name__}."
        )
    return [os.fspath(name) for name in (text if several else [text])]


_FLAG = re.compile(r"(?<![\w'-])--([a-z]+(?:-[a-z]+)*)(?: (?=['\d]|[A-Z]\b))?")
_SWITCHES = "fresh", "change"


def in_python(message: str) -> str:
    """A message that names flags, in the words of Python.

    Messages are written once, with the flags of the command line.

    Args:
        message: A `str`.

    Returns:
        A `str`: each flag of a setting is the argument of `charrnn.train`.

    Example:

    >>> in_python("Leave --patience out, or go on with --epochs 9 --fresh.")
    'Leave patience out, or go on with epochs=9 fresh=True.'
    """

    def argument(match: re.Match) -> str:
        name = match[1].replace("-", "_")
        if name in _SWITCHES:
            return match[0].replace(f"--{match[1]}", f"{name}=True")
        if name not in KINDS and name not in ("out", "preset"):
            return match[0]
        return f"{name}=" if match[0].endswith(" ") else name

    return _FLAG.sub(argument, message)
