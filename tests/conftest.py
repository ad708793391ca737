"""What tests of several modules need."""

import collections
import contextlib
import gc
import io
import os
import signal
import sys
import types

import hypothesis
import pytest
from tiny_run import SEA, TINY

# A busy machine takes as long as it takes: no example has a deadline.
hypothesis.settings.register_profile("charrnn", deadline=None)
hypothesis.settings.load_profile("charrnn")

SENTENCE = "out of the cradle endlessly rocking. "


def pytest_configure():
    """A shell has what runs in its background ignore Ctrl-C; tests need it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="module", autouse=True)
def clear_memory():
    """Lets go of a module's models and of what was compiled for them."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
        gc.collect()
        gc.freeze()  # what is left now stays, and need not be looked at again


@pytest.fixture(scope="session")
def text(tmp_path_factory):
    """A file with a short text to train on."""
    path = tmp_path_factory.mktemp("text") / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A tiny run of `charrnn train`, made once: leave it as it is.

    Its `folder`, and the `text` that it learnt.
    """
    from charrnn.commands import main

    place = tmp_path_factory.mktemp("trained")
    path = place / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["train", path.name, *TINY]) == 0
    folder = place / "runs" / "sea-1"
    return types.SimpleNamespace(folder=folder, text=path)


@pytest.fixture(scope="module")
def quick_ends():
    """A run times the machine only briefly, and draws no picture of losses.

    For tests of other things, which train often. Tests that train in a
    process of its own do without.
    """
    from charrnn.training import ending, finish

    def write_no_picture(history, path, *arguments):
        path.write_bytes(b"\x89PNG")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ending, "PROBE_SECONDS", 0.005)
        patch.setattr(finish, "plot_losses", write_no_picture)
        yield


@pytest.fixture
def setting():
    """A tiny model, its compiled twin and the windows to train it on."""
    from charrnn.network.backend import keras
    from charrnn.network.model import build_model
    from charrnn.text.vocabulary import Vocabulary
    from charrnn.text.windows import Windows
    from charrnn.training import schedule
    from charrnn.twins.stateful import stateful_twin

    keras.utils.set_random_seed(1)
    vocabulary = Vocabulary.from_text(SENTENCE)
    ids = vocabulary.encode(SENTENCE * 20)
    windows = Windows(ids, batch_size=4, seq_length=10, seed=1)
    model = build_model(vocabulary, units=16, layers=1, dropout=0.0)
    twin = stateful_twin(model, batch_size=4, seq_length=10)
    twin.compile(schedule.optimizer(0.01), schedule.loss())

    def fit(callbacks, steps_per_round=10):
        twin.fit(
            windows.dataset(),
            epochs=1000,
            steps_per_epoch=steps_per_round,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )

    return types.SimpleNamespace(
        vocabulary=vocabulary,
        windows=windows,
        model=model,
        twin=twin,
        ids=ids,
        fit=fit,
    )


# Tests run in this many processes at most: each takes up to 1.5 GB.
MAX_WORKERS = 8


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """A worker for each core, and none for files that are named.

    Workers take seconds to start, so few tests are done sooner without them.
    """
    if all(".py" in argument for argument in config.args):
        return 0
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(cores, MAX_WORKERS) if cores > 1 else 0


TALLY = pytest.StashKey()


@pytest.fixture
def tally(request):
    """A counter of trials, told at the end of the tests."""
    return request.config.stash.setdefault(TALLY, collections.Counter())


def pytest_sessionfinish(session):
    """A worker hands on what it counted."""
    if hasattr(session.config, "workeroutput"):
        counted = dict(session.config.stash.get(TALLY, {}))
        session.config.workeroutput["tally"] = counted


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Adds what a worker counted to what the others did."""
    tally = node.config.stash.setdefault(TALLY, collections.Counter())
    tally.update(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter, config):
    for trials, number in config.stash.get(TALLY, {}).items():
        terminalreporter.write_line(f"{number:6,} {trials}")
