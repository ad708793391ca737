"""The command line: one module a verb."""

import argparse
import contextlib
import errno
import importlib
import inspect
import os
import sys
import warnings

import charrnn
from charrnn.commands import interrupts

VERBS = (
    "train",
    "generate",
    "compare",
    "score",
    "surprise",
    "memory",
    "gradients",
    "neurons",
    "corpora",
)

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
    # Only the verb at hand is imported, so that it starts at once.
    verb = argv[0] if argv and argv[0] in VERBS else None
    _share_the_machine(verb)
    name = f"charrnn {verb}" if verb else "charrnn"
    try:
        with interrupts.raised():
            modules = {
                v: importlib.import_module(f"{__name__}.{v}")
                for v in ([verb] if verb else VERBS)
            }
            arguments = _parser(modules).parse_args(argv)
            return modules[arguments.verb].run(arguments)
    except BrokenPipeError:
        return _reader_left(verb)
    except (ValueError, OSError, MemoryError, ModuleNotFoundError) as error:
        print(f"{name}: {_line(_reason(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except interrupts.Terminated as signal:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(f"{name}: ended by {signal}", file=sys.stderr)
        return 128 + signal.number


def parsed(words):
    """What a verb's `run` is given.

    Args:
        words: The verb and its flags, as for `main`.

    Returns:
        An `argparse.Namespace`.
    """
    module = importlib.import_module(f"{__name__}.{words[0]}")
    return _parser({words[0]: module}).parse_args(words)


def program(verb):
    """The words by which the user calls a verb.

    Args:
        verb: One of `VERBS`.

    Returns:
        A `list` of `str`: the script's if this is one of the scripts.
    """
    if sys.argv[0].endswith(("train.py", "generate.py")):
        return ["python", f"{verb}.py"]
    return ["charrnn", verb]


def defaults(function):
    """The defaults of a function's arguments: their only home.

    Args:
        function: With keyword-only arguments.

    Returns:
        A `dict` of names and values.
    """
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind == p.KEYWORD_ONLY}


def _parser(modules):
    parser = _Parser(
        prog="charrnn",
        description="Learn to write like a text, one character at a time.",
    )
    parser.add_argument(
        "--version", action="version", version=charrnn.__version__
    )
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="|".join(VERBS)
    )
    for verb, module in modules.items():
        first_line = inspect.getdoc(module).splitlines()[0]
        module.add_arguments(
            verbs.add_parser(verb, help=first_line, description=first_line)
        )
    return parser


def _replace_closed_streams():
    """Lets a program that was started without a stream do without it."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))


class _Parser(argparse.ArgumentParser):
    """A parser whose messages have one line whatever the user wrote."""

    def error(self, message):
        advice = f"`{self.prog} --help` lists the flags."
        self.exit(2, f"{self.prog}: {_line(message)}. {advice}\n")

    def _get_values(self, action, arg_strings):
        # Python 3.11 would make an empty list of `--prompt=--`.
        if action.option_strings and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)


def _line(message):
    """A message in one line, whatever names the user's files have."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)


def _reason(error):
    """What came, what was expected, and what to do."""
    if isinstance(error, MemoryError):
        return str(error) or "there is not enough memory"
    if isinstance(error, ModuleNotFoundError):
        if error.name.startswith("charrnn"):
            raise error
        return (
            f"Expected the package {error.name}. It is not installed here. "
            "Run `pip install -e .` in charrnn's folder."
        )
    advice = ADVICE.get(getattr(error, "errno", None))
    return f"{error}. {advice}" if advice else str(error)


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
