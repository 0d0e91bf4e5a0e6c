"""LoopLayers: layers that see their state, are normalised, take other functions or read backwards alone."""

from __future__ import annotations

import math
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstmviz.cells.activations import PLAIN, Functions
from lstmviz.nets.loop_cells import LoopCell, LoopWeights, run_loop
from lstmviz.nets.spec import GATE_BLOCKS, variant_shapes

Side = Literal["forward", "reverse"]
State = Tensor | tuple[Tensor, Tensor]


class LoopLayers(nn.Module):
    """Layers as nn.LSTM, nn.GRU or nn.RNN(…, batch_first=True) has them, with what no fused kernel knows.

    That is peepholes and layer normalisation of an LSTM, a GRU's reset before the weights, other functions, and layers
    that read from the last step to the first alone (``reverse``).

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
        cell: LoopCell = "lstm",
        reset_before: bool = False,
        reverse: bool = False,
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
        self.cell: LoopCell = cell
        self.reset_before = reset_before
        self.reverse = reverse
        self.dropout = 0.0
        for layer in range(num_layers):
            for side in self.sides:
                for name, shape in self._shapes(layer).items():
                    self.register_parameter(name + _ending(layer, side), nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def extra_repr(self) -> str:
        """The sizes and what is particular, as torch prints them."""
        variants = [
            name
            for name in ("bidirectional", "peepholes", "layer_norm", "reset_before", "reverse")
            if getattr(self, name)
        ]
        projection = [f"proj_size={self.proj_size}"] if self.proj_size else []
        sizes = [str(self.input_size), str(self.hidden_size), f"num_layers={self.num_layers}"]
        functions = [] if self.functions == PLAIN else [str(self.functions)]
        kind = [] if self.cell == "lstm" else [self.cell]
        return ", ".join([*kind, *sizes, *projection, *variants, *functions])

    @property
    def sides(self) -> tuple[Side, ...]:
        """The directions of every layer."""
        if self.reverse:
            return ("reverse",)
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
        """The parameters of one layer in one direction, both biases added but in a GRU."""
        found = {name: cast(Tensor, getattr(self, name + _ending(layer, side))) for name in self._shapes(layer)}
        apart = self.cell == "gru"
        return LoopWeights(
            found["weight_ih"],
            found["weight_hh"],
            found["bias_ih"] if apart else found["bias_ih"] + found["bias_hh"],
            found.get("weight_hr"),
            found.get("peephole"),
            found.get("norm_x"),
            found.get("norm_h"),
            found.get("norm_c"),
            self.functions,
            self.cell,
            found["bias_hh"] if apart else None,
            self.reset_before,
        )

    def forward(self, input: Tensor, hx: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """(B, T, F) in; h of the last layer, directions joined, (B, T, R·D), and the last states (L·D, B, R and H).

        The state is h and c of an LSTM, h of the others.

        lengths: (B,), where each sequence ends, so that the reverse direction begins there and the states are those
        of each sequence's own end; else all are T steps long. In training mode ``dropout`` falls on what goes from one
        layer up to the next, never on what goes from a step to the next.
        """
        below = input.transpose(0, 1)
        shape = (self.num_layers * len(self.sides), input.shape[0])
        if hx is None:
            h0 = input.new_zeros(*shape, self.proj_size or self.hidden_size)
            c0 = input.new_zeros(*shape, self.hidden_size)
        else:
            h0, c0 = (hx, hx) if isinstance(hx, Tensor) else hx
        h_last: list[Tensor] = []
        c_last: list[Tensor] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                below = functional.dropout(below, self.dropout, self.training)
            outputs = []
            for side in self.sides:
                place = len(h_last)
                entered = turned(below, lengths) if side == "reverse" else below
                run = run_loop(self.weights(layer, side), entered, h0[place], c0[place])
                h_last.append(_at_end(run.h, lengths))
                if run.c is not None:
                    c_last.append(_at_end(run.c, lengths))
                outputs.append(turned(run.h, lengths) if side == "reverse" else run.h)
            below = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
        h = torch.stack(h_last)
        return below.transpose(0, 1), (h, torch.stack(c_last)) if c_last else h

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        units, rows = self.hidden_size, GATE_BLOCKS[self.cell] * self.hidden_size
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
