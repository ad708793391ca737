"""Summarise in a few lines how good the model of a run is."""

import math
from pathlib import Path
from typing import Any

from charrnn.scoring import baselines, score
from charrnn.scoring.shift import Shift
from charrnn.training.figures import TRAINING_LOSS, VALIDATION_LOSS

SHIFTED = (
    "warning     the held-out end of the text is unlike the rest: these "
    "figures say little about the model. Shuffle the documents, or the lines "
    "of a list, and train again (--fresh)"
)
# With fewer held-out characters, the loss is printed with its uncertainty.
FEW_CHARACTERS = 10_000
# A validation loss counts as risen if it is higher by more than this, in nats.
CLEARLY_MORE = 0.05


def summary(
    out: Path, metrics: dict[str, Any], stopped: bool = False, cause: str = ""
) -> str:
    """Describes how well the model does, compared with the baselines.

    Args:
        out: The run's folder.
        metrics: What `measure` returned.
        stopped: Whether training ended early because the text was memorized.
        cause: Why the network may have learnt little, if that is known.

    Returns:
        A `str`.
    """
    model = f"model       {out / 'model.keras'}"
    nats = metrics[VALIDATION_LOSS]
    if nats is None:
        return (
            "validation  none: all of the text was used for training "
            f"(--validation 0)\n{model}"
        )
    bits = metrics["validation_bits_per_character"]
    characters = metrics["validation_characters"]
    method = metrics["validation_method"]
    if characters < FEW_CHARACTERS:
        method += _plus_minus(metrics)
    lines = [
        f"validation  {nats:.4f} nats/char = {bits:.4f} bits/char ({method})",
        _kept(metrics, stopped),
        SHIFTED if _is_shifted(metrics) else "",
        baselines.comparison(
            metrics["baselines_nats_per_character"],
            nats,
            characters,
            _error_of_difference(metrics),
            cause or _reason(metrics, stopped),
        ),
        model,
    ]
    return "\n".join(filter(None, lines))


def _plus_minus(metrics: dict[str, Any]) -> str:
    """The uncertainty of a loss on few characters."""
    error = metrics["validation_standard_error"]
    characters = f"{metrics['validation_characters']:,} characters"
    if error is None:
        return f"; too few characters to be sure: {characters}"
    return f"; {characters}, \u00b1 {score.to_bits(error):.2f} bits"


def _error_of_difference(metrics: dict[str, Any]) -> float:
    error = metrics["standard_error_of_difference_to_5_gram"]
    return math.inf if error is None else error


def is_by_heart(metrics: dict[str, Any]) -> bool:
    """Whether the network memorized its text after the saved model.

    Args:
        metrics: What `measure` returned.

    Returns:
        A `bool`.
    """
    if not metrics["best_and_last_validation"]:
        return False
    kept, last = metrics["best_and_last_validation"]
    loss, validation = TRAINING_LOSS, VALIDATION_LOSS
    return (
        not _is_shifted(metrics)
        and last[validation] > kept[validation] + CLEARLY_MORE
        and last[loss] < kept[loss]
    )


def _is_shifted(metrics: dict[str, Any]) -> bool:
    found = metrics["held_out_shift"]
    return found is not None and Shift(**found).is_clear


def kept_model(metrics: dict[str, Any]) -> str:
    """The heading of a sample of the saved model, if it is not the last one.

    Args:
        metrics: What `measure` returned.

    Returns:
        A `str`, empty if the last model is the saved one.
    """
    if not metrics["best_and_last_validation"]:
        return ""
    kept, last = metrics["best_and_last_validation"]
    if kept == last:
        return ""
    return f"the model that is kept, of epoch {kept['epoch']:.2f}, writes:"


def _kept(metrics: dict[str, Any], stopped: bool) -> str:
    """Says which model was kept and why, if it is not the last one."""
    if not kept_model(metrics):
        return ""
    kept, last = metrics["best_and_last_validation"]
    what = "what came after it is no better"
    if is_by_heart(metrics):
        what = "what came after it only memorized the text"
    then = f"{last[VALIDATION_LOSS]:.3f} at epoch {last['epoch']:.2f}"
    if stopped:
        then += ", the reason to stop there (--patience N waits longer)"
    return (
        f"kept        the model of epoch {kept['epoch']:.2f} "
        f"({kept[VALIDATION_LOSS]:.3f} nats/char); {what}: {then}"
    )


def _reason(metrics: dict[str, Any], stopped: bool) -> str:
    """Why a network may be worse than a 5-gram."""
    if _is_shifted(metrics):
        return "as expected for an end that is unlike the rest"
    if stopped or is_by_heart(metrics):
        return "the network needs more text; more training does not help"
    return baselines.NEEDS_MORE
