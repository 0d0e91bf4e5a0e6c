"""Makes files of Flax' own beside it, and the outputs that Flax itself computes of them.

Run in an environment of its own: pip install flax "jax[cpu]"; python make_flax.py.
"""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
from flax import linen, serialization

HERE = Path(__file__).parent
X = np.random.default_rng(2).normal(size=(1, 7, 3)).astype("f4")
CELLS = {
    "plain": linen.LSTMCell(4),
    "optimised": linen.OptimizedLSTMCell(4),
    "gated": linen.GRUCell(4),
    "simple": linen.SimpleCell(4),
}


class Model(linen.Module):
    """One layer of each cell, all of which read the same input."""

    @linen.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        return {name: linen.RNN(cell.clone(name=f"{name}_cell"), name=name)(x) for name, cell in CELLS.items()}


def main() -> None:
    model = Model()
    params = model.init(jax.random.key(0), X)
    rng = np.random.default_rng(1)
    params = jax.tree.map(lambda each: (0.6 * rng.normal(size=each.shape)).astype("f4"), params)
    (HERE / "flax.msgpack").write_bytes(serialization.to_bytes(params))
    said = {name: np.asarray(each) for name, each in model.apply(params, X).items()}
    np.savez_compressed(HERE / "flax.npz", x=X, **said)


if __name__ == "__main__":
    main()
