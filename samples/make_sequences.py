"""Make the sequences of samples/sequences again: the sound, the picture and, from a statsmodels wheel, the figures.

    python samples/make_sequences.py                       the generated files
    python samples/make_sequences.py --wheel FILE.whl      the two tables of real figures too

The wheel comes from ``pip download --no-deps statsmodels``; both of its data sets used here are in the public domain.
The two texts were written by hand for lstmviz and are not made here; a sample with a generator has no file.
"""

from __future__ import annotations

import argparse
import csv
import io
import wave
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).resolve().parent / "sequences"
RATE = 8000
SIDE = 28

Doubles = npt.NDArray[np.float64]


def sound() -> npt.NDArray[np.int16]:
    """Half a second at 8 kHz: a chirp from 200 to 1,200 Hz, silence, four bursts of two tones."""
    seconds = np.arange(RATE // 5) / RATE
    sweep = np.sin(2 * np.pi * (200 * seconds + (1200 - 200) / (2 * 0.2) * seconds**2)) * _fade(len(seconds))
    burst_time = np.arange(RATE // 40) / RATE
    burst = (np.sin(2 * np.pi * 440 * burst_time) + np.sin(2 * np.pi * 660 * burst_time)) / 2 * _fade(len(burst_time))
    pause = np.zeros(RATE // 40)
    signal = np.concatenate([sweep, np.zeros(RATE // 10), *[burst, pause] * 4])
    return np.round(signal * 0.8 * 32767).astype(np.int16)


def _fade(samples: int) -> Doubles:
    """1 with 10 ms of rise and fall, so that nothing clicks."""
    ramp = np.arange(samples) / (RATE / 100)
    return np.minimum(1, np.minimum(ramp, ramp[::-1]))


def picture() -> npt.NDArray[np.uint8]:
    """A hand-like figure five, white on black: the grey falls with the distance from its strokes."""
    angles = np.linspace(-0.75 * np.pi, 0.75 * np.pi, 80)
    bowl = np.stack([12.5 + 6.2 * np.cos(angles), 17.0 + 5.4 * np.sin(angles)], axis=1)
    strokes = np.concatenate([_line((19.5, 5.5), (9.5, 5.5)), _line((9.5, 5.5), (8.8, 13.0)), bowl])
    columns, rows = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2)
    distance = np.sqrt(((pixels - strokes) ** 2).sum(axis=-1)).min(axis=1)
    return np.round(255 * np.clip(2.2 - distance, 0, 1)).astype(np.uint8).reshape(SIDE, SIDE)


def _line(start: tuple[float, float], end: tuple[float, float]) -> Doubles:
    return np.linspace(start, end, 40)


def sunspots(wheel: Path) -> str:
    """Yearly sunspot numbers, 1700–2008, as ``year,sunspots``."""
    rows = _rows_of(wheel, "sunspots")
    return _table(["year", "sunspots"], [[row["YEAR"], row["SUNACTIVITY"]] for row in rows])


def macro(wheel: Path) -> str:
    """US macroeconomic figures by quarter, 1959–2009; a quarter is dated by its first day."""
    names = ["realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "tbilrate", "unemp", "infl"]
    rows = _rows_of(wheel, "macrodata")
    dates = [f"{int(row['year'])}-{3 * int(row['quarter']) - 2:02}-01" for row in rows]
    return _table(
        ["date", *names], [[date, *(row[name] for name in names)] for date, row in zip(dates, rows, strict=True)]
    )


def _rows_of(wheel: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"statsmodels/datasets/{name}/{name}.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


def _table(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def main() -> None:
    """Write the files."""
    from PIL import Image

    parser = argparse.ArgumentParser(description="Make samples/sequences again.")
    parser.add_argument("--wheel", type=Path, help="a wheel of statsmodels, for the real figures")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    arguments = parser.parse_args()
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / "tones.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(sound().astype("<i2").tobytes())
    Image.fromarray(picture()).save(folder / "five.png")
    if arguments.wheel:
        (folder / "sunspots.csv").write_text(sunspots(arguments.wheel), encoding="utf-8", newline="\n")
        (folder / "macro.csv").write_text(macro(arguments.wheel), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
