"""The session as the views see it."""

from __future__ import annotations

from lstmviz.session.history import History
from lstmviz.session.snapshot import OpenTrace, Snapshot
from lstmviz.session.state import Session


def resolve(session: Session, history: History | None = None) -> Snapshot:
    """A frozen picture of the session; reads it and changes nothing."""
    place, active = session.place, session.active
    compared = session.opened.get(session.compared)
    return Snapshot(
        trace=None if active is None else active.trace,
        trace_id=place.trace_id,
        open_traces=tuple(OpenTrace(entry.id, entry.trace.name, entry.path) for entry in session.opened.values()),
        compared=None if compared is None else compared.trace,
        compared_id=0 if compared is None else compared.id,
        t=place.t,
        phase=place.phase,
        start=place.start,
        stop=place.stop,
        layer=place.layer,
        direction=place.direction,
        unit=place.unit,
        signals=session.signals,
        playing=session.playing,
        speed=session.speed,
        loop=session.loop,
        inside=session.inside,
        theme=session.theme,
        language=session.language,
        engine=session.engine,
        device=session.device,
        link=session.link,
        hosts=session.hosts,
        task=session.task,
        notice=session.notice,
        recent=session.recent,
        can_undo=history is not None and history.can_undo,
        can_redo=history is not None and history.can_redo,
        theme_choice=session.theme_choice,
        language_choice=session.language_choice,
        scale=session.scale,
        focus=session.focus,
        docks=session.docks,
        note=session.note,
        note_open=active is not None and active.note_open,
        face=session.face,
        runs=session.runs.views,
        run_id=session.runs.shown,
        replay=session.runs.replay(place.trace_id),
        flow=session.flow if session.flow is not None and session.flow.trace_id == place.trace_id else None,
        batch=session.batch if session.batch_of == place.trace_id else (),
        folded=session.folded,
    )
