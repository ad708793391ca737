"""Small trainings with either engine, and a process for those in JAX.

Keras has one backend in a process, and the other tests use TensorFlow's. Run
as a script with the JAX backend, this prints a JSON object of the results of
the functions that are named as arguments.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":  # as if TensorFlow were not installed
    from keras.src.utils import module_utils

    module_utils.tensorflow._available = False

import numpy as np

from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.scoring.scan import nats_of_rows
from charrnn.text.student_windows import StudentWindows, row_type
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows
from charrnn.training.distillation import Distillation
from charrnn.training.line_starts import LineStarts
from charrnn.training.round_scoring import RoundScorer
from charrnn.training.rules import rate_for
from charrnn.training.schedule import loss, optimizer
from charrnn.twins.fused import fused
from charrnn.twins.stateful import stateful_twin

STEPS, STREAMS, CHARACTERS = 6, 4, 9
BOUNDARY = CHARACTERS - 1  # of documents, where there are any
CELLS = "simple_rnn", "lstm", "gru"


def windows_of(boundary=None):
    ids = np.random.default_rng(0).integers(0, CHARACTERS, 150)
    sizes = {"batch_size": STREAMS, "seq_length": 5}
    if boundary is not None:
        return Windows(ids, **sizes, seed=1, boundary=boundary)
    return LineStarts(ids, **sizes, seed=1, line_end=0)


def twin_of(
    cell,
    dropout=0.0,
    precision="float32",
    recurrent_dropout=0.0,
    stock=False,
    **settings,
):
    """A small compiled twin; its weights depend on the cell only."""
    keras.utils.set_random_seed(1)
    model = build_model(
        range(CHARACTERS), cell=cell, units=6, layers=2, dropout=dropout,
        recurrent_dropout=recurrent_dropout,
    )  # fmt: skip
    random = np.random.default_rng(2)
    model.set_weights(
        [random.normal(0, 0.3, w.shape) for w in model.get_weights()]
    )
    if stock:
        twin = stateful_twin(model, batch_size=STREAMS)
    else:
        twin = fused(model, batch_size=STREAMS, precision=precision, **settings)
    twin.compile(optimizer(0.01, clip_norm=0.5), loss())
    twin.optimizer.build(twin.trainable_variables)
    return twin


def rates_and_kept():
    kept = np.ones((STEPS, STREAMS), bool)
    kept[2, 1] = kept[4, :3] = False
    return [0.01 / (i + 1) for i in range(STEPS)], kept


def losses_step_by_step(cell, boundary=None):
    """The losses of TensorFlow's engine, which does a step in a call."""
    twin, windows = twin_of(cell, boundary=boundary), windows_of(boundary)
    losses = []
    for step, (rate, kept) in enumerate(zip(*rates_and_kept(), strict=True)):
        twin.optimizer.learning_rate = rate
        for state in twin.states:
            state.assign(state * kept[:, None].astype("float32"))
        losses.append(float(twin.train_on_batch(*windows.batch(step))))
    return losses


def losses_in_calls(cell, calls=(1, 2, 3), devices=1, **settings):
    """The losses of the JAX engine, and all values at the end."""
    import jax
    from jax.sharding import Mesh

    from charrnn.twins.devices import STREAMS as AXIS
    from charrnn.twins.jax_steps import JaxSteps

    twin = twin_of(cell, **settings)
    mesh = Mesh(np.array(jax.devices()[:devices]), (AXIS,))
    windows = windows_of(boundary=settings.get("boundary"))
    steps = JaxSteps(twin, windows, mesh)
    rates, kept = rates_and_kept()
    losses, done = [], 0
    for count in calls:
        part = slice(done, done + count)
        losses += steps.train(done, rates[part], kept[part]).tolist()
        done += count
    values = [*twin.variables, *twin.optimizer.variables, *twin.states]
    return losses, [np.asarray(v.value).tolist() for v in values]


def of_cells():
    """The losses of each kind of cell."""
    return {cell: losses_in_calls(cell)[0] for cell in CELLS}


def of_cells_in_bfloat16():
    """The same, with products in bfloat16."""
    return {
        cell: losses_in_calls(cell, precision="bfloat16")[0] for cell in CELLS
    }


def nats():
    """The surprise of a text after a step on two devices; as lists."""
    import jax

    from charrnn.twins.devices import mesh_for
    from charrnn.twins.jax_steps import JaxSteps

    def train(twin):
        assert len(jax.devices()) == mesh_for(STREAMS).size == 2
        kept = np.ones((1, STREAMS), bool)
        JaxSteps(twin, windows_of()).train(0, [0.01], kept)

    return jax.tree.map(
        np.ndarray.tolist, nats_of_twins("lstm", "bfloat16", train=train)
    )


def nats_of_twins(cell, precision, boundary=None, train=lambda twin: None):
    """The surprise of rows of a text, and a twin's values before and after.

    By a twin's layers, after `train`, and by NumPy.

    Returns:
        `(nats, expected, before, after)`: `expected` is from NumPy.
    """
    twin = twin_of(cell, 0.5, precision, boundary=boundary)
    train(twin)
    vocabulary = Vocabulary("abcdefghi")
    vocabulary.boundary = boundary
    variables = [*twin.variables, *twin.states, *twin.optimizer.variables]
    before = [np.asarray(v.value) for v in variables]
    ids = np.random.default_rng(3).integers(0, CHARACTERS, (5, 100))
    nats = RoundScorer(twin).nats_of_rows(None, ids)
    engine = Engine.from_keras(twin.model, vocabulary)
    after = [np.asarray(v.value) for v in variables]
    return nats, nats_of_rows(engine, ids), before, after


def written_in_loops():
    """For each precision, the types of the sequences that loops write."""
    return {name: _written(name) for name in ("float32", "bfloat16")}


def _written(precision):
    import jax

    from charrnn.twins import scans
    from charrnn.twins.equations import LSTM

    def loss(inputs, kernel, recurrent, bias, states):
        outputs, _ = scans.run(LSTM, inputs, kernel, recurrent, bias, states)
        return outputs.astype("float32").sum()

    inputs = jax.numpy.ones((7, 3, 5), precision)
    shapes = (5, 16), (4, 16), (1, 16)
    weights = [np.ones(shape, "float32") for shape in shapes]
    states = [np.ones((3, 4), "float32")] * 2
    gradient = jax.jit(jax.grad(loss, (0, 1, 2)))
    compiled = gradient.lower(inputs, *weights, states).compile()
    return [
        line.split("=")[1].split("[")[0].strip()
        for line in compiled.as_text().splitlines()
        if " dynamic-update-slice(" in line
    ]


def of_documents():
    """The losses of each kind of cell if the last id is a boundary."""
    settings = {"devices": 2, "boundary": BOUNDARY}
    return {cell: losses_in_calls(cell, **settings)[0] for cell in CELLS}


def with_recurrent_dropout():
    """The losses of an LSTM and a GRU, of the scans and of stock layers.

    The GRU's scans compute its gates again, as they do on a GPU.
    """
    from charrnn.twins import scans

    losses = {}
    for cell, scans.RECOMPUTED in ("lstm", set()), ("gru", {"cpu"}):
        losses[cell] = [
            losses_in_calls(cell, recurrent_dropout=0.4, stock=stock)[0]
            for stock in (False, True)
        ]
    return losses


def small():
    """The losses of excerpts of the text on two devices."""
    from charrnn.twins import jax_text

    jax_text.MAX_TEXT_BYTES = 0
    return losses_in_calls("lstm", devices=2)[0]


def divided_into_calls():
    """Whether the bits are the same however the steps are divided."""
    settings = {"dropout": 0.3, "weight_drop": 0.2, "recurrent_dropout": 0.1}
    return [
        losses_in_calls("gru", calls, **settings)
        for calls in ((6,), (1, 5), (2, 2, 2))
    ]


def on_devices():
    """The losses on one device, and on two with half of the streams each."""
    return [losses_in_calls("lstm", devices=n)[0] for n in (1, 2)]


def excerpts():
    """The losses with the text on the device, and with excerpts of it."""
    from charrnn.twins import jax_text

    on_device = losses_in_calls("lstm")[0]
    jax_text.MAX_TEXT_BYTES = 0
    return [on_device, *(losses_in_calls("lstm", devices=n)[0] for n in (1, 2))]


def losses_of_many_steps(cell):
    """The losses of 300 steps at the recipe's rate.

    At much higher rates training multiplies rounding errors (benchmarks/README,
    "Do both engines compute the same?").
    """
    keras.utils.set_random_seed(1)
    model = build_model(
        range(CHARACTERS), cell=cell, units=32, layers=1, dropout=0.0
    )
    random = np.random.default_rng(2)
    model.set_weights(
        [random.normal(0, 0.15, w.shape) for w in model.get_weights()]
    )
    twin = fused(model, batch_size=STREAMS, precision="float32")
    rate = rate_for(cell, 32)
    twin.compile(optimizer(rate, clip_norm=1.0), loss())
    twin.optimizer.build(twin.trainable_variables)
    ids = np.arange(5000) ** 2 // 7 + random.integers(0, 2, 5000)
    ids %= CHARACTERS
    windows = Windows(ids, batch_size=STREAMS, seq_length=8, seed=1)
    if keras.backend.backend() == "jax":
        return _in_three_calls(twin, windows, rate)
    twin.optimizer.learning_rate = rate
    return [float(twin.train_on_batch(*windows.batch(i))) for i in range(300)]


def _in_three_calls(twin, windows, rate):
    from charrnn.twins.jax_steps import JaxSteps

    steps, kept = JaxSteps(twin, windows), np.ones((100, STREAMS), bool)
    calls = [steps.train(done, [rate] * 100, kept) for done in (0, 100, 200)]
    return np.concatenate(calls).tolist()


def of_many_steps():
    """The losses of 300 steps, of each kind of cell."""
    return {cell: losses_of_many_steps(cell) for cell in CELLS}


def losses_of_seeds(train, seeds=5):
    """For each seed of dropout, the mean loss of the last steps of 60."""
    twin = twin_of("gru", dropout=0.4)
    ids = np.arange(600) ** 2 // 7 % CHARACTERS
    windows = Windows(ids, batch_size=STREAMS, seq_length=5, seed=1)
    run = train(twin, windows)
    first = [np.array(v.value) for v in all_variables(twin)]
    means = []
    for seed in range(seeds):
        for variable, value in zip(all_variables(twin), first, strict=True):
            is_seed = value.shape == (2,) and value.dtype.kind in "iu"
            variable.assign([seed, 0] if is_seed else value)
        means.append(float(np.mean(run()[-20:])))
    return means


def all_variables(twin):
    return [*twin.variables, *twin.optimizer.variables, *twin.states]


def by_tensorflow(twin, windows):
    def run():
        twin.optimizer.learning_rate = 0.01
        return [
            float(twin.train_on_batch(*windows.batch(i))) for i in range(60)
        ]

    return run


def by_jax(twin, windows):
    from charrnn.twins.jax_steps import JaxSteps

    steps, kept = JaxSteps(twin, windows), np.ones((60, STREAMS), bool)
    return lambda: steps.train(0, [0.01] * 60, kept)


def student_of(units):
    """A twin that learns from teachers who expect something at random."""
    keras.utils.set_random_seed(1)
    model = build_model(
        range(units), cell="simple_rnn", units=6, layers=1, dropout=0.0
    )
    random = np.random.default_rng(2)
    model.set_weights(
        [random.normal(0, 0.3, w.shape) for w in model.get_weights()]
    )
    twin = fused(model, batch_size=STREAMS, precision="float32")
    twin.compile(optimizer(0.01, clip_norm=0.5), Distillation(0.7))
    twin.optimizer.build(twin.trainable_variables)
    ids, rows = random.integers(0, units, 150), np.zeros(150, row_type(units))
    if "ids" in rows.dtype.names:
        rows["ids"] = random.permuted(
            np.tile(np.arange(units), (150, 1)), axis=1
        )[:, : rows["ids"].shape[1]]
    p = random.random(rows["probabilities"].shape)
    rows["probabilities"] = p / p.sum(-1, keepdims=True)
    windows = Windows(ids, batch_size=STREAMS, seq_length=5, seed=1)
    return twin, StudentWindows(windows, rows)


def students():
    """The losses of students, with all on the device and with excerpts."""
    from charrnn.twins import jax_text

    losses = {}
    for units in (9, 300):
        jax_text.MAX_EXPECTED_BYTES = 2**31
        losses[units] = [by_jax(*student_of(units))().tolist()]
        jax_text.MAX_EXPECTED_BYTES = 0
        losses[units].append(by_jax(*student_of(units))().tolist())
    return losses


def with_dropout():
    """The losses of five seeds of dropout."""
    return losses_of_seeds(by_jax)


def fit():
    """The losses of two windows in `fit`, and of the second on its own."""
    losses = []
    for first in (0, 1):
        twin = twin_of("gru")
        twin.optimizer.learning_rate = 0.0
        batches = [windows_of().batch(i) for i in range(first, 2)]
        inputs, targets = map(np.concatenate, zip(*batches, strict=True))
        history = twin.fit(inputs, targets, verbose=0)
        losses.append(history.history["loss"][0])
    whole, second = losses
    first = float(twin_of("gru").train_on_batch(*windows_of().batch(0)))
    return [2 * whole - first, second]


def masks_differ():
    """Whether two devices draw different masks of dropout."""
    one, two = (
        losses_in_calls("lstm", dropout=0.5, devices=n)[0] for n in (1, 2)
    )
    return one[0] != two[0]


def in_jax(*names, devices=2):
    """Returns the results of functions of this module, run with JAX."""
    here = Path(__file__)
    paths = [str(here.parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, here, *names],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_NUM_CPU_DEVICES": str(devices),
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # compiles faster
            "PYTHONPATH": os.pathsep.join(paths),
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


if __name__ == "__main__":
    results = {name: globals()[name]() for name in sys.argv[1:]}
    assert "tensorflow" not in sys.modules
    print(json.dumps(results))
