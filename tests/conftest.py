"""What tests of several modules need."""

import collections
import signal
import types

import hypothesis
import pytest
from tiny_run import ROOT, SEA, TINY, run

# A busy machine takes as long as it takes: no example has a deadline.
hypothesis.settings.register_profile("charrnn", deadline=None)
hypothesis.settings.load_profile("charrnn")

SENTENCE = "out of the cradle endlessly rocking. "


def pytest_configure():
    """A shell has what runs in its background ignore Ctrl-C; tests need it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def text(tmp_path_factory):
    """A file with a short text to train on."""
    path = tmp_path_factory.mktemp("text") / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A tiny run of `train.py`, made once for all tests: leave it as it is.

    Its `folder`, the `text` that it learnt, and what training printed, the
    `stdout` and the `stderr`.
    """
    place = tmp_path_factory.mktemp("trained")
    path = place / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    result = run(ROOT / "train.py", path.name, *TINY, cwd=place)
    assert result.returncode == 0, result.stderr
    return types.SimpleNamespace(
        folder=place / "runs" / "sea-1",
        text=path,
        stdout=result.stdout,
        stderr=result.stderr,
    )


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


TALLY = pytest.StashKey()


@pytest.fixture
def tally(request):
    """A counter of trials, told at the end of the tests."""
    return request.config.stash.setdefault(TALLY, collections.Counter())


def pytest_terminal_summary(terminalreporter, config):
    for trials, number in config.stash.get(TALLY, {}).items():
        terminalreporter.write_line(f"{number:6,} {trials}")
