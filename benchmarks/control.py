"""Measure what constraints cost: text of a form beside text without one.

The same network of random weights writes both; that which comes with charrnn
shows what it costs not to copy. They take turns (A B A B ...). A figure is the
median of the turns, and a percentage the median of their ratios.

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
MAX_RUN = 20
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
    print(f"shakespeare, which copies at most {MAX_RUN} characters")
    sampler = charrnn.Sampler("shakespeare")
    source = charrnn.read("shakespeare")
    compare_copying(sampler, source, arguments.turns, arguments.units)
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
    take_turns(sampler, count, turns, units, forms)


def compare_copying(sampler, source, turns, units):
    """Prints what it costs not to copy from the text the model learnt."""
    vocabulary = sampler.vocabulary
    max_copy = charrnn.MaxCopy(source, vocabulary, max_run=MAX_RUN)
    match = charrnn.Match(SONNETS, vocabulary)
    forms = {"none": [], "max-copy": [max_copy], "and match": [max_copy, match]}
    for count in (1, 16):
        take_turns(sampler, count, turns, units, forms, temperature=0.5)


def take_turns(sampler, count, turns, units, forms, **filters):
    """Prints the time of a step with each of some lists of constraints."""
    times = {name: [] for name in forms}
    for turn in range(turns):
        for name, constraints in forms.items():
            drawing = sampler.stream(
                length=10**6,
                count=count,
                seed=turn,
                constraints=constraints,
                **filters,
            )
            began = time.perf_counter()
            drawn = sum(1 for _ in itertools.islice(drawing, units * count))
            seconds = time.perf_counter() - began
            assert drawn == units * count
            times[name].append(1e6 * seconds / units)
    for name, values in times.items():
        median = statistics.median(values)
        span = f"({min(values):.1f} to {max(values):.1f})"
        pairs = zip(values, times["none"], strict=True)
        more = statistics.median(own / base for own, base in pairs) - 1
        label = f"{count:2} together, {name:9}"
        print(f"  {label}  {median:8.1f}  {span}  {more:+.1%}")


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
