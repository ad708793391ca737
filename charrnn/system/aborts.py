"""Replace what C++ prints before it aborts the process by one line.

When the process that coordinates a group is gone, JAX aborts all others from
C++, after a page of stack trace. Python's own handlers of signals do not run
then, so this one is a C function.
"""

import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Callable

# What the handler uses must live as long as the process.
_kept: list[object] = []


def explain_aborts(explain: Callable[[bytes], str | None], code: int) -> None:
    """Holds back what C++ prints, and explains an abort in one line.

    From here on, only Python writes to standard error.

    Args:
        explain: Called with all that C++ has printed, when it aborts. Returns
            the line to print instead, or `None` to print all of it.
        code: The exit code after that line.
    """
    if os.name != "posix":
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    held_back = tempfile.TemporaryFile()
    os.dup2(held_back.fileno(), 2)
    sys.stderr = open(
        terminal, "w", buffering=1, encoding="utf-8", errors="backslashreplace"
    )

    def end(number: int) -> None:
        size = os.fstat(held_back.fileno()).st_size
        noise = os.pread(held_back.fileno(), size, 0)
        line = explain(noise)
        told = noise if line is None else f"{line}\n".encode()
        os.write(terminal, told)
        os._exit(code if line is not None else 128 + number)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(end)
    _kept.extend((handler, held_back))
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGABRT, ctypes.cast(handler, ctypes.c_void_p))
