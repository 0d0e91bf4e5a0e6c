"""What one recurrent layer saw while its whole model ran, as one sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lstmviz.errors import LstmvizError, ModelError
from lstmviz.language import tr
from lstmviz.nets.whole.layouts import Layout, layouts
from lstmviz.nets.whole.others import check_names, fed_back, is_state, other_values
from lstmviz.nets.whole.ports import Call, Port, Ran, Runner
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Array

_CARRIED = 1e-4
"""As far as a state may lie from the one before it, which a model hands on in fewer bits."""


@dataclass(frozen=True, eq=False)
class Seen:
    """x (T, F) of a layer, the state (L·D, ·) it began in, zero for None, and what it gave, y (T, D·R).

    told: how the sequence entered the model and what was fed back, in sentences of the language in use.
    """

    x: Array
    y: Array
    h0: Array | None
    c0: Array | None
    told: tuple[str, ...]


def see(
    runner: Runner,
    sequence: Sequence,
    given: Mapping[str, Any],
    directions: tuple[str, ...] = ("forward",),
    progress: Callable[[int, int], None] | None = None,
    *,
    stepwise: bool = False,
) -> Seen:
    """Run a whole model on a sequence, as often as its input wants, and tell what the layer saw.

    given: values of other inputs by name. directions: those of the layer. stepwise: each step is a run of its own.
    Which axis of the input is time is tried: what the layer itself reads must be one sequence. Raises ModelError with
    the first reason where no way works.
    """
    check_names(given, runner.inputs, runner.file)
    failed: list[LstmvizError] = []
    for port, layout in _ways(runner, sequence, given, stepwise):
        try:
            if failed:
                runner.begin()
            return _run(runner, port, layout, given, directions, progress)
        except ModelError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    raise ModelError(
        "“{file}” cannot read “{name}”, which has {steps} steps of {features} features; its inputs are: {inputs}.",
        file=runner.file,
        name=sequence.name,
        steps=len(sequence),
        features=sequence.features,
        inputs=", ".join(map(str, runner.inputs)),
    )


def _ways(
    runner: Runner, sequence: Sequence, given: Mapping[str, Any], stepwise: bool
) -> Iterator[tuple[Port, Layout]]:
    """Every input with every layout, the likeliest first: a sequence comes before states and settings."""
    ports = [port for port in runner.inputs if port.name not in given]
    for port in sorted(ports, key=lambda port: (port.optional, is_state(port))):
        for layout in layouts(sequence, port, runner.dtype, stepwise=stepwise):
            yield port, layout


def _run(
    runner: Runner,
    port: Port,
    layout: Layout,
    given: Mapping[str, Any],
    directions: tuple[str, ...],
    progress: Callable[[int, int], None] | None,
) -> Seen:
    values, states = other_values(port, runner.inputs, given, layout.each, runner.file)
    ran = runner.run({**values, port.name: layout.feed(0)})
    calls = [*_checked(ran, runner.file)]
    arrays = {
        name: value for name, value in values.items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"
    }
    back = fed_back(arrays, ran.outputs)
    for name in states:
        if name not in back:
            raise ModelError(
                "“{file}”: the input “{name}” is no state that the model gives back; say what it gets with"
                " inputs={{“{key}”: …}}, or with --input {key}=… on the command line.",
                file=runner.file,
                name=str(next(each for each in runner.inputs if each.name == name)),
                key=name,
            )
    for n in range(1, layout.calls):
        values |= {name: ran.outputs[output] for name, output in back.items()}
        ran = runner.run({**values, port.name: layout.feed(n)})
        calls += _checked(ran, runner.file)
        if progress is not None:
            progress(n + 1, layout.calls)
    said = {name: value for name, value in values.items() if name not in back and np.size(value) == 1}
    return _joined(calls, directions, runner.file, tuple(_told(port, layout, said, back)))


def _checked(ran: Ran, file: str) -> tuple[Call, ...]:
    """The calls of a run; ModelError where the layer was not reached, or read several sequences at once."""
    if not ran.calls:
        raise ModelError(
            "“{file}” was run, but its layer was not: this input, or the values of the others, lead past it.", file=file
        )
    batch = max(call.x.shape[1] for call in ran.calls)
    if batch != 1:
        raise ModelError(
            "“{file}” makes {count} sequences of one before its layer; lstmviz records a layer that reads one.",
            file=file,
            count=batch,
        )
    return ran.calls


def _joined(calls: list[Call], directions: tuple[str, ...], file: str, told: tuple[str, ...]) -> Seen:
    """Several calls as one sequence: each must begin in the state in which the one before it ended."""
    steps = 0
    for before, after in pairwise(calls):
        steps += len(before.x)
        last = before.y[-1, 0]
        begins = np.zeros_like(last) if after.h0 is None else after.h0[-1, 0]
        carried = (
            directions == ("forward",) and last.shape == begins.shape and float(np.abs(last - begins).max()) <= _CARRIED
        )
        if not carried:
            raise ModelError(
                "“{file}” begins anew after {steps} steps of its layer: it is no one sequence to it. Give it a sequence"
                " that it reads at once.",
                file=file,
                steps=steps,
            )
    first = calls[0]
    return Seen(
        np.concatenate([call.x[:, 0] for call in calls]),
        np.concatenate([call.y[:, 0] for call in calls]),
        None if first.h0 is None else first.h0[:, 0],
        None if first.c0 is None else first.c0[:, 0],
        told,
    )


def _told(port: Port, layout: Layout, said: Mapping[str, Any], back: Mapping[str, str]) -> Iterator[str]:
    """How a model was run, in sentences: what read the sequence, the numbers of other inputs, and what was fed back."""
    if layout.calls == 1:
        yield tr("The sequence is its input “{input}”.", input=port.name)
    elif layout.each == 1:
        yield tr("The sequence is its input “{input}”, step by step.", input=port.name)
    else:
        yield tr("The sequence is its input “{input}”, {steps} steps at a time.", input=port.name, steps=layout.each)
    if left := len(layout.rows) - layout.calls * layout.each:
        yield tr("The last {count} steps do not fill a call and were left out.", count=left)
    if said:
        yield ", ".join(f"{name} = {np.asarray(value).item():g}" for name, value in said.items()) + "."
    if back and layout.calls > 1:
        yield tr("Fed back: {pairs}.", pairs=", ".join(f"{output} → {name}" for name, output in back.items()))
