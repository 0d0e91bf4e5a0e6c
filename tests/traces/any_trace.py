"""Traces of every shape that the store must keep, chosen by hypothesis; their numbers are random bits or tame."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from lstmviz.cells.activations import Functions
from lstmviz.cells.weights import GruWeights, LayerNorm, LstmWeights, RnnWeights, Weights
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import STORED, Check, Lane, LayerInfo, ModelInfo, Recorded, Trace

TIMES = (None, "f8", "M8[ns]", "M8[s]", "M8[D]")
DTYPES = (np.float16, np.float32, np.float64)


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: type, wild: bool) -> np.ndarray:
    """Random bits, NaN and infinities among them, or normal values."""
    if wild:
        return np.frombuffer(rng.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), dtype).reshape(shape).copy()
    return rng.normal(size=shape).astype(dtype)


@st.composite
def traces(draw: st.DrawFn, wild: bool = True) -> Trace:
    """Any trace: every cell and variant, one or two layers, both directions, times, labels, outputs, a decoder."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps, features, units = draw(st.integers(1, 12)), draw(st.integers(1, 3)), draw(st.integers(1, 5))
    dtype, cell = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(["lstm", "rnn", "gru"]))
    outputs = draw(st.sampled_from(sorted({units, max(1, units - 1)}))) if cell == "lstm" else units
    sides = draw(st.sampled_from([("forward",), ("reverse",), ("forward", "reverse")]))
    with_weights, variant = draw(st.booleans()), draw(st.sampled_from(["", "peephole", "norm", "peephole norm"]))
    handover = draw(st.integers(0, steps - 1))

    def make(*shape: int) -> np.ndarray:
        return numbers(rng, shape, dtype, wild)

    layers, lanes, width = [], {}, features
    for index in range(draw(st.integers(1, 2))):
        layers.append(LayerInfo(index, f"net.{index}", cell, width, units, outputs, sides))
        for side in sides:
            weights, decoder = (
                _weights(make, cell, variant, width, units, outputs) if wanted else None
                for wanted in (with_weights, with_weights and handover)
            )
            signals = {name: make(steps, outputs if name == "h" else units) for name in STORED[cell]}
            lanes[index, side] = Lane(signals, make(outputs), make(units) if cell == "lstm" else None, weights, decoder)
        width = outputs * len(sides)
    said = draw(st.booleans())
    return Trace(
        sequence=draw(_sequences(rng, steps, features, wild)),
        inputs=make(steps, features),
        layers=tuple(layers),
        lanes=lanes,
        outputs=make(steps, 2) if said else None,
        output_names=("=1+1", "café") if said else (),
        output_kind="value" if said else "none",
        targets=make(steps, 2) if said else None,
        input_names=tuple(f"x{n}" for n in range(features)),
        model=ModelInfo("net", "ab" * 32, "net.pt", draw(st.text(max_size=8))),
        check=draw(st.sampled_from([None, Check(1e-7, 1e-5, 3), Check(float("inf"), 1e-5, 3, ("a", "b"))])),
        recorded=Recorded("2026-01-01", "cpu", np.dtype(dtype).name, "loop", {"numpy": np.__version__}),
        name=draw(st.text(min_size=1, max_size=8)),
        handover=handover,
    )


@st.composite
def _sequences(draw: st.DrawFn, rng: np.random.Generator, steps: int, features: int, wild: bool) -> Sequence:
    times = draw(st.sampled_from(TIMES))
    labels = draw(st.one_of(st.none(), st.lists(st.text(max_size=4), min_size=steps, max_size=steps).map(tuple)))
    return Sequence(
        numbers(rng, (steps, features), np.float32, wild),
        name="any",
        labels=labels,
        times=None if times is None else np.arange(steps).astype(times),
        targets=draw(st.sampled_from([None, np.full((steps, 1), np.nan, np.float32)])),
        source="made up",
    )


def _weights(make, cell: str, variant: str, inputs: int, units: int, outputs: int) -> Weights:
    if cell == "rnn":
        return RnnWeights(make(inputs, units), make(units, units), make(units), "elu(0.5)", 2.0)
    if cell == "gru":
        arrays = make(inputs, 3 * units), make(units, 3 * units), make(3 * units), make(3 * units)
        return GruWeights(*arrays, Functions("hard_sigmoid", "softsign", clip=3.0), variant != "")
    whr = None if outputs == units else make(units, outputs)
    peephole = make(3, units) if "peephole" in variant else None
    norm = LayerNorm(make(4 * units), make(4 * units), make(units), make(units), 2e-3) if "norm" in variant else None
    return LstmWeights(make(inputs, 4 * units), make(outputs, 4 * units), make(4 * units), whr, peephole, norm)
