"""Show the likeliest next words after a prompt."""

import argparse
import dataclasses
from collections.abc import Callable

import rich.text
from rich.cells import cell_len

from charrnn.commands.options import add_model_argument, at_least, defaults
from charrnn.commands.prompt import add_prompt_arguments, read_prompt
from charrnn.network.engine import load
from charrnn.system.progress import Console
from charrnn.system.terminal import one_line, print_json
from charrnn.writing.next_words import NextWord, NextWords, next_words

WORDS_LISTED = 10
MAX_BAR_COLUMNS = 40
MIN_BAR_COLUMNS = 8  # a narrower terminal gets no bars
EIGHTHS = " ▏▎▍▌▋▊▉█"
END = "(end of the document)"
BAR_STYLE = "blue"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn next`."""
    add_model_argument(parser)
    add_prompt_arguments(parser)
    parser.add_argument(
        "-n",
        "--count",
        type=at_least(1),
        default=WORDS_LISTED,
        metavar="N",
        help=f"number of words to list (default: {WORDS_LISTED})",
    )
    parser.add_argument(
        "--word",
        action="append",
        default=[],
        metavar="WORD",
        help="also show the probability of WORD, however unlikely it is; may "
        "be given several times",
    )
    default = defaults(next_words)
    parser.add_argument(
        "--temperature",
        type=float,
        default=default["temperature"],
        metavar="N",
        help="as of `charrnn generate`, for the probabilities with which it "
        "writes these words (default: 1, those of the network)",
    )
    most = default["max_prefixes"]
    parser.add_argument(
        "--max-prefixes",
        type=at_least(1),
        default=most,
        metavar="N",
        help="maximum number of beginnings of words to read; more leave less "
        f"of the probability unread (default: {most:,})",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the words as JSON"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the words and their probabilities; returns the exit code."""
    engine = load(arguments.model)
    prompt = read_prompt(arguments, engine)
    found = next_words(
        engine,
        prompt,
        arguments.count,
        also=arguments.word,
        temperature=arguments.temperature,
        max_prefixes=arguments.max_prefixes,
    )
    if arguments.json:
        row = {"prompt": prompt, **dataclasses.asdict(found)}
        print_json(row, indent=1)
    else:
        _print_chart(found, engine.vocabulary.shown)
        _print_notes(found)
    return 0


def _print_chart(found: NextWords, shown: Callable[[str], str]) -> None:
    """Prints a line for each word, with a bar if there is room for it."""
    console = Console()
    labels = [one_line(shown(_label(word))) for word in found]
    columns = max(map(cell_len, labels), default=0)
    head = "rank  probability  "
    room = min(MAX_BAR_COLUMNS, console.width - len(head) - columns - 2)
    longest = max((word.probability for word in found), default=0) or 1
    print(f"{head}word")
    for label, word in zip(labels, found, strict=True):
        line = rich.text.Text(
            f"{word.rank or '-':>4}  {_figure(word):>11}  {label}"
        )
        if room >= MIN_BAR_COLUMNS:
            line.append(" " * (columns - cell_len(label) + 2))
            share = word.probability / longest
            line.append(_bar(share * room), BAR_STYLE)
            line.rstrip()
        console.print(line, soft_wrap=True)


def _label(word: NextWord) -> str:
    """The word; the part that completes the prompt's last one in brackets."""
    if not word.typed:
        return word.word or END
    return f"{word.typed}[{word.word[len(word.typed) :]}]"


def _figure(word: NextWord) -> str:
    """The probability of a word; of one that was not found, its bound."""
    if word.probability:
        return _percent(word.probability)
    return f"< {max(word.at_most, 0.0001):.2%}"


def _percent(probability: float) -> str:
    """A percentage with two digits after the point."""
    if 0 < probability < 0.00005:
        return "< 0.01%"
    return f"{probability:.2%}"


def _bar(columns: float) -> str:
    """A bar of a length in columns, to an eighth of a column."""
    whole, eighths = divmod(round(8 * columns), 8)
    return EIGHTHS[8] * whole + EIGHTHS[eighths].strip()


def _print_notes(found: NextWords) -> None:
    """Prints how exact the probabilities are."""
    missing = max((w.at_most - w.probability for w in found), default=0)
    print(
        f"(words found: {found.words_found:,}, which have "
        f"{_percent(1 - found.unread)} of the probability)"
    )
    print(
        f"(each figure is too low by at most {missing:.2%}; no other word has "
        f"more than {_percent(found.others_at_most)})"
    )
    if any(word.typed for word in found):
        print("(in brackets: what completes the last word of the prompt)")
