"""c(t) of all steps at once: a linear recurrence whose coefficients are known is finished in a few vector operations."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

_PLAIN = 12
"""Up to so many steps a plain loop takes no more operations than blocks do."""


def scan_(f: Tensor, u: Tensor, c0: Tensor) -> Tensor:
    """Finish c(t) = f(t) ⊗ c(t−1) + u(t) in place of u.

    The steps are cut into blocks of L. All blocks advance together from c = 0 (L operations), with the products of
    their f (L more); the blocks' ends are the same recurrence over T/L steps, finished by the same function; one last
    operation adds to every step what entered its block. f is a gate, in [0, 1]: the products can only shrink, to 0 at
    worst, and nothing is ever divided by them.

    f: (T, …), u: (T, …), c0: (…), one float type; u may be a view of any strides. Returns u, now c(1..T).
    Source: Blelloch, Prefix sums and their applications (1990), section 1.4.
    """
    length = _block(len(u))[0]
    if not length:
        return _plain(f, u, c0)
    blocks = len(u) // length
    inside = blocks * length
    u_blocks = u[:inside].unflatten(0, (blocks, length))
    products = u.new_empty((length, blocks, *u.shape[1:]))
    us = u_blocks.unbind(1)
    fs = f[:inside].unflatten(0, (blocks, length)).unbind(1)
    ps = products.unbind(0)
    ps[0].copy_(fs[0])
    for j in range(1, length):
        us[j].addcmul_(fs[j], us[j - 1])
        torch.mul(fs[j], ps[j - 1], out=ps[j])
    ends = scan_(ps[-1], us[-1].clone(), c0)
    entered = torch.cat([c0[None], ends[:-1]])
    u_blocks.addcmul_(products.transpose(0, 1), entered[:, None])
    _plain(f[inside:], u[inside:], ends[-1])
    return u


def _plain(f: Tensor, u: Tensor, c: Tensor) -> Tensor:
    for f_t, u_t in zip(f.unbind(0), u.unbind(0), strict=True):
        c = u_t.addcmul_(f_t, c)
    return u


@lru_cache(maxsize=1024)
def _block(steps: int) -> tuple[int, int]:
    """The length of block that needs the fewest operations, 0 for a plain loop, and that number of operations."""
    best = (0, steps)
    if steps <= _PLAIN:
        return best
    for length in range(2, int(2 * steps**0.5)):
        operations = 2 * length + 6 + _block(steps // length)[1] + steps % length
        if operations < best[1]:
            best = (length, operations)
    return best
