"""Measure what constraints cost: text of a form beside text without one.

The same network of random weights writes both. They take turns (A B A B ...),
and a figure is the median of the turns.

    python benchmarks/control.py

A second table shows how long automata take to make, and how large they are.
"""

import argparse
import itertools
import random
import statistics
import string
import time

import numpy as np

import charrnn

CHARACTERS = "\n !\"&',-.24568:;?" + string.ascii_letters
WORDS = 10_000
UNITS = 512
SONNETS = r"([A-Z]+:\n(.{20,40}\n){14}){40}"
FORBIDDEN = ["the", "And", "lord"]
EXPRESSIONS = (
    SONNETS,
    r"(\w+ ){1,200}",
    r"\b(?i:alas|woe)\b",
    r"(.*a){20}",
    r"(a{1,1000}){1,1000}",
    r"(a|b)*a(a|b){30}",
    r"(a?){5000}a{5000}",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=9, help="(default: 9)")
    parser.add_argument(
        "--units", type=int, default=400, help="drawn in a turn (default: 400)"
    )
    arguments = parser.parse_args()
    for name, vocabulary in (
        ("characters", charrnn.Vocabulary(CHARACTERS)),
        ("words", charrnn.WordVocabulary(words())),
    ):
        sampler = charrnn.Sampler(engine_of(vocabulary))
        print(f"2x{UNITS}, {len(vocabulary):,} {name}: microseconds a step")
        for count in (1, 16):
            compare(sampler, count, arguments.turns, arguments.units)
    print("\nseconds to make an automaton of the characters")
    for pattern in EXPRESSIONS:
        make(pattern)


def words():
    """The characters, and words of random letters as long as English ones."""
    source = random.Random(0)
    found = dict.fromkeys(CHARACTERS)
    while len(found) < WORDS:
        size = min(14, 2 + int(source.expovariate(0.3)))
        letters = "".join(source.choices(string.ascii_lowercase, k=size))
        found[" " + letters if source.random() < 0.8 else letters] = None
    return list(found)


def engine_of(vocabulary):
    """An LSTM of two layers with one-hot input and random weights."""
    source = np.random.default_rng(0)
    size, gates = len(vocabulary), 4 * UNITS

    def weights(*shape):
        return source.normal(0, 0.05, shape).astype(np.float32)

    layers = [
        ("LSTM", {}, [weights(n, gates), weights(UNITS, gates), weights(gates)])
        for n in (size, UNITS)
    ]
    dense = ("Dense", {}, [weights(UNITS, size), weights(size)])
    return charrnn.Engine([*layers, dense], vocabulary)


def compare(sampler, count, turns, units):
    """Prints the time of a step without constraints, and with them."""
    vocabulary = sampler.vocabulary
    match = charrnn.Match(SONNETS, vocabulary)
    forbid = charrnn.Forbid(FORBIDDEN, vocabulary)
    forms = {"none": [], "match": [match], "forbid": [forbid]}
    times = {name: [] for name in forms}
    for turn in range(turns):
        for name, constraints in forms.items():
            drawing = sampler.stream(
                length=10**6, count=count, seed=turn, constraints=constraints
            )
            began = time.perf_counter()
            drawn = sum(1 for _ in itertools.islice(drawing, units * count))
            seconds = time.perf_counter() - began
            assert drawn == units * count
            times[name].append(1e6 * seconds / units)
    base = statistics.median(times["none"])
    for name, values in times.items():
        median = statistics.median(values)
        span = f"({min(values):.1f} to {max(values):.1f})"
        more = f"{median / base - 1:+.1%}"
        print(f"  {count:2} together, {name:6}  {median:8.1f}  {span}  {more}")


def make(pattern):
    """Prints how long an automaton takes, and how many states it has."""
    began = time.perf_counter()
    try:
        match = charrnn.Match(pattern, charrnn.Vocabulary(CHARACTERS))
        result = f"{len(match.automaton.table):,} states"
    except ValueError as error:
        result = str(error).split(".")[0]
    print(f"  {time.perf_counter() - began:6.3f}  {pattern:32}  {result}")


if __name__ == "__main__":
    main()
