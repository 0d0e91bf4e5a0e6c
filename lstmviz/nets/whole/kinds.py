"""Which model files can be run whole, and by what; nothing is run to find out."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.formats import is_own

Kind = Literal["", "onnx", "torchscript"]


def run_by(path: Path) -> Kind:
    """What runs the whole model of a file, "" for nothing; a file that cannot be read is run by nothing either."""
    if path.suffix.lower() == ".onnx":
        return "onnx"
    return "torchscript" if "code" in _folders(path) else ""


def _folders(path: Path) -> set[str]:
    """What lies in the one folder of a zip archive."""
    try:
        if is_own(path) or not zipfile.is_zipfile(path):
            return set()
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return set()
    inside = {name.split("/")[1] for name in names if name.count("/") > 1}
    return inside if any(name.endswith("/constants.pkl") for name in names) else inside - {"code"}


def cannot_run(path: Path, width: int) -> ModelError:
    """Why the whole model of a file cannot be run, and which way works."""
    if "models" in _folders(path):
        return ModelError(
            "“{file}” is an archive of torch.export, which torch cannot open without trusting all that is written in"
            " it; lstmviz does not run it. Save the model as TorchScript or ONNX, or give the layer's own input as a"
            " sequence of {width} features.",
            file=str(path),
            width=width,
        )
    return ModelError(
        "“{file}” cannot be run whole: of all formats ONNX and TorchScript alone hold a model that lstmviz can run."
        " Give the layer's own input as a sequence of {width} features, or save the model as one of the two.",
        file=str(path),
        width=width,
    )
