"""Session: the one mutable state. Each method is one change, and leaves the session valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from lstmviz.errors import TraceError
from lstmviz.language import LANGUAGES
from lstmviz.session.run_view import FACES, Face, FlowView
from lstmviz.session.runs import Runs
from lstmviz.session.snapshot import HERE, PHASES, PHASES_OF, EngineStatus, Link, Notice, Task
from lstmviz.traces.trace import Trace
from lstmviz.wire.host import Host

ThemeChoice = Literal["system", "light", "dark"]
ThemeName = Literal["light", "dark"]

SIGNALS = ("r", "f", "i", "o", "g", "c", "h")
"""The heat maps shown at first, top to bottom."""
OPTIONAL_SIGNALS = ("kept", "written", "tanh_c", "zr", "zf", "zi", "zo", "zg", "z")
"""Derived signals and pre-activations that can be shown as well."""
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0)
"""Factors of the player's speed, slow to fast."""
SCALES = (1.0, 1.25, 1.5, 1.75, 2.0)
"""Sizes of everything in the window."""
SHORTEST_RANGE = 4
"""Steps that a time axis shows at least, where the trace has them."""
FIRST_SYMBOLS, FIRST_STEPS = 60, 400
"""Steps shown when a trace opens: so few symbols that each can be read, so many values that no curve is a smear."""
RECENT_LENGTH = 10


@dataclass(frozen=True, eq=False)
class Opened:
    """A trace that is open: its id, path ("" until saved), the model file it came from, and what to look at in it.

    notes: by language; {} where only the trace itself knows. note_open: whether the user wants to read it.
    """

    id: int
    trace: Trace
    path: str = ""
    model_path: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    note_open: bool = True


@dataclass(frozen=True)
class Place:
    """Where one is: the active trace, cursor, phase, selection and visible range."""

    trace_id: int = 0
    t: int = 0
    phase: int | None = None
    layer: int = 0
    direction: str = "forward"
    unit: int = 0
    start: int = 0
    stop: int = 1


@dataclass(eq=False)
class Session:
    """Open traces by id in the order of opening, the place in the active one, and what the window should be like.

    flow: the gradient flow that was asked for last. batch: a mini-batch for the open trace ``batch_of``.
    """

    opened: dict[int, Opened] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    left: dict[int, Place] = field(default_factory=dict)
    compared: int = 0
    signals: tuple[str, ...] = SIGNALS
    playing: bool = False
    speed: float = 1.0
    loop: bool = False
    inside: bool = False
    theme_choice: ThemeChoice = "system"
    system_theme: ThemeName = "light"
    language_choice: str = "system"
    system_language: str = "en"
    scale: float = 1.0
    focus: bool = False
    docks: tuple[str, ...] = ()
    engine: EngineStatus = "stopped"
    device: str = "CPU"
    link: Link = HERE
    hosts: tuple[Host, ...] = ()
    task: Task | None = None
    notice: Notice | None = None
    recent: tuple[str, ...] = ()
    face: Face = "cell"
    folded: bool = False
    runs: Runs = field(default_factory=Runs)
    flow: FlowView | None = None
    batch: tuple[Trace, ...] = ()
    batch_of: int = 0
    _last_id: int = 0
    _notices: int = 0

    # --- traces ---

    @property
    def active(self) -> Opened | None:
        """The trace that the views show, or None."""
        return self.opened.get(self.place.trace_id)

    @property
    def trace(self) -> Trace | None:
        """The active trace itself, or None."""
        return None if self.active is None else self.active.trace

    @property
    def steps(self) -> int:
        """T of the active trace, 0 without one."""
        return 0 if self.trace is None else len(self.trace)

    def add_trace(
        self,
        trace: Trace,
        path: str = "",
        model_path: str = "",
        notes: Mapping[str, str] | None = None,
        activate: bool = True,
    ) -> int:
        """Open a trace, make it the active one at its first step, paused, and return its id."""
        self._last_id += 1
        self.opened[self._last_id] = Opened(self._last_id, trace, path, model_path, notes or {})
        if activate:
            self.activate(self._last_id)
        return self._last_id

    def replace_trace(self, trace_id: int, trace: Trace) -> None:
        """Show another recording under the same id: cursor, selection and range stay where they mean something."""
        old = self._entry(trace_id)
        self.opened[trace_id] = replace(old, trace=trace)
        if self.place.trace_id == trace_id:
            whole = self.place.stop - self.place.start == len(old.trace)
            self.restore(replace(self.place, start=0, stop=len(trace)) if whole else self.place)

    def reopen(self, opened: Opened, position: int) -> None:
        """Put a closed trace back where it was in the list."""
        entries = list(self.opened.values())
        entries.insert(position, opened)
        self.opened = {entry.id: entry for entry in entries}
        self.runs.trace_opened(opened.id)

    def saved(self, trace_id: int, path: str) -> None:
        """Remember where a trace was written."""
        self.opened[trace_id] = replace(self._entry(trace_id), path=path)

    @property
    def note(self) -> str:
        """What to look at in the active trace, in the language in use, "" where nobody wrote it down."""
        if self.active is None:
            return ""
        notes = self.active.notes
        return notes.get(self.language) or notes.get("en") or self.active.trace.model.note

    def toggle_note(self) -> None:
        """Show or hide what to look at in the active trace."""
        if self.active is not None:
            self.opened[self.active.id] = replace(self.active, note_open=not self.active.note_open)

    def activate(self, trace_id: int) -> None:
        """Show another open trace, where one left it, or a twin at the same place as the one that was shown.

        Raises TraceError for an id that is not open.
        """
        entry = self._entry(trace_id)
        if self.place.trace_id == trace_id:
            return
        if self.active is not None:
            self.left[self.place.trace_id] = self.place
        self.playing = False
        first = entry.trace.layers[0]
        phase = 0 if self.inside else None
        fresh = Place(trace_id, phase=phase, direction=first.directions[0], stop=first_stop(entry.trace))
        partner = self.runs.partner(self.place.trace_id)
        if self.compared in (trace_id, partner):
            self.compared = 0
        self.restore(replace(self.place, trace_id=trace_id) if trace_id == partner else self.left.get(trace_id, fresh))
        self.runs.trace_activated(trace_id)
        self.compared = self.runs.partner(trace_id) or self.compared

    def close(self, trace_id: int) -> None:
        """Close a trace; its neighbour becomes active."""
        ids = list(self.opened)
        self._entry(trace_id)
        position = ids.index(trace_id)
        del self.opened[trace_id]
        self.left.pop(trace_id, None)
        self.runs.trace_closed(trace_id)
        if self.compared == trace_id:
            self.compared = 0
        if self.place.trace_id == trace_id:
            self.playing = False
            self.place = Place()
            ids.remove(trace_id)
            if ids:
                self.activate(ids[min(position, len(ids) - 1)])

    def compare(self, trace_id: int) -> None:
        """Draw another open trace beside the active one; 0 or the active one itself for none."""
        if trace_id:
            self._entry(trace_id)
        self.compared = 0 if trace_id == self.place.trace_id else trace_id

    # --- place ---

    def restore(self, place: Place) -> None:
        """Go to a place, made valid for its trace."""
        entry = self.opened.get(place.trace_id)
        if entry is None:
            self.place = Place()
            return
        trace, steps = entry.trace, len(entry.trace)
        layer = min(max(place.layer, 0), len(trace.layers) - 1)
        info = trace.layers[layer]
        direction = place.direction if place.direction in info.directions else info.directions[0]
        phase = _clamped_phase(place.phase, PHASES_OF[info.cell]) if self.inside else None
        start, stop = _clamped_range(place.start, place.stop, steps)
        self.place = Place(
            trace_id=place.trace_id,
            t=min(max(place.t, 0), steps - 1),
            phase=phase,
            layer=layer,
            direction=direction,
            unit=min(max(place.unit, 0), info.units - 1),
            start=start,
            stop=stop,
        )

    def set_cursor(self, t: int, phase: int | None = None) -> None:
        """Move the cursor, clamped to the trace; inside a step it stands at ``phase``, the first unless given.

        A cursor that leaves the visible range turns the page: the range jumps by its own width, so that what is
        drawn of it is drawn rarely.
        """
        if not self.steps:
            return
        t = min(max(t, 0), self.steps - 1)
        start, stop = self.place.start, self.place.stop
        if not start <= t < stop:
            width = stop - start
            start = min(t, self.steps - width) if t >= stop else max(t - width + 1, 0)
            stop = start + width
        phase = _clamped_phase(phase, self.phases) if self.inside else None
        old = self.place
        self.place = Place(old.trace_id, t, phase, old.layer, old.direction, old.unit, start, stop)

    def advance(self, by: int) -> None:
        """Step forward (or back, by < 0): whole steps, or phases while stepping inside a step."""
        self.set_moment(min(max(self.moment + by, 0), self.moments - 1))

    @property
    def phases(self) -> tuple[int, ...]:
        """The phases in which something happens in the selected layer's cell."""
        return PHASES_OF["lstm" if self.trace is None else self.trace.layers[self.place.layer].cell]

    @property
    def moments(self) -> int:
        """Where the cursor can stand one after the other: at each step, or inside a step at each phase of each."""
        return self.steps * (len(self.phases) if self.inside else 1)

    @property
    def moment(self) -> int:
        """Which of the moments the cursor stands at."""
        if not self.inside:
            return self.place.t
        return self.place.t * len(self.phases) + self.phases.index(self.place.phase or 0)

    def set_moment(self, moment: int) -> None:
        """Move the cursor to one of the moments."""
        if not self.inside:
            self.set_cursor(moment)
            return
        t, place = divmod(moment, len(self.phases))
        self.set_cursor(t, self.phases[place])

    def set_inside(self, inside: bool) -> None:
        """Step inside a step, beginning with its first phase, or over whole steps."""
        self.inside = inside
        self.set_cursor(self.place.t)

    def set_range(self, start: int, stop: int) -> None:
        """Show the steps from start to stop on every time axis, clamped and never shorter than a few steps."""
        if self.steps:
            self.restore(replace(self.place, start=start, stop=stop))

    def zoom(self, factor: float, around: int) -> None:
        """Show ``factor`` times as many steps (below 1: come nearer), the step ``around`` staying where it is."""
        start, stop = self.place.start, self.place.stop
        width = stop - start
        wanted = max(round(width * factor), SHORTEST_RANGE)
        if factor < 1:
            wanted = min(wanted, width - 1)
        elif factor > 1:
            wanted = max(wanted, width + 1)
        begin = round(around - (around - start) * wanted / max(width, 1))
        self.set_range(begin, begin + wanted)

    def select(self, *, unit: int | None = None, layer: int | None = None, direction: str | None = None) -> None:
        """Select a unit, a layer or a direction, each clamped to what the trace has."""
        place = self.place
        wanted = replace(
            place,
            unit=place.unit if unit is None else unit,
            layer=place.layer if layer is None else layer,
            direction=place.direction if direction is None else direction,
        )
        self.restore(wanted)

    def show_signals(self, signals: Iterable[str]) -> None:
        """Choose the heat maps, top to bottom; unknown names and doubles are left out, one always stays."""
        known = (*SIGNALS, *OPTIONAL_SIGNALS)
        wanted = tuple(dict.fromkeys(name for name in signals if name in known))
        self.signals = wanted or self.signals

    # --- playing ---

    def set_playing(self, playing: bool) -> None:
        """Play or pause; playing from the very end begins again."""
        self.playing = playing and self.steps > 0
        at_end = self.place.t == self.steps - 1 and self.place.phase in (None, len(PHASES) - 1)
        if self.playing and at_end and self.steps > 1:
            self.set_cursor(0)

    def set_speed(self, speed: float) -> None:
        """Set the factor of the player's speed, clamped to what the transport offers."""
        self.speed = min(max(float(speed), SPEEDS[0]), SPEEDS[-1])

    # --- what the window should be like ---

    def choose_face(self, face: str) -> None:
        """Choose what the upper half of the centre shows; an unknown word changes nothing."""
        self.face = next((known for known in FACES if known == face), self.face)

    def choose_theme(self, choice: str) -> None:
        """Choose light, dark or the system's; an unknown word means the system's."""
        self.theme_choice = choice if choice in ("light", "dark") else "system"  # type: ignore[assignment]

    @property
    def theme(self) -> ThemeName:
        """The theme in use."""
        return self.system_theme if self.theme_choice == "system" else self.theme_choice

    def choose_language(self, choice: str) -> None:
        """Choose a language or the system's; an unknown one means the system's."""
        self.language_choice = choice if choice in LANGUAGES else "system"

    def choose_scale(self, scale: float) -> None:
        """Choose how large everything is from the next start on; Qt cannot change it under a living window."""
        self.scale = min(SCALES, key=lambda known: abs(known - scale))

    @property
    def language(self) -> str:
        """The language in use, a key of LANGUAGES."""
        return self.system_language if self.language_choice == "system" else self.language_choice

    def remember(self, path: str) -> None:
        """Put a path first among the recent ones."""
        self.recent = (path, *(old for old in self.recent if old != path))[:RECENT_LENGTH]

    def forget(self, path: str) -> None:
        """Take a path out of the recent ones."""
        self.recent = tuple(old for old in self.recent if old != path)

    def notify(self, text: str, level: Literal["info", "warning", "error"] = "info") -> None:
        """Show a sentence; the same sentence again is a new notice."""
        self._notices += 1
        self.notice = Notice(text, level, self._notices)

    def _entry(self, trace_id: int) -> Opened:
        if trace_id not in self.opened:
            raise TraceError("There is no open trace with the number {id}.", id=trace_id)
        return self.opened[trace_id]


def first_stop(trace: Trace) -> int:
    """How many steps are shown when a trace opens; all of them where a few more than the measure would do."""
    measure = FIRST_SYMBOLS if trace.sequence.vocabulary else FIRST_STEPS
    return len(trace) if len(trace) <= 1.2 * measure else measure


def _clamped_phase(phase: int | None, phases: tuple[int, ...]) -> int:
    """A phase of these: the one itself, else the next in which something happens, else the last."""
    return next((each for each in phases if each >= (phase or 0)), phases[-1])


def _clamped_range(start: int, stop: int, steps: int) -> tuple[int, int]:
    """A range of its own width, at least SHORTEST_RANGE and at most the whole trace, moved inside it."""
    width = min(max(stop - start, SHORTEST_RANGE), steps)
    start = min(max(start, 0), steps - width)
    return start, start + width
