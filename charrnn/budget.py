"""End training so that everything is done when the time is over."""

import time

import numpy as np

from charrnn import baselines, scoring
from charrnn.backend import keras, synchronize
from charrnn.engine import Engine

MEASURED_STEPS = 10  # before the time is turned into a number of steps
SLACK_SECONDS = 4  # for the files and the picture at the end
BASELINE_SECONDS = 2e-6  # of a character, for the figures to compare with


class Budget(keras.callbacks.Callback):
    """Turns a time into a number of steps.

    After the first steps it measures what a step and the scoring take and
    fixes the number of steps; every tenth of the time it corrects the number
    by how long steps have taken since, and after every validation it measures
    the scoring anew. Where the number turns out to be far too low, as after
    some slow steps, training goes on.

    Args:
        seconds: From the first step to the last file written.
        schedule: The `training.Schedule` to set; the number of steps that it
            has already, if any, stays the most.
        validation: The `training.Validation`, whose text is to be scored.
    """

    def __init__(self, seconds, schedule, validation):
        super().__init__()
        self.seconds = seconds
        self.schedule = schedule
        self.validation = validation
        self._most = schedule.total_steps
        self._planned = False  # from the second plan on, losses are compared
        # Of a validation, and of the scoring at the end; to measure them
        # takes as long as several steps.
        self._scoring = None
        self._next_plan = 0.0  # seconds since training began
        self._end = np.inf  # of the steps, by the last plan

    def on_train_batch_end(self, batch, logs=None):
        elapsed = self.schedule.elapsed()
        late = elapsed > self.seconds / 4
        over = self.model.stop_training
        early = over and self._end - elapsed > self.seconds / 20
        due = early or elapsed >= self._next_plan
        if due and self.schedule.is_measured(1 if late else MEASURED_STEPS):
            self.plan()

    def on_epoch_end(self, epoch, logs=None):
        if not self.model.stop_training:
            self._scoring = self._scoring_seconds()
            self.plan()

    def plan(self):
        """Fixes the number of steps by what is left of the time."""
        if self._scoring is None:
            self._scoring = self._scoring_seconds()
        if not self._planned and self._scoring[0] > self.seconds / 4:
            self._shorten_validation(self._scoring[0])
            self._scoring = self._scoring_seconds()
        validation, final = self._scoring
        elapsed = self.schedule.elapsed()
        counted = min(self.schedule.characters, baselines.MOST_CHARACTERS)
        final += SLACK_SECONDS + BASELINE_SECONDS * counted
        self._end = self.seconds - validation - final
        step = self.schedule.step_seconds()
        step += validation / self.params["steps"]
        steps = max(0, int((self._end - elapsed) / step))
        steps += self.schedule.step
        self.schedule.total_steps = min(steps, self._most or steps)
        left = self.schedule.total_steps - self.schedule.step
        self.model.stop_training = left <= 0
        self._next_plan = elapsed + self.seconds / 10
        self._planned = True

    def state(self):
        """What `restore` needs: whether the text to score is fixed."""
        return {"planned": self._planned}

    def restore(self, state):
        """Goes on from what `state` returned, with a plan made anew."""
        self._planned = state["planned"]

    def _scoring_seconds(self):
        """What a validation takes, and what the scoring at the end takes."""
        held_out = len(self.validation.ids)
        synchronize(self.model)
        engine = Engine.from_keras(
            self.validation.network, self.validation.vocabulary
        )
        # A fourth more characters are read than scored: streams warm up.
        read = 1.25 * held_out
        streams = read * _seconds_per_character(engine, scoring.STREAMS)
        if held_out > scoring.ONE_PASS_LIMIT:  # scored so already
            return streams, streams * scoring.ONE_PASS_LIMIT / held_out
        one_pass = held_out * _seconds_per_character(engine, 1)
        return streams, one_pass + streams

    def _shorten_validation(self, seconds):
        """Keeps of a long held-out part what an eighth of the time scores."""
        ids = self.validation.ids
        kept = max(2, int(len(ids) * self.seconds / 8 / seconds))
        self.validation.ids = ids[:kept]
        print(
            f"validation on the first {kept:,} of {len(ids):,} held-out "
            "characters: all of them would take too much of the time"
        )


def _seconds_per_character(engine, batch_size):
    """Times the engine on a small piece of nonsense: the median of five."""
    ids = np.zeros((batch_size, 64), np.int64)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        engine.run(ids)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)) / ids.size
