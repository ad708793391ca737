"""Train a run in its folder, from reading the input to the last file."""

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.network.choice import choose
from charrnn.system.terminal import say
from charrnn.text.windows import Windows
from charrnn.training import causes, run_folder
from charrnn.training.advice import advise
from charrnn.training.clock import Clock
from charrnn.training.data import Data, read_data
from charrnn.training.outcome import Outcome, result_of
from charrnn.training.places import exists
from charrnn.training.settings import Settings
from charrnn.training.settle import is_over, settle, with_epoch_of_change
from charrnn.training.stopping import Stopped, noted_signals
from charrnn.training.units import to_state

if TYPE_CHECKING:
    from charrnn.training.leading import Leader


@dataclasses.dataclass
class Session:
    """Trains a new run, or resumes one.

    Attributes:
        corpus: The text to learn, as the user named it.
        given: The settings that the user gave; `None` for none.
        out: The run's folder; `None` for one that is named after the text.
        fresh: Whether to start from scratch, and rename a run that is there.
        change: Whether a run may resume with other settings.
        callbacks: More Keras callbacks. They run after all of charrnn's own
            but the one that writes checkpoints.
        tell: Called with each line about the run.
        silent: Whether the callbacks print nothing.
        clock: Times the run; it may be paused while other runs train. `None`
            for one that starts when the session does.
        catch_stop_requests: Returns a context manager, which yields a list
            that is empty until someone asks to stop.
        leader: Takes other processes along; `None` for a process on its own.
        folder: The run's folder, once it is claimed.
        settings: The run's settings, once they are resolved.
        data: The run's input, once it is read.
    """

    corpus: list[str]
    given: Mapping[str, Any] | None = None
    out: Path | None = None
    fresh: bool = False
    change: bool = False
    callbacks: Sequence[Any] = ()
    tell: Callable[[str], None] = say
    silent: bool = False
    clock: Clock | None = None
    catch_stop_requests: Callable[[], AbstractContextManager[list[int]]] = (
        noted_signals
    )
    leader: "Leader | None" = None
    folder: Path = dataclasses.field(init=False)
    settings: Settings = dataclasses.field(init=False)
    data: Data = dataclasses.field(init=False)
    _state: dict[str, Any] | None = None  # of the checkpoint to resume from
    _arrays: list[Any] | None = None

    def steps(self) -> Generator[Any, None, Outcome]:
        """Trains a step at a time, so that runs can be trained in turns.

        Yields:
            The `schedule.Schedule`, before the first step and after every
            step; the caller may pause the clock until it asks for the next.

        Returns:
            The `Outcome`.

        Raises:
            ValueError: if text and settings do not fit together, or the
                folder holds something other than a run.
            OSError: if something cannot be read or written.
            FloatingPointError: if training diverges; the best model until
                then is kept and measured.
            stopping.Stopped: if someone asked to stop.
        """
        choose()
        if self.clock is None:
            self.clock = Clock()
            self.clock.start()
        with contextlib.ExitStack() as locks:
            if self._prepare(locks):
                self.tell(
                    f"'{self.folder}' is finished. Raise --epochs or "
                    "--minutes to continue; --fresh starts from scratch."
                )
                return Outcome(self.folder, self.settings, has_trained=False)
            return (yield from self._train())

    def run(self) -> Outcome:
        """Trains to the end, as `steps` does."""
        return result_of(self.steps())

    def _prepare(self, locks: contextlib.ExitStack) -> bool:
        """Reads the text, resolves the settings and claims the folder.

        Returns:
            Whether the run is already complete, so that nothing is left to do.
        """
        before: set[str] = set()
        given = self.given or {}
        if self.out is not None:
            self._claim(locks)  # before reading, which may take long
            before = run_folder.names(self.folder)
            self._look_for_run()
        self.settings = settle(
            self.corpus, given, self._state, out=self.out, change=self.change
        )
        if self.leader and self.settings.teachers:
            raise ValueError(
                "Expected one process with --teachers. Received several. "
                "Train the student alone: with --processes 1."
            )
        self.settings, data = read_data(
            self.settings, given, self._state, out=self.out, tell=self.tell
        )
        # A resumed run has already given this advice.
        tell = self.tell if self._state is None else lambda line: None
        shift = advise(self.settings, data, tell)
        self.data = dataclasses.replace(data, shift=shift)
        if self._state and is_over(self.settings, self._state):
            step = self._state["parts"]["Schedule"]["step"]
            if run_folder.is_complete(self.folder, step):
                return True
        self._claim_or_move_aside(locks, before)
        return False

    def _look_for_run(self) -> None:
        """Reads the checkpoint of the run in the folder, if there is one."""
        if self.fresh:
            run_folder.check_is_run(self.folder)
        else:
            self._state, self._arrays = run_folder.saved(self.folder, self.tell)

    def _claim_or_move_aside(
        self, locks: contextlib.ExitStack, before: set[str]
    ) -> None:
        """Renames an old run for --fresh, and claims the run's folder."""
        if self.out is not None:
            run_folder.check_same(self.folder, before)
            if self.fresh and any(self.folder.iterdir()):
                run_folder.move_aside(self.folder, self.tell)
        if self.out is None or not self.folder.exists():
            self._claim(locks)
            # Raises if another process has started a run there meanwhile.
            run_folder.saved(self.folder, self.tell)
            run_folder.check_same(self.folder, set())

    def _claim(self, locks: contextlib.ExitStack) -> None:
        """Makes the folder if it is missing, and keeps other processes out."""
        if self.out is not None:
            exists(self.out)  # raises if it is not a folder
        self.folder, made = run_folder.claim(self.out, self.corpus)
        locks.enter_context(run_folder.locked(self.folder))
        locks.callback(run_folder.unclaim, made)

    def _train(self) -> Generator[Any, None, Outcome]:
        """Trains the model and fills the run's folder, as `steps` does."""
        from charrnn.training.finish import finish, save_again

        over = is_over(self.settings, self._state)
        twin, parts = self._assembled()
        if self.leader:
            self.leader.begin(
                self.settings, self.data, self.folder, twin, parts["Validation"]
            )
        schedule, best = parts["Schedule"], parts["SaveBest"]
        yield schedule
        diverged = yield from self._fit_unless(over, twin, parts)
        if best.step is None and over:
            self.tell(
                f"'{self.folder}' has no model.keras any more: saving the "
                "last weights as one"
            )
            save_again(parts)
        untrained = None
        if best.step is not None:
            untrained = finish(
                self.folder, self.settings, self.data, parts, self.tell
            )
        if diverged:
            raise FloatingPointError(
                f"training diverged at step {schedule.step + 1}: {diverged}. "
                f"{causes.of_divergence(self.settings)}"
            ) from diverged
        run_folder.delete_soft_targets(self.folder)
        return Outcome(
            self.folder, self.settings, best.step is not None, untrained
        )

    def _fit_unless(
        self, over: bool, twin: Any, parts: dict[str, Any]
    ) -> Generator[Any, None, FloatingPointError | None]:
        """Trains unless that is over; returns the error if it diverges.

        Other processes have no part in what follows.
        """
        best, diverged = parts["SaveBest"], None
        try:
            if not over:
                yield from self._fit(twin, parts)
        except Stopped:
            if self.leader:
                self.leader.end()
            if not self.settings.validation or not best.path.exists():
                best.save()
            raise
        except FloatingPointError as error:
            diverged = error
        if self.leader:
            self.leader.end()
        return diverged

    def _assembled(self) -> tuple[Any, dict[str, Any]]:
        """Builds the model's twin and the callbacks, and restores them."""
        from charrnn.training import assembly

        self.data.remember(self.folder)
        model = assembly.network(self.settings, self.data, self.tell)
        twin, precision = assembly.twin(self.settings, self.data, model)
        self.settings = with_epoch_of_change(
            dataclasses.replace(self.settings, precision=precision),
            self._state,
            len(self.data.windows.ids),
        )
        parts = assembly.callbacks(
            self.folder,
            self.settings,
            self.data,
            twin,
            clock=self.clock,
            tell=self.tell,
            silent=self.silent,
        )
        if self._state and self._arrays is not None:
            assembly.restore(
                self.settings, self._state, self._arrays, twin, parts, self.tell
            )
        return twin, parts

    def _windows(self) -> Windows:
        """The windows to train on: with teachers, those of a student."""
        if not self.settings.teachers:
            return self.data.windows
        from charrnn.system.progress import watched
        from charrnn.training import soft_targets

        watch = iter if self.silent else watched("reading")
        self.settings, windows = soft_targets.prepared(
            self.folder, self.settings, self.data, self.tell, watch
        )
        return windows

    def _fit(
        self, twin: Any, parts: dict[str, Any]
    ) -> Generator[Any, None, None]:
        """Trains to the end, with checkpoints on the way, as `steps` does."""
        from charrnn.training import loop
        from charrnn.training.schedule import steps_per_round

        schedule, data = parts["Schedule"], self.data
        windows = self._windows()
        own = list(parts.values())
        checkpoint_facts = {
            "settings": self.settings.to_json(),
            "vocabulary": to_state(data.vocabulary),
        }
        with self.catch_stop_requests() as signals:
            checkpoints = loop.Checkpoints(
                self.folder,
                schedule,
                own,
                checkpoint_facts,
                self.settings.checkpoint_seconds,
                signals,
                self.leader,
            )
            for _ in loop.train(
                twin,
                windows,
                schedule,
                [*own, *self.callbacks, checkpoints],
                steps_per_round(data.windows, len(data.held_out)),
                self.leader,
            ):
                yield schedule
