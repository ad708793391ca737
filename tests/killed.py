"""`python killed.py MOMENT COUNT train ...`: dies by SIGKILL on the way.

MOMENT is `step` (after one), `validation` (before one), or the beginning of
a file's name (`checkpoint`, `model`): then, of the file's writes, it dies when
all is written but not yet renamed. COUNT says at the how manieth.
"""

import os
import signal
import sys


def deadly(count, function, concerns=lambda *arguments: True):
    """Kills the process instead of the `count`th call that concerns us."""
    left = [count]

    def call(*arguments, **options):
        left[0] -= concerns(*arguments)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return call


def main():
    from charrnn import commands
    from charrnn.scoring import score
    from charrnn.system import atomic
    from charrnn.training.schedule import Schedule

    moment, count, *words = sys.argv[1:]
    count = int(count)
    if moment == "step":
        schedule = Schedule
        schedule.on_train_batch_end = deadly(count, schedule.on_train_batch_end)
    elif moment == "validation":
        score.score_in_streams = deadly(count, score.score_in_streams)
    else:
        atomic.os.replace = deadly(
            count, os.replace, lambda old, new: new.name.startswith(moment)
        )
    return commands.main(words)


if __name__ == "__main__":
    sys.exit(main())
