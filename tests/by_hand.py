"""Weights of every kind, and traces made of them by the reference equations alone."""

from __future__ import annotations

from collections.abc import Sequence as Sequences
from dataclasses import replace

import numpy as np

from lstmviz.cells.activations import Functions
from lstmviz.cells.initial import new_gru, new_lstm, new_rnn
from lstmviz.cells.run import run_gru, run_lstm, run_rnn
from lstmviz.cells.weights import GruWeights, LstmWeights, RnnWeights, Weights
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import STORED, Check, Lane, LayerInfo, ModelInfo, Recorded, Trace

KINDS = ("lstm", "peephole", "norm", "peephole+norm", "projected", "functions", "rnn", "gru")
"""The kinds of weights that ``weights_of_kind`` knows."""


def lstm_weights(rng: np.random.Generator, inputs: int, units: int, dtype: type = np.float32) -> LstmWeights:
    """Random weights as nn.LSTM draws them, forget bias 1."""
    bound = units**-0.5
    wx, wh, b = (
        rng.uniform(-bound, bound, shape).astype(dtype)
        for shape in ((inputs, 4 * units), (units, 4 * units), (4 * units,))
    )
    b[units : 2 * units] += 1
    return LstmWeights(wx, wh, b)


def weights_of_kind(kind: str, rng: np.random.Generator, inputs: int, units: int, dtype: type = np.float32) -> Weights:
    """Random weights of a cell or of a variant of the LSTM; those of a layer norm are not its first ones."""
    if kind in ("rnn", "gru"):
        return (new_rnn if kind == "rnn" else new_gru)(rng, inputs, units, dtype)
    w = new_lstm(rng, inputs, units, dtype, peepholes="peephole" in kind, norm="norm" in kind)
    if w.norm is not None:
        for array in (w.norm.x, w.norm.h, w.norm.c, w.norm.b):
            array += rng.normal(size=array.shape, scale=0.3).astype(dtype)
    if kind == "functions":
        w = replace(w, functions=Functions("hard_sigmoid", "relu", "linear", clip=1.5))
    if kind == "projected":
        outputs = max(1, units // 2)
        wh, whr = (rng.normal(size=shape).astype(dtype) for shape in ((outputs, 4 * units), (units, outputs)))
        w = LstmWeights(w.wx, wh, w.b, whr)
    return w


def run_of(w: Weights, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> dict[str, np.ndarray]:
    """Every signal of a layer on a sequence, from the reference; a recurrent layer's y as h."""
    if isinstance(w, LstmWeights):
        return run_lstm(w, x, h0, c0)
    return run_gru(w, x, h0) if isinstance(w, GruWeights) else {"h": run_rnn(w, x, h0)["y"]}


def record_by_hand(
    weights: Sequences[Weights],
    inputs: np.ndarray,
    *,
    sequence: Sequence | None = None,
    readout: bool = False,
    decoder: Sequences[Weights] = (),
    handover: int = 0,
) -> Trace:
    """A trace of stacked layers, recorded with `lstmviz.cells`, from the handover on with a decoder's weights."""
    lanes, layers = {}, []
    below = inputs
    for layer, w in enumerate(weights):
        cell = {LstmWeights: "lstm", RnnWeights: "rnn", GruWeights: "gru"}[type(w)]
        h0, c0 = np.zeros(w.outputs, inputs.dtype), np.zeros(w.units, inputs.dtype)
        found = run_of(w, below[: handover or None], h0, c0)
        if handover:
            rest = run_of(decoder[layer], below[handover:], found["h"][-1], found["c"][-1] if "c" in found else c0)
            found = {name: np.concatenate([found[name], rest[name]]) for name in found}
        signals = {name: found[name] for name in STORED[cell]}
        lanes[layer, "forward"] = Lane(
            signals, h0, c0 if cell == "lstm" else None, w, decoder[layer] if handover else None
        )
        layers.append(LayerInfo(layer, f"{cell}.{layer}", cell, w.inputs, w.units, w.outputs))
        below = signals["h"]
    sequence = sequence or Sequence(inputs.astype(np.float32), name="random walk")
    outputs = below[:, :1] * 2 if readout else None
    if outputs is not None:
        outputs[:handover] = np.nan
    return Trace(
        sequence=sequence,
        inputs=inputs,
        layers=tuple(layers),
        lanes=lanes,
        outputs=outputs,
        output_names=("next",) if readout else (),
        output_kind="value" if readout else "none",
        targets=np.roll(inputs[:, :1], -1, axis=0) if readout else None,
        input_names=sequence.names,
        model=ModelInfo("by hand", "0" * 64),
        check=Check(2e-7, 1e-5, 16),
        recorded=Recorded("2026-01-01T00:00:00+00:00", method="loop", versions={"lstmviz": "0.1.0"}),
        handover=handover,
    )
