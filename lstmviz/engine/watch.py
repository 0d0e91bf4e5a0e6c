"""watch: record the recurrent layers inside any module while its own forward runs at full speed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from lstmviz.engine.inputs import Entry
from lstmviz.engine.layers import run_stack
from lstmviz.engine.recorder import make_traces
from lstmviz.engine.weights import RECURRENT, Stack, read_stack
from lstmviz.errors import ModelError
from lstmviz.nets.loop import LoopLayers
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import ModelInfo, Trace

State = tuple[Tensor, Tensor | None]


@dataclass(eq=False)
class Call:
    """What entered and left one call of a recurrent layer, as detached copies; cells gather a step with every call.

    xs: pieces of (T, B, F); hs: pieces of the last layer's h, (T, B, R·D); state: h0 and c0, (L·D, B, …). ``failed``
    says why no trace can be made.
    """

    path: str
    kind: str
    stack: Stack
    lengths: list[int]
    state: State
    xs: list[Tensor]
    hs: list[Tensor]
    left: State | None = None
    failed: ModelError | None = None
    _traces: list[Trace] = field(default_factory=list)

    def traces(self) -> list[Trace]:
        """One trace for each sequence of the batch, computed when first asked for; raises ModelError if not."""
        if self.failed is not None:
            raise self.failed
        if not self._traces and self.xs[0].shape[1]:
            x, h = torch.cat(self.xs), torch.cat(self.hs)
            lengths = self.lengths or [len(x)] * x.shape[1]
            with torch.autocast(self.stack.device.type, enabled=False):  # asked for where the module is called
                run = run_stack(self.stack, x, lengths, *self.state, known=h)
            rows = x.cpu().numpy()
            entries = []
            called = self.path or "sequence"
            for b, length in enumerate(lengths):
                values = rows[:length, b].copy()
                entries.append(Entry(Sequence(values, name=f"{called}[{b}]" if len(lengths) > 1 else called), values))
            info = ModelInfo(f"{self.kind} {self.path}".strip(), self.stack.sha256)
            self._traces = make_traces(self.stack, entries, run, *self.state, info, None)
        return self._traces


class Watch:
    """What ``watch`` caught: by module path every call, the last call's trace, and the layers it cannot record."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Call]] = {}
        self.skipped: dict[str, str] = {}

    def __repr__(self) -> str:
        called = ", ".join(f"“{path}” ×{len(calls)}" for path, calls in self.calls.items())
        return f"<Watch called: {called or '-'}; skipped: {', '.join(self.skipped) or '-'}>"

    @property
    def traces(self) -> Mapping[str, Trace | list[Trace]]:
        """By module path the trace of the last call, a list of them for a batch; computed when asked for."""
        return _LastTraces(self.calls, self.skipped)


class NotWatchedError(ModelError, KeyError):
    """A path under which nothing was called; a KeyError too, as a mapping promises."""


class _LastTraces(Mapping[str, "Trace | list[Trace]"]):
    def __init__(self, calls: dict[str, list[Call]], skipped: dict[str, str]) -> None:
        self._calls = calls
        self._skipped = skipped

    def __repr__(self) -> str:
        return f"<traces of {', '.join(f'“{path}”' for path in self._calls) or '-'}>"

    def __getitem__(self, path: str) -> Trace | list[Trace]:
        if path not in self._calls:
            if path in self._skipped:
                raise NotWatchedError("{reason}", reason=self._skipped[path])
            raise NotWatchedError(
                "“{path}” was not called while it was watched; these were: {paths}.",
                path=path,
                paths=", ".join(f"“{called}”" for called in self._calls) or "-",
            )
        traces = self._calls[path][-1].traces()
        return traces[0] if len(traces) == 1 else traces

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, path: object) -> bool:
        return path in self._calls


@contextmanager
def watch(module: nn.Module) -> Iterator[Watch]:
    """Record every nn.LSTM, nn.GRU, nn.RNN and their cells called inside ``module`` within the ``with``, by path.

    Each call's inputs and outputs are copied, so that later changes in place do no harm, and so are the weights, once
    as long as they do not change; gates are computed when a trace is asked for. Nothing of the module changes: not its
    mode, its weights, its gradients or the random numbers it draws. In training mode the dropout between layers
    cannot be seen from outside: such a call has no trace (ModelError), nor has one that autocast ran in another float
    type. Raises ModelError for what is no torch module.
    """
    if not isinstance(module, nn.Module):
        raise ModelError("A {kind} cannot be watched; expected a torch.nn.Module.", kind=type(module).__name__)
    seen = Watch()
    handles = []
    for path, part in module.named_modules():
        if isinstance(part, RECURRENT):
            handles.append(part.register_forward_hook(_uncompiled(_hook(seen, path)), with_kwargs=True))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _uncompiled(hook: Callable[..., None]) -> Callable[..., None]:
    """The hook, left alone by torch.compile, which would trace into it; without the compiler loaded there is none."""
    if "torch._dynamo" not in sys.modules:
        return hook
    compiler: Any = torch.compiler  # torch gives `disable` no types
    alone: Callable[..., None] = compiler.disable(hook)
    return alone


def _hook(seen: Watch, path: str) -> Callable[..., None]:
    def caught(part: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        given = dict(zip(("input", "hx", "lengths"), args, strict=False)) | kwargs
        calls = seen.calls.setdefault(path, [])
        try:
            with torch.no_grad():
                _check_dtype(path, part, output)
                if isinstance(part, nn.RNNCellBase):
                    _cell_called(calls, path, part, given["input"], given.get("hx"), output)
                else:
                    calls.append(_layer_called(path, part, given, output))
        except ModelError as error:  # the module's own forward goes on; the reader of the watch is told
            seen.skipped[path] = str(error)
            if not calls:
                del seen.calls[path]

    return caught


def _check_dtype(path: str, part: Any, output: Any) -> None:
    """Refuse a call that autocast ran in another float type: its gates cannot be computed from what is seen."""
    h = output if isinstance(output, Tensor) else output[0].data
    found, expected = h.dtype, next(part.parameters()).dtype
    if found != expected:
        raise ModelError(
            "“{path}” ran in {found} under autocast, while its weights are {expected}; it was not recorded. Leave"
            " autocast out while you watch.",
            path=path or type(part).__name__,
            found=str(found).removeprefix("torch."),
            expected=str(expected).removeprefix("torch."),
        )


def _layer_called(path: str, part: nn.RNNBase | LoopLayers, given: dict[str, Any], output: Any) -> Call:
    stack = _snapshot(part, path)
    x, h = given["input"], output[0]
    if isinstance(x, PackedSequence):
        x, sizes = pad_packed_sequence(x)
        h, _ = pad_packed_sequence(h)
        lengths = sizes.tolist()
    else:
        x, h = (
            each[:, None] if each.ndim == 2 else each.transpose(0, 1) if part.batch_first else each for each in (x, h)
        )
        ends = given.get("lengths")  # of LoopLayers, which take no packed sequences
        lengths = [x.shape[0]] * x.shape[1] if ends is None else ends.tolist()
    failed = None
    if part.training and part.dropout > 0 and part.num_layers > 1:
        failed = ModelError(
            "“{path}” ran in training mode with a dropout of {dropout} between its layers, which cannot be seen from"
            " outside. Use module.eval() or set its dropout to 0.",
            path=path or type(part).__name__,
            dropout=part.dropout,
        )
    state = _state(stack, given.get("hx"), x.shape[1])
    return Call(
        path, type(part).__name__, stack, lengths, state, [x.detach().clone()], [h.detach().clone()], None, failed
    )


def _cell_called(calls: list[Call], path: str, part: nn.RNNCellBase, x: Tensor, hx: Any, output: Any) -> None:
    """A step of a cell: it goes on with the last call where it starts from the state that the last call left."""
    left = _state_of_cell(output)
    x, h = (each.detach().clone().reshape(1, -1, each.shape[-1]) for each in (x, left[0]))
    stack = _snapshot(part, path)
    last = calls[-1] if calls else None
    if last is not None and last.stack.sha256 == stack.sha256 and last.left is not None and _same(last.left, hx):
        last.xs.append(x)
        last.hs.append(h)
        last.left = _copied(left)
        last._traces = []
        return
    given = (
        None
        if hx is None
        else tuple(each.reshape(-1, each.shape[-1]) for each in _state_of_cell(hx) if each is not None)
    )
    state = _state(stack, None if given is None else tuple(each[None] for each in given), x.shape[1])
    calls.append(Call(path, type(part).__name__, stack, [], state, [x], [h], _copied(left)))


def _state_of_cell(given: Any) -> State:
    return (given[0], given[1]) if isinstance(given, tuple | list) else (given, None)


def _copied(state: State) -> State:
    return state[0].detach().clone(), None if state[1] is None else state[1].detach().clone()


def _same(left: State, hx: Any) -> bool:
    if hx is None:
        return False
    pairs = zip(left, _state_of_cell(hx), strict=True)
    return all(a is b or (a is not None and b is not None and torch.equal(a, b)) for a, b in pairs)


def _state(stack: Stack, hx: Any, batch: int) -> State:
    """h0 and c0 as (L·D, B, …) copies, zeros where the caller gave none."""
    first = stack.layers[0]
    lanes = len(stack.lanes)
    widths = (first.outputs, first.units) if stack.cell == "lstm" else (first.outputs,)
    given = hx if isinstance(hx, tuple | list) else (hx,) * len(widths)
    rows = []
    for width, each in zip(widths, given, strict=True):
        if each is None:
            rows.append(torch.zeros((lanes, batch, width), dtype=stack.dtype, device=stack.device))
        else:
            rows.append(each.detach().clone().reshape(lanes, batch, width))
    return rows[0], rows[1] if len(rows) > 1 else None


def _snapshot(part: Any, path: str) -> Stack:
    """The weights as they are now: lower layers are run again later, when training may have moved them."""
    stack = read_stack(part, path)
    if len(stack.layers) == 1:
        return stack
    lanes = {
        key: replace(lane, framework=[each.clone() for each in lane.framework]) for key, lane in stack.lanes.items()
    }
    return replace(stack, lanes=lanes)
