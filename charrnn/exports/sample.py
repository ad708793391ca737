"""Write and score texts with the network of a folder, with NumPy alone.

    python sample.py --prompt "Dear " --length 200 --seed 1
    python sample.py --score letter.txt

model.npz has the network's weights: W1, U1 and b1 of the lowest recurrent
layer, W2, U2 and b2 of the next, and W and b, which make logits of the highest
layer's output. model.json says what they mean: the cells, the vocabulary. The
same seed writes what `charrnn generate` writes.
"""

import argparse
import codecs
import itertools
import json
import re
import secrets
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

State = tuple[np.ndarray, ...]  # of a layer: its output h first
Units = tuple[int, ...]  # ids of characters, words or bytes
States = list[State]  # of all layers, the lowest first
MAX_PROMPT = 16_384  # only the end of a longer prompt is read


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    return (1 + np.tanh(x / 2)) / 2


def simple_rnn(x: np.ndarray, state: State, U: np.ndarray, _: Any) -> State:
    """Elman 1990."""
    (h,) = state
    return (np.tanh(x + h @ U),)


def lstm(x: np.ndarray, state: State, U: np.ndarray, _: Any) -> State:
    """Hochreiter and Schmidhuber 1997: input, forget and output gate."""
    h, c = state
    i, f, g, o = np.split(x + h @ U, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x: np.ndarray, state: State, U: np.ndarray, d: Any) -> State:
    """Cho et al. 2014: update gate z and reset gate r."""
    (h,) = state
    (xz, xr, xg), (hz, hr, hg) = np.split(x, 3), np.split(h @ U + d, 3)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return (z * h + (1 - z) * np.tanh(xg + r * hg),)


CELLS = {"SimpleRNN": simple_rnn, "LSTM": lstm, "GRU": gru}


class Network:
    """The network: `logits, states = network.step(id, states)`."""

    def __init__(self, path: Path, cells: list[str], boundary: int | None):
        with np.load(path, allow_pickle=False) as stored:
            self.arrays = {k: stored[k].astype(np.float32) for k in stored}
        self.cells, self.boundary = cells, boundary

    def start(self) -> States:
        """The state of each layer before a text: zeros."""
        states: States = []
        for n, cell in enumerate(self.cells, 1):
            zeros = np.zeros(len(self.arrays[f"U{n}"]), np.float32)
            states.append((zeros, zeros) if cell == "LSTM" else (zeros,))
        return states

    def step(self, unit: int, states: States) -> tuple[np.ndarray, States]:
        """Reads a character, word or byte; the logits are of the next one."""
        if unit == self.boundary:  # a document begins
            states = self.start()
        a = self.arrays
        after: States = []
        if "embedding" in a:
            x = a["embedding"][unit] @ a["W1"]
        else:
            x = a["W1"][unit]  # what a one-hot vector times W1 would be
        for n, cell in enumerate(self.cells, 1):
            x = (after[-1][0] @ a[f"W{n}"] if after else x) + a[f"b{n}"]
            state, U, d = states[n - 1], a[f"U{n}"], a.get(f"d{n}")
            after.append(CELLS[cell](x, state, U, d))
        return after[-1][0] @ a["W"] + a["b"], after


class Text:
    """Turns texts into ids, as model.json says."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.about = about
        self.units: Any = about["vocabulary"]  # no list of bytes
        self.ids = {unit: i for i, unit in enumerate(self.units or [])}

    def form(self, data: bytes) -> str:
        """A file's text, with the line ends and accents of the training."""
        if self.units is None:
            return data.decode("utf-8", "surrogateescape")
        text = data.decode("utf-8-sig")
        if self.about["newline"] == "lf":
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        form = self.about["normalize"]
        return unicodedata.normalize(form, text) if form else text

    def encode(self, text: str) -> list[int]:
        """The ids of a text. Words that are not known are spelled out."""
        if self.units is None:
            return list(text.encode("utf-8", "surrogateescape"))
        for place, character in enumerate(text):
            if character not in self.ids:
                what = f"{character!a}, at position {place:,}"
                raise ValueError(f"The model does not know {what}.")
        units = re.findall(self.about["cuts"], text)
        spelled = ([u] if u in self.ids else list(u) for u in units)
        return [self.ids[u] for some in spelled for u in some]

    def encode_whole(self, text: str) -> list[int]:
        """The ids of a text to score, with the boundaries of documents."""
        by, edge = self.about["documents"], self.about["boundary"]
        if by is None:
            return self.encode(text)
        documents, ids = [text], [edge]
        if by != "files":
            edges = "\r\n|\r|\n" if by == "lines" else re.escape(by)
            documents = [d.strip("\r\n") for d in re.split(edges, text)]
        for document in documents:
            ids += [*self.encode(document), edge] if document.strip() else []
        return ids

    def characters(self, unit: int) -> int:
        """How many characters an id counts as; of bytes those that begin."""
        if self.units is None:
            return int(not 0x80 <= unit < 0xC0)
        return 1 if unit == self.about["boundary"] else len(self.units[unit])

    def beginning(self, prompt: str) -> list[int]:
        """The ids to read first: of an empty prompt, those of a line end."""
        if self.about["boundary"] is not None:
            return [self.about["boundary"], *self.encode(prompt)]
        known = ["\n"] if self.units is None else self.units
        single = [unit for unit in known if len(unit) == 1]
        first = "\n" if "\n" in single else single[0]
        return self.encode(prompt or first)

    def settled(self, prompt: str) -> int:
        """Where the last word of a prompt begins, which may be unfinished."""
        borders = [
            {0, *(m.end() for m in re.finditer(self.about["cuts"], text))}
            for text in (prompt + more for more in self.about["continuations"])
        ]
        common = set.intersection(*borders) if borders else {len(prompt)}
        return max(place for place in common if place <= len(prompt))

    def completions(self, rest: str) -> list[Units]:
        """What the end of a prompt may be: words that begin with it, itself."""
        units, left_out = self.units or [], self.about["stand_in"]
        found = [i for i, word in enumerate(units) if word.startswith(rest)]
        words = [(i,) for i in found if i != left_out]
        spelled = tuple(map(self.ids.__getitem__, rest))
        return list(dict.fromkeys([*words, tuple(self.encode(rest)), spelled]))


class Drawing:
    """Draws ids with the random numbers of a seed."""

    def __init__(self, seed: int, temperature: float) -> None:
        key = np.array([seed % 2**64, 0], np.uint64)
        self.random = np.random.Generator(np.random.Philox(key=key))
        self.temperature = temperature

    def draw(self, logits: np.ndarray) -> int:
        """An id; at temperature 0 the likeliest."""
        number = self.random.random()
        if self.temperature < 1e-9:
            return int(logits.argmax())
        logits = logits.astype(np.float64)
        p = np.exp((logits - logits.max()) / self.temperature)
        ends = (p / p.sum()).cumsum()
        return int(np.searchsorted(ends / ends[-1], number, "right"))


def write(
    network: Network, text: Text, prompt: str, length: int, drawing: Drawing
) -> Iterator[str]:
    """Yields the text that follows a prompt, as it is drawn."""
    settled = text.settled(prompt)
    rest, states = prompt[settled:], network.start()
    for unit in text.beginning(prompt[:settled])[-MAX_PROMPT:]:
        logits, states = network.step(unit, states)
    if network.boundary is not None and not settled:
        logits[network.boundary] = -np.inf  # no document is empty
    if rest and length:
        paths = text.completions(rest)
        path = paths[drawing.draw(log_p(network, paths, logits, states))]
        for unit in path:
            logits, states = network.step(unit, states)
        yield "".join(text.units[unit] for unit in path)[len(rest) :]
    decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
    for _ in range(length):
        if text.about["stand_in"] is not None:
            logits[text.about["stand_in"]] = -np.inf  # never written
        unit = drawing.draw(logits)
        if unit == network.boundary:
            return
        yield text.units[unit] if text.units else decode(bytes([unit]))
        logits, states = network.step(unit, states)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithms of the probabilities."""
    logits = logits.astype(np.float64) - logits.max()
    return logits - np.log(np.exp(logits).sum())


def log_p(
    network: Network, paths: list[Units], logits: np.ndarray, states: States
) -> np.ndarray:
    """The logarithm of the probability of each of several texts, as ids."""
    found = log_softmax(logits)[[path[0] for path in paths]]
    for place, path in enumerate(paths):
        after = states
        for unit, following in itertools.pairwise(path):
            logits, after = network.step(unit, after)
            found[place] += log_softmax(logits)[following]
    return found


def score(network: Network, text: Text, content: str) -> tuple[float, int]:
    """The bits per character of a text, and how many characters count."""
    bits, characters, states = 0.0, 0, network.start()
    for unit, following in itertools.pairwise(text.encode_whole(content)):
        logits, states = network.step(unit, states)
        bits -= log_softmax(logits)[following] / np.log(2)
        characters += text.characters(following)
    if not characters:
        raise ValueError("The text is too short: its first unit is context.")
    return bits / characters, characters


def run(flags: argparse.Namespace) -> None:
    """Writes, or scores."""
    here = Path(__file__).parent
    about = json.loads((here / "model.json").read_text(encoding="utf-8"))
    network = Network(here / "model.npz", about["cells"], about["boundary"])
    text = Text(about)
    if flags.score:
        content = text.form(Path(flags.score).read_bytes())
        bits, characters = score(network, text, content)
        print(f"{bits:.4f} bits per character, {characters:,} characters")
        return
    prompt = text.form(flags.prompt.encode("utf-8", "surrogateescape"))
    longest, length = about["longest_document"], flags.length
    if length is None:
        length = 2 * longest if longest else 1000
    drawing = Drawing(flags.seed, flags.temperature)
    text.encode(prompt)  # raises before anything is printed
    pieces = write(network, text, prompt, length, drawing)
    for piece in itertools.chain([prompt], pieces, ["\n"]):
        show(piece)


def show(text: str) -> None:
    """Prints a text at once; a terminal gets control characters escaped."""
    if sys.stdout.isatty():
        control = "[^\n\t -~\xa0-\U0010ffff]"
        text = re.sub(control, lambda match: ascii(match[0])[1:-1], text)
    print(text, end="", flush=True)


def main() -> None:
    """Reads the flags, and puts errors in one line."""
    parser = argparse.ArgumentParser(description="Write with this network.")
    parser.add_argument("--prompt", default="", help="the text to continue")
    parser.add_argument("--length", type=int, help="characters, words or bytes")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--score", metavar="FILE", help="how likely a text is")
    flags = parser.parse_args()
    stdout: Any = sys.stdout
    stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if not (0 <= flags.temperature < np.inf and (flags.length or 0) >= 0):
        parser.error("expected a temperature and a length of 0 or above")
    try:
        run(flags)
    except (OSError, ValueError) as error:
        sys.exit(f"sample.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
