"""Cut ids into batches of parallel, contiguous streams of windows."""

import math

import numpy as np

from charrnn.text.vocabulary import CODE_POINTS, check_ids

MINIMUM_CHARACTERS = 32  # fewer cannot be split and learned from


class Windows:
    """Batches for truncated back-propagation through time.

    The text is read as a ring. `batch_size` streams start at equal distances
    on it, from an offset drawn from the seed, and every batch takes the next
    `seq_length` characters of each stream:

        text      a b c d e f g h i j k l m n o p  (then a again)
        stream 0  [a b c][d e f][g ...
        stream 1                  [i j k][l m n][o ...
        step       0      1       0      1

    so a network that carries its state sees contiguous text, across batches
    and across epochs. An epoch is the number of steps after which every
    character has been read; unless the sizes divide evenly it overshoots by
    part of a window, so the next epoch cuts its windows at other places.

    A batch is a pure function of (seed, step): nothing is shuffled in memory
    and nothing has to be saved to continue at any step.

    Args:
        ids: Integer array of shape `(characters,)`: the training part.
        batch_size: Streams read in parallel.
        seq_length: Characters per window: how far gradients reach back.
        seed: An integer that places the streams.

    Raises:
        ValueError: if the text is shorter than one batch, or an id is
            negative or no integer.

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

    def __init__(self, ids, *, batch_size, seq_length, seed):
        if batch_size < 1 or seq_length < 1:
            raise ValueError(
                "Expected batch_size and seq_length of at least 1. "
                f"Received {batch_size} and {seq_length}."
            )
        if len(ids) < batch_size * seq_length:
            raise ValueError(
                f"Expected at least batch_size * seq_length = "
                f"{batch_size * seq_length} characters. Received {len(ids)}. "
                "fit_to_text() finds sizes that the text can fill."
            )
        self.ids = np.asarray(ids)
        check_ids(self.ids, CODE_POINTS)
        self.batch_size = batch_size
        self.seq_length = seq_length
        offset = np.random.default_rng(seed).integers(len(ids))
        starts = np.arange(batch_size) * len(ids) // batch_size
        self._starts = (offset + starts)[:, None]  # (batch, 1)
        self._ramp = np.arange(seq_length + 1)  # (time + 1,)

    def __repr__(self):
        return (
            f"Windows({len(self.ids):,} characters, "
            f"batch_size={self.batch_size}, seq_length={self.seq_length}, "
            f"{self.steps_per_epoch:,} steps per epoch)"
        )

    @property
    def steps_per_epoch(self):
        """Steps after which every character has been an input."""
        return steps_per_epoch(len(self.ids), self.batch_size, self.seq_length)

    def batch(self, step):
        """Returns the batch of a step.

        Args:
            step: The number of batches before this one, counted from the
                start of training.

        Returns:
            `(inputs, targets)`, int32 arrays of shape
            `(batch_size, seq_length)`; the targets are the inputs one
            character later.
        """
        ahead = int(step) * self.seq_length % len(self.ids)
        places = (self._starts + ahead + self._ramp) % len(self.ids)
        window = self.ids[places].astype(np.int32)  # (batch, time + 1)
        return window[:, :-1], window[:, 1:]

    def dataset(self, first_step=0):
        """Returns the batches from `first_step` on as a `tf.data.Dataset`.

        Args:
            first_step: The step to begin with.

        Returns:
            An endless dataset of `(inputs, targets)` whose shapes are known
            before the first batch, made ahead of the training step.
        """
        import tensorflow as tf

        shape = (self.batch_size, self.seq_length)

        def batch(step):
            inputs, targets = tf.numpy_function(
                self.batch, [step], (tf.int32, tf.int32), stateful=False
            )
            return tf.ensure_shape(inputs, shape), tf.ensure_shape(
                targets, shape
            )

        steps = tf.data.Dataset.counter(start=first_step)
        return steps.map(batch).prefetch(2)


def steps_per_epoch(characters, batch_size, seq_length):
    """The steps after which every character has been an input.

    Args:
        characters: Length of the training part.
        batch_size: Streams read in parallel.
        seq_length: Characters per window.

    Returns:
        A whole number.

    Example:

    >>> steps_per_epoch(20, batch_size=2, seq_length=4)
    3
    """
    return math.ceil(math.ceil(characters / batch_size) / seq_length)


def split(text, validation=0.1):
    """Splits a text in a training part and the validation part after it.

    Args:
        text: Any sequence of characters or ids, n of them.
        validation: The fraction, from 0 up to, but not, 1, at the end to
            hold out.

    Returns:
        `(training, validation)`, two slices of `text` without overlap; with
        a fraction of 0 all of it and nothing.

    Raises:
        ValueError: if the fraction is not from 0 up to 1, or the text is
            too short to learn from and to validate on.

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
    least = 2 if validation else 0
    if len(training) < MINIMUM_CHARACTERS or len(held_out) < least:
        raise ValueError(
            f"Expected a text with at least {MINIMUM_CHARACTERS} characters "
            "to train on and 2 to validate on. Received "
            f"{len(text):,} characters, which split into {len(training):,} and "
            f"{len(held_out):,}. {_advice(len(text), validation)}"
        )
    return training, held_out


def _advice(characters, validation):
    """What to do about parts that are too small."""
    if int(characters * 0.9) < MINIMUM_CHARACTERS:
        return "Use a longer text."
    if validation < 0.1:
        least = math.ceil(2e4 / characters) / 1e4
        return f"Hold out more of it: a validation of {least:g} or more."
    most = math.floor((1 - MINIMUM_CHARACTERS / characters) * 1e4) / 1e4
    return f"Hold out less of it: a validation of {most:g} or less."


def fit_to_text(characters, batch_size, seq_length, fixed=()):
    """Shrinks a batch to what a short text can fill.

    Args:
        characters: Length of the training part.
        batch_size: Streams wanted.
        seq_length: Characters per window wanted.
        fixed: Which of the two, by name, are to stay as they are, even where
            the text cannot fill them.

    Returns:
        `(batch_size, seq_length)` with `batch_size * seq_length` at most
        `characters`: windows shrink to a quarter of the text at most, then
        streams become fewer.

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
