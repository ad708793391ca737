"""Read the metrics.json and history.csv of a run."""

import csv
import json
from pathlib import Path
from typing import Any

from charrnn.system.atomic import check_regular

# The losses in `history.csv`. The second is also in `metrics.json`.
TRAINING_LOSS = "training_nats_per_character"
VALIDATION_LOSS = "validation_nats_per_character"


def with_full_names(value: Any) -> Any:
    """Renames the keys that earlier versions called `..._per_char`.

    Args:
        value: Any JSON value.

    Returns:
        The same value with keys `..._per_character`.

    Example:

    >>> with_full_names([{"validation_nats_per_char": 1.5}])
    [{'validation_nats_per_character': 1.5}]
    """
    if isinstance(value, dict):
        return {_full(k): with_full_names(v) for k, v in value.items()}
    if isinstance(value, list):
        return [with_full_names(entry) for entry in value]
    return value


def _full(name: Any) -> Any:
    is_short = isinstance(name, str) and name.endswith("_per_char")
    return f"{name}acter" if is_short else name


def read_metrics(folder: Path) -> dict[str, Any]:
    """Reads `metrics.json`, of this version or an earlier one.

    Args:
        folder: The run's folder.

    Returns:
        A `dict`.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is not a JSON object.
    """
    check_regular(folder / "metrics.json")
    text = (folder / "metrics.json").read_text(encoding="utf-8")
    metrics = with_full_names(json.loads(text))
    if not isinstance(metrics, dict):
        raise ValueError("metrics.json is no JSON object")
    return metrics


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Reads `history.csv`, of this version or an earlier one.

    Args:
        folder: The run's folder.

    Returns:
        A list with a `dict` for each round: numbers, `None` for those that are
        missing, and the changes before the round in words.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is not such a table.
    """
    path = folder / "history.csv"
    check_regular(path)
    with open(path, encoding="utf-8", newline="") as file:
        rows = with_full_names(list(csv.DictReader(file)))
    return [
        {name: _value(name, word) for name, word in row.items()} for row in rows
    ]


def _value(name: str, word: str) -> Any:
    if name == "changes":
        return word
    if not word:
        return None
    return int(word) if name == "step" else float(word)
