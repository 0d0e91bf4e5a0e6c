"""lstmviz: an oscilloscope for LSTMs.

    import lstmviz
    trace = lstmviz.record(torch_module, sequence)
    trace["f"]                                   # (T, H), the forget gate of the first layer

Names are loaded when they are first used, so that the window never imports torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "record": "lstmviz.engine.recorder",
    "record_whole": "lstmviz.engine.whole",
    "watch": "lstmviz.engine.watch",
    "train": "lstmviz.engine.train",
    "gradient_flow": "lstmviz.engine.gradients",
    "load_model": "lstmviz.nets.reader",
    "load_sequence": "lstmviz.sequences.readers",
    "open_trace": "lstmviz.traces.store",
    "export": "lstmviz.traces.export",
    "Sequence": "lstmviz.sequences.sequence",
    "Trace": "lstmviz.traces.trace",
    "LstmvizError": "lstmviz.errors",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'lstmviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from lstmviz.engine.gradients import gradient_flow as gradient_flow
    from lstmviz.engine.recorder import record as record
    from lstmviz.engine.train import train as train
    from lstmviz.engine.watch import watch as watch
    from lstmviz.engine.whole import record_whole as record_whole
    from lstmviz.errors import LstmvizError as LstmvizError
    from lstmviz.nets.reader import load_model as load_model
    from lstmviz.sequences.readers import load_sequence as load_sequence
    from lstmviz.sequences.sequence import Sequence as Sequence
    from lstmviz.traces.export import export as export
    from lstmviz.traces.store import open_trace as open_trace
    from lstmviz.traces.trace import Trace as Trace
