"""The real start imports nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys

START = """
import json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
app = QApplication([])
from lstmviz.app import main
heavy = []
def look():
    heavy.extend(name for name in %r if name in sys.modules)
    app.closeAllWindows()
    app.quit()
main.Program.start_engine = lambda self: QTimer.singleShot(50, look)
status = main.run()
print(json.dumps([status, heavy, "pyqtgraph" in sys.modules]))
"""
HEAVY = ["torch", "zarr", "h5py", "PIL", "av", "pyarrow", "safetensors", "xarray", "scipy", "pandas", "matplotlib"]


def test_the_window_is_painted_with_nothing_heavy_imported(tmp_path):
    environment = {**os.environ, "LSTMVIZ_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", START % HEAVY], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, [], True]
    kept = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert kept["started_before"]
    assert kept["window_geometry"]
    assert (tmp_path / "window.log").is_file()
