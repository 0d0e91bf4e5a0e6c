"""What a model's inputs other than the sequence get: what the user says, what is known by name, a state of zeros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.nets.whole.ports import Port, Values
from lstmviz.sequences.sequence import Sequence

_STATE = re.compile(r"(^|[^a-z])([hc](x|0|n)?|hn?c?0?|states?|hidden|cell|cache|memory|initial)([^a-z]|$)")
_RATE = re.compile(r"^(sr|(sample|sampling)_?rate)$")
_LENGTH = re.compile(r"(^|_)len(gth|s)?s?(_|$)|_lengths?$")
_DIRECTIONS = re.compile(
    r"(^|[^a-z])(in|out|input|output|prev|previous|new|next|old|initial|final|n|0)(?=[^a-z]|$)|\d+"
)
_ALIKE = 0.6


def is_state(port: Port) -> bool:
    """Whether an input is called as states are."""
    return _STATE.search(port.name.lower()) is not None


def check_names(given: Mapping[str, Any], ports: tuple[Port, ...], file: str) -> None:
    """Raise ModelError where a value is given to an input that the model does not have."""
    for name in given:
        if all(port.name != name for port in ports):
            raise ModelError(
                "“{file}” has no input “{name}”; expected one of: {names}.",
                file=file,
                name=name,
                names=", ".join(map(str, ports)),
            )


def other_values(
    reads: Port, ports: tuple[Port, ...], given: Mapping[str, Any], steps: int, file: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A value for every input but the one that reads the sequence, and which of them must turn out to be states.

    Raises ModelError where an input is neither known nor given.
    """
    values: dict[str, Any] = {}
    states: list[str] = []
    for port in ports:
        if port is reads:
            continue
        if port.name in given:
            values[port.name] = _as(port, given[port.name], file)
            continue
        known = _known(port, steps)
        if known is not None:
            values[port.name] = _as(port, known, file)
        elif port.optional:
            continue
        elif port.kind == "f" and port.shape:
            values[port.name] = np.zeros([size or 1 for size in port.shape], port.dtype)
            states.append(port.name)
        else:
            raise ModelError(
                "“{file}”: what the input “{name}” gets is not known; say it with inputs={{“{key}”: …}}, or with"
                " --input {key}=… on the command line.",
                file=file,
                name=str(port),
                key=port.name,
            )
    return values, tuple(states)


def _known(port: Port, steps: int) -> Any:
    """The number of steps or a mask of ones, for an input that is called so and cannot be left out; else None."""
    name = port.name.lower()
    small = port.shape is None or len(port.shape) <= 1
    if port.optional:
        return None
    if _LENGTH.search(name) and small and (port.kind == "i" or port.dtype is None):
        return steps if port.shape == () else np.array([steps])
    if "mask" in name and (port.shape is None or len(port.shape) == 2):
        return np.ones((1, steps), port.dtype or np.bool_)
    return None


def rates(ports: tuple[Port, ...], sequence: Sequence) -> dict[str, Any]:
    """The sample rate of a sequence for the inputs that are called so; nothing where it is not known."""
    rate = sample_rate(sequence)
    return {} if rate is None else {port.name: rate for port in ports if _RATE.search(port.name.lower())}


def sample_rate(sequence: Sequence) -> int | None:
    """Samples a second, of a sequence that knows its times in seconds; else None."""
    times = sequence.times
    if times is None or len(times) < 2 or times.dtype.kind != "f":
        return None
    took = float(times[-1] - times[0])
    return round((len(times) - 1) / took) if took > 0 else None


def _as(port: Port, value: Any, file: str) -> Any:
    """A value in the type and with as many axes as an input has."""
    try:
        if port.shape == () and port.dtype is None:
            number = np.asarray(value).item()
            return int(number) if port.kind == "i" else bool(number) if port.kind == "b" else float(number)
        array = np.asarray(value, port.dtype)
        if array.dtype == np.float64 and port.dtype is None:
            array = array.astype(np.float32)
        if port.shape is not None and array.ndim != len(port.shape):
            array = array.reshape([size or 1 for size in port.shape])
    except (TypeError, ValueError) as error:
        raise ModelError(
            "“{file}”: “{value}” does not fit the input “{name}”.", file=file, value=str(value)[:80], name=str(port)
        ) from error
    return array


def fed_back(values: Mapping[str, Any], outputs: Mapping[str, Values]) -> dict[str, str]:
    """Which output each state gets in the next call: one of its own shape, by its name, else by the order.

    values: the states by input. What a model says comes before its states: of more outputs than states, the last.
    """
    found: dict[str, str] = {}
    for name, value in values.items():
        alike = [key for key, said in outputs.items() if said.shape == value.shape and said.dtype == value.dtype]
        free = [key for key in alike if key not in found.values()]
        if not free:
            continue
        likeness = sorted(((_likeness(name, key), key) for key in free), reverse=True)
        decided = likeness[0][0] >= _ALIKE and (len(free) == 1 or likeness[0][0] > likeness[1][0])
        waiting = [other for other in values if other not in found and values[other].shape == value.shape]
        found[name] = likeness[0][1] if decided else free[-min(len(free), len(waiting))]
    return found


def _likeness(one: str, other: str) -> float:
    """How alike two names are, 0 to 1, whatever they say of before and after."""
    a, b = (_DIRECTIONS.sub("", name.lower()).strip("_.:/") or name.lower() for name in (one, other))
    return SequenceMatcher(None, a, b).ratio()
