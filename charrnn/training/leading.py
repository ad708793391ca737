"""Take the other processes along in what process 0 computes.

Process 0 alone keeps the time, the schedule, the callbacks and the run's
folder. Before all processes compute together, it sends them a message, and
they do the same with their own streams:

    process 0                         the others
    "run"       settings, text        build the network and its twin
                all variables         receive them
    "train"     steps and rates       the steps, with their rows of the batch
    "read"                            give their rows of the states
    "validate"  length                score their rows of the held-out text
    "end"
"""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network.engine import Engine
from charrnn.scoring.scan import nats_of_rows
from charrnn.training import sharing, variables
from charrnn.training.data import Data
from charrnn.training.settings import Settings
from charrnn.training.team import Team
from charrnn.training.units import to_state
from charrnn.training.validation import Validation


class Leader:
    """What process 0 does together with the others.

    Attributes:
        ended: Whether the others have been let go.

    Args:
        team: The processes.
    """

    def __init__(self, team: Team) -> None:
        self.team = team
        self.ended = False
        self._validations = itertools.count()

    def begin(
        self,
        settings: Settings,
        data: Data,
        folder: Path,
        twin: Any,
        validation: Validation,
    ) -> None:
        """Gives the others what they need to take part.

        Args:
            settings: The run's settings.
            data: Its text.
            folder: Its folder.
            twin: The twin in training, with the values to begin with.
            validation: The `Validation`, which is divided from here on.

        Raises:
            ValueError: if the batch cannot be divided.
        """
        check_batch(settings, self.team.group.place.processes)
        self.team.watch.resume = how_to_resume(folder)
        self.team.group.send(
            "run",
            settings=settings.to_json(),
            vocabulary=to_state(data.vocabulary),
            folder=str(folder),
        )
        sharing.share_ids(self.team, [data.windows.ids, data.held_out])
        sharing.share_variables(self.team, twin)
        validation.scorer, validation.nats_of_rows = None, self.nats_of_rows

    def with_others(self, steps: Any) -> Callable[..., np.ndarray]:
        """Makes the function that does steps with all rows of the batch.

        Args:
            steps: This process's own `JaxSteps`.

        Returns:
            A function like `JaxSteps.train`.
        """

        def train(
            first_step: int, rates: Sequence[float], kept: np.ndarray
        ) -> np.ndarray:
            sent = np.asarray(rates, np.float32)
            self.team.group.send(
                "train", first_step=first_step, rates=sent, kept=kept
            )
            return self.team.train(steps, first_step, rates, kept)

        return train

    def read(self, twin: Any) -> list[np.ndarray]:
        """Reads all values of the twin, with the states of all streams."""
        self.team.group.send("read")
        return self.team.compute(lambda: variables.values(twin))

    def nats_of_rows(self, engine: Engine, ids: np.ndarray) -> np.ndarray:
        """Scores the rows of a text, as `scan.nats_of_rows` does."""
        if self.ended:
            return nats_of_rows(engine, ids)
        with self.team.watch.pulse.uncounted():
            return self._nats_of_all(engine, ids)

    def _nats_of_all(self, engine: Engine, ids: np.ndarray) -> np.ndarray:
        """Scores the rows of a text together with the others."""
        number = next(self._validations)
        self.team.group.send("validate", number=number, ids=ids)
        place = self.team.group.place
        own = nats_of_part(engine, ids, place.process, place.processes)
        key = f"nats/{number}"
        found = self.team.group.gather(key, {"nats": own})
        return np.concatenate([each["nats"] for each in found])

    def end(self) -> None:
        """Lets the others go; does nothing the second time."""
        if self.ended:
            return
        self.ended = True
        self.team.group.send("end")
        self.team.leave()


def nats_of_part(
    engine: Engine, ids: np.ndarray, process: int, processes: int
) -> np.ndarray:
    """Scores the rows of a text that are those of one process.

    Args:
        engine: A `charrnn.Engine`.
        ids: The rows of all processes, `(rows, units)`.
        process: The number of the process.
        processes: How many there are.

    Returns:
        Float32 array `(some of the rows, units - 1)`, in nats.
    """
    part = np.array_split(ids, processes)[process]
    if not len(part):
        return np.empty((0, ids.shape[1] - 1), np.float32)
    return nats_of_rows(engine, part)


def how_to_resume(folder: Path) -> str:
    """What to do when a process was lost."""
    return (
        f"To resume from the newest checkpoint in '{folder}', start all "
        f"processes again with --out '{folder}'."
    )


def check_batch(settings: Settings, processes: int) -> None:
    """Checks that all processes can have the same number of streams."""
    batch_size, _ = settings.sizes or (0, 0)
    if batch_size % processes:
        raise ValueError(
            f"Expected a batch that {processes} processes can divide. "
            f"Received one of {batch_size} streams. Start another number of "
            f"processes, or give --batch-size {processes * 16}."
        )
