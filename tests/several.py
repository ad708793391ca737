"""`python several.py LOSSES STOP ...`: one of several processes of a run.

It trains as `charrnn train ...` does. Process 0 writes the loss of each step
to the file LOSSES, and stops after step STOP with a checkpoint, if it is not 0.
Another program starts the processes with `start` and waits for them.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# One thread each, and no GPU: the processes of a test share two cores.
ALONE = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "PYTHONPATH": str(ROOT),
}


def free_port():
    with socket.socket() as free:
        free.bind(("", 0))
        return free.getsockname()[1]


def start(words, processes=2, script=("-m", "charrnn", "train"), **variables):
    """Starts processes of one run; returns them."""
    address = f"127.0.0.1:{free_port()}"
    flags = ["--coordinator", address, "--processes", str(processes)]
    return [
        start_one(
            [*script, *words, *flags, "--process", str(number)], **variables
        )
        for number in range(processes)
    ]


def start_one(words, **variables):
    """Starts a process in the environment of these tests."""
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **ALONE, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def results(started, seconds=240):
    """Waits for processes; returns of each the exit code and both outputs.

    None of them is left behind.
    """
    try:
        return [result_of(process, seconds) for process in started]
    finally:
        stop(started)


def stop(started):
    """Ends processes, whatever they are doing."""
    for process in started:
        process.kill()
        if not process.stdout.closed:
            process.communicate()


def result_of(process, seconds):
    """Waits for a process."""
    out, err = process.communicate(timeout=seconds)
    # TensorFlow says so while Keras imports it, where it is installed.
    lines = [
        line
        for line in err.splitlines(keepends=True)
        if not line.startswith(("I0000", "WARNING: All log messages"))
    ]
    return process.returncode, out, "".join(lines)


def forget_tensorflow():
    """Saves the seconds in which Keras would import it for its seeds."""
    from keras.src.utils import module_utils

    module_utils.tensorflow._available = False


def main():
    from charrnn.commands import train_flags
    from charrnn.commands.parser import parsed
    from charrnn.training import engines
    from charrnn.training.session import Session
    from charrnn.training.stopping import Stopped
    from charrnn.training.together import joined

    losses, stop, *words = sys.argv[1:]
    if int(stop):  # a call of many steps could do all that are left
        engines.MAX_GROWTH = 1
    arguments = parsed(["train", *words])
    processes = train_flags.processes(arguments)
    requests = []
    session = Session(
        **train_flags.session(arguments),
        silent=True,
        tell=lambda line: None,
        catch_stop_requests=lambda: contextlib.nullcontext(requests),
    )
    found = []
    forget_tensorflow()
    with joined(session, **processes) as leads:
        if not leads:
            return
        with contextlib.suppress(Stopped):
            for schedule in session.steps():
                found = list(schedule.losses) or found
                if schedule.step >= int(stop) > 0:
                    requests.append(2)
        Path(losses).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
