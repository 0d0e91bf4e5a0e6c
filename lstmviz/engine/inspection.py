"""What is inside a model, a trace store, a corpus of them or a sequence, as lines of a name and a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lstmviz import language
from lstmviz.engine.run_words import inspect_run
from lstmviz.language import mark, tr
from lstmviz.nets.foreign.formats import is_model
from lstmviz.runs.folder import is_run
from lstmviz.sequences.generators.truth import Truth
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import TOPOLOGY_TITLES
from lstmviz.traces.corpus import is_corpus_store, open_corpus
from lstmviz.traces.trace import LayerInfo
from lstmviz.wire.codec import layer_from_wire
from lstmviz.wire.messages import StackData
from lstmviz.wire.model_place import split

Lines = Iterator[tuple[str, str]]

MOST_LABELS, MOST_MEMBERS = 12, 20

_VARIANTS = {
    "peepholes": mark("peepholes"),
    "layer_norm": mark("layer normalisation"),
    "gate_activation": mark("gates without σ"),
    "candidate_activation": mark("a candidate without tanh"),
    "output_activation": mark("an output without tanh"),
    "activation": mark("neither tanh nor ReLU"),
    "reset_before": mark("a reset before the weights"),
    "clip": mark("clipped z"),
    "cell_clip": mark("clipped c"),
    "initial_state": mark("a first state of its own"),
}

_RUNNERS = {"onnx": "onnxruntime", "torchscript": "torch (TorchScript)"}


def inspect_file(path: str) -> Lines:
    """What a file holds, by what it is."""
    suffix = Path(path).suffix.lower()
    if is_corpus_store(path):
        return _corpus(path)
    if is_run(path):
        return inspect_run(path)
    if suffix == ".zarr" or Path(path).is_dir() or "://" in path or path.lower().endswith(".zarr.zip"):
        return _trace(path)
    file = Path(split(path)[0])
    if is_model(file):
        return _model(path)
    from lstmviz.sequences.readers import load_sequence

    return inspect_sequence(load_sequence(path))


def _model(path: str) -> Lines:
    from lstmviz.nets.summary import summarise

    net = summarise(path)
    yield tr("model"), net.name
    yield tr("file"), net.path
    yield "SHA-256", net.sha256
    for place, stack in enumerate(net.stacks):
        yield tr("stack {n}", n=place), f"{stack.path}: {stack.origin} {_stack(stack)}"
    for layer in net.layers:
        yield tr("layer {n}", n=layer.index), _layer(layer_from_wire(layer))
    if net.variants:
        yield tr("variants"), ", ".join(tr(_VARIANTS[name]) for name in net.variants)
    yield tr("parameters"), f"{net.parameters:,}"
    if net.whole:
        yield tr("whole model"), tr("can be run by {runner}: record --whole", runner=_RUNNERS[net.whole])
    if net.layers:
        yield tr("topology"), tr(TOPOLOGY_TITLES[net.topology])
        yield tr("inputs"), str(net.inputs)
        yield tr("outputs"), f"{net.outputs} ({net.output_kind})"
    if net.vocabulary:
        yield tr("vocabulary"), _some(net.vocabulary)
    if note := net.words(language.current()):
        yield tr("note"), note


def _trace(path: str) -> Lines:
    from lstmviz.traces.store import open_trace

    trace = open_trace(path)
    yield tr("trace"), trace.name
    yield tr("steps"), str(len(trace))
    if trace.recorded.note:
        yield tr("note"), trace.recorded.note
    lane = trace.lanes[0, trace.layers[0].directions[0]]
    yield tr("kept as"), str(lane.signals["h"].dtype)
    for info in trace.layers:
        yield tr("layer {n}", n=info.index), f"{_layer(info)}: {' '.join(trace.names(info.index))}"
    if trace.handover:
        yield tr("decoder"), tr("from step {t} on", t=trace.handover)
    if trace.outputs is not None:
        yield tr("outputs"), f"{_some(trace.output_names)} ({trace.output_kind})"
    yield tr("model"), f"{trace.model.name} {trace.model.sha256[:12]}".strip()
    yield tr("recorded"), f"{trace.recorded.when} {trace.recorded.device} {trace.recorded.method}".strip()
    yield tr("versions"), ", ".join(f"{name} {version}" for name, version in trace.recorded.versions.items())
    if trace.check is not None:
        worst = tr("max |Δ| = {error:.1e}", error=trace.check.max_error)
        passed = tr("passed") if trace.check.passed else tr("failed")
        yield tr("checked"), f"{worst} {'≤' if trace.check.passed else '>'} {trace.check.tolerance:.0e}: {passed}"
    yield tr("sequence"), trace.sequence.name


def _corpus(path: str) -> Lines:
    members = open_corpus(path)
    recorded = sum(member.recorded for member in members)
    labels = Counter(member.label for member in members if member.label)
    yield tr("corpus"), str(path)
    yield tr("traces"), tr("{recorded} of {total} recorded", recorded=recorded, total=len(members))
    if labels:
        counts = [f"{label} {count}" for label, count in labels.most_common(MOST_LABELS)]
        yield tr("labels"), ", ".join(counts) + (" …" if len(labels) > MOST_LABELS else "")
    shown = members[:MOST_MEMBERS]
    names = max((len(member.name) for member in shown), default=0)
    words = max((len(member.label) for member in shown), default=0)
    for member in shown:
        state = tr("not recorded yet")
        if member.recorded:
            state = "" if member.steps is None else tr("{steps} steps", steps=member.steps)
        yield member.path.name, f"{member.name:<{names}}  {member.label:<{words}}  {state}".rstrip()
    if len(members) > len(shown):
        yield "…", tr("{count} more", count=len(members) - len(shown))


def inspect_sequence(sequence: Sequence) -> Lines:
    """What a sequence holds."""
    yield tr("sequence"), sequence.name
    yield tr("kind"), sequence.kind
    yield tr("steps"), str(len(sequence))
    yield tr("features"), f"{sequence.features}: {_some(sequence.names)}"
    if sequence.vocabulary:
        yield tr("vocabulary"), _some(sequence.vocabulary)
    else:
        yield tr("values"), f"{sequence.values.min():g} … {sequence.values.max():g}"
    if sequence.times is not None:
        yield tr("times"), f"{sequence.times[0]} … {sequence.times[-1]}"
    if sequence.targets is not None:
        yield tr("targets"), _some(sequence.target_names) or str(sequence.targets.shape[1])
    if sequence.source:
        yield tr("source"), sequence.source


def inspect_truth(truth: Truth) -> Lines:
    """What a perfect model scores on a task, and what models score that miss one thing."""
    unit = tr(truth.unit)
    yield tr("optimum"), f"{truth.optimal_loss:.4f} {unit}"
    for missing, loss in truth.baselines.items():
        yield "", f"{loss:.4f} {unit}: {tr(missing)}"
    if truth.guessable is not None:
        yield tr("guessable"), tr("{share:.2%} of the next symbols", share=truth.guessable)
    yield "", f"{tr(truth.explanation)} ({truth.source})"


def _layer(info: LayerInfo) -> str:
    text = f"{info.cell.upper()} {info.inputs} → {info.units}"
    if info.outputs != info.units:
        text += f" → {info.outputs}"
    return text if len(info.directions) == 1 else f"{text}, {' + '.join(info.directions)}"


def _stack(stack: StackData) -> str:
    """Inputs, units and what is more than one layer in one direction."""
    text = f"{stack.inputs} → {stack.units}"
    if stack.projection:
        text += f" → {stack.projection}"
    if stack.layers > 1:
        text += ", " + tr("{count} layers", count=stack.layers)
    return text if len(stack.directions) == 1 else f"{text}, {' + '.join(stack.directions)}"


def _some(words: tuple[str, ...], most: int = 40) -> str:
    shown = [word if word.isprintable() and word.strip() else repr(word) for word in words[:most]]
    return " ".join(shown) + (" …" if len(words) > most else "")
