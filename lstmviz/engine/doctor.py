"""``lstmviz doctor``: what is installed, what can be drawn on, and whether every processor computes the same."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

from lstmviz import __version__, paths
from lstmviz.engine.failures import as_sentence
from lstmviz.errors import LstmvizError
from lstmviz.language import mark, tr
from lstmviz.traces.trace import Trace
from lstmviz.wire.pipe_transport import PipeClient

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NEEDED = ("numpy", "torch", "PySide6-Essentials", "pyqtgraph", "zarr", "safetensors", "msgspec", "pillow")
EXTRAS = {"parquet": "pyarrow", "hdf5": "h5py", "video": "av", "xarray": "xarray"}
TOLERANCE = 1e-5
SECONDS = 60

_ASK_QT = "from PySide6.QtGui import QGuiApplication as A; a = A([]); print(a.platformName(), len(a.screens()))"
"""Asked in a process of its own: Qt and torch never meet, and a missing library may abort it."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, what was found and whether that is sound."""

    what: str
    found: str
    ok: bool = True


def findings() -> Iterator[Finding]:
    """Everything that is worth knowing when something does not work, as it is found."""
    yield Finding("lstmviz", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    yield from _packages()
    yield Finding(tr("settings and logs"), str(paths.settings_folder()))
    yield from _display()
    yield _engine()
    try:
        yield from _processors()
        yield from _trainings()
    except (ImportError, OSError) as error:  # OSError: a shared library that torch cannot load
        yield Finding("torch", _sentence(error), ok=False)


def _packages() -> Iterator[Finding]:
    for name in NEEDED:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, tr("missing; install it with: pip install {name}", name=name), ok=False)
    found = [f"{extra} ✓" if importlib.util.find_spec(EXTRAS[extra]) else f"{extra} –" for extra in EXTRAS]
    yield Finding(tr("extras"), "  ".join(found))


def _display() -> Iterator[Finding]:
    ok, said = _ask_qt("offscreen")
    yield Finding(tr("Qt off screen"), said, ok)
    names = [name for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
    needs_display = sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM")
    if needs_display and not names:
        yield Finding(tr("display"), tr("none: the window can only be drawn off screen"))
        return
    ok, said = _ask_qt(os.environ.get("QT_QPA_PLATFORM"))
    where = "  ".join(f"{name}={os.environ[name]}" for name in names)
    yield Finding(tr("display"), f"{said}  {where}".strip(), ok)


def _ask_qt(platform_name: str | None) -> tuple[bool, str]:
    """Whether Qt can start on a platform (None: its own choice), and its name and screens, or what it complained of."""
    environment = dict(os.environ)
    if platform_name is not None:
        environment["QT_QPA_PLATFORM"] = platform_name
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK_QT], env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False, tr("Qt did not answer within {seconds} seconds", seconds=SECONDS)
    if asked.returncode:
        complaint = [line for line in asked.stderr.splitlines() if line.strip()]
        return False, complaint[-1] if complaint else tr("Qt ended with status {status}", status=asked.returncode)
    name, screens = asked.stdout.split()
    return True, tr("platform {name}, {screens} screens", name=name, screens=screens)


def _engine() -> Finding:
    """Whether the engine process starts and answers, and how soon."""
    began = time.monotonic()
    try:
        with PipeClient() as client:
            client.wait_ready(SECONDS)
            return Finding(tr("engine"), tr("answers after {seconds:.1f} s", seconds=time.monotonic() - began))
    except LstmvizError as error:
        return Finding(tr("engine"), str(error), ok=False)


def _processors() -> Iterator[Finding]:
    import torch

    yield Finding(
        "CPU", tr("{cores} cores, torch uses {threads}", cores=os.cpu_count(), threads=torch.get_num_threads())
    )
    try:
        here = _record("cpu")
    except Exception as error:  # noqa: BLE001 — the doctor reports whatever is wrong
        yield Finding(tr("CPU recording"), _sentence(error), ok=False)
        return
    check = here.check
    worst = float("nan") if check is None else check.max_error
    yield Finding(
        tr("CPU recording"),
        tr("agrees with the float64 reference: max |Δ| = {worst:.1e}", worst=worst),
        check is not None and check.passed,
    )
    devices = [f"cuda:{n}" for n in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    devices += ["mps"] if torch.backends.mps.is_available() else []
    if not devices:
        yield Finding("GPU", tr("none"))
    for device in devices:
        yield compare(device, here)


def compare(device: str, here: Trace) -> Finding:
    """Whether a device records what the processor recorded, on the same net and sequence."""
    import numpy as np

    try:
        there = _record(device)
    except Exception as error:  # noqa: BLE001 — the doctor reports whatever is wrong
        return Finding(device, _sentence(error), ok=False)
    worst = max(float(np.abs(there[name] - here[name]).max()) for name in "ifogch")
    return Finding(
        device,
        tr("agrees with the CPU: max |Δ| = {worst:.1e}", worst=worst)
        if worst <= TOLERANCE
        else tr(
            "differs from the CPU: max |Δ| = {worst:.1e}, expected at most {most:.0e}", worst=worst, most=TOLERANCE
        ),
        worst <= TOLERANCE,
    )


def _trainings() -> Iterator[Finding]:
    """Whether the same run comes to the same weights in float32 as in float64, on two threads, and on a GPU."""
    import torch

    from lstmviz.engine.agreement import trained

    try:
        here = trained("cpu")
        yield _agrees(tr("CPU training"), tr("float64"), here, trained("cpu", dtype=torch.float64))
        yield _agrees(tr("CPU training"), tr("two threads"), here, trained("cpu", threads=2))
    except Exception as error:  # noqa: BLE001 — the doctor reports whatever is wrong
        yield Finding(tr("CPU training"), _sentence(error), ok=False)
        return
    devices: list[Literal["cuda", "mps"]] = ["cuda"] if torch.cuda.is_available() else []
    devices += ["mps"] if torch.backends.mps.is_available() else []
    for device in devices:
        try:
            yield _agrees(tr("{device} training", device=device), tr("the CPU"), here, trained(device))
        except Exception as error:  # noqa: BLE001 — the doctor reports whatever is wrong
            yield Finding(device, _sentence(error), ok=False)


def _agrees(what: str, other: str, here: npt.NDArray[np.float64], there: npt.NDArray[np.float64]) -> Finding:
    from lstmviz.engine import agreement

    worst = agreement.apart(here, there)
    return Finding(
        what,
        tr(
            mark("{updates} updates agree with {other}: max |Δw| = {worst:.1e} of at most {most:.0e}")
            if worst <= agreement.TOLERANCE
            else mark("{updates} updates differ from {other}: max |Δw| = {worst:.1e}, expected at most {most:.0e}"),
            updates=agreement.UPDATES, other=other, worst=worst, most=agreement.TOLERANCE,
        ),
        worst <= agreement.TOLERANCE,
    )  # fmt: skip


def _record(device: str) -> Trace:
    """One small net on one small sequence, the same on every device."""
    import numpy as np
    import torch

    from lstmviz.engine.recorder import record

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = torch.nn.LSTM(8, 32).to(device)
    trace = record(module, np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32))
    assert isinstance(trace, Trace)
    return trace


def _sentence(error: Exception) -> str:
    return str(as_sentence(error, str(paths.log_file("cli"))))
