"""Lay out samples: one after another, or each as a line of JSON."""

import contextlib
import dataclasses
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from charrnn.system import atomic
from charrnn.system.terminal import terminal_safe
from charrnn.writing.drawing import Sample

Write = Callable[[str], int]  # writes a text; returns its length


@dataclasses.dataclass(frozen=True)
class Layout:
    """What stands before and after each of several samples.

    Documents that a line end or a separator divides are followed by it, so
    that all of them together are such a text again. Other samples have
    headings, if there are several.

    Attributes:
        count: Number of samples.
        end: The text after each document; empty for other samples.
        separator: What stands between the samples instead, if it is given.
    """

    count: int
    end: str = ""
    separator: str | None = None

    def before(self, index: int) -> str:
        """The text before a sample."""
        if self.end or self.count == 1 or self.separator is not None:
            return ""
        space = "\n\n" if index else ""
        return f"{space}--- sample {index + 1} of {self.count} ---\n"

    def after(self, index: int) -> str:
        """The text after a sample; a line end follows the last one."""
        is_last = index == self.count - 1
        if self.separator is not None:
            return "\n" if is_last else self.separator
        needs_line = is_last and not self.end.endswith("\n")
        return self.end + ("\n" if needs_line else "")


def write_samples(
    prompt: str,
    pieces: Iterable[tuple[int, str]],
    layout: Layout,
    write: Write,
) -> int:
    """Writes the first sample while it is drawn, and then the others.

    Args:
        prompt: The text before each sample.
        pieces: Pairs of a sample's index and its next text.
        layout: What stands between the samples.
        write: Writes a text.

    Returns:
        The number of characters written.
    """
    if not layout.count:
        return 0
    others = [io.StringIO() for _ in range(layout.count - 1)]
    written = write(layout.before(0) + prompt)
    for index, text in pieces:
        if index == 0:
            written += write(text)
        else:
            others[index - 1].write(text)
    written += write(layout.after(0))
    for index, other in enumerate(others, 1):
        own = f"{layout.before(index)}{prompt}{other.getvalue()}"
        written += write(own + layout.after(index))
    return written


def as_json(
    prompt: str,
    sample: Sample,
    constraints: Sequence[Mapping[str, Any]] = (),
    more: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Returns a sample as a line of JSON.

    Args:
        prompt: The text before the sample.
        sample: The sample.
        constraints: Those that it keeps to, each as an entry of JSON.
        more: Further entries.

    Returns:
        The line, with its line end.
    """
    row: dict[str, Any] = {
        "prompt": prompt,
        "text": sample.text,
        "seed": sample.seed,
        "sample": sample.index,
        "nats_per_character": round(sample.nats_per_character, 6),
        "stop_reason": sample.stop_reason,
        **more,
    }
    if constraints:
        row["constraints"] = list(constraints)
        row["masked"] = round(sample.masked, 6)
        row["forced"] = round(sample.forced, 6)
    # JSON does not escape all control characters, which a terminal would act
    # on. Bytes that are not text are lone surrogates, which UTF-8 cannot store.
    line = json.dumps(row, ensure_ascii=False)
    if sys.stdout.isatty() or not _is_text(line):
        line = json.dumps(row)
    return line + "\n"


def _is_text(text: str) -> bool:
    """Whether UTF-8 can encode a text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@contextlib.contextmanager
def opened(path: Path | None, shown: Callable[[str], str]) -> Iterator[Write]:
    """Yields a function that writes to a file, or to the screen unbuffered.

    Args:
        path: The file, to which a model's bytes are written unchanged; `None`
            for the screen.
        shown: Makes a text readable on the screen.
    """
    if path:
        with (
            atomic.replacing(path) as temporary,
            open(
                temporary,
                "w",
                encoding="utf-8",
                errors="surrogateescape",
                newline="",
            ) as file,
        ):
            yield file.write
        return

    def write(text: str) -> int:
        sys.stdout.write(terminal_safe(shown(text)))
        sys.stdout.flush()  # show each character as soon as it is drawn
        return len(text)

    yield write
