"""Cut ids into batches of parallel, contiguous streams of windows."""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from charrnn.text.beginnings import document_starts
from charrnn.text.characters import UNICODE_CODE_POINTS
from charrnn.text.vocabulary import check_ids

if TYPE_CHECKING:
    import tensorflow as tf

MIN_TRAINING_CHARACTERS = 32
MIN_HELD_OUT_CHARACTERS = 2  # one to begin with, one to be predicted

Sliceable = TypeVar("Sliceable", str, bytes, list, tuple, np.ndarray)


class Windows:
    """Batches for truncated back-propagation through time.

    `batch_size` streams read the text in parallel. They start at equal
    distances, and a batch holds the next `seq_length` characters of each. The
    text is circular: its first character follows its last. With 16 characters,
    `batch_size=2` and `seq_length=3`:

        text       a b c d e f g h i j k l m n o p   (then a, b, c ...)

        stream 0  [a b c|d e f|g h i|j k l ...
        stream 1                  [i j k|l m n|o p a|b c d ...

        batch 0    inputs  a b c   targets  b c d
                           i j k            j k l
        batch 1    inputs  d e f   targets  e f g
                           l m n            m n o

    Row `i` of every batch continues row `i` of the batch before, so a network
    that carries its state reads contiguous text without end. The seed
    determines where stream 0 starts.

    An epoch is the number of steps after which every character has been an
    input: here 3, as each stream has 8 characters to read. The last window of
    an epoch may reach past its stream's share of the text. The windows of the
    next epoch are then cut at other positions.

    A batch is a pure function of the seed and the step: nothing is shuffled,
    and training can resume at any step without saved data. `charrnn.Windows`
    is this class and a dataset for Keras's `fit` in one.

    With a `boundary`, each stream starts at the beginning of a document, the
    nearest one before that place. No two streams start at the same document:
    rather than that, the second starts inside it.

    Args:
        ids: Integers of shape `(characters,)`: the part to train on.
        batch_size: Streams read in parallel, the rows of a batch.
        seq_length: Characters per window: how far gradients reach back.
        seed: An integer that determines where the streams start.
        boundary: The id with which each document begins; `None` for a text
            that is not divided into documents.

    Attributes:
        ids: The array.
        batch_size: As given.
        seq_length: As given.

    Raises:
        ValueError: if the text is shorter than one batch, or an id is
            negative or not an integer.

    Example:

    >>> windows = Windows(np.arange(20), batch_size=2, seq_length=4, seed=3)
    >>> inputs, targets = windows.batch(0)
    >>> inputs.shape, bool((targets == (inputs + 1) % 20).all())
    ((2, 4), True)
    >>> windows.steps_per_epoch
    3

    Source: char-rnn's mini-batch loader (Karpathy 2015); Williams and Peng
    1990, "An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories".
    """

    def __init__(
        self,
        ids: Sequence[int] | np.ndarray,
        *,
        batch_size: int,
        seq_length: int,
        seed: int,
        boundary: int | None = None,
    ) -> None:
        super().__init__()  # that of Keras's dataset, in charrnn.Windows
        if batch_size < 1 or seq_length < 1:
            raise ValueError(
                "Expected batch_size and seq_length of at least 1. "
                f"Received {batch_size} and {seq_length}."
            )
        if len(ids) < batch_size * seq_length:
            raise ValueError(
                f"Expected at least batch_size * seq_length = "
                f"{batch_size * seq_length} characters. Received {len(ids)}. "
                "Use a smaller batch_size or seq_length."
            )
        self.ids = np.asarray(ids)
        check_ids(self.ids, UNICODE_CODE_POINTS)
        self.batch_size = batch_size
        self.seq_length = seq_length
        offset = np.random.default_rng(seed).integers(len(ids))
        starts = np.arange(batch_size) * len(ids) // batch_size
        starts = (offset + starts) % len(ids)
        if boundary is not None:
            starts = document_starts(self.ids, starts, boundary)
        self._starts = starts  # (batch,)

    def __repr__(self) -> str:
        return (
            f"Windows({len(self.ids):,} characters, "
            f"batch_size={self.batch_size}, seq_length={self.seq_length}, "
            f"{self.steps_per_epoch:,} steps per epoch)"
        )

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every character has been an input."""
        return steps_per_epoch(len(self.ids), self.batch_size, self.seq_length)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Cuts the windows of a step.

        Args:
            step: The number of batches before this one, since the start of
                training.

        Returns:
            `(inputs, targets)`, int32 arrays of shape
            `(batch_size, seq_length)`; the targets are the inputs one
            character later.
        """
        places = self.starts(step)[:, None] + np.arange(self.seq_length + 1)
        window = self.ids[places % len(self.ids)].astype(np.int32)
        return window[:, :-1], window[:, 1:]  # of (batch, time + 1)

    def starts(self, step: int) -> np.ndarray:
        """Finds where each stream's window of a step begins in the text."""
        ahead = int(step) * self.seq_length % len(self.ids)
        return (self._starts + ahead) % len(self.ids)

    def dataset(self, first_step: int = 0) -> "tf.data.Dataset":
        """Makes an endless `tf.data.Dataset`.

        Args:
            first_step: The step to begin with.

        Returns:
            The batches `(inputs, targets)` from that step on, with static
            shapes. Two batches are prefetched.

        Example:

        >>> windows = Windows(range(20), batch_size=2, seq_length=4, seed=3)
        >>> inputs, targets = next(iter(windows.dataset()))
        >>> inputs.shape
        TensorShape([2, 4])
        """
        import tensorflow as tf

        like = self.batch(first_step)

        def batch(step):
            arrays = tf.numpy_function(
                self.batch, [step], [a.dtype for a in like], stateful=False
            )
            return tuple(map(tf.ensure_shape, arrays, (a.shape for a in like)))

        steps = tf.data.Dataset.counter(start=first_step)
        return steps.map(batch).prefetch(2)


def steps_per_epoch(characters: int, batch_size: int, seq_length: int) -> int:
    """Counts the steps after which every character has been an input.

    Args:
        characters: Length of the training part.
        batch_size: Streams read in parallel.
        seq_length: Characters per window.

    Example:

    >>> steps_per_epoch(20, batch_size=2, seq_length=4)
    3
    """
    return math.ceil(math.ceil(characters / batch_size) / seq_length)


def split(
    text: Sliceable, validation: float = 0.1
) -> tuple[Sliceable, Sliceable]:
    """Splits a text into a part to train on and the end, which is held out.

    Args:
        text: A sequence of n characters or ids.
        validation: The fraction to hold out: at least 0 and less than 1.

    Returns:
        `(training, held_out)`, two slices of `text` without overlap. With a
        fraction of 0 the second one is empty.

    Raises:
        ValueError: if the fraction is out of range, or a part would be too
            short to learn from or to hold out.

    Example:

    >>> training, held_out = split("0123456789" * 10)
    >>> len(training), held_out
    (90, '0123456789')
    """
    if not 0 <= validation < 1:
        raise ValueError(
            "Expected a validation fraction between 0 and 1, such as 0.1, or "
            f"0 to hold out nothing. Received {validation}."
        )
    boundary = int(len(text) * (1 - validation))
    training, held_out = text[:boundary], text[boundary:]
    least = MIN_HELD_OUT_CHARACTERS if validation else 0
    if len(training) < MIN_TRAINING_CHARACTERS or len(held_out) < least:
        raise ValueError(
            f"Expected a text with at least {MIN_TRAINING_CHARACTERS} "
            f"characters to train on and {MIN_HELD_OUT_CHARACTERS} to hold "
            f"out. Received {len(text):,} characters, which split into "
            f"{len(training):,} and {len(held_out):,}. "
            f"{_advice(len(text), validation)}"
        )
    return training, held_out


def _advice(characters: int, validation: float) -> str:
    """Advises what to do about parts that are too short."""
    if int(characters * 0.9) < MIN_TRAINING_CHARACTERS:
        return "Use a longer text."
    # Rounded to four digits, up or down so that both parts are long enough.
    if validation < 0.1:
        least = math.ceil(MIN_HELD_OUT_CHARACTERS / characters * 1e4) / 1e4
        return f"Hold out more of it: a validation of {least:g} or more."
    share = MIN_TRAINING_CHARACTERS / characters
    most = math.floor((1 - share) * 1e4) / 1e4
    return f"Hold out less of it: a validation of {most:g} or less."


def fit_to_text(
    characters: int,
    batch_size: int,
    seq_length: int,
    fixed: Collection[str] = (),
) -> tuple[int, int]:
    """Shrinks a batch to a size that a short text can fill.

    Windows become at most a quarter of the text; then streams become fewer.

    Args:
        characters: Length of the training part.
        batch_size: Streams wanted.
        seq_length: Characters per window wanted.
        fixed: The names of sizes that stay, even if the text is too short.

    Returns:
        `(batch_size, seq_length)`, whose product is at most `characters`
        unless `fixed` prevents it.

    Example:

    >>> fit_to_text(1_000_000, 32, 64)
    (32, 64)
    >>> fit_to_text(270, 32, 64)
    (4, 64)
    >>> fit_to_text(270, 32, 64, fixed=["batch_size"])
    (32, 8)
    """
    if "seq_length" not in fixed:
        most = characters // 4
        if "batch_size" in fixed:
            most = min(most, characters // batch_size)
        seq_length = min(seq_length, max(1, most))
    if "batch_size" not in fixed:
        batch_size = min(batch_size, max(1, characters // seq_length))
    return batch_size, seq_length
