"""What the views see: a frozen picture of the session, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from lstmviz.session.run_view import Face, FlowView, Replay, RunView
from lstmviz.traces.trace import Trace
from lstmviz.wire.host import Host

EngineStatus = Literal["stopped", "starting", "ready", "restarting", "lost", "failed"]

PHASES = ("combine", "f", "g", "i", "c", "o", "h")
"""Inside one step, in the order of the pseudocode; a phase is a place in this tuple."""
PHASES_OF = {
    "lstm": tuple(range(len(PHASES))),
    "gru": tuple(map(PHASES.index, ("combine", "f", "g", "i", "h"))),
    "rnn": tuple(map(PHASES.index, ("combine", "h"))),
}
"""The phases in which something happens, by the kind of the cell."""


@dataclass(frozen=True)
class Link:
    """Where the engine is: the host, "" for this computer, and its device.

    milliseconds: there and back, None where nobody knows. seconds: until a lost connection is tried again. problem: why
    there is none.
    """

    host: str = ""
    device: str = ""
    milliseconds: int | None = None
    seconds: int = 0
    problem: str = ""


HERE = Link()


@dataclass(frozen=True)
class OpenTrace:
    """One open trace in the list of them; ``path`` is "" until it is saved."""

    id: int
    name: str
    path: str = ""


@dataclass(frozen=True)
class Task:
    """Long work that is under way: what, done of total (0 when unknown), seconds left (None when unknown)."""

    what: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Notice:
    """A sentence for the user; ``serial`` makes two equal sentences two notices."""

    text: str
    level: Literal["info", "warning", "error"] = "info"
    serial: int = 0


@dataclass(frozen=True)
class Snapshot:
    """The session at one moment. Views draw from this alone.

    t: the cursor, a step of the trace. phase: a place in PHASES while stepping inside a step, else None (the whole
    step is shown). start, stop: the steps that every time axis shows; t may lie outside. layer, direction, unit: the
    selection. signals: the heat maps shown, top to bottom. compared, compared_id: a second trace drawn beside the
    first, or None and 0.
    theme, language: what is shown; theme_choice, language_choice: what was chosen, ``system`` to follow the system.
    scale: how large everything is from the next start on.
    link: where the engine is; hosts: those that are remembered, the one used last first.
    focus: only the centre of the window is shown. docks: the names of those that are open. note: what to look at in
    the trace, "" where nobody wrote it down; note_open: whether it is shown.
    face: what the upper half of the centre shows. runs: those of this session, run_id: the one that the training view
    shows. replay: where the active trace shows a run's probe. flow: the gradient flow that was asked for last. batch:
    the mini-batch of the matrix form, traces of the active trace's model. folded: the unrolled net drawn as one cell
    with its loop.
    """

    trace: Trace | None = None
    trace_id: int = 0
    open_traces: tuple[OpenTrace, ...] = ()
    compared: Trace | None = None
    compared_id: int = 0
    t: int = 0
    phase: int | None = None
    start: int = 0
    stop: int = 1
    layer: int = 0
    direction: str = "forward"
    unit: int = 0
    signals: tuple[str, ...] = ("r", "f", "i", "o", "g", "c", "h")
    playing: bool = False
    speed: float = 1.0
    loop: bool = False
    inside: bool = False
    theme: Literal["light", "dark"] = "light"
    language: str = "en"
    engine: EngineStatus = "stopped"
    device: str = "CPU"
    link: Link = HERE
    hosts: tuple[Host, ...] = ()
    task: Task | None = None
    notice: Notice | None = None
    recent: tuple[str, ...] = ()
    can_undo: bool = False
    can_redo: bool = False
    theme_choice: str = "system"
    language_choice: str = "system"
    scale: float = 1.0
    focus: bool = False
    docks: tuple[str, ...] = ()
    note: str = ""
    note_open: bool = False
    face: Face = "cell"
    runs: tuple[RunView, ...] = ()
    run_id: int = 0
    replay: Replay | None = None
    flow: FlowView | None = None
    batch: tuple[Trace, ...] = ()
    folded: bool = False

    @property
    def run(self) -> RunView | None:
        """The run that the training view shows, None without one."""
        return next((run for run in self.runs if run.id == self.run_id), None)

    @property
    def twin(self) -> RunView | None:
        """The run beside it, None where it has none."""
        run = self.run
        return None if run is None else next((other for other in self.runs if other.id == run.twin), None)

    @property
    def steps(self) -> int:
        """T of the trace, 0 without one."""
        return 0 if self.trace is None else len(self.trace)


def changes(before: Snapshot | None, after: Snapshot) -> frozenset[str]:
    """The names of the fields that differ; all of them where there was nothing before. Traces compare by identity."""
    if before is None:
        return frozenset(field.name for field in fields(Snapshot))
    return frozenset(
        field.name
        for field in fields(Snapshot)
        if (old := getattr(before, field.name)) is not (new := getattr(after, field.name)) and old != new
    )
