"""Trainer: a run that is trained phase by phase, and goes on after a kill to the same numbers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import torch

from lstmviz.engine import checkpoints
from lstmviz.engine.batches import Batches, Segment, segments
from lstmviz.engine.beginning import begin, new_run_file
from lstmviz.engine.checkpoints import Checkpoint, Place, State
from lstmviz.engine.divergence import Why, divergence, out_of_memory, sound
from lstmviz.engine.events import (
    WISHED,
    Action,
    Ended,
    Event,
    Paused,
    Phase,
    Probed,
    Saved,
    Updated,
    Validated,
)  # fmt: skip
from lstmviz.engine.failures import is_memory_error
from lstmviz.engine.keeper import Keeper
from lstmviz.engine.learner import Learner
from lstmviz.engine.pace import Pace
from lstmviz.engine.probe import Probe
from lstmviz.engine.rates import Rates
from lstmviz.engine.standing import Standing
from lstmviz.errors import LstmvizError, RunError
from lstmviz.language import tr
from lstmviz.nets.batch import Batch
from lstmviz.nets.save import save_net
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import metrics_file, net_file, probes, write_run_file
from lstmviz.runs.lock import RunLock
from lstmviz.runs.metrics import Change, Journal, Metrics, Note, Row, Validation, read_metrics
from lstmviz.runs.probes import forget_after

_MEASURED = 0.1
"""Seconds between two measurements of how far the weights moved, which costs a copy of them."""


class Trainer(Standing):
    """The training of a run's folder.

    config: what to train; None goes on with what the folder says, and the same again goes on too. Raises LstmvizError
    where it cannot begin. Call ``advance`` while ``state`` is ``training``, or ``run``; at the end ``close``.
    why: the reason of a pause that nobody asked for, a template and its values; metrics may have fewer rows then, since
    the training went back to a checkpoint. Only the ``first`` of several processes writes.
    """

    def __init__(self, folder: str | Path, config: RunConfig | None = None) -> None:
        self.folder = Path(folder).absolute()
        beginning = begin(self.folder, config)
        self.config, self.data, self.spec = beginning.config, beginning.data, beginning.spec
        self.net, self.device, self.peers = beginning.net, beginning.chosen, beginning.peers
        self.state: Literal["training", "paused", "ended"] = "training"
        self.why: Why | None = None
        self.learner = Learner(self.net, self.config, self.device.device, self.peers)
        self.batches = Batches(self.data, self.net, self.config, self.device.device, self.peers)
        self._cuts = -(-len(self.data.draw(0)) // self.config.bptt) if self.config.bptt else 1
        self._place = Place()
        self._phase = 0
        self._batch: Batch | None = None
        self._segments: tuple[Segment, ...] = ()
        self._due: deque[Callable[[], Event]] = deque()
        self._torn = False
        self._until: Action = ""
        self._met = False
        self._measured = 0.0
        self._pace = Pace()
        written = self.folder if self.first else None
        self._lock = self._locked() if self.first else None
        old = read_metrics(metrics_file(self.folder)) if beginning.checkpoint and self.first else Metrics()
        old.changes = msgspec.json.decode(self.peers.told(msgspec.json.encode(old.changes)), type=list[Change])
        self._journal = Journal(metrics_file(self.folder) if self.first else None, old)
        self._rates = Rates(self.config, self._journal)
        self._keeper = Keeper(written, self.config.checkpoint_every, self._journal)
        self._probe = Probe(self.data.probe, written, self.config.probe_every)
        if beginning.checkpoint is None:
            if self.first:
                write_run_file(self.folder, new_run_file(beginning, self.updates))
            self._journal.rewrite()
            self._keeper.write(self._checkpoint(), self.net)
        else:
            self._go_on(beginning.checkpoint, beginning.complaints)
        if self.epoch >= self.config.epochs:
            self._end()
        else:
            self._plan()

    # --- what it is told ---

    def steer(self, action: Action = "", *, learning_rate: float | None = None, clipping: float | None = None) -> None:
        """Go, pause, do one phase, batch or epoch and pause, or stop; change learning rate or clipping.

        ``probe`` takes the probe now, and what trains goes on training. What is to be done before it pauses or stops
        is done by ``advance``. Raises RunError for values that make no sense.
        """
        if learning_rate is not None or clipping is not None:
            self._rates.change(self.update, self._done(), learning_rate, clipping)
        if not action or self.state == "ended":
            return
        if action == "pause":
            self._pause()
            return
        if action == "probe":
            if self._take_probe not in self._due:
                self._due.append(self._take_probe)
            if self.state == "training":
                return
        self.state, self.why = "training", None
        self._until, self._met = ("" if action == "go" else action), False
        if action == "stop":
            self._due = deque([self._take_probe, self._save, self._end])

    def advance(self) -> Event:
        """Do the next thing: one of the four phases, or what follows an update; say what happened.

        What keeps the training from going on pauses it, with ``why``; nothing that was done is lost.
        """
        if self.state != "training":
            return Ended(self.update) if self.state == "ended" else Paused(self.update)
        began = time.perf_counter()
        if torch.get_num_threads() != self.config.threads:
            torch.set_num_threads(self.config.threads)
        try:
            self._journal.flush_in_time()
            event = self._next_due() if self._due else self._next_phase()
            self._settle(event)
        except LstmvizError as error:
            event = self._fail((error.template, dict(error.values)))  # type: ignore[arg-type]
        except (RuntimeError, MemoryError) as error:
            if not is_memory_error(error):
                raise
            event = self._fail(out_of_memory(self.device.device, self.update + 1))
        self._pace.work(time.perf_counter() - began)
        return event

    def events(self) -> Iterator[Event]:
        """Everything that happens until the training stands still or ends."""
        while self.state == "training":
            yield self.advance()

    def run(self) -> None:
        """Train until it stands still or ends."""
        for _ in self.events():
            pass

    def close(self) -> None:
        """Write what is not on the disk yet; the update under way is dropped and will be done again."""
        self._drop_update()
        self._journal.flush()
        if self._whole and not (self._torn or self._keeper.holds(self.update)):
            self._keeper.write(self._checkpoint(), self.net)
        self._let_go()
        self.peers.leave()

    # --- the four phases ---

    def _next_phase(self) -> Event:
        event = (self._forward, self._loss, self._gradients, self._update)[self._phase]()
        if not isinstance(event, Paused):
            self._phase = (self._phase + 1) % 4
        return event

    def _forward(self) -> Event:
        self._rates.reach(self.update)
        batch, segment = self._segment()
        while not segment.asked:  # nothing to learn here, but something to remember
            with self._at_once():
                self.learner.skim(batch, segment.start, segment.stop, self.update)
                self._place = msgspec.structs.replace(self._place, step=segment.stop or 0)
            batch, segment = self._segment()
        self.learner.forward(batch, segment.start, segment.stop, self.update)
        return Phase("forward")

    def _loss(self) -> Event:
        batch, segment = self._segment()
        self.learner.loss(batch.wanted[:, segment.start : segment.stop])
        return Phase("loss")

    def _gradients(self) -> Event:
        self.learner.gradients(self.clipping)
        return self._diverge() if self.learner.diverged() else Phase("gradients")

    def _update(self) -> Event:
        rate, now = self.learning_rate, time.perf_counter()
        final = self._place.epoch + 1 == self.config.epochs and self._place.batch + 1 == self.batches.per_epoch
        # the last of all stays on screen: what it shows must be its own
        measure = final or self._until != "" or now - self._measured > _MEASURED
        self._measured = now if measure else self._measured
        with self._at_once():
            self.learner.update(rate, self.clipping, measure=measure)
            self._advance_place()
            last = self.learner.last
            self._journal.put(Row(self.update, self._done() * self.config.epochs, last.loss, last.norm, rate))
        self._plan()
        return Updated(self.update)

    def _advance_place(self) -> None:
        """Stand behind the segment that was read."""
        batch, segment = self._segment()
        place, examples = self._place, self.batches.size(self._place.batch)
        share = 1.0
        if segment is not self._segments[-1]:
            assert segment.stop is not None
            share = (segment.stop - segment.start) / batch.x.shape[1]
            self._place = Place(place.update + 1, place.epoch, place.batch, segment.stop)
        else:
            self._place = Place(place.update + 1, place.epoch, place.batch + 1)
            self._close_batch()
        self._pace.reach(examples * share, self._done())

    # --- what follows an update ---

    def _next_due(self) -> Event:
        event = self._due[0]()
        if self._due:  # it stays there if it failed: there may be room on the disk later
            self._due.popleft()
        return event

    def _plan(self) -> None:
        """Put down what is to be done before the next update."""
        over = self._place.batch == self.batches.per_epoch
        last = self._place.epoch + over >= self.config.epochs
        if over:
            self._due.append(self._validate)
        if self._probe.due(self.update, self.worked, wanted=last or self._until in ("phase", "batch")):
            self._due.append(self._take_probe)
        if self._whole and self._keeper.due(self.update, epoch_over=over, last=last):
            self._due.append(self._save)
        if last:
            self._due.append(self._end)

    def _validate(self) -> Event:
        loss = self.learner.judge(self.batches.validation()) if self.first else 0.0
        loss = float(self.peers.total(torch.tensor(loss, dtype=torch.float64, device=self.device.device)))
        with self._at_once():
            self._journal.put(Validation(self.update, loss))
            if self.config.schedule == "plateau" and self._rates.plateau.see(loss):
                self._note(tr("The validation stands still: learning rate {rate:g}", rate=self.learning_rate))
            self._place = Place(self.update, self.epoch + 1)
        return Validated(self.update, loss)

    def _take_probe(self) -> Event:
        return Probed(self.update, self._probe.take(self.net, self.update, self.worked), kept=True)

    def _save(self) -> Event:
        self._keeper.write(self._checkpoint(), self.net)
        return Saved(self.update)

    def _end(self) -> Event:
        self._journal.flush()
        self._let_go()
        self.state = "ended"
        return Ended(self.update)

    def _locked(self) -> RunLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        return RunLock(self.folder)

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()

    # --- where it stands ---

    def _segment(self) -> tuple[Batch, Segment]:
        """The mini-batch that is being read, and the segment of it that is next."""
        if self._batch is None:
            batch = self.batches.at(self._place.epoch, self._place.batch)
            self._batch, self._segments = segments(batch, self.config.bptt, self.peers)
        return self._batch, next(each for each in self._segments if each.start == self._place.step)

    def _close_batch(self) -> None:
        self._batch, self._segments, self.learner.carried = None, (), None

    def _drop_update(self) -> None:
        """Forget what was begun of an update; it begins with its forward phase again, and comes to the same."""
        self.learner.forget()
        self._phase = 0
        if self._torn and self.peers.world == 1:
            self._go_on(checkpoints.from_bytes(checkpoints.newest(self.folder)[0], str(self.folder)))
            self._plan()

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """What belongs together; cut off in its midst, by Ctrl+C say, it leaves a state that no checkpoint may keep."""
        self._torn = True
        yield
        self._torn = False

    @property
    def _whole(self) -> bool:
        """Whether this process knows all of the training: not of a state that others have their share of."""
        return self.peers.world == 1 or not self._place.step

    def _checkpoint(self) -> Checkpoint:
        state = State(
            spec=self.spec,
            place=self._place,
            rows=self.metrics.rows,
            validations=self.metrics.validations,
            rate=self._rates.rate,
            clipping=self._rates.clipping,
            plateau=self._rates.plateau,
            scaler={} if self.learner.scaler is None else self.learner.scaler.state_dict(),
        )
        return Checkpoint(state, checkpoints.tensors_of(self.learner))

    def _go_on(self, checkpoint: Checkpoint, complaints: tuple[str, ...] = ()) -> None:
        """Stand where a checkpoint stands, in memory and in the folder."""
        state, self._torn = checkpoint.state, False
        self._drop_update()
        self._close_batch()
        self._due.clear()
        self._place = state.place
        checkpoints.restore(self.learner, checkpoint)
        self._rates.restore(state.rate, state.clipping, state.plateau, state.place.update)
        self.metrics.truncate(state.rows, state.validations)
        for complaint in complaints:
            self._note(tr("{complaint} The one before it is used.", complaint=complaint))
        self._journal.rewrite()
        self._keeper.written(self.update)
        if self.first:
            save_net(self.net, net_file(self.folder))  # a kill between its two files would leave them at odds
            forget_after(self.folder, self.update)
            if self.update in probes(self.folder):
                self._probe.taken(self.update)

    # --- what keeps it from going on ---

    def _pause(self) -> None:
        self.state, self._until = "paused", ""
        self._journal.flush()

    def _settle(self, event: Event) -> None:
        """Pause once what was wished for is done, and what follows it."""
        if self.state != "training" or not self._until:
            return
        self._met = self._met or isinstance(event, WISHED.get(self._until, ()))
        if self._met and (not self._due or isinstance(event, Phase)):
            self._pause()

    def _fail(self, why: Why) -> Event:
        """Stand still before the update that failed."""
        if self.peers.world > 1:
            raise RunError(why[0], **why[1])
        self._drop_update()
        self.state, self.why, self._until = "paused", why, ""
        return Paused(self.update)

    def _diverge(self) -> Event:
        update, rate, last = self.update + 1, self.learning_rate, self.learner.last
        good = partial(sound, self.metrics.loss)
        found = self.peers.told(checkpoints.newest(self.folder, good)[0] if self.first else b"")
        checkpoint = checkpoints.from_bytes(found, str(self.folder))
        why = divergence(self.net, last, update, rate, checkpoint.state.place.update)
        self._note(tr(why[0], **why[1]))
        self._go_on(checkpoint)
        self._rates.forget_later()
        if self.first:
            checkpoints.forget_checkpoints(self.folder, self.update)
        self._plan()
        self.state, self.why, self._until = "paused", why, ""
        return Paused(self.update)

    def _note(self, text: str) -> None:
        self._journal.put(Note(self.update, text))
