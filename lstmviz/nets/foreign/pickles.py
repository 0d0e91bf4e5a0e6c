"""The structure of a pickle, read without calling anything of it: what it would call is only written down."""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import IO, Any

MAX_STEPS = 4_000_000
"""Instructions of a pickle, read within ten seconds: a model with a hundred thousand tensors has fewer."""


class PickleError(ValueError):
    """A pickle that is damaged, or that does what no file of tensors needs."""


@dataclass(frozen=True)
class Global:
    """A class or function that the pickle names, ``collections.OrderedDict``; it is never looked up."""

    name: str


@dataclass(frozen=True, eq=False)
class Stored:
    """What the pickle says lies outside it: of a tensor's storage, its kind, key, place and number of elements."""

    what: Any


@dataclass(eq=False)
class Called:
    """What the pickle would make by a call: its function, arguments, and what is set in it afterwards."""

    function: str
    arguments: tuple[Any, ...]
    state: Any = None
    items: dict[Hashable, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Read:
    """What a pickle holds, and every call that it asks for, in order."""

    value: Any
    calls: tuple[Called, ...]


_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_IGNORED = frozenset(("PROTO", "FRAME"))


def read_pickle(stream: IO[bytes]) -> Read:
    """One pickle from where the stream stands; the stream is left after it. Raises PickleError and nothing else."""
    machine = _Machine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes in damaged texts
            for count, (opcode, argument, _place) in enumerate(pickletools.genops(stream)):
                if count > MAX_STEPS:
                    raise PickleError("more than 4 million instructions")
                machine.step(opcode.name, argument)
        (value,) = machine.stack
    except PickleError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, SyntaxError) as error:
        raise PickleError(str(error) or type(error).__name__) from error
    return Read(value, tuple(machine.calls))


class _Machine:
    """A stack and a memo, as every unpickler has, whose calls make a `Called`."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.calls: list[Called] = []

    def step(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        if name in _VALUES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _STEPS:
            _STEPS[name](self)
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memo[argument])
        elif name == "GLOBAL":
            self.stack.append(Global(str(argument).replace(" ", ".", 1)))
        elif name not in _IGNORED:
            raise PickleError(f"the instruction {name}, which no file of tensors needs")

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def since_mark(self) -> list[Any]:
        """What was pushed since the last mark, taken off with it."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                taken = self.stack[place + 1 :]
                del self.stack[place:]
                return taken
        raise PickleError("a mark is missing")

    def drop(self) -> None:
        self.stack.pop()

    def drop_to_mark(self) -> None:
        self.since_mark()

    def join(self, count: int) -> None:
        """A tuple of the last so many."""
        if len(self.stack) < count:
            raise PickleError("the stack is empty")
        taken = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        self.stack.append(taken)

    def global_of_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise PickleError("a name is no text")
        self.stack.append(Global(f"{module}.{name}"))

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Global | Called) or not isinstance(arguments, tuple):
            raise PickleError("a call of what is no function")
        name = function.name if isinstance(function, Global) else f"{function.function}(…)"
        if name == "collections.OrderedDict" and not arguments:
            self.stack.append({})
            return
        called = Called(name, arguments)
        self.calls.append(called)
        self.stack.append(called)

    def stored(self) -> None:
        """What lies outside the pickle. torch before 1.6 so named a module's class, together with its source."""
        what = self.stack.pop()
        is_class = isinstance(what, tuple) and len(what) > 1 and what[0] == "module" and isinstance(what[1], Global)
        self.stack.append(what[1] if is_class else Stored(what))

    def call_with_names(self) -> None:
        names, arguments = self.stack.pop(), self.stack.pop()
        self.stack.append((*arguments, names))
        self.call()

    def build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Called):
            if self.stack[-1].state is not None:
                raise PickleError("a state is set twice")
            self.stack[-1].state = state
        elif not isinstance(self.stack[-1], dict):
            raise PickleError("a state is set in what has none")

    def append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Called):
            raise PickleError("something is appended to what is no list")

    def set_items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        items = target.items if isinstance(target, Called) else target
        if not isinstance(items, dict) or len(pairs) % 2:
            raise PickleError("items are set in what has none")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            items[_plain(key)] = value

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])

    def append_one(self) -> None:
        value = self.stack.pop()
        self.append([value])

    def dictionary(self) -> None:
        pairs = self.since_mark()
        self.stack.append({})
        self.set_items(pairs)


def _plain(key: Any) -> Hashable:
    """A key that is cheap to hash: a tuple of tuples of … would take for ever, here and in every unpickler."""
    simple = (str, int, float, bytes, type(None), Global, Called)
    if isinstance(key, simple) or (isinstance(key, tuple) and all(isinstance(part, simple) for part in key)):
        return key
    raise PickleError("a key that is neither text nor a number")


_STEPS: dict[str, Callable[[_Machine], None]] = {
    "MARK": lambda m: m.stack.append(_MARK),
    "STOP": lambda m: None,
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_to_mark,
    "DUP": lambda m: m.stack.append(m.stack[-1]),
    "MEMOIZE": _Machine.memoize,
    "EMPTY_DICT": lambda m: m.stack.append({}),
    "EMPTY_LIST": lambda m: m.stack.append([]),
    "EMPTY_TUPLE": lambda m: m.stack.append(()),
    "EMPTY_SET": lambda m: m.stack.append([]),
    "DICT": _Machine.dictionary,
    "LIST": lambda m: m.stack.append(m.since_mark()),
    "TUPLE": lambda m: m.stack.append(tuple(m.since_mark())),
    "TUPLE1": lambda m: m.join(1),
    "TUPLE2": lambda m: m.join(2),
    "TUPLE3": lambda m: m.join(3),
    "STACK_GLOBAL": _Machine.global_of_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_names,
    "FROZENSET": lambda m: m.stack.append(m.since_mark()),
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.stored,
    "APPEND": _Machine.append_one,
    "APPENDS": lambda m: m.append(m.since_mark()),
    "ADDITEMS": lambda m: m.append(m.since_mark()),
    "SETITEM": _Machine.set_item,
    "SETITEMS": lambda m: m.set_items(m.since_mark()),
}
