"""Tensors of whole modules and of checkpoints with objects of other programs, as their pickle tells them.

torch reads such a file only by importing and calling what the pickle names. Here nothing is looked up and nothing
called: of an object the pickle's own words stay, what it would be made of and what would be set in it, and of those
the tensors are followed. So ``torch.save(model)`` and a Lightning checkpoint with its hyperparameters can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lstmviz.nets.foreign.pickles import Called, Global
from lstmviz.nets.foreign.torch_tensors import REBUILD

MOST_DEEP = 64
PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
TYPED = "torch._tensor._rebuild_from_type_v2"
"""How torch pickles a subclass of Tensor: the function and arguments that make a plain one come first."""
_HELD = ("_parameters", "_buffers", "_modules")
_NEVER = (
    *("os", "posix", "nt", "sys", "subprocess", "shutil", "pty", "commands", "platform", "signal", "ctypes", "cffi"),
    *("socket", "urllib", "http", "ftplib", "smtplib", "requests", "webbrowser", "asyncio", "multiprocessing"),
    *("runpy", "importlib", "imp", "pkgutil", "code", "codeop", "timeit", "pdb", "bdb", "cProfile", "profile", "pip"),
    *("pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "types", "operator", "builtins"),
    *("__builtin__", "__main__.eval", "__main__.exec", "numpy.testing", "torch.hub", "torch.utils.cpp_extension"),
)
"""Modules of which no honest model calls anything; what does is refused, though nothing of it would be called here."""
_PLAIN_BUILTINS = ("set", "frozenset", "slice", "complex", "range", "object", "getattr")


@dataclass(frozen=True)
class Names:
    """The tensors of one mapping or module by name, as the calls that make them.

    path: where it lies. functions: of each RNN in it by its name, the φ that it was made with.
    """

    path: str
    tensors: dict[str, Called] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)


def is_hostile(function: str) -> bool:
    """Whether a pickle that calls this means no good: it would run a program, read files or write them."""
    module, _, name = function.rpartition(".")
    if module in ("builtins", "__builtin__") and name in _PLAIN_BUILTINS:
        return False
    return any(function == never or function.startswith(never + ".") for never in _NEVER)


def tensor_in(value: Any) -> Called | None:
    """The call that makes a tensor, out of what wraps it into a parameter or a subclass; None for anything else."""
    for _ in range(4):
        if not isinstance(value, Called) or value.function in REBUILD:
            return value if isinstance(value, Called) else None
        if value.function in PARAMETERS and value.arguments:
            value = value.arguments[0]
        elif value.function == TYPED and len(value.arguments) > 2 and isinstance(value.arguments[0], Global):
            function, _, arguments = value.arguments[:3]
            value = Called(function.name, arguments) if isinstance(arguments, tuple) else None
        else:
            return None
    return None


def names_in(value: Any) -> Iterator[Names]:
    """Every mapping and module below a value that has tensors; each container is looked at once, however often it is
    named, so that what names itself comes to an end."""
    yield from _below(value, "", 0, set())


def _below(value: Any, path: str, depth: int, seen: set[int]) -> Iterator[Names]:
    if depth > MOST_DEEP or not isinstance(value, dict | list | tuple | Called):
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Called):
        inner = _state(value)
        if "_parameters" in inner and "_modules" in inner:
            found = Names(path)
            _module(value, "", found, 0, seen)
            if found.tensors:
                yield found
            inner = {name: each for name, each in inner.items() if name not in _HELD}
        value = inner
    elif not isinstance(value, dict):
        value = {str(place): each for place, each in enumerate(value)}
    named = {name: each for name, each in value.items() if isinstance(name, str)}
    tensors = {name: call for name, each in named.items() if (call := tensor_in(each)) is not None}
    if tensors:
        yield Names(path, tensors)
    if "param_groups" in named and "state" in named:
        return  # an optimiser's
    for name, each in named.items():
        if name not in tensors:
            yield from _below(each, f"{path}.{name}" if path else name, depth + 1, seen)


def _module(called: Called, path: str, found: Names, depth: int, seen: set[int]) -> None:
    """Parameters and buffers of an nn.Module and of the modules in it, by the names of its state dict."""
    seen.add(id(called))
    state = _state(called)
    mode = state.get("nonlinearity") or {"RNN_RELU": "relu", "RNN_TANH": "tanh"}.get(str(state.get("mode")))
    if isinstance(mode, str) and mode in ("relu", "tanh"):
        found.functions[path] = mode
    for held in _HELD[:2]:
        for name, each in _items(state.get(held)):
            call = tensor_in(each)
            if call is not None:
                found.tensors[f"{path}.{name}" if path else name] = call
    for name, each in _items(state.get("_modules")):
        if isinstance(each, Called) and id(each) not in seen and depth < MOST_DEEP:
            _module(each, f"{path}.{name}" if path else name, found, depth + 1, seen)


def _state(called: Called) -> Mapping[str, Any]:
    """What would be set in an object, by name: its state, which may come with slots, and its items."""
    found: dict[str, Any] = {}
    parts = called.state if isinstance(called.state, tuple) else (called.state,)
    for part in (*parts, called.items):
        found |= dict(_items(part))
    return found


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    inner = value.items if isinstance(value, Called) else value
    if isinstance(inner, dict):
        yield from ((name, each) for name, each in inner.items() if isinstance(name, str))
