"""NAME.nam of Neural Amp Modeler, a capture of an amplifier: JSON whose numbers all lie in one list.

For each layer of an LSTM: [W_x W_h] by rows (4H, F + H) in the order i f g o, the bias (4H), the first h and c (H).
After the layers come the weights of a linear read-out.

Source: nam.models.recurrent.LSTM of neural-amp-modeler, as documented.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Array, Found
from lstmviz.nets.foreign.torch_names import inputs_named
from lstmviz.nets.spec import NetSpec, check_spec


def read_capture(content: dict[str, Any], file: str) -> tuple[Found, ...]:
    """The stack of a capture; none where it is of another architecture. Raises ModelError where it is damaged."""
    if content["architecture"] != "LSTM":
        return ()
    config = content.get("config")
    told = config if isinstance(config, dict) else {}
    width, hidden, layers = (told.get(name) for name in ("input_size", "hidden_size", "num_layers"))
    flat = _numbers(content.get("weights"))
    sizes = [size for size in (width, hidden, layers) if isinstance(size, int) and 0 < size <= 1 << 16]
    if len(sizes) != 3 or flat is None or sizes[2] > 256:
        raise ModelError("“{file}” lacks the sizes or the weights of its LSTM; save the capture again.", file=file)
    width, hidden, layers = sizes
    each = [4 * hidden * (inputs + hidden + 1) + 2 * hidden for inputs in (width, *[hidden] * (layers - 1))]
    if len(flat) < sum(each):
        raise ModelError(
            "“{file}” has {found} weights; its LSTM of {layers} layers of {hidden} units takes {expected}.",
            file=file,
            found=len(flat),
            layers=layers,
            hidden=hidden,
            expected=sum(each),
        )
    tensors: dict[str, Array] = {}
    first: list[Array] = []
    for layer, numbers in enumerate(np.split(flat, np.cumsum(each))[:layers]):
        matrix, bias, states = np.split(numbers, np.cumsum([len(numbers) - 6 * hidden, 4 * hidden]))
        rows = matrix.reshape(4 * hidden, -1)
        tensors[f"recurrent.weight_ih_l{layer}"] = np.ascontiguousarray(rows[:, :-hidden])
        tensors[f"recurrent.weight_hh_l{layer}"] = np.ascontiguousarray(rows[:, -hidden:])
        tensors[f"recurrent.bias_ih_l{layer}"] = bias
        tensors[f"recurrent.bias_hh_l{layer}"] = np.zeros_like(bias)
        first.append(states.reshape(2, hidden))
    begins = np.stack(first, axis=1)  # h and c (2, L, H)
    if begins.any():
        tensors |= {"initial_h": begins[0], "initial_c": begins[1]}
    spec = NetSpec(
        name="lstm", input=inputs_named(width), hidden=hidden, layers=layers, initial_state=bool(begins.any())
    )
    return (Found("lstm", "NAM LSTM", check_spec(spec, file), tensors),)


def _numbers(value: Any) -> Array | None:
    try:
        array = np.asarray(value)
    except (ValueError, RecursionError):
        return None
    if array.ndim != 1 or array.dtype.kind not in "if":
        return None
    with np.errstate(over="ignore"):
        return array.astype(np.float32)
