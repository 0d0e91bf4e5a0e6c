"""Whatever Python raises becomes one sentence."""

from __future__ import annotations

import errno

import pytest

from lstmviz.engine.failures import as_sentence
from lstmviz.errors import SequenceError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SequenceError("“{file}” is empty.", file="a.csv"), "“a.csv” is empty."),
        (MemoryError(), "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9"), "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"), "not enough memory"),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
            "not enough memory",
        ),
        (RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer [::1]"), "Another process of this"),
        (OSError(errno.ENOSPC, "No space left on device", "/a/b.csv"), "“/a/b.csv” cannot be used: No space left"),
        (RuntimeError("{odd} braces"), "not foreseen (RuntimeError: {odd} braces). The log says more: here.log"),
        (OSError("no file"), "OSError: no file"),
    ],
)
def test_an_error_is_a_sentence(error: Exception, words: str) -> None:
    assert words in str(as_sentence(error, "here.log"))
