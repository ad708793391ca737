"""Draw documents that are new, and tell how many others were drawn."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.commands.best_flags import Draw, Found, draw_any
from charrnn.commands.control_flags import tell_dead_ends, tell_forced
from charrnn.commands.mix_flags import mixed_paths
from charrnn.network.engine import Engine
from charrnn.system.terminal import remark

if TYPE_CHECKING:
    from charrnn.text.known_documents import KnownDocuments
    from charrnn.writing.sampler import Sampler

# What only --new needs is imported for it alone.
DEFAULT_LENGTH = 1000  # units of a sample
MAX_LENGTH = 1 << 20  # of a document, whatever a stranger's file says


def length_for(engine: Engine) -> int:
    """The maximum length of a sample, if the user gives none.

    Args:
        engine: The model.

    Returns:
        A number of units; for a model of documents, which end by themselves,
        twice the length of the longest in its training text.
    """
    longest = None
    if engine.vocabulary.boundary is not None:
        from charrnn.writing.novelty import longest_learnt

        longest = longest_learnt(engine)
    return min(2 * longest, MAX_LENGTH) if longest else DEFAULT_LENGTH


def known_documents(
    engine: Engine, model: Path, arguments: argparse.Namespace
) -> "KnownDocuments | None":
    """Reads what is needed to recognise documents, for --new.

    Args:
        engine: The model.
        model: Its file.
        arguments: With `new`, `mix` and `encoding`.

    Returns:
        The documents of the training text, or `None` without --new.

    Raises:
        ValueError: if the model is not one of documents, or the training text
            is neither known nor named.
        OSError: if something cannot be read.
    """
    if arguments.new is None:
        return None
    from charrnn.text.known_documents import KnownDocuments
    from charrnn.writing.novelty import check_is_of_documents, known_from_text

    try:
        check_is_of_documents(engine)
        if arguments.new:
            return known_from_text(engine, arguments.new, arguments.encoding)
    except ValueError as error:
        raise ValueError(f"--new: {error}") from error
    models = [model, *mixed_paths(arguments)]
    return KnownDocuments.joined([_known_to(path) for path in models])


def _known_to(model: Path) -> "KnownDocuments":
    """Reads the documents of a run from the folder of its model."""
    from charrnn.text.known_documents import NAME, KnownDocuments

    if not (model.parent / NAME).is_file():
        raise ValueError(
            f"Expected the training text after --new: there is no {NAME}, in "
            f"which a run keeps its documents' hashes, beside '{model}'."
        )
    return KnownDocuments.read(model.parent)


def draw_new(
    known: "KnownDocuments",
    sampler: "Sampler",
    prompt: str,
    how: Mapping[str, Any],
) -> Found:
    """Draws new documents, and prints how many others were drawn.

    Args:
        known: The documents of the training text.
        sampler: Of a model of documents.
        prompt: The beginning of each.
        how: The arguments of `Sampler.generate`.

    Returns:
        The new documents.
    """
    from charrnn.writing.novelty import new_documents

    found = new_documents(sampler, known, prompt, **how)
    _tell_places(found.places, found.drawn, how["length"])
    new, wanted = len(found.samples), how["count"]
    if new < wanted:
        remark(
            f"only {new:,} of {wanted:,} new documents found after "
            f"{found.drawn:,} drawn"
        )
    return [(sample, {}) for sample in found.samples]


def draw_different(
    sampler: "Sampler", prompt: str, how: Mapping[str, Any]
) -> Found:
    """Draws samples that are all different, and says how many were drawn.

    Args:
        sampler: Of any model.
        prompt: The beginning of each.
        how: The arguments of `Sampler.generate`.

    Returns:
        The samples.
    """
    from charrnn.writing.novelty import different_samples

    found, drawn = different_samples(sampler, prompt, **how)
    only = "only " if len(found) < how["count"] else ""
    remark(
        f"--unique: {only}{len(found):,} of {how['count']:,} different "
        f"samples found among {drawn:,} drawn"
    )
    return [(sample, {}) for sample in found]


def drawn_together(
    draw: Draw | None,
    arguments: argparse.Namespace,
    sampler: "Sampler",
    prompt: str,
    how: Mapping[str, Any],
) -> Found:
    """Draws all samples before one is written, and says what became of them.

    Args:
        draw: Draws them; `None` if any will do.
        arguments: Those of `charrnn generate`.
        sampler: Of any model.
        prompt: The beginning of each.
        how: The arguments of `Sampler.generate`.

    Returns:
        The samples.
    """
    found = (draw or draw_any)(sampler, prompt, how)
    reasons = [sample.stop_reason for sample, _ in found]
    if arguments.new is None:
        tell_cut(sampler, reasons, how["length"])
    if draw in (None, draw_different):  # the others tell it themselves
        tell_dead_ends(reasons)
        tell_forced([sample.forced for sample, _ in found], how["length"])
    return found


def _tell_places(places: Mapping[str, int], drawn: int, length: int) -> None:
    """Says where the documents drawn occur."""
    share = places["new"] / drawn if drawn else 0
    line = (
        f"{drawn:,} drawn: {places['new']:,} new ({share:.0%}), "
        f"{places['training']:,} in the training part, "
        f"{places['held_out']:,} held out"
    )
    if places["repeated"]:
        line += f"; {places['repeated']:,} like one drawn before"
    if places["unfinished"]:
        line += f"; {places['unfinished']:,} cut at --length {length:,}"
    if places["dead_end"]:
        line += (
            f"; {places['dead_end']:,} ended unfinished: the constraints let "
            "nothing follow"
        )
    remark(line)


def tell_cut(sampler: "Sampler", reasons: Sequence[str], length: int) -> None:
    """Says how many documents were cut before their end, if some were.

    Args:
        sampler: Of any model.
        reasons: Why each sample ended.
        length: The maximum length of a sample.
    """
    cut = reasons.count("length")
    if cut and sampler.vocabulary.boundary is not None:
        remark(
            f"{cut:,} of {len(reasons):,} documents cut at --length "
            f"{length:,}, before their end"
        )
