"""Many floats as text at once: each the shortest that gives the same float back, in cells of one width.

A decimal of few digits is m / 10^p with both exact in float64, and the division rounds once: so the shortest text that
rounds to a float is found by trying 9, 8, 7 and 6 digits (5, 4 and 3 of float16), for all numbers together. Of still
shorter ones the last of these digits are zeros, which are left out: 6 (3) digits always survive the way to the float
and back. What does not fit in there (very small and very large numbers, NaN) is left to numpy, one by one.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DIGITS = {"float16": (3, 5), "float32": (6, 9)}
"""How many digits every float of a dtype keeps, and how many tell any two apart."""
_LEAST = 1e-13
"""From here on 10^p is exact for every p that is needed."""
_SCIENTIFIC = -4
"""Below 10^this a number is written with an exponent."""
_FRACTION_DIGITS = 12
_LONGEST = 28
"""Of a delimiter and any float64, ,-2.2250738585072014e-308, filled up to words."""
_POWERS: Floats = np.array([float(f"1e{n}") for n in range(23)])
_TENS = np.array([float(f"1e{n}") for n in range(-14, 10)])
# the decimal exponent of 2^(n − 127), which is that of every float of this binary exponent or one less
_DECIMAL = np.floor(np.log10(2.0) * (np.arange(256) - 127)).astype(np.int64)


def _words(texts: list[bytes]) -> npt.NDArray[np.uint32]:
    """Texts of at most four characters, each as one word; zero bytes fill it up."""
    return np.frombuffer(np.array(texts, "S4").tobytes(), np.uint32).copy()


_ALL = [b"%04d" % n for n in range(10_000)]
_BEHIND = _words([*_ALL, *(text.rstrip(b"0") for text in _ALL)])
"""Four digits; from 10,000 on without the zeros at the end."""
_BEFORE = _words([*_ALL, *(text.lstrip(b"0") for text in _ALL)])
"""Four digits; from 10,000 on without the zeros at the beginning."""
_TENTHS, _ONES = _BEHIND.copy(), _BEFORE.copy()
_TENTHS[10_000] = _ONES[10_000] = _words([b"0"])[0]
_EXPONENT = _words([b"", *(b"e-%02d" % n for n in range(1, 15))])


def cells(values: npt.NDArray[np.floating], delimiter: str) -> Bytes:
    """The texts of n values as (n, width): the delimiter, the number, and zero bytes here and there, to be left out.

    The value of a text is the decimal of fewest digits that rounds to the float, and of those the nearest.
    """
    flat = values.ravel()
    if flat.dtype.name in _DIGITS:
        return _short(flat, delimiter.encode())
    return _long(flat.astype(np.float64, copy=False), delimiter.encode())


def _short(flat: npt.NDArray[Any], delimiter: bytes) -> Bytes:
    """cells of float16 or float32."""
    low, high = _DIGITS[flat.dtype.name]
    single = flat.astype(np.float32, copy=False)
    size = np.abs(single)
    zero = single == 0
    inside = (size >= max(_LEAST, float(np.finfo(flat.dtype).smallest_normal))) & (size < 10**low)
    exact = np.where(inside, size, np.float32(1)).astype(np.float64)
    digits, places, exponent, few = _shortest(exact, flat.dtype, low, high)
    digits[zero] = 0
    scientific = exponent < _SCIENTIFIC
    places += np.where(scientific, exponent, 0)
    exponent = np.where(scientific, -exponent, 0)
    found = _layout(np.signbit(single), digits, places, exponent, delimiter)
    # a power of two has less room below than above, where a text can be the shortest and not the nearest of its length
    uneven = (exact.view(np.int64) & ((1 << 52) - 1) == 0) & ~few
    odd = np.flatnonzero(~(inside | zero) | uneven)
    _overwrite(found, odd, [str(value).encode() for value in flat[odd]], delimiter)
    return found


def _shortest(
    exact: Floats, dtype: np.dtype[Any], low: int, high: int
) -> tuple[Floats, Integers, Integers, npt.NDArray[np.bool_]]:
    """m and p of the shortest m / 10^p that rounds to each number; its decimal exponent; whether low digits do."""
    wanted = exact.astype(dtype)
    exponent = _DECIMAL[(exact.view(np.int64) >> 52) - (1023 - 127)]
    exponent = exponent + (exact >= _TENS[exponent + 15])
    places = high - 1 - exponent
    digits = np.rint(exact * _POWERS[places])
    fits = np.zeros(len(exact), np.bool_)
    for count in range(high - 1, low - 1, -1):
        fewer = count - 1 - exponent
        scale = _POWERS[fewer]
        tried = np.rint(exact * scale)
        fits = (tried / scale).astype(dtype) == wanted
        digits = np.where(fits, tried, digits)
        places = np.where(fits, fewer, places)
    exponent += digits >= _POWERS[places + exponent + 1]  # 9.9999997e-06 became 1e-05
    return digits, places, exponent, fits


def _layout(
    negative: npt.NDArray[np.bool_],
    digits: Floats,
    places: Integers,
    exponent: Integers,
    delimiter: bytes,
) -> Bytes:
    """The words of m / 10^p: delimiter, sign and whole part, the point, 12 digits, the exponent."""
    scale: Floats = _POWERS[places]
    whole = np.floor(digits / scale)
    rest = (digits - whole * scale) * _POWERS[_FRACTION_DIGITS - places]
    first = np.floor(rest / 1e8)
    rest -= first * 1e8
    second = np.floor(rest / 1e4)
    third = rest - second * 1e4
    ends = third == 0
    before = _before(negative, whole, delimiter)
    words = np.empty((len(digits), len(before) + 4), np.uint32)
    for place, column in enumerate(before):
        words[:, place] = column
    words[:, -4] = _TENTHS[(first + 10_000 * (ends & (second == 0))).astype(np.intp)]
    words[:, -3] = _BEHIND[(second + 10_000 * ends).astype(np.intp)]
    words[:, -2] = _BEHIND[(third + 10_000).astype(np.intp)]
    words[:, -1] = _EXPONENT[exponent]
    return words.view(np.uint8)


def _before(negative: npt.NDArray[np.bool_], whole: Floats, delimiter: bytes) -> list[npt.NDArray[np.uint32]]:
    """The words before the point and the point: one where every number is less than ten."""
    if whole.max(initial=0) < 10:
        texts = [delimiter + sign + b"%d." % n for sign in (b"", b"-") for n in range(10)]
        return [_words(texts)[(whole + 10 * negative).astype(np.intp)]]
    signs = _words([delimiter, delimiter + b"-"])[negative.astype(np.intp)]
    high = np.floor(whole / 1e4)
    low = whole - high * 1e4
    point = np.full(len(whole), _words([b"."])[0])
    return [
        signs,
        _BEFORE[(high + 10_000).astype(np.intp)],
        _ONES[(low + 10_000 * (high == 0)).astype(np.intp)],
        point,
    ]


def _long(flat: Floats, delimiter: bytes) -> Bytes:
    """cells of float64, whose shortest text takes all the precision there is."""
    found = np.zeros((len(flat), _LONGEST), np.uint8)
    finite = np.isfinite(flat)
    texts = msgspec.json.encode(np.where(finite, flat, 0.0).tolist())[1:-1].split(b",")
    _overwrite(found, np.arange(len(flat)), texts, delimiter)
    odd = np.flatnonzero(~finite)
    _overwrite(found, odd, [str(value).encode() for value in flat[odd]], delimiter)
    return found


def _overwrite(found: Bytes, rows: npt.NDArray[np.intp], texts: list[bytes], delimiter: bytes) -> None:
    """Put other texts into some of the cells."""
    if len(rows):
        width = found.shape[1] - len(delimiter)
        found[rows, : len(delimiter)] = np.frombuffer(delimiter, np.uint8)
        found[rows, len(delimiter) :] = np.array(texts, f"S{width}").view(np.uint8).reshape(len(rows), width)
