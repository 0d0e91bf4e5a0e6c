"""Another computer computes: a host is chosen, a model is recorded, a net trains there, and the connection breaks."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from desk import Desk, wait, weights_of
from far_host import FarHost, far
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from lstmviz.app.dialogs.engine_choice import EngineDialog
from lstmviz.app.dialogs.remote_files import RemoteFilesDialog
from lstmviz.runs.config import RunConfig
from lstmviz.session.settings import Settings
from lstmviz.traces.trace import Trace
from lstmviz.wire.elsewhere_messages import OpenStore

__all__ = ["far"]
CONFIG = RunConfig(data="reber", hidden=6, examples=40, batch=4, epochs=6, seed=5, checkpoint_every=5, probe_every=10)


@pytest.fixture(scope="module")
def shared(home: Path, far: FarHost, qapp: object) -> Iterator[Desk]:
    """A window whose engine is on gpu-server, chosen by hand."""
    desk = Desk(Settings(theme="light", language="en", started_before=True))
    desk.program.start_engine()
    desk.click(desk.window.badge.engine)
    dialog = desk.dialog(EngineDialog)
    dialog.list.setCurrentRow(dialog.list.count() - 1)
    wait(dialog.host.hasFocus, "the field of the host")
    desk.type("gpu-server")
    desk.press(Qt.Key.Key_Tab)
    desk.type(far.command)
    desk.press(Qt.Key.Key_Return)
    wait(lambda: desk.session.link.host == "gpu-server" and desk.session.engine == "ready", "gpu-server", 40)
    wait(lambda: not dialog.isVisible(), "the dialog to close by itself")
    yield desk
    for widget in desk.window.findChildren(QDialog):
        widget.close()
    desk.close()


def ssh_pid(desk: Desk) -> int:
    transport = desk.program.client._transport
    return transport.pid  # type: ignore[union-attr, no-any-return, attr-defined]


def test_a_local_model_is_recorded_there_and_the_badge_says_where(shared: Desk, far: FarHost) -> None:
    desk = shared
    wait(lambda: desk.session.link.milliseconds is not None, "the time there and back")
    assert desk.window.badge.sentence().endswith(f"gpu-server · CPU · {desk.session.link.milliseconds} ms")
    desk.double_click_row("Sunspots, 1700–2008")
    wait(lambda: desk.session.trace is not None, "the recording", 40)
    trace = desk.session.trace
    assert trace is not None
    assert trace.check is not None
    assert trace.check.passed
    assert list(far.home.glob("uploads/*/*.safetensors")), "the net was brought over"
    desk.press(Qt.Key.Key_Right, times=3)
    assert desk.session.place.t == 3


def test_a_file_over_there_is_opened_by_hand(shared: Desk, far: FarHost) -> None:
    desk = shared
    (far.home / "data").mkdir()
    rows = "\n".join(str(n % 7 / 7) for n in range(40))
    (far.home / "data" / "theirs.csv").write_text(f"value\n{rows}\n")
    before = len(desk.session.opened)
    desk.press(Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    dialog = desk.dialog(RemoteFilesDialog)
    wait(lambda: dialog.entries.topLevelItemCount(), "the home over there")
    assert dialog.entries.topLevelItem(0).text(0) == "data"  # type: ignore[union-attr]
    dialog.entries.setFocus()
    desk.press(Qt.Key.Key_Return)
    wait(lambda: dialog.path.text().endswith("/data"), "the folder")
    dialog.entries.setFocus()
    desk.press(Qt.Key.Key_Return)
    wait(lambda: len(desk.session.opened) > before, "the recording of it", 40)
    assert any(path == f"gpu-server:{far.home}/data/theirs.csv" for path in desk.session.recent)


def test_a_training_goes_on_through_a_lost_connection_to_the_same_weights(
    shared: Desk, far: FarHost, tmp_path: Path
) -> None:
    from lstmviz.engine.trainer import Trainer

    desk = shared
    trainer = Trainer(tmp_path / "undisturbed", CONFIG)
    trainer.run()
    trainer.close()

    desk.train(CONFIG, title="Far away")
    assert desk.run.folder.startswith("gpu-server:")
    wait(lambda: desk.run.update > 10, "a sixth of it", 40)
    os.kill(ssh_pid(desk), signal.SIGKILL)
    wait(lambda: desk.session.engine == "lost", "the loss to be seen")
    bar = desk.program.elsewhere.bar
    assert bar.isVisible()
    assert bar.sentence().startswith("Lost gpu-server: trying again in ")
    assert "gpu-server lost" in desk.window.badge.sentence()
    assert desk.session.trace is not None, "one looks at what is open meanwhile"
    desk.click(bar.buttons["engine.retry"])
    desk.until("ended", patience=60)
    assert not bar.isVisible()
    assert "gpu-server is back, and “Far away” goes on from update " in desk.notice
    folder = next((far.home / "lstmviz-runs").glob("Far-away-*"))
    assert weights_of(folder) == weights_of(tmp_path / "undisturbed")
    assert list(desk.run.curves.update) == list(range(1, desk.run.updates + 1)), "no update lost, none twice"


def test_a_store_over_there_is_scrubbed_while_its_rows_come(
    shared: Desk, far: FarHost, make_trace: Callable[..., Trace]
) -> None:
    desk = shared
    trace = make_trace(steps=3000, units=32)
    path = f"gpu-server:{far.home}/big.zarr"
    written: list[str] = []
    desk.program.client.write_trace(trace, path, on_done=lambda: written.append(path))
    wait(lambda: written, "the store to be written over there")
    found: list[Trace] = []
    desk.program.client.ask_trace(OpenStore(0, path), found.append)
    wait(lambda: found, "the store")
    desk.session.add_trace(found[0], path)
    desk.program.dispatcher.announce()
    for t in (0, 2999, 1500):
        desk.program.dispatcher.run("cursor.set", t=t)
        wait(lambda t=t: np.array_equal(desk.session.trace["c"][t], trace["c"][t]), f"step {t}")
    wait(lambda: desk.session.trace is not found[0], "the views to be told")
    assert desk.session.place.t == 1500
    desk.session.close(desk.session.place.trace_id)
    desk.program.dispatcher.announce()


def test_this_computer_can_be_used_again_and_the_host_is_remembered(shared: Desk) -> None:
    desk = shared
    opened = list(desk.session.opened)
    desk.program.dispatcher.run("engine.here")
    wait(lambda: desk.session.engine == "ready" and not desk.session.link.host, "the engine here", 40)
    assert list(desk.session.opened) == opened
    assert "engine ready" in desk.window.badge.sentence()
    assert [host.name for host in desk.session.hosts] == ["gpu-server"]
    desk.program.settings.take_from(desk.session)
    assert [host.name for host in desk.program.settings.hosts] == ["gpu-server"]
