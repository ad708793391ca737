"""Keep the text of JAX's steps on the devices, or send what a call reads."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from charrnn.text.student_windows import StudentWindows
from charrnn.text.windows import Windows
from charrnn.twins.devices import STREAMS, divided, place, replicated

# A larger text stays on the host, which sends what a call reads.
MAX_TEXT_BYTES = 2**28
MAX_EXPECTED_BYTES = 2**31  # the same of what teachers expect

# Ids and, for a student, what its teachers expect; where windows begin in them.
Excerpt = tuple[list[jax.Array], jax.Array]


class Text:
    """The text on the devices: all of it, or what one call reads.

    Both are read in the same way: each window begins at a place of the text,
    which is circular. What a call reads is a row for each stream, one after
    the other, with the windows of all its steps: a device has those of its
    own streams only, and a process reads no others.

    Attributes:
        spec: How the arrays are divided over the devices.

    Args:
        windows: The windows; those of a student come with what its teachers
            expect.
        mesh: The devices.
        max_steps: The most steps of a call.
    """

    def __init__(self, windows: Windows, mesh: Mesh, max_steps: int) -> None:
        self._windows, self._mesh = windows, mesh
        self._max_steps = max_steps
        self._arrays = _arrays(windows)
        ids, *expected = self._arrays
        self._is_whole = (
            jax.process_count() == 1
            and ids.nbytes <= MAX_TEXT_BYTES
            and sum(a.nbytes for a in expected) <= MAX_EXPECTED_BYTES
        )
        if self._is_whole:
            everywhere = replicated(mesh)
            self._placed = [place(a, everywhere) for a in self._arrays]
        self.spec = PartitionSpec(*([] if self._is_whole else [STREAMS]))

    def read(self, step: int, count: int) -> Excerpt:
        """Reads the text of a call.

        Args:
            step: The first step of the call.
            count: The number of its steps.

        Returns:
            The arrays, and where windows begin in them: int32,
            `(max_steps, streams)`.
        """
        windows = self._windows
        shape = self._max_steps, windows.batch_size
        starts = np.zeros(shape, np.int64)
        for i in range(count):
            starts[i] = windows.starts(step + i)
        text = self._placed if self._is_whole else []
        if not self._is_whole:
            text = [self._cut(a, starts[:count]) for a in self._arrays]
            width = windows.seq_length + 1
            streams = windows.batch_size // self._mesh.size
            rows = np.arange(windows.batch_size) % streams * self._max_steps
            starts = (rows + np.arange(self._max_steps)[:, None]) * width
        steps_first = divided(self._mesh, axis=1)
        return text, place(starts.astype(np.int32), steps_first)

    def _cut(self, array: np.ndarray, starts: np.ndarray) -> jax.Array:
        """The windows that begin at `(steps, streams)`, each stream's a row."""
        width = self._windows.seq_length + 1
        places = starts.T[:, :, None] + np.arange(width)
        places = places.reshape(len(places), -1)  # (streams, steps * width)
        shape = len(places), self._max_steps * width, *array.shape[1:]

        def rows(index):
            read = array[places[index[0]] % len(array)]
            block = np.zeros((len(read), *shape[1:]), array.dtype)
            block[:, : read.shape[1]] = read
            return block

        return jax.make_array_from_callback(shape, divided(self._mesh), rows)


def _arrays(windows: Windows) -> list[np.ndarray]:
    """The ids, and the columns of what teachers expect, if there are any."""
    if not isinstance(windows, StudentWindows):
        return [windows.ids]
    rows = windows.rows
    return [windows.ids, *(rows[name] for name in rows.dtype.names or ())]


def batch(
    text: list[jax.Array], places: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Inputs and targets at the positions `(streams, seq_length + 1)`.

    Args:
        text: Arrays of as many rows as the text has units: its ids and, for a
            student, the columns of `student_windows.row_type`.
        places: The positions.

    Returns:
        `(inputs, targets)`, as `batch` of `Windows` or of `StudentWindows`
        returns them.

    Example:

    >>> inputs, targets = batch([jnp.arange(9)], jnp.array([[3, 4, 5]]))
    >>> inputs.tolist(), targets.tolist()
    ([[3, 4]], [[4, 5]])
    """
    ids, *expected = text
    windows = ids[places].astype(jnp.int32)
    inputs, targets = windows[:, :-1], windows[:, 1:]
    if not expected:
        return inputs, targets
    columns = [targets[..., None], *(a[places[:, :-1]] for a in expected)]
    columns = [column.astype(jnp.float32) for column in columns]
    return inputs, jnp.concatenate(columns, axis=-1)
