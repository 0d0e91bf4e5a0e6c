"""Blocks of gates in any order, brought into torch's."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lstmviz.nets.foreign.found import Array

Cell = Literal["lstm", "gru", "rnn"]
TORCH_ORDER: dict[Cell, str] = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}
"""The letters of the gates in torch's order: r is the reset gate, z the share of h(t−1) that is kept."""
KERAS_ORDER: dict[Cell, str] = {"lstm": "ifgo", "gru": "zrn", "rnn": "h"}


def in_torch_order(rows: Array, cell: Cell, order: str) -> Array:
    """(G·H, …) with blocks of H rows in ``order``, as they stand in torch's; order has each letter once."""
    blocks = np.split(rows, len(order))
    return np.concatenate([blocks[order.index(letter)] for letter in TORCH_ORDER[cell]])
