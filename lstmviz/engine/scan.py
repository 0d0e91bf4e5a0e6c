"""c(t) of all steps at once: a linear recurrence with known coefficients, finished in a few vector operations."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lstmviz.cells.weights import Array

_PLAIN = 12
"""Up to so many steps a plain loop takes no more operations than blocks do."""


def scan(f: Array, u: Array, c0: Array) -> Array:
    """c(t) = f(t) ⊗ c(t−1) + u(t) for all t.

    The steps are cut into blocks of L. All blocks advance together, each from c = 0, and beside them the products of
    their f (3 L operations); the blocks' ends are the same recurrence over T/L steps, finished by the same function;
    at last what entered each block is added to its steps. f is a gate, in [0, 1]: products can only shrink, to 0 at
    worst, and nothing is divided by them.

    f: (T, N), u: (T, N), c0: (N,), one float type, any strides. Returns a new (T, N). In numpy, which calls a small
    operation in a third of the time that torch needs.
    Source: Blelloch, Prefix sums and their applications (1990), section 1.4.
    """
    steps, width = u.shape
    c = np.empty((steps, width), u.dtype)
    length = _plan(steps)[0]
    if not length:
        return _plain(f, u, c0, c)
    blocks = steps // length
    inside, shape = blocks * length, (blocks, length, width)
    # step j of all blocks lies together, so that each operation runs over one piece of memory
    f_at = np.ascontiguousarray(f[:inside].reshape(shape).swapaxes(0, 1))
    c_at = np.ascontiguousarray(u[:inside].reshape(shape).swapaxes(0, 1))
    products = np.empty_like(f_at)
    products[0] = f_at[0]
    carried = np.empty_like(f_at[0])
    for j in range(1, length):
        f_j, c_j = f_at[j], c_at[j]
        np.multiply(f_j, c_at[j - 1], carried)
        np.add(c_j, carried, c_j)
        np.multiply(f_j, products[j - 1], products[j])
    ends = scan(products[-1], c_at[-1], c0)
    entered = np.concatenate([c0[None], ends[:-1]])
    np.multiply(products, entered, products)
    np.add(c_at, products, c[:inside].reshape(shape).swapaxes(0, 1))
    if inside < steps:
        _plain(f[inside:], u[inside:], ends[-1], c[inside:])
    return c


def _plain(f: Array, u: Array, before: Array, c: Array) -> Array:
    for f_t, u_t, c_t in zip(f, u, c, strict=True):
        np.multiply(f_t, before, c_t)
        np.add(c_t, u_t, c_t)
        before = c_t
    return c


@lru_cache(maxsize=1024)
def _plan(steps: int) -> tuple[int, int]:
    """The length of block that needs the fewest operations, 0 for a plain loop, and that number of operations."""
    best = (0, 2 * steps)
    if steps <= _PLAIN:
        return best
    for length in range(2, int(2 * steps**0.5)):
        operations = 3 * length + 30 + _plan(steps // length)[1] + 2 * (steps % length)
        if operations < best[1]:
            best = (length, operations)
    return best
