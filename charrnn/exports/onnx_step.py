"""Write a network as ONNX: one step, its state passed in and out.

Keras's own export to ONNX leaves out recurrent layers on some backends, so the
equations are written here, in plain operators:

    inputs   ids (batch,) int32, and h1, c1, h2, ... (batch, units)
    outputs  logits (batch, size), and new_h1, new_c1, new_h2, ...

The states are those of the recurrent layers, the lowest first; c is the cell
state of an LSTM. A text begins with zeros. In a model of documents the step
sets the state of a row to zero before it reads the boundary. The metadata has
the vocabulary and all else of `contents.described`, each entry as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.exports.contents import WEIGHTS, arrays_of, described
from charrnn.network.cells import cell_of_layer
from charrnn.network.engine import Engine
from charrnn.system import atomic

if TYPE_CHECKING:
    import onnx

OPSET = 17  # of ONNX 1.12, from 2022: what runs ONNX today reads it
IR_VERSION = 8  # the file format of the same year
MAX_BYTES = 2**31 - 1  # of a file: Protocol Buffers can hold no more

NOT_INSTALLED = (
    "Expected the package onnx, which writes .onnx files. It is not installed "
    "here. Run `pip install onnx`."
)


class Graph:
    """The nodes and the weights of a graph, as they are added.

    Args:
        arrays: The weights by name, as `arrays_of` returns them.

    Attributes:
        nodes: The nodes, in the order of computation.
        constants: The weights as tensors.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        for name, array in arrays.items():
            if array.dtype == np.float16:
                self.constant(f"{name}_float16", array)
                self.add("Cast", f"{name}_float16", to=name, type=np.float32)
            else:
                self.constant(name, array)

    def constant(self, name: str, array: np.ndarray) -> None:
        """Adds an array that does not change."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(array, name))

    def add(
        self, operator: str, *inputs: str, to: str | Sequence[str], **how: Any
    ) -> None:
        """Adds a node.

        Args:
            operator: Of ONNX, such as `"MatMul"`.
            *inputs: The names of its inputs.
            to: The name of its output, or the names of several.
            **how: Its attributes; the `type` of a cast as one of NumPy.
        """
        from onnx import helper

        outputs = [to] if isinstance(to, str) else list(to)
        node = helper.make_node(operator, inputs, outputs, name=outputs[0])
        if "type" in how:
            kind = helper.np_dtype_to_tensor_dtype(np.dtype(how.pop("type")))
            node.attribute.append(helper.make_attribute("to", kind))
        for key, value in how.items():
            node.attribute.append(helper.make_attribute(key, value))
        self.nodes.append(node)


def step_model(engine: Engine, weights: str = WEIGHTS[0]) -> "onnx.ModelProto":
    """Makes the ONNX model of a step.

    Args:
        engine: The model.
        weights: The type in which they are stored, as for `arrays_of`. The
            computation is in float32.

    Returns:
        An `onnx.ModelProto`, which `onnx.checker` has checked.

    Raises:
        ValueError: as `arrays_of` does, or if it is too large for a file, or
            onnx is not installed.
    """
    arrays = arrays_of(engine, weights)
    if sum(array.nbytes for array in arrays.values()) > MAX_BYTES * 0.99:
        raise ValueError(
            "Expected a network of less than 2 GB: ONNX keeps more in several "
            "files. Export it with float16 weights, or as a folder."
        )
    try:
        from onnx import checker, helper
    except ModuleNotFoundError as error:
        raise ValueError(NOT_INSTALLED) from error
    graph = _graph(engine, arrays)
    inputs, outputs = _ends(engine)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "charrnn", inputs, outputs, graph.constants
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="charrnn",
        doc_string="One step of a recurrent network that writes text.",
    )
    entries = described(engine).items()
    helper.set_model_props(model, {k: json.dumps(v) for k, v in entries})
    checker.check_model(model)
    return model


def _graph(engine: Engine, arrays: Mapping[str, np.ndarray]) -> Graph:
    """The step: the lowest layer reads ids, the logits are of the highest."""
    graph = Graph(arrays)
    if "embedding" in arrays:
        graph.add("Gather", "embedding", "ids", to="read")
        graph.add("MatMul", "read", "W1", to="x1_W1")
    else:  # a row of W1 is its product with a one-hot vector
        graph.add("Gather", "W1", "ids", to="x1_W1")
    _reset(graph, engine)
    below = ""
    for number, layer in enumerate(engine.layers, 1):
        if below:
            graph.add("MatMul", below, f"W{number}", to=f"x{number}_W{number}")
        graph.add("Add", f"x{number}_W{number}", f"b{number}", to=f"x{number}")
        STEPS[layer.name](graph, str(number))
        below = f"new_h{number}"
    graph.add("MatMul", below, "W", to="h_W")
    graph.add("Add", "h_W", "b", to="logits")
    return graph


def _reset(graph: Graph, engine: Engine) -> None:
    """Sets the states of rows to zero that read a boundary: kept_h1, ..."""
    boundary = engine.vocabulary.boundary
    if boundary is None:
        for name, _ in _states(engine):
            graph.add("Identity", name, to=f"kept_{name}")
        return
    graph.constant("boundary", np.array(boundary, np.int32))
    graph.constant("columns", np.array([1], np.int64))
    graph.add("Equal", "ids", "boundary", to="begins")
    graph.add("Not", "begins", to="goes_on")
    graph.add("Cast", "goes_on", to="goes_on_1", type=np.float32)
    graph.add("Unsqueeze", "goes_on_1", "columns", to="kept")
    for name, _ in _states(engine):
        graph.add("Mul", name, "kept", to=f"kept_{name}")


def _simple_rnn(graph: Graph, n: str) -> None:
    """h = tanh(x + h U)."""
    graph.add("MatMul", f"kept_h{n}", f"U{n}", to=f"h{n}_U{n}")
    graph.add("Add", f"x{n}", f"h{n}_U{n}", to=f"z{n}")
    graph.add("Tanh", f"z{n}", to=f"new_h{n}")


def _lstm(graph: Graph, n: str) -> None:
    """c = f c + i g, and h = o tanh(c)."""
    graph.add("MatMul", f"kept_h{n}", f"U{n}", to=f"h{n}_U{n}")
    graph.add("Add", f"x{n}", f"h{n}_U{n}", to=f"z{n}")
    blocks = [f"{gate}{n}_z" for gate in "ifgo"]
    graph.add("Split", f"z{n}", to=blocks, axis=1)
    for gate in "ifo":
        graph.add("Sigmoid", f"{gate}{n}_z", to=f"{gate}{n}")
    graph.add("Tanh", f"g{n}_z", to=f"g{n}")
    graph.add("Mul", f"f{n}", f"kept_c{n}", to=f"f{n}_c{n}")
    graph.add("Mul", f"i{n}", f"g{n}", to=f"i{n}_g{n}")
    graph.add("Add", f"f{n}_c{n}", f"i{n}_g{n}", to=f"new_c{n}")
    graph.add("Tanh", f"new_c{n}", to=f"tanh_c{n}")
    graph.add("Mul", f"o{n}", f"tanh_c{n}", to=f"new_h{n}")


def _gru(graph: Graph, n: str) -> None:
    """g = tanh(x + r (h U + d)), and h = z h + (1 - z) g."""
    graph.add("MatMul", f"kept_h{n}", f"U{n}", to=f"h{n}_U{n}")
    graph.add("Add", f"h{n}_U{n}", f"d{n}", to=f"inner{n}")
    graph.add("Split", f"x{n}", to=[f"{g}{n}_x" for g in "zrg"], axis=1)
    graph.add("Split", f"inner{n}", to=[f"{g}{n}_h" for g in "zrg"], axis=1)
    for gate in "zr":
        graph.add("Add", f"{gate}{n}_x", f"{gate}{n}_h", to=f"{gate}{n}_sum")
        graph.add("Sigmoid", f"{gate}{n}_sum", to=f"{gate}{n}")
    graph.add("Mul", f"r{n}", f"g{n}_h", to=f"r{n}_g{n}")
    graph.add("Add", f"g{n}_x", f"r{n}_g{n}", to=f"g{n}_sum")
    graph.add("Tanh", f"g{n}_sum", to=f"g{n}")
    # z h + (1 - z) g = g + z (h - g)
    graph.add("Sub", f"kept_h{n}", f"g{n}", to=f"h{n}_minus_g{n}")
    graph.add("Mul", f"z{n}", f"h{n}_minus_g{n}", to=f"z{n}_part")
    graph.add("Add", f"g{n}", f"z{n}_part", to=f"new_h{n}")


STEPS = {"SimpleRNN": _simple_rnn, "LSTM": _lstm, "GRU": _gru}


def _states(engine: Engine) -> list[tuple[str, int]]:
    """The name of each state, such as "h1", and its number of units."""
    found = []
    for number, layer in enumerate(engine.layers, 1):
        cell = cell_of_layer(layer.name)
        assert cell is not None
        found += [(f"{s}{number}", len(layer.U)) for s in cell.states]
    return found


def _ends(engine: Engine) -> tuple[list[Any], list[Any]]:
    """The types of the inputs and the outputs."""
    from onnx import TensorProto, helper

    def floats(name, columns):
        shape = ["batch", columns]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    ids = helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch"])
    states = _states(engine)
    return (
        [ids, *(floats(name, units) for name, units in states)],
        [
            floats("logits", len(engine.vocabulary)),
            *(floats(f"new_{name}", units) for name, units in states),
        ],
    )


def write(engine: Engine, path: Path, weights: str, title: str) -> None:
    """Writes an .onnx file, whole or not at all.

    Args:
        engine: The model.
        path: The file.
        weights: As for `step_model`.
        title: Not used: an .onnx file has none.

    Raises:
        ValueError: as `step_model` does.
        OSError: if the file cannot be written.
    """
    data = step_model(engine, weights).SerializeToString()
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(data)
