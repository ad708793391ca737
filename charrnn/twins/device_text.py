"""Place the text on the devices of JAX, or what one call reads of it."""

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from charrnn.text.windows import Windows
from charrnn.twins.devices import STREAMS, divided, place, replicated

# A larger text stays on the host, which sends what a call reads.
MAX_TEXT_BYTES = 2**28

Excerpt = tuple[jax.Array, jax.Array]  # ids, and where windows begin in them


class DeviceText:
    """The text on the devices: all of it, or what one call reads.

    Both are read in the same way: a window begins at a place of the text,
    which is circular. What a call reads is a row for each stream, one after
    the other, with the windows of all its steps: a device has those of its
    own streams only, and a process reads no others.

    Attributes:
        spec: How the text is divided: a `jax.sharding.PartitionSpec`.

    Args:
        windows: The windows to train on.
        mesh: The devices.
        max_steps: The most that a call does. All calls have arrays for so
            many, so that they are alike.
    """

    def __init__(self, windows: Windows, mesh: Mesh, max_steps: int):
        self._windows, self._mesh, self._max_steps = windows, mesh, max_steps
        ids = windows.ids
        self._is_whole = (
            jax.process_count() == 1 and ids.nbytes <= MAX_TEXT_BYTES
        )
        if self._is_whole:
            self._ids = place(ids, replicated(mesh))
        self.spec = PartitionSpec(*([] if self._is_whole else [STREAMS]))

    def read(self, step: int, count: int) -> Excerpt:
        """Reads the text for the steps of a call.

        Args:
            step: The number of steps done before.
            count: The number of steps of the call.

        Returns:
            The text, and where the windows begin in it: int32,
            `(max_steps, streams)`.
        """
        if self._is_whole:
            ids, starts = self._ids, self._starts(step, count)
        else:
            ids, starts = self._excerpt(step, count)
        steps_first = divided(self._mesh, axis=1)
        return ids, place(starts.astype(np.int32), steps_first)

    def _starts(self, step: int, count: int) -> np.ndarray:
        """Where the windows begin in the whole text."""
        starts = np.zeros((self._max_steps, self._windows.batch_size), np.int64)
        for i in range(count):
            starts[i] = self._windows.starts(step + i)
        return starts

    def _excerpt(self, step: int, count: int) -> tuple[jax.Array, np.ndarray]:
        """What each device reads, and where the windows begin in that."""
        windows, width = self._windows, self._windows.seq_length + 1
        rows, length = windows.batch_size, self._max_steps * width

        def read(index):
            streams = range(rows)[index[0]]
            block = np.zeros((len(streams), length), windows.ids.dtype)
            for i in range(count):
                window = windows.excerpt(step + i, index[0])
                block[:, i * width : (i + 1) * width] = window
            return block

        parts = divided(self._mesh)
        ids = jax.make_array_from_callback((rows, length), parts, read)
        first = np.arange(rows) % (rows // self._mesh.size) * length
        return ids, np.arange(self._max_steps)[:, None] * width + first
