"""The result of a training run: its folder, model and metrics."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.network.engine import load
from charrnn.text.units import UnitVocabulary
from charrnn.training.figures import read_history, read_metrics

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True, repr=False)
class Run:
    """A training run, as `charrnn.train` returns it.

    It can be passed wherever the path of a model is expected.

    Attributes:
        folder: The folder with its files.
        model: The best model: a plain Keras model that maps ids
            `(batch, time)` to logits `(batch, time, characters)`.
        vocabulary: The model's characters.
        metrics: The figures of `metrics.json`; empty for a run that is not
            finished.
        history: The rows of `history.csv`, a `dict` for each round, such as
            `step`, `epoch`, and `validation_nats_per_character`.
    """

    folder: Path
    model: "keras.Sequential"
    vocabulary: UnitVocabulary
    metrics: dict[str, Any]
    history: list[dict[str, Any]]

    @classmethod
    def open(cls, folder: "str | os.PathLike[str]") -> "Run":
        """Opens a run's folder, whether or not the run is finished.

        Args:
            folder: The folder.

        Returns:
            A `Run`.

        Raises:
            ValueError: if it holds no model, or a file is damaged.
            OSError: if a file cannot be read.
        """
        folder = Path(folder)
        engine = load(folder)
        try:
            is_finished = os.path.lexists(folder / "metrics.json")
            metrics = read_metrics(folder) if is_finished else {}
            has_rows = os.path.lexists(folder / "history.csv")
            history = read_history(folder) if has_rows else []
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"Expected the figures of a run in '{folder}'. Its "
                f"metrics.json or history.csv is damaged ({error})."
            ) from error
        return cls(
            folder, engine.to_keras(), engine.vocabulary, metrics, history
        )

    @property
    def teachers(self) -> "list[Run]":
        """The teachers of a run with `preset="record"`: a `Run` for each."""
        from charrnn.training.teaching import finished

        return list(map(Run.open, finished(self.folder)))

    def __fspath__(self) -> str:
        return os.fspath(self.folder)

    def __repr__(self) -> str:
        if not self.metrics:
            return f"Run('{self.folder}', not finished)"
        bits = self.metrics["validation_bits_per_character"]
        figure = "" if bits is None else f", {bits:.4f} bits per character"
        return (
            f"Run('{self.folder}', {self.metrics['epochs']:.1f} epochs{figure})"
        )
