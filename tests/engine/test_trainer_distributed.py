"""Two processes train as one: the same gradients, the same weights, and one of them writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from lstmviz.engine.batches import Batches
from lstmviz.engine.distributed import Peers
from lstmviz.engine.trainer import Trainer
from lstmviz.nets.batch import NOTHING
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import probes, read_run

CPU = torch.device("cpu")
# the last mini-batch of an epoch has one example: the second process has nothing to read there
SMALL = RunConfig(
    data="embedded-reber", hidden=8, examples=17, batch=8, epochs=3, device="cpu", optimiser="momentum",
    schedule="plateau", clipping=0.1, checkpoint_every=4,
)  # fmt: skip
CONFIGS = {
    "whole sequences": SMALL,
    "truncated BPTT": msgspec.structs.replace(SMALL, bptt=5, epochs=2),
    "killed inside a sequence": msgspec.structs.replace(SMALL, bptt=2, epochs=1, checkpoint_every=1),
    "windows": msgspec.structs.replace(SMALL, data="sunspots", steps=20, optimiser="sgd", bidirectional=True),
}
"""SGD, since what Adam makes of a gradient near 0 is all rounding."""

WORKER = """
import sys
from pathlib import Path
import msgspec, numpy as np
from lstmviz.engine.trainer import Trainer
from lstmviz.runs.config import RunConfig

def gradients(trainer):
    for _ in range(20):
        event = trainer.advance()
        if getattr(event, "name", "") == "gradients":
            return {name: each.grad.numpy().copy() for name, each in trainer.net.named_parameters()}

out = Path(sys.argv[1])
for name, config in msgspec.json.decode(sys.argv[2], type=dict[str, RunConfig]).items():
    trainer = Trainer(out / name, config)
    found = gradients(trainer)
    np.savez(out / f"{name} {trainer.peers.rank}.npz", **found)
    while trainer.state == "training" and trainer.update < (10 if config.bptt == 2 else 5):
        trainer.advance()
    # as after a kill: both go on from the checkpoint of the fourth update, or from the end of a mini-batch
    trainer = Trainer(out / name)
    assert 4 <= trainer.update < 10 and trainer._place.step == 0, trainer.update
    trainer.run()
    assert trainer.state == "ended"
trainer.close()
"""


def test_the_shares_of_a_batch_are_disjoint_and_together_the_batch(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL)
    whole = trainer.batches.at(1, 1)
    parts = [Batches(trainer.data, trainer.net, SMALL, CPU, Peers(rank, 3)).at(1, 1) for rank in range(3)]
    assert [len(part) for part in parts] == [3, 3, 2]
    for rank, part in enumerate(parts):
        for row, length in enumerate(part.lengths):
            assert length == whole.lengths[3 * row + rank]
            torch.testing.assert_close(part.x[row, :length], whole.x[3 * row + rank, :length])
    # 17 examples: the last mini-batch has one, which the others read along without being asked
    rest = [Batches(trainer.data, trainer.net, SMALL, CPU, Peers(rank, 3)).at(0, 2) for rank in range(3)]
    assert [bool((part.wanted != NOTHING).any()) for part in rest] == [True, False, False]


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every config trained by two processes with gloo."""
    folder = tmp_path_factory.mktemp("two")
    script = folder / "worker.py"
    script.write_text(WORKER, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    result = subprocess.run(
        [*command, str(folder), msgspec.json.encode(CONFIGS).decode()],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(folder)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-4000:]
    return folder


@pytest.mark.parametrize("name", CONFIGS)
def test_two_processes_have_the_gradients_and_weights_of_one(name: str, two_processes: Path, tmp_path: Path) -> None:
    one = Trainer(tmp_path / "one", CONFIGS[name])
    while getattr(one.advance(), "name", "") != "gradients":
        pass
    for rank in (0, 1):
        with np.load(two_processes / f"{name} {rank}.npz") as found:
            for key, parameter in one.net.named_parameters():
                np.testing.assert_allclose(found[key], parameter.grad.numpy(), atol=1e-6, rtol=0)
    one.run()
    one.close()
    run, alone = read_run(two_processes / name), read_run(tmp_path / "one")
    np.testing.assert_array_equal(run.metrics.update, alone.metrics.update)
    np.testing.assert_allclose(run.metrics.loss, alone.metrics.loss, atol=1e-6)
    np.testing.assert_allclose(run.metrics.validation, alone.metrics.validation, atol=1e-6)
    np.testing.assert_allclose(run.metrics.norm, alone.metrics.norm, atol=1e-5)
    np.testing.assert_array_equal(run.metrics.rate, alone.metrics.rate)
    assert run.ended
    assert probes(two_processes / name)[-1] == run.update
    continued = Trainer(two_processes / name)
    for key, tensor in one.net.state_dict().items():
        np.testing.assert_allclose(continued.net.state_dict()[key].numpy(), tensor.numpy(), atol=1e-6, rtol=0)
