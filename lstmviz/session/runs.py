"""Runs: the trainings of this session, how they stand, and at which update the probe of each is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count

from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.session.metrics_log import MetricsLog
from lstmviz.session.run_view import Replay, RunState, RunView
from lstmviz.wire import sentences
from lstmviz.wire.run_messages import RunBegun, RunReport

UNDER_WAY: frozenset[RunState] = frozenset({"starting", "training", "paused"})
"""The states of a run that the engine holds."""


@dataclass(eq=False)
class _Run:
    """A run with its metrics; ``at`` is the update whose probe is wanted, None for the newest."""

    view: RunView
    metrics: MetricsLog = field(default_factory=MetricsLog)
    at: int | None = None


class Runs:
    """The runs by id, in the order in which they came; each method is one change."""

    def __init__(self) -> None:
        self.shown = 0
        self.playing = False
        self._runs: dict[int, _Run] = {}
        self._traces: dict[int, int] = {}
        self._ids = count(1)

    # --- reading ---

    @property
    def views(self) -> tuple[RunView, ...]:
        """Every run as the views see it; one that did not change is the same object."""
        return tuple(run.view for run in self._runs.values())

    def get(self, run_id: int) -> RunView | None:
        """One run, None where there is none with this id."""
        run = self._runs.get(run_id)
        return None if run is None else run.view

    def at_folder(self, folder: str) -> RunView | None:
        """The run of a folder."""
        return next((view for view in self.views if view.folder == folder), None)

    def with_twin(self, run_id: int) -> tuple[RunView, ...]:
        """A run and the one beside it."""
        view = self.get(run_id)
        twin = None if view is None else self.get(view.twin)
        return tuple(one for one in (view, twin) if one is not None)

    def of_trace(self, trace_id: int) -> RunView | None:
        """The run whose probe an open trace shows."""
        return self.get(self._traces.get(trace_id, 0))

    def partner(self, trace_id: int) -> int:
        """The open trace of the twin of a trace's run, 0 for none."""
        view = self.of_trace(trace_id)
        twin = None if view is None else self.get(view.twin)
        return 0 if twin is None else twin.trace_id

    def wanted(self, run_id: int) -> int | None:
        """The update whose probe is to be shown, None where nothing is kept or the newest is followed."""
        run = self._run(run_id)
        return None if run.at is None or not run.view.probes else _nearest(run.view.probes, run.at)

    def replay(self, trace_id: int) -> Replay | None:
        """Where a trace shows its run's probe; None where it shows none, or nothing is kept yet."""
        view = self.of_trace(trace_id)
        if view is None or not view.probes:
            return None
        at = self._runs[view.id].at
        position = len(view.probes) - 1 if at is None else view.probes.index(_nearest(view.probes, at))
        return Replay(view.id, view.probes, position, at is None and view.state in UNDER_WAY, self.playing)

    # --- what the engine tells ---

    def add(self, folder: str, title: str, config: RunConfig, state: RunState = "starting") -> int:
        """A run that begins or whose folder was read; it is shown. Returns its id."""
        run_id = next(self._ids)
        view = RunView(
            run_id,
            folder,
            title,
            config,
            state,
            learning_rate=config.learning_rate,
            clipping=config.clipping,
        )
        self._runs[run_id] = _Run(view)
        self.shown = run_id
        return run_id

    def pair(self, one: int, other: int) -> None:
        """Make two runs twins."""
        self._change(one, twin=other)
        self._change(other, twin=one)

    def restart(self, run_id: int) -> None:
        """The engine is asked to begin a run or to go on with it."""
        self._change(run_id, state="starting", sentence="")

    def begun(self, run_id: int, told: RunBegun) -> None:
        """How a run stands when its training begins or goes on, or when its folder is read."""
        run = self._run(run_id)
        run.metrics = MetricsLog()
        run.metrics.extend(told.history)
        curves = run.metrics.curves()
        known = {"loss": float(curves.loss[-1]), "norm": float(curves.norm[-1])} if len(curves.loss) else {}
        self._change(
            run_id,
            **known,
            title=told.title,
            config=told.config,
            device=told.device,
            reason=told.reason,
            parameters=told.parameters,
            update=told.update,
            updates=told.updates,
            epoch=told.epoch,
            unit=told.unit,
            optimum=told.optimum,
            probes=told.probes,
            log=told.log,
            curves=curves,
        )

    def report(self, run_id: int, told: RunReport) -> None:
        """How a training stands now."""
        run = self._run(run_id)
        run.metrics.extend(told.fresh)
        self._change(
            run_id,
            state=told.state,
            sentence="" if told.why is None else sentences.told(*told.why),
            update=told.update,
            epoch=told.epoch,
            phase=told.phase,
            took=told.took,
            loss=told.loss,
            norm=told.norm,
            clipped=told.clipped,
            change=told.change,
            speed=told.speed,
            seconds_left=told.seconds_left,
            learning_rate=told.learning_rate,
            clipping=told.clipping,
            log=(*run.view.log, *told.log),
            curves=run.metrics.curves(),
        )

    def kept(self, run_id: int, probes: tuple[int, ...]) -> None:
        """The updates whose probe traces are kept now."""
        if probes != self._run(run_id).view.probes:
            self._change(run_id, probes=probes)

    def rested(self, run_id: int) -> None:
        """A run's engine is left, with a checkpoint from which the run can go on."""
        self._change(run_id, state="read", sentence="")

    def failed(self, run_id: int, sentence: str) -> None:
        """The engine cannot train a run, for the reason that the sentence tells."""
        self._change(run_id, state="failed", sentence=sentence)

    # --- what the user asks ---

    def show(self, run_id: int) -> None:
        """Let the training view show a run; raises RunError for an id that there is not."""
        self._run(run_id)
        self.shown = run_id

    def close(self, run_id: int) -> None:
        """Take a run out of the list; its folder stays."""
        twin = self._run(run_id).view.twin
        del self._runs[run_id]
        self._traces = {trace: run for trace, run in self._traces.items() if run != run_id}
        if twin in self._runs:
            self._change(twin, twin=0)
        if self.shown == run_id:
            self.shown = twin if twin in self._runs else next(reversed(self._runs), 0)

    def attach(self, run_id: int, trace_id: int) -> None:
        """An open trace shows the probe of a run from now on."""
        self._traces[trace_id] = run_id
        self._change(run_id, trace_id=trace_id)

    def trace_opened(self, trace_id: int) -> None:
        """A trace that was closed is open again."""
        run_id = self._traces.get(trace_id, 0)
        if run_id in self._runs:
            self._change(run_id, trace_id=trace_id)

    def trace_closed(self, trace_id: int) -> None:
        """A trace is open no more; it stays known as the run's, since a closed trace can be opened again."""
        view = self.of_trace(trace_id)
        if view is not None and view.trace_id == trace_id:
            self._change(view.id, trace_id=0)

    def trace_activated(self, trace_id: int) -> None:
        """Another trace is the active one: its run is shown, and the training axis stands still."""
        self.playing = False
        view = self.of_trace(trace_id)
        if view is not None:
            self.shown = view.id

    def replay_at(self, run_id: int, position: int) -> None:
        """Show the probe at a place among those kept, on the twin too; the last place follows the newest."""
        probes = self._run(run_id).view.probes
        if not probes:
            return
        at = probes[max(position, 0)] if position < len(probes) - 1 else None
        for view in self.with_twin(run_id):
            self._runs[view.id].at = at

    def follow(self, run_id: int) -> None:
        """Show the newest probe from now on, on the twin too."""
        self.playing = False
        for view in self.with_twin(run_id):
            self._runs[view.id].at = None

    def _run(self, run_id: int) -> _Run:
        if run_id not in self._runs:
            raise RunError("There is no run with the number {id} in this session.", id=run_id)
        return self._runs[run_id]

    def _change(self, run_id: int, **values: object) -> None:
        run = self._run(run_id)
        run.view = replace(run.view, **values)  # type: ignore[arg-type]


def _nearest(updates: tuple[int, ...], wanted: int) -> int:
    """The last kept update that is not after ``wanted``, or the first."""
    return max((update for update in updates if update <= wanted), default=updates[0])
