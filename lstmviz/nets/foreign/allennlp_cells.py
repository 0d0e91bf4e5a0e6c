"""Cells of AllenNLP's own: two linear maps with all gates in the rows, in the order i f g o, as its encoders have them.

    input_linearity     (4H, F), with or without a bias      state_linearity   (4H, H or P), with a bias
    state_projection    (P, H), of the cells of ELMo

Source: allennlp.modules, LstmCellWithProjection and AugmentedLstm, as documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.torch_names import as_weights, inputs_named
from lstmviz.nets.spec import Look, NetSpec, check_spec

ELMO_CLIP = 3.0
CLIPPED = mark(
    "The file does not tell how ELMo clips this layer; taken is its own choice, c within ±3, and h as it is."
)
_X, _H, _P = "input_linearity.weight", "state_linearity.weight", "state_projection.weight"


def find_cells(parts: Mapping[str, Part], file: str) -> Iterator[Found]:
    """Every such cell, none joined; those with highways, whose rows are six, are no LSTM of four gates and left out."""
    for name, w_x in parts.items():
        path = name.removesuffix(_X).rstrip(".")
        before = f"{path}." if path else ""
        w_h = parts.get(before + _H)
        if name != before + _X or w_h is None or len(w_x.shape) != 2 or len(w_h.shape) != 2:
            continue
        projection = parts.get(before + _P)
        hidden = w_h.shape[1] if projection is None else projection.shape[-1]
        if w_x.shape[0] == w_h.shape[0] == 4 * hidden:
            yield _found(path, before, parts, hidden, file)


def _found(path: str, before: str, parts: Mapping[str, Part], hidden: int, file: str) -> Found:
    arrays = {
        "weight_ih": _read(parts, before + _X, file),
        "weight_hh": _read(parts, before + _H, file),
        "bias_ih": _read(parts, before + "input_linearity.bias", file, 4 * hidden),
        "bias_hh": _read(parts, before + "state_linearity.bias", file, 4 * hidden),
    }
    projected = before + _P in parts
    if projected:
        arrays["weight_hr"] = _read(parts, before + _P, file)
    width, said = arrays["weight_ih"].shape[1], arrays["weight_hh"].shape[1]
    fits = {"weight_hr": (said, hidden), "bias_ih": (4 * hidden,), "bias_hh": (4 * hidden,)}
    for name, shape in fits.items():
        if name in arrays and arrays[name].shape != shape:
            raise ModelError(
                "“{file}”: the weights “{name}” of “{path}” have shape {found}; the others expect {expected}.",
                file=file,
                name=name,
                path=path,
                found=arrays[name].shape,
                expected=shape,
            )
    reverse = path.rpartition(".")[2].startswith("backward")
    spec = NetSpec(
        name=path or "lstm",
        input=inputs_named(width),
        hidden=hidden,
        projection=said if projected else 0,
        cell_clip=ELMO_CLIP if projected else 0.0,
        reverse=reverse,
        look=Look(direction="reverse" if reverse else "forward"),
    )
    kind = np.result_type(*arrays.values())
    tensors = {
        f"recurrent.{name}_l0{'_reverse' if reverse else ''}": np.ascontiguousarray(array, kind)
        for name, array in arrays.items()
    }
    notes = (CLIPPED,) if projected else ()
    return Found(path or "lstm", "AllenNLP LSTM", check_spec(spec, file), tensors, notes, aside=True)


def _read(parts: Mapping[str, Part], name: str, file: str, zeros: int = 0) -> Array:
    """One array, zeros where there is none."""
    return as_weights(parts[name].read(), name, file) if name in parts else np.zeros(zeros, np.float32)
