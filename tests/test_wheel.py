"""The built wheel carries resources and samples, and starts with nothing of the checkout in reach."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PROBE = """
import sys
from pathlib import Path
import lstmviz
from lstmviz import paths
from lstmviz.sequences.samples import samples
assert Path(lstmviz.__file__).is_relative_to(sys.argv[1]), lstmviz.__file__
assert paths.resources().is_relative_to(sys.argv[1]), paths.resources()
for sample in samples():
    assert len(sample.load()) > 0
from PySide6.QtWidgets import QApplication
from lstmviz.app.main import Program
from lstmviz.session.settings import load_settings
app = QApplication([])
window = Program(load_settings()).window
window.show()
app.processEvents()
assert not window.grab().isNull()
window.close()
assert "torch" not in sys.modules
print("started")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), "."]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_resources_and_samples(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "resources/icons/",
        "resources/translations/pt_BR/",
        "resources/guide/",
        "samples/nets/",
        "samples/samples.json",
    ):
        assert any(name.startswith(f"lstmviz/_data/{part}") for name in names), part
    assert not any(name.startswith(("tests/", "resources/", "samples/")) for name in names)


def test_the_app_starts_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "QT_QPA_PLATFORM": "offscreen"}
    result = subprocess.run(
        [sys.executable, "-c", PROBE, str(tmp_path / "site")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "started" in result.stdout
