"""The strips show what each topology reads and is asked: a whole picture, one target at the end, silence at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtGui import QColor, QImage

from lstmviz.app.curve_map import Curve, draw
from lstmviz.app.strip_data import guesses, whole_picture
from lstmviz.app.symbol_row import visible
from lstmviz.sequences.samples import sample
from lstmviz.sequences.topology import START, STOP
from lstmviz.traces.trace import Trace


def inked(values: list[float]) -> np.ndarray:
    """Where a drawn curve leaves ink, (rows, columns)."""
    curve = Curve(np.array(values, np.float32), 0, QColor("#000000"))
    picture = draw([curve], (0, len(values)), 0.0, 1.0, (100, 50), 1.0).toImage()
    alpha = picture.convertToFormat(QImage.Format.Format_Alpha8)
    return np.frombuffer(alpha.constBits(), np.uint8).reshape(50, -1)[:, :100] > 128


def test_a_picture_that_is_read_whole_at_every_step_is_found_and_one_that_is_read_row_by_row_is_not() -> None:
    values = sample("digit-names").load().values
    picture = whole_picture(values)
    assert picture is not None
    np.testing.assert_array_equal(picture, values[0].reshape(8, 8))
    assert whole_picture(sample("five").load().values) is None
    assert whole_picture(np.ones((5, 60), np.float32)) is None
    assert whole_picture(np.ones((5, 1), np.float32)) is None


def test_a_target_that_stands_alone_is_a_whole_dot_even_at_the_limit(qapp: object) -> None:
    nan = float("nan")
    assert not inked([nan] * 4).any()
    for last in (0.0, 0.5, 1.0):
        ink = inked([nan, nan, nan, last])
        rows, columns = np.nonzero(ink)
        assert 80 < columns.mean() < 95
        assert np.ptp(rows) == np.ptp(columns) >= 3
        assert abs(rows.mean() - 49 * (1 - last)) < 5


def test_where_an_encoder_reads_nothing_is_said(make_trace: Callable[..., Trace]) -> None:
    trace = make_trace(steps=6)
    outputs = np.eye(4, dtype=np.float32)[[1, 2, 3, 0, 1, 2]]
    outputs[:3] = np.nan
    targets = np.array([np.nan, np.nan, np.nan, 0, 2, 2], np.float32)[:, None]
    spoken = replace(trace, outputs=outputs, output_names=tuple("abcd"), output_kind="probability", targets=targets)
    found = guesses(spoken, 0, 6)
    assert found.likely.tolist() == [-1, -1, -1, 0, 1, 2]
    assert found.wrong.tolist() == [False] * 4 + [True, False]


def test_start_and_stop_are_drawn_as_one_sign_each() -> None:
    assert len(visible(START)) == len(visible(STOP)) == 1
    assert visible(START) != visible(STOP)
