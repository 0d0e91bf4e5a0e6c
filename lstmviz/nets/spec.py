"""NetSpec: what a net is, in words and numbers, saved as NAME.json beside its weights in NAME.safetensors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from lstmviz.cells.activations import PLAIN, Functions, GateActivation, StateActivation, is_known
from lstmviz.errors import ModelError
from lstmviz.language import mark, tr
from lstmviz.sequences.topology import START, STOP, Topology

FORMAT = 1
"""Version of NAME.json; raised whenever an old reader would misread a new file."""

Size = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
Depth = Annotated[int, msgspec.Meta(ge=1, le=256)]
Place = Annotated[int, msgspec.Meta(ge=0)]


class ValueInput(msgspec.Struct, frozen=True, tag="values"):
    """x(t) = (value − mean) / scale for each named feature."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def width(self) -> int:
        """F, the width of x(t)."""
        return len(self.names)


class OneHotInput(msgspec.Struct, frozen=True, tag="one-hot"):
    """x(t) is 1 at the place of the symbol in the vocabulary and 0 elsewhere."""

    vocabulary: tuple[str, ...]

    @property
    def width(self) -> int:
        """F, the size of the vocabulary."""
        return len(self.vocabulary)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features: the symbols."""
        return self.vocabulary


class ValueOutput(msgspec.Struct, frozen=True, tag="value"):
    """Outputs in the sequence's own units, read-out · scale + mean.

    columns: which input features the outputs foretell, one step ahead; empty for the sequence's own targets.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    columns: tuple[Place, ...] = ()


class ProbabilityOutput(msgspec.Struct, frozen=True, tag="probability"):
    """Outputs are the softmax of the read-out over these names."""

    names: tuple[str, ...]


class Look(msgspec.Struct, frozen=True):
    """What is worth looking at first."""

    layer: Place = 0
    direction: Literal["forward", "reverse"] = "forward"
    unit: Place = 0
    signal: str = "f"


class NetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A net: recurrent layers and a linear read-out (none where ``output`` is None).

    hidden is H; projection is P, 0 for none. peepholes: Graves 2013; layer_norm: Ba et al. 2016, both of an LSTM.
    activation: of a recurrent layer. gate_activation, candidate_activation, output_activation, clip, cell_clip: of the
    others, see `lstmviz.cells.activations.Functions`. reset_before: of a GRU, see `lstmviz.cells.gru`. reverse: it
    reads from the last step to the first alone. initial_state: it begins in h (and c) of its own, ``initial_h`` and
    ``initial_c`` among the weights, one row for each layer and direction; else at zero.
    said: the most symbols that a decoder says. task: what it was trained for, ``next`` for the next value or symbol.
    note: by language, ``en`` and ``pt_BR``. sha256: of the weights file.
    """

    format: int = FORMAT
    name: str
    cell: Literal["lstm", "rnn", "gru"] = "lstm"
    topology: Topology = "seq2seq"
    activation: StateActivation = "tanh"
    input: ValueInput | OneHotInput
    hidden: Size
    layers: Depth = 1
    bidirectional: bool = False
    reverse: bool = False
    projection: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)] = 0
    peepholes: bool = False
    layer_norm: bool = False
    reset_before: bool = False
    gate_activation: GateActivation = "sigmoid"
    candidate_activation: StateActivation = "tanh"
    output_activation: StateActivation = "tanh"
    clip: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    cell_clip: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    initial_state: bool = False
    output: ValueOutput | ProbabilityOutput | None = None
    said: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 64
    task: str = "next"
    note: dict[str, str] = {}
    look: Look = Look()
    sha256: str = ""

    @property
    def directions(self) -> tuple[Literal["forward", "reverse"], ...]:
        """The directions of every layer."""
        if self.reverse:
            return ("reverse",)
        return ("forward", "reverse") if self.bidirectional else ("forward",)

    @property
    def functions(self) -> Functions:
        """What stands for σ and tanh; φ of a recurrent layer is their candidate."""
        candidate = self.activation if self.cell == "rnn" else self.candidate_activation
        return Functions(self.gate_activation, candidate, self.output_activation, self.clip, self.cell_clip)

    @property
    def fused(self) -> bool:
        """Whether a kernel of torch computes the layers, and not the loop."""
        plain = PLAIN
        if self.cell == "rnn" and self.activation in ("tanh", "relu"):
            plain = Functions(candidate=self.activation)
        return self.functions == plain and not (self.peepholes or self.layer_norm or self.reset_before or self.reverse)

    @property
    def layer_outputs(self) -> int:
        """The width of h(t) in one direction: P with a projection, else H."""
        return self.projection or self.hidden

    def layer_inputs(self, layer: int) -> int:
        """The width of what enters a layer."""
        return self.layer_outputs * len(self.directions) if layer else self.input.width

    def words(self, language: str) -> str:
        """The note in a language, English where it has none."""
        return self.note.get(language) or self.note.get("en", "")


def check_spec(spec: NetSpec, file: str) -> NetSpec:
    """The spec itself, or a ModelError that says which part of it contradicts which."""
    if not spec.input.width or len(set(spec.input.names)) != spec.input.width:
        raise ModelError("“{file}”: the names of the inputs are empty or repeated; expected each once.", file=file)
    for part in (spec.input, spec.output):
        if isinstance(part, ValueInput | ValueOutput):
            _check_units(part, file)
    if spec.output is not None and not spec.output.names:
        raise ModelError("“{file}”: the output has no names; expected one for each output.", file=file)
    _check_variants(spec, file)
    if spec.topology == "enc2dec":
        _check_decoder(spec, file)
    if isinstance(spec.output, ValueOutput) and spec.output.columns:
        columns, outputs = spec.output.columns, len(spec.output.names)
        if len(columns) != outputs or max(columns) >= spec.input.width or isinstance(spec.input, OneHotInput):
            raise ModelError(
                "“{file}”: the output foretells the input columns {columns}; expected {outputs} of the {width}.",
                file=file,
                columns=list(columns),
                outputs=outputs,
                width=spec.input.width,
            )
    look = spec.look
    if look.layer >= spec.layers or look.unit >= spec.hidden or look.direction not in spec.directions:
        raise ModelError(
            "“{file}” says to look at unit {unit}, layer {layer}, {direction}; it has {layers} layers of {hidden}.",
            file=file,
            unit=look.unit,
            layer=look.layer,
            direction=look.direction,
            layers=spec.layers,
            hidden=spec.hidden,
        )
    return spec


def _check_variants(spec: NetSpec, file: str) -> None:
    if spec.projection and (spec.cell != "lstm" or spec.projection >= spec.hidden):
        raise ModelError(
            "“{file}”: a projection of {found} does not fit; expected one below the {hidden} units of an LSTM.",
            file=file,
            found=spec.projection,
            hidden=spec.hidden,
        )
    for name in ("peepholes", "layer_norm"):
        if getattr(spec, name) and spec.cell != "lstm":
            raise ModelError(
                "“{file}” asks for {name} in a net of cell “{cell}”; expected them in an LSTM only.",
                file=file,
                name=name,
                cell=spec.cell,
            )
    _check_functions(spec, file)
    if spec.reset_before and spec.cell != "gru":
        raise ModelError(
            "“{file}” asks for {name} in a net of cell “{cell}”; expected it in a GRU only.",
            file=file,
            name="reset_before",
            cell=spec.cell,
        )
    if spec.reverse and (spec.bidirectional or spec.topology == "enc2dec"):
        raise ModelError(
            "“{file}” is a net that reads backwards alone and yet in both directions, or as a decoder; expected one of"
            " them.",
            file=file,
        )


def _check_functions(spec: NetSpec, file: str) -> None:
    """Each cell has the functions that it has, with a finite clip; ``activation`` means nothing but in an RNN."""
    asked = {
        "activation": spec.activation,
        "gate_activation": spec.gate_activation,
        "candidate_activation": spec.candidate_activation,
        "output_activation": spec.output_activation,
    }
    own = {"lstm": list(asked)[1:], "gru": list(asked)[1:3], "rnn": list(asked)[:1]}[spec.cell]
    plain = {**dict.fromkeys(asked, "tanh"), "gate_activation": "sigmoid"}
    for name, found in asked.items():
        if not is_known(found) or (name not in (*own, "activation") and found != plain[name]):
            raise ModelError(
                "“{file}” asks for the function {found} as {name} in a net of cell “{cell}”; that cell has none such.",
                file=file,
                found=found[:80],
                name=name,
                cell=spec.cell,
            )
    if not math.isfinite(spec.clip + spec.cell_clip) or (spec.cell_clip and spec.cell != "lstm"):
        found = f"{spec.clip}, {spec.cell_clip}"
        raise ModelError(
            "“{file}” clips z and c at {found}; expected finite numbers, that of c in an LSTM only.",
            file=file,
            found=found,
        )


def _check_decoder(spec: NetSpec, file: str) -> None:
    """What a decoder needs to read what it said itself, from START to STOP."""
    if spec.initial_state:
        raise ModelError(
            "“{file}” is an encoder→decoder with a first state of its own; expected one that begins at zero.", file=file
        )
    if spec.bidirectional:
        raise ModelError(
            "“{file}” is an encoder→decoder in both directions; a decoder cannot read backwards what it has yet to"
            " say: expected one direction.",
            file=file,
        )
    if not isinstance(spec.input, OneHotInput) or not isinstance(spec.output, ProbabilityOutput):
        raise ModelError(
            "“{file}” is an encoder→decoder of values; expected symbols in and probabilities out.", file=file
        )
    for symbol, names, where in ((START, spec.input.names, mark("inputs")), (STOP, spec.output.names, mark("outputs"))):
        if symbol not in names:
            raise ModelError(
                "“{file}” is an encoder→decoder without {symbol} among its {where}; expected it there.",
                file=file,
                symbol=symbol,
                where=tr(where),
            )
    unread = [name for name in spec.output.names if name != STOP and name not in spec.input.names]
    if unread:
        raise ModelError(
            "“{file}”: the decoder may say “{symbol}” but cannot read it; expected every output but {stop} among the"
            " inputs.",
            file=file,
            symbol=unread[0],
            stop=STOP,
        )


def _check_units(part: ValueInput | ValueOutput, file: str) -> None:
    if not len(part.names) == len(part.mean) == len(part.scale):
        raise ModelError(
            "“{file}”: {names} names have {means} means and {scales} scales; expected one of each for every name.",
            file=file,
            names=len(part.names),
            means=len(part.mean),
            scales=len(part.scale),
        )
    for name, mean, scale in zip(part.names, part.mean, part.scale, strict=True):
        if not (math.isfinite(mean) and math.isfinite(scale) and scale > 0):
            raise ModelError(
                "“{file}”: “{name}” has mean {mean} and scale {scale}; expected finite numbers, the scale above 0.",
                file=file,
                name=name,
                mean=mean,
                scale=scale,
            )


GATE_BLOCKS = {"lstm": 4, "gru": 3, "rnn": 1}
"""Blocks of H rows in the weights of a layer, by cell."""


def expected_shapes(spec: NetSpec) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a net, as torch names them."""
    shapes: dict[str, tuple[int, ...]] = {}
    for part in ("recurrent", "decoder") if spec.topology == "enc2dec" else ("recurrent",):
        for layer in range(spec.layers):
            for direction in spec.directions:
                ending = f"l{layer}" + ("_reverse" if direction == "reverse" else "")
                for name, shape in _layer_shapes(spec, layer).items():
                    shapes[f"{part}.{name}_{ending}"] = shape
    shapes |= {name: shape for name, shape in initial_shapes(spec).items() if spec.initial_state}
    if spec.output is not None:
        shapes["readout.weight"] = (len(spec.output.names), spec.layer_inputs(1))
        shapes["readout.bias"] = (len(spec.output.names),)
    return shapes


def initial_shapes(spec: NetSpec) -> dict[str, tuple[int, ...]]:
    """The states in which a net begins: rows by layer, of each forward first."""
    lanes = spec.layers * len(spec.directions)
    shapes: dict[str, tuple[int, ...]] = {"initial_h": (lanes, spec.layer_outputs)}
    return {**shapes, "initial_c": (lanes, spec.hidden)} if spec.cell == "lstm" else shapes


def _layer_shapes(spec: NetSpec, layer: int) -> dict[str, tuple[int, ...]]:
    """The tensors of one layer in one direction; the variants' are those of `lstmviz.nets.loop.LoopWeights`."""
    rows = GATE_BLOCKS[spec.cell] * spec.hidden
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (rows, spec.layer_inputs(layer)),
        "weight_hh": (rows, spec.layer_outputs),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }
    if spec.projection:
        shapes["weight_hr"] = (spec.projection, spec.hidden)
    shapes.update(variant_shapes(spec.hidden, peepholes=spec.peepholes, layer_norm=spec.layer_norm))
    return shapes


def variant_shapes(units: int, *, peepholes: bool, layer_norm: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of what a layer with peepholes or layer normalisation has beyond a plain one."""
    if peepholes:
        yield "peephole", (3, units)
    if layer_norm:
        yield "norm_x", (4 * units,)
        yield "norm_h", (4 * units,)
        yield "norm_c", (2, units)
