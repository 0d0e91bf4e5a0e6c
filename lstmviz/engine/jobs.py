"""Trainings in the background: each goes on by one phase whenever no request waits."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lstmviz.engine.events import Paused, Probed, Updated
from lstmviz.engine.reports import Reporter
from lstmviz.errors import LstmvizError, RunError
from lstmviz.runs.folder import is_run, probes, read_run_file, write_run_file
from lstmviz.runs.lock import RunLock
from lstmviz.wire.codec import trace_to_wire
from lstmviz.wire.messages import Payload
from lstmviz.wire.run_messages import ProbeBegins, ProbeEnds, Steer, Train

if TYPE_CHECKING:
    from lstmviz.engine.trainer import Trainer

SECONDS_BETWEEN_REPORTS = 0.1
SHARE_OF_SHOWING = 0.05
"""Of the time, at most, for handing over probes of a training that goes on: the pipe may be a slow one."""

log = logging.getLogger("lstmviz.engine")


class Job:
    """One training, and the request that asked for it. through: it is through with an update, or rests."""

    def __init__(self, number: int, trainer: Trainer) -> None:
        self.number = number
        self.trainer = trainer
        self.through = False
        self._reporter = Reporter(trainer)
        self._told: object = None
        self._reported = 0.0
        self._to_show: Probed | None = None
        self._quiet_until = 0.0
        self._cost = float("inf")

    @property
    def restless(self) -> bool:
        """Whether there is something to do, or to tell."""
        return self.trainer.state == "training" or self._told != self._standing()

    @property
    def over(self) -> bool:
        """Whether it ended, and that was told."""
        return self.trainer.state == "ended" and not self.restless

    def begin(self) -> Iterator[Payload]:
        """How it stands before its first turn."""
        yield self._reporter.begun()
        yield self._report()

    def turn(self) -> Iterator[Payload]:
        """Do the next phase, and tell what is due."""
        trainer = self.trainer
        if trainer.state == "training":
            event = trainer.advance()
            self.through = isinstance(event, Updated) or trainer.state != "training"
            if isinstance(event, Probed):
                self._to_show = event
            elif isinstance(event, Paused):  # it may have gone back to a checkpoint, from before some probes
                if self._to_show is not None and self._to_show.update > trainer.update:
                    self._to_show = None
                yield ProbeEnds(trainer.update, probes(trainer.folder))
        now, resting = time.monotonic(), trainer.state != "training"
        if self._to_show is not None and (resting or trainer.worked >= self._quiet_until):
            yield from self._show(self._to_show)
        if resting or now - self._reported >= SECONDS_BETWEEN_REPORTS:
            yield self._report()

    def _show(self, probed: Probed) -> Iterator[Payload]:
        """Hand a probe over, and then none until so much was trained that it keeps within the share.

        What the cheapest cost counts: the first warms everything up, and any may meet a busy machine.
        """
        self._to_show = None
        began = time.monotonic()
        yield ProbeBegins(probed.update, self.trainer.epoch, probed.kept)
        yield from trace_to_wire(probed.trace)
        yield ProbeEnds(probed.update, probes(self.trainer.folder))
        self._cost = min(self._cost, time.monotonic() - began)
        self._quiet_until = self.trainer.worked + self._cost * (1 / SHARE_OF_SHOWING - 1)

    def _report(self) -> Payload:
        self._told, self._reported = self._standing(), time.monotonic()
        return self._reporter.report()

    def _standing(self) -> object:
        trainer = self.trainer
        if trainer.state == "training":  # the rest is told every tenth of a second anyway
            return trainer.state
        return trainer.state, trainer.update, trainer.learning_rate, trainer.clipping


class Jobs:
    """The trainings of this process; those that train take turns, an update each."""

    def __init__(self) -> None:
        self._turns: deque[Job] = deque()

    @property
    def restless(self) -> bool:
        """Whether any of them has something to do, or to tell."""
        return any(job.restless for job in self._turns)

    def next(self) -> Job:
        """The training whose turn it is; the others' come when it is through with an update, or rests."""
        if self._turns[0].through:
            self._turns.rotate(-1)
        while not self._turns[0].restless:
            self._turns.rotate(-1)
        self._turns[0].through = False
        return self._turns[0]

    def begin(self, request: Train) -> Job:
        """Begin a training, or go on with that of the folder; raises RunError, also where it is under way already."""
        from lstmviz.engine.trainer import Trainer

        folder = Path(request.folder)
        if self.at(folder) is not None:
            raise RunError("“{folder}” is being trained already; expected another folder.", folder=str(folder))
        new = not is_run(folder)
        if not new:
            RunLock(folder).release()  # before anything is read: it may be asked for again and again
        trainer = Trainer(folder, request.config)
        if new and request.title:
            write_run_file(folder, msgspec.structs.replace(read_run_file(folder), title=request.title))
        if request.paused:
            _pause(trainer)
        job = Job(request.id, trainer)
        self._turns.append(job)
        return job

    def steer(self, request: Steer) -> None:
        """Tell a training and its twin what to do; raises RunError where a folder is not being trained."""
        trainers = [(folder, self.at(folder)) for folder in (request.folder, request.twin) if folder]
        for folder, trainer in trainers:
            if trainer is None:
                raise RunError("“{folder}” is not being trained now. Go on with it first.", folder=folder)
            trainer.steer(learning_rate=request.learning_rate, clipping=request.clipping)
            if request.action == "pause":
                _pause(trainer)
            else:
                trainer.steer(request.action)

    def at(self, folder: str | Path) -> Trainer | None:
        """The training of a folder, None where it is not under way."""
        wanted = Path(folder).resolve()
        return next((job.trainer for job in self._turns if job.trainer.folder.resolve() == wanted), None)

    def with_number(self, number: int) -> Job | None:
        """The training that a request asked for."""
        return next((job for job in self._turns if job.number == number), None)

    def end(self, job: Job) -> None:
        """End a training that is wanted no more, with a checkpoint."""
        self._turns.remove(job)
        job.trainer.close()

    def drop(self, job: Job) -> None:
        """Forget a training that is over or failed."""
        self._turns.remove(job)

    def close(self) -> None:
        """Write a checkpoint of every training and forget them; what cannot be written is only logged."""
        while self._turns:
            job = self._turns.popleft()
            try:
                job.trainer.close()
            except (LstmvizError, OSError):
                log.exception("no checkpoint of %s", job.trainer.folder)


def _pause(trainer: Trainer) -> None:
    """Let a training stand still, with a probe of where it stands: what is seen is the net that can be asked."""
    if trainer.state == "training":
        trainer.steer("pause")
        trainer.steer("probe")
