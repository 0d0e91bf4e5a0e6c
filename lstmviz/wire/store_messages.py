"""What is said on the wire of traces that are too large for it: where their store lies, instead of their numbers."""

from __future__ import annotations

import msgspec


class StoreOpened(msgspec.Struct, frozen=True, tag=True):
    """A trace that is read where it lies: the store's path on the engine's computer, and what it takes there.

    size: bytes of all its files; frames: how many steps are complete.
    """

    path: str
    size: int
    frames: int
