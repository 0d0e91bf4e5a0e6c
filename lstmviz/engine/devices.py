"""Where to compute, and why there."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from lstmviz.errors import RunError
from lstmviz.language import mark
from lstmviz.nets.spec import NetSpec
from lstmviz.runs.config import DeviceChoice

WORTH_A_GPU = 4_000_000
"""Multiplications in one step of a mini-batch from which a GPU gains.

One step after the other is what makes a recurrent net slow on a GPU: each waits for a launch, however small it is.
"""


@dataclass(frozen=True)
class Chosen:
    """A device and why it was chosen (English, translated where shown)."""

    device: torch.device
    reason: str


def choose_device(choice: DeviceChoice, spec: NetSpec | None = None, batch: int = 1) -> Chosen:
    """The device for a choice; ``auto`` takes a GPU where there is one and the net is large enough to gain.

    Raises RunError where the device that was asked for is not there.
    """
    if choice == "auto":
        return _best(spec, batch)
    if choice == "cuda" and not torch.cuda.is_available():
        raise RunError(
            "--device cuda was asked for, but torch {version} finds no CUDA GPU here. Use --device auto or cpu.",
            version=str(torch.__version__),
        )
    if choice == "mps" and not torch.backends.mps.is_available():
        raise RunError(
            "--device mps was asked for, but torch {version} finds no Apple GPU here. Use --device auto or cpu.",
            version=str(torch.__version__),
        )
    return Chosen(prepared(choice), mark("as asked for"))


def multiplications(spec: NetSpec, batch: int) -> int:
    """How many multiplications one step of a mini-batch takes in the largest layer."""
    blocks = {"lstm": 4, "gru": 3, "rnn": 1}[spec.cell]
    widest = max(spec.layer_inputs(0), spec.layer_inputs(1))
    return batch * blocks * spec.hidden * (widest + spec.layer_outputs)


def _best(spec: NetSpec | None, batch: int) -> Chosen:
    found = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
    if found is None:
        return Chosen(torch.device("cpu"), mark("there is no GPU here"))
    if spec is not None and multiplications(spec, batch) < WORTH_A_GPU:
        return Chosen(torch.device("cpu"), mark("so small a net is faster here than on the GPU"))
    return Chosen(prepared(found), mark("a GPU is there"))


def prepared(name: str | torch.device) -> torch.device:
    """The device, told to compute the same each time and in the full precision of float32."""
    device = torch.device(name)
    if device.type == "cuda":
        # the cuBLAS that cuDNN's recurrent layers use gives the same sums each time only with a workspace of its own
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.allow_tf32 = False
    return device
