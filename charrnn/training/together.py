"""Train one run with several processes."""

import contextlib
from collections.abc import Iterator

from charrnn.system.launchers import Place
from charrnn.training.record import Record
from charrnn.training.session import Session
from charrnn.training.team import JOIN_SECONDS, Team, facts


@contextlib.contextmanager
def joined(
    session: Session | Record,
    place: Place | None,
    seconds: float = JOIN_SECONDS,
) -> Iterator[bool]:
    """Joins the processes of a run; all but process 0 train here, too.

    Args:
        session: The session of this process. That of process 0 takes the
            others along, and is to be run in the block.
        place: Which of the processes this one is; `None` for the only one.
        seconds: How long to wait for the others.

    Yields:
        Whether to run the session. In the other processes, all is done.

    Raises:
        ValueError: if the processes were not started alike, or as
            `Session.steps` does.
    """
    if place is None:
        yield True
        return
    if isinstance(session, Record):
        raise ValueError(
            "Expected one process for --preset record. Received several, "
            "which cannot train a student."
        )
    team = Team(place, seconds)
    try:
        given = session.given or {}
        switches = {"fresh": session.fresh, "change": session.change}
        team.agree(facts(session.corpus, given, place, **switches))
        if not team.leads:
            from charrnn.training.following import follow

            if folder := follow(team, session.corpus):
                session.folder = folder
            yield False
            return
        from charrnn.training.leading import Leader

        session.leader = Leader(team)
        yield True
        session.leader.end()
    except BaseException as error:
        if not (team.has_left or (session.leader and session.leader.ended)):
            team.fail(error)
        raise
