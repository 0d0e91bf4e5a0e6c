"""Weights that a module makes anew before each use, as torch and others name what they are made of.

    weight_hh_l0_raw                                      of AWD-LSTM and fastai: the weights before some are dropped
    weight_hh_l0_g, _v                                    torch.nn.utils.weight_norm: w = g · v / ‖v‖
    parametrizations.weight_hh_l0.original0, original1    the same, of torch.nn.utils.parametrizations
    weight_hh_l0_orig, _mask                              torch.nn.utils.prune: w = orig · mask

Sources: Merity et al. (2018), Salimans & Kingma (2016), and the documentation of torch.nn.utils.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from lstmviz.nets.foreign.found import Array, Part

_WEIGHTS = r"(?:weight|bias)_(?:ih|hh|hr)(?:_l\d{1,4}(?:_reverse)?)?"
_RAW = re.compile(rf"(?P<path>(?:.*\.)?)(?P<name>{_WEIGHTS})_raw")
_MADE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"(?P<path>(?:.*\.)?)(?P<name>{_WEIGHTS})_g"), "{path}{name}_v"),
    (
        re.compile(rf"(?P<path>(?:.*\.)?)parametrizations\.(?P<name>{_WEIGHTS})\.original0"),
        "{path}parametrizations.{name}.original1",
    ),
    (re.compile(rf"(?P<path>(?:.*\.)?)(?P<name>{_WEIGHTS})_orig"), "{path}{name}_mask"),
)
"""One part of a weight, and the name of the other."""


def made_anew(parts: Mapping[str, Part]) -> dict[str, Part]:
    """The arrays, and under the plain name of each weight that is made anew, what it is outside of training."""
    found = dict(parts)
    for name, part in parts.items():
        raw = _RAW.fullmatch(name)
        if raw is not None:
            inner = f"{raw['path']}module."  # the module whose weights are dropped, beside which the raw ones are kept
            held = any(other.startswith(f"{inner}weight_ih") for other in parts)
            found[f"{inner if held else raw['path']}{raw['name']}"] = part
        for pattern, other in _MADE:
            match = pattern.fullmatch(name)
            second = None if match is None else parts.get(other.format(**match.groupdict()))
            if match is not None and second is not None and _fit(part, second):
                join: Callable[[Part, Part], Array] = _masked if other.endswith("_mask") else _scaled
                found[match["path"] + match["name"]] = Part(second.shape, partial(join, part, second), second.dtype)
    return found


def _fit(one: Part, other: Part) -> bool:
    """Whether one has a number for each place of the other, or one along whole axes of it."""
    if not one.shape:
        return True
    pairs = zip(one.shape, other.shape, strict=False)
    return len(one.shape) == len(other.shape) and all(size in (1, whole) for size, whole in pairs)


def _masked(original: Part, mask: Part) -> Array:
    return np.asarray(original.read() * mask.read())


def _scaled(length: Part, direction: Part) -> Array:
    """g · v / ‖v‖, ‖v‖ over all axes but those along which g has a number for each place."""
    g, v = length.read(), direction.read()
    over = tuple(axis for axis in range(v.ndim) if g.ndim != v.ndim or g.shape[axis] == 1)
    return np.asarray(v * (g / np.sqrt((v * v).sum(axis=over, keepdims=True))), v.dtype)
