"""Formats that are recognised but not read: which way leads from each to a file that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lstmviz.language import mark

_GRAPH = 4096
"""Bytes of a graph in which the operation of its first node stands."""


@dataclass(frozen=True)
class Other:
    """A format: its endings, whether a path holds it, and what to do with it."""

    endings: tuple[str, ...]
    holds: Callable[[Path, bytes], bool]
    way: str


def _is_saved_model(path: Path, start: bytes) -> bool:
    return path.is_dir() and any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt"))


def _is_checkpoint(path: Path, start: bytes) -> bool:
    """TensorFlow's pair NAME.index and NAME.data-00000-of-00001, TensorFlow 1's NAME.meta beside them aside."""
    return path.name.endswith(".index") or ".data-0000" in path.name


def _is_orbax(path: Path, start: bytes) -> bool:
    return path.is_dir() and any((path / name).exists() for name in ("_METADATA", "_CHECKPOINT_METADATA", "checkpoint"))


def _is_graph(path: Path, start: bytes) -> bool:
    """A GraphDef: its first field is a node, and one of the first operations is among those every graph has."""
    if path.is_dir() or not start.startswith(b"\n"):
        return False
    with path.open("rb") as stream:
        beginning = stream.read(_GRAPH)
    return any(name in beginning for name in (b"\x12\x0bPlaceholder", b"\x12\x05Const"))


OTHERS = (
    Other(
        (),
        _is_saved_model,
        mark(
            "It is TensorFlow's SavedModel: load it with the Keras of TensorFlow 2.15 and save it as NAME.keras, or"
            " convert it with tf2onnx (--saved-model)."
        ),
    ),
    Other(
        (),
        _is_orbax,
        mark("It is a checkpoint of orbax: restore it and save flax.serialization.to_bytes(params) as NAME.msgpack."),
    ),
    Other(
        (".index", ".meta"),
        _is_checkpoint,
        mark(
            "It is a checkpoint of TensorFlow. Of Keras: load it into its model and save the weights as"
            " NAME.weights.h5. Of TensorFlow 1: save the arrays of its cell as NAME.npz, the kernel cut after the rows"
            " of x, and say which is which in a mapping: gates i c f o, transposed, forget bias 1."
        ),
    ),
    Other(
        (".pb",),
        _is_graph,
        mark(
            "It is a graph of TensorFlow 1: save the constants kernel and bias of its cell as NAME.npz, the kernel cut"
            " after the rows of x, and say which is which in a mapping: gates i c f o, transposed, forget bias 1."
        ),
    ),
    Other(
        (".pdparams", ".t7", ".mlmodel", ".params"),
        lambda path, start: False,
        mark(
            "Save its arrays with numpy.savez as NAME.npz: under torch's names it opens at once, and for others a"
            " mapping says which is which."
        ),
    ),
    Other(
        (".pkl",),
        lambda path, start: False,
        mark("Save the weights alone, with torch.save(model.state_dict(), …), and open that file."),
    ),
)


def way_from(path: Path, start: bytes) -> str | None:
    """What to do with a file or folder that lstmviz does not read, a marked sentence; None where it is unknown.

    start: the first bytes of a file; empty for a folder.
    """
    ending = path.suffix.lower()
    known = [other for other in OTHERS if other.holds(path, start)]
    known += [other for other in OTHERS if ending in other.endings]
    return known[0].way if known else None
