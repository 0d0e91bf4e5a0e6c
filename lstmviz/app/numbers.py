"""Numbers for reading. No Qt."""

from __future__ import annotations

import math

from lstmviz.language import tr

_BYTES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def number(value: float, digits: int = 2) -> str:
    """A number with fixed digits and a true minus sign; an exponent only where it is too large for a gutter."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "NaN"
    if abs(value) >= 10**5:
        return f"{value:.{digits}e}".replace("-", "−")
    text = f"{value:.{digits}f}"
    return text[1:] if float(text) == 0 and text[0] == "-" else text.replace("-", "−")


def limit(value: float) -> str:
    """An end of a colour or value range, as short as three digits allow."""
    text = f"{value + 0.0:.3g}"  # adding zero takes the sign of a negative one
    return (f"{value:.0f}" if "e+0" in text and abs(value) < 10**5 else text).replace("-", "−")


def grouped(value: int) -> str:
    """A whole number with a narrow space between thousands."""
    return f"{value:,}".replace(",", "\u202f").replace("-", "−")


def about(value: float) -> str:
    """About how many, in at most three digits below a thousand and never with an exponent."""
    return f"{value:.3g}" if value < 100 else grouped(round(value))


def data_size(size: int) -> str:
    """A number of bytes in three digits: 24.6 GB."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_BYTES) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {_BYTES[unit]}"


def duration(seconds: float) -> str:
    """A time to wait: 40 s, 3 min, 2 h 10 min."""
    if seconds < 60:
        return tr("{seconds:.0f} s", seconds=math.ceil(seconds))
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return tr("{minutes} min", minutes=minutes)
    return tr("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def signed(value: float, digits: int = 2) -> str:
    """A number that always says its sign."""
    text = number(value, digits)
    return text if text.startswith("−") else f"+{text}"


def rounded_up(value: float) -> float:
    """A positive number rounded up to two digits, so that a scale's limit can be read and still holds all; 0 for 0."""
    if not value > 0 or not math.isfinite(value):
        return 0.0
    digit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return max(value, float(f"{math.ceil(value / digit * (1 - 1e-9)) * digit:.3g}"))
