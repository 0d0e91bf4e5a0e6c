"""Numbers as text: numpy, which writes one at a time, is the oracle."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmviz.traces.number_text import cells

SOME = settings(deadline=None, max_examples=30)


def texts(values: np.ndarray, delimiter: str = ",") -> list[str]:
    found = [row.tobytes().replace(b"\0", b"").decode() for row in cells(values, delimiter)]
    assert all(text.startswith(delimiter) for text in found)
    return [text.removeprefix(delimiter) for text in found]


def assert_as_numpy_writes_them(values: np.ndarray) -> None:
    for value, text in zip(values, texts(values), strict=True):
        expected = str(value)
        assert Decimal(text) == Decimal(expected) if np.isfinite(value) else text == expected
        assert np.isnan(value) or values.dtype.type(text).tobytes() == value.tobytes()


def near_the_edges(dtype: type) -> np.ndarray:
    """Powers of two and ten, what is next to them, and short decimals."""
    with np.errstate(over="ignore", under="ignore"):
        rounds = [
            float(f"{digits}e{n}") for n in range(-16, 12) for digits in (1, 1.000001, 2, 5, 9.5, 9.9999, 9.9999999)
        ]
        powers = np.concatenate([2.0 ** np.arange(-149, 127), rounds]).astype(dtype)
        low, high = dtype(0), dtype(np.inf)
        return np.concatenate([powers, -powers, np.nextafter(powers, low), np.nextafter(powers, high)])


def test_every_float16_is_written_as_numpy_does() -> None:
    assert_as_numpy_writes_them(np.arange(1 << 16, dtype=np.uint16).view(np.float16))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_where_digits_or_exponents_change_are_written_as_numpy_does(dtype: type) -> None:
    assert_as_numpy_writes_them(near_the_edges(dtype))


@SOME
@given(values=st.sampled_from(["f4", "f8"]).flatmap(lambda dtype: arrays(dtype, st.integers(1, 60))))
def test_any_numbers_side_by_side_are_written_as_numpy_does(values: np.ndarray) -> None:
    assert_as_numpy_writes_them(values)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 30.0, 1e5])
def test_gates_and_states_are_written_as_numpy_does(scale: float) -> None:
    assert_as_numpy_writes_them((np.random.default_rng(0).normal(size=4000) * scale).astype(np.float32))


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_every_number_stands_behind_the_delimiter(delimiter: str) -> None:
    for dtype in (np.float16, np.float32, np.float64):
        values = np.array([0, -0.0, 1.5, -12, 1e-7, np.nan, np.inf, -np.inf], dtype)
        assert texts(values, delimiter)[:4] == ["0.0", "-0.0", "1.5", "-12.0"]
        assert texts(values, delimiter)[5:] == ["nan", "inf", "-inf"]
    assert cells(np.empty((0, 3), np.float32), ",").shape[0] == 0
