"""A whole TorchScript model is run, and its layer recorded on what it read there; forward hooks tell the truth."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import lstmviz
from lstmviz.engine.whole import record_whole

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*is deprecated:DeprecationWarning")
CLOSE = {"rtol": 0, "atol": 2e-6}


class Speech(nn.Module):
    """Samples (B, S) → strided convolution → two bidirectional layers → dense."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 5, 8, stride=4)
        self.lstm = nn.LSTM(5, 4, 2, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        features = torch.relu(self.conv(x.unsqueeze(1))).transpose(1, 2)
        return self.dense(self.lstm(features)[0])


class Tagger(nn.Module):
    """Ids (T, B) and their lengths → embedding → packed LSTM → GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 4, bidirectional=True)
        self.gru = nn.GRU(8, 3)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.table(ids), lengths)
        said, _ = pad_packed_sequence(self.lstm(packed)[0])
        return self.gru(said)[0]


class Detector(nn.Module):
    """One frame of 16 samples a call, whose end and whose state it keeps itself; 8 at another rate."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 5, 4)
        self.cell = nn.LSTMCell(5, 4)
        self.context = torch.zeros(0)
        self.state = torch.zeros(0)

    def forward(self, x: Tensor, sr: int) -> Tensor:
        if x.dim() != 2 or x.shape[1] != (512 if sr == 16000 else 256):
            raise ValueError("expected frames of 512 or 256 samples")
        if self.state.numel() == 0:
            self.state, self.context = torch.zeros(2, x.shape[0], 4), torch.zeros(x.shape[0], 3)
        x = torch.cat([self.context, x], 1)
        self.context = x[:, -3:]
        features = torch.relu(self.conv(x.unsqueeze(1))).mean(2)
        h, c = self.cell(features, (self.state[0], self.state[1]))
        self.state = torch.stack([h, c])
        return h.sum(1)


class Steps(nn.Module):
    """A cell in a loop, in the branch of an if."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(3, 5)
        self.cell = nn.GRUCell(5, 4)

    def forward(self, x: Tensor, fast: bool = False) -> Tensor:
        x = torch.tanh(self.dense(x))
        h = torch.zeros(x.size(0), 4)
        if not fast:
            for t in range(x.size(1)):
                h = self.cell(x[:, t], h)
        return h


def scripted(module: nn.Module, folder: Path) -> Path:
    path = folder / "whole.pt"
    torch.jit.script(module.eval()).save(str(path))
    return path


def hooked(module: nn.Module, layer: nn.Module, *feeds: tuple) -> list[tuple]:
    """What the layer was given in each of its calls, in plain PyTorch."""
    seen: list[tuple] = []
    handle = layer.register_forward_hook(lambda _module, given, said: seen.append((given, said)))
    with torch.no_grad():
        for feed in feeds:
            module.eval()(*feed)
    handle.remove()
    return seen


@pytest.fixture(autouse=True)
def _same_weights():
    torch.manual_seed(3)


def test_samples_through_a_convolution_to_a_bidirectional_stack(tmp_path):
    module, samples = Speech(), np.random.default_rng(0).normal(size=(90, 1)).astype(np.float32)
    trace = record_whole(scripted(module, tmp_path), samples)
    ((given, said),) = hooked(module, module.lstm, (torch.from_numpy(samples.T),))
    np.testing.assert_allclose(trace.inputs, given[0][0].numpy(), **CLOSE)
    both = np.concatenate([trace.signal("h", 1, side) for side in ("forward", "reverse")], axis=1)
    np.testing.assert_allclose(both, said[0][0].numpy(), **CLOSE)
    assert trace.check.passed
    assert trace.check.against[-1] == "TorchScript"
    assert trace.model.note.startswith("x recorded from the whole model. The sequence is its input “x”.")


@pytest.mark.parametrize("layer", ["lstm", "gru"])
def test_symbols_through_an_embedding_packed(tmp_path, layer):
    module, ids = Tagger(), np.array([3, 0, 2, 2, 1])
    sequence = lstmviz.Sequence(ids, vocabulary=tuple("abcd"))
    trace = record_whole(scripted(module, tmp_path), sequence, layer)
    feed = (torch.from_numpy(ids)[:, None], torch.tensor([5]))
    ((given, said),) = hooked(module, getattr(module, layer), feed)
    x = given[0].data if layer == "lstm" else given[0][:, 0]
    np.testing.assert_allclose(trace.inputs, x.numpy(), **CLOSE)
    if layer == "gru":
        np.testing.assert_allclose(trace["h"], said[0][:, 0].numpy(), **CLOSE)
    assert trace.check.passed
    assert trace.sequence.labels == tuple("daccb")


@pytest.mark.parametrize("settings", [{}, {"frame": 512}])
def test_a_model_that_keeps_its_own_state_is_run_frame_by_frame(tmp_path, settings):
    samples = np.random.default_rng(0).normal(size=(512 * 4 + 9, 1)).astype(np.float32)
    sequence = lstmviz.Sequence(samples, kind="audio", times=np.arange(len(samples)) / 16000)
    module = Detector()
    trace = record_whole(scripted(module, tmp_path), sequence, **settings)
    frames = [(torch.from_numpy(samples[512 * n : 512 * (n + 1)].T.copy()), 16000) for n in range(4)]
    seen = hooked(module, module.cell, *frames)
    np.testing.assert_allclose(trace.inputs, np.concatenate([given[0] for given, _ in seen]), **CLOSE)
    np.testing.assert_allclose(trace["h"], np.concatenate([said[0] for _, said in seen]), **CLOSE)
    np.testing.assert_allclose(trace["c"], np.concatenate([said[1] for _, said in seen]), **CLOSE)
    np.testing.assert_allclose(trace.sequence.times, np.arange(4) * 0.032)
    assert "Frames of 512 samples. The sequence is its input “x”, step by step. sr = 16000." in trace.model.note
    assert trace.check.passed


def test_a_cell_in_a_loop_within_a_branch(tmp_path):
    module, values = Steps(), np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    path = scripted(module, tmp_path)
    trace = record_whole(path, values)
    seen = hooked(module, module.cell, (torch.from_numpy(values)[None],))
    np.testing.assert_allclose(trace.inputs, np.concatenate([given[0] for given, _ in seen]), **CLOSE)
    np.testing.assert_allclose(trace["h"], np.concatenate([said for _, said in seen]), **CLOSE)
    with pytest.raises(lstmviz.LstmvizError, match="lead past it"):
        record_whole(path, values, inputs={"fast": True})


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")  # of the checks within nn.LSTM
def test_a_traced_model_is_run_too(tmp_path):
    module, values = Speech(), np.random.default_rng(0).normal(size=(40, 1)).astype(np.float32)
    torch.jit.trace(module.eval(), torch.from_numpy(values.T)).save(str(tmp_path / "traced.pt"))
    trace = record_whole(tmp_path / "traced.pt", values)
    ((given, _),) = hooked(module, module.lstm, (torch.from_numpy(values.T),))
    np.testing.assert_allclose(trace.inputs, given[0][0].numpy(), **CLOSE)


def test_nothing_of_torch_stays_changed(tmp_path):
    layer, x = nn.LSTM(3, 2), torch.zeros(4, 1, 3)
    record_whole(scripted(Steps(), tmp_path), np.zeros((4, 3)))
    assert not torch._C._dispatch_has_kernel_for_dispatch_key("aten::lstm.input", "CPU")
    assert layer(x)[0].shape == (4, 1, 2)


def test_code_that_reaches_for_files_is_not_loaded(tmp_path):
    class Thief(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.lstm(x + torch.from_file("/etc/hostname", size=1))[0]

    with pytest.raises(lstmviz.LstmvizError, match=r"“torch\.from_file”, which can reach beyond the model"):
        record_whole(scripted(Thief(), tmp_path), np.zeros((4, 3)))


def test_operators_of_other_libraries_are_not_loaded(tmp_path):
    path = scripted(Steps(), tmp_path)
    changed = tmp_path / "changed.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            code = member.filename.endswith(".py") and b"torch.tanh(" in data
            new.writestr(member, data.replace(b"torch.tanh(", b"ops.mine.tanh(") if code else data)
    with pytest.raises(lstmviz.LstmvizError, match=r"“ops\.mine\.tanh”"):
        record_whole(changed, np.zeros((4, 3)))


def test_what_torch_says_of_a_wrong_input_is_said(tmp_path):
    with pytest.raises(lstmviz.LstmvizError, match=r"cannot be run by torch: .*frames of 512 or 256 samples"):
        record_whole(scripted(Detector(), tmp_path), np.zeros((100, 1)), inputs={"sr": 16000})


def test_a_module_without_forward_is_a_sentence(tmp_path):
    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(3, 2)

        @torch.jit.export
        def read(self, x: Tensor) -> Tensor:
            return self.lstm(x)[0]

    with pytest.raises(lstmviz.LstmvizError, match="cannot be run by torch"):
        record_whole(scripted(Other(), tmp_path), np.zeros((4, 3)))


def test_a_state_dict_says_that_it_is_no_whole_model(tmp_path):
    torch.save(Speech().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(lstmviz.LstmvizError, match=r"cannot be run whole: .* as a sequence of 5 features"):
        record_whole(tmp_path / "weights.pt", np.zeros((100, 1)))


@pytest.mark.filterwarnings("ignore")  # of torch.export, about its own ways
def test_an_archive_of_torch_export_says_the_way_round(tmp_path):
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.lstm(x)[0]

    program = torch.export.export(Plain().eval(), (torch.zeros(4, 1, 3),))
    torch.export.save(program, tmp_path / "program.pt2")
    with pytest.raises(lstmviz.LstmvizError, match=r"archive of torch\.export.*Save the model as TorchScript or ONNX"):
        record_whole(tmp_path / "program.pt2", np.zeros((4, 3)))
