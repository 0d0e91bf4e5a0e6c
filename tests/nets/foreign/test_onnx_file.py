"""ONNX: every attribute of the recurrent nodes, against its specification, onnxruntime and the models of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx_by_hand import drawn, model_of, recorded, recurrent_node, specified, write  # noqa: E402

from lstmviz.errors import ModelError  # noqa: E402
from lstmviz.nets.foreign.onnx_file import read  # noqa: E402
from lstmviz.nets.foreign.onnx_layers import BEGINS_APART, BEGINS_FED, COUPLED, UNBOUNDED  # noqa: E402

REAL = Path(__file__).resolve().parents[4] / "shared" / "real"
X = np.random.default_rng(8).normal(size=(7, 3)).astype(np.float32) * 2


def by_runtime(path: Path, x: np.ndarray, layout: int = 0) -> np.ndarray:
    """Y (T, D, H) of one sequence as onnxruntime has it."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (y,) = session.run(["Y"], {"X": x[None] if layout else x[:, None]})
    return y[0] if layout else y[:, :, 0]


def compare(trace, h: np.ndarray, c: np.ndarray | None = None) -> None:
    for place, side in enumerate(trace.layers[0].directions):
        np.testing.assert_allclose(trace.signal("h", 0, side), h[:, place], atol=2e-5)
        if c is not None:
            np.testing.assert_allclose(trace.signal("c", 0, side), c[:, place], atol=2e-5 + 2e-6 * np.abs(c).max())


@pytest.mark.parametrize(
    ("kind", "settings", "functions"),
    [
        ("LSTM", {}, ()),
        ("LSTM", {"clip": 0.4}, ()),
        ("LSTM", {"input_forget": 1}, ()),
        ("LSTM", {"activations": ["Sigmoid", "Relu", "Softsign"]}, ("Sigmoid", "Relu", "Softsign")),
        ("LSTM", {"activations": ["HardSigmoid", "Tanh", "Tanh"]}, ("HardSigmoid", "Tanh", "Tanh")),
        (
            "LSTM",
            {"activations": ["HardSigmoid", "Tanh", "Affine"], "activation_alpha": [1 / 6, 1.0]},
            ("HardSigmoid6", "Tanh", "Affine"),
        ),
        ("GRU", {"linear_before_reset": 1}, ()),
        ("RNN", {}, ()),
        ("RNN", {"activations": ["Relu"]}, ("Relu",)),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", ["plain", "bare", "peephole", "both"])
def test_a_node_computes_what_its_specification_says(tmp_path, kind, settings, functions, shape):
    if shape == "peephole" and kind != "LSTM":
        pytest.skip("peepholes are an LSTM's")
    sides = 2 if shape == "both" else 1
    parts = drawn(kind, sides=sides, bias=shape != "bare", peephole=shape == "peephole")
    if "Relu" in functions:
        parts = {name: values / 4 for name, values in parts.items()}
    attributes = dict(settings)
    if sides == 2:
        attributes["direction"] = "bidirectional"
        for name in ("activations", "activation_alpha"):
            if name in attributes:
                attributes[name] = attributes[name] * 2
    path = write(model_of([recurrent_node(kind, parts, **attributes)], parts), tmp_path)
    (found,) = read(path)
    assert (found.path, found.origin) == ("cell", f"ONNX {kind}")
    assert found.notes == ((COUPLED,) if "input_forget" in settings else ())
    told = {name: value for name, value in settings.items() if name in ("clip", "input_forget")}
    h, c = specified(kind, parts, X, functions, **told)
    trace = recorded(found, X)
    compare(trace, h, c if kind == "LSTM" else None)
    # onnxruntime has α and β of its own for a function that is not the first of its kind
    if "activation_alpha" not in settings:
        np.testing.assert_allclose(by_runtime(path, X), h, atol=2e-5)


def test_a_wrong_order_of_gates_would_be_seen():
    parts = drawn("LSTM")
    h, _ = specified("LSTM", parts, X)
    blocks = {name: np.split(parts[name], 4, axis=1) for name in "WR"}
    swapped = {name: np.concatenate([i, f, c, o], axis=1) for name, (i, o, f, c) in blocks.items()}
    other, _ = specified("LSTM", {**parts, **swapped}, X)
    assert np.abs(h - other).max() > 0.1


def test_the_two_halves_of_the_biases_stay_apart_for_a_gru_and_add_up_for_an_lstm(tmp_path):
    for kind, settings in (("GRU", {"linear_before_reset": 1}), ("LSTM", {})):
        parts = drawn(kind)
        (found,) = read(write(model_of([recurrent_node(kind, parts, **settings)], parts), tmp_path))
        b_x, b_h = (found.tensors[f"recurrent.bias_{name}_l0"] for name in ("ih", "hh"))
        first, last = np.split(parts["B"][0], 2)
        assert sorted(b_x) == sorted(first)
        assert sorted(b_h) == sorted(last)


def test_batch_first_is_read_as_well(tmp_path):
    parts = drawn("LSTM")
    (found,) = read(write(model_of([recurrent_node("LSTM", parts, layout=1)], parts), tmp_path))
    compare(recorded(found, X), *specified("LSTM", parts, X))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_layer_that_reads_backwards_alone_is_one_lane_in_reverse(tmp_path, kind):
    parts = drawn(kind)
    path = write(model_of([recurrent_node(kind, parts, direction="reverse")], parts), tmp_path)
    (found,) = read(path)
    assert (found.notes, found.spec.directions) == ((), ("reverse",))
    trace = recorded(found, X)
    assert list(trace.lanes) == [(0, "reverse")]
    np.testing.assert_allclose(trace["h"], by_runtime(path, X)[:, 0], atol=2e-5)


def test_gates_that_are_no_shares_are_told(tmp_path):
    parts = {name: values / 4 for name, values in drawn("GRU").items()}
    path = write(model_of([recurrent_node("GRU", parts, activations=["Softplus", "Elu"])], parts), tmp_path)
    (found,) = read(path)
    assert found.notes == (UNBOUNDED,)
    np.testing.assert_allclose(recorded(found, X)["h"], by_runtime(path, X)[:, 0], atol=2e-5)


@pytest.mark.parametrize(
    ("kind", "settings", "word"),
    [
        ("GRU", {"activations": ["Sigmoid", "Swish"]}, "swish"),
        ("RNN", {"activations": ["Elu"], "activation_alpha": [-1.0]}, "elu"),
        ("RNN", {"clip": -2.0}, "clip"),
        ("RNN", {"activations": ["ScaledTanh"], "activation_alpha": [0.0]}, "scaledtanh"),
        ("LSTM", {"input_forget": 1, "activations": ["Relu", "Tanh", "Tanh"]}, "input_forget"),
        ("LSTM", {"activations": ["Sigmoid", "Tanh", "Tanh"], "clip": float("nan")}, "clip"),
        ("LSTM", {"activations": ["Sigmoid"]}, "activations"),
        ("LSTM", {"direction": "sideways"}, "direction"),
    ],
)
def test_what_no_cell_computes_is_refused_in_a_sentence(tmp_path, kind, settings, word):
    parts = drawn(kind)
    path = write(model_of([recurrent_node(kind, parts, **settings)], parts), tmp_path)
    with pytest.raises(ModelError, match=word):
        read(path)


def test_one_layer_that_is_not_known_does_not_hide_another(tmp_path):
    lstm, gru = drawn("LSTM"), drawn("GRU")
    known = {**lstm, "GW": gru["W"], "GR": gru["R"]}
    swish = ["Swish", "Tanh"]
    other = helper.make_node("GRU", ["X", "GW", "GR"], ["G"], name="other", hidden_size=4, activations=swish)
    (found,) = read(write(model_of([other, recurrent_node("LSTM", lstm)], known), tmp_path))
    assert found.path == "cell"
    assert any("no cell for" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("sides", [1, 2])
def test_a_first_state_that_the_model_holds_is_begun_in(tmp_path, kind, sides):
    rng, parts = np.random.default_rng(4), drawn(kind, sides=sides)
    for name in ("initial_h", "initial_c") if kind == "LSTM" else ("initial_h",):
        parts[name] = rng.normal(size=(sides, 1, 4)).astype(np.float32)
    attributes = {"linear_before_reset": 1} if kind == "GRU" else {}
    direction = "bidirectional" if sides == 2 else "forward"
    path = write(model_of([recurrent_node(kind, parts, direction=direction, **attributes)], parts), tmp_path)
    (found,) = read(path)
    assert found.notes == ()
    h, c = specified(kind, parts, X)
    compare(recorded(found, X), h, c if kind == "LSTM" else None)
    np.testing.assert_allclose(by_runtime(path, X), h, atol=2e-5)


def test_a_first_state_repeated_for_the_batch_that_comes_is_begun_in(tmp_path):
    parts = {**drawn("LSTM"), "initial_h": np.full((1, 1, 4), 0.5, np.float32)}
    places = {"one": np.array([1]), "front": np.array([1]), "units": np.array([4]), "learned": parts["initial_h"]}
    nodes = [
        helper.make_node("Shape", ["X"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["batch"]),
        helper.make_node("Concat", ["front", "batch", "units"], ["wanted"], axis=0),
        helper.make_node("Expand", ["learned", "wanted"], ["initial_h"]),
        recurrent_node("LSTM", parts),
    ]
    kept = {name: values for name, values in parts.items() if name != "initial_h"}
    (found,) = read(write(model_of(nodes, {**kept, **places}), tmp_path))
    compare(recorded(found, X), *specified("LSTM", parts, X))


def test_first_states_that_cannot_be_kept_are_told(tmp_path):
    zero = {**drawn("LSTM"), "initial_h": np.zeros((1, 2, 4), np.float32)}
    (found,) = read(write(model_of([recurrent_node("LSTM", zero)], zero), tmp_path))
    assert (found.notes, found.spec.initial_state) == ((), False)
    apart = {**zero, "initial_h": np.arange(8, dtype=np.float32).reshape(1, 2, 4)}
    (found,) = read(write(model_of([recurrent_node("LSTM", apart)], apart), tmp_path))
    assert (found.notes, found.spec.initial_state) == ((BEGINS_APART,), False)
    kept = {name: values for name, values in zero.items() if name != "initial_h"}
    (found,) = read(write(model_of([recurrent_node("LSTM", zero)], kept, ("X", "initial_h")), tmp_path))
    assert (found.notes, found.spec.initial_state) == ((BEGINS_FED,), False)


def test_zeros_as_long_as_the_batch_that_comes_are_known_to_be_zeros(tmp_path):
    parts = {**drawn("LSTM"), "initial_h": np.empty(0)}
    places = {"one": np.array([1]), "two": np.array([1]), "units": np.array([4])}
    nodes = [
        helper.make_node("Shape", ["X"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["batch"]),
        helper.make_node("Concat", ["two", "batch", "units"], ["wanted"], axis=0),
        helper.make_node("ConstantOfShape", ["wanted"], ["initial_h"]),
        recurrent_node("LSTM", parts),
    ]
    kept = {name: values for name, values in parts.items() if name != "initial_h"}
    (found,) = read(write(model_of(nodes, {**kept, **places}), tmp_path))
    assert found.notes == ()


def put_together(parts: dict[str, np.ndarray]) -> tuple[list, dict[str, np.ndarray]]:
    """Nodes that make W, R and B of torch's own weights, as its exporter does, and with every other operator."""
    i, o, f, c = np.split(parts["W"][0], 4)
    whole = np.concatenate([i, f, c, o]).T  # (F, 4H) with gates in torch's order
    ends = {"zero": 0, "one": 4, "two": 8, "three": 12, "four": 16}
    constants = {name: np.array([value]) for name, value in ends.items()} | {
        "whole": whole.astype(np.float64),
        "axis1": np.array([1]),
        "axis0": np.array([0]),
        "halves": np.array([8, 8]),
        "bx": parts["B"][0, :16],
        "bh": parts["B"][0, 16:],
        "flat": parts["R"].reshape(-1),
        "rshape": np.array([0, 16, -1]),
    }
    make = helper.make_node
    nodes = [
        make("Cast", ["whole"], ["w32"], to=TensorProto.FLOAT),
        make("Slice", ["w32", "zero", "one", "axis1"], ["wi"]),
        make("Slice", ["w32", "one", "three", "axis1"], ["wfc"]),
        make("Split", ["wfc"], ["wf", "wc"], axis=1),
        make("Slice", ["w32", "three", "four", "axis1"], ["wo"]),
        make("Concat", ["wi", "wo", "wf", "wc"], ["wt"], axis=1),
        make("Transpose", ["wt"], ["w2"], perm=[1, 0]),
        make("Unsqueeze", ["w2", "axis0"], ["W"]),
        make("Constant", [], ["r4"], value=numpy_helper.from_array(parts["R"].reshape(1, 1, 16, 4))),
        make("Squeeze", ["r4", "axis1"], ["r3"]),
        make("Identity", ["r3"], ["r"]),
        make("Reshape", ["r", "rshape"], ["R"]),
        make("Concat", ["bx", "bh"], ["b"], axis=0),
        make("Unsqueeze", ["b", "axis0"], ["B"]),
    ]
    return nodes, constants


def test_weights_that_the_graph_puts_together_are_put_together(tmp_path):
    parts = drawn("LSTM")
    nodes, constants = put_together(parts)
    path = write(model_of([*nodes, recurrent_node("LSTM", parts)], constants), tmp_path)
    (found,) = read(path)
    h, c = specified("LSTM", parts, X)
    compare(recorded(found, X), h, c)
    np.testing.assert_allclose(by_runtime(path, X), h, atol=2e-5)


def test_an_lstm_within_an_if_takes_its_weights_from_around_it(tmp_path):
    parts = drawn("LSTM")
    nodes, constants = put_together(parts)
    said = [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)]
    inner = recurrent_node("LSTM", parts, name="rnn")
    branch = helper.make_graph([inner], "then", [], said)
    other = helper.make_graph([helper.make_node("Identity", ["X"], ["Y"])], "else", [], said)
    choice = helper.make_node("If", ["yes"], ["Y"], name="choice", then_branch=branch, else_branch=other)
    model = model_of([*nodes, choice], {**constants, "yes": np.array(True)})
    (found,) = read(write(model, tmp_path))
    assert found.path == "choice.then_branch.rnn"
    compare(recorded(found, X), *specified("LSTM", parts, X))


def test_a_function_of_the_model_is_looked_into(tmp_path):
    parts = drawn("LSTM")
    inner = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], name="rnn", hidden_size=4)
    opset = [helper.make_opsetid("", 14)]
    function = helper.make_function("mine", "Layer", ["x", "w", "r", "b"], ["y"], [inner], opset)
    call = helper.make_node("Layer", ["X", "W", "R", "B"], ["Y"], name="call", domain="mine")
    model = model_of([call], parts)
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    (found,) = read(write(model, tmp_path))
    assert found.path == "call.rnn"
    compare(recorded(found, X), *specified("LSTM", parts, X))


@pytest.mark.parametrize("number", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE])
def test_other_floating_point_numbers_are_read(tmp_path, number):
    parts = drawn("LSTM")
    model = model_of([recurrent_node("LSTM", parts)], {})
    for name, values in parts.items():
        kind = helper.tensor_dtype_to_np_dtype(number)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(kind), name))
    (found,) = read(write(model, tmp_path))
    wanted = np.float64 if number == TensorProto.DOUBLE else np.float32
    assert {values.dtype for values in found.tensors.values()} == {np.dtype(wanted)}
    near = 0.05 if number == TensorProto.BFLOAT16 else 0.004
    np.testing.assert_allclose(recorded(found, X)["h"], specified("LSTM", parts, X)[0][:, 0], atol=near)


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.filterwarnings("ignore")
def test_what_torch_exports_comes_back_as_its_own_weights(tmp_path, kind, dynamic):
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(nn, kind)(3, 5, 2, bidirectional=True, batch_first=True)
            self.head = nn.Linear(10, 1)

        def forward(self, x):
            return self.head(self.rnn(x)[0])

    torch.manual_seed(1)
    model, path = Model().eval(), tmp_path / "model.onnx"
    axes = {"x": {0: "batch", 1: "time"}} if dynamic else {}
    torch.onnx.export(model, (torch.randn(2, 6, 3),), str(path), input_names=["x"], dynamic_axes=axes, dynamo=False)
    stack, *alone = read(path)
    assert stack.notes == ()
    assert [each.spec.layers for each in (stack, *alone)] == [2, 1, 1]
    assert stack.path == "+".join(each.path for each in alone)
    for name, values in model.rnn.state_dict().items():
        np.testing.assert_array_equal(stack.tensors[f"recurrent.{name}"], values.numpy())


def test_layers_that_are_not_simply_wired_stay_apart(tmp_path):
    parts = drawn("LSTM", inputs=4)
    upper = helper.make_node("LSTM", ["between", "W", "R", "B"], ["Y2"], name="upper", hidden_size=4)
    for between in ("Relu", "Squeeze"):
        nodes = [recurrent_node("LSTM", parts, name="lower"), helper.make_node(between, ["Y"], ["between"]), upper]
        if between == "Squeeze":
            nodes[1].input.append("sides")
        found = read(write(model_of(nodes, {**parts, "sides": np.array([1])}), tmp_path))
        assert [each.path for each in found] == ["lower+upper"] * (between == "Squeeze") + ["lower", "upper"]


# --- models of others


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not here")
@pytest.mark.parametrize("name", ["defaults", "with_initial_bias", "with_peepholes", "batchwise"])
def test_onnx_s_own_tests_come_out_as_they_expect(name):
    folder = REAL / "onnx_node_lstm" / f"test_lstm_{name}"
    (found,) = read(folder / "model.onnx")
    data = folder / "test_data_set_0"

    def tensor(file: str) -> np.ndarray:
        return numpy_helper.to_array(TensorProto.FromString((data / file).read_bytes()))

    model = onnx.load(folder / "model.onnx")
    x = tensor("input_0.pb")
    layout = 1 if name == "batchwise" else 0
    x = x if layout else x.transpose(1, 0, 2)
    h = np.stack([recorded(found, sequence)["h"] for sequence in x])  # (B, T, H)
    outputs = [output for output in model.graph.node[0].output if output]
    for place, output in enumerate(outputs):
        expected = tensor(f"output_{place}.pb")
        if output == "Y_h":
            ours = h[:, None, -1] if layout else h[None, :, -1]
        else:
            ours = h[:, :, None] if layout else h.transpose(1, 0, 2)[:, None]
        np.testing.assert_allclose(ours, expected, atol=2e-5)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not here")
def test_the_noise_suppressor_gives_its_reference():
    folder = REAL / "dtln_noise_suppression"
    with np.load(folder / "reference.npz") as archive:
        reference = {name: archive[name] for name in ("x", "h", "c")}
    stack, lower, upper = read(folder / "model_1.onnx")
    assert (stack.path, lower.path, upper.path) == ("lstm_4+lstm_5", "lstm_4", "lstm_5")
    assert stack.notes == (BEGINS_FED,)
    trace = recorded(stack, reference["x"][:, 0])
    for layer in (0, 1):
        c = reference["c"][layer, :, 0]
        np.testing.assert_allclose(trace.signal("h", layer), reference["h"][layer, :, 0], atol=2e-5)
        np.testing.assert_allclose(trace.signal("c", layer), c, atol=2e-5 + 2e-6 * np.abs(c).max())


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not here")
def test_a_model_without_such_a_node_is_told_in_a_sentence():
    with pytest.raises(ModelError, match="no LSTM, RNN or GRU node"):
        read(REAL / "dtln_noise_suppression" / "model_2.onnx")
