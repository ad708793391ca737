"""Write and score texts with the network of a folder, with NumPy alone.

    python sample.py --prompt "Dear " --length 200 --seed 1
    python sample.py --score letter.txt

model.npz has the network's weights: W1, U1 and b1 of the lowest recurrent
layer, W2, U2 and b2 of the next, and W and b, which make logits of the highest
layer's output. model.json says what they mean: the cells, the vocabulary. The
same seed writes what `charrnn generate` writes.
"""

import argparse
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
States = list[State]  # of all layers, the lowest first
# [word]
Ids = tuple[int, ...]
# [/word]
MAX_PROMPT = 16_384  # only the end of a longer prompt is read


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    return (1 + np.tanh(x / 2)) / 2


# [SimpleRNN]
def simple_rnn(x: np.ndarray, state: State, U: np.ndarray) -> State:
    """Elman 1990."""
    (h,) = state
    return (np.tanh(x + h @ U),)


# [/SimpleRNN]
# [LSTM]
def lstm(x: np.ndarray, state: State, U: np.ndarray) -> State:
    """Hochreiter and Schmidhuber 1997: input, forget and output gate."""
    h, c = state
    i, f, g, o = np.split(x + h @ U, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


# [/LSTM]
# [GRU]
def gru(x: np.ndarray, state: State, U: np.ndarray, d: np.ndarray) -> State:
    """Cho et al. 2014: update gate z and reset gate r."""
    (h,) = state
    (xz, xr, xg), (hz, hr, hg) = np.split(x, 3), np.split(h @ U + d, 3)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return (z * h + (1 - z) * np.tanh(xg + r * hg),)


# [/GRU]
CELLS: dict[str, Any] = {
    # [SimpleRNN]
    "SimpleRNN": simple_rnn,
    # [/SimpleRNN]
    # [LSTM]
    "LSTM": lstm,
    # [/LSTM]
    # [GRU]
    "GRU": gru,
    # [/GRU]
}


class Model:
    """The network, and the ids of texts, as model.json says."""

    def __init__(self, folder: Path) -> None:
        text = (folder / "model.json").read_text(encoding="utf-8")
        self.about: dict[str, Any] = json.loads(text)
        with np.load(folder / "model.npz", allow_pickle=False) as stored:
            self.arrays = {k: stored[k].astype(np.float32) for k in stored}
        self.units: Any = self.about["vocabulary"]  # the text of each id
        self.ids = {unit: i for i, unit in enumerate(self.units or [])}
        # [byte]
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")
        self.decoder = decoder("backslashreplace")
        # [/byte]

    def start(self) -> States:
        """The state of each layer before a text: zeros."""
        states: States = []
        for n, cell in enumerate(self.about["cells"], 1):
            zeros = np.zeros(len(self.arrays[f"U{n}"]), np.float32)
            states.append((zeros, zeros) if cell == "LSTM" else (zeros,))
        return states

    def step(self, unit: int, states: States) -> tuple[np.ndarray, States]:
        """Reads an id; the logits are of the next one."""
        # [documents]
        if unit == self.about["boundary"]:  # a document begins
            states = self.start()
        # [/documents]
        a = self.arrays
        if "embedding" in a:
            x = a["embedding"][unit] @ a["W1"]
        else:
            x = a["W1"][unit]  # what a one-hot vector times W1 would be
        after: States = []
        for n, cell in enumerate(self.about["cells"], 1):
            x = (after[-1][0] @ a[f"W{n}"] if after else x) + a[f"b{n}"]
            own = [a[name] for name in (f"U{n}", f"d{n}") if name in a]
            after.append(CELLS[cell](x, states[n - 1], *own))
        return after[-1][0] @ a["W"] + a["b"], after

    def form(self, data: bytes) -> str:
        """A file's text, with the line ends and accents of the training."""
        # [byte]
        if self.units is None:
            return data.decode("utf-8", "surrogateescape")
        # [/byte]
        text = data.decode("utf-8-sig")
        if self.about["newline"] == "lf":
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        form = self.about["normalize"]
        return unicodedata.normalize(form, text) if form else text

    def encode(self, text: str) -> list[int]:
        """The ids of a text."""
        # [byte]
        if self.units is None:
            return list(text.encode("utf-8", "surrogateescape"))
        # [/byte]
        for place, character in enumerate(text):
            if character not in self.ids:
                what = f"{character!a}, at position {place:,}"
                raise ValueError(f"The model does not know {what}.")
        # [word]
        if self.about["unit"] == "word":  # those not known are spelled out
            cuts = re.findall(self.about["cuts"], text)
            known = ([cut] if cut in self.ids else list(cut) for cut in cuts)
            return [self.ids[unit] for units in known for unit in units]
        # [/word]
        return [self.ids[character] for character in text]

    def shown(self, unit: int) -> str:
        """The text of an id."""
        # [byte]
        if self.units is None:  # a character comes with its last byte
            return self.decoder.decode(bytes([unit]))
        # [/byte]
        return self.units[unit]

    def characters(self, unit: int) -> int:
        """How many characters an id counts as, in a score."""
        # [documents]
        if unit == self.about["boundary"]:
            return 1
        # [/documents]
        # [byte]
        if self.units is None:
            return int(not 0x80 <= unit < 0xC0)  # those that begin one
        # [/byte]
        return len(self.units[unit])

    def beginning(self, prompt: str) -> list[int]:
        """The ids to read first: of an empty prompt, those of a line end."""
        # [documents]
        if self.about["boundary"] is not None:
            return [self.about["boundary"], *self.encode(prompt)]
        # [/documents]
        single = [unit for unit in self.units or ["\n"] if len(unit) == 1]
        first = "\n" if "\n" in single else single[0]
        return self.encode(prompt or first)

    # [documents]
    def documents(self, text: str) -> list[int]:
        """The ids of a text's documents, with boundaries around each."""
        by, edge = self.about["documents"], self.about["boundary"]
        parts, ids = [text], [edge]
        if by != "files":
            edges = "\r\n|\r|\n" if by == "lines" else re.escape(by)
            parts = [part.strip("\r\n") for part in re.split(edges, text)]
        for part in parts:
            ids += [*self.encode(part), edge] if part.strip() else []
        return ids

    # [/documents]
    # [word]
    def settled(self, prompt: str) -> int:
        """Where the last word of a prompt begins, which may be unfinished."""
        borders = [
            {0, *(m.end() for m in re.finditer(self.about["cuts"], text))}
            for text in (prompt + more for more in self.about["continuations"])
        ] or [{len(prompt)}]
        common = set.intersection(*borders)
        return max(place for place in common if place <= len(prompt))

    def completions(self, rest: str) -> list[Ids]:
        """What the end of a prompt may be: words that begin with it, itself."""
        found = [i for word, i in self.ids.items() if word.startswith(rest)]
        words = [(i,) for i in found if i != self.about["stand_in"]]
        spelled = tuple(self.ids[character] for character in rest)
        return list(dict.fromkeys([*words, tuple(self.encode(rest)), spelled]))

    # [/word]


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
    model: Model, prompt: str, length: int, drawing: Drawing
) -> Iterator[str]:
    """Yields the text that follows a prompt, as it is drawn."""
    settled, states = len(prompt), model.start()
    # [byte]
    model.decoder.reset()
    # [/byte]
    # [word]
    settled = model.settled(prompt)
    # [/word]
    for unit in model.beginning(prompt[:settled])[-MAX_PROMPT:]:
        logits, states = model.step(unit, states)
    # [documents]
    if model.about["boundary"] is not None and not settled:
        logits[model.about["boundary"]] = -np.inf  # no document is empty
    # [/documents]
    # [word]
    if length and settled < len(prompt):
        paths = model.completions(prompt[settled:])
        path = paths[drawing.draw(log_p(model, paths, logits, states))]
        for unit in path:
            logits, states = model.step(unit, states)
        yield "".join(map(model.shown, path))[len(prompt) - settled :]
    # [/word]
    for _ in range(length):
        if model.about["stand_in"] is not None:
            logits[model.about["stand_in"]] = -np.inf  # never written
        unit = drawing.draw(logits)
        # [documents]
        if unit == model.about["boundary"]:
            return
        # [/documents]
        yield model.shown(unit)
        logits, states = model.step(unit, states)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithms of the probabilities."""
    logits = logits.astype(np.float64) - logits.max()
    return logits - np.log(np.exp(logits).sum())


# [word]
def log_p(
    model: Model, paths: list[Ids], logits: np.ndarray, states: States
) -> np.ndarray:
    """The logarithm of the probability of each of several texts, as ids."""
    found = log_softmax(logits)[[path[0] for path in paths]]
    for place, path in enumerate(paths):
        after = states
        for unit, following in itertools.pairwise(path):
            logits, after = model.step(unit, after)
            found[place] += log_softmax(logits)[following]
    return found


# [/word]
def score(model: Model, text: str) -> tuple[float, int]:
    """The bits per character of a text, and how many characters count."""
    bits, characters, states = 0.0, 0, model.start()
    encode = model.encode
    # [documents]
    if model.about["boundary"] is not None:
        encode = model.documents
    # [/documents]
    for unit, following in itertools.pairwise(encode(text)):
        logits, states = model.step(unit, states)
        bits -= log_softmax(logits)[following] / np.log(2)
        characters += model.characters(following)
    if not characters:
        raise ValueError("The text is too short: its first unit is context.")
    return bits / characters, characters


def run(flags: argparse.Namespace) -> None:
    """Writes, or scores."""
    model = Model(Path(__file__).parent)
    if flags.score:
        text = model.form(Path(flags.score).read_bytes())
        bits, characters = score(model, text)
        print(f"{bits:.4f} bits per character, {characters:,} characters")
        return
    prompt = model.form(flags.prompt.encode("utf-8", "surrogateescape"))
    model.encode(prompt)  # raises before anything is printed
    length = flags.length
    if length is None:
        longest = model.about["longest_document"]
        length = 2 * longest if longest else 1000
    drawing = Drawing(flags.seed, flags.temperature)
    pieces = write(model, prompt, length, drawing)
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
    parser = argparse.ArgumentParser(description="Write with this model.")
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
