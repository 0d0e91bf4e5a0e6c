"""Painting loses no references: PySide6 6.12.0 on Python 3.11 destroyed about 20 of None's a frame, then aborted."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lstmviz.app.view import View
from lstmviz.app.views.timeline import TimelineView
from lstmviz.app.views.unit import UnitView
from lstmviz.session.snapshot import Snapshot, changes
from lstmviz.traces.trace import Trace

FRAMES = 2000


def test_two_thousand_frames_keep_the_references_to_none(qtbot: QtBot, make_trace: Callable[..., Trace]) -> None:
    trace = make_trace(steps=100)
    snapshot = Snapshot(trace=trace, stop=100)
    views: list[View] = [TimelineView(), UnitView()]
    for view in views:
        qtbot.addWidget(view)
        view.resize(400, 420)
        view.show()
        view.present(snapshot, changes(None, snapshot))

    def draw(frames: int) -> None:
        nonlocal snapshot
        for _ in range(frames):
            before, snapshot = snapshot, replace(snapshot, t=(snapshot.t + 1) % 100)
            for view in views:
                view.present(snapshot, changes(before, snapshot))
            QApplication.processEvents()

    draw(50)
    gc.collect()  # what earlier tests left behind must not go while the frames are counted
    before = sys.getrefcount(None)
    draw(FRAMES)
    gc.collect()
    assert abs(sys.getrefcount(None) - before) < FRAMES // 4  # the fault lost twenty a frame
