"""The folder of a run: what lies where in it, and reading it without torch.

RUN/
  run.json                        RunFile: the configuration, and what was known when the run began
  metrics.jsonl                   a line for every update, validation and change
  net.json  net.safetensors       the net of the newest checkpoint, as any reader of nets opens it
  checkpoints/0000000400.safetensors
  probes/0000000400.npz
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.metrics import Metrics, read_metrics
from lstmviz.traces.safe_write import replacing

FORMAT = 1
"""Version of run.json; raised whenever an old reader would misread a new folder."""
_MOST = 4 << 20
_NUMBER = re.compile(r"\d{10}")
_ODD = re.compile(r"[^\w.-]+")


class RunFile(msgspec.Struct, frozen=True, kw_only=True):
    """run.json: updates are planned ones; optimum is the exact optimal loss in ``unit``, None where nobody knows it.

    device, reason: where it computes and why there (English). begun: UTC.
    """

    format: int = FORMAT
    title: str
    config: RunConfig
    parameters: int
    updates: int
    unit: str
    optimum: float | None
    device: str
    reason: str
    begun: str
    versions: dict[str, str] = {}


@dataclass(frozen=True, eq=False)
class Run:
    """A run as its folder tells it. spec: net.json as it lies there. probes: updates whose probe trace is kept."""

    folder: Path
    file: RunFile
    spec: bytes
    metrics: Metrics
    probes: tuple[int, ...]

    @property
    def update(self) -> int:
        """The last update that was measured."""
        return int(self.metrics.update[-1]) if self.metrics.rows else 0

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        epochs = self.file.config.epochs
        return int(min(max(0.0, self.metrics.epoch[-1]), epochs)) if self.metrics.rows else 0

    @property
    def ended(self) -> bool:
        """Whether every epoch is done."""
        return self.epoch >= self.file.config.epochs


def run_file(folder: Path) -> Path:
    """Where the configuration lies."""
    return folder / "run.json"


def metrics_file(folder: Path) -> Path:
    """Where the metrics lie."""
    return folder / "metrics.jsonl"


def net_file(folder: Path) -> Path:
    """Where the net's description lies, beside its weights."""
    return folder / "net.json"


def checkpoint_file(folder: Path, update: int) -> Path:
    """Where the checkpoint of an update lies."""
    return folder / "checkpoints" / f"{update:010}.safetensors"


def probe_file(folder: Path, update: int) -> Path:
    """Where the probe's trace of an update lies."""
    return folder / "probes" / f"{update:010}.npz"


def checkpoints(folder: Path) -> tuple[int, ...]:
    """The updates that have a checkpoint, oldest first."""
    return _numbered(folder / "checkpoints", ".safetensors")


def probes(folder: Path) -> tuple[int, ...]:
    """The updates whose probe trace is kept, oldest first."""
    return _numbered(folder / "probes", ".npz")


def is_run(folder: str | Path) -> bool:
    """Whether a folder calls itself a run; whether it is sound, only ``read_run`` says."""
    return run_file(Path(folder)).is_file()


def read_run_file(folder: str | Path) -> RunFile:
    """run.json alone; raises RunError."""
    file = run_file(Path(folder))
    if not file.is_file():
        raise RunError(
            "“{folder}” is no run; expected a folder with a run.json in it, as “lstmviz train” writes it.",
            folder=str(folder),
        )
    _check_own(Path(folder))
    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST)
        version = msgspec.json.decode(text, type=_Version).format
        if version == FORMAT:
            found = msgspec.json.decode(text, type=RunFile)
            msgspec.msgpack.encode(found)  # JSON may hold integers of any length, and we pass them on
            return found
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError("“{path}” cannot be read: {reason}.", path=str(file), reason=reason) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise RunError(
            "“{path}” is damaged or no run's: {reason}. Use a copy, or begin the run again in another folder.",
            path=str(file),
            reason=str(error) or type(error).__name__,
        ) from error
    raise RunError(
        "“{path}” has format {found}; this lstmviz reads format {expected}. A newer one may read it.",
        path=str(file),
        found=version,
        expected=FORMAT,
    )


def write_run_file(folder: Path, file: RunFile) -> None:
    """Write run.json beside its target and move it into place."""
    with replacing(run_file(folder)) as new:
        new.write_bytes(msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")


def read_run(folder: str | Path) -> Run:
    """What a run's folder holds; nothing in it changes. Raises RunError."""
    folder = Path(folder)
    file = read_run_file(folder)
    try:
        with net_file(folder).open("rb") as stream:
            spec = stream.read(_MOST)
    except OSError as error:
        raise RunError(
            "The run “{folder}” was begun but has no net yet. Go on with it: lstmviz train --out {folder}",
            folder=str(folder),
        ) from error
    return Run(folder, file, spec, read_metrics(metrics_file(folder)), probes(folder))


def runs_in(parent: str | Path) -> tuple[Path, ...]:
    """The folders of runs in a folder, the one that was written to last first."""
    parent = Path(parent)
    if not parent.is_dir():
        return ()
    found = [folder for folder in parent.iterdir() if is_run(folder)]
    return tuple(sorted(found, key=_last_written, reverse=True))


def new_folder(parent: str | Path, name: str = "run") -> Path:
    """A new empty folder in ``parent``, called after ``name`` and numbered; raises RunError."""
    parent = Path(parent)
    stem = _ODD.sub("-", name).strip("-.")[:60] or "run"
    number = 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = parent / f"{stem}-{number:03}"
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(
            "“{path}” cannot hold a run: {reason}. Choose another folder with --out.", path=str(parent), reason=reason
        ) from error


def _check_own(folder: Path) -> None:
    """Refuse a folder whose files lie elsewhere: going on with the run would write there."""
    net = net_file(folder)
    for file in (run_file(folder), metrics_file(folder), net, net.with_suffix(".safetensors")):
        if file.is_symlink() or (file.exists() and not file.is_file()):
            raise _foreign(file)
    for inside in (checkpoint_file(folder, 0).parent, probe_file(folder, 0).parent):
        if inside.is_symlink() or (inside.exists() and not inside.is_dir()):
            raise _foreign(inside)
        if inside.is_dir():
            with os.scandir(inside) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        raise _foreign(Path(entry.path))


def _foreign(path: Path) -> RunError:
    return RunError(
        "“{path}” is a link, or no ordinary file or folder; a run holds all of its files itself. Use a copy of them.",
        path=str(path),
    )


class _Version(msgspec.Struct):
    format: int


def _numbered(folder: Path, ending: str) -> tuple[int, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(int(f.stem) for f in folder.iterdir() if f.suffix == ending and _NUMBER.fullmatch(f.stem)))


def _last_written(folder: Path) -> float:
    for file in (metrics_file(folder), run_file(folder)):
        try:
            return file.stat().st_mtime
        except OSError:  # removed meanwhile, or not begun
            continue
    return 0.0
