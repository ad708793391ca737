"""Measure a finished run: metrics.json and the last lines on the screen."""

import dataclasses
import importlib.metadata
import json
import math
import platform
import time

import numpy as np

import charrnn
from charrnn.network.backend import threads
from charrnn.network.engine import load
from charrnn.scoring import baselines, score
from charrnn.scoring.scan import checked_ids, scan
from charrnn.scoring.shift import Shift
from charrnn.system import atomic
from charrnn.writing.probabilities import surprise

FACTS = {"metrics", "text", "split", "network", "training"}  # of a run's model
FIGURES = (  # of a model, on the held-out part
    "validation_nats_per_char", "validation_bits_per_char",
    "validation_standard_error", "validation_method", "cold256_nats_per_char",
    "baselines_nats_per_char", "standard_error_of_difference_to_5_gram",
)  # fmt: skip
SHIFTED = (
    "warning     the end of the text, held out to validate on, is unlike the "
    "rest: these figures say little of the model. Shuffle the documents, or "
    "the lines of a list, and train anew (--fresh)"
)
FEW_CHARACTERS = 10_000  # held out: the loss is told with its uncertainty
CLEARLY_MORE = 0.05  # nats, of a validation loss that has risen


def measure(out, training, held_out, schedule, history, shift=None):
    """Scores the model that a run has saved, read back from its file.

    Beside it stand the baselines on the same split. Where nothing is held
    out, there is no figure: `None`.

    A long held-out part was scored in streams when the model was saved, and
    is not scored once more, nor is one for which a limit of time leaves too
    little; the cold windows stop at 200,000 characters.

    Args:
        out: The run's folder, a `pathlib.Path`.
        training: Ids of the training part, `(characters,)`.
        held_out: Ids of the validation part, `(characters,)`; may be empty.
        schedule: The `training.Schedule` that training followed.
        history: The run's `history.History`.
        shift: A `shift.Shift`, or `None`.

    Returns:
        A `dict` for `metrics.json`.

    Raises:
        ValueError: if the model is not one that a run has saved.
    """
    engine = load(out)
    if not engine.facts.keys() >= FACTS:
        raise ValueError(
            f"Expected the model that the run in '{out}' has saved. Its "
            "model.keras is another. Move it away: the same command then "
            "makes the run's from its checkpoint."
        )
    best_step = engine.facts["metrics"]["step"]
    figures = dict.fromkeys(FIGURES)
    if len(held_out):
        limit = schedule.ending.scoring_seconds() if schedule.ending else None
        figures |= _figures(engine, training, held_out, limit)
    return {
        **figures,
        "validation_characters": len(held_out),
        "held_out_shift": shift and dataclasses.asdict(shift),
        "parameters": engine.parameters,
        "characters_per_second": round(schedule.characters_per_second),
        "epochs": round(schedule.epoch, 4),
        "steps": schedule.step,
        "best_step": best_step,
        "best_and_last_validation": _best_and_last(history.rows, best_step),
        "seed": engine.facts["training"]["seed"],
        "threads": threads(),
        "versions": versions(),
        **{key: engine.facts[key] for key in ("text", "split", "network")},
        "training": engine.facts["training"],
    }


def _figures(engine, training, held_out, limit):
    """The losses of a model, and what to compare them with."""
    best = engine.facts["metrics"]
    nats, method = best["validation_nats_per_char"], best["validation_method"]
    cold = score.score_cold(engine, held_out[: score.ONE_PASS_CHARACTERS])
    of_each = cold.nats  # they waver alike
    if scored := _scored_in_time(engine, held_out, limit):
        nats, method = scored.nats_per_character, scored.method
        of_each = scored.nats
    losses, difference_error = baselines.measure_beside(
        training, held_out, engine.vocabulary, of_each
    )
    values = (
        nats,
        score.to_bits(nats),
        _finite(score.standard_error(of_each)),
        method,
        cold.nats_per_character,
        losses,
        _finite(difference_error),
    )
    return dict(zip(FIGURES, values, strict=True))


def _finite(error):
    """A standard error, `None` where a single character tells none."""
    return None if math.isinf(error) else error


def _best_and_last(rows, best_step):
    """The rows of the model that was kept and of the last, cut short.

    Returns:
        A pair of `dict`s, `None` where nothing was held out, or rows are not
        there: a damaged checkpoint's.
    """
    names = (
        "step", "epoch", "training_nats_per_char", "validation_nats_per_char",
    )  # fmt: skip
    rows = [r for r in rows if all(r.get(name) is not None for name in names)]
    kept = next((r for r in rows if r["step"] == best_step), None)
    if kept is None:
        return None
    return [{name: row[name] for name in names} for row in (kept, rows[-1])]


def _scored_in_time(engine, ids, limit):
    """Scores in one pass; `None` for a long text, or when it takes too long.

    The pass is given up as soon as it is clear that it will take longer than
    `limit` seconds, which may be `None` for any time.
    """
    if len(ids) > score.ONE_PASS_CHARACTERS:
        return None
    ids = checked_ids(engine, ids)
    began, nats = time.perf_counter(), []
    for start, logits, targets in scan(engine, ids[None]):
        nats.append(surprise(logits, targets)[0])
        seconds = time.perf_counter() - began
        whole = seconds * len(ids) / (start + targets.size)
        if limit is not None and seconds > limit / 2 and whole > limit:
            return None
    return score.Score(np.concatenate(nats), score.ONE_PASS)


def versions():
    """Returns the versions that a result depends on, by name."""
    packages = ("keras", "tensorflow", "numpy")
    return {
        "charrnn": charrnn.__version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def write(out, metrics):
    """Writes `metrics.json`."""
    text = json.dumps(metrics, indent=1)  # a file's name need not be UTF-8
    atomic.write_text(out / "metrics.json", text + "\n")


def summary(out, metrics, stopped=False, cause=""):
    """Says how well the model does, and what does how well without one.

    Args:
        out: The run's folder.
        metrics: What `measure` returned.
        stopped: Whether training ended early, as the text was learnt by
            heart.
        cause: Why the network may have learnt little, if that is known.

    Returns:
        A `str`.
    """
    model = f"model       {out / 'model.keras'}"
    nats = metrics["validation_nats_per_char"]
    if nats is None:
        return (
            "validation  none: all of the text was learnt from, so that there "
            f"is no figure (--validation 0)\n{model}"
        )
    bits = metrics["validation_bits_per_char"]
    characters = metrics["validation_characters"]
    method = metrics["validation_method"]
    if characters < FEW_CHARACTERS:
        method += _plus_minus(metrics)
    lines = [
        f"validation  {nats:.4f} nats/char = {bits:.4f} bits/char ({method})",
        _kept(metrics, stopped),
        SHIFTED if _is_shifted(metrics) else "",
        baselines.comparison(
            metrics["baselines_nats_per_char"],
            nats,
            characters,
            _error_of_difference(metrics),
            cause or _reason(metrics, stopped),
        ),
        model,
    ]
    return "\n".join(filter(None, lines))


def _plus_minus(metrics):
    """How sure the loss on few characters is."""
    error = metrics["validation_standard_error"]
    characters = f"{metrics['validation_characters']:,} characters"
    if error is None:
        return f"; too few characters to be sure: {characters}"
    return f"; {characters}, \u00b1 {score.to_bits(error):.2f} bits"


def _error_of_difference(metrics):
    error = metrics["standard_error_of_difference_to_5_gram"]
    return math.inf if error is None else error


def is_by_heart(metrics):
    """Whether the model that was kept is from before a text was memorised.

    Args:
        metrics: What `measure` returned.

    Returns:
        A `bool`.
    """
    if not metrics["best_and_last_validation"]:
        return False
    kept, last = metrics["best_and_last_validation"]
    loss, validation = "training_nats_per_char", "validation_nats_per_char"
    return (
        not _is_shifted(metrics)
        and last[validation] > kept[validation] + CLEARLY_MORE
        and last[loss] < kept[loss]
    )


def _is_shifted(metrics):
    found = metrics["held_out_shift"]
    return found is not None and Shift(**found).is_clear


def kept_model(metrics):
    """What to say above a sample of a kept model that is not the last.

    Args:
        metrics: What `measure` returned.

    Returns:
        A `str`, empty where the last model is the one that was kept.
    """
    if not metrics["best_and_last_validation"]:
        return ""
    kept, last = metrics["best_and_last_validation"]
    if kept == last:
        return ""
    return f"the model that is kept, of epoch {kept['epoch']:.2f}, writes:"


def _kept(metrics, stopped):
    """Which model was kept, where it is not the last, and why."""
    if not kept_model(metrics):
        return ""
    kept, last = metrics["best_and_last_validation"]
    what = "what came after it is no better"
    if is_by_heart(metrics):
        what = "what came after it only learnt the text by heart"
    then = (
        f"{last['validation_nats_per_char']:.3f} at epoch {last['epoch']:.2f}"
    )
    if stopped:
        then += ", the reason to stop there (--patience N waits longer)"
    return (
        f"kept        the model of epoch {kept['epoch']:.2f} "
        f"({kept['validation_nats_per_char']:.3f} nats/char); {what}: {then}"
    )


def _reason(metrics, stopped):
    """Why a network may be worse than a 5-gram."""
    if _is_shifted(metrics):
        return "no wonder, on an end that is unlike the rest"
    if stopped or is_by_heart(metrics):
        return "the network needs more text; more training does not help"
    return baselines.NEEDS_MORE
