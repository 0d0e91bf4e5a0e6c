"""Frames on a pipe: 8 bytes of length, little-endian, then one message as MessagePack."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from lstmviz.errors import EngineError

Message = TypeVar("Message")
LENGTH = 8
MAX_FRAME = 64 << 20
"""Bytes that one message may have; arrays travel in far smaller parts."""

_encoder = msgspec.msgpack.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    """One message as a frame; raises EngineError for a message over MAX_FRAME."""
    frame = bytearray(LENGTH)
    _encoder.encode_into(message, frame, LENGTH)
    _check_length(len(frame) - LENGTH)
    frame[:LENGTH] = (len(frame) - LENGTH).to_bytes(LENGTH, "little")
    return bytes(frame)


class FrameReader(Generic[Message]):
    """Cuts a stream of bytes into messages of one (union) type, however the bytes arrive."""

    def __init__(self, kind: Any) -> None:  # a union of structs is no type[…]
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completes; raises EngineError for what is no frame of ours, or too long a one.

        After an error the stream has lost its place: drop the reader and its pipe.
        """
        self._buffer += data
        messages: list[Message] = []
        start = 0
        with memoryview(self._buffer) as view:
            while len(view) - start >= LENGTH:
                length = int.from_bytes(view[start : start + LENGTH], "little")
                _check_length(length)
                stop = start + LENGTH + length
                if stop > len(view):
                    break
                messages.append(self._decode(view[start + LENGTH : stop]))
                start = stop
        del self._buffer[:start]
        return messages

    def _decode(self, body: memoryview) -> Message:
        try:
            with body:
                return self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EngineError(
                "A message between window and engine cannot be read ({reason}); both must be of the same version.",
                reason=str(error),
            ) from error


def _check_length(length: int) -> None:
    if length > MAX_FRAME:
        raise EngineError(
            "A message between window and engine has {size} bytes; expected at most {limit}. Use a shorter sequence.",
            size=length,
            limit=MAX_FRAME,
        )
