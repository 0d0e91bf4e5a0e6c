"""What a model file holds, told without building the net."""

from __future__ import annotations

import math
from pathlib import Path

from lstmviz.nets.reader import read_net_file
from lstmviz.nets.spec import OneHotInput, ProbabilityOutput, expected_shapes
from lstmviz.wire.messages import LayerData, NetSummary


def summarise(path: str | Path) -> NetSummary:
    """The summary of a net's files, its hash checked; raises ModelError as ``load_model`` does."""
    spec = read_net_file(path).spec
    layers = tuple(
        LayerData(
            index=layer,
            path=f"recurrent.{layer}",
            cell=spec.cell,
            inputs=spec.layer_inputs(layer),
            units=spec.hidden,
            outputs=spec.layer_outputs,
            directions=spec.directions,
        )
        for layer in range(spec.layers)
    )
    kind = "none" if spec.output is None else "probability" if isinstance(spec.output, ProbabilityOutput) else "value"
    return NetSummary(
        path=str(path),
        name=spec.name,
        sha256=spec.sha256,
        layers=layers,
        parameters=sum(math.prod(shape) for shape in expected_shapes(spec).values()),
        inputs=spec.input.width,
        outputs=0 if spec.output is None else len(spec.output.names),
        output_kind=kind,
        note=spec.note,
        vocabulary=spec.input.vocabulary if isinstance(spec.input, OneHotInput) else (),
        topology=spec.topology,
        variants=tuple(name for name in ("peepholes", "layer_norm") if getattr(spec, name)),
    )
