"""The four topologies of the lecture: what a net reads and what it is asked."""

from __future__ import annotations

from typing import Literal

from lstmviz.language import mark

Topology = Literal["seq2seq", "seq2vec", "vec2seq", "enc2dec"]
"""sequence→sequence, sequence→vector, vector→sequence (the same x at every step), encoder→decoder."""

TOPOLOGY_TITLES: dict[Topology, str] = {
    "seq2seq": mark("sequence → sequence"),
    "seq2vec": mark("sequence → vector"),
    "vec2seq": mark("vector → sequence"),
    "enc2dec": mark("encoder → decoder"),
}
"""Their names for a person (English, translated where shown)."""

START, STOP = "⟨start⟩", "⟨stop⟩"
"""The symbol that a decoder reads first, where the encoder hands over, and the one that it says last."""
