"""Train a network on a text with one call, as `train.py` does."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charrnn.system.launchers import Place, find_place
from charrnn.system.terminal import say
from charrnn.training.outcome import Outcome
from charrnn.training.record import Record, session_of
from charrnn.training.run import Run
from charrnn.training.session import Session
from charrnn.training.settings import given_in_python, in_python, names_of
from charrnn.training.stopping import noted_interrupt
from charrnn.training.together import joined

VERBOSE = 0, 1, 2  # nothing; a line a round; also progress and samples


def train(
    text: Any,
    *,
    out: "str | os.PathLike[str] | None" = None,
    fresh: bool = False,
    change: bool = False,
    callbacks: Sequence[Any] = (),
    verbose: int = 1,
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    **settings: Any,
) -> Run:
    """Trains a network on a text, in a run folder that can be resumed.

    It does what `train.py` does: the same files, checkpoints, presets and
    budgets. A run that is already in the folder is resumed bit for bit, on
    the same machine and with the same number of threads (for NumPy, set
    OPENBLAS_NUM_THREADS=1 before it is imported).

    Args:
        text: What to learn: a path, a folder of `.txt` files, the name of a
            corpus, or a list of them, as for `charrnn.read`.
        out: The run's folder; `None` for `runs/TEXT-1` or the next number.
        fresh: Whether to begin anew, and rename a run that is in the folder.
        change: Whether a run in the folder may go on under the other
            `learning_rate`, `dropout`, `batch_size` and so on that are given.
        callbacks: Keras callbacks. For them an epoch is the interval between
            two validations (a round); their `logs` hold `loss` and, at its
            end, `val_loss`, in nats per character. The model they see is the
            one in training, with the weights of the last step. They may end
            the training (`EarlyStopping`), but the run sets the learning rate
            at every step. They are not part of a checkpoint. Of
            `preset="record"` they see the student only.
        verbose: 0 prints nothing, 1 a line a round and the results, 2 also
            progress within a round, and samples.
        coordinator, processes, process: With several processes, `"HOST:PORT"`
            of process 0, how many there are, and the number of this one.
            `None` for what the launcher says, or for a single one. Process 0
            alone prints, writes and calls the callbacks.
        **settings: As the flags of `train.py --help`, with underscores:
            `minutes`, `epochs` or `preset`; `cell`, `units`, `layers`,
            `dropout`, `seed` and all others of `charrnn.Settings`. `None`
            stands for the default where that is `None`.

    Returns:
        The `Run`, with the best model. A finished run is returned unchanged.
        Processes other than 0 return when the training ends, before the
        figures are written; they read the run's folder, too.

    Raises:
        TypeError: for an unknown setting.
        ValueError: if a setting cannot have its value, text and settings do
            not fit together, or the folder holds something else.
        OSError: if something cannot be read or written.
        FloatingPointError: if training diverges.
        KeyboardInterrupt: after Ctrl-C (in a notebook: interrupt), when a
            checkpoint is written. The same call resumes the run, with `out`
            the folder that the exception names. A second Ctrl-C stops at once.

    Example:

    >>> import tempfile
    >>> small = {"epochs": 2, "units": 4, "layers": 1}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "sea.txt")
    ...     _ = path.write_text("She sells shells. " * 50, encoding="utf-8")
    ...     run = train(path, out=f"{folder}/run", verbose=0, **small)
    >>> run.metrics["parameters"] == run.model.count_params()
    True
    """
    if verbose not in VERBOSE:
        raise ValueError(
            f"argument verbose: invalid choice: {verbose!r} (choose from "
            f"{', '.join(map(str, VERBOSE))})"
        )
    place = find_place(coordinator, processes, process)
    tell = _say if verbose else _say_nothing
    given = {**given_in_python(settings), "quiet": verbose < 2}
    session = Session(
        names_of(text),
        given,
        None if out is None else Path(out),
        fresh=fresh,
        change=change,
        callbacks=list(callbacks),
        tell=tell,
        silent=not verbose,
        catch_stop_requests=functools.partial(noted_interrupt, tell),
    )
    training = session_of(session)
    outcome = _outcome(training, place)
    if outcome and outcome.untrained:
        tell(
            "the network has hardly trained: give it more minutes, and this "
            f"folder as out: '{outcome.folder}'"
        )
    return Run.open(training.folder)


def _outcome(session: Session | Record, place: Place | None) -> Outcome | None:
    """Runs a session, or takes part in that of process 0."""
    try:
        with joined(session, place) as leads:
            return session.run() if leads else None
    except (ValueError, FloatingPointError) as error:
        # A callback of the user's may raise one without a message.
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (in_python(error.args[0]),)
        raise


def _say(line: str) -> None:
    say(in_python(line))


def _say_nothing(line: str) -> None:
    pass
