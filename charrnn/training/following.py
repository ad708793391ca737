"""Train the share of a process that process 0 leads."""

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.training import assembly, leading, sharing, variables
from charrnn.training.data import Data, read_data
from charrnn.training.line_starts import windows_for
from charrnn.training.settings import Settings
from charrnn.training.settle import checkpoint_settings
from charrnn.training.stopping import SIGNALS
from charrnn.training.team import Team
from charrnn.training.units import from_state


def follow(team: Team, corpus: Sequence[str]) -> Path | None:
    """Does what process 0 asks for, until the training ends.

    Args:
        team: The processes.
        corpus: The text, as the user of this process named it.

    Returns:
        The run's folder, if it was trained.
    """
    _pass_signals_on(team)
    folder = None
    while (message := team.receive())["kind"] != "end":
        if message["kind"] == "run":
            follower = Follower(team, *_prepared(team, corpus, message))
            folder = Path(message["folder"])
            team.watch.resume = leading.how_to_resume(folder)
        else:
            follower.obey(message)
    team.leave()
    return folder


class Follower:
    """A process's part of the training.

    Args:
        team: The processes.
        settings: The settings of process 0.
        data: The text.
    """

    def __init__(self, team: Team, settings: Settings, data: Data) -> None:
        from charrnn.twins.jax_steps import JaxSteps

        self.team = team
        self.vocabulary = data.vocabulary
        self.network = build_model(data.vocabulary, **settings.network())
        self.twin, _ = assembly.twin(settings, data, self.network)
        sharing.share_variables(team, self.twin)
        self.steps = JaxSteps(self.twin, data.windows)

    def obey(self, message: dict[str, Any]) -> None:
        """Takes part in what process 0 does."""
        kind = message.pop("kind")
        if kind == "validate":
            with self.team.watch.pulse.uncounted():
                self._validate(**message)
        elif kind == "train":
            self.team.train(self.steps, **message)
        elif kind == "read":
            self.team.compute(lambda: variables.values(self.twin))

    def _validate(self, number: int, ids: np.ndarray) -> None:
        """Scores this process's rows of the held-out text."""
        place = self.team.group.place
        engine = Engine.from_keras(self.network, self.vocabulary)
        own = leading.nats_of_part(engine, ids, place.process, place.processes)
        self.team.group.gather(f"nats/{number}", {"nats": own})


def _prepared(
    team: Team, corpus: Sequence[str], message: dict[str, Any]
) -> tuple[Settings, Data]:
    """The run's settings, and its text: read, or another process's."""
    settings = Settings(list(corpus), **checkpoint_settings(message))
    if team.first_here == team.group.place.process:
        try:
            settings, data = read_data(settings, {}, message, tell=_silent)
        except ValueError as error:
            raise ValueError(
                f"Expected the text that process 0 reads. {error}"
            ) from error
        sharing.share_ids(team, [data.windows.ids, data.held_out])
        return settings, data
    training, held_out = sharing.shared_ids(team)
    vocabulary = from_state(message["vocabulary"])
    windows = windows_for(settings, vocabulary, training)
    return settings, Data(vocabulary, windows, held_out)


def _pass_signals_on(team: Team) -> None:
    """Passes the first signal to process 0, and obeys the second."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        team.watch.ask_to_stop(number)

    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, note)


def _silent(line: str) -> None:
    pass
