"""Gradients of every state against torch's autograd and finite differences; shares that add up; named verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.analysis.gradient_flow import gradient_flow, norms, verdict
from lstmviz.cells.activations import PLAIN, Functions
from lstmviz.cells.run import run_gru, run_lstm, run_rnn
from lstmviz.cells.weights import GruWeights, LayerNorm, LstmWeights, RnnWeights, Weights
from lstmviz.errors import TraceError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import STORED, Lane, LayerInfo, Trace

PHI = {"tanh": torch.tanh, "relu": torch.relu, "elu(0.5)": lambda z: torch.nn.functional.elu(z, 0.5)}
VARIANTS = (
    "lstm",
    "projection",
    "peephole",
    "norm",
    "peephole+norm",
    "gru",
    "gru before",
    "gru others",
    "tanh",
    "relu",
    "elu(0.5)",
)


def make_weights(rng: np.random.Generator, variant: str, inputs: int, units: int) -> Weights:
    def draw(*shape: int) -> np.ndarray:
        return rng.normal(scale=0.6, size=shape)

    if variant in PHI:
        return RnnWeights(draw(inputs, units), draw(units, units), draw(units), variant)
    if variant.startswith("gru"):
        arrays = (draw(inputs, 3 * units), draw(units, 3 * units), draw(3 * units), draw(3 * units))
        others = Functions("hard_sigmoid(0.3, 0.4)", "scaled_tanh(1.2, 0.7)", clip=0.9)
        return GruWeights(*arrays, others if "others" in variant else PLAIN, "before" in variant)
    outputs = max(1, units - 1) if variant == "projection" else units
    norm = LayerNorm(1 + draw(4 * units), 1 + draw(4 * units), 1 + draw(units), draw(units))
    return LstmWeights(
        draw(inputs, 4 * units),
        draw(outputs, 4 * units),
        draw(4 * units),
        draw(units, outputs) if variant == "projection" else None,
        draw(3, units) if "peephole" in variant else None,
        norm if "norm" in variant else None,
    )


def make_trace(
    layers: list[dict[str, Weights]], x: np.ndarray, decoder: list[Weights] | None = None, handover: int = 0
):
    """A float64 trace by the reference cells; layers: weights by direction, from the input up."""
    lanes, infos, below = {}, [], x
    for index, sides in enumerate(layers):
        above = []
        for side, w in sides.items():
            turn = slice(None, None, -1 if side == "reverse" else 1)
            late = decoder[index] if decoder else None
            signals = _run(w, below[turn], late, handover)
            cell = "gru" if isinstance(w, GruWeights) else "rnn" if isinstance(w, RnnWeights) else "lstm"
            kept = {name: signals[name][turn] for name in STORED[cell]}
            c0 = np.zeros(w.units) if cell == "lstm" else None
            lanes[index, side] = Lane(kept, np.zeros(w.outputs), c0, w, late)
            above.append(kept["h"])
        infos.append(LayerInfo(index, "", cell, w.inputs, w.units, w.outputs, tuple(sides)))
        below = np.concatenate(above, axis=1)
    return Trace(Sequence(x.astype(np.float32)), x, tuple(infos), lanes, handover=handover)


def _run(w: Weights, x: np.ndarray, late: Weights | None, handover: int) -> dict[str, np.ndarray]:
    def once(weights: Weights, part: np.ndarray, h: np.ndarray | None, c: np.ndarray | None) -> dict[str, np.ndarray]:
        if isinstance(weights, LstmWeights):
            return run_lstm(weights, part, h, c)
        if isinstance(weights, GruWeights):
            return run_gru(weights, part, h)
        found = run_rnn(weights, part, h)
        return {"h": found["y"]}

    if late is None:
        return once(w, x, None, None)
    first = once(w, x[:handover], None, None)
    then = once(late, x[handover:], first["h"][-1], first["c"][-1] if "c" in first else None)
    return {name: np.concatenate([first[name], then[name]]) for name in first}


def torch_flow(layers: list[dict[str, Weights]], x: np.ndarray, dy: np.ndarray, decoder=None, handover: int = 0):
    """∂L/∂h and ∂L/∂c of every step by autograd, L = Σ dy ⊗ top h; each layer written anew in torch."""
    kept: dict[str, list[torch.Tensor]] = {}
    below = list(torch.tensor(x))
    for index, sides in enumerate(layers):
        tops = []
        for side, w in sides.items():
            late = decoder[index] if decoder else None
            run = torch_lane(w, below if side == "forward" else below[::-1], late, handover)
            hs, cs = (each if side == "forward" else each[::-1] for each in run)
            for name, states in (("dh", hs), ("dc", cs)):
                for state in states:
                    state.retain_grad()
                if states:
                    kept[f"{index}/{side}/{name}"] = states
            tops.append(hs)
        below = [torch.cat(parts) for parts in zip(*tops, strict=True)]
    (torch.stack(below) * torch.tensor(dy)).sum().backward()
    return {
        key: np.stack([np.zeros(s.shape) if s.grad is None else s.grad.numpy() for s in states])
        for key, states in kept.items()
    }


def torch_lane(w: Weights, xs: list[torch.Tensor], late: Weights | None, handover: int):
    def tensor(array: np.ndarray | None) -> torch.Tensor:
        return torch.tensor(np.asarray(array))

    def norm(z: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.layer_norm(z, z.shape)

    hs, cs = [], []
    h, c = torch.zeros(w.outputs, dtype=torch.double), torch.zeros(w.units, dtype=torch.double)
    h.requires_grad_()
    c.requires_grad_()
    for t, x in enumerate(xs):
        now = late if late is not None and t >= handover else w
        zx, zh = x @ tensor(now.wx), h @ tensor(now.wh)
        if isinstance(now, RnnWeights):
            z = zx + zh + tensor(now.b)
            h = PHI[now.activation](z)
        elif isinstance(now, GruWeights):
            (xr, xf, xg), (hr, hf, hg) = (zx + tensor(now.bx)).chunk(3), (zh + tensor(now.bh)).chunk(3)
            gate, candidate = torch.sigmoid, torch.tanh
            if now.functions.clip:
                gate = lambda z: (0.3 * z.clamp(-0.9, 0.9) + 0.4).clamp(0, 1)  # noqa: E731
                candidate = lambda z: 1.2 * torch.tanh(0.7 * z.clamp(-0.9, 0.9))  # noqa: E731
            r, f = gate(xr + hr), gate(xf + hf)
            columns = now.block("g")
            closed = (r * h) @ tensor(now.wh[:, columns]) + tensor(now.bh[columns]) if now.reset_before else r * hg
            h = f * h + (1 - f) * candidate(xg + closed)
        else:
            if now.norm is not None:
                zx, zh = norm(zx) * tensor(now.norm.x), norm(zh) * tensor(now.norm.h)
            zi, zf, zo, zg = (zx + zh + tensor(now.b)).chunk(4)
            peep = tensor(now.peephole) if now.peephole is not None else torch.zeros(3, now.units, dtype=torch.double)
            c = torch.sigmoid(zf + peep[1] * c) * c + torch.sigmoid(zi + peep[0] * c) * torch.tanh(zg)
            cs.append(c)
            squashed = c if now.norm is None else norm(c) * tensor(now.norm.c) + tensor(now.norm.b)
            h = torch.sigmoid(zo + peep[2] * c) * torch.tanh(squashed)
            h = h if now.whr is None else h @ tensor(now.whr)
        hs.append(h)
    return hs, cs


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("sides", [("forward",), ("reverse",), ("forward", "reverse")])
def test_every_state_has_the_gradient_that_autograd_finds(variant: str, sides: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    below = make_weights(rng, variant, 2, 4)
    layers = [{side: make_weights(rng, variant, 2, 4) for side in sides}]
    width = below.outputs * len(sides)
    layers.append({side: make_weights(rng, variant, width, 3) for side in sides})
    x = rng.normal(size=(7, 2))
    dy = rng.normal(size=(7, sum(w.outputs for w in layers[1].values())))
    found, wanted = gradient_flow(make_trace(layers, x), dy), torch_flow(layers, x, dy)
    for key, gradient in wanted.items():
        np.testing.assert_allclose(found[key], gradient, atol=1e-10, err_msg=key)
    assert {key for key in found if key.endswith(("/dh", "/dc"))} == set(wanted)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_encoder_and_its_decoder_are_one_path(variant: str) -> None:
    rng = np.random.default_rng(4)
    layers = [{"forward": make_weights(rng, variant, 2, 3)}]
    layers.append({"forward": make_weights(rng, variant, layers[0]["forward"].outputs, 3)})
    decoder = [make_weights(rng, variant, each["forward"].inputs, 3) for each in layers]
    x = rng.normal(size=(8, 2))
    dy = np.zeros((8, decoder[1].outputs))
    dy[5:] = rng.normal(size=dy[5:].shape)
    found = gradient_flow(make_trace(layers, x, decoder, 5), dy)
    for key, gradient in torch_flow(layers, x, dy, decoder, 5).items():
        np.testing.assert_allclose(found[key], gradient, atol=1e-10, err_msg=key)


@settings(max_examples=25, deadline=None)
@given(
    variant=st.sampled_from(VARIANTS),
    steps=st.integers(1, 9),
    units=st.integers(2, 6),
    inputs=st.integers(1, 3),
    depth=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_the_shares_add_up_to_the_whole(variant: str, steps: int, units: int, inputs: int, depth: int, seed: int):
    rng = np.random.default_rng(seed)
    layers = [{"forward": make_weights(rng, variant, inputs, units)}]
    for _ in range(depth - 1):
        layers.append({"forward": make_weights(rng, variant, layers[-1]["forward"].outputs, units)})
    x, dy = rng.normal(size=(steps, inputs)), rng.normal(size=(steps, layers[-1]["forward"].outputs))
    found, wanted = gradient_flow(make_trace(layers, x), dy), torch_flow(layers, x, dy)
    for layer in range(depth):
        state = f"{layer}/forward/dc" if f"{layer}/forward/dc" in found else f"{layer}/forward/dh"
        parts = [array for key, array in found.items() if key.startswith(f"{state}_through_")]
        assert len(parts) in (2, 5, 6)
        np.testing.assert_allclose(sum(parts), wanted[state], atol=1e-10, rtol=1e-10)


def test_a_finite_difference_of_c0_is_what_flows_back_into_it() -> None:
    rng = np.random.default_rng(5)
    w = make_weights(rng, "peephole", 2, 3)
    x, dy = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))

    def loss(nudge: np.ndarray) -> float:
        first = run_lstm(w, x[:1])
        rest = run_lstm(w, x[1:], first["h"][-1], first["c"][-1] + nudge)
        return float((np.concatenate([first["h"], rest["h"]]) * dy).sum())

    eps = 1e-6
    slope = [(loss(eps * unit) - loss(-eps * unit)) / (2 * eps) for unit in np.eye(3)]
    found = gradient_flow(make_trace([{"forward": w}], x), dy)
    # all that leaves c(0) for later steps: through c itself and through the peepholes of the next step
    later = [found[f"0/forward/dc_through_{way}"][0] for way in "c"]
    f1, i1 = (run_lstm(w, x)[name][1] for name in "fi")
    c0, g1 = run_lstm(w, x)["c"][0], run_lstm(w, x)["g"][1]
    dc1 = found["0/forward/dc"][1]
    peeps = w.peephole[0] * dc1 * g1 * i1 * (1 - i1) + w.peephole[1] * dc1 * c0 * f1 * (1 - f1)
    np.testing.assert_allclose(later[0] + peeps, slope, atol=1e-7)
    np.testing.assert_allclose(later[0], f1 * dc1, atol=1e-12)


def test_a_trace_without_weights_is_refused_in_a_sentence() -> None:
    rng = np.random.default_rng(6)
    trace = make_trace([{"forward": make_weights(rng, "lstm", 2, 3)}], rng.normal(size=(4, 2)))
    lane = trace.lanes[0, "forward"]
    bare = Trace(trace.sequence, trace.inputs, trace.layers, {(0, "forward"): Lane(lane.signals, lane.h0, lane.c0)})
    with pytest.raises(TraceError, match="without weights"):
        gradient_flow(bare, np.zeros((4, 3)))


def leaky(factor: float, steps: int, seed: int = 0):
    """The flow of one recurrent unit without bias that multiplies its state by ``factor``; loss at the last step."""
    w = RnnWeights(np.ones((1, 1)), np.full((1, 1), factor), np.zeros(1), "relu")
    x = np.full((steps, 1), 1 - factor)  # takes away what the weight adds: the state stays 1
    x[0] = 1.0
    dy = np.zeros((steps, 1))
    dy[-1] = 1.0
    return norms(gradient_flow(make_trace([{"forward": w}], x), dy))


@pytest.mark.parametrize(
    ("factor", "steps", "kind"),
    [(0.8, 30, "vanishing"), (1.0, 30, "steady"), (1.2, 30, "exploding"), (0.99, 50, "steady"),
     (0.99, 600, "vanishing"), (0.5, 1000, "vanishing"), (1.01, 600, "exploding")],
)  # fmt: skip
def test_the_verdict_names_the_factor_and_the_half_life(factor: float, steps: int, kind: str) -> None:
    found = verdict(leaky(factor, steps), "0/forward", steps - 1)
    assert found.kind == kind
    assert found.factor == pytest.approx(factor, rel=1e-9)
    assert found.half_life == pytest.approx(math.log(2) / abs(math.log(factor)) if factor != 1 else math.inf)
    assert found.steps == steps - 1


def test_the_losses_of_all_steps_are_judged_by_what_each_step_passes_on() -> None:
    w = RnnWeights(np.ones((1, 1)), np.full((1, 1), 0.7), np.zeros(1), "relu")
    flow = norms(gradient_flow(make_trace([{"forward": w}], np.ones((40, 1))), np.ones((40, 1))))
    assert flow["0/forward/norm/dh"][0] > 3  # fed at every step it does not fade
    found = verdict(flow, "0/forward", -1)
    assert (found.kind, found.factor) == ("vanishing", pytest.approx(0.7))


def test_a_reverse_layer_is_judged_towards_the_end() -> None:
    w = RnnWeights(np.ones((1, 1)), np.full((1, 1), 0.9), np.zeros(1), "relu")
    dy = np.zeros((30, 1))
    dy[5] = 1.0
    flow = norms(gradient_flow(make_trace([{"reverse": w}], np.ones((30, 1))), dy))
    assert verdict(flow, "0/reverse", 5).factor == pytest.approx(0.9)
    assert verdict(flow, "0/reverse", 5).steps == 24
    assert verdict(flow, "0/reverse", 29).kind == "silent"


def test_a_gradient_that_is_cut_off_vanishes_and_none_is_silent() -> None:
    w = RnnWeights(np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1), "relu")
    dy = np.zeros((5, 1))
    trace = make_trace([{"forward": w}], np.ones((5, 1)))
    assert verdict(norms(gradient_flow(trace, dy)), "0/forward", 4).kind == "silent"
    dy[0] = 1.0
    assert verdict(norms(gradient_flow(trace, dy)), "0/forward", 0).kind == "silent"
    dy[4] = 1.0
    found = verdict(norms(gradient_flow(trace, dy)), "0/forward", 4)
    assert (found.kind, found.factor, found.half_life) == ("vanishing", 0.0, 0.0)


def test_norms_stay_right_where_the_gradient_is_too_small_for_its_squares() -> None:
    flow = leaky(0.5, 1000)
    np.testing.assert_allclose(flow["0/forward/norm/dh"], 0.5 ** np.arange(999, -1, -1.0), rtol=1e-12)
    assert flow["0/forward/dh"].dtype == np.float32
    assert norms(flow).keys() == flow.keys()


@pytest.mark.parametrize("steps", [200, 3000])
def test_a_gradient_that_explodes_beyond_float32_and_beyond_all_numbers_is_named(steps: int) -> None:
    found = leaky(2.0, steps)
    assert found["0/forward/dh"].dtype == np.float64
    said = verdict(found, "0/forward", steps - 1)
    assert (said.kind, said.factor) == ("exploding", pytest.approx(2.0))
    assert said.steps == min(steps - 1, 1023)
