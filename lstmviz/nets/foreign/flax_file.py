"""Parameters of Flax as flax.serialization writes them: a tree in MessagePack, its gates told by name.

    LSTMCell, OptimizedLSTMCell    ii if ig io of x, hi hf hg ho of h(t−1)     kernels (F, H), biases with h alone
    GRUCell                        ir iz in, hr hz hn                          as torch computes it
    SimpleCell                     i, h

Source: flax.linen.recurrent and flax.serialization, as documented.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import mark, tr
from lstmviz.nets.foreign.found import Array, Found
from lstmviz.nets.foreign.gate_order import Cell
from lstmviz.nets.foreign.torch_names import inputs_named
from lstmviz.nets.spec import NetSpec, check_spec

ARRAY = 1
"""The MessagePack extension that holds an array: shape, name of the type, numbers."""
GATES: dict[Cell, tuple[str, ...]] = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n"), "rnn": ("",)}
"""The second letters of the names, in torch's order; x's begin with i, those of h(t−1) with h."""
KINDS: dict[Cell, str] = {"lstm": "LSTMCell", "gru": "GRUCell", "rnn": "SimpleCell"}
MAX_DEPTH, MAX_INPUTS = 32, 1 << 20
ASSUMED = mark("Flax does not write the layer's functions; taken are its own choice, sigmoid and tanh.")
Tree = Mapping[str, Any]


def read(path: Path) -> tuple[Found, ...]:
    """Every recurrent cell of a tree of parameters, none joined: Flax does not write what reads what."""
    name = str(path)
    try:
        tree = msgspec.msgpack.decode(path.read_bytes(), ext_hook=_extension)
        return tuple(_found(where, cell, group, name) for where, cell, group in _cells(tree, "", 0))
    except (msgspec.MsgspecError, RecursionError, MemoryError, ValueError, TypeError) as error:
        raise ModelError(
            "“{file}” is not a tree of parameters that Flax wrote, or it is damaged: {reason}.",
            file=name,
            reason=str(error).partition("\n")[0][:200] or type(error).__name__,
        ) from error


def _extension(code: int, data: memoryview) -> Array | None:
    """An array of floating-point numbers; None for anything else."""
    if code != ARRAY:
        return None
    shape, dtype, numbers = msgspec.msgpack.decode(bytes(data), type=tuple[tuple[int, ...], str, bytes])
    kind = {"bfloat16": "u2", "float16": "f2", "float32": "f4", "float64": "f8"}.get(dtype)
    if kind is None:
        return None
    if any(size < 0 for size in shape) or math.prod(shape) * np.dtype(kind).itemsize != len(numbers):
        raise ValueError(tr("an array {shape} of {dtype} in {size} bytes", shape=shape, dtype=dtype, size=len(numbers)))
    values = np.frombuffer(numbers, np.dtype(kind).newbyteorder("<")).reshape(shape)
    if dtype == "bfloat16":  # the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float64 if dtype == "float64" else np.float32)


def _cells(tree: object, path: str, depth: int) -> Iterator[tuple[str, Cell, Tree]]:
    if not isinstance(tree, dict) or depth > MAX_DEPTH:
        return
    for cell, gates in GATES.items():
        if all(isinstance(tree.get(side + gate), dict) for side in "ih" for gate in gates):
            yield path, cell, tree
            return
    for name, below in tree.items():
        if name != "opt_state":  # of a whole TrainState: what Adam and others keep has the shape of the model
            yield from _cells(below, f"{path}/{name}" if path else str(name), depth + 1)


def _found(path: str, cell: Cell, group: Tree, file: str) -> Found:
    name = path.removeprefix("params/") or KINDS[cell]
    joined = {side: [_dense(group[side + gate], file, name) for gate in GATES[cell]] for side in "ih"}
    hidden, width = joined["h"][0][0].shape[0], joined["i"][0][0].shape[1]
    for side, columns in (("i", width), ("h", hidden)):
        if any(kernel.shape != (hidden, columns) or bias.shape != (hidden,) for kernel, bias in joined[side]):
            raise ModelError(
                "“{file}”: the gates of “{path}” differ in size; expected {hidden} units each.",
                file=file,
                path=name,
                hidden=hidden,
            )
    tensors: dict[str, Array] = {}
    for side, ending in (("i", "ih"), ("h", "hh")):
        tensors[f"recurrent.weight_{ending}_l0"] = np.concatenate([kernel for kernel, _ in joined[side]])
        tensors[f"recurrent.bias_{ending}_l0"] = np.concatenate([bias for _, bias in joined[side]])
    dtype = np.result_type(*tensors.values())
    spec = NetSpec(name=name, cell=cell, input=inputs_named(width), hidden=hidden)
    arrays = {key: np.ascontiguousarray(array, dtype) for key, array in tensors.items()}
    return Found(name, f"Flax {KINDS[cell]}", check_spec(spec, file), arrays, (ASSUMED,))


def _dense(dense: Tree, file: str, path: str) -> tuple[Array, Array]:
    """The kernel (H, F) as torch turns it, and the bias (H,), zero where there is none."""
    kernel: Any = dense.get("kernel")
    bias: Any = dense.get("bias")
    fits = isinstance(kernel, np.ndarray) and kernel.ndim == 2 and 0 not in kernel.shape
    if not fits or kernel.shape[0] > MAX_INPUTS or not isinstance(bias, np.ndarray | None):
        raise ModelError(
            "“{file}”: the kernels of “{path}” are no matrices of numbers; expected those of a recurrent cell.",
            file=file,
            path=path,
        )
    return kernel.T, np.zeros(kernel.shape[1], kernel.dtype) if bias is None else bias
