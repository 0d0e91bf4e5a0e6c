"""The four topologies of the lecture: what a net reads and what it is asked."""

from __future__ import annotations

from typing import Literal

Topology = Literal["seq2seq", "seq2vec", "vec2seq", "enc2dec"]
"""sequence→sequence, sequence→vector, vector→sequence (the same x at every step), encoder→decoder."""

START, STOP = "⟨start⟩", "⟨stop⟩"
"""The symbol that a decoder reads first, where the encoder hands over, and the one that it says last."""
