"""Going through a corpus: back to its table, and from one of its sequences to the next."""

from __future__ import annotations

from pathlib import Path

from lstmviz.app.offers import Offers
from lstmviz.app.opening import Opening
from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.history import Move
from lstmviz.session.snapshot import Snapshot
from lstmviz.session.state import Place
from lstmviz.traces.corpus import Member, open_corpus, place_in_corpus


class Corpora:
    """Handles the commands of a trace that came from a corpus.

    The next sequence takes the place of the one that is shown, which undo opens again; one that something else is
    compared with stays.
    """

    def __init__(self, dispatcher: Dispatcher, opening: Opening, offers: Offers) -> None:
        self._dispatcher = dispatcher
        self._opening = opening
        self._offers = offers
        self._leaving: tuple[Place, str] | None = None
        dispatcher.register("corpus.table", self._show_table)
        dispatcher.register("corpus.next", lambda: self._go(1))
        dispatcher.register("corpus.previous", lambda: self._go(-1))
        dispatcher.listen(self._on_changed)

    def _show_table(self) -> None:
        members, place = self._shown()
        self._offers.ask_member(str(members[place].folder), members, place)

    def _go(self, by: int) -> None:
        """Open the nearest recorded member before or after the one that is shown."""
        members, place = self._shown()
        rest = members[place + 1 :] if by > 0 else members[:place][::-1]
        target = next((member for member in rest if member.recorded), None)
        session = self._dispatcher.session
        if target is None:
            session.notify(tr("The corpus has no further recorded sequence on that side."))
            return
        path = str(target.path)
        opened = next((entry.id for entry in session.opened.values() if entry.path == path), 0)
        if opened:
            self._dispatcher.run("trace.activate", id=opened)
            return
        self._leaving = (session.place, path)
        self._opening.open_path(path)

    def _shown(self) -> tuple[tuple[Member, ...], int]:
        """The members of the shown trace's corpus, and the place of that trace; raises LstmvizError."""
        active = self._dispatcher.session.active
        found = None if active is None else place_in_corpus(active.path)
        assert found is not None  # or the command cannot run
        folder, place = found
        members = open_corpus(folder)
        if place >= len(members):
            raise LstmvizError(
                "“{name}” is no sequence of its corpus any more. Open the corpus again.",
                name=Path(folder, str(place)).name,
            )
        return members, place

    def _on_changed(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Close what was shown before, once the next one is there; undo goes back to it."""
        if self._leaving is None or "trace_id" not in changed:
            return
        (before, path), self._leaving = self._leaving, None
        session = self._dispatcher.session
        came = session.active is not None and session.active.path == path
        if not came or before.trace_id == session.compared or before.trace_id not in session.opened:
            return
        closed, position = session.opened[before.trace_id], list(session.opened).index(before.trace_id)
        session.close(before.trace_id)
        self._dispatcher.desk.history.note(Move("corpus.next", before, closed, position))
        self._dispatcher.announce()
