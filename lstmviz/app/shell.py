"""The window: views and docks around one dispatcher."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many

from PySide6.QtCore import QByteArray, QCoreApplication, QElapsedTimer, QRegularExpression, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QMainWindow,
    QSizePolicy,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from lstmviz import language
from lstmviz.app import theme as themes
from lstmviz.app.badge import StatusBadge
from lstmviz.app.centre import Centre
from lstmviz.app.comparing import beside
from lstmviz.app.controls import BUTTON_KEYS, KeptKeys, plain
from lstmviz.app.dock_sizes import DockSizes
from lstmviz.app.face_views import FACE_VIEWS
from lstmviz.app.file_kinds import dropped_paths
from lstmviz.app.menus import Menus, ToolBar
from lstmviz.app.note_bar import NoteBar
from lstmviz.app.notices import NoticeBar, TaskBar
from lstmviz.app.style import style_sheet
from lstmviz.app.view import View
from lstmviz.app.views.cell import CellView
from lstmviz.app.views.library import LibraryView
from lstmviz.app.views.step import StepView
from lstmviz.app.views.timeline import TimelineView
from lstmviz.app.views.transport import TransportView
from lstmviz.app.views.unit import UnitView
from lstmviz.app.views.welcome import WelcomeView
from lstmviz.language import tr
from lstmviz.sequences.samples import Sample
from lstmviz.session.commands import COMMANDS
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.run_view import FACES
from lstmviz.session.snapshot import Snapshot, changes

STATE_VERSION = 1
"""Raised when docks or toolbars change names, so that an old layout is not restored wrongly."""
FRAME_MILLISECONDS = 16
DOCK_AREAS = {
    "library": Qt.DockWidgetArea.LeftDockWidgetArea,
    "unit": Qt.DockWidgetArea.RightDockWidgetArea,
    "step": Qt.DockWidgetArea.RightDockWidgetArea,
}
LATER: Mapping[str, Callable[[], View]] = {**FACE_VIEWS, "compared": TimelineView}
"""Views that are made when they are first shown."""
DOCK_BUTTONS = {"qt_dockwidget_closebutton": "Close", "qt_dockwidget_floatbutton": "Float"}
"""The buttons that Qt puts into a dock's title, with their words in Qt's own catalogue."""


class MainWindow(QMainWindow):
    """Lays the views out, hands them what changed, and passes what they ask for to the dispatcher."""

    first_painted = Signal()

    def __init__(self, dispatcher: Dispatcher, samples: Many[Sample]) -> None:
        super().__init__()
        self.dispatcher = dispatcher
        self.samples = tuple(samples)
        self.setObjectName("lstmviz")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.resize(QSize(1400, 900).boundedTo(self.screen().availableSize()))
        self.setMinimumSize(840, 600)  # what three docks, centre and transport with both axes need in Portuguese
        library = LibraryView(samples)
        self.views: dict[str, View] = {
            "cell": CellView(),
            "timeline": TimelineView(),
            "unit": UnitView(),
            "step": StepView(),
            "library": library,
            "transport": TransportView(),
            "welcome": WelcomeView(samples),
        }
        self._unseen: dict[str, frozenset[str]] = dict.fromkeys(self.views, frozenset())
        self._arranging = False
        self._painted = False
        self.notices, self.tasks, self.note, self.badge = NoticeBar(), TaskBar(), NoteBar(), StatusBadge()
        self.menus = Menus(self.menuBar(), self)
        self.toolbar = ToolBar()
        self._lay_out_bars()
        self._lay_out_centre()
        self.docks = {name: self._dock(name, area) for name, area in DOCK_AREAS.items()}
        self._dock_sizes = DockSizes(self, self.docks)
        self._arrange()
        self._initial_state = self.saveState(STATE_VERSION)
        self._player = QTimer(self)
        self._player.setTimerType(Qt.TimerType.PreciseTimer)
        self._player.setInterval(FRAME_MILLISECONDS)
        self._player.timeout.connect(self._on_player_timeout)
        self._clock = QElapsedTimer()
        self._connect()
        dispatcher.session.docks = tuple(DOCK_AREAS)
        dispatcher.announce()
        self._present(dispatcher.snapshot, changes(None, dispatcher.snapshot))
        dispatcher.listen(self._present)
        self.first_painted.connect(library.list_trainings)
        self._focus_page()

    # --- layout ---

    def _lay_out_bars(self) -> None:
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.toolbar.addWidget(gap)
        self.toolbar.addWidget(self.badge)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self._transport = QToolBar()
        self._transport.setObjectName("transport")
        self._transport.setMovable(False)
        self._transport.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._transport.addWidget(self.views["transport"])
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self._transport)

    def _lay_out_centre(self) -> None:
        self.centre = Centre(*(self.views[name] for name in ("cell", "timeline", "welcome")))
        self.splitter = self.centre.splitter
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self.tasks)
        column.addWidget(self.note)
        column.addWidget(self.centre, 1)
        self.setCentralWidget(centre)

    def _dock(self, name: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget()
        dock.setObjectName(name)
        view = self.views[name]
        growing = QSizePolicy.Policy.Preferred if name == "step" else QSizePolicy.Policy.Expanding
        view.setSizePolicy(QSizePolicy.Policy.Preferred, growing)  # a higher window gives its room to the inspector
        dock.setWidget(view)
        self.addDockWidget(area, dock)
        return dock

    def _arrange(self) -> None:
        self.resizeDocks([self.docks["library"], self.docks["unit"]], [220, 370], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["unit"], self.docks["step"]], [540, 356], Qt.Orientation.Vertical)

    def _connect(self) -> None:
        others = (
            self.menus.asked,
            self.toolbar.asked,
            self.notices.asked,
            self.tasks.asked,
            self.note.asked,
            self.centre.asked,
        )
        for asked in (*(view.asked for view in self.views.values()), *others):
            asked.connect(self.run_command)
        self._keys = KeptKeys(BUTTON_KEYS, self)
        for button in self.findChildren(QAbstractButton):
            button.installEventFilter(self._keys)
        for dock in self.docks.values():
            dock.toggleViewAction().toggled.connect(self._on_dock_toggled)

    # --- one step's way ---

    def run_command(self, command_id: str, args: dict[str, object]) -> None:
        """Run what a view, a menu or a dialog asked for."""
        self.dispatcher.run(command_id, **args)

    def _present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Everything that is in sight shows what differs; the rest is told when it comes into sight."""
        if "theme" in changed:
            self._present_theme(snapshot)
        if "language" in changed:
            self._present_language(snapshot)
        if changed & {"trace", "open_traces", "face", "runs"}:
            self._present_pages(snapshot)
        if changed & {"trace", "open_traces"}:
            self._present_title(snapshot)
        if changed & {"compared", "trace", "theme", "language", "runs", "open_traces"}:
            self._present_compared(snapshot)
        if "trace_id" in changed:
            self._focus_page()
        if changed & {"focus", "docks", "trace"}:
            self._present_docks(snapshot)
        self.menus.present(snapshot, changed)
        self.toolbar.present(snapshot, changed)
        if changed & {"notice", "theme", "language"}:
            self.notices.present(snapshot, changed)
        if changed & {"task", "language"}:
            self.tasks.present(snapshot, changed)
        if changed & {"note", "note_open", "theme", "language"}:
            self.note.present(snapshot, changed)
        self.badge.present(snapshot, changed)
        self.centre.switch.present(snapshot, changed)
        for name in self.views:
            if self._in_sight(name):
                self._tell(name, snapshot, changed)
            else:
                self._unseen[name] |= changed
        if changed & {"trace", "docks", "focus", "face", "runs", "compared"}:
            self._catch_up()
        if changed & {"playing", "replay"}:
            self._present_playing(snapshot.playing or (snapshot.replay is not None and snapshot.replay.playing))

    def _present_pages(self, snapshot: Snapshot) -> None:
        """The welcome page while there is nothing to see, else the face that is chosen."""
        training = snapshot.face == "training" and bool(snapshot.runs)
        self.centre.welcome(snapshot.trace is None and not training)
        self.centre.show_timeline(snapshot.trace is not None)
        self.centre.show_face(snapshot.face, self.view(snapshot.face))

    def _present_compared(self, snapshot: Snapshot) -> None:
        """Two timelines side by side while another trace is compared."""
        both = snapshot.trace is not None and snapshot.compared is not None
        self.centre.compare(self.view("compared") if both else None)
        if both:
            self.centre.name_timelines(snapshot)

    def view(self, name: str) -> View:
        """A view, made if it was never shown, and told what it missed."""
        if name not in self.views:
            made = self.views[name] = LATER[name]()
            made.asked.connect(self.run_command)
            for button in made.findChildren(QAbstractButton):
                button.installEventFilter(self._keys)
            self._unseen[name] = changes(None, self.dispatcher.snapshot)
        if name in FACES:
            self.centre.hold(self.views[name])
        missed, self._unseen[name] = self._unseen[name], frozenset()
        if missed:
            self._tell(name, self.dispatcher.snapshot, missed)
        return self.views[name]

    def _tell(self, name: str, snapshot: Snapshot, changed: frozenset[str]) -> None:
        if name != "compared":
            self.views[name].tell(snapshot, changed)
        elif snapshot.compared is not None:
            other = changed & {"compared", "trace"}  # the steps and layers of one may not be those of the other
            self.views[name].tell(beside(snapshot), changed | {"trace", "layer"} if other else changed)

    def _focus_page(self) -> None:
        """Give the keys to the page that is shown: no button and no list may keep Space and the arrows to itself."""
        (self.views["welcome"] if self.centre.welcoming else self.splitter).setFocus()

    def _in_sight(self, name: str) -> bool:
        if name in DOCK_AREAS:
            return not self.docks[name].isHidden()
        snapshot = self.dispatcher.snapshot
        if name in FACES:
            return name == snapshot.face and not self.centre.welcoming
        if name in ("timeline", "compared"):
            return snapshot.trace is not None and (name == "timeline" or snapshot.compared is not None)
        return name != "welcome" or self.centre.welcoming

    def _catch_up(self) -> None:
        """Tell what came into sight what it missed."""
        for name, missed in self._unseen.items():
            if missed and self._in_sight(name):
                self._unseen[name] = frozenset()
                self._tell(name, self.dispatcher.snapshot, missed)

    def _present_playing(self, playing: bool) -> None:
        if playing and not self._player.isActive():
            self._clock.start()
            self._player.start()
        elif not playing:
            self._player.stop()

    def _on_player_timeout(self) -> None:
        self.dispatcher.tick(self._clock.restart() / 1000)

    # --- theme, language, title ---

    def _present_theme(self, snapshot: Snapshot) -> None:
        theme = themes.THEMES[snapshot.theme]
        app = QApplication.instance()
        if isinstance(app, QApplication):
            themes.apply(app, theme)
        self.setStyleSheet(style_sheet(theme))

    def _present_language(self, snapshot: Snapshot) -> None:
        language.use(snapshot.language)
        for name, dock in self.docks.items():
            title = plain(COMMANDS[f"dock.{name}"].title)
            dock.setWindowTitle(title)
            dock.setAccessibleName(title)
            for button in dock.findChildren(QAbstractButton, QRegularExpression("^qt_dockwidget")):
                # Qt names them once, in the language of that moment
                button.setAccessibleName(QCoreApplication.translate("QDockWidget", DOCK_BUTTONS[button.objectName()]))
        self.views["cell"].setAccessibleName(tr("Cell"))
        self.views["timeline"].setAccessibleName(tr("Timeline"))
        self._transport.setWindowTitle(tr("Transport"))
        self._present_title(snapshot)

    def _present_title(self, snapshot: Snapshot) -> None:
        self.setWindowTitle("lstmviz" if snapshot.trace is None else f"{snapshot.trace.name} — lstmviz")

    # --- docks ---

    def toggle_dock(self, name: str) -> None:
        """Open or close a dock."""
        session = self.dispatcher.session
        wanted = {*session.docks} ^ {name}
        session.docks = tuple(dock for dock in DOCK_AREAS if dock in wanted)
        session.focus = False

    def reset_layout(self) -> None:
        """Put every dock back where it was at first."""
        session = self.dispatcher.session
        session.focus, session.docks = False, tuple(DOCK_AREAS)
        self._arranging = True
        self.restoreState(self._initial_state, STATE_VERSION)
        for dock in self.docks.values():
            dock.setFloating(False)
        self._arranging = False
        self._present_docks(self.dispatcher.snapshot)
        self._arrange()
        self.centre.reset()

    def _present_docks(self, snapshot: Snapshot) -> None:
        """Show the docks that are wanted, but none in focus mode and no empty one while no trace is open."""
        session = self.dispatcher.session
        useful = {*self.docks} if snapshot.trace is not None else {"library"}
        self._arranging = True
        self._dock_sizes.show_only(set() if session.focus else useful & {*session.docks})
        self._arranging = False

    def _on_dock_toggled(self) -> None:
        """The user opened or closed a dock by its own button."""
        if self._arranging or not self.isVisible():
            return
        session = self.dispatcher.session
        hidden = {name for name, dock in self.docks.items() if dock.isHidden()}
        kept = {"unit", "step"} if session.trace is None else set()
        wanted = {name for name in session.docks if name in kept} | {*self.docks} - hidden
        session.docks = tuple(name for name in DOCK_AREAS if name in wanted)
        self._catch_up()
        self.dispatcher.announce()

    # --- what is kept ---

    def layout_text(self) -> tuple[str, str]:
        """Geometry and state of the window as base64."""
        self._arranging = True
        self._dock_sizes.show_only({*self.dispatcher.session.docks})  # not as focus mode or the welcome page have it
        self._arranging = False
        return tuple(  # type: ignore[return-value]
            base64.b64encode(part.data()).decode() for part in (self.saveGeometry(), self.saveState(STATE_VERSION))
        )

    def restore_layout(self, geometry: str, state: str) -> None:
        """Restore what ``layout_text`` gave; text that means nothing is passed over, lost docks are brought back."""
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        self._arranging = True
        if state and self.restoreState(QByteArray.fromBase64(state.encode()), STATE_VERSION):
            self.bring_back_docks()
            self.dispatcher.session.docks = tuple(name for name, dock in self.docks.items() if not dock.isHidden())
        self._arranging = False
        self._present_docks(self.dispatcher.snapshot)

    def bring_back_docks(self) -> None:
        """Dock again what floats where no screen is any more."""
        screens = [screen.availableGeometry() for screen in QApplication.screens()]
        for dock in self.docks.values():
            if dock.isFloating() and not any(screen.intersects(dock.geometry()) for screen in screens):
                dock.setFloating(False)

    # --- files dropped on the window, and its end ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, and addresses of traces."""
        if dropped_paths(event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.dispatcher.run("file.open_paths", paths=dropped_paths(event.mimeData().urls()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say, once, that the window is there: when the events of this paint are done."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the clock; whoever opened the window keeps its layout and ends the engine."""
        self._player.stop()
        super().closeEvent(event)
