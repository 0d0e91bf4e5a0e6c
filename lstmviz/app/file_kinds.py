"""What a path is, by its ending and its neighbours, without reading it."""

from __future__ import annotations

from collections.abc import Sequence as Many
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QUrl

from lstmviz.app.stores import is_address
from lstmviz.errors import SequenceError
from lstmviz.runs.folder import is_run
from lstmviz.sequences.readers import ENDINGS
from lstmviz.traces.corpus import is_corpus_store
from lstmviz.wire.host import far_path

What = Literal["trace", "corpus", "run", "model", "sequence"]

TRACE_ENDINGS = (".zarr", ".zarr.zip")
SEQUENCE_ENDINGS = (".csv", ".tsv", ".npy", ".npz", ".txt", ".wav", ".png")
RUN_FILE = "run.json"
_ZARR_FILES = ("zarr.json", ".zgroup")


def what_is(path: str) -> What:
    """A trace store, a corpus of them, a run's folder, a model file or (everything else) a sequence.

    A file inside a store stands for its store, run.json for its run. Models in a format that is not read are models
    too: reading them says which way works. An address of storage elsewhere is that of a trace, and on another
    computer a folder without an ending is that of a run.
    """
    from lstmviz.traces.pack import is_packed  # the window paints before it needs this

    if is_address(path) or is_packed(path):
        return "trace"
    file = Path(path)
    if (
        file.suffix.lower() == ".zarr"
        or file.name in _ZARR_FILES
        or (file.is_dir() and any((file / name).exists() for name in _ZARR_FILES))
    ):
        return "corpus" if is_corpus_store(store_of(path)) else "trace"
    if is_run(file) or file.name == RUN_FILE or (far_path(path) and not file.suffix):
        return "run"
    from lstmviz.nets.foreign.formats import is_model  # as above

    return "model" if is_model(file) else "sequence"


def refuse_unknown(path: str) -> None:
    """Raise SequenceError for a file that no reader of sequences knows by its ending, in words for the window."""
    if far_path(path) or Path(path).suffix.lower() in ENDINGS:
        return
    raise SequenceError(
        "“{file}” is nothing that lstmviz opens; expected a sequence ({sequences}), a model such as .pt, .onnx or"
        " .keras, a trace (.zarr) or the folder of a run. Save a table as CSV, a picture as PNG, sound as WAV.",
        file=Path(path).name,
        sequences=", ".join(SEQUENCE_ENDINGS),
    )


def dropped_paths(urls: Many[QUrl]) -> tuple[str, ...]:
    """What of the dropped things can be opened: files, and addresses of trace stores."""
    paths = (url.toLocalFile() if url.isLocalFile() else url.toString() for url in urls)
    return tuple(path for path in paths if not is_address(path) or path.rstrip("/").endswith(TRACE_ENDINGS))


def store_of(path: str) -> str:
    """The folder of a trace store or a corpus, for a path that may be a file inside it."""
    if is_address(path):
        return path
    file = Path(path)
    return str(file.parent if file.name in _ZARR_FILES else file)


def run_of(path: str) -> str:
    """The folder of a run, for a path that may be its run.json."""
    file = Path(path)
    return str(file.parent if file.name == RUN_FILE else file)
