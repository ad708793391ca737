"""Run a verb of the command line, and turn errors into one line."""

import contextlib
import errno
import importlib
import math
import os
import sys
import warnings
from collections.abc import Sequence

from charrnn.commands.parser import parsed, read_verb
from charrnn.system import signals
from charrnn.system.ram import address_limit
from charrnn.system.terminal import tell_error

TRAINING_VERBS = ("train", "compare")

# Advice on errors that the operating system reports.
FULL = "Free some space there. The same command then resumes a run."
FORBIDDEN = "Check the permissions there, or name another place."
ADVICE = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EROFS: FORBIDDEN,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `charrnn VERB ...`.

    Args:
        argv: The words after `charrnn`; `None` for those of the process.

    Returns:
        The exit code: 0, 1 if the work failed, 2 for a mistake of the user.
    """
    argv = sys.argv[1:] if argv is None else argv
    _prepare_streams()
    verb, name = None, "charrnn"
    try:
        verb = read_verb(argv)
        name = f"charrnn {verb}"
        _share_the_machine(verb)
        with signals.raised():
            # Only this verb is imported, so that it starts fast.
            module = importlib.import_module(f"charrnn.commands.{verb}")
            return module.run(parsed(argv))
    except BrokenPipeError:
        return _reader_left(verb)
    except (ValueError, OSError, MemoryError, ImportError) as error:
        tell_error(f"{name}: {_reason(error)}")
        return 2
    except (SystemError, RuntimeError):
        if address_limit() == math.inf:
            raise
        tell_error(f"{name}: there is not enough memory. Raise `ulimit -v`.")
        return 2
    except KeyboardInterrupt:
        tell_error(f"{name}: interrupted")
        return 130
    except signals.Terminated as signal:
        with contextlib.suppress(OSError):  # the terminal may be gone
            tell_error(f"{name}: ended by {signal}")
        return 128 + signal.number


def _prepare_streams() -> None:
    """Makes standard streams and warnings behave alike on all systems."""
    _replace_closed_streams()
    with contextlib.suppress(AttributeError):  # stdout may be replaced
        # Any text can be printed, whatever the locale, and lines appear at
        # once. File names need not be UTF-8: other bytes are printed escaped.
        sys.stdout.reconfigure(  # type: ignore[union-attr]
            encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
    warnings.formatwarning = lambda message, *place: f"charrnn: {message}\n"
    _let_warnings_be_warnings()


def _replace_closed_streams() -> None:
    """Replaces standard streams that were closed by the null device."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))


def _reason(error: Exception) -> str:
    """Says what went wrong, and what to do."""
    if isinstance(error, MemoryError):
        return str(error) or "there is not enough memory"
    if isinstance(error, ImportError):
        return _about_import(error)
    advice = ADVICE.get(getattr(error, "errno", -1))
    return f"{error}. {advice}" if advice else str(error)


def _about_import(error: ImportError) -> str:
    """Says which package is missing or damaged, and what to do."""
    if (error.name or "").startswith("charrnn"):
        raise error  # a bug in charrnn
    if not isinstance(error, ModuleNotFoundError):
        return (
            f"a package could not be loaded: {error.__cause__ or error}. "
            "Is there enough memory (`ulimit -v`)? If so, reinstall the "
            "package."
        )
    return (
        f"Expected the package {error.name}. It is not installed here. "
        "Run `pip install -e .` in charrnn's folder."
    )


def _let_warnings_be_warnings() -> None:
    """Undoes `PYTHONWARNINGS=error`, which turns warnings into errors."""
    if any("error".startswith(o.split(":")[0]) for o in sys.warnoptions):
        warnings.resetwarnings()
        for kind in (DeprecationWarning, FutureWarning, ImportWarning):
            warnings.simplefilter("ignore", kind)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)


def _share_the_machine(verb: str) -> None:
    """Keeps NumPy to one thread while other programs use the processors.

    Threads wait for each other in every matrix product. If one of them has no
    processor to run on, they are up to fifty times slower than one thread.
    NumPy reads the variable once, when it is imported.

    Verbs that train always use one thread: how a matrix product is divided
    among threads may change its last bits, and a run that resumes on a busier
    machine must compute the same bits.
    """
    if verb in TRAINING_VERBS:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > (os.cpu_count() or 1) / 2:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _reader_left(verb: str | None) -> int:
    """Ends after the reader of the output, such as `head`, has exited.

    This is an error only for training, which is not finished then.
    """
    # Python flushes stdout again at exit: discard that output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if verb != "train":
        return 0
    tell_error(
        "charrnn train: stopped, because the reader of its output has exited. "
        "The same command, with --out for the run's folder, resumes from the "
        "last checkpoint."
    )
    return 141  # 128 + SIGPIPE
