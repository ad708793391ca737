"""Measure a finished run, for metrics.json."""

import dataclasses
import importlib.metadata
import json
import math
import platform
from pathlib import Path
from typing import Any

import numpy as np

import charrnn
from charrnn.network.backend import devices, keras, processes, threads
from charrnn.network.engine import Engine, load
from charrnn.scoring import baselines, score
from charrnn.scoring.shift import Shift
from charrnn.system import atomic
from charrnn.text.units import UnitVocabulary
from charrnn.training.ending import Ending
from charrnn.training.figures import (
    TRAINING_LOSS,
    VALIDATION_LOSS,
    with_full_names,
)
from charrnn.training.history import History
from charrnn.training.round_scoring import is_exact
from charrnn.training.schedule import Schedule

# The facts that the model of a run has.
FACTS = {"metrics", "text", "split", "network", "training"}
FIGURES = (  # of a model, on the held-out part
    "validation_nats_per_character", "validation_bits_per_character",
    "validation_standard_error", "validation_method",
    "cold256_nats_per_character", "baselines_nats_per_character",
    "standard_error_of_difference_to_5_gram",
)  # fmt: skip


def measure(
    out: Path,
    training: np.ndarray,
    held_out: np.ndarray,
    schedule: Schedule,
    history: History,
    shift: Shift | None = None,
) -> dict[str, Any]:
    """Scores the model that a run has saved, read back from its file.

    The baselines are measured on the same split. If nothing is held out, the
    figures are `None`.

    When the model was saved, it was scored. That loss is kept if it is exact,
    or if the time limit leaves too little time to score it again: the model
    of a round that was not the last. The cold windows stop at 200,000
    characters.

    Args:
        out: The run's folder, a `pathlib.Path`.
        training: Ids of the training part, `(characters,)`.
        held_out: Ids of the held-out part, `(characters,)`; may be empty.
        schedule: The `Schedule` of the training.
        history: The run's `history.History`.
        shift: A `shift.Shift`, or `None`.

    Returns:
        A `dict` for `metrics.json`.

    Raises:
        ValueError: if the model was not saved by a run.
    """
    engine = load(out)
    if not engine.facts.keys() >= FACTS:
        raise ValueError(
            f"Expected the model that the run in '{out}' has saved. Its "
            "model.keras is another. Move it away: the same command then "
            "restores the run's from its checkpoint."
        )
    best_step = engine.facts["metrics"]["step"]
    figures = dict.fromkeys(FIGURES)
    if len(held_out):
        figures |= _figures(engine, training, held_out, schedule.ending)
    return {
        **figures,
        **_units(figures[VALIDATION_LOSS], engine.vocabulary, held_out),
        "held_out_shift": shift and dataclasses.asdict(shift),
        "parameters": engine.parameters,
        "characters_per_second": round(schedule.characters_per_second),
        "epochs": round(schedule.epoch, 4),
        "steps": schedule.step,
        "best_step": best_step,
        "best_and_last_validation": _best_and_last(history.rows, best_step),
        "seed": engine.facts["training"]["seed"],
        "threads": threads(),
        **machinery(),
        "versions": versions(),
        **{key: engine.facts[key] for key in ("text", "split", "network")},
        "training": engine.facts["training"],
    }


def _figures(
    engine: Engine,
    training: np.ndarray,
    held_out: np.ndarray,
    ending: Ending | None,
) -> dict[str, Any]:
    """The losses of a model, and the baselines to compare them with."""
    nats, method = _loss(engine, held_out, ending)
    # The standard errors of other losses are much the same.
    cold = score.score_cold(engine, held_out[: score.ONE_PASS_CHARACTERS])
    losses, difference_error = baselines.measure_beside(
        training, held_out, engine.vocabulary, cold.nats
    )
    values = (
        nats,
        score.to_bits(nats),
        _finite(cold.standard_error),
        method,
        cold.nats_per_character,
        losses,
        _finite(difference_error),
    )
    return dict(zip(FIGURES, values, strict=True))


def _loss(
    engine: Engine, held_out: np.ndarray, ending: Ending | None
) -> tuple[float, str]:
    """The loss with which a model was saved, or the exact one, if it is not.

    Returns:
        `(nats per character, how it was scored)`.
    """
    saved = with_full_names(engine.facts["metrics"])
    method = saved["validation_method"]
    is_long = len(held_out) > score.ONE_PASS_CHARACTERS
    exact = is_exact(method) if is_long else method == score.one_pass(engine)
    if exact or not (ending is None or ending.has_time_to_score()):
        return saved[VALIDATION_LOSS], method
    scored = score.score_exactly(engine, held_out)
    return scored.nats_per_character, scored.method


def _finite(error: float | None) -> float | None:
    """A standard error; `None` if a single character does not give one."""
    return None if error is None or math.isinf(error) else error


def _best_and_last(
    rows: list[dict[str, Any]], best_step: int
) -> list[dict[str, Any]] | None:
    """Parts of two rows of the history: the saved model's and the last one.

    Returns:
        A pair of `dict`s; `None` if nothing was held out, or if rows are
        missing, as after a damaged checkpoint.
    """
    names = "step", "epoch", TRAINING_LOSS, VALIDATION_LOSS
    rows = [r for r in rows if all(r.get(name) is not None for name in names)]
    kept = next((r for r in rows if r["step"] == best_step), None)
    if kept is None:
        return None
    return [{name: row[name] for name in names} for row in (kept, rows[-1])]


def _units(
    nats_per_character: float | None,
    vocabulary: UnitVocabulary,
    held_out: np.ndarray,
) -> dict[str, Any]:
    """The unit, the number of characters and the perplexity per unit."""
    perplexity = None
    characters = vocabulary.characters_of(held_out)
    if nats_per_character is not None:
        nats = nats_per_character * characters / len(held_out)
        perplexity = math.exp(min(nats, 700.0))  # no overflow
    return {
        "unit": vocabulary.unit,
        "validation_characters": characters,
        "validation_perplexity_per_unit": perplexity,
    }


def versions() -> dict[str, str]:
    """Returns the versions that the figures depend on, by package."""
    packages = ("keras", keras.backend.backend(), "numpy")
    return {
        "charrnn": charrnn.__version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def machinery() -> dict[str, Any]:
    """Returns what trained: the backend, its devices, the processes."""
    return {
        "backend": keras.backend.backend(),
        "devices": devices(),
        "processes": processes(),
    }


def write(out: Path, metrics: dict[str, Any]) -> None:
    """Writes `metrics.json`."""
    # ASCII only: the name of a file need not be valid UTF-8.
    text = json.dumps(metrics, indent=1)
    atomic.write_text(out / "metrics.json", text + "\n")
