"""Trainings as the window has them: begun and steered in the engine, and what the engine tells put into the session."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Literal

import msgspec

from lstmviz import paths
from lstmviz.app.replaying import Replaying
from lstmviz.errors import EngineError, LstmvizError
from lstmviz.language import tr
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import is_run, new_folder
from lstmviz.runs.settings import BY_NAME, check_config, differing
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.run_view import RunView
from lstmviz.session.runs import UNDER_WAY
from lstmviz.wire.builder import TraceBuilder
from lstmviz.wire.elsewhere import ElsewhereClient
from lstmviz.wire.host import far_path
from lstmviz.wire.messages import Payload, TraceHeader, TracePart
from lstmviz.wire.run_messages import ProbeBegins, ProbeEnds, ReadRun, RunBegun, RunReport, Steer, Train
from lstmviz.wire.tickets import Ticket

_log = logging.getLogger(__name__)
Action = Literal["", "go", "pause", "phase", "batch", "epoch", "stop", "probe"]


@dataclass(eq=False)
class _Line:
    """The connection to one training: its ticket, how often it began, the probe that is coming in.

    together: whether it stands still until its twin has begun as well.
    """

    ticket: Ticket | None = None
    begun: int = 0
    probe: TraceBuilder | None = None
    together: bool = False


class Training:
    """Begins trainings, steers the run that is shown together with its twin, and tells the session how they stand."""

    def __init__(self, dispatcher: Dispatcher, client: ElsewhereClient) -> None:
        self._dispatcher = dispatcher
        self._runs = dispatcher.session.runs
        self._client = client
        self._lines: dict[int, _Line] = {}
        self.replaying = Replaying(dispatcher, client)

    # --- beginning, opening, closing ---

    def start(
        self, configs: Many[RunConfig], title: str = "", names: Many[str] = (), paused: bool = False
    ) -> None:  # fmt: skip
        """Begin a training, or two as twins, which wait for one another; raises RunError for settings that fail.

        paused: they stand still before their first phase.
        """
        configs = [_at_home(check_config(config)) for config in configs]
        titles = _titles(configs, title, names)
        ids = []
        for config, name in zip(configs, titles, strict=True):
            folder = self._new_folder(name or Path(config.data).stem)
            ids.append(self._runs.add(folder, name or PurePath(folder).name, config))
            self._lines[ids[-1]] = _Line(together=len(configs) > 1 and not paused)
        if len(ids) == 2:
            self._runs.pair(ids[0], ids[1])
        self._runs.show(ids[0])
        self._dispatcher.session.choose_face("training")
        for run_id, config, name in zip(ids, configs, titles, strict=True):
            self._train(run_id, config, name, paused)

    def _new_folder(self, stem: str) -> str:
        """Where a run is going to lie: on the engine's computer."""
        if self._client.host is not None:
            return self._client.new_run_folder(stem)
        return str(new_folder(paths.runs(), stem))

    def start_recipe(self, id: str) -> None:
        """Begin a ready training, or ready twins."""
        from lstmviz.runs.recipes import recipe

        found = recipe(id)
        self.start(found.configs, tr(found.title), [tr(name) for name in found.names])

    def open_folder(self, folder: str) -> None:
        """Show the run of a folder, as far as it came."""
        folder = folder if far_path(folder) else str(Path(folder).absolute())
        known = self._runs.at_folder(folder)
        if known is not None:
            self.show(known.id)
        else:
            self._client.ask(ReadRun(0, folder), on_part=self._on_run_read, on_failed=self._on_problem)

    def show(self, id: int) -> None:
        """Show a run, with its probe in the other views."""
        self._runs.show(id)
        self._dispatcher.session.choose_face("training")
        for view in self._runs.with_twin(id):
            self.replaying.look(view.id, reopen=True)
        shown = self._runs.get(id)
        if shown is not None and shown.trace_id:
            self._dispatcher.session.activate(shown.trace_id)

    def go_on(self) -> None:
        """Go on with the run that is shown, and with its twin, where they rest."""
        for view in self._shown():
            if view.state not in UNDER_WAY:
                self._lines[view.id] = _Line()
                self._runs.restart(view.id)
                self._train(view.id, None if is_run(view.folder) else view.config)

    def close(self, id: int) -> None:
        """Take a run out of the list; a training ends with a checkpoint. The run shown next comes with its probe."""
        closed, session = self._runs.get(id), self._dispatcher.session
        seen = closed is not None and self._runs.shown == id and closed.trace_id == session.place.trace_id
        line = self._lines.pop(id, None)
        if line is not None and line.ticket is not None:
            line.ticket.cancel()
        self.replaying.forget(id)
        twins = self._runs.with_twin(id)
        self._runs.close(id)
        for view in twins[1:]:
            self._go_together(view.id)
        following = self._runs.get(self._runs.shown)
        if seen and following is not None and following.trace_id:
            session.activate(following.trace_id)

    def leave(self) -> None:
        """Let every training rest with a checkpoint: another engine is going to be used."""
        for run_id, line in list(self._lines.items()):
            if line.ticket is not None:
                line.ticket.cancel()
            self._runs.rested(run_id)
        self._lines.clear()

    def ask_again(self) -> None:
        """Go on with what was trained when the engine was ended and started anew by hand."""
        for run_id, line in list(self._lines.items()):
            view = self._runs.get(run_id)
            if view is not None and view.state in UNDER_WAY:
                began = line.begun > 0
                self._train(run_id, None if began else view.config, paused=view.state == "paused")

    # --- steering ---

    def toggle(self) -> None:
        """Train or pause; twins that do not agree pause."""
        going = any(view.state == "training" for view in self._shown())
        self.steer("pause" if going else "go")

    def steer(self, action: Action = "", *, learning_rate: float | None = None, clipping: float | None = None) -> None:
        """Tell the run that is shown, and its twin, what to do."""
        folders = [view.folder for view in self._shown() if view.state in ("training", "paused")]
        if folders:
            self._steer(folders, action, learning_rate, clipping)

    def _steer(
        self, folders: list[str], action: Action, learning_rate: float | None = None, clipping: float | None = None
    ) -> None:
        """One message for both twins: between two of them one twin would train alone."""
        folder, twin = [*folders, ""][:2]
        request = Steer(0, folder, action, learning_rate, clipping, twin)
        self._client.ask(request, on_failed=self._on_problem)

    def _shown(self) -> tuple[RunView, ...]:
        return self._runs.with_twin(self._runs.shown)

    # --- what the engine tells ---

    def _train(self, run_id: int, config: RunConfig | None = None, title: str = "", paused: bool = False) -> None:
        view = self._runs.get(run_id)
        if view is None:
            return
        line = self._lines[run_id]
        request = Train(0, view.folder, config, paused or line.together, title)
        line.ticket = self._client.train(
            request,
            partial(self._on_part, run_id, line),
            partial(self._on_done, run_id, line),
            partial(self._on_failed, run_id, line),
        )

    def _on_part(self, run_id: int, line: _Line, payload: Payload) -> None:
        if isinstance(payload, TraceHeader | TracePart):
            if line.probe is not None:
                line.probe.add(payload)
            return
        if isinstance(payload, ProbeBegins):
            line.probe = TraceBuilder()
            return
        if isinstance(payload, RunBegun):
            self._on_begun(run_id, line, payload)
        elif isinstance(payload, RunReport):
            self._on_report(run_id, payload)
        elif isinstance(payload, ProbeEnds):
            self._on_probe(run_id, line, payload)
        self._dispatcher.announce()

    def _on_begun(self, run_id: int, line: _Line, told: RunBegun) -> None:
        line.begun += 1
        line.probe = None
        self._runs.begun(run_id, told)
        if line.begun == 1 and far_path(told.folder):  # no folder here lists it
            self._dispatcher.session.remember(told.folder)
        self.replaying.forget(run_id)
        if line.begun > 1 and self._client.host is not None:
            self._dispatcher.session.notify(
                tr("{host} is back, and “{title}” goes on from update {update}.", host=self._client.host.label,
                   title=told.title, update=told.update),
                "warning",
            )  # fmt: skip
        elif line.begun > 1:
            self._dispatcher.session.notify(
                tr(
                    "The engine was restarted, and “{title}” goes on from update {update}.",
                    title=told.title,
                    update=told.update,
                ),
                "warning",
            )
        twin = self._twin_line(run_id)
        if line.together and (twin is None or twin.begun):
            self._go_together(run_id)

    def _go_together(self, run_id: int) -> None:
        """Let a run that waited for its twin begin, with the twin where there is one."""
        folders = []
        for view in self._runs.with_twin(run_id):
            line = self._lines.get(view.id)
            if line is not None and line.together and line.begun:
                line.together = False
                folders.append(view.folder)
        if folders:
            self._steer(folders, "go")

    def _twin_line(self, run_id: int) -> _Line | None:
        view = self._runs.get(run_id)
        return None if view is None else self._lines.get(view.twin)

    def _on_report(self, run_id: int, told: RunReport) -> None:
        before = self._runs.get(run_id)
        self._runs.report(run_id, told)
        now = self._runs.get(run_id)
        seen = self._dispatcher.session.face == "training" and now in self._shown()  # the view has it, and keeps it
        if now is not None and now.sentence and not seen and (before is None or before.sentence != now.sentence):
            self._dispatcher.session.notify(now.sentence, "warning")

    def _on_probe(self, run_id: int, line: _Line, told: ProbeEnds) -> None:
        builder, line.probe = line.probe, None
        self._runs.kept(run_id, told.probes)
        self.replaying.keep_only(run_id, told.probes)
        if builder is None:
            self.replaying.stands(run_id, told.update)
        else:
            try:
                self.replaying.came(run_id, told.update, builder.build())
            except EngineError as error:
                self._on_problem(error)

    def _on_done(self, run_id: int, line: _Line) -> None:
        """The training ended, as its last report told; it may have been asked to go on since."""
        if self._lines.get(run_id) is line:
            del self._lines[run_id]

    def _on_failed(self, run_id: int, line: _Line, error: LstmvizError) -> None:
        view = self._runs.get(run_id)
        if view is not None and self._lines.get(run_id) is line:
            del self._lines[run_id]
            self._runs.failed(run_id, str(error))
            self._go_together(run_id)
            if not line.begun and not far_path(view.folder):
                with contextlib.suppress(OSError):  # what has something in it stays
                    Path(view.folder).rmdir()
        self._on_problem(error)

    def _on_run_read(self, payload: Payload) -> None:
        if not isinstance(payload, RunBegun):
            return
        run_id = self._runs.add(payload.folder, payload.title, payload.config, "read")
        self._runs.begun(run_id, payload)
        if not Path(payload.folder).is_relative_to(paths.runs()):  # those are in the library anyway
            self._dispatcher.session.remember(payload.folder)
        self.show(run_id)
        self._dispatcher.announce()

    def _on_problem(self, error: LstmvizError) -> None:
        _log.warning("%s", error)
        self._dispatcher.session.notify(str(error), "error")
        self._dispatcher.announce()


def _at_home(config: RunConfig) -> RunConfig:
    """The configuration with a file's whole path: the engine may stand in another folder."""
    data = Path(config.data)
    return msgspec.structs.replace(config, data=str(data.absolute())) if data.is_file() else config


def _titles(configs: Many[RunConfig], title: str, names: Many[str]) -> list[str]:
    """A title for each run: twins are told apart by their names, or by the settings in which they differ.

    What differs comes first: titles are cut off at their end where the room is small.
    """
    if len(configs) < 2:
        return [title]
    if len(names) != len(configs):
        told = differing(configs[0], configs[1])
        names = [", ".join(_setting(config, name) for name in told) for config in configs]
    title = title or Path(configs[0].data).stem
    return [f"{name} · {title}" if name else title for name in names]


def _setting(config: RunConfig, name: str) -> str:
    """A setting with its value, as the form calls them."""
    value = getattr(config, name)
    setting = BY_NAME.get(name)
    if setting is None:
        return str(value)
    chosen = dict(setting.choices).get(str(value))
    if chosen is not None:
        return tr(chosen)
    shown = (tr("on") if value else tr("off")) if setting.kind == "bool" else f"{value:g}"
    return f"{tr(setting.title)} {shown}"
