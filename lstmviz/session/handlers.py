"""What each command does to the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lstmviz.session.history import History
from lstmviz.session.player import Player
from lstmviz.session.state import SPEEDS, Session


class Desk:
    """What handlers work on: the session, its player and its history."""

    def __init__(self, session: Session, history: History | None = None) -> None:
        self.session = session
        self.history = history or History()
        self.player = Player(session)


def _play_toggle(desk: Desk) -> None:
    desk.player.rewind()
    desk.session.set_playing(not desk.session.playing)


def _step(desk: Desk, by: int) -> None:
    """A step by hand pauses the player: the two would pull at the same cursor."""
    desk.session.playing = False
    desk.session.advance(by)


def _leap(desk: Desk, by: int) -> None:
    desk.session.playing = False
    desk.session.set_cursor(desk.session.place.t + by)


def _turn_page(desk: Desk, way: int) -> None:
    """Leap as far as the shown steps are wide."""
    _leap(desk, way * (desk.session.place.stop - desk.session.place.start))


def _phase_set(desk: Desk, phase: int) -> None:
    desk.session.inside = True
    desk.session.set_cursor(desk.session.place.t, phase)


def _play_loop(desk: Desk) -> None:
    desk.session.loop = not desk.session.loop


def _change_speed(desk: Desk, up: bool) -> None:
    speed = desk.session.speed
    rest = [s for s in SPEEDS if s > speed] if up else [s for s in reversed(SPEEDS) if s < speed]
    if rest:
        desk.session.set_speed(rest[0])


def _signals_toggle(desk: Desk, name: str) -> None:
    shown = desk.session.signals
    desk.session.show_signals([s for s in shown if s != name] if name in shown else [*shown, name])


def _zoom_at_cursor(desk: Desk, factor: float) -> None:
    desk.session.zoom(factor, desk.session.place.t)


def _compare(desk: Desk, id: int = 0) -> None:
    desk.session.compare(id)


def _trace_close(desk: Desk, id: int = 0) -> None:
    desk.session.close(id or desk.session.place.trace_id)


def _trace_next(desk: Desk) -> None:
    ids = list(desk.session.opened)
    desk.session.activate(ids[(ids.index(desk.session.place.trace_id) + 1) % len(ids)])


def _direction_toggle(desk: Desk) -> None:
    desk.session.select(direction="reverse" if desk.session.place.direction == "forward" else "forward")


def _theme_toggle(desk: Desk) -> None:
    desk.session.choose_theme("light" if desk.session.theme == "dark" else "dark")


def _focus(desk: Desk) -> None:
    desk.session.focus = not desk.session.focus


def _fold(desk: Desk) -> None:
    """Fold or unroll the net; from another face, go to the unrolled net and fold it."""
    desk.session.folded = desk.session.face != "unrolled" or not desk.session.folded
    desk.session.choose_face("unrolled")


def _replay_set(desk: Desk, position: int) -> None:
    """A place chosen by hand stops the player, as a step by hand does."""
    session = desk.session
    replay = session.runs.replay(session.place.trace_id)
    if replay is not None:
        session.runs.playing = False
        session.runs.replay_at(replay.run, position)


def _replay_step(desk: Desk, by: int) -> None:
    replay = desk.session.runs.replay(desk.session.place.trace_id)
    if replay is not None:
        _replay_set(desk, replay.position + by)


def _replay_live(desk: Desk) -> None:
    replay = desk.session.runs.replay(desk.session.place.trace_id)
    if replay is not None:
        desk.session.runs.follow(replay.run)


def _replay_play(desk: Desk) -> None:
    """Play the training axis, from its beginning where it stands at the end."""
    session = desk.session
    replay = session.runs.replay(session.place.trace_id)
    if replay is None:
        return
    desk.player.rewind()
    session.runs.playing = not session.runs.playing and len(replay.updates) > 1
    if session.runs.playing and replay.position == len(replay.updates) - 1:
        session.runs.replay_at(replay.run, 0)


def _recent_clear(desk: Desk) -> None:
    desk.session.recent = ()


HANDLERS: Mapping[str, Callable[..., Any]] = {
    "trace.activate": lambda desk, id: desk.session.activate(id),
    "trace.close": _trace_close,
    "face.set": lambda desk, face: desk.session.choose_face(face),
    "fold.toggle": _fold,
    "replay.set": _replay_set,
    "replay.back": lambda desk: _replay_step(desk, -1),
    "replay.forward": lambda desk: _replay_step(desk, 1),
    "replay.live": _replay_live,
    "replay.play": _replay_play,
    "trace.next": _trace_next,
    "history.undo": lambda desk: desk.history.undo(desk.session),
    "history.redo": lambda desk: desk.history.redo(desk.session),
    "recent.clear": _recent_clear,
    "range.all": lambda desk: desk.session.set_range(0, desk.session.steps),
    "range.nearer": lambda desk: _zoom_at_cursor(desk, 0.5),
    "range.farther": lambda desk: _zoom_at_cursor(desk, 2.0),
    "range.set": lambda desk, start, stop: desk.session.set_range(start, stop),
    "range.zoom": lambda desk, factor, around: desk.session.zoom(factor, around),
    "signals.toggle": _signals_toggle,
    "signals.show": lambda desk, signals: desk.session.show_signals(signals),
    "note.toggle": lambda desk: desk.session.toggle_note(),
    "compare.with": _compare,
    "compare.stop": _compare,
    "view.focus": _focus,
    "theme.toggle": _theme_toggle,
    "theme.system": lambda desk: desk.session.choose_theme("system"),
    "theme.set": lambda desk, theme: desk.session.choose_theme(theme),
    "language.set": lambda desk, language: desk.session.choose_language(language),
    "view.scale": lambda desk, scale: desk.session.choose_scale(scale),
    "play.toggle": _play_toggle,
    "play.loop": _play_loop,
    "play.faster": lambda desk: _change_speed(desk, up=True),
    "play.slower": lambda desk: _change_speed(desk, up=False),
    "play.speed": lambda desk, speed: desk.session.set_speed(speed),
    "step.forward": lambda desk, by=1: _step(desk, by),
    "step.back": lambda desk, by=1: _step(desk, -by),
    "step.forward10": lambda desk: _leap(desk, 10),
    "step.back10": lambda desk: _leap(desk, -10),
    "step.page_forward": lambda desk: _turn_page(desk, 1),
    "step.page_back": lambda desk: _turn_page(desk, -1),
    "cursor.first": lambda desk: desk.session.set_cursor(0),
    "cursor.last": lambda desk: desk.session.set_cursor(desk.session.steps - 1),
    "cursor.set": lambda desk, t: desk.session.set_cursor(t),
    "inside.toggle": lambda desk: desk.session.set_inside(not desk.session.inside),
    "phase.set": _phase_set,
    "unit.next": lambda desk: desk.session.select(unit=desk.session.place.unit + 1),
    "unit.previous": lambda desk: desk.session.select(unit=desk.session.place.unit - 1),
    "unit.select": lambda desk, unit: desk.session.select(unit=unit),
    "layer.next": lambda desk: desk.session.select(layer=desk.session.place.layer + 1),
    "layer.previous": lambda desk: desk.session.select(layer=desk.session.place.layer - 1),
    "layer.select": lambda desk, layer, direction=None: desk.session.select(layer=layer, direction=direction),
    "direction.toggle": _direction_toggle,
}
"""The session's half of the table of commands, by id."""
