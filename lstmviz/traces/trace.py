"""Trace: every signal of one model on one sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from lstmviz.cells.weights import Weights
from lstmviz.errors import TraceError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.derived import derived, is_lazy, previous, squashed
from lstmviz.traces.weight_parts import parts_of

if TYPE_CHECKING:
    import xarray

    from lstmviz.traces.overview import Overview

Array = npt.NDArray[np.floating]
Direction = Literal["forward", "reverse"]
CellKind = Literal["lstm", "rnn", "gru"]
OutputKind = Literal["value", "probability", "none"]

STORED = {"lstm": ("i", "f", "o", "g", "c", "h"), "rnn": ("h",), "gru": ("r", "f", "g", "h")}
"""What a recording keeps of each kind of cell; x and y stand beside the layers."""
DERIVED = {
    "lstm": ("kept", "written", "tanh_c", "zi", "zf", "zo", "zg"),
    "rnn": ("z",),
    "gru": ("i", "kept", "written", "zr", "zf", "zg"),
}
"""What is computed from it when asked for; the pre-activations z… need the weights."""
STATE = {"lstm": "c", "rnn": "h", "gru": "h"}
"""The signal that carries the memory from step to step, of which the forget gate keeps a share."""


@dataclass(frozen=True)
class LayerInfo:
    """One layer of the net: its path in the model, kind of cell and sizes (P = H without a projection)."""

    index: int
    path: str
    cell: CellKind
    inputs: int
    units: int
    outputs: int
    directions: tuple[Direction, ...] = ("forward",)


@dataclass(frozen=True, eq=False)
class Lane:
    """One layer in one direction: signals (T, H) by name, in original time order; h0 (P,), c0 (H,); weights or None.

    decoder: the weights from the trace's ``handover`` on, where an encoder hands its state to a decoder.
    """

    signals: Mapping[str, Array]
    h0: Array
    c0: Array | None = None
    weights: Weights | None = None
    decoder: Weights | None = None

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.signals.items())
        return f"<Lane {shapes}>"


@dataclass(frozen=True)
class ModelInfo:
    """The model that was recorded: name, SHA-256 of its weights, where it was read from."""

    name: str = "module"
    sha256: str = ""
    path: str = ""
    note: str = ""


@dataclass(frozen=True)
class Check:
    """How far a sample of the recording lies from the float64 reference and from the framework's own layer."""

    max_error: float
    tolerance: float
    steps: int
    against: tuple[str, ...] = ("cells float64",)

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance (NaN is not)."""
        return self.max_error <= self.tolerance


@dataclass(frozen=True)
class Recorded:
    """How the trace was recorded: UTC time, device, dtype, method (``workspace`` or ``fused+scan``), versions.

    note: a sentence where the recording was cut short, else "".
    """

    when: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    method: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, eq=False)
class Frame:
    """Every signal of every layer at one step: ``frame[(layer, direction)]["f"]`` is (H,)."""

    t: int
    lanes: Mapping[tuple[int, str], Mapping[str, Array]]

    def __repr__(self) -> str:
        names = "; ".join(f"{key}: {' '.join(values)}" for key, values in self.lanes.items())
        return f"<Frame t = {self.t}; {names}>"

    def __getitem__(self, key: str | tuple[int, str]) -> Array | Mapping[str, Array]:
        lane = self.lanes.get(next(iter(self.lanes)) if isinstance(key, str) else key)
        found = lane.get(key) if isinstance(key, str) and lane is not None else lane
        if found is None:
            raise TraceError(
                "The frame at step {t} has no “{key}”; expected one of: {names}, or a layer and a direction out of"
                " {lanes}.",
                t=self.t,
                key=str(key),
                names=" ".join(next(iter(self.lanes.values()))),
                lanes=" ".join(map(str, self.lanes)),
            )
        return found


@dataclass(frozen=True, eq=False)
class Trace:
    """Every signal of one model on one sequence.

    inputs: (T, F), x as it entered the first layer. lanes: by (layer, direction). outputs: (T, O), what the model
    says at each step, or None for a bare layer, whose output is h. outputs of kind ``probability`` sum to 1 over O,
    ``value`` are in the sequence's own units. targets: (T, K) with NaN where nothing is asked: K = O values, or
    K = 1, the place of the right symbol among output_names. handover: the step from which the decoder works on, 0
    where there is none; before it nothing is said, and the outputs are NaN.

    A trace that was opened lazily has its signals and outputs on the disk: LazyArrays, which give the steps and units
    that are asked for as numpy arrays, and ``overview`` draws them; it is None where all is in memory.
    """

    sequence: Sequence
    inputs: Array
    layers: tuple[LayerInfo, ...]
    lanes: Mapping[tuple[int, str], Lane]
    outputs: Array | None = None
    output_names: tuple[str, ...] = ()
    output_kind: OutputKind = "none"
    targets: Array | None = None
    input_names: tuple[str, ...] = ()
    model: ModelInfo = ModelInfo()
    check: Check | None = None
    recorded: Recorded = Recorded()
    name: str = ""
    handover: int = 0
    overview: Overview | None = None

    def __post_init__(self) -> None:
        if self.handover and not 0 < self.handover < len(self):
            raise TraceError(
                "The decoder of a trace of {steps} steps cannot begin at step {handover}; expected 1 to {last}.",
                steps=len(self),
                handover=self.handover,
                last=len(self) - 1,
            )
        arrays = [self.inputs, self.outputs, self.targets]
        for lane in self.lanes.values():
            arrays += [*lane.signals.values(), lane.h0, lane.c0]
            for weights in (lane.weights, lane.decoder):
                if weights is not None:  # other traces of the same model share them
                    arrays += parts_of(weights).values()
        for array in arrays:
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        if not self.name:
            object.__setattr__(self, "name", f"{self.model.name} · {self.sequence.name}")

    def __len__(self) -> int:
        return int(self.inputs.shape[0])

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __repr__(self) -> str:
        """A line, not every number of it: this is what a notebook shows."""
        layers = ", ".join(
            f"{info.cell} {info.inputs}→{info.units} {'+'.join(info.directions)}" for info in self.layers
        )
        checked = "" if self.check is None else f", checked max |Δ| = {self.check.max_error:.1e}"
        return f"<Trace “{self.name}”: {len(self)} steps; {layers}{checked}>"

    @property
    def lazy(self) -> bool:
        """Whether the signals are on the disk, and no one may take them whole."""
        return is_lazy(self)

    @property
    def units(self) -> int:
        """H, the number of units of the first layer."""
        return self.layers[0].units

    def names(self, layer: int = 0) -> tuple[str, ...]:
        """The signals that ``signal`` can give for a layer."""
        info = self._info(layer)
        lane = self.lanes[layer, info.directions[0]]
        derived = DERIVED[info.cell]
        if lane.weights is None or (self.handover and lane.decoder is None):
            derived = tuple(name for name in derived if not name.startswith("z"))
        return ("x", *STORED[info.cell], *derived, "y")

    def __getitem__(self, name: str) -> Array:
        """A signal of the first layer in its first direction, forward mostly, as (T, H), read-only."""
        return self.signal(name, 0, self.layers[0].directions[0])

    def signal(self, name: str, layer: int = 0, direction: str = "forward") -> Array:
        """One signal over time, (T, H), read-only; derived ones are computed here.

        kept = f ⊗ c(t−1), in a GRU f ⊗ h(t−1); written = i ⊗ g, in a GRU with i = 1 − f; tanh_c = tanh(c), which a
        layer norm scales before; z…, the pre-activations, of which each gate is the σ and g the tanh, with peepholes,
        norms and reset gate where the weights have them. x is what entered the layer; y the model's output, h where
        it has none. Raises TraceError for a name, layer or direction that the trace does not have.
        """
        lane = self._lane(layer, direction)
        if name in lane.signals:
            return lane.signals[name]
        if name not in self.names(layer):
            raise TraceError(
                "Unknown signal “{name}” in layer {layer} of “{trace}”; expected one of: {names}.",
                name=name,
                layer=layer,
                trace=self.name,
                names=" ".join(self.names(layer)),
            )
        if name == "y":
            array = lane.signals["h"] if self.outputs is None else self.outputs
        else:
            array = self.inputs if name == "x" and not layer else derived(self, name, layer, direction)
        if isinstance(array, np.ndarray):
            array = array.view()
            array.flags.writeable = False
        return array

    def previous(self, name: str, layer: int = 0, direction: str = "forward") -> Array:
        """h or c of the step before, as the cell saw it: shifted by one against the direction, h0 or c0 at the edge."""
        self._lane(layer, direction)
        return previous(self, name, layer, direction)

    def previous_at(self, t: int, name: str, layer: int = 0, direction: str = "forward") -> Array:
        """One row of ``previous``, (H,), without building the rest."""
        lane = self._lane(layer, direction)
        before = t + 1 if direction == "reverse" else t - 1
        if 0 <= before < len(self):
            row: Array = lane.signals[name][before]
            return row
        edge = lane.h0 if name == "h" else lane.c0
        return np.zeros(lane.signals[name].shape[1], np.float32) if edge is None else edge

    def weights_at(self, t: int, layer: int = 0, direction: str = "forward") -> Weights | None:
        """The weights that computed step t: the decoder's from the handover on. None where they were not kept."""
        lane = self._lane(layer, direction)
        return lane.decoder if self.handover and t % len(self) >= self.handover else lane.weights

    def input_at(self, t: int, layer: int = 0) -> Array:
        """What entered a layer at step t: (F,), or the h of the layer below, both directions joined."""
        if layer == 0:
            row: Array = self.inputs[t]
            return row
        below = self.layers[layer - 1]
        rows = [self.lanes[layer - 1, side].signals["h"][t] for side in below.directions]
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def frame(self, t: int) -> Frame:
        """Every stored signal at step t, with i, kept, written and tanh_c; a negative t counts from the end."""
        if not -len(self) <= t < len(self):
            raise TraceError(
                "Step {t} is outside “{trace}”; expected 0 to {last}.",
                t=t,
                trace=self.name,
                last=len(self) - 1,
            )
        t %= len(self)
        lanes: dict[tuple[int, str], dict[str, Array]] = {}
        for (layer, side), lane in self.lanes.items():
            values = {name: array[t] for name, array in lane.signals.items()}
            values["x"] = self.input_at(t, layer)
            cell = self.layers[layer].cell
            if cell == "gru":
                values["i"] = 1 - values["f"]
            if cell != "rnn":
                values["kept"] = values["f"] * self.previous_at(t, STATE[cell], layer, side)
                values["written"] = values["i"] * values["g"]
            if cell == "lstm":
                values["tanh_c"] = squashed(self.weights_at(t, layer, side), values["c"])
            values["y"] = values["h"] if self.outputs is None else self.outputs[t]
            lanes[layer, side] = values
        return Frame(t, lanes)

    def save(self, path: str) -> None:
        """Write the trace as a store, beside its target and then moved into place; ``open_trace`` gives it back."""
        from lstmviz.traces.store import save_trace

        save_trace(self, path)

    def to_xarray(self, layer: int = 0, direction: str = "forward") -> xarray.Dataset:
        """One layer's stored signals as an xarray.Dataset with dims ``time`` and ``unit``; needs the extra xarray."""
        from lstmviz.traces.xarray_bridge import to_xarray

        return to_xarray(self, layer, direction)

    def _info(self, layer: int) -> LayerInfo:
        if not 0 <= layer < len(self.layers):
            raise TraceError(
                "Layer {layer} is not in “{trace}”; expected 0 to {last}.",
                layer=layer,
                trace=self.name,
                last=len(self.layers) - 1,
            )
        return self.layers[layer]

    def _lane(self, layer: int, direction: str) -> Lane:
        info = self._info(layer)
        if (layer, direction) not in self.lanes:
            raise TraceError(
                "Layer {layer} of “{trace}” has no direction “{direction}”; expected one of: {directions}.",
                layer=layer,
                trace=self.name,
                direction=direction,
                directions=" ".join(info.directions),
            )
        return self.lanes[layer, direction]
