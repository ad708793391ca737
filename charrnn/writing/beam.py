"""Search for the likeliest text with a beam: several texts side by side."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Constraint, Left
from charrnn.writing.drawing import Sample
from charrnn.writing.endings import Ending, checked
from charrnn.writing.limits import check_length, check_ram
from charrnn.writing.probabilities import log_total, without
from charrnn.writing.sampler import Sampler
from charrnn.writing.state import State, keep_rows
from charrnn.writing.steering import COMPLETE, DEAD_END, END, Steering

MAX_BYTES_PER_CHARACTER = 4  # of UTF-8


@dataclasses.dataclass(frozen=True)
class _Text:
    """A text of the beam.

    Attributes:
        ids: Its units, a linked list from the last one: `(id, before)`.
        nats: -ln p of all of them.
        end_nats: -ln p of the unit that ended it without being written.
        reason: Why it ended; `None` if it may go on.
        cut: The number of characters that `stop` cuts from its end.
    """

    ids: tuple[int, tuple] | tuple[()] = ()
    nats: float = 0.0
    end_nats: float = 0.0
    reason: str | None = None
    cut: int = 0

    @property
    def all_nats(self) -> float:
        """-ln p of the text, and of its end where it could have gone on."""
        return self.nats + self.end_nats


def likeliest(
    sampler: Sampler,
    prompt: str = "",
    *,
    length: int,
    beams: int = 8,
    stop: str | Iterable[str] = (),
    stop_after: str | Iterable[str] = (),
    constraints: Sequence[Constraint] = (),
    interrupted: Callable[[], bool] | None = None,
    **how: Any,
) -> Sample:
    """Searches for the likeliest text.

    At each step, of all texts with one unit more, only the `beams` likeliest
    are kept. One beam is the same as a temperature of 0. More beams find
    likelier texts, if seldom the likeliest of all. Likeliest is not best: such
    texts are plain, and repeat themselves.

    Args:
        sampler: Of the model.
        prompt: Text to continue.
        length: Maximum number of new units. A text that ends before is
            compared with longer ones by its own probability.
        beams: The number of texts side by side.
        stop: Strings that end a text and are cut from it.
        stop_after: Strings that end a text and stay in it.
        constraints: What the texts keep to, `charrnn.Constraint`s.
        interrupted: Called before each step; once it returns true, the
            likeliest text so far is returned.
        **how: `watch` and `state`, as for `Sampler.start`.

    Returns:
        A `Sample`.

    Raises:
        ValueError: if an argument is out of range, or no text satisfies the
            constraints.

    Example:

    >>> sampler = Sampler("shakespeare")
    >>> likeliest(sampler, "To be, or not to ", length=2).text
    'be'
    """
    check_length(length, "units")
    if beams < 1:
        raise ValueError(f"Expected at least 1 beam. Received {beams}.")
    check_ram(sampler.engine, beams)
    endings = checked(stop, stop_after, sampler.vocabulary)
    state = sampler.start(
        prompt,
        constraints=constraints,
        left=Left(length),
        temperature=0.0,
        **how,
    )
    search = _Search(sampler, state, beams, endings)
    reason = "length"
    for left in range(length, 0, -1):
        if interrupted and interrupted():
            reason = "interrupted"
        if reason == "interrupted" or search.is_over():
            break
        search.step(Left(left))
    return search.best(reason)


class _Search:
    """A beam of texts, and those of them that have ended."""

    def __init__(
        self,
        sampler: Sampler,
        state: State,
        beams: int,
        endings: Sequence[Ending],
    ) -> None:
        self._engine = sampler.engine
        self._vocabulary: UnitVocabulary = sampler.vocabulary
        self._state = state
        self._opening = "".join(state.opening)
        self._beams = beams
        self._endings = endings
        self._texts = [_Text()]
        self._ended: list[_Text] = []

    def is_over(self) -> bool:
        """Whether no text that goes on can become likelier than one ended."""
        best = min((text.all_nats for text in self._ended), default=np.inf)
        return all(text.nats >= best for text in self._texts)

    def best(self, reason: str) -> Sample:
        """The likeliest text.

        Args:
            reason: Why a text ends that could go on.
        """
        going = [dataclasses.replace(t, reason=reason) for t in self._texts]
        if not going + self._ended:
            raise ValueError(
                "Expected constraints that the texts of a beam can satisfy. "
                "Received some that let nothing follow. Use more beams, or "
                "draw texts instead."
            )
        text = min(going + self._ended, key=lambda text: text.all_nats)
        ids = np.array(list(_last(text.ids)), int)[::-1]
        decode = self._vocabulary.decoder()  # leaves out half a character
        whole = self._opening + "".join(map(decode, ids.tolist()))
        return Sample(
            whole[: len(whole) - text.cut],
            seed=0,
            index=0,
            nats_per_character=text.nats
            / max(1, self._vocabulary.characters_of(ids)),
            stop_reason=text.reason or reason,
        )

    def step(self, left: Left) -> None:
        """Goes on with the likeliest texts of one unit more."""
        self._end_stuck(left)
        if not self._texts:
            return
        nats = self._nats(left)
        best = np.argsort(nats, axis=None, kind="stable")[: self._beams]
        rows, ids = np.divmod(best, nats.shape[1])
        possible = np.isfinite(nats[rows, ids])
        rows, ids = rows[possible], ids[possible]
        self._go_on(rows, ids, nats[rows, ids], left)

    def _end_stuck(self, left: Left) -> None:
        """Ends the texts that nothing may follow; drops those that may not."""
        if not self._state.constraints:
            return
        steering = self._steering(self._state, left)
        if not steering.stuck:
            return
        reason = COMPLETE if self._vocabulary.boundary is None else END
        complete = steering.stuck.difference(steering.dead_ends())
        self._ended += [
            dataclasses.replace(self._texts[row], reason=reason)
            for row in sorted(complete)
        ]
        going = [
            row for row in range(len(self._texts)) if row not in steering.stuck
        ]
        self._texts = [self._texts[row] for row in going]
        self._state = keep_rows(self._state, np.array(going, int))

    def _nats(self, left: Left) -> np.ndarray:
        """-ln p of each text with each unit: `(texts, vocabulary size)`.

        Infinite for what may not follow. All units that end a text lead to
        the same text: only the likeliest of them counts.
        """
        logits = without(self._vocabulary.stand_in, self._state.logits)
        own = self._state.logits - log_total(self._state.logits)[:, None]
        nats = np.array([[text.nats] for text in self._texts]) - own
        if not self._state.constraints:
            nats[~np.isfinite(logits)] = np.inf
            return nats
        steering = self._steering(self._state, left)
        nats[~np.isfinite(steering.logits)] = np.inf
        ends = ~steering.written()
        least = np.where(ends, nats, np.inf).min(1, keepdims=True)
        nats[ends & (nats > least)] = np.inf
        return nats

    def _go_on(
        self, rows: np.ndarray, ids: np.ndarray, nats: np.ndarray, left: Left
    ) -> None:
        """Adds a unit to some texts, and keeps those that have not ended."""
        before = keep_rows(self._state, rows)
        logits, recurrent = self._engine.step(ids, before.recurrent)
        place = before.seed, before.samples, before.position + 1
        more = {}
        if before.constraints:
            more = self._steering(before, left).after(ids)
        after = State(recurrent, logits, *place, **more)
        ended = after.ended or [None] * len(rows)
        texts = [
            self._with(self._texts[row], unit, float(total), reason)
            for row, unit, total, reason in zip(
                rows, ids.tolist(), nats, ended, strict=True
            )
        ]
        self._ended += [
            text for text in texts if text.reason not in (None, DEAD_END)
        ]
        going = [text.reason is None for text in texts]
        self._texts = [text for text in texts if text.reason is None]
        self._state = keep_rows(after, going)

    def _steering(self, state: State, left: Left) -> Steering:
        lefts = [left] * len(state.samples)
        return Steering(state, lefts, self._vocabulary)

    def _with(
        self, text: _Text, unit: int, nats: float, reason: str | None
    ) -> _Text:
        """A text with one unit more, unless it ends before the unit."""
        if reason is None and unit == self._vocabulary.boundary:
            return _Text(text.ids, nats, reason=END)
        if reason is not None:
            return _Text(text.ids, text.nats, nats - text.nats, reason)
        return self._ended_at_string(_Text((unit, text.ids), nats))

    def _ended_at_string(self, text: _Text) -> _Text:
        """Ends a text whose last unit completes a string that ends it."""
        if not self._endings:
            return text
        size = MAX_BYTES_PER_CHARACTER * len(self._endings[0][0])
        ids = list(itertools.islice(_last(text.ids), size + 1))
        tail = self._vocabulary.inner.decode(ids[::-1])
        if len(ids) <= size:
            tail = self._opening + tail
        found = [
            (tail.find(string) + len(string), -len(string), reason)
            for string, reason in self._endings
            if string in tail
        ]
        if not found:
            return text
        end, minus_size, reason = min(found)
        cut = len(tail) - end - (minus_size if reason == "stop" else 0)
        return dataclasses.replace(text, reason=reason, cut=cut)


def _last(ids: tuple) -> Iterator[int]:
    """Yields the units of a linked list, the last one first."""
    while ids:
        unit, ids = ids
        yield unit
