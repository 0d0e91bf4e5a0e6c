"""How a training stands, as whoever shows it reads it."""

from __future__ import annotations

from lstmviz.engine.batches import Batches
from lstmviz.engine.checkpoints import Place
from lstmviz.engine.distributed import Peers
from lstmviz.engine.events import LastUpdate
from lstmviz.engine.learner import Learner
from lstmviz.engine.pace import Pace
from lstmviz.engine.rates import Rates
from lstmviz.nets.batch import Batch
from lstmviz.runs.config import RunConfig
from lstmviz.runs.metrics import Journal, Metrics


class Standing:
    """What is read of a training while it goes on; `Trainer` sets it."""

    config: RunConfig
    peers: Peers
    learner: Learner
    batches: Batches
    _batch: Batch | None
    _cuts: int
    _journal: Journal
    _pace: Pace
    _place: Place
    _rates: Rates

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.peers.first

    @property
    def update(self) -> int:
        """Updates done."""
        return self._place.update

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self._place.epoch

    @property
    def updates(self) -> int:
        """Updates planned; a guess where truncated BPTT cuts sequences of different lengths."""
        return self.config.epochs * self.batches.per_epoch * self._cuts

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self._rates.learning_rate(self._done())

    @property
    def clipping(self) -> float:
        """The largest norm of the gradient, 0 for none."""
        return self._rates.clipping

    @property
    def last(self) -> LastUpdate:
        """The last update, or the part of one that is done."""
        return self.learner.last

    @property
    def metrics(self) -> Metrics:
        """What was measured so far."""
        return self._journal.metrics

    @property
    def log(self) -> tuple[tuple[int, str], ...]:
        """What was changed on the fly, and what happened, with the update."""
        return self.metrics.log

    @property
    def speed(self) -> float:
        """Examples a second."""
        return self._pace.speed

    @property
    def worked(self) -> float:
        """Seconds that this process worked at it; pauses and the turns of other trainings do not count."""
        return self._pace.worked

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last epoch is done, None while nobody knows."""
        return self._pace.seconds_left

    def _done(self) -> float:
        """The share of the training that is done."""
        inside = 0.0 if self._batch is None else self._place.step / self._batch.x.shape[1]
        return (self._place.epoch + (self._place.batch + inside) / self.batches.per_epoch) / self.config.epochs
