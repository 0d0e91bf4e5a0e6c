"""Loss and gradient norm over the updates, painted once into a picture; the cursor of the replay is not in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pyqtgraph.functions import create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPolygonF

from lstmviz.app import drawing
from lstmviz.app.theme import Theme
from lstmviz.app.training_scale import Floats, Thinned, UpdateAxis, ValueAxis, thinned
from lstmviz.app.training_words import count
from lstmviz.language import tr
from lstmviz.session.run_view import RunView

LEFT, RIGHT, TOP, TICKS = 62, 14, 20, 22
"""Room for the values on the left, beyond the last update, for the names above, and for the updates below."""
_GAP = 20
"""Pixels between the two charts: the line with the lower one's name."""
_LOSS_SHARE = 0.66
_DASH, _BLANK = 7, 4
_FEW = 60
"""So few validations are drawn with a point each."""
_RUNS = {"light": ("#0B5CAD", "#B4530B"), "dark": ("#5AA9F0", "#F2A65A")}
"""Blue and orange, told apart by colour-blind eyes too; the second run is dashed besides."""


def run_colour(theme: Theme, place: int) -> QColor:
    """The colour of a run: the first, or its twin."""
    return QColor(_RUNS[theme.name][place])


@dataclass(frozen=True, eq=False)
class Picture:
    """What the charts show: the run and perhaps its twin, how, and at which size."""

    runs: tuple[RunView, ...]
    logarithmic: bool
    theme: Theme
    font: QFont
    size: tuple[int, int]

    @property
    def axis(self) -> UpdateAxis:
        """The updates that are shown."""
        last = max((float(max(run.update, *run.curves.update[-1:], 0)) for run in self.runs), default=0.0)
        return UpdateAxis.over(last, LEFT, self.size[0] - LEFT - RIGHT)

    @property
    def loss_plot(self) -> QRect:
        """Where the loss stands."""
        room = max(20, self.size[1] - TOP - _GAP - TICKS)
        return QRect(LEFT, TOP, self.axis.width, round(room * _LOSS_SHARE))

    @property
    def norm_plot(self) -> QRect:
        """Where the norm of the gradient stands."""
        top = self.loss_plot.bottom() + 1 + _GAP
        return QRect(LEFT, top, self.axis.width, max(10, self.size[1] - TICKS - top))

    def same_curves(self, other: Picture | None) -> bool:
        """Whether another picture would look the same."""
        return (
            other is not None
            and len(self.runs) == len(other.runs)
            and all(_drawn_of(one) == _drawn_of(two) for one, two in zip(self.runs, other.runs, strict=True))
            and (self.logarithmic, self.theme, self.size) == (other.logarithmic, other.theme, other.size)
        )


def _drawn_of(run: RunView) -> tuple[object, ...]:
    return id(run.curves), run.update, run.optimum, run.clipping, run.log, run.unit, run.config


class Entry(NamedTuple):
    """A name in the legend with the line that it stands for; brief: its name where there is no room for all."""

    text: str
    colour: QColor
    dashed: bool = False
    pointed: bool = False
    thin: bool = False
    brief: str = ""


def paint(painter: QPainter, picture: Picture, names: tuple[str, ...]) -> None:
    """Both charts; names are those of the runs in the legend where they are two."""
    painter.fillRect(QRect(0, 0, *picture.size), QColor(picture.theme.base))
    if not picture.runs:
        return
    _paint_updates(painter, picture)
    _paint_loss(painter, picture, names)
    _paint_norm(painter, picture)


def _paint_loss(painter: QPainter, picture: Picture, names: tuple[str, ...]) -> None:
    plot, runs = picture.loss_plot, picture.runs
    optimum = runs[0].optimum
    curves = [_thinned(picture, run, run.curves.loss) for run in runs]
    more = [*(run.curves.validation for run in runs), np.array([] if optimum is None else [optimum])]
    axis = _value_axis(picture, plot, curves, more)
    _paint_values(painter, picture, plot, axis)
    painter.save()
    painter.setClipRect(plot.adjusted(0, -4, RIGHT, 4))
    if optimum is not None and (optimum > 0 or not axis.logarithmic):
        _level(painter, plot, axis.y(optimum), QColor(picture.theme.good))
    for place, curve in reversed(list(enumerate(curves))):
        _paint_curve(painter, picture, plot, axis, curve, place)
    for place, run in reversed(list(enumerate(runs))):
        _paint_validation(painter, picture, axis, place)
        _paint_diverged(painter, picture, plot, run)
    if optimum is not None and (optimum > 0 or not axis.logarithmic):  # over the curves, which come down to it
        _level_name(painter, picture, plot, axis.y(optimum), QColor(picture.theme.good), _optimum_words(runs[0]))
    _paint_log(painter, picture, plot)
    painter.restore()
    unit = runs[0].unit
    heading = tr("Loss ({unit})", unit=tr(unit)) if unit else tr("Loss")
    _paint_names(painter, picture, plot, heading, _loss_entries(picture, names, curves[0].window))


def _paint_norm(painter: QPainter, picture: Picture) -> None:
    plot, runs = picture.norm_plot, picture.runs
    curves = [_thinned(picture, run, run.curves.norm) for run in runs]
    threshold, highest = runs[0].clipping, max(float(curve.high.max(initial=0)) for curve in curves)
    drawn = 0 < threshold <= 10 * highest
    axis = _value_axis(picture, plot, curves, [np.array([threshold] if drawn else [])])
    _paint_values(painter, picture, plot, axis)
    painter.save()
    painter.setClipRect(plot.adjusted(0, -2, RIGHT, 2))
    for place, curve in reversed(list(enumerate(curves))):
        _paint_curve(painter, picture, plot, axis, curve, place)
    if drawn:
        _level(painter, plot, axis.y(threshold), QColor(picture.theme.warning))
    painter.restore()
    entries = []
    if threshold > 0:
        words = tr("clipped to {threshold}", threshold=f"{threshold:.4g}")
        words = words if drawn else tr("{words}, above", words=words)
        entries = [Entry(words, QColor(picture.theme.warning), dashed=True, thin=True)]
    _paint_names(painter, picture, plot, tr("Gradient norm"), entries)


def _thinned(picture: Picture, run: RunView, values: Floats) -> Thinned:
    return thinned(run.curves.update, values, picture.axis, positive=picture.logarithmic)


def _value_axis(picture: Picture, plot: QRect, curves: list[Thinned], more: list[Floats]) -> ValueAxis:
    values = [part for curve in curves for part in (curve.low, curve.high)]
    return ValueAxis.around(np.concatenate([*values, *more]), picture.logarithmic, plot.top(), plot.height())


def _optimum_words(run: RunView) -> str:
    assert run.optimum is not None
    return tr("optimum {value}", value=f"{run.optimum:.4g}")


def _paint_values(painter: QPainter, picture: Picture, plot: QRect, axis: ValueAxis) -> None:
    """Lines across the plot at round values, which stand on the left."""
    theme, font = picture.theme, drawing.sized(picture.font, 11)
    for value in axis.ticks():
        y = round(axis.y(value))
        painter.fillRect(plot.left(), y, plot.width(), 1, QColor(theme.grid))
        words = f"{value:.4g}".replace("-", "−")
        drawing.text(painter, QRect(0, y - 8, LEFT - 8, 16), words, theme.dim, font, "right")
    painter.fillRect(plot.left() - 1, plot.top(), 1, plot.height(), QColor(theme.line))


def update_labels(picture: Picture) -> list[tuple[QRect, str]]:
    """Where the numbers of the updates stand below the charts, and what they say."""
    metrics = QFontMetrics(drawing.sized(picture.font, 11))
    axis, clear, labels = picture.axis, LEFT - 6, []
    for update in axis.ticks():
        words = count(update)
        width = metrics.horizontalAdvance(words) + 4
        left = min(max(round(axis.x(update)) - width // 2, clear), picture.size[0] - width)
        labels.append((QRect(left, picture.size[1] - TICKS + 5, width, TICKS - 6), words))
        clear = left + width
    return labels


def _paint_updates(painter: QPainter, picture: Picture) -> None:
    """The updates below both charts."""
    theme, font = picture.theme, drawing.sized(picture.font, 11)
    bottom, axis = picture.norm_plot.bottom() + 1, picture.axis
    painter.fillRect(LEFT, bottom, axis.width, 1, QColor(theme.line))
    for update in axis.ticks():
        painter.fillRect(round(axis.x(update)), bottom, 1, 4, QColor(theme.dim))
    for room, words in update_labels(picture):
        drawing.text(painter, room, words, theme.dim, font, "middle")
    drawing.text(painter, QRect(0, bottom + 4, LEFT - 10, TICKS - 5), tr("update"), theme.dim, font, "right")


def _paint_curve(
    painter: QPainter, picture: Picture, plot: QRect, axis: ValueAxis, curve: Thinned, place: int
) -> None:  # fmt: skip
    """Every value thin and pale, and their running mean on top."""
    if not curve.x.size:
        return
    colour, pale = run_colour(picture.theme, place), run_colour(picture.theme, place)
    pale.setAlpha(80 if len(picture.runs) == 1 else 45)
    if curve.thick:
        _paint_band(painter, plot, curve.x, axis.ys(curve.high), axis.ys(curve.low), pale)
    elif curve.window > 1:
        painter.setPen(QPen(pale, 1))
        painter.drawPolyline(polygon(curve.x, axis.ys(curve.low)))
    _paint_line(painter, curve.mean_x, axis.ys(curve.mean), colour, dashed=place == 1)


def _paint_band(painter: QPainter, plot: QRect, x: Floats, top: Floats, bottom: Floats, colour: QColor) -> None:
    """The band between the highest and the lowest of each column of pixels."""
    # neighbouring spans touch, so that a steep flank is a line and not a gap
    upper, lower = np.minimum(top[1:], bottom[:-1]), np.maximum(bottom[1:], top[:-1])
    top, bottom = np.concatenate([top[:1], upper]), np.concatenate([bottom[:1], lower])
    column = np.floor(x).astype(np.intp) - plot.left()
    inside = (column >= 0) & (column < plot.width())
    first = np.full(plot.width(), 1, np.int16)
    last = np.full(plot.width(), 0, np.int16)  # nothing where no update stands
    first[column[inside]], last[column[inside]] = np.rint(top[inside]), np.rint(bottom[inside])
    rows = np.arange(plot.top(), plot.bottom() + 1, dtype=np.int16)[:, None]
    red, green, blue = (round(part * colour.alphaF()) for part in (colour.red(), colour.green(), colour.blue()))
    shade = QColor(red, green, blue, colour.alpha())  # premultiplied, as Qt blends fastest
    pixels = ((rows >= first) & (rows <= last)) * np.uint32(shade.rgba())
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    painter.drawImage(plot.topLeft(), image)


def _paint_line(painter: QPainter, x: Floats, y: Floats, colour: QColor, *, dashed: bool) -> None:
    """A line of two pixels; dashed ones are cut by hand, since Qt dashes wide pens slowly."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin))
    if len(x) == 1:
        painter.drawEllipse(QPointF(x[0], y[0]), 1.5, 1.5)
    elif dashed:
        for part in _dashes(x, y):
            painter.drawPolyline(part)
    else:
        painter.drawPolyline(polygon(x, y))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _dashes(x: Floats, y: Floats) -> list[QPolygonF]:
    """A line cut into dashes of the same length along it."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    begins = np.arange(0.0, along[-1], _DASH + _BLANK)
    ends = np.minimum(begins + _DASH, along[-1])
    at = np.sort(np.concatenate([begins, along, ends]))
    across, down = np.interp(at, along, x), np.interp(at, along, y)
    first, last = np.searchsorted(at, begins), np.searchsorted(at, ends, "right")
    return [polygon(across[a:b], down[a:b]) for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def _paint_validation(painter: QPainter, picture: Picture, axis: ValueAxis, place: int) -> None:
    """The validations as points and a line, filled for the first run, hollow for its twin."""
    curves = picture.runs[place].curves
    good = np.isfinite(curves.validation) & ((curves.validation > 0) | (not axis.logarithmic))
    x, y = picture.axis.xs(curves.validation_update[good]), axis.ys(curves.validation[good])
    if not len(x):
        return
    colour = _validation_colour(picture, place)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(colour, 1))
    painter.drawPolyline(polygon(x, y))
    if len(x) <= _FEW:
        painter.setBrush(QColor(picture.theme.base) if place else colour)
        for at in map(QPointF, x.tolist(), y.tolist()):
            painter.drawEllipse(at, 2.8, 2.8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _validation_colour(picture: Picture, place: int) -> QColor:
    return QColor(picture.theme.text) if len(picture.runs) == 1 else run_colour(picture.theme, place)


def _paint_diverged(painter: QPainter, picture: Picture, plot: QRect, run: RunView) -> None:
    """A red line at the first update whose loss is no number."""
    bad = run.curves.update[~np.isfinite(run.curves.loss)]
    if bad.size:
        x, red = round(picture.axis.x(float(bad[0]))), QColor(picture.theme.error)
        painter.fillRect(x, plot.top(), 2, plot.height(), red)
        font = drawing.sized(picture.font, 11, bold=True)
        room = QRect(x - 206, plot.top() + 2, 200, 14)
        aligned = "right"
        if x - 206 < LEFT:
            room, aligned = QRect(x + 6, plot.top() + 2, 200, 14), "left"
        drawing.text(painter, room, tr("diverged"), red, font, aligned)  # type: ignore[arg-type]


def _level(painter: QPainter, plot: QRect, y: float, colour: QColor) -> None:
    """A dashed line across the plot."""
    painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
    painter.drawLine(plot.left(), round(y), plot.right(), round(y))


def _level_name(painter: QPainter, picture: Picture, plot: QRect, y: float, colour: QColor, words: str) -> None:
    """The name of a level at its left end, above it where there is room."""
    font, at = drawing.sized(picture.font, 11, bold=True), round(y)
    over = at - plot.top() >= 15
    width = QFontMetrics(font).horizontalAdvance(words)
    room = QRect(plot.left() + 6, at - 15 if over else at + 2, width + 8, 14)
    ground = QColor(picture.theme.base)
    ground.setAlpha(150)  # the curves shine through
    painter.fillRect(room.adjusted(-2, 0, -2, 0), ground)
    drawing.text(painter, room, words, colour, font)


def _paint_log(painter: QPainter, picture: Picture, plot: QRect) -> None:
    """A small mark over the loss at every update where something was changed or happened."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for place, run in enumerate(picture.runs):
        painter.setBrush(run_colour(picture.theme, place) if len(picture.runs) > 1 else QColor(picture.theme.dim))
        for update in {update for update, _ in run.log}:
            x = picture.axis.x(update)
            top = plot.top() - 2.0
            painter.drawPolygon(QPolygonF([QPointF(x - 4.5, top), QPointF(x + 4.5, top), QPointF(x, top + 8)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _loss_entries(picture: Picture, names: tuple[str, ...], window: int) -> list[Entry]:
    """What the legend of the loss names."""
    mean = tr("training, mean of {count}", count=window) if window > 1 else tr("training loss")
    if len(picture.runs) == 1:
        entries = [Entry(mean, run_colour(picture.theme, 0))]
    else:
        colours = [run_colour(picture.theme, place) for place in range(len(picture.runs))]
        entries = [Entry(name, colours[place], place == 1, brief="AB"[place]) for place, name in enumerate(names)]
        entries.append(Entry(mean, QColor(picture.theme.dim)))
    if any(run.curves.validation.size for run in picture.runs):
        colour = QColor(picture.theme.text if len(picture.runs) == 1 else picture.theme.dim)
        entries.append(Entry(tr("validation"), colour, pointed=True))
    return entries


def _paint_names(painter: QPainter, picture: Picture, plot: QRect, heading: str, entries: list[Entry]) -> None:
    """The chart's name above it and after it the legend, as far as there is room."""
    bold, font = drawing.sized(picture.font, 12, bold=True), drawing.sized(picture.font, 11)
    top, x = plot.top() - 18, plot.left()
    width = QFontMetrics(bold).horizontalAdvance(heading) + 2
    drawing.text(painter, QRect(x, top, width, 16), heading, picture.theme.text, bold)
    x += width + 16
    metrics, room = QFontMetrics(font), plot.right() - 44 - x  # the switch of the scale stands there
    tight = sum(metrics.horizontalAdvance(entry.text) + 40 for entry in entries) - 14 > room
    for entry in entries:
        words = entry.brief or entry.text if tight else entry.text
        width = metrics.horizontalAdvance(words) + 2
        if x + 24 + width > plot.right() - 44:
            return
        _swatch(painter, QPointF(x, top + 8), entry)
        drawing.text(painter, QRect(x + 24, top, width, 16), words, picture.theme.text, font)
        x += 24 + width + 14


def _swatch(painter: QPainter, at: QPointF, entry: Entry) -> None:
    """A short piece of a line as it is drawn below."""
    x, y, thick = round(at.x()), round(at.y()), 1 if entry.thin or entry.pointed else 2
    for left, width in ((0, 8), (11, 8)) if entry.dashed else ((0, 19),):
        painter.fillRect(x + left, y - thick + 1, width, thick, entry.colour)
    if entry.pointed:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(entry.colour)
        painter.drawEllipse(QRectF(x + 6.5, y - 2.5, 6, 6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """Points (N,), (N,) as Qt has them, written into its memory: a list of points takes ten times as long."""
    made = create_qpolygonf(len(x))
    ndarray_from_qpolygonf(made)[:] = np.stack([x, y], axis=1)
    return made  # type: ignore[no-any-return]
