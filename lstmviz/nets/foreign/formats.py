"""Which reader reads a model file: a table by content and ending. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import importlib
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lstmviz.errors import LstmvizError, ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.containers import MAPPING_ENDING, is_mapped, module_of
from lstmviz.nets.foreign.found import Found
from lstmviz.nets.foreign.others import OTHERS, way_from

OWN_ENDINGS = (".json", ".safetensors")
MAX_DESCRIPTION = 4 << 20
_START = 16
_LEGACY_TORCH = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Format:
    """A format: its endings, how a file of it begins, and the module here whose ``read`` reads it.

    begins is asked with the first bytes of a file and its path; None where only the ending tells.
    """

    title: str
    endings: tuple[str, ...]
    module: str
    begins: Callable[[bytes, Path], bool] | None = None


def _is_torch_zip(start: bytes, path: Path) -> bool:
    return start.startswith(b"PK") and _holds(path, "data.pkl", "model_weights_config.json")


def _is_keras(start: bytes, path: Path) -> bool:
    return start.startswith(_HDF5) or (start.startswith(b"PK") and _holds(path, "model.weights.h5"))


FORMATS = (
    Format(
        "PyTorch",
        (".pt", ".pth", ".th", ".ckpt", ".pt2", ".jit", ".bin", ".tar"),
        "torch_file",
        lambda start, path: start.startswith(_LEGACY_TORCH) or _is_torch_zip(start, path),
    ),
    Format("safetensors", (".safetensors",), "safetensors_file"),
    Format("Keras", (".keras", ".h5", ".hdf5"), "hdf5_apart", _is_keras),
    Format("Flax", (".msgpack", ".flax"), "flax_file", lambda start, path: start[1:8] == b"\xa6params"),
    Format("ONNX", (".onnx",), "onnx_file"),
    Format("TensorFlow Lite", (".tflite",), "tflite_file", lambda start, path: start[4:8] == b"TFL3"),
    Format("JSON", (".json", ".nam", ".aidax"), "json_weights"),
    Format("NPZ", (), "npz_file", lambda start, path: start.startswith(b"PK") and path.suffix.lower() == ".npz"),
)
"""The readers; the first whose content is recognised is taken, else the first by its ending."""

UNREAD = tuple(dict.fromkeys(ending for each in OTHERS for ending in each.endings))
"""Endings of models without a reader of ours, of which `others` says which way works."""

MODEL_ENDINGS = tuple(dict.fromkeys(ending for each in FORMATS for ending in each.endings))


def is_model(path: Path) -> bool:
    """Whether a file is a model or a container of weights: by its ending, and by its content where that tells nothing.

    Models in a format that is not read are models too: reading them says which way works.
    """
    if path.suffix.lower() in (*MODEL_ENDINGS, *UNREAD) or is_mapped(path):
        return True
    try:
        with path.open("rb") as stream:
            start = stream.read(_START)
    except OSError:
        return False
    if path.suffix.lower() == ".npz":
        return start.startswith(b"PK") and _holds_weights(path)
    return any(each.begins is not None and each.begins(start, path) for each in FORMATS)


_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What readers raise, and the libraries below them, where a file is not what they expect."""


def read_found(path: Path) -> tuple[Found, ...]:
    """Every recurrent stack of a foreign model file, at least one; raises ModelError and nothing else."""
    with damaged(path):
        if path.is_dir():
            _check_others(path, b"")
        with path.open("rb") as stream:
            start = stream.read(_START)
        found: tuple[Found, ...] = importlib.import_module(f"{__package__}.{_module(path, start)}").read(path)
        if not found and module_of(path) is not None:
            found = importlib.import_module(f"{__package__}.mapping").read_alike(path)
    if not found:
        raise _nothing(path)
    return found


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Make one ModelError of whatever a reader raises, and the libraries below it."""
    try:
        yield
    except LstmvizError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from error
    except _DAMAGED as error:
        raise ModelError(
            "“{file}” is damaged: {reason}. Copy or download it again.",
            file=str(path),
            reason=str(error).partition("\n")[0][:200] or type(error).__name__,
        ) from error


def _nothing(path: Path) -> ModelError:
    if module_of(path) is None:
        return ModelError(
            "“{file}” holds no recurrent layer that lstmviz knows; expected an LSTM, a GRU or an RNN.", file=str(path)
        )
    return ModelError(
        "“{file}” holds no recurrent layer that lstmviz knows; expected an LSTM, a GRU or an RNN. If its arrays are one"
        " under other names, say which is which in “{mapping}” beside it.",
        file=str(path),
        mapping=path.name + MAPPING_ENDING,
        remedy="mapping",
    )


def _module(path: Path, start: bytes) -> str:
    if not start:
        raise ModelError("“{file}” is empty; expected a model.", file=str(path))
    if is_mapped(path):
        return "mapping"
    for each in FORMATS:
        if each.begins is not None and each.begins(start, path):
            return each.module
    ending = path.suffix.lower()
    for each in FORMATS:
        if ending in each.endings:
            return each.module
    _check_others(path, start)
    raise ModelError(
        "“{file}” is not a model that lstmviz can read; expected a file that ends in one of: {known}.",
        file=str(path),
        known=" ".join(MODEL_ENDINGS),
    )


def _check_others(path: Path, start: bytes) -> None:
    way = way_from(path, start)
    if way is not None:
        raise ModelError("“{file}” is in a format that lstmviz does not read. {way}", file=str(path), way=tr(way))


def _holds(path: Path, *names: str) -> bool:
    """Whether a zip archive has a member with one of these names, in whatever folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.rpartition("/")[2] in names for member in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _holds_weights(path: Path) -> bool:
    """Whether an NPZ file has arrays that are named as torch names the weights of h(t−1)."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("weight_hh" in member for member in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _unreadable(path: Path, error: OSError) -> ModelError:
    if isinstance(error, FileNotFoundError):
        return ModelError("“{file}” is not there; expected a model file.", file=str(path))
    return ModelError("“{file}” cannot be read: {reason}.", file=str(path), reason=error.strerror or str(error))


def is_own(path: Path) -> bool:
    """Whether a path is one of the two files of a net of ours, NAME.json and NAME.safetensors; neither is checked."""
    if path.suffix not in OWN_ENDINGS:
        return False
    description = path.with_suffix(".json")
    try:
        with description.open("rb") as stream:
            text = stream.read(MAX_DESCRIPTION + 1)
    except OSError:
        return False
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return "format" in content
    return path.with_suffix(".safetensors").exists()  # a description that is damaged, but whose weights are there
