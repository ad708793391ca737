"""`python hanging.py ...`: `charrnn train ...` whose training loop hangs.

It hangs in the process whose number the environment variable HANGING holds,
where a failing disk would hold it up: process 0 at its fourth checkpoint,
process 1 when it reads the text of its fourth call. The limit is short.
"""

import itertools
import os
import sys
import threading

HUNG_SECONDS = 4.0


def main():
    from several import forget_tensorflow

    from charrnn.commands import main as charrnn
    from charrnn.system import watch
    from charrnn.training import checkpoint
    from charrnn.twins import jax_text

    forget_tensorflow()
    watch.HUNG_SECONDS = HUNG_SECONDS
    if sys.argv[-1] == os.environ["HANGING"]:  # several.start has put it there
        owner = checkpoint if sys.argv[-1] == "0" else jax_text.Text
        name = "write" if sys.argv[-1] == "0" else "read"
        setattr(owner, name, hanging(getattr(owner, name)))
    return charrnn(["train", *sys.argv[1:]])


def hanging(function):
    """The function, which never returns from its fourth call."""
    count = itertools.count(1)

    def call(*arguments):
        if next(count) == 4:
            threading.Event().wait()
        return function(*arguments)

    return call


if __name__ == "__main__":
    sys.exit(main())
