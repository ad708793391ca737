"""Share a run's text and weights among its processes."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.training import variables
from charrnn.training.team import Team

BYTES_AT_ONCE = 2**24  # written to a file, and broadcast


def share_ids(team: Team, parts: Sequence[np.ndarray]) -> None:
    """Gives the ids of a text to the other processes on this machine.

    They map one file into their memory, so that the machine holds the text
    once. The file has lost its name by the time this function returns: the
    system deletes it when the processes end, however they end.

    Args:
        team: The processes, of which this is the first on its machine.
        parts: The parts of the text, arrays of ids of one type.
    """
    if not team.others_here:
        return
    descriptor, name = tempfile.mkstemp(prefix="charrnn-", suffix=".ids")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                for start in range(0, len(part), BYTES_AT_ONCE):
                    file.write(part[start : start + BYTES_AT_ONCE].tobytes())
        lengths = [len(part) for part in parts]
        kind = parts[0].dtype.str
        place = {"path": name, "type": kind, "lengths": lengths}
        team.group.put(f"ids/{team.first_here}", place)
        for number in team.others_here:
            team.group.get(f"mapped/{number}")
    finally:
        Path(name).unlink()


def shared_ids(team: Team) -> list[np.ndarray]:
    """Returns what the first process on this machine gave to `share_ids`."""
    place = team.group.get(f"ids/{team.first_here}")
    ids = np.memmap(place["path"], place["type"], "r")
    team.group.put(f"mapped/{team.group.place.process}", {})
    ends = np.cumsum(place["lengths"])
    return np.split(ids, ends[:-1])


def share_variables(team: Team, twin: Any) -> None:
    """Gives the values of a twin's variables to all processes.

    All call it; the values are those of process 0.

    Args:
        team: The processes.
        twin: The compiled twin, alike in all of them.
    """
    own = variables.values(twin)
    received = [_broadcast(team, value) for value in _joined(own)]
    if not team.leads:
        variables.restore(twin, _apart(received, own))


def _joined(arrays: Iterable[np.ndarray]) -> list[np.ndarray]:
    """The bytes of arrays, in pieces."""
    data = np.frombuffer(b"".join(a.tobytes() for a in arrays), np.uint8)
    return np.split(data, range(BYTES_AT_ONCE, len(data), BYTES_AT_ONCE))


def _apart(
    pieces: Sequence[np.ndarray], like: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The arrays of whose bytes `_joined` made pieces."""
    data = np.concatenate(pieces).tobytes()
    arrays, start = [], 0
    for array in like:
        flat = np.frombuffer(data, array.dtype, array.size, start)
        arrays.append(flat.reshape(array.shape))
        start += array.nbytes
    return arrays


def _broadcast(team: Team, data: np.ndarray) -> np.ndarray:
    """Returns the bytes of process 0, in all processes."""
    from jax.experimental import multihost_utils

    send = multihost_utils.broadcast_one_to_all
    return np.asarray(team.compute(lambda: send(data))).astype(np.uint8)
