"""Every setting of a run, with its default and its limits."""

import dataclasses
import difflib
import inspect
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.text import units
from charrnn.text.normal_form import NEWLINES, NORMAL_FORMS
from charrnn.training import recipe, rules, values
from charrnn.training.values import Kind
from charrnn.twins.precision import PRECISIONS

DEFAULT_PRESET = "good"

# The arguments of `build_model`, which are also settings of a run.
NETWORK = {
    name: parameter.default
    for name, parameter in inspect.signature(build_model).parameters.items()
    if parameter.kind == parameter.KEYWORD_ONLY
}

# The settings that `recipe.recommend` chooses if the user leaves them open.
CHOSEN = (
    "layers", "units", "dropout", "batch_size", "learning_rate",
    "weight_decay",
)  # fmt: skip


def _setting(default: Any, kind: Kind, free: bool = False) -> Any:
    """A field that the user may set.

    Args:
        default: Its value if the user does not set it. `None` leaves it open.
        kind: The values it may have.
        free: Whether a run may resume with another value. A run keeps its
            other settings; --change can change some of them.
    """
    return dataclasses.field(
        default=default, metadata={"kind": kind, "free": free}
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a run, with figures of its text.

    They are immutable: `dataclasses.replace` makes a copy with other values.

    Attributes:
        corpus: The text to learn, as the user named it.
        encoding, newline, normalize: As for `charrnn.read`.
        unit: What the network reads and writes: `"character"`, `"word"`
            or `"byte"`.
        min_count: Characters that occur less often are read as U+FFFD,
            words are spelled out.
        max_vocab: Maximum number of distinct characters or words; `None` for
            all.
        documents: How the text is divided into documents: `"files"`,
            `"lines"`, or a separator; `None` for one endless text.
        validation: The fraction that is held out: of the text, at its end, or
            of the documents.
        cell, units, layers, dropout, embedding, recurrent_dropout: As for
            `build_model`; `None`, for the embedding `"auto"`, to choose by the
            text and the time.
        init_from: A model to start from, with its weights and vocabulary.
        freeze_vocabulary: Whether to refuse a text with characters that this
            model does not have. Otherwise its vocabulary grows.
        teachers: Models that the network learns from, beside the text; it
            has their vocabulary.
        teacher_weight: The share of what they expect in the loss, from 0 to
            1; the rest is the text's.
        batch_size: Streams read in parallel.
        seq_length: Characters per window: how far gradients reach back.
        learning_rate: Peak learning rate, after warm-up.
        clip_norm: Maximum global norm of the gradients.
        weight_decay: AdamW's weight decay.
        weight_drop: Share of recurrent weights dropped at each step
            (DropConnect).
        seed: Seed of weights, dropout and streams.
        precision: Type of the operands of matrix products.
        epochs: Maximum number of passes over the training text.
        minutes: Time from the start to the last file.
        patience: Rounds without a lower loss after which training ends.
        checkpoint_seconds: Time from one checkpoint to the next.
        prompt: The text that samples during training begin with.
        quiet: Whether to print one line per round, and no samples.
        line_starts: Whether streams read how a line begins before they are
            reset: not in runs of earlier versions.
        changes: The changes made with --change: a `dict` for each, as
            `changes.entry` makes it.
        sizes: Batch size and sequence length, reduced if the text is short.
        text_sha256: The digest of the text's characters.
        teacher_fingerprints: The `fingerprint` of each teacher.
        soft_targets_sha256: The digest of the file with what the teachers
            expect.

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
    documents: str | None = _setting(None, values.DOCUMENTS)
    validation: float = _setting(0.1, values.RATE)
    # the network
    cell: str = _setting(NETWORK["cell"], values.choice(tuple(sorted(CELLS))))
    units: int | None = _setting(None, values.whole(1))
    layers: int | None = _setting(None, values.whole(1))
    dropout: float | None = _setting(None, values.RATE)
    embedding: int | str | None = _setting(
        NETWORK["embedding"], values.EMBEDDING
    )
    recurrent_dropout: float = _setting(
        NETWORK["recurrent_dropout"], values.RATE
    )
    init_from: str | None = _setting(None, values.PATH)
    freeze_vocabulary: bool = _setting(False, values.SWITCH, free=True)
    # its training
    teachers: Sequence[str] | None = _setting(None, values.PATHS)
    teacher_weight: float = _setting(0.9, values.SHARE)
    batch_size: int | None = _setting(None, values.whole(1))
    seq_length: int = _setting(64, values.whole(1))
    learning_rate: float | None = _setting(None, values.LEARNING_RATE)
    clip_norm: float = _setting(rules.CLIP_NORM, values.CLIP_NORM)
    weight_decay: float | None = _setting(None, values.NOT_NEGATIVE)
    weight_drop: float = _setting(0.0, values.RATE)
    seed: int = _setting(1, values.whole(0, 2**32 - 1))
    precision: str = _setting("auto", values.choice(tuple(PRECISIONS)))
    # how long it trains, and what it prints
    epochs: float | None = _setting(None, values.POSITIVE, free=True)
    minutes: float | None = _setting(None, values.POSITIVE, free=True)
    patience: int | None = _setting(None, values.whole(1), free=True)
    checkpoint_seconds: float = _setting(60.0, values.NOT_NEGATIVE, free=True)
    prompt: str = _setting("", values.TEXT, free=True)
    quiet: bool = dataclasses.field(default=False, metadata={"free": True})
    # what the run adds
    line_starts: bool = dataclasses.field(default=True, metadata={"free": True})
    changes: list[dict] = dataclasses.field(default_factory=list)
    sizes: tuple[int, int] | None = None
    text_sha256: str | None = None
    teacher_fingerprints: list[str] | None = None
    soft_targets_sha256: str | None = None

    def network(self) -> dict[str, Any]:
        """The arguments of `build_model`."""
        return {name: getattr(self, name) for name in NETWORK}

    def to_json(self) -> dict[str, Any]:
        """A `dict` for a checkpoint's state; JSON can hold it."""
        return dataclasses.asdict(self)


FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
KINDS: dict[str, Kind] = {
    name: field.metadata["kind"]
    for name, field in FIELDS.items()
    if "kind" in field.metadata
}
# A resumed run keeps these; --change can change some of them.
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
        settings: Names and values; `preset` may be among the names. `None`
            is ignored if it is the default.

    Returns:
        A `dict` of the settings that are given, as `settle.settle` takes it.

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
    check_limits(given)
    return given


def check_limits(given: Mapping[str, Any]) -> None:
    """Raises a `ValueError` if a preset contradicts a time limit."""
    if "minutes" in given and given.get("preset", "record") != "record":
        raise ValueError(
            "Expected minutes or a preset, which is a time limit, too; only "
            "the preset record takes minutes. Received both. Leave one out."
        )


def _no_such_setting(name: str) -> str:
    """The message for a name that no setting has."""
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
    """Returns the names of a text as a list.

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
_SWITCHES = "fresh", "change", "freeze_vocabulary"


def in_python(message: str) -> str:
    """Rewrites the flags in a message as Python arguments.

    Messages are written once, with the flags of the command line.

    Args:
        message: A `str`.

    Returns:
        A `str` with arguments of `charrnn.train` in place of flags.

    Example:

    >>> in_python("Leave --patience out, or continue with --epochs 9 --fresh.")
    'Leave patience out, or continue with epochs=9 fresh=True.'
    """

    def argument(match: re.Match) -> str:
        name = match[1].replace("-", "_")
        if name in _SWITCHES:
            return match[0].replace(f"--{match[1]}", f"{name}=True")
        if name not in KINDS and name not in ("out", "preset"):
            return match[0]
        return f"{name}=" if match[0].endswith(" ") else name

    return _FLAG.sub(argument, message)
