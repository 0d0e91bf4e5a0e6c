"""Net: recurrent layers with what goes in before them and the read-out after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lstmviz import language
from lstmviz.nets.encoding import encoded, targets_of
from lstmviz.nets.fingerprint import fingerprint
from lstmviz.nets.recurrent import Recurrent, State, make_layers, read_layers
from lstmviz.nets.spec import NetSpec, ProbabilityOutput, initial_shapes
from lstmviz.sequences.sequence import Floats, Sequence
from lstmviz.sequences.topology import START
from lstmviz.traces.trace import ModelInfo, OutputKind

if TYPE_CHECKING:
    from lstmviz.nets.batch import Batch

Array = npt.NDArray[np.floating]


class Net(nn.Module):
    """Recurrent layers and a linear read-out, described by ``spec``; ``path`` and ``warning`` are set by the reader.

    An encoder→decoder has a ``decoder`` of the same kind, which starts from the state that ``recurrent`` ends in.
    Dropout falls on the non-recurrent connections only (Zaremba et al. 2014): from layer to layer, and from the last
    one to the read-out. x has no embedding here and stays whole. It is no part of the net, and is set from outside.
    """

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        self.spec = spec
        self.path = ""
        self.warning = ""
        self.recurrent: Recurrent = make_layers(spec)
        self.decoder: Recurrent | None = make_layers(spec) if spec.topology == "enc2dec" else None
        for name, shape in initial_shapes(spec).items():
            self.register_buffer(name, torch.zeros(shape) if spec.initial_state else None)
        self.dropout = nn.Dropout(0.0)
        self.readout = nn.Linear(spec.layer_inputs(1), len(spec.output.names)) if spec.output is not None else None

    def set_dropout(self, share: float) -> None:
        """Drop this share of what passes between layers and to the read-out, in training mode."""
        self.dropout.p = share
        for layers in (self.recurrent, self.decoder):
            if layers is not None:
                layers.dropout = share if self.spec.layers > 1 else 0.0

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        """The read-out before any units or softmax: (B, T, F) in, (B, T, O) out; h(t) where there is no read-out.

        All B sequences are T long. An encoder→decoder finds in x where each one's decoder starts.
        """
        if self.decoder is None:
            h, _ = read_layers(self.recurrent, x, self.first_state(len(x)) if state is None else state)
            return self.say(h)
        lengths = torch.full((len(x),), x.shape[1])
        return self._handed_over(x, lengths, x[..., self.spec.input.names.index(START)].argmax(dim=1).cpu())

    def read(
        self, batch: Batch, state: State | None = None, start: int = 0, stop: int | None = None
    ) -> tuple[Tensor, State | None]:
        """The read-out (B, t, O) of some steps of a batch, and the state after them, to go on from.

        state: that of the steps before, unless given the one that the net begins in. Nets in both directions and
        encoder→decoders take a batch whole. What is said after a sequence's end, or before its decoder starts, means
        nothing.
        """
        if self.decoder is not None:
            assert batch.handover is not None
            return self._handed_over(batch.x, batch.lengths, batch.handover), None
        lengths = batch.lengths if "reverse" in self.spec.directions else None
        state = self.first_state(len(batch.x)) if state is None else state
        h, state = read_layers(self.recurrent, batch.x[:, start:stop], state, lengths)
        return self.say(h), state

    def first_state(self, batch: int) -> State | None:
        """The state in which each of B sequences begins, h (L·D, B, R) and of an LSTM c; None for zero."""
        if not self.spec.initial_state:
            return None
        names = initial_shapes(self.spec)
        states = [self.get_buffer(name)[:, None].repeat(1, batch, 1) for name in names]
        return (states[0], states[1]) if len(states) == 2 else states[0]

    def say(self, h: Tensor) -> Tensor:
        """The read-out of h (B, T, R·D), with dropout before it in training mode; h itself where there is none."""
        h = self.dropout(self._told(h))
        return h if self.readout is None else cast(Tensor, self.readout(h))

    def _told(self, h: Tensor) -> Tensor:
        """What of h (…, T, R·D) the read-out gets: h itself, but for one vector of a whole sequence in two directions.

        There the reverse direction gives what it knows at its own end, after step 0, whichever step is asked.
        """
        if not self.spec.bidirectional or self.spec.topology != "seq2vec":
            return h
        forward, reverse = h.chunk(2, dim=-1)
        return torch.cat([forward, reverse[..., :1, :].expand_as(reverse)], dim=-1)

    def _handed_over(self, x: Tensor, lengths: Tensor, handover: Tensor) -> Tensor:
        """(B, T, O): the encoder reads each sequence up to its own handover (B,), the decoder from there to its end."""
        assert self.decoder is not None
        _, state = read_layers(self.recurrent, x[:, : int(handover.max())], None, handover)
        steps = torch.arange(x.shape[1])
        said_at = (steps[: int((lengths - handover).max())] + handover[:, None]).clamp(max=x.shape[1] - 1)
        rows = torch.arange(len(x), device=x.device)[:, None]
        h, _ = read_layers(self.decoder, x[rows, said_at.to(x.device)], state)
        said = self.say(h)
        back = (steps - handover[:, None]).clamp(0, said.shape[1] - 1).to(x.device)
        return said[rows, back]

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return () if self.spec.output is None else self.spec.output.names

    @property
    def output_kind(self) -> OutputKind:
        """What the outputs are."""
        if self.spec.output is None:
            return "none"
        return "probability" if isinstance(self.spec.output, ProbabilityOutput) else "value"

    def encode(self, sequence: Sequence) -> Floats:
        """x(1..T) as the first layer takes it, (T, F) float32; see `lstmviz.nets.encoding.encoded`."""
        return encoded(sequence, self.spec)

    def targets(self, sequence: Sequence) -> Floats | None:
        """What a perfect net says, (T, K), or None; see `lstmviz.nets.encoding.targets_of`."""
        return targets_of(sequence, self.spec)

    def decode(self, h: Array) -> Array | None:
        """What the net says, (T, O), from the last layer's h, (T, R·D); None for a net without a read-out."""
        output = self.spec.output
        if self.readout is None or output is None:
            return None
        weight = self.readout.weight
        with torch.no_grad():
            # a copy, since torch warns of arrays that are read-only
            said = self.readout(self._told(torch.tensor(h, dtype=weight.dtype, device=weight.device)))
            if isinstance(output, ProbabilityOutput):
                said = torch.softmax(said, dim=-1)
            else:
                said = said * said.new_tensor(output.scale) + said.new_tensor(output.mean)
        return cast(Array, said.cpu().numpy())

    def info(self) -> ModelInfo:
        """Name, hash, file and note, in the current language."""
        note = " ".join(part for part in (self.spec.words(language.current()), self.warning) if part)
        return ModelInfo(self.spec.name, fingerprint(self), self.path, note)
