"""The flags of `charrnn generate` that choose among texts: ranks and a beam."""

import argparse
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charrnn.commands.control_flags import tell_dead_ends, tell_forced
from charrnn.commands.options import at_least
from charrnn.system.terminal import remark
from charrnn.writing.drawing import Sample
from charrnn.writing.sampler import Sampler
from charrnn.writing.steering import DEAD_END

if TYPE_CHECKING:
    from charrnn.writing.ranked import Ranked

Found = list[tuple[Sample, dict[str, Any]]]  # with further entries of JSON
Draw = Callable[[Sampler, str, Mapping[str, Any]], Found]

# The ranks of `charrnn.writing.ranked`, which is imported when it is needed.
RANKS = "likelihood", "novelty", "match"
FIGURES_SHOWN = 3  # of the best, and then that of the last of these


def add_best_arguments(group: argparse._ActionsContainer) -> None:
    """Adds the flags."""
    group.add_argument(
        "--best-of",
        type=at_least(1),
        metavar="N",
        help="draw N samples together, and write the best of them, or --count "
        "of them, the best first",
    )
    group.add_argument(
        "--rank",
        choices=RANKS,
        help="what is best. likelihood: per character, under the network; "
        "novelty: the least copied from --source; match: that from which the "
        "constraints excluded least (default: likelihood)",
    )
    group.add_argument(
        "--beam",
        type=at_least(1),
        metavar="N",
        help="write the likeliest text that N beams find, not a random one. "
        "Likeliest is not best: such texts are plain, and repeat themselves",
    )


def drawer_of(
    arguments: argparse.Namespace, source: str | None, draw: Draw | None = None
) -> Draw | None:
    """Makes the function that draws samples as these flags ask for.

    Args:
        arguments: Those of `charrnn generate`.
        source: The text that novel samples do not copy.
        draw: Draws the samples to choose among; `None` if any will do.

    Returns:
        A function of a sampler, a prompt and the arguments of
        `Sampler.generate`; `draw` if none of the flags is given.
    """
    if arguments.beam is not None:
        return lambda *given: _search(arguments.beam, *given)
    if arguments.best_of is None:
        return draw
    by = arguments.rank or RANKS[0]
    draw = draw or draw_any
    return functools.partial(_best, arguments.best_of, by, source, draw)


def check_go_together(arguments: argparse.Namespace) -> None:
    """Checks these flags, before anything is read or told.

    Args:
        arguments: Those of `charrnn generate`.

    Raises:
        ValueError: if flags do not go together.
    """
    best_of, beam = arguments.best_of, arguments.beam
    if best_of is None and arguments.rank:
        raise ValueError(
            "--rank is for --best-of. Add it, or leave --rank out."
        )
    if best_of is not None and beam is not None:
        raise ValueError("Expected --best-of or --beam. Received both.")
    if best_of is not None and best_of < arguments.count:
        raise ValueError(
            f"Expected --best-of to draw at least as many samples as --count "
            f"asks for, {arguments.count:,}. Received {best_of:,}."
        )
    if beam is not None and arguments.new is not None:
        raise ValueError("Expected --new or --beam. Received both.")
    if beam is not None:
        _check_beam(arguments)
    if arguments.separator is not None and arguments.json:
        raise ValueError(
            "Expected --separator or --json, which writes lines. Received both."
        )


def _check_beam(arguments: argparse.Namespace) -> None:
    """Checks that no flag is given that a beam has no use for."""
    for flag, default in (
        ("--count", 1), ("--temperature", None), ("--top-k", None),
        ("--top-p", None), ("--min-p", None), ("--no-loops", False),
        ("--unique", False),
        ("--length-in", "units"),
    ):  # fmt: skip
        if getattr(arguments, flag[2:].replace("-", "_")) != default:
            raise ValueError(
                f"Expected --beam without {flag}: it draws nothing, but "
                "searches for the one likeliest text. Leave one out."
            )


def _search(
    beams: int, sampler: Sampler, prompt: str, how: Mapping[str, Any]
) -> Found:
    """Searches for the likeliest text, and says what that means."""
    from charrnn.writing.beam import likeliest

    names = (
        "length", "stop", "stop_after", "constraints", "interrupted", "watch",
        "state",
    )  # fmt: skip
    given = {name: how[name] for name in names}
    sample = likeliest(sampler, prompt, beams=beams, **given)
    remark(
        f"--beam: the likeliest text found has {sample.nats_per_character:.3f} "
        "nats/char; likeliest is not best, as such texts are plain and repeat "
        "themselves"
    )
    return [(sample, {})]


def draw_any(sampler: Sampler, prompt: str, how: Mapping[str, Any]) -> Found:
    """Draws samples, whatever they are.

    Args:
        sampler: Of any model.
        prompt: The beginning of each.
        how: The arguments of `Sampler.generate`.

    Returns:
        The samples.
    """
    return [(sample, {}) for sample in sampler.generate(prompt, **how)]


def _best(
    number: int,
    by: str,
    source: str | None,
    draw: Draw,
    sampler: Sampler,
    prompt: str,
    how: Mapping[str, Any],
) -> Found:
    """Draws samples, and keeps the best."""
    from charrnn.writing.ranked import FIGURES, ranked

    count = how["count"]
    if by == "match" and not how["constraints"]:
        raise ValueError(
            "--rank match ranks by what constraints exclude. Add one, such as "
            "--match, or rank by likelihood."
        )
    found = draw(sampler, prompt, {**how, "count": number})
    samples = [sample for sample, _ in found]
    if not samples:
        return []
    best = ranked(samples, by, source=source)
    remark(
        f"the best {len(best[:count]):,} of {len(best):,} by {by}: "
        f"{_figures(best[:count])}; the last: "
        f"{_figure(best[-1])} ({FIGURES[by]})"
    )
    tell_dead_ends([sample.stop_reason for sample in samples])
    tell_forced([each.sample.forced for each in best[:count]], how["length"])
    return [
        (each.sample, {"rank": each.rank, by: round(each.figure, 6)})
        for each in best[:count]
    ]


def _figures(best: "Sequence[Ranked]") -> str:
    """What the best were ranked by: the first few, and the last."""
    figures = list(map(_figure, best))
    if len(figures) > FIGURES_SHOWN + 1:
        figures[FIGURES_SHOWN:-1] = ["..."]
    return ", ".join(figures)


def _figure(ranked: "Ranked") -> str:
    """What a sample was ranked by; says so if the sample is unfinished."""
    unfinished = ranked.sample.stop_reason == DEAD_END
    return f"{ranked.figure:.3f}" + (" (unfinished)" if unfinished else "")
