"""Samples cut into the frames that a model reads one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstmviz.errors import SequenceError
from lstmviz.nets.whole.others import sample_rate
from lstmviz.nets.whole.ports import Port
from lstmviz.sequences.sequence import Sequence

SPOKEN = (512, 256, 480, 160, 1024, 320)
"""Frames that models of sound commonly take, 32 ms at 16 kHz first."""
_SLOW = 8000


def cut(sequence: Sequence, frame: int, context: int = 0) -> Sequence:
    """A sequence (T, 1) as (T // frame, context + frame): each row a frame and the samples before it, zeros at first.

    Labels and targets are of samples and are left out; a last frame that is not full, too. Raises SequenceError.
    """
    count = len(sequence) // frame if frame > 0 else 0
    if sequence.features != 1 or sequence.vocabulary or not count or context < 0:
        raise SequenceError(
            "“{name}” has {steps} steps of {features} features; it cannot be cut into frames of {frame}.",
            name=sequence.name,
            steps=len(sequence),
            features=sequence.features,
            frame=frame,
        )
    samples = np.concatenate([np.zeros(context, np.float32), sequence.values[: count * frame, 0]])
    rows = np.lib.stride_tricks.sliding_window_view(samples, context + frame)[::frame]
    return replace(
        sequence,
        values=rows,
        names=tuple(f"x{n}" for n in range(context + frame)),
        labels=None,
        targets=None,
        target_names=(),
        times=None if sequence.times is None else sequence.times[: count * frame : frame],
    )


def known_frame(inputs: tuple[Port, ...], sequence: Sequence) -> tuple[int, int]:
    """The frame and the context of a model that is known by its inputs, 0 and 0 for any other.

    Silero VAD in ONNX wants what its own wrapper gives it: 512 samples and the 64 before them, half of both at 8 kHz.
    """
    shapes = {port.name: port.shape for port in inputs}
    state = shapes.get("state")
    if shapes.keys() == {"input", "state", "sr"} and state is not None and (state[0], state[-1]) == (2, 128):
        return (256, 32) if sample_rate(sequence) == _SLOW else (512, 64)
    return 0, 0
