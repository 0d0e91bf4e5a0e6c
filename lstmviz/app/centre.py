"""The centre of the window: a face above, the timeline below, a second one beside it while two traces are compared."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lstmviz.app import comparing
from lstmviz.app.comparing import TraceTitle
from lstmviz.app.face_switch import FaceSwitch
from lstmviz.app.theme import THEMES
from lstmviz.session.snapshot import Snapshot

HEIGHTS = {False: (350, 540), True: (420, 470)}
"""Heights of face and timeline at first, the second ones while the training is shown; they grow in this proportion."""


class Centre(QStackedWidget):
    """The welcome page, or the faces over the timelines; the views in it are the shell's."""

    asked = Signal(str, dict)

    def __init__(self, cell: QWidget, timeline: QWidget, welcome: QWidget) -> None:
        super().__init__()
        self._training = False
        self._heights = {training: list(sizes) for training, sizes in HEIGHTS.items()}
        self.switch = FaceSwitch(self)
        self.switch.asked.connect(self.asked)
        self._faces = QStackedWidget(self)
        self._faces.addWidget(cell)
        self._titles = TraceTitle(self), TraceTitle(self)
        self._beside = QSplitter(Qt.Orientation.Horizontal)
        self._beside.setChildrenCollapsible(False)
        self._beside.setHandleWidth(5)
        self._columns: list[QVBoxLayout] = []
        self._add_timeline(timeline)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(5)
        self.splitter.addWidget(self._faces)
        self.splitter.addWidget(self._beside)
        self.splitter.setSizes(self._heights[False])
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.switch)
        column.addWidget(self.splitter, 1)
        self.addWidget(page)
        self.addWidget(welcome)

    @property
    def welcoming(self) -> bool:
        """Whether the welcome page is shown."""
        return self.currentIndex() == 1

    def welcome(self, wanted: bool) -> None:
        """Show the welcome page, or the views."""
        self.setCurrentIndex(1 if wanted else 0)

    def show_face(self, face: str, view: QWidget) -> None:
        """Show a face; the training has a height of its own, and either height is kept until it is shown again."""
        self._faces.setCurrentWidget(view)
        before, self._training = self._training, face == "training"
        if before != self._training:
            if all(self.splitter.sizes()):
                self._heights[before] = self.splitter.sizes()
            self.splitter.setSizes(self._heights[self._training])

    def hold(self, view: QWidget) -> None:
        """Take a face in, and give one that is hidden the size that it would have: a picture of it may be wanted."""
        if self._faces.indexOf(view) < 0:
            self._faces.addWidget(view)
        if view is not self._faces.currentWidget():
            view.resize(self._faces.size())

    def compare(self, timeline: QWidget | None) -> None:
        """Show a second timeline beside the first, or none; both are named then."""
        if timeline is not None and len(self._columns) == 1:
            self._add_timeline(timeline)
            self._beside.setSizes([1, 1])
        second = self._beside.widget(1)
        if second is not None:
            second.setVisible(timeline is not None)
        for title in self._titles:
            title.setVisible(timeline is not None)

    def name_timelines(self, snapshot: Snapshot) -> None:
        """Say over each timeline whose it is."""
        for title, (place, name) in zip(self._titles, comparing.titles(snapshot), strict=True):
            title.say(place, name, THEMES[snapshot.theme])

    def show_timeline(self, wanted: bool) -> None:
        """Show the timelines, or leave all the room to the face: without a trace they have nothing to show."""
        self._beside.setVisible(wanted)

    def reset(self) -> None:
        """Give the faces the heights that they had at first."""
        self._heights = {training: list(sizes) for training, sizes in HEIGHTS.items()}
        self.splitter.setSizes(self._heights[self._training])

    def _add_timeline(self, timeline: QWidget) -> None:
        place = QWidget()
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._titles[len(self._columns)])
        column.addWidget(timeline, 1)
        self._columns.append(column)
        self._beside.addWidget(place)
