"""LoopLayers: LSTM layers that see their state, are normalised or take other functions, which no fused kernel has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstmviz.cells.activations import PLAIN, Functions
from lstmviz.nets.spec import variant_shapes

Side = Literal["forward", "reverse"]
State = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class LoopWeights:
    """One layer in one direction, rows in torch's order i f g o: w_ih (4H, F), w_hh (4H, R), b (4H,).

    w_hr: (P, H), a recurrent projection. peephole: (3, H), rows i f o. norm_x, norm_h: (4H,), gains of x Wx and
    h(t−1) Wh; norm_c: (2, H), gain and bias of c. None for what the layer does not have. functions: σ and tanh, or
    others.
    """

    w_ih: Tensor
    w_hh: Tensor
    b: Tensor
    w_hr: Tensor | None = None
    peephole: Tensor | None = None
    norm_x: Tensor | None = None
    norm_h: Tensor | None = None
    norm_c: Tensor | None = None
    functions: Functions = PLAIN


@dataclass(frozen=True, eq=False)
class LoopRun:
    """What the loop computed, in the order of reading: h (T, B, R), c (T, B, H), and i f o g (T, B, 4H) if asked."""

    h: Tensor
    c: Tensor
    gates: Tensor | None = None


Activate = Callable[[Tensor], Tensor]
_FUNCTIONS: Mapping[str, Activate] = {
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": lambda z: (0.2 * z + 0.5).clamp(0, 1),
    "hard_sigmoid_keras3": functional.hardsigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softsign": functional.softsign,
    "linear": lambda z: z,
}


def activations(functions: Functions) -> tuple[Activate, Activate, Activate]:
    """The functions of gates, candidate and output for torch, the first two with the clip before them."""
    gate, candidate, output = (_FUNCTIONS[name] for name in (functions.gate, functions.candidate, functions.output))
    if functions.clip:
        return _clipped(gate, functions.clip), _clipped(candidate, functions.clip), output
    return gate, candidate, output


def _clipped(function: Activate, clip: float) -> Activate:
    return lambda z: function(z.clamp(-clip, clip))


def lstm_loop(w: LoopWeights, x: Tensor, h: Tensor, c: Tensor, *, signals: bool = False) -> LoopRun:
    """`lstmviz.cells.lstm_step` for torch: x (T, B, F), h (B, R) and c (B, H) before the first step.

    What depends on x alone is one product over all steps. Gradients go through everything that requires them.
    Sources: Graves (2013), equations 7 to 11; Ba, Kiros and Hinton (2016), equations 20 to 22; Sak et al. (2014).
    """
    units, w_hh = c.shape[-1], w.w_hh.t()
    gate, candidate, output = activations(w.functions)
    entered = functional.linear(x, w.w_ih)
    if w.norm_x is not None:
        entered = functional.layer_norm(entered, w.norm_x.shape, w.norm_x)
    hs, cs, gates = [], [], []
    for z_x in (entered + w.b).unbind(0):
        if w.norm_h is None:
            z = torch.addmm(z_x, h, w_hh)
        else:
            z = z_x + functional.layer_norm(h @ w_hh, w.norm_h.shape, w.norm_h)
        z_if, zg, zo = z.split_with_sizes([2 * units, units, units], dim=-1)
        z_if = z_if.view(-1, 2, units)
        if w.peephole is not None:
            z_if = torch.addcmul(z_if, w.peephole[:2], c[:, None])
        i, f = gate(z_if).unbind(1)
        g = candidate(zg)
        c = torch.addcmul(f * c, i, g)
        if w.peephole is not None:
            zo = torch.addcmul(zo, w.peephole[2], c)
        o = gate(zo)
        seen = c if w.norm_c is None else functional.layer_norm(c, c.shape[-1:], w.norm_c[0], w.norm_c[1])
        h = o * output(seen)
        if w.w_hr is not None:
            h = functional.linear(h, w.w_hr)
        hs.append(h)
        cs.append(c)
        if signals:
            gates.append(torch.cat([i, f, o, g], dim=-1))
    return LoopRun(torch.stack(hs), torch.stack(cs), torch.stack(gates) if signals else None)


class LoopLayers(nn.Module):
    """Layers as nn.LSTM(…, batch_first=True) has them, with peepholes, layer normalisation, other functions or all.

    Parameters are named, ordered and drawn as torch's; the peepholes are ``peephole_l0``, the gains ``norm_x_l0``,
    ``norm_h_l0`` and ``norm_c_l0`` (see LoopWeights). Peepholes begin at 0, gains at 1: without layer normalisation
    the same random state so begins as the same function as nn.LSTM.
    """

    bias = True
    batch_first = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bidirectional: bool = False,
        proj_size: int = 0,
        peepholes: bool = False,
        layer_norm: bool = False,
        functions: Functions = PLAIN,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self.peepholes = peepholes
        self.layer_norm = layer_norm
        self.functions = functions
        self.dropout = 0.0
        for layer in range(num_layers):
            for side in self.sides:
                for name, shape in self._shapes(layer).items():
                    self.register_parameter(name + _ending(layer, side), nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def extra_repr(self) -> str:
        """The sizes and what is particular, as torch prints them."""
        variants = [name for name in ("bidirectional", "peepholes", "layer_norm") if getattr(self, name)]
        projection = [f"proj_size={self.proj_size}"] if self.proj_size else []
        sizes = [str(self.input_size), str(self.hidden_size), f"num_layers={self.num_layers}"]
        functions = [] if self.functions == PLAIN else [str(self.functions)]
        return ", ".join([*sizes, *projection, *variants, *functions])

    @property
    def sides(self) -> tuple[Side, ...]:
        """The directions of every layer."""
        return ("forward", "reverse") if self.bidirectional else ("forward",)

    def reset_parameters(self) -> None:
        """U(−1/√H, 1/√H) in the order in which nn.LSTM draws; peepholes and the bias of c's norm 0, gains 1."""
        bound = 1 / math.sqrt(self.hidden_size)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.startswith("peephole"):
                    parameter.zero_()
                elif name.startswith("norm"):
                    parameter.fill_(1.0)
                    if name.startswith("norm_c"):
                        parameter[1] = 0.0
                else:
                    nn.init.uniform_(parameter, -bound, bound)

    def weights(self, layer: int, side: Side) -> LoopWeights:
        """The parameters of one layer in one direction, both biases added."""
        found = {name: cast(Tensor, getattr(self, name + _ending(layer, side))) for name in self._shapes(layer)}
        return LoopWeights(
            found["weight_ih"],
            found["weight_hh"],
            found["bias_ih"] + found["bias_hh"],
            found.get("weight_hr"),
            found.get("peephole"),
            found.get("norm_x"),
            found.get("norm_h"),
            found.get("norm_c"),
            self.functions,
        )

    def forward(
        self, input: Tensor, hx: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(B, T, F) in; h of the last layer, directions joined, (B, T, R·D), and the last states (L·D, B, R and H).

        lengths: (B,), where each sequence ends, so that the reverse direction begins there and the states are those
        of each sequence's own end; else all are T steps long. In training mode ``dropout`` falls on what goes from one
        layer up to the next, never on what goes from a step to the next.
        """
        below = input.transpose(0, 1)
        shape = (self.num_layers * len(self.sides), input.shape[0])
        if hx is None:
            widths = (self.proj_size or self.hidden_size, self.hidden_size)
            hx = (input.new_zeros(*shape, widths[0]), input.new_zeros(*shape, widths[1]))
        h_last: list[Tensor] = []
        c_last: list[Tensor] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                below = functional.dropout(below, self.dropout, self.training)
            outputs = []
            for side in self.sides:
                place = len(h_last)
                entered = turned(below, lengths) if side == "reverse" else below
                run = lstm_loop(self.weights(layer, side), entered, hx[0][place], hx[1][place])
                h_last.append(_at_end(run.h, lengths))
                c_last.append(_at_end(run.c, lengths))
                outputs.append(turned(run.h, lengths) if side == "reverse" else run.h)
            below = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
        return below.transpose(0, 1), (torch.stack(h_last), torch.stack(c_last))

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        units, rows = self.hidden_size, 4 * self.hidden_size
        outputs = self.proj_size or units
        inputs = outputs * len(self.sides) if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, inputs),
            "weight_hh": (rows, outputs),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, units)
        shapes.update(variant_shapes(units, peepholes=self.peepholes, layer_norm=self.layer_norm))
        return shapes


def turned(x: Tensor, lengths: Tensor | None) -> Tensor:
    """(T, B, …) with each sequence back to front within its own length (B,); what is padded stays where it is."""
    steps = x.shape[0]
    if lengths is None or bool((lengths == steps).all()):
        return x.flip(0)
    n = lengths.to(x.device)
    t = torch.arange(steps, device=x.device)[:, None]
    return x[torch.where(t < n, n - 1 - t, t), torch.arange(len(n), device=x.device)]


def _at_end(signal: Tensor, lengths: Tensor | None) -> Tensor:
    if lengths is None:
        return signal[-1]
    return signal[lengths.to(signal.device) - 1, torch.arange(len(lengths), device=signal.device)]


def _ending(layer: int, side: Side) -> str:
    return f"_l{layer}" + ("_reverse" if side == "reverse" else "")
