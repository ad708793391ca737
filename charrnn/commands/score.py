"""Score texts: bits per character, the lower the likelier."""

import argparse
import functools
import itertools
from collections.abc import Callable

import numpy as np

from charrnn.commands.mix_flags import (
    add_mix_arguments,
    as_json,
    described,
    mixed,
)
from charrnn.commands.options import add_model_argument, add_unknown_argument
from charrnn.commands.score_rows import Row, line_rows, print_rows, row_of
from charrnn.commands.spelling import model_text
from charrnn.commands.texts import (
    read_as_written,
    read_documents_for,
    read_for,
    read_lines_for,
)
from charrnn.network.arguments import check_size
from charrnn.network.engine import Engine, load
from charrnn.network.facts import document_split, training_characters
from charrnn.scoring import baselines
from charrnn.scoring.lines import line_end
from charrnn.scoring.ranking import lines_alone, lines_in_context
from charrnn.scoring.score import Score, score
from charrnn.system.terminal import print_json
from charrnn.text import sources
from charrnn.text.document_hashes import held_out
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.lines import split_lines

Scorer = Callable[[str | np.ndarray], Score]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn score`."""
    add_model_argument(parser)
    parser.add_argument(
        "texts",
        nargs="+",
        metavar="FILE",
        help="files, folders of .txt files, - for standard input, or the name "
        "of a corpus; each is scored separately",
    )
    of_texts = parser.add_mutually_exclusive_group()
    of_texts.add_argument(
        "--lines",
        action="store_true",
        help="rank the lines instead of the texts, the likeliest first; the "
        "context of a line is all lines before it, so their order matters; for "
        "a model of documents, each line is a document",
    )
    of_texts.add_argument(
        "--baselines",
        action="append",
        metavar="TEXT",
        help="compare with n-grams and xz, which learn from TEXT: give the "
        "model's training text; its held-out part is left out; may be given "
        "several times",
    )
    parser.add_argument(
        "--each",
        action="store_true",
        help="rank the lines, each scored separately from the start state, as "
        "if there were no others",
    )
    _add_ways_to_score(parser)
    add_mix_arguments(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the rows as a JSON list"
    )


def _add_ways_to_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding", default="utf-8", help="of the texts (default: utf-8)"
    )
    add_unknown_argument(parser)
    parser.add_argument(
        "--adapt",
        action="store_true",
        help="score again with a copy of the weights that learns from each "
        "piece of a text after scoring it (dynamic evaluation)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints a ranking, or two with --adapt; returns the exit code."""
    _check(arguments)
    texts = sources.expanded(arguments.texts)
    # Raises if '-', which can be read only once, is named twice.
    sources.expanded([*texts, *(arguments.baselines or [])])
    engine = mixed(load(arguments.model), arguments)
    if engine.vocabulary.boundary is not None and arguments.lines:
        _check_no_adapting(arguments, "--lines")
    scorers: dict[bool, Scorer] = {False: functools.partial(score, engine)}
    if arguments.adapt:
        scorers[True] = _adapting_scorer(engine)
    training = _training_part(engine, arguments)
    rows = []
    for source in texts:
        try:
            rows += _rows_of(source, engine, scorers, training, arguments)
        except ValueError as error:
            raise _naming(source, error) from error
    rows.sort(key=lambda row: (row["adapted"], row["bits_per_character"]))
    if arguments.json:
        rows = [{**row, **as_json(arguments)} for row in rows]
        print_json(rows, indent=1)
    else:
        print_rows(rows, scorers)
        if arguments.mix:
            print(f"({described(arguments.model, arguments)})")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Checks that flags are not combined that exclude each other."""
    if arguments.mix and arguments.adapt:
        raise ValueError(
            "Expected --mix or --adapt, which trains a single model. Received "
            "both. Leave one out."
        )
    if not arguments.each:
        return
    _check_no_adapting(arguments, "--each")
    if arguments.baselines:
        raise ValueError(
            "Expected --each or --baselines, which scores whole texts. "
            "Received both. Leave one out."
        )


def _check_no_adapting(arguments: argparse.Namespace, flag: str) -> None:
    if arguments.adapt:
        raise ValueError(
            f"Expected {flag} or --adapt, which learns from the lines before. "
            "Received both. Leave one out."
        )


def _naming(source: str, error: ValueError) -> ValueError:
    """The error with the source's name before its message."""
    title = sources.title(source)
    message = str(error)
    if not message.startswith((f"{title}: ", f"{title}, line ")):
        message = f"{title}: {message}"
    return ValueError(message)


def _adapting_scorer(engine: Engine) -> Scorer:
    """Returns a scorer whose weights learn from the text."""
    check_size(engine.vocabulary)  # first: the rest imports TensorFlow
    model = engine.to_keras()
    from charrnn.scoring.adaptation import score_adapting  # here: TensorFlow
    from charrnn.system.progress import watched

    return functools.partial(
        score_adapting, model, engine.vocabulary, watch=watched("adapting")
    )


def _training_part(
    engine: Engine, arguments: argparse.Namespace
) -> np.ndarray | None:
    """The ids for --baselines to learn from: the model's training part."""
    if not arguments.baselines:
        return None
    vocabulary = engine.vocabulary
    if isinstance(vocabulary, DocumentVocabulary):
        documents = read_documents_for(
            vocabulary, engine, arguments.baselines, arguments
        )
        held = held_out(len(documents), *document_split(engine.facts))
        learnt = itertools.compress(documents, ~held)
        return vocabulary.framed(learnt)
    text = read_for(engine, arguments.baselines, arguments)
    return engine.vocabulary.encode(text[: training_characters(engine.facts)])


def _rows_of(
    source: str,
    engine: Engine,
    scorers: dict[bool, Scorer],
    training: np.ndarray | None,
    arguments: argparse.Namespace,
) -> list[Row]:
    """The rows of a text or of its lines, for each scorer."""
    vocabulary = engine.vocabulary
    if isinstance(vocabulary, DocumentVocabulary):
        return _rows_of_documents(
            source, engine, vocabulary, scorers, training, arguments
        )
    if arguments.each:
        return _rows_of_each(source, engine, arguments)
    if arguments.lines:
        parts = read_lines_for(engine, source, arguments)
    else:
        parts = [read_for(engine, source, arguments)]
    text = "".join(parts)
    rows = []
    for adapted, scorer in scorers.items():
        scored = scorer(text)
        if arguments.lines:
            rows += line_rows(source, lines_in_context(parts, scored), adapted)
        else:
            rows.append(row_of(source, scored, adapted))
    if training is not None:
        ids = engine.vocabulary.encode(text)
        _add_baselines(rows, training, ids, engine)
    return rows


def _rows_of_documents(
    source: str,
    engine: Engine,
    vocabulary: DocumentVocabulary,
    scorers: dict[bool, Scorer],
    training: np.ndarray | None,
    arguments: argparse.Namespace,
) -> list[Row]:
    """The rows of a text of documents, or of its lines, each a document."""
    if arguments.each or arguments.lines:
        return _rows_of_each(source, engine, arguments)
    documents = read_documents_for(vocabulary, engine, source, arguments)
    ids = vocabulary.framed(documents)
    rows = [
        row_of(source, scorer(ids), adapted)
        for adapted, scorer in scorers.items()
    ]
    if training is not None:
        _add_baselines(rows, training, ids, engine)
    return rows


def _add_baselines(
    rows: list[Row], training: np.ndarray, ids: np.ndarray, engine: Engine
) -> None:
    """Adds what counting the training text achieves on the same text."""
    losses = baselines.measure(training, ids, engine.vocabulary)
    for row in rows:
        row["baselines_nats_per_character"] = losses


def _rows_of_each(
    source: str, engine: Engine, arguments: argparse.Namespace
) -> list[Row]:
    """A row for each line that is not blank, scored without the others."""
    from charrnn.system.progress import watched  # here: rich, for this only

    lines = _lines_without_ends(source, engine, arguments)
    return line_rows(source, lines_alone(engine, lines, watched("scoring")))


def _lines_without_ends(
    source: str, engine: Engine, arguments: argparse.Namespace
) -> list[str]:
    """A text's lines without their ends, in the model's form."""
    if line_end(engine):
        lines = read_lines_for(engine, source, arguments)
        return [line.rstrip("\r\n") for line in lines]
    # This model cannot read a line end, so the text is cut into lines before
    # it is converted to the model's characters.
    title = sources.title(source)
    found = []
    for number, line in enumerate(
        split_lines(read_as_written(source, arguments)), 1
    ):
        name, line = f"{title}, line {number:,}", line.rstrip("\r\n")
        try:
            found.append(model_text(line, engine, arguments.unknown, name))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return found
