"""Every model of public projects beside the checkout is opened in the window and stepped on its own kind of input.

What is recorded is held against h and c as the model's own framework computed them (reference.npz).
"""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from desk import Desk, wait
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from lstmviz.app.dialogs.choose_array import ChooseArrayDialog
from lstmviz.app.dialogs.columns import ColumnsDialog
from lstmviz.app.dialogs.layers import LayersDialog
from lstmviz.app.dialogs.reading import ReadingDialog
from lstmviz.traces.trace import Trace

pytestmark = pytest.mark.real
Array = npt.NDArray[np.floating]
WEATHER, HEIGHTS = ("APCP_surface", "TMP_2maboveground"), ("elev_mean", "slope_mean")
QUESTIONS = (LayersDialog, ChooseArrayDialog, ReadingDialog, ColumnsDialog)


@dataclass(frozen=True)
class Case:
    """A model, the stack that is meant, what makes its input file, and the row of its first layer in the reference."""

    model: str
    make: Callable[[Path, Path], Path]
    stack: str = ""
    first: int = 0


def archive(real: Path, _work: Path) -> Path:
    """The reference itself: the window asks which of its arrays is the sequence."""
    return real / "reference.npz"


def weather(real: Path, work: Path) -> Path:
    """Rain, temperature, height and slope of a basin, standardised by the scaler that came with the model."""
    scaler = (real / "train_data_scaler.yml").read_text()

    def number(text: str, *path: str) -> float:
        for name in path:
            text = text[text.index(name + ":") + len(name) + 1 :]
        return float(text.split("data:")[1].split()[0] if "data_vars" in path else text.split()[0])

    mean, scale = (
        np.array(
            [number(scaler, f"xarray_feature_{outside}", "data_vars", name) for name in WEATHER]
            + [number(scaler, f"attribute_{inside}", name) for name in HEIGHTS]
        )
        for outside, inside in (("center", "means"), ("scale", "stds"))
    )
    rows = (np.load(real / "reference.npz")["raw_input"] - mean) / scale
    lines = [",".join(("date", *WEATHER, *HEIGHTS))]
    for n, row in enumerate(rows):
        lines.append(",".join((f"2015-01-{1 + n // 24:02} {n % 24:02}:00", *(f"{value:.9g}" for value in row))))
    (work / "basin.csv").write_text("\n".join(lines) + "\n")
    return work / "basin.csv"


def spectra(_real: Path, work: Path) -> Path:
    """Speech as the model's authors cut it: frames of 512 samples, 128 apart, of which the magnitudes are taken."""
    with wave.open(str(_real.parent / "seq_inputs" / "speech_silero_5s_16k.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    frames = np.stack([sound[8000 + 128 * n : 8512 + 128 * n] for n in range(50)])
    np.save(work / "spectra.npy", np.abs(np.fft.rfft(frames)).astype(np.float32))
    return work / "spectra.npy"


def after_the_dense_layer(real: Path, work: Path) -> Path:
    """The authors' own input after the dense layer with tanh that stands before the LSTM."""
    weights, bias = map(np.array, json.loads((real / "lstm.json").read_bytes())["layers"][0]["weights"])
    np.savetxt(
        work / "dense.csv", np.tanh(np.loadtxt(real / "lstm_x_python.csv")[:, None] @ weights + bias), delimiter=","
    )
    return work / "dense.csv"


def guitar(real: Path, _work: Path) -> Path:
    """The authors' own input, a number a line."""
    return real / "lstm_torch_x_python.csv"


def what_the_first_module_said(real: Path, work: Path) -> Path:
    np.save(work / "said.npy", np.load(real / "reference.npz")["h"][0][:, 0])
    return work / "said.npy"


CASES = {
    "tagger": Case("allennlp_simple_tagger/best.th", archive),
    "speech, ONNX": Case("dtln_noise_suppression/model_1.onnx", spectra, "lstm_4+lstm_5"),
    "speech, Keras": Case("dtln_noise_suppression/model.h5", spectra, "lstm+lstm_1"),
    "rivers": Case("noaa_nextgen_lstm/model_epoch009.pt", weather),
    "guitar, Keras": Case("rtneural_keras_lstm/lstm.json", after_the_dense_layer),
    "guitar, torch": Case("rtneural_torch_2lstm_4layers/lstm_torch.json", guitar, "lstm"),
    "guitar, second module": Case(
        "rtneural_torch_2lstm_4layers/lstm_torch.json", what_the_first_module_said, "lstm2", 1
    ),
    "voices": Case("silero_vad_safetensors/silero_vad_16k.safetensors", archive),
    "headlines": Case("textgenrnn_default/textgenrnn_weights.hdf5", archive),
}


def open_both(desk: Desk, model: Path, sequence: Path, stack: str = "", features: tuple[str, ...] = ()) -> Trace:
    """Drop a model and a sequence on the window and answer what it asks as a user would."""
    before = len(desk.session.opened)
    desk.drop(model, sequence)

    def answered() -> bool:
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QUESTIONS) and dialog.isVisible() and dialog.isActiveWindow():
                answer(desk, dialog, stack, features)
        assert desk.session.notice is None or desk.session.notice.level != "error", desk.notice
        return len(desk.session.opened) > before

    wait(answered, f"{model.name} on {sequence.name}; {desk.notice}")
    desk.settled()
    return desk.session.trace


def answer(desk: Desk, dialog: object, stack: str, features: tuple[str, ...]) -> None:
    if isinstance(dialog, LayersDialog):
        rows = dialog.stacks.findItems(stack, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
        dialog.stacks.setCurrentItem(rows[0])
        desk.press(Qt.Key.Key_Return)
    elif isinstance(dialog, ChooseArrayDialog):
        assert dialog.arrays.currentItem().text(0) == "x", "the array that fits is proposed"
        desk.click(dialog.open_button)
    elif isinstance(dialog, ColumnsDialog):
        for row in map(dialog.features.item, range(dialog.features.count())):
            row.setCheckState(Qt.CheckState.Checked if row.text() in features else Qt.CheckState.Unchecked)
        desk.click(dialog.ok)
    elif isinstance(dialog, ReadingDialog):
        desk.click(dialog.ok)


def step_through(desk: Desk, trace: Trace) -> None:
    """Keys go through the recording, and the views say where it is."""
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_Right, times=3)
    assert desk.session.place.t == min(3, len(trace) - 1)
    assert f" at step {desk.session.place.t}: " in desk.window.views["unit"].sentence()


@pytest.mark.parametrize("name", CASES)
def test_a_model_opens_and_is_stepped_on_its_own_kind_of_input(desk: Desk, real: Path, tmp_path: Path, name: str):
    case = CASES[name]
    folder = (real / case.model).parent
    trace = open_both(desk, real / case.model, case.make(folder, tmp_path), case.stack)
    reference = np.load(folder / "reference.npz")
    steps = min(len(trace), reference["h"].shape[1])
    assert steps >= 14
    for layer in range(len(trace.layers)):
        h, c = (reference[which][case.first + layer][:steps, 0] for which in "hc")
        signals = trace.lanes[layer, "forward"].signals
        assert np.abs(signals["h"][:steps] - h).max() <= 2e-5
        assert np.abs(signals["c"][:steps] - c).max() <= 2e-5 + 2e-6 * np.abs(c).max()
    assert trace.check is not None
    assert trace.check.passed
    step_through(desk, trace)


def test_headlines_are_read_character_by_character(desk: Desk, real: Path, tmp_path: Path):
    """Titles of Hacker News through the vocabulary and the embedding that the model itself has."""
    h5py = pytest.importorskip("h5py")
    folder = real / "textgenrnn_default"
    vocabulary = json.loads((folder / "textgenrnn_vocab.json").read_text())
    title = (real / "seq_inputs" / "hacker_news_2000.txt").read_text(encoding="utf-8").splitlines()[1]
    with h5py.File(folder / "textgenrnn_weights.hdf5") as file:
        table = np.array(file["embedding"]["embedding"]["embeddings:0"])
    ids = [vocabulary.get(letter, 0) for letter in title]
    np.savez(tmp_path / "title.npz", values=table[ids], labels=np.array(list(title)))
    trace = open_both(desk, folder / "textgenrnn_weights.hdf5", tmp_path / "title.npz")
    assert len(trace) == len(title)
    assert trace.sequence.labels == tuple(title)
    step_through(desk, trace)


@pytest.mark.parametrize("which", ["defaults", "with_initial_bias", "with_peepholes", "batchwise"])
def test_the_nodes_of_onnx_open_on_their_own_vectors(desk: Desk, real: Path, tmp_path: Path, which: str):
    onnx = pytest.importorskip("onnx")
    folder = real / "onnx_node_lstm" / f"test_lstm_{which}"

    def tensor(name: str) -> Array:
        read: Array = onnx.numpy_helper.to_array(onnx.load_tensor(str(folder / "test_data_set_0" / f"{name}.pb")))
        return read

    x, said = tensor("input_0"), tensor("output_0")
    np.save(tmp_path / "x.npy", x[0] if which == "batchwise" else x[:, 0])
    trace = open_both(desk, folder / "model.onnx", tmp_path / "x.npy")
    assert trace["h"].shape[1] == said.shape[-1]
    expected = said.reshape(-1, said.shape[-1])[0]
    assert np.allclose(trace["h"][-1], expected, atol=1e-6)
    desk.press(Qt.Key.Key_Home)


def test_a_table_of_the_weather_is_read_whatever_stands_above_it(desk: Desk, real: Path):
    """Three lines above the header, tabs and blanks mixed, a date in four columns, more features than are read."""
    wanted = ("prcp(mm/day)", "srad(W/m2)", "tmax(C)", "tmin(C)")
    trace = open_both(
        desk,
        real / "noaa_nextgen_lstm" / "model_epoch009.pt",
        real / "seq_inputs" / "camels_daymet_01022500.txt",
        features=wanted,
    )
    assert trace.sequence.names == wanted
    assert str(trace.sequence.times[0])[:10] == "2000-01-01"
    assert trace.inputs[0] == pytest.approx([0, 189.56, -2.36, -14.36])
    step_through(desk, trace)


def test_a_gru_under_an_lstm_s_name_opens_as_a_gru_in_both_directions(desk: Desk, real: Path, tmp_path: Path):
    model = real / "allennlp_simple_tagger" / "gru_decoy_elmo_tagger_best.th"
    from lstmviz.nets.summary import summarise

    inputs = summarise(model).stacks[0].inputs
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(9, inputs)).astype(np.float32))
    trace = open_both(desk, model, tmp_path / "x.npy", "encoder._module")
    assert [(info.cell, info.units, info.directions) for info in trace.layers] == [
        ("gru", 25, ("forward", "reverse"))
    ] * 2
    step_through(desk, trace)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("noaa_nextgen_lstm/optimizer_state_epoch009.pt", "state of an optimiser"),
        ("allennlp_simple_tagger/decoy_training_state_e1_b0.th", "state of an optimiser"),
        ("rtneural_keras_lstm/bad_lstm.json", "declares LSTM, 1 inputs and 16 units"),
        ("dtln_noise_suppression/model_2.onnx", "no LSTM"),
        ("textgenrnn_default/textgenrnn_vocab.json", "no recurrent layer"),
    ],
)
def test_a_decoy_is_one_sentence_and_changes_nothing(desk: Desk, real: Path, file: str, said: str):
    trace = desk.session.trace
    desk.session.notice = None
    desk.drop(real / file)
    wait(lambda: desk.session.notice is not None, "a sentence")
    assert said in desk.notice
    assert Path(file).name in desk.notice
    assert desk.session.trace is trace
