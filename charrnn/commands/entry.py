"""Run a verb of the command line, and turn what goes wrong into one line."""

import contextlib
import errno
import importlib
import math
import os
import sys
import warnings

from charrnn.commands.parser import one_line, parsed, read_verb
from charrnn.system import signals
from charrnn.system.ram import address_limit

TRAINING_VERBS = ("train", "compare")

# What to do about errors of the system.
FULL = "Make room there. A run then goes on with the same command."
FORBIDDEN = "Look who may read and write there, or name another place."
ADVICE = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EROFS: FORBIDDEN,
}


def main(argv=None):
    """Runs `charrnn VERB ...`.

    Args:
        argv: The words after `charrnn`; `None` for those of the process.

    Returns:
        The exit code: 0, 1 when the work failed, 2 for a user's slip.
    """
    argv = sys.argv[1:] if argv is None else argv
    _replace_closed_streams()
    with contextlib.suppress(AttributeError):  # stdout may be replaced
        # Any text can be printed anywhere, and lines appear when printed.
        # Names of files need not be UTF-8: such bytes are shown escaped.
        sys.stdout.reconfigure(
            encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
    warnings.formatwarning = lambda message, *place: f"charrnn: {message}\n"
    _take_no_warning_for_an_error()
    verb, name = None, "charrnn"
    try:
        verb = read_verb(argv)
        name = f"charrnn {verb}"
        _share_the_machine(verb)
        with signals.raised():
            # Only the verb at hand is imported, so that it starts at once.
            module = importlib.import_module(f"charrnn.commands.{verb}")
            return module.run(parsed(argv))
    except BrokenPipeError:
        return _reader_left(verb)
    except (ValueError, OSError, MemoryError, ImportError) as error:
        print(f"{name}: {one_line(_reason(error))}", file=sys.stderr)
        return 2
    except (SystemError, RuntimeError):
        if address_limit() == math.inf:
            raise
        print(
            f"{name}: there is not enough memory. Raise `ulimit -v`.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except signals.Terminated as signal:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(f"{name}: ended by {signal}", file=sys.stderr)
        return 128 + signal.number


def _replace_closed_streams():
    """Lets a program that was started without a stream do without it."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))


def _reason(error):
    """What came, what was expected, and what to do."""
    if isinstance(error, MemoryError):
        return str(error) or "there is not enough memory"
    if isinstance(error, ImportError):
        if (error.name or "").startswith("charrnn"):
            raise error
        if not isinstance(error, ModuleNotFoundError):
            return (
                f"a package could not be loaded: {error.__cause__ or error}. "
                "Is there enough memory (`ulimit -v`)? If so, install the "
                "package anew."
            )
        return (
            f"Expected the package {error.name}. It is not installed here. "
            "Run `pip install -e .` in charrnn's folder."
        )
    advice = ADVICE.get(getattr(error, "errno", None))
    return f"{error}. {advice}" if advice else str(error)


def _take_no_warning_for_an_error():
    """Undoes `PYTHONWARNINGS=error`: what libraries warn about is no error."""
    if any("error".startswith(o.split(":")[0]) for o in sys.warnoptions):
        warnings.resetwarnings()
        for kind in (DeprecationWarning, FutureWarning, ImportWarning):
            warnings.simplefilter("ignore", kind)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)


def _share_the_machine(verb):
    """Keeps NumPy to one thread while other programs use the processors.

    Threads that wait for each other in every matrix product, when one of
    them has no processor to run on, are up to fifty times slower than one.
    NumPy looks at this once, when it is imported.

    Verbs that train have one thread in any case: how a matrix product is
    divided among threads may change its last bits, and a run that goes on
    while the machine is busier has to go on with the same bits.
    """
    if verb in TRAINING_VERBS:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > os.cpu_count() / 2:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _reader_left(verb):
    """Ends when the output was piped into `head`, quietly if all is well."""
    # Python flushes stdout once more on its way out: let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if verb != "train":
        return 0
    print(
        "charrnn train: stopped, as nobody reads its output any more. The "
        "same command, with --out for the run's folder, goes on from the last "
        "checkpoint.",
        file=sys.stderr,
    )
    return 141  # what SIGPIPE would have ended it with
