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
from collections.abc import Sequence
from typing import Any

import numpy as np

from charrnn.network.engine import Engine
from charrnn.scoring.scan import nats_of_rows
from charrnn.training import checkpoint, sharing
from charrnn.training.data import Data
from charrnn.training.settings import Settings
from charrnn.training.team import Team
from charrnn.training.units import to_state


class Leader:
    """What process 0 does together with the others.

    Args:
        team: The processes.
    """

    def __init__(self, team: Team) -> None:
        self.team = team
        self._validations = itertools.count()

    def begin(self, settings: Settings, data: Data, folder: str) -> None:
        """Gives the others what they need to build the network.

        Raises:
            ValueError: if the batch cannot be divided.
        """
        check_batch(settings, self.team.group.place.processes)
        self.team.group.send(
            "run",
            settings=settings.to_json(),
            vocabulary=to_state(data.vocabulary),
            folder=folder,
        )
        sharing.share_ids(self.team, [data.windows.ids, data.held_out])

    def share(self, twin: Any) -> None:
        """Gives the others all values of the twin."""
        sharing.share_variables(self.team, twin)

    def train(
        self,
        steps: Any,
        first_step: int,
        rates: Sequence[float],
        kept: np.ndarray,
    ) -> np.ndarray:
        """Does some steps with all rows of the batch.

        Args:
            steps: This process's own `JaxSteps`.
            first_step: The number of steps done before.
            rates: Their learning rates.
            kept: Which streams carry their state into each step.

        Returns:
            The loss of each step.
        """
        rates = np.asarray(rates, np.float32)
        self.team.group.send(
            "train", first_step=first_step, rates=rates, kept=kept
        )
        return self.team.compute(lambda: steps.train(first_step, rates, kept))

    def read(self, twin: Any) -> list[np.ndarray]:
        """Reads all values of the twin, with the states of all streams."""
        self.team.group.send("read")
        return self.team.compute(lambda: checkpoint.values(twin))

    def nats_of_rows(self, engine: Engine, ids: np.ndarray) -> np.ndarray:
        """Scores the rows of a text, as `scan.nats_of_rows` does."""
        number = next(self._validations)
        self.team.group.send("validate", number=number, ids=ids)
        place = self.team.group.place
        own = nats_of_part(engine, ids, place.process, place.processes)
        key = f"nats/{number}"
        found = self.team.group.gather(key, {"nats": own})
        return np.concatenate([each["nats"] for each in found])

    def end(self) -> None:
        """Lets the others go."""
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


def check_batch(settings: Settings, processes: int) -> None:
    """Checks that all processes can have the same number of streams."""
    batch_size, _ = settings.sizes or (0, 0)
    if batch_size % processes:
        raise ValueError(
            f"Expected a batch that {processes} processes can divide. "
            f"Received one of {batch_size} streams. Start another number of "
            f"processes, or give --batch-size {processes * 16}."
        )
