"""A sentence for a person from whatever Python raised."""

from __future__ import annotations

from lstmviz.errors import EngineError, LstmvizError

_OUT_OF_MEMORY = ("allocate memory", "out of memory", "STATUS_ALLOC_FAILED")
"""How torch says so, in a RuntimeError; the last one where cuBLAS or cuDNN finds no room for its own."""

_PEER_GONE = ("Connection closed by peer", "Connection reset by peer", "remote process exited")
"""How gloo and nccl say that one of the processes is there no more, in a RuntimeError."""


def as_sentence(error: BaseException, log: str) -> LstmvizError:
    """The error as a sentence; one that was not foreseen is named with the log that has its traceback."""
    if isinstance(error, LstmvizError):
        return error
    if is_memory_error(error):
        return EngineError("There is not enough memory for this. Close other traces or use a shorter sequence.")
    if isinstance(error, RuntimeError) and any(words in str(error) for words in _PEER_GONE):
        return EngineError("Another process of this training ended, and so does this one; its own sentence says why.")
    if isinstance(error, OSError) and error.filename is not None:
        return EngineError(
            "“{file}” cannot be used: {reason}.", file=str(error.filename), reason=error.strerror or str(error)
        )
    return EngineError(
        "Something failed in a way that was not foreseen ({reason}). The log says more: {log}",
        reason=f"{type(error).__name__}: {error}",
        log=log,
    )


def is_memory_error(error: BaseException) -> bool:
    """Whether memory ran out."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)
    )
