"""Feed windows of ids to Keras's `fit`, with any backend."""

import numpy as np

from charrnn.network.backend import keras
from charrnn.text import windows


class Windows(windows.Windows, keras.utils.PyDataset):
    """Windows of a text as a `keras.utils.PyDataset`, which `fit` takes.

    `fit(windows)` trains on `len(windows)` batches an epoch: one pass over
    the text. Every epoch has the same batches; batch `i` is `windows[i]`,
    which depends on the seed and on `i` alone.

    A plain Keras model starts each window from the zero state, so it may be
    trained on windows in any order, which is Keras's default. A twin carries
    its state from batch to batch and must read them in order:
    `twin.fit(windows, shuffle=False)`, which is a twin's default.

    This extends the class of the same name in `charrnn.text.windows`, which
    describes how windows are cut. That one makes the same batches without
    Keras.

    Args:
        ids: Integer array of shape `(characters,)`: the text to train on.
        batch_size: Streams read in parallel, the rows of a batch.
        seq_length: Characters per window: how far gradients reach back.
        seed: An integer that determines where the streams start.
        boundary: The id with which each document begins; `None` for a text
            that is not divided into documents.

    Raises:
        ValueError: if the text is shorter than one batch, or an id is
            negative or not an integer.

    Example:

    >>> from charrnn import Vocabulary, build_model, loss
    >>> text = "out of the cradle endlessly rocking. " * 9
    >>> vocabulary = Vocabulary.from_text(text)
    >>> ids = vocabulary.encode(text)
    >>> windows = Windows(ids, batch_size=4, seq_length=16, seed=1)
    >>> inputs, targets = windows[0]
    >>> inputs.shape, targets.shape, len(windows)
    ((4, 16), (4, 16), 6)
    >>> model = build_model(vocabulary, units=8, layers=1)
    >>> model.compile("adam", loss())
    >>> history = model.fit(windows, epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2
    """

    def __len__(self) -> int:
        return self.steps_per_epoch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.batch(range(len(self))[index])
