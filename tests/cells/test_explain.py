"""The pseudocode is run as a program: each line, from the values it reads, must give the value it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from by_hand import weights_of_kind

from lstmviz.cells.explain import Line, explain
from lstmviz.cells.gru import GruStep, gru_step
from lstmviz.cells.initial import new_gru, new_lstm, new_rnn
from lstmviz.cells.lstm import LstmStep, lstm_step
from lstmviz.cells.rnn import RnnStep, rnn_step
from lstmviz.cells.weights import Array, GruWeights, LstmWeights, RnnWeights
from lstmviz.session.snapshot import PHASES

Layers = Mapping[str, Callable[[Array], Array]]


class Joining:
    """A vector whose + is the lecture's: end to end."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def __add__(self, other: Joining) -> Array:
        return np.append(self.values, other.values, axis=-1)


def run_line(line: Line, layers: Layers) -> Array:
    """Evaluate what stands right of the line's last =, with nothing in reach but the names it says it reads."""
    formula = line.text.rpartition(" = ")[2].replace("·", "*").replace(" − ", " - ")
    names: dict[str, object] = {"tanh": np.tanh, "relu": lambda z: z * (z > 0), **layers}
    for n, name in enumerate(sorted(line.reads, key=len, reverse=True)):
        formula = formula.replace(name, f"value_{n}")
        value = line.values[name]
        names[f"value_{n}"] = Joining(value) if line.phase == "combine" else value
    return eval(formula, {"__builtins__": {}}, names)


def lstm_layers(w: LstmWeights) -> Layers:
    """Each gate as a fully connected layer over [h(t−1) x(t)], with exp in place of the package's tanh."""
    weights = np.concatenate([w.wh, w.wx])

    def layer(gate: str) -> Callable[[Array], Array]:
        columns = w.block(gate)
        return lambda combine: np.einsum("...k,kh->...h", combine, weights[:, columns]) + w.b[columns]

    def logistic(gate: str) -> Callable[[Array], Array]:
        return lambda combine: 1 / (1 + np.exp(-layer(gate)(combine)))

    return {
        "forget_layer": logistic("f"),
        "input_layer": logistic("i"),
        "output_layer": logistic("o"),
        "candidate_layer": lambda combine: np.tanh(layer("g")(combine)),
        "project": lambda output: np.einsum("...h,hp->...p", output, w.whr),
    }


def lstm_of(shape: tuple[int, ...], projection: bool) -> tuple[LstmWeights, LstmStep]:
    rng = np.random.default_rng(5)
    w = new_lstm(rng, 3, 4, np.float64)
    if projection:
        w = LstmWeights(w.wx, rng.normal(size=(2, 16)), w.b, rng.normal(size=(4, 2)))
    x, h, c = (rng.normal(size=(*shape, n)) for n in (3, w.outputs, 4))
    return w, lstm_step(w, x, h, c)


def rnn_of(shape: tuple[int, ...], activation: str) -> tuple[RnnWeights, RnnStep]:
    rng = np.random.default_rng(6)
    w = new_rnn(rng, 3, 4, np.float64, activation)
    return w, rnn_step(w, rng.normal(size=(*shape, 3)), rng.normal(size=(*shape, 4)))


@pytest.mark.parametrize("projection", [False, True])
@pytest.mark.parametrize("shape", [(), (5,)])
def test_each_line_of_the_lstm_gives_what_it_writes(shape: tuple[int, ...], projection: bool) -> None:
    w, step = lstm_of(shape, projection)
    layers = lstm_layers(w)
    for line in explain(step)[:-1]:
        np.testing.assert_allclose(run_line(line, layers), line.values[line.writes], atol=1e-14, err_msg=line.text)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("shape", [(), (5,)])
def test_each_line_of_the_recurrent_layer_gives_what_it_writes(shape: tuple[int, ...], activation: str) -> None:
    w, step = rnn_of(shape, activation)
    weights = np.concatenate([w.wh, w.wx])
    layers = {"weigh": lambda combine: np.einsum("...k,kh->...h", combine, weights) + w.b}
    for line in explain(step)[:-1]:
        np.testing.assert_allclose(run_line(line, layers), line.values[line.writes], atol=1e-14, err_msg=line.text)


@pytest.mark.parametrize("step", [lstm_of((), False)[1], rnn_of((), "tanh")[1]], ids=["lstm", "rnn"])
def test_a_program_of_the_lines_needs_nothing_but_the_input_and_the_state(step: LstmStep | RnnStep) -> None:
    lines = explain(step)
    known = {"x(t)", "h(t−1)", "c(t−1)"} if isinstance(step, LstmStep) else {"x(t)", "y(t−1)"}
    for line in lines:
        assert set(line.reads) <= known, line.text
        assert set(line.values) == {*line.reads, *([line.writes] if line.writes else [])}
        assert all(name in line.text for name in line.values)
        known.add(line.writes)
    assert lines[-1].text.startswith("return ")
    assert [line.writes for line in lines].count("") == 1


def test_the_lines_are_the_lecture_s_in_its_order() -> None:
    lines = explain(lstm_of((), False)[1])
    assert [line.text for line in lines] == [
        "combine = h(t−1) + x(t)",
        "ft = forget_layer(combine)",
        "gt = candidate_layer(combine)",
        "it = input_layer(combine)",
        "c(t) = c(t−1)·ft + gt·it",
        "ot = output_layer(combine)",
        "h(t) = y(t) = ot·tanh(c(t))",
        "return h(t), c(t)",
    ]
    assert [line.phase for line in lines] == [*PHASES, "h"]


def test_the_values_are_the_step_s_own_arrays() -> None:
    step = lstm_of((), False)[1]
    values = {name: value for line in explain(step) for name, value in line.values.items()}
    assert values["c(t)"] is step.c
    assert values["ft"] is step.f
    assert values["h(t)"] is step.h


def test_a_state_given_once_for_a_batch_is_combined_with_each_of_its_inputs() -> None:
    rng = np.random.default_rng(1)
    step = lstm_step(new_lstm(rng, 3, 4), rng.normal(size=(2, 3)).astype(np.float32), np.ones(4, np.float32))
    combine = explain(step)[0].values["combine"]
    assert combine.shape == (2, 7)
    np.testing.assert_array_equal(combine[:, :4], 1)


def variant_layers(w: LstmWeights) -> Layers:
    """The layers of peepholes and layer norms, each gate's own, from the weights alone."""

    def standard(values: Array) -> Array:
        away = values - values.mean(-1, keepdims=True)
        return away / np.sqrt((away**2).mean(-1, keepdims=True) + w.norm.eps)

    def weighed(combine: Array) -> Array:
        back, into = combine[..., : w.outputs] @ w.wh, combine[..., w.outputs :] @ w.wx
        if w.norm is not None:
            back, into = standard(back) * w.norm.h, standard(into) * w.norm.x
        return into + back + w.b

    def logistic(gate: str) -> Callable[..., Array]:
        def layer(combine: Array, state: Array | None = None) -> Array:
            z = weighed(combine)[..., w.block(gate)]
            return 1 / (1 + np.exp(-(z if state is None else z + w.peephole["ifo".index(gate)] * state)))

        return layer

    prefix = "norm_" if w.norm is not None else ""
    return {
        f"{prefix}forget_layer": logistic("f"),
        f"{prefix}input_layer": logistic("i"),
        f"{prefix}output_layer": logistic("o"),
        f"{prefix}candidate_layer": lambda combine: np.tanh(weighed(combine)[..., w.block("g")]),
        "norm": lambda c: standard(c) * w.norm.c + w.norm.b,
    }


@pytest.mark.parametrize("kind", ["peephole", "norm", "peephole+norm"])
@pytest.mark.parametrize("shape", [(), (5,)])
def test_each_line_of_a_variant_gives_what_it_writes(shape: tuple[int, ...], kind: str) -> None:
    rng = np.random.default_rng(8)
    w = weights_of_kind(kind, rng, 3, 4, np.float64)
    lines = explain(lstm_step(w, *(rng.normal(size=(*shape, n)) for n in (3, 4, 4))), w)
    for line in lines[:-1]:
        result = run_line(line, variant_layers(w))
        np.testing.assert_allclose(result, line.values[line.writes], atol=1e-12, err_msg=line.text)
    assert [line.phase for line in lines] == [*PHASES, "h"]


def gru_of(shape: tuple[int, ...], before: bool = False) -> tuple[GruWeights, GruStep]:
    rng = np.random.default_rng(9)
    w = replace(new_gru(rng, 3, 4, np.float64), reset_before=before)
    return w, gru_step(w, rng.normal(size=(*shape, 3)), rng.normal(size=(*shape, 4)))


@pytest.mark.parametrize("shape", [(), (5,)])
@pytest.mark.parametrize("before", [False, True])
def test_each_line_of_the_gru_gives_what_it_writes(shape: tuple[int, ...], before: bool) -> None:
    w, step = gru_of(shape, before)

    def parts(combine: Array, gate: str) -> tuple[Array, Array]:
        columns = w.block(gate)
        into = combine[..., 4:] @ w.wx[:, columns] + w.bx[columns]
        return into, combine[..., :4] @ w.wh[:, columns] + w.bh[columns]

    def candidate(combine: Array, reset: Array) -> Array:
        if before:  # it reads what the reset gate lets through, and x
            return np.tanh(sum(parts(np.concatenate([combine, reset], axis=-1), "g")))
        into, back = parts(combine, "g")
        return np.tanh(into + reset * back)

    layers = {
        "reset_layer": lambda combine: 1 / (1 + np.exp(-sum(parts(combine, "r")))),
        "forget_layer": lambda combine: 1 / (1 + np.exp(-sum(parts(combine, "f")))),
        "candidate_layer": candidate,
    }
    known = {"x(t)", "h(t−1)"}
    lines = explain(step, w)
    for line in lines[:-1]:
        assert set(line.reads) <= known, line.text
        known.add(line.writes)
        np.testing.assert_allclose(run_line(line, layers), line.values[line.writes], atol=1e-14, err_msg=line.text)
    written = [line.writes for line in lines]
    assert written.index("rt") < written.index("gt")
    places = [PHASES.index(line.phase) for line in lines]
    assert places == sorted(places)
