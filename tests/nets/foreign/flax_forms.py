"""Parameters as flax.serialization.to_bytes writes them, made with msgspec."""

from __future__ import annotations

import msgspec
import numpy as np

RNG = np.random.default_rng(4)


def dense(inputs: int, units: int = 4, bias: bool = False) -> dict[str, np.ndarray]:
    result = {"kernel": RNG.normal(size=(inputs, units)).astype("f4")}
    return result | ({"bias": RNG.normal(size=units).astype("f4")} if bias else {})


def lstm_cell() -> dict[str, dict[str, np.ndarray]]:
    """In alphabetical order, as Flax sorts them."""
    names = sorted(side + gate for side in "ih" for gate in "ifgo")
    return {name: dense(3) if name[0] == "i" else dense(4, bias=True) for name in names}


def to_bytes(tree, dtype="float32"):
    """What flax.serialization.to_bytes writes."""

    def hook(array):
        data = array.astype("<f4")
        content = data.tobytes() if dtype == "float32" else (data.view("<u4") >> 16).astype("<u2").tobytes()
        return msgspec.msgpack.Ext(1, msgspec.msgpack.encode((array.shape, dtype, content)))

    return msgspec.msgpack.encode(tree, enc_hook=hook)
