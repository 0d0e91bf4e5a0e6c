"""The window's process: from the first line to the last."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from collections.abc import Sequence as Many
from functools import cache
from logging.handlers import RotatingFileHandler
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from lstmviz import __version__, language, paths
from lstmviz.app import icons
from lstmviz.app.shell import MainWindow
from lstmviz.language import tr
from lstmviz.sequences.samples import samples
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.settings import Settings, load_settings, save_settings
from lstmviz.session.snapshot import Snapshot
from lstmviz.session.state import Session, ThemeName

if TYPE_CHECKING:
    from lstmviz.app.corpora import Corpora
    from lstmviz.app.elsewhere import Elsewhere
    from lstmviz.app.offers import Offers
    from lstmviz.app.opening import Opening
    from lstmviz.app.questions import Questions
    from lstmviz.app.recording import Recording
    from lstmviz.app.saving import Saving
    from lstmviz.app.training import Training
    from lstmviz.app.window_commands import WindowCommands
    from lstmviz.wire.elsewhere import ElsewhereClient

FIRST_SAMPLE = "reber"
LOG_BYTES = 1 << 20
_log = logging.getLogger(__name__)


class Program(QObject):
    """The window with everything behind it; tests and pictures make one too."""

    client: ElsewhereClient
    elsewhere: Elsewhere
    recording: Recording
    offers: Offers
    opening: Opening
    corpora: Corpora
    saving: Saving
    training: Training
    questions: Questions
    commands: WindowCommands

    def __init__(self, settings: Settings, wished_language: str = "") -> None:
        super().__init__()
        self.settings = settings
        self._wished_language = wished_language
        self.equipped = False
        session = Session(system_theme=system_theme(), system_language=language.of_the_system())
        settings.give_to(session)
        if wished_language:
            session.choose_language(wished_language)
        language.use(session.language)
        load_qt_words(session.language)
        self.dispatcher = Dispatcher(session)
        self.dispatcher.listen(self._on_changed)  # before the window: its texts name keys in Qt's words
        try:
            self.samples = samples()
        except (OSError, ValueError) as error:
            self.samples = ()
            session.notify(str(error), "error")
        self.window = MainWindow(self.dispatcher, self.samples)
        self.window.first_painted.connect(self.equip)
        self.window.restore_layout(settings.window_geometry, settings.window_state)
        self.dispatcher.announce()
        QApplication.styleHints().colorSchemeChanged.connect(self._on_color_scheme_changed)

    def equip(self) -> None:
        """Make what stands behind the window, once: imported here because no first paint needs it."""
        if self.equipped:
            return
        from lstmviz.app.corpora import Corpora
        from lstmviz.app.elsewhere import Elsewhere
        from lstmviz.app.fitting import Fitting
        from lstmviz.app.mapping import Mapping
        from lstmviz.app.offers import Offers
        from lstmviz.app.opening import Opening
        from lstmviz.app.questions import Questions
        from lstmviz.app.recording import Recording
        from lstmviz.app.saving import Saving
        from lstmviz.app.training import Training
        from lstmviz.app.window_commands import WindowCommands

        self.equipped = True
        self.elsewhere = Elsewhere(self.window, self.settings)
        self.client = self.elsewhere.client
        self.recording = Recording(self.dispatcher, self.client)
        self.offers = Offers(self.window, self.samples)
        offers = self.offers
        offers.store_for = self.elsewhere.store_for
        self.opening = Opening(
            self.dispatcher,
            self.recording,
            self.samples,
            offers.ask,
            offers.ask_member,
            offers.ask_stack,
            offers.ask_store,
            Fitting(self.window, self.recording),
            Mapping(self.window, self.dispatcher, self.recording),
        )
        self.offers.opening = self.opening
        self.corpora = Corpora(self.dispatcher, self.opening, self.offers)
        self.saving = Saving(self.window, self.recording)
        self.training = Training(self.dispatcher, self.client)
        self.elsewhere.recording, self.elsewhere.training = self.recording, self.training
        self.questions = Questions(self.dispatcher, self.client)
        self.commands = WindowCommands(
            self.window, self.opening, self.recording, self.saving, self.training, self.questions, self.client
        )

    def open_first(self, files: Many[str], sample: str) -> None:
        """Open what was asked for on the command line; at the very first start the default sample."""
        if files:
            self.dispatcher.run("file.open_paths", paths=tuple(files))
        elif sample or not self.settings.started_before:
            known = [one.id for one in self.samples if one.net]
            wanted = sample or (FIRST_SAMPLE if FIRST_SAMPLE in known else known[0] if known else "")
            if wanted:
                self.dispatcher.run("sample.open", id=wanted)

    def greet(self) -> None:
        """Tell a newcomer the three keys that matter."""
        self.dispatcher.session.notify(
            tr("→ goes a step forward, Space plays, I goes inside the step. F1 explains what you see.")
        )
        self.dispatcher.announce()

    def start_engine(self) -> None:
        """Start the engine: after the first paint, so that the window is there at once."""
        self.equip()
        self.client.start()

    def finish(self) -> None:
        """Keep the settings and end the engine."""
        kept = self.settings.language
        self.settings.take_from(self.dispatcher.session)
        if self.settings.language == self._wished_language:  # asked for this once, on the command line
            self.settings.language = kept
        self.settings.window_geometry, self.settings.window_state = self.window.layout_text()
        self.settings.started_before = True
        save_settings(self.settings)
        if self.equipped:
            self.client.stop()

    def fault(self, error: BaseException) -> None:
        """A fault of ours: the log has it, the user hears of it, the window goes on."""
        self.dispatcher.session.notify(
            tr(
                "Something went wrong in the window: {error}. What you had is still here; the log is {path}.",
                error=f"{type(error).__name__}: {error}",
                path=str(paths.log_file("window")),
            ),
            "error",
        )
        self.dispatcher.announce()

    def _on_changed(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        if "language" in changed:
            load_qt_words(snapshot.language)

    def _on_color_scheme_changed(self) -> None:
        self.dispatcher.session.system_theme = system_theme()
        self.dispatcher.announce()


def system_theme() -> ThemeName:
    """Light or dark as the system has it; light where it does not say."""
    return "dark" if QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


@cache
def _qt_words() -> QTranslator:
    """The one translator of Qt's own words, as long-lived as the application that it is installed in."""
    return QTranslator(QApplication.instance())


def load_qt_words(name: str) -> None:
    """Let Qt's own buttons, dialogs and names of keys speak the language."""
    translator = _qt_words()
    QApplication.removeTranslator(translator)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if name != "en" and translator.load(QLocale(name), "qtbase", "_", folder):
        QApplication.installTranslator(translator)


def run(files: Many[str] = (), sample: str = "", language: str = "") -> int:
    """Open the window with files or a sample, in a language for this once; the exit status when it is closed."""
    fault_file = start_log()
    settings = load_settings()
    if settings.scale != 1:
        os.environ.setdefault("QT_SCALE_FACTOR", str(settings.scale))
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("lstmviz")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("lstmviz")
    app.setWindowIcon(icons.app_icon())
    program = Program(settings, language)

    def excepthook(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        _log.error("a fault in the window", exc_info=(kind, error, where))
        program.fault(error)

    sys.excepthook = excepthook

    def begin() -> None:
        program.start_engine()
        program.open_first(files, sample)
        if not settings.started_before:
            program.greet()

    program.window.first_painted.connect(begin)
    program.window.show()
    status = app.exec()
    program.finish()
    faulthandler.disable()
    fault_file.close()
    return status


def start_log() -> TextIO:
    """Log to the window's file, and let the interpreter write there why it crashed."""
    handler = RotatingFileHandler(paths.log_file("window"), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    fault_file = paths.log_file("window-crash").open("w", encoding="utf-8")
    faulthandler.enable(fault_file)
    return fault_file
