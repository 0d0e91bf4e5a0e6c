"""The table of generators: name → function with typed parameters, for the command line and the window to list."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_type_hints

from lstmviz.errors import SequenceError
from lstmviz.language import mark
from lstmviz.sequences.generators.adding import adding
from lstmviz.sequences.generators.brackets import nested_brackets
from lstmviz.sequences.generators.counting import anbn
from lstmviz.sequences.generators.dates import dates
from lstmviz.sequences.generators.flipflop import flip_flop
from lstmviz.sequences.generators.naming import digit_names
from lstmviz.sequences.generators.order import temporal_order
from lstmviz.sequences.generators.prices import prices
from lstmviz.sequences.generators.reber import continual_reber, embedded_reber, reber
from lstmviz.sequences.generators.reviews import reviews
from lstmviz.sequences.generators.truth import Generated


@dataclass(frozen=True)
class Parameter:
    """One parameter of a generator: its name, type (int or float) and value if none is given."""

    name: str
    type: type
    default: int | float


@dataclass(frozen=True)
class Generator:
    """A generator: id, title (English, to translate with ``tr``) and the function that makes the sequence."""

    id: str
    title: str
    function: Callable[..., Generated]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the function, ``seed`` first."""
        types = get_type_hints(self.function)
        return tuple(
            Parameter(name, types[name], parameter.default)
            for name, parameter in inspect.signature(self.function).parameters.items()
        )

    def make(self, values: Mapping[str, object] | None = None) -> Generated:
        """The sequence and its truth; raises SequenceError for a parameter that it lacks or a value of another type."""
        known = {parameter.name: parameter.type for parameter in self.parameters}
        given = dict(values or {})
        for name, value in given.items():
            if name not in known:
                raise SequenceError(
                    "The generator {generator} has no parameter “{name}”; it has {known}.",
                    generator=self.id,
                    name=name,
                    known=", ".join(known),
                )
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not (whole or (known[name] is float and isinstance(value, float))):
                raise SequenceError(
                    "The parameter {name} of the generator {generator} is “{value}”; expected {expected}.",
                    generator=self.id,
                    name=name,
                    value=value,
                    expected=known[name].__name__,
                )
        return self.function(**given)


GENERATORS: dict[str, Generator] = {
    generator.id: generator
    for generator in (
        Generator("plain-reber", mark("Reber grammar"), reber),
        Generator("embedded-reber", mark("Embedded Reber grammar"), embedded_reber),
        Generator("continual-reber", mark("Continual Reber grammar"), continual_reber),
        Generator("adding", mark("Adding problem"), adding),
        Generator("temporal-order", mark("Temporal order"), temporal_order),
        Generator("anbn", mark("Counting: aⁿbⁿ"), anbn),
        Generator("brackets", mark("Nested brackets"), nested_brackets),
        Generator("flip-flop", mark("Flip-flops"), flip_flop),
        Generator("prices", mark("Prices in cycles"), prices),
        Generator("reviews", mark("Reviews and their score"), reviews),
        Generator("digit-names", mark("Digits and their names"), digit_names),
        Generator("dates", mark("Dates to ISO"), dates),
    )
}
