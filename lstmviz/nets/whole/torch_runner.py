"""A whole TorchScript model, run by torch, while torch's recurrent operators tell what they read and gave.

Loading such a file runs code that is in it: only on the user's word. The code can compute and nothing else, as long as
it calls no operator that reads or writes files, which is looked for before it is loaded.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.jit._fuser import optimized_execution

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.zips import checked_zip
from lstmviz.nets.whole.ports import Call, Port, Ran, Values

_FILES = re.compile(r"(?<![\w.])(?:torch|ops\.aten)\.(save|load|from_file|_save|_load)\b")
"""Operators of TorchScript that touch files."""
_OTHERS = re.compile(
    r"(?<![\w.])ops\.(?!(?:aten|prim|prims|profiler|quantized|inductor|torchvision|torchaudio)\b)(\w+)\.(\w+)"
)
"""Operators of libraries that a model may bring along."""
_STACKS = ("lstm.input", "gru.input", "rnn_tanh.input", "rnn_relu.input")
_PACKED = ("lstm.data", "gru.data", "rnn_tanh.data", "rnn_relu.data")
_CELLS = ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
_KINDS = {"int": "i", "float": "f", "number": "f", "bool": "b"}
_FAILURES = (torch.jit.Error, RuntimeError, ValueError, TypeError, IndexError, KeyError, NotImplementedError)


class TorchRunner:
    """A scripted or traced module; the layer is known by its first weights, ``w_ih`` and ``w_hh``."""

    def __init__(self, path: Path, w_ih: Tensor, w_hh: Tensor) -> None:
        self.file = str(path)
        _check_code(path)
        self._data = path.read_bytes()
        self._known = (w_ih, w_hh)
        self.dtype = np.dtype(str(w_ih.dtype).removeprefix("torch."))
        self.begin()
        try:
            arguments = self._module.forward.schema.arguments[1:]
        except AttributeError as error:  # a module of other methods alone
            raise _failed(self.file, error) from error
        self.inputs = tuple(_port(each) for each in arguments)

    def begin(self) -> None:
        """Load the module anew: it may keep a state of its own."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather see torch.export
                module = torch.jit.load(io.BytesIO(self._data), map_location="cpu")  # type: ignore[no-untyped-call]
                self._module = module.eval()
        except _FAILURES as error:
            raise _failed(self.file, error) from error

    def run(self, feed: Mapping[str, Any]) -> Ran:
        """Run the module once; raises ModelError with torch's own reason."""
        values = {name: _given(value) for name, value in feed.items()}
        calls: list[Call] = []
        try:
            # the first runs of a module would profile it, and the next compile it anew for each shape
            with torch.no_grad(), optimized_execution(False), _watched(self._is_meant, calls):
                said = self._module(**values)
        except _FAILURES as error:
            raise _failed(self.file, error) from error
        return Ran(dict(_outputs(said, "output")), tuple(calls))

    def _is_meant(self, w_ih: Tensor, w_hh: Tensor) -> bool:
        return all(
            known.shape == found.shape and torch.equal(known, found.to(known.dtype))
            for known, found in zip(self._known, (w_ih, w_hh), strict=True)
        )


def _check_code(path: Path) -> None:
    """Raise ModelError where the code of an archive would touch files or call what torch does not bring."""
    with checked_zip(path) as archive:
        for name in archive.namelist():
            if not name.endswith(".py"):
                continue
            code = archive.read(name).decode("utf-8", "replace")
            found = _FILES.search(code) or _OTHERS.search(code)
            if found is not None:
                raise ModelError(
                    "“{file}” is not run: its code calls “{operator}”, which can reach beyond the model. Give the"
                    " layer's own input as a sequence.",
                    file=str(path),
                    operator=found.group(0),
                )


def _failed(file: str, error: Exception) -> ModelError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if ": " in line or len(lines) == 1), lines[-1] if lines else "")
    return ModelError(
        "“{file}” cannot be run by {library}: {reason}. Give the layer's own input as a sequence, or say what the other"
        " inputs of the model are.",
        file=file,
        library="torch",
        reason=(reason[:300] or type(error).__name__).rstrip("."),
    )


def _port(argument: Any) -> Port:
    kind = str(argument.type)
    optional = argument.has_default_value() or kind.startswith("Optional")
    if kind in ("Tensor", "Optional[Tensor]"):
        return Port(argument.name, "f", optional=optional)
    return Port(argument.name, _KINDS.get(kind.removeprefix("Optional[").removesuffix("]"), ""), None, (), optional)


def _given(value: Any) -> Any:
    """An array as a tensor of its own; anything else as it is."""
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value


def _outputs(said: Any, name: str) -> Iterator[tuple[str, Values]]:
    """Every tensor of what a module gave, by the way to it."""
    if isinstance(said, Tensor):
        yield name, said.detach().cpu().numpy()
    elif isinstance(said, dict):
        for key, value in said.items():
            yield from _outputs(value, f"{name}.{key}")
    elif isinstance(said, list | tuple):
        for place, value in enumerate(said):
            yield from _outputs(value, f"{name}.{place}")


@contextmanager
def _watched(is_meant: Callable[[Tensor, Tensor], bool], calls: list[Call]) -> Iterator[None]:
    """Take note of every run of the layer's operator in this thread.

    An operator of torch that is made of others has no kernel of its own for the CPU. While the model runs it has this
    one, which does what the operator is made of, and so sees it within loops, branches and submodules.
    """
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    thread = threading.get_ident()

    def kernel(name: str, reading: Callable[..., tuple[Tensor, Tensor, Callable[[Any], Call]]]) -> None:
        base, _, overload = name.partition(".")
        operator = getattr(getattr(torch.ops.aten, base), overload or "default")

        def run(*arguments: Any) -> Any:
            said = operator.decompose(*arguments)
            if threading.get_ident() == thread:
                w_ih, w_hh, call = reading(base, *arguments)
                if is_meant(w_ih, w_hh):
                    calls.append(call(said))
            return said

        library.impl(name, run, "CPU")  # type: ignore[no-untyped-call]

    try:
        for names, reading in ((_STACKS, _of_stack), (_PACKED, _of_packed), (_CELLS, _of_cell)):
            for name in names:
                kernel(name, reading)
        yield
    finally:
        library._destroy()  # type: ignore[no-untyped-call]  # the kernels go at once, not with the next collection


def _of_stack(kind: str, x: Tensor, first: Any, weights: list[Tensor], *settings: Any) -> Any:
    """What lstm.input and the like are given: x (T, B, F), or (B, T, F); hx; the weights; …, batch_first."""
    turned = bool(settings[-1])

    def call(said: Any) -> Call:
        y = said[0]
        h0, c0 = first if kind == "lstm" else (first, None)
        rows = (x.transpose(0, 1), y.transpose(0, 1)) if turned else (x, y)
        return Call(_array(rows[0]), _array(rows[1]), _array(h0), None if c0 is None else _array(c0))

    return weights[0], weights[1], call


def _of_packed(kind: str, x: Tensor, sizes: Tensor, first: Any, weights: list[Tensor], *_settings: Any) -> Any:
    """What lstm.data and the like are given: the rows of a packed sequence (N, F), of one sequence one a step."""

    def call(said: Any) -> Call:
        h0, c0 = first if kind == "lstm" else (first, None)
        # of several sequences, which are not told apart here, it is a batch of one step
        steps = len(sizes) if len(sizes) == len(x) else 1
        rows = [rows.reshape(steps, len(x) // steps, -1) for rows in (x, said[0])]
        return Call(_array(rows[0]), _array(rows[1]), _array(h0), None if c0 is None else _array(c0))

    return weights[0], weights[1], call


def _of_cell(kind: str, x: Tensor, first: Any, w_ih: Tensor, w_hh: Tensor, *_biases: Any) -> Any:
    """What lstm_cell and the like are given: x (B, F), and h, or h and c, (B, H)."""

    def call(said: Any) -> Call:
        is_lstm = kind == "lstm_cell"
        h0, c0 = first if is_lstm else (first, None)
        y = said[0] if is_lstm else said
        return Call(_array(x[None]), _array(y[None]), _array(h0[None]), None if c0 is None else _array(c0[None]))

    return w_ih, w_hh, call


def _array(tensor: Tensor) -> Any:
    """A copy: the model may write over its own tensors."""
    wide = tensor.detach().cpu() if tensor.dtype in (torch.float32, torch.float64) else tensor.detach().cpu().float()
    return wide.numpy().copy()
