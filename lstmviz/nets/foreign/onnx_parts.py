"""How many parts a serialised ONNX model has, told before it is parsed: an empty part of two bytes takes 200."""

from __future__ import annotations

from collections.abc import Mapping

MOST = 1_000_000
"""Parts that are parsed, in about 200 MiB; models with recurrent layers have some thousand."""

_INSIDE: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Graph": {1: "Node", 5: "Tensor", 11: "ValueInfo", 12: "ValueInfo", 13: "ValueInfo", 15: "Sparse"},
    "Function": {7: "Node", 11: "Attribute", 12: "ValueInfo"},
    "Node": {5: "Attribute"},
    "Attribute": {
        5: "Tensor",
        6: "Graph",
        10: "Tensor",
        11: "Graph",
        14: "Type",
        15: "Type",
        22: "Sparse",
        23: "Sparse",
    },
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "ValueInfo": {2: "Type"},
    "Type": {1: "TensorType", 4: "Holder", 5: "Holder", 8: "TensorType", 9: "Holder"},
    "Holder": {1: "Type", 2: "Type"},
    "TensorType": {2: "Shape"},
    "Shape": {1: "Dimension"},
    "Tensor": {},
    "Dimension": {},
}
"""The messages of onnx.proto, each with the fields that hold messages of these kinds; all other fields count as one."""


def too_many_parts(data: bytes) -> bool:
    """Whether a serialised model has more than MOST fields; what is damaged is left to the parser."""
    count = 0
    waiting = [("Model", 0, len(data))]
    while waiting:
        kind, at, end = waiting.pop()
        inside = _INSIDE[kind]
        while at < end:
            tag, at = _number(data, at, end)
            count += 1
            if count > MOST:
                return True
            wire = tag & 7
            if wire == 2:
                length, at = _number(data, at, end)
                if at + length > end:
                    break
                if tag >> 3 in inside:
                    waiting.append((inside[tag >> 3], at, at + length))
                at += length
            elif wire == 0:
                _, at = _number(data, at, end)
            elif wire in (1, 5):
                at += 8 if wire == 1 else 4
            else:
                break
    return False


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A varint and the place after it."""
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128 or shift > 56:
            break
        shift += 7
    return value, at
