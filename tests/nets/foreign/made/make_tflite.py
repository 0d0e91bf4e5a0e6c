"""Makes the models of TensorFlow Lite beside it, and what TensorFlow Lite itself computes of them.

Run in an environment of its own: pip install ai-edge-litert flatbuffers numpy; python make_tflite.py. Each model is one
operator with random weights, written with the schema's own classes; tflite.npz holds x and, by model, the output.
"""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

HERE = Path(__file__).parent
F, H, P, T = 3, 5, 4, 9
X = np.random.default_rng(7).normal(size=(1, T, F)).astype("f4") * 2


class Maker:
    """One model in the making: its tensors and buffers."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors, self.buffers = [], [schema.BufferT()]

    def tensor(
        self, name: str, shape: tuple[int, ...], values: np.ndarray | None = None, variable: bool = False
    ) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.isVariable = (
            name.encode(),
            list(shape),
            schema.TensorType.FLOAT32,
            variable,
        )
        made.buffer = 0
        if values is not None:
            made.buffer = len(self.buffers)
            self.buffers.append(schema.BufferT())
            if values.dtype == np.int8:
                made.type, made.quantization = schema.TensorType.INT8, schema.QuantizationParametersT()
                made.quantization.scale, made.quantization.zeroPoint = [0.01], [0]
            self.buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def weights(self, *shape: int, whole: bool = False) -> int:
        values = self.rng.normal(size=shape) * 0.7
        made = np.clip(np.round(values / 0.01), -127, 127).astype("i1") if whole else values.astype("f4")
        return self.tensor(f"w{len(self.tensors)}", shape, made)

    def write(self, name: str, code: int, inputs: list[int], options: tuple[int, object], out: int) -> None:
        model, graph, operator, kind = schema.ModelT(), schema.SubGraphT(), schema.OperatorT(), schema.OperatorCodeT()
        kind.deprecatedBuiltinCode = kind.builtinCode = code
        kind.version = 1
        operator.opcodeIndex, operator.inputs, operator.outputs = 0, inputs, [out]
        operator.builtinOptionsType, operator.builtinOptions = options
        graph.tensors, graph.inputs, graph.outputs, graph.operators, graph.name = (
            self.tensors,
            [0],
            [out],
            [operator],
            b"main",
        )
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [kind], [graph], self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        (HERE / f"{name}.tflite").write_bytes(bytes(builder.Output()))


def direction(maker: Maker, *, peephole: bool, project: bool, coupled: bool, whole: bool = False) -> list[int]:
    """The tensors of one direction: those with x, with h, peepholes, biases and projection."""
    outputs = P if project else H
    gates = [not coupled, True, True, True]
    found = [maker.weights(H, width, whole=whole) if there else -1 for width in (F, outputs) for there in gates]
    found += [maker.weights(H) if peephole and not (coupled and n == 0) else -1 for n in range(3)]
    found += [maker.weights(H) if there else -1 for there in gates]
    return [*found, maker.weights(P, H) if project else -1, -1]


def lstm(name: str, *, clip: float = 0.0, fused: int = 4, whole: bool = False, **variant: bool) -> None:
    maker = Maker(len(name))
    x = maker.tensor("x", (1, T, F))
    words = {"peephole": False, "project": False, "coupled": False} | variant
    parts = direction(maker, whole=whole, **words)
    width = P if words["project"] else H
    states = [maker.tensor("h", (1, width), variable=True), maker.tensor("c", (1, H), variable=True)]
    out = maker.tensor("lstm", (1, T, width))
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction, options.cellClip = fused, clip
    operator = (schema.BuiltinOptions.UnidirectionalSequenceLSTMOptions, options)
    code = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    maker.write(name, code, [x, *parts, *states], operator, out)


def both(name: str) -> None:
    maker = Maker(3)
    x = maker.tensor("x", (1, T, F))
    sides = [direction(maker, peephole=True, project=False, coupled=False) for _ in range(2)]
    states = [maker.tensor(each, (1, H), variable=True) for each in ("h", "c", "hr", "cr")]
    out = maker.tensor("both", (1, T, 2 * H))
    options = schema.BidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction, options.mergeOutputs, options.timeMajor = 4, True, False
    operator = (schema.BuiltinOptions.BidirectionalSequenceLSTMOptions, options)
    inputs = [x, *sides[0], *sides[1], *states, *[-1] * 9]
    maker.write(name, schema.BuiltinOperator.BIDIRECTIONAL_SEQUENCE_LSTM, inputs, operator, out)


def rnn(name: str) -> None:
    maker = Maker(4)
    x = maker.tensor("x", (1, T, F))
    parts = [maker.weights(H, F), maker.weights(H, H), maker.weights(H)]
    out = maker.tensor("rnn", (1, T, H))
    options = schema.SequenceRNNOptionsT()
    options.fusedActivationFunction = 4
    operator = (schema.BuiltinOptions.SequenceRNNOptions, options)
    inputs = [x, *parts, maker.tensor("h", (1, H), variable=True)]
    maker.write(name, schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_RNN, inputs, operator, out)


def main() -> None:
    lstm("plain")
    lstm("clipped", clip=0.4)
    lstm("peephole", peephole=True)
    lstm("projected", project=True, peephole=True)
    lstm("coupled", coupled=True, peephole=True)
    lstm("relu", fused=1, clip=3.0)
    lstm("whole", whole=True)
    both("both")
    rnn("rnn")
    found = {"x": X}
    for path in sorted(HERE.glob("*.tflite")):
        if path.stem.startswith("keras"):
            continue
        interpreter = Interpreter(str(path))
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], X)
        interpreter.invoke()
        found[path.stem] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.savez_compressed(HERE / "tflite.npz", **found)


if __name__ == "__main__":
    main()
