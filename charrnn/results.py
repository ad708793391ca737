"""Measure a finished run: metrics.json and the last lines on the screen."""

import importlib.metadata
import json
import platform
import time

import numpy as np

import charrnn
from charrnn import atomic, baselines, scoring
from charrnn.backend import threads
from charrnn.engine import load
from charrnn.sampling import surprise

FACTS = {"metrics", "text", "split", "network", "training"}  # of a run's model


def measure(out, training, held_out, schedule):
    """Scores the model that a run has saved, read back from its file.

    Beside it stand the baselines on the same split.

    A long held-out part was scored in streams when the model was saved, and
    is not scored once more, nor is one for which a limit of time leaves too
    little; the cold windows stop at 200,000 characters.

    Args:
        out: The run's folder, a `pathlib.Path`.
        training: Ids of the training part, `(characters,)`.
        held_out: Ids of the validation part, `(characters,)`.
        schedule: The `training.Schedule` that training followed.

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
    best = engine.facts["metrics"]
    nats, method = best["validation_nats_per_char"], best["validation_method"]
    limit = schedule.ending.scoring_seconds() if schedule.ending else None
    scored = _scored_in_time(engine, held_out, limit)
    if scored:
        nats, method = scored.nats_per_character, scored.method
    cold = scoring.score_cold(engine, held_out[: scoring.ONE_PASS_LIMIT])
    return {
        "validation_nats_per_char": nats,
        "validation_bits_per_char": scoring.to_bits(nats),
        "validation_method": method,
        "validation_characters": len(held_out),
        "cold256_nats_per_char": cold.nats_per_character,
        "baselines_nats_per_char": baselines.measure(
            training, held_out, engine.vocabulary
        ),
        "parameters": engine.parameters,
        "characters_per_second": round(schedule.characters_per_second),
        "epochs": round(schedule.epoch, 4),
        "steps": schedule.step,
        "best_step": best["step"],
        "seed": engine.facts["training"]["seed"],
        "threads": threads(),
        "versions": versions(),
        **{key: engine.facts[key] for key in ("text", "split", "network")},
        "training": engine.facts["training"],
    }


def _scored_in_time(engine, ids, limit):
    """Scores in one pass; `None` for a long text, or when it takes too long.

    The pass is given up as soon as it is clear that it will take longer than
    `limit` seconds, which may be `None` for any time.
    """
    if len(ids) > scoring.ONE_PASS_LIMIT:
        return None
    ids = scoring.checked_ids(engine, ids)
    began, nats = time.perf_counter(), []
    for start, logits, targets in scoring.scan(engine, ids[None]):
        nats.append(surprise(logits, targets)[0])
        seconds = time.perf_counter() - began
        whole = seconds * len(ids) / (start + targets.size)
        if limit is not None and seconds > limit / 2 and whole > limit:
            return None
    return scoring.Score(np.concatenate(nats), scoring.ONE_PASS)


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


def summary(out, metrics):
    """Says how well the model does, and what does how well without one.

    Args:
        out: The run's folder.
        metrics: What `measure` returned.

    Returns:
        A `str`.
    """
    nats = metrics["validation_nats_per_char"]
    compared = baselines.shown(
        metrics["baselines_nats_per_char"],
        nats,
        metrics["validation_characters"],
    )
    return (
        f"validation  {nats:.4f} nats/char = "
        f"{metrics['validation_bits_per_char']:.4f} bits/char "
        f"({metrics['validation_method']})\n"
        f"{compared}\n"
        f"model       {out / 'model.keras'}"
    )
