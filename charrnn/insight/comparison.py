"""Measure finished runs of several cells and units, and plot them together."""

from pathlib import Path
from typing import Any

import numpy as np

from charrnn.insight.context import context_curve
from charrnn.network.cells import CELLS
from charrnn.network.engine import load
from charrnn.system.plotting import picture
from charrnn.system.progress import watched
from charrnn.text.units import DEFAULT, UnitVocabulary
from charrnn.training.figures import read_history, read_metrics
from charrnn.writing.sampler import Sampler

# Of the held-out part, for measuring how far back a cell remembers.
MEASURED_CHARACTERS = 20_000
SAMPLE_CHARACTERS = 200

LINES = {"character": "-", "word": "--", "byte": ":"}  # in the plot, by unit


def measure(folder: Path, text: str) -> dict[str, Any]:
    """Measures a finished run.

    Args:
        folder: The run's folder.
        text: The whole text, including the held-out part, as the run read it.

    Returns:
        A JSON-serializable `dict`: a row of the comparison.

    Raises:
        ValueError: if the run's files are damaged.
        OSError: if they cannot be read.
    """
    engine = load(folder)
    try:
        row, training_characters = _row(folder)
    except (LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise ValueError(
            f"Expected the figures of a finished run in '{folder}'. Its "
            f"metrics.json or history.csv is damaged ({error}). Start over "
            "with --fresh."
        ) from error
    held_out = _held_out(engine.vocabulary, text, training_characters)
    curve = context_curve(engine, held_out, watch=watched("measuring"))
    (sample,) = Sampler(engine).generate(
        "", length=SAMPLE_CHARACTERS, length_in="characters", seed=0
    )
    return {
        **row,
        "characters_per_unit": curve.characters_per_unit,
        "context_half": curve.half,
        "context_reach": curve.reach,
        "contexts": list(curve.contexts),
        "bits_by_context": curve.bits_per_character.tolist(),
        "sample": engine.vocabulary.shown(sample.text),
    }


def _held_out(
    vocabulary: UnitVocabulary, text: str, training_characters: int
) -> np.ndarray:
    """The same characters for each unit, from the held-out part's first."""
    # Characters that --max-vocab left out are read as the stand-in.
    has_stand_in = vocabulary.stand_in is not None
    ids = vocabulary.encode(text, "replace" if has_stand_in else "error")
    bounds = training_characters, training_characters + MEASURED_CHARACTERS
    if vocabulary.unit != DEFAULT:
        ends = np.cumsum(vocabulary.lengths[ids], dtype=np.int64)
        bounds = tuple(np.searchsorted(ends, bounds, "right").tolist())
    return ids[slice(*bounds)]


def _row(folder: Path) -> tuple[dict[str, Any], int]:
    """A run's figures from its files, and where its training text ends."""
    metrics = read_metrics(folder)
    history = [
        (row["step"], float(row["validation_bits_per_character"]))
        for row in read_history(folder)
    ]
    minutes = float(metrics["train_seconds"]) / 60
    row = {
        "cell": metrics["network"]["cell"],
        "unit": metrics.get("unit", DEFAULT),
        "units": int(metrics["network"]["units"]),
        "parameters": int(metrics["parameters"]),
        "learning_rate": float(metrics["training"]["learning_rate"]),
        "dropout": float(metrics["network"]["dropout"]),
        "train_minutes": minutes,
        "epochs": float(metrics["epochs"]),
        "characters_per_second": int(metrics["characters_per_second"]),
        "validation_bits_per_character": float(
            metrics["validation_bits_per_character"]
        ),
        "validation_nats_per_character": float(
            metrics["validation_nats_per_character"]
        ),
        "minutes": [step / metrics["steps"] * minutes for step, _ in history],
        "validation": [bits for _, bits in history],
    }
    return row, int(metrics["split"]["training_characters"])


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Plots losses against training time, and against context.

    Args:
        rows: A list of `measure`'s results.
        path: The `.png` file.
    """
    with picture(path, 2, width=10) as [over_time, over_context]:
        for row in rows:
            cell = CELLS[row["cell"]]
            best = row["validation_bits_per_character"]
            name = cell.layer
            if any(other["unit"] != DEFAULT for other in rows):
                name += f" of {row['unit']}s"
            line = f"o{LINES[row['unit']]}"
            over_time.plot(
                row["minutes"], row["validation"], line,
                color=cell.colour, label=f"{name}, {best:.3f} at its best",
            )  # fmt: skip
            contexts = np.multiply(row["contexts"], row["characters_per_unit"])
            over_context.plot(
                contexts, row["bits_by_context"], line,
                color=cell.colour, label=name,
            )  # fmt: skip
        over_time.set_xlabel("minutes of training")
        over_time.set_ylabel("validation loss (bits per character)")
        over_context.set_xlabel("context (characters before the one predicted)")
        over_context.set_ylabel("loss with this context (bits per character)")
        over_context.set_xscale("log", base=2)
        some = rows[0]["contexts"][::2]
        over_context.set_xticks(some, [f"{k:,}" for k in some])
