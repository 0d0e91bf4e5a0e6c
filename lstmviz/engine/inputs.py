"""What goes into a recording, checked and made into arrays of the model's own type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from lstmviz.engine.weights import Stack
from lstmviz.errors import ModelError, SequenceError
from lstmviz.nets.encoding import check_finite, places_of
from lstmviz.nets.spec import OneHotInput
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.one_hot import OneHot
from lstmviz.traces.trace import Array

if TYPE_CHECKING:
    from lstmviz.nets.net import Net


_WHOLE = 64 << 20
"""Bytes of x that are made at once."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One sequence and what of it enters the first layer, (T, F), a copy of its own, or rows made when read."""

    sequence: Sequence
    x: Array


def one_entry(item: object, stack: Stack, encode: Callable[[Sequence], Array] | None) -> Entry:
    """A Sequence or an array (T, F) as the model takes it; raises SequenceError where it cannot."""
    dtype = _dtype(stack)
    sequence, values = _sequence_of(item)
    if encode is not None:
        return Entry(sequence, encode(sequence).astype(dtype))
    if _is_symbols(sequence, stack):
        check_finite(values, sequence.names, sequence.name)
        return Entry(sequence, sequence.one_hot().astype(dtype))
    x = np.array(values, dtype=dtype).reshape(len(values), -1)
    if x.shape[1] != stack.inputs:
        raise SequenceError(
            "“{name}” has {found} features a step; the layer takes {expected}.",
            name=sequence.name,
            found=x.shape[1],
            expected=stack.inputs,
        )
    check_finite(x, sequence.names, sequence.name)
    return Entry(sequence, x)


def lazy_entry(item: object, stack: Stack, net: Net | None) -> Entry:
    """The same, but x of symbols is made only where it is read, if it is large: a long text is larger than memory."""
    sequence, values = _sequence_of(item)
    if net is not None and isinstance(net.spec.input, OneHotInput):
        places = places_of(sequence, net.spec)
    elif net is None and _is_symbols(sequence, stack):
        check_finite(values, sequence.names, sequence.name)
        places = values[:, 0].astype(np.intp)
    else:
        return one_entry(item, stack, None if net is None else net.encode)
    x = OneHot(places, stack.inputs, _dtype(stack))
    return Entry(sequence, x[:] if x.nbytes <= _WHOLE else cast(Array, x))


def _sequence_of(item: object) -> tuple[Sequence, Array]:
    """A sequence, and its values as they were given."""
    if isinstance(item, Sequence):
        return item, item.values
    values = _array(item)
    with np.errstate(over="ignore"):  # float64 beyond float32 is shown as infinite, and recorded as it is
        return Sequence(values, names=tuple(map(str, getattr(item, "columns", ())))), values  # of a data frame


def _is_symbols(sequence: Sequence, stack: Stack) -> bool:
    return sequence.features == 1 and len(sequence.vocabulary) == stack.inputs


def _dtype(stack: Stack) -> np.dtype[Any]:
    return np.dtype(str(stack.dtype).removeprefix("torch."))


def _array(item: object) -> Array:
    if isinstance(item, Tensor):
        item = item.detach().cpu().numpy()
    try:
        values = np.asarray(item)
    except ValueError:  # rows of different lengths
        values = np.empty(0, object)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2) or 0 in values.shape:
        raise SequenceError(
            "The array has shape {shape} of type {dtype}; expected numbers of shape (steps, features). For several"
            " sequences give a list of them.",
            shape=tuple(values.shape),
            dtype=str(values.dtype),
        )
    return values


def is_batch(item: object) -> bool:
    """Whether this is a list of sequences, not one: a list of numbers, or of rows of them, is one array."""
    return isinstance(item, list | tuple) and (
        not item or any(isinstance(each, Sequence | np.ndarray | Tensor) for each in item)
    )


def padded(entries: list[Entry], stack: Stack) -> Tensor:
    """All x as (T, B, F), T the longest, zeros after the end of the shorter ones."""
    if len(entries) == 1:
        return torch.from_numpy(entries[0].x).to(stack.device)[:, None]
    longest = max(len(entry.x) for entry in entries)
    x = np.zeros((longest, len(entries), stack.inputs), entries[0].x.dtype)
    for b, entry in enumerate(entries):
        x[: len(entry.x), b] = entry.x
    return torch.from_numpy(x).to(stack.device)


def initial_state(name: str, given: Any, stack: Stack, batch: int) -> Tensor:
    """h0 or c0 as (L·D, B, width), zeros where none is given; raises ModelError for any other shape.

    (L·D, width) is shared by the whole batch; (width,) is enough for one layer in one direction.
    """
    info = stack.layers[0]
    width = info.outputs if name == "h0" else info.units
    lanes = len(stack.lanes)
    if given is None:
        return torch.zeros((lanes, batch, width), dtype=stack.dtype, device=stack.device)
    try:
        # a copy, since torch takes no array that is read-only, as those of a trace are, or runs backwards
        state = given.detach() if isinstance(given, Tensor) else torch.from_numpy(np.array(given, np.float64))
        state = state.to(stack.device, stack.dtype)
    except (TypeError, ValueError, RuntimeError):
        state = torch.empty(0)
    if state.ndim == 1 and lanes == 1:
        state = state[None]
    if state.ndim == 2 and state.shape == (lanes, width):
        state = state[:, None].expand(lanes, batch, width)
    if state.shape != (lanes, batch, width):
        raise ModelError(
            "{name} has shape {found}; expected ({lanes}, {width}), layers times directions by units, or"
            " ({lanes}, {batch}, {width}).",
            name=name,
            found=tuple(state.shape),
            lanes=lanes,
            batch=batch,
            width=width,
        )
    if not torch.isfinite(state).all():
        raise ModelError("{name} has a NaN or an infinity in it; expected numbers.", name=name)
    return state.clone()
