"""Learning rate and clipping of a run: its schedule, and what is changed on the fly."""

from __future__ import annotations

from lstmviz.engine.optimisers import Plateau, schedule_factor
from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.metrics import Change, Journal
from lstmviz.runs.settings import BY_NAME


class Rates:
    """rate: the learning rate before its schedule. clipping: the largest norm of the gradient, 0 for none.

    A change is on the disk before the next update. Where the run goes over its update again, after a kill, it is made
    again at the same update; a newer change at an earlier update takes its place.
    """

    def __init__(self, config: RunConfig, journal: Journal) -> None:
        self.rate = config.learning_rate
        self.clipping = config.clipping
        self.plateau = Plateau()
        self._schedule = config.schedule
        self._journal = journal
        self._pending: list[Change] = []

    def restore(self, rate: float, clipping: float, plateau: Plateau, update: int) -> None:
        """Go back to an update; later changes will be made again."""
        self.rate, self.clipping = rate, clipping
        self.plateau = Plateau(plateau.best, plateau.waited, plateau.factor)
        self._pending = [change for change in self._journal.metrics.changes if change.update >= update]
        self.reach(update)

    def learning_rate(self, done: float) -> float:
        """The learning rate when a share ``done`` of all epochs is done."""
        return self.rate * schedule_factor(self._schedule, done) * self.plateau.factor

    def reach(self, update: int) -> None:
        """Make the changes again that belong to this update."""
        while self._pending and any(change.update <= update for change in self._pending):
            change = next(change for change in self._pending if change.update <= update)
            self._pending.remove(change)
            self._make(change)

    def change(self, update: int, done: float, learning_rate: float | None, clipping: float | None) -> None:
        """Change one of them or both from this update on; raises RunError for a value that makes no sense."""
        factor = schedule_factor(self._schedule, done) * self.plateau.factor
        for name, said in (("learning_rate", learning_rate), ("clipping", clipping)):
            if said is None:
                continue
            setting = BY_NAME[name]
            if not setting.least <= said <= setting.most:
                raise RunError(
                    "{flag} is {value}; expected {least:g} to {most:g}.",
                    flag=setting.flag, value=said, least=setting.least, most=setting.most,
                )  # fmt: skip
            value = said / factor if name == "learning_rate" and factor else said
            self._forget(name)
            change = Change(update, name, said, value)
            self._journal.put(change)
            self._make(change)
        self._journal.flush(to_disk=True)

    def forget_later(self) -> None:
        """Drop the changes that were to be made again: the run takes another way now."""
        for name in ("learning_rate", "clipping"):
            self._forget(name)

    def _forget(self, name: str) -> None:
        later = [change for change in self._pending if change.name == name]
        if later:
            self._pending = [change for change in self._pending if change.name != name]
            changes = self._journal.metrics.changes
            changes[:] = [change for change in changes if not any(change is each for each in later)]
            self._journal.rewrite()

    def _make(self, change: Change) -> None:
        if change.name == "clipping":
            self.clipping = change.value
        else:
            self.rate = change.value
