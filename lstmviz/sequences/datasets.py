"""What a net is trained on and judged by: a file cut into windows, or fresh sequences of a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.language import tr
from lstmviz.sequences.generators.registry import GENERATORS
from lstmviz.sequences.generators.truth import Truth
from lstmviz.sequences.readers import load_sequence
from lstmviz.sequences.samples import Sample, samples
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.tasks import TASKS, Task, telling
from lstmviz.sequences.topology import TOPOLOGY_TITLES, Topology
from lstmviz.sequences.windows import MOST, Windows, foretells, judges, windows, with_targets

_RUN_BITS = 31
_PROBES = 1 << 30
"""Seeds: below 2³⁰ of validation, from there of probes, and the n-th training sequence of run seed s is (s+1)·2³¹ + n,
so that no run is trained on what judges it."""

_LEAST = 100
"""The least sequences that judge a net on a generated task; the most is that of windows."""

_PROBE_STEPS = 400
"""The longest probe cut from a file: its end, so that it shows what was not trained on."""

_MEASURED = 64
"""How many training sequences of a generator tell its means and scales."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """What a net is trained on.

    draw(n): the n-th training sequence, the same each time. size: how many there are, None for as many as one likes.
    validation: sequences that are never drawn. probe: what is watched while the net learns. truth: what a perfect
    model scores, None where nobody knows. training: the part of a file that is trained on, None for a generator.
    starts: where in it each training sequence begins, where they are its windows as they are, (size,).
    """

    name: str
    title: str
    topology: Topology
    truth: Truth | None
    draw: Callable[[int], Sequence]
    size: int | None
    validation: tuple[Sequence, ...]
    probe: Sequence
    training: Sequence | None = None
    starts: npt.NDArray[np.intp] | None = None

    @property
    def foretells(self) -> bool:
        """Whether the net is asked for what it reads next: the next symbol, or the next values of all features."""
        return foretells(self.probe)

    def order(self, epoch: int, examples: int, seed: int) -> Items[int]:
        """Which sequences an epoch reads, in which order: new ones, or all of them once before any again."""
        if self.size is None:
            return range(epoch * examples, (epoch + 1) * examples)
        rng = np.random.default_rng((seed, epoch))
        rounds, rest = divmod(examples, self.size)
        drawn = [rng.permutation(self.size) for _ in range(rounds)]
        # not a permutation cut short: a long sound has millions of windows, of which an epoch reads a thousand
        drawn.append(rng.choice(self.size, rest, replace=False))
        places: list[int] = np.concatenate(drawn).tolist()
        return places

    def scales(self) -> Scales:
        """Means and standard deviations of the values and targets that are trained on."""
        parts = [self.training] if self.training is not None else [self.draw(n) for n in range(_MEASURED)]
        targets = [part.targets for part in parts if part.targets is not None]
        return Scales(
            *_mean_and_scale(np.concatenate([part.values for part in parts])),
            *(_mean_and_scale(np.concatenate(targets)) if targets else ((), ())),
        )


@dataclass(frozen=True)
class Scales:
    """Mean and standard deviation of each feature (F) and each target (K), 1 where it never changes."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    target_mean: tuple[float, ...]
    target_scale: tuple[float, ...]


def data_set(
    data: str,
    *,
    params: Mapping[str, int | float] | None = None,
    topology: Topology = "seq2seq",
    examples: int = 1000,
    steps: int = 50,
    missing: str = "refuse",
    validation: float = 0.2,
    seed: int = 0,
) -> DataSet:
    """The data of a file, of a sample's id or of a generator's id; the first of them that there is.

    A file (and a sample that is one) is one long sequence, cut in time: its last ``validation`` share judges the net,
    every window of ``steps`` steps of the rest is a training sequence, and each step is asked for the values or the
    symbol of the next one, or for the file's own targets; what becomes of values that it leaves out says ``missing``,
    one of ``missing.WAYS`` or ``refuse``. A generator makes fresh sequences, and a fixed set of others
    judges: ``validation`` · ``examples`` of them, 100 to 500. Raises SequenceError where there is no such data, where
    it is too short, or where the topology does not fit it.
    """
    found = _find(data)
    if isinstance(found, Path | Sample):
        whole = found.load() if isinstance(found, Sample) else _read(found, missing)
        return _of_sequence(data, found, whole, topology, steps, validation, params or {})
    task, sample = found
    if topology != task.topology:
        raise _misfit(data, (task.topology,), topology)
    return _of_task(data, task, sample, params or {}, round(validation * examples), seed)


def fitting_topologies(data: str) -> tuple[Topology, ...]:
    """The topologies in which a net can be trained on the data, the natural one first; raises as ``data_set`` does."""
    found = _find(data)
    if not isinstance(found, Path | Sample):
        return (found[0].topology,)
    return _topologies_of(found.load() if isinstance(found, Sample) else load_sequence(found))


def _find(data: str) -> Path | Sample | tuple[Task, Sample | None]:
    """A file, a sample that is one, or a task with the sample that shows it."""
    if Path(data).is_file():
        return Path(data)
    for sample in samples():
        if sample.id == data:
            return (TASKS[sample.generator], sample) if sample.generator else sample
    if data in TASKS:
        return TASKS[data], None
    if Path(data).exists():
        return Path(data)  # no file, and its reader says so; a run's folder may have the name of what it is trained on
    raise SequenceError(
        "There is no file “{data}”, nor does anything of that name come with lstmviz; expected a file or one of:"
        " {known}.",
        data=data,
        known=", ".join(dict.fromkeys([*(sample.id for sample in samples()), *TASKS])),
    )


def _misfit(name: str, fitting: tuple[Topology, ...], asked: Topology) -> SequenceError:
    return SequenceError(
        "“{name}” does not fit the topology {asked}; expected {fitting}.",
        name=name,
        asked=asked,
        fitting=", ".join(f"{topology} ({tr(TOPOLOGY_TITLES[topology])})" for topology in fitting),
    )


# generated tasks


def _of_task(
    name: str, task: Task, sample: Sample | None, given: Mapping[str, object], count: int, seed: int
) -> DataSet:
    shown: Mapping[str, object] = {} if sample is None else sample.params
    # a sample may show a longer sequence than it takes to learn from
    params = {**{key: value for key, value in shown.items() if key not in task.one}, **given}
    make = task.maker(params)
    if "strings" in task.one:
        probe = telling(make, _PROBES)
    else:
        probe = GENERATORS[task.id].make({"seed": _PROBES, **task.one, **shown, **given}).sequence
    title = tr(GENERATORS[task.id].title) if sample is None else sample.title
    return DataSet(
        name=name,
        title=title,
        topology=task.topology,
        truth=task.truth(params),
        draw=lambda n: make(((seed + 1) << _RUN_BITS) + n),
        size=None,
        validation=task.judges(params, min(max(count, _LEAST), MOST)),
        probe=replace(probe, name=title),
    )


# files


def _read(file: Path, missing: str) -> Sequence:
    return load_sequence(file) if missing == "refuse" else load_sequence(file, missing=missing)


def _topologies_of(sequence: Sequence) -> tuple[Topology, ...]:
    return ("seq2seq",) if sequence.targets is None or foretells(sequence) else ("seq2seq", "seq2vec")


def _of_sequence(
    data: str,
    found: Path | Sample,
    whole: Sequence,
    topology: Topology,
    steps: int,
    validation: float,
    params: Mapping[str, object],
) -> DataSet:
    name = data if isinstance(found, Sample) else found.name
    if params:
        raise SequenceError(
            "“{name}” is read from a file, which has no parameters; leave out {params}.",
            name=name,
            params=", ".join(params),
        )
    if topology not in _topologies_of(whole):
        raise _misfit(name, _topologies_of(whole), topology)
    asked, reach = with_targets(whole)
    border = len(whole) - round(validation * len(whole))
    _check_length(name, border, len(whole) - border, steps + reach, 1 + reach)
    # what is foretold at the last step of a part lies beyond it, so that step is left out
    training, judging = asked[: border - reach], asked[border : len(whole) - reach]
    drawn, kept = windows(training, steps, topology), judges(judging, steps, topology)
    _check_asked(name, steps, drawn, kept)
    return DataSet(
        name=data if isinstance(found, Sample) else found.stem,
        title=found.title if isinstance(found, Sample) else whole.name,
        topology=topology,
        truth=None,
        draw=drawn.at,
        size=len(drawn),
        validation=tuple(kept.at(n) for n in range(len(kept))),
        probe=asked[-_PROBE_STEPS:],
        training=training,
        starts=drawn.places if topology == "seq2seq" else None,
    )


def _check_length(name: str, training: int, judging: int, need: int, least: int) -> None:
    if training < need or judging < least:
        raise SequenceError(
            "“{name}” is too short: it has {training} steps to train on and {judging} to judge the net by, where"
            " {need} and {least} are needed; use fewer steps an example, another validation share, or a longer file.",
            name=name,
            training=training,
            judging=judging,
            need=need,
            least=least,
        )


def _check_asked(name: str, steps: int, drawn: Windows, kept: Windows) -> None:
    if not (len(drawn) and len(kept)):
        raise SequenceError(
            "“{name}” has no window of {steps} steps that is asked for anything both in the part to train on and in the"
            " part that judges the net; expected targets that are numbers.",
            name=name,
            steps=steps,
        )


def _mean_and_scale(rows: npt.NDArray[np.floating]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each column over its numbers; 0 and 1 for one without any."""
    columns = [column[np.isfinite(column)].astype(np.float64) for column in rows.T]
    return (
        tuple(float(column.mean()) if len(column) else 0.0 for column in columns),
        tuple((float(column.std()) if len(column) else 0.0) or 1.0 for column in columns),
    )
