"""Train teachers, then the student that learns from them: --preset record."""

import contextlib
import dataclasses
import math
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charrnn.training import checkpoint, recipe, run_folder, teaching
from charrnn.training.figures import VALIDATION_LOSS
from charrnn.training.outcome import Outcome, result_of
from charrnn.training.rules import MIN_MINUTES_OF_TEACHERS
from charrnn.training.session import Session
from charrnn.training.settings import DEFAULTS, FIXED
from charrnn.training.stopping import Stopped

PRESET = "record"


def session_of(session: Session) -> "Session | Record":
    """Returns what trains as a session asks: itself, or a `Record`.

    Args:
        session: Its `given` settings may have `--preset record`, or its
            folder a run that began with it.

    Returns:
        The session, or a `Record` of it.
    """
    asks = (session.given or {}).get("preset") == PRESET
    resumes = session.out is not None and teaching.has_notes(session.out)
    return (
        Record(session) if asks or (resumes and not session.fresh) else session
    )


@dataclasses.dataclass
class Record:
    """Trains teachers and their student, in one folder, as one `Session`.

    The folder is the student's. Each teacher is a run in a folder below it,
    `teachers/1` and so on, whose checkpoints are deleted when it is finished.
    What is finished is not repeated when the run is resumed.

    Attributes:
        session: What is asked for. The student is made of it.
        folder: The run's folder, once it is claimed.
    """

    session: Session
    folder: Path = dataclasses.field(init=False)

    @property
    def corpus(self) -> list[str]:
        """The text to learn, as the user named it."""
        return self.session.corpus

    def run(self) -> Outcome:
        """Trains to the end, as `steps` does."""
        return result_of(self.steps())

    def steps(self) -> Generator[Any, None, Outcome]:
        """Trains a step at a time.

        Yields:
            The `schedule.Schedule` of the part in training, as
            `Session.steps` does.

        Returns:
            The `Outcome` of the student.

        Raises:
            ValueError, OSError, FloatingPointError, stopping.Stopped: as
                `Session.steps` does.
        """
        _check(self.session)
        with contextlib.ExitStack() as locks:
            self._claim(locks)
            if self._has_student():
                student = self._resumed()
            else:
                given = self._given()
                teachers = yield from self._teach(given)
                student = self._student(given, teachers)
        outcome = yield from student.steps()
        self._report()
        return outcome

    def _claim(self, locks: contextlib.ExitStack) -> None:
        """Makes the folder if it is missing, and keeps other processes out."""
        asked = self.session
        if asked.fresh and asked.out is not None and asked.out.exists():
            with run_folder.locked(asked.out):
                run_folder.check_is_run(asked.out)
            if any(asked.out.iterdir()):
                run_folder.move_aside(asked.out, asked.tell)
        self.folder, made = run_folder.claim(asked.out, asked.corpus)
        locks.callback(run_folder.unclaim, made)
        locks.enter_context(run_folder.locked(self.folder))
        run_folder.saved(self.folder, asked.tell)

    def _has_student(self) -> bool:
        """Whether the student's training has begun."""
        return bool(checkpoint.paths(self.folder))

    def _given(self) -> dict[str, Any]:
        """The settings of all parts.

        Raises:
            ValueError: if they are not those with which the run began.
        """
        given = {**(self.session.given or {})}
        given.pop("preset", None)
        noted = teaching.read_notes(self.folder)
        if not noted and not {"minutes", "epochs"} & given.keys():
            given["minutes"] = recipe.PRESETS[PRESET]
        for name in FIXED if noted else []:
            before = noted.get(name, DEFAULTS[name])
            wanted = given.get(name, before)
            if wanted != before:
                raise ValueError(
                    f"Expected --{name.replace('_', '-')} {before}, with which "
                    f"the run in '{self.folder}' began. Received {wanted}. "
                    "Leave it out, or choose another --out."
                )
        return {**noted, **given}

    def _teach(
        self, given: Mapping[str, Any]
    ) -> Generator[Any, None, list[Path]]:
        """Trains the teachers that are missing; returns the folders of all."""
        teachers: list[Path] = []
        minutes = given.get("minutes", math.inf)
        if minutes < MIN_MINUTES_OF_TEACHERS:
            self.session.tell(
                f"{minutes:g} minutes are too few to train teachers first, "
                f"which takes {MIN_MINUTES_OF_TEACHERS}: training one network"
            )
            return teachers
        while (limit := self._limit(given, teachers)) is not None:
            path = teaching.folder_of(self.folder, len(teachers) + 1)
            if not teaching.is_finished(path):
                number = teaching.described(path, given.get("minutes"))
                self._announce(number, given, teachers)
                yield from self._teacher(path, given, limit)
            for file in checkpoint.paths(path):
                file.unlink()
            teachers.append(path)
        return teachers

    def _limit(
        self, given: Mapping[str, Any], teachers: Sequence[Path]
    ) -> float | None:
        """The minutes for the next teacher; `None` if no more is needed."""
        seconds = _seconds(teachers)
        return teaching.minutes_of_teacher(given.get("minutes"), seconds)

    def _teacher(
        self, path: Path, given: Mapping[str, Any], limit: float
    ) -> Generator[Any, None, None]:
        """Trains one teacher."""
        asked = self.session
        seed = given.get("seed", DEFAULTS["seed"])
        own = {**given, "seed": teaching.seed_of(seed, int(path.name))}
        if limit < math.inf:
            own["minutes"] = limit
        teacher = Session(
            asked.corpus,
            own,
            path,
            tell=asked.tell,
            silent=asked.silent,
            catch_stop_requests=asked.catch_stop_requests,
        )
        try:
            for schedule in teacher.steps():
                # By now all input is read and checked.
                teaching.write_notes(self.folder, given)
                yield schedule
        except Stopped as stopped:
            raise Stopped(stopped.signal, self.folder, stopped.step) from None

    def _student(
        self, given: Mapping[str, Any], teachers: Sequence[Path]
    ) -> Session:
        """The session of the student, whose training has not begun."""
        own = dict(given)
        if teachers:
            own["teachers"] = [str(path) for path in teachers]
            if "minutes" in given:
                seconds = _seconds(teachers)
                own["minutes"] = teaching.minutes_left(
                    given["minutes"], seconds
                )
            self._announce("the student", given, teachers)
        return self._session(own)

    def _resumed(self) -> Session:
        """The session of the student, which resumes.

        Minutes are those of all parts, as before.
        """
        own = {**(self.session.given or {})}
        own.pop("preset", None)
        if "minutes" in own:
            seconds = _seconds(teaching.finished(self.folder))
            own["minutes"] = teaching.minutes_left(own["minutes"], seconds)
        return self._session(own)

    def _session(self, given: dict[str, Any]) -> Session:
        return dataclasses.replace(
            self.session, given=given, out=self.folder, fresh=False
        )

    def _announce(
        self, part: str, given: Mapping[str, Any], teachers: Sequence[Path]
    ) -> None:
        """Says which part comes next, and how much time is left for all."""
        left = ""
        if "minutes" in given:
            minutes = given["minutes"]
            rest = teaching.minutes_left(minutes, _seconds(teachers))
            left = f", {rest:.0f} of {minutes:g} minutes left"
        self.session.tell(f"--- {part}{left} ---")

    def _report(self) -> None:
        """Adds the parts to metrics.json, and says what each has reached."""
        from charrnn.training import metrics

        teachers = teaching.finished(self.folder)
        if not teachers or not teaching.is_finished(self.folder):
            return
        parts = [*teachers, self.folder]
        figures = [teaching.figures(path) for path in parts]
        names = VALIDATION_LOSS, "train_seconds"
        own = figures[-1]
        own["parts"] = [
            {
                "folder": path.relative_to(self.folder).as_posix(),
                **{name: each[name] for name in names},
            }
            for path, each in zip(parts, figures, strict=True)
        ]
        metrics.write(self.folder, own)
        losses = [each[names[0]] for each in figures]
        if None not in losses:
            *theirs, student = (f"{loss:.4f}" for loss in losses)
            self.session.tell(
                f"teachers    {', '.join(theirs)} nats/char; "
                f"their student {student}"
            )


def _seconds(teachers: Sequence[Path]) -> list[float]:
    """What each of the teachers took."""
    return [teaching.figures(path)["train_seconds"] for path in teachers]


def _check(asked: Session) -> None:
    """Checks that what is asked for can be trained in parts.

    Raises:
        ValueError: if not.
    """
    given = asked.given or {}
    if "-" in asked.corpus:
        raise ValueError(
            "Expected a file for --preset record, which reads the text "
            "several times. Received stdin. Save it to a file."
        )
    if given.get("preset") != PRESET:
        return
    for name in ("teachers", "init_from"):
        if given.get(name):
            raise ValueError(
                f"Expected --preset record without --{name.replace('_', '-')}: "
                "it trains its own teachers, from the beginning. Leave one out."
            )
    if given.get("documents"):
        raise ValueError(
            "Expected a text without --documents for --preset record: which "
            "documents are held out depends on the seed, so its teachers "
            "would have learnt some of the student's. Leave one out."
        )
    if asked.change:
        raise ValueError(
            "Expected --change without --preset record: only the student can "
            "change, and its run resumes without it. Leave it out."
        )
