"""What the tests of readers share."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstmviz.sequences.readers import load_sequence
from lstmviz.sequences.sequence import Sequence


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    """read(name, data, **options) reads the data as a file."""

    def one(name: str, data: bytes, **options: object) -> Sequence:
        path = tmp_path / name
        path.write_bytes(data)
        return load_sequence(path, **options)  # type: ignore[arg-type]

    return one
