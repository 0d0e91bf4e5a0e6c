"""What is said of a run: its state, its numbers, what a twin differs in. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lstmviz.app.numbers import duration, grouped, number
from lstmviz.language import mark, tr
from lstmviz.runs.settings import BY_NAME, differing
from lstmviz.session.run_view import RunState, RunView

STATES: dict[RunState, str] = {
    "starting": mark("starting"),
    "training": mark("training"),
    "paused": mark("paused"),
    "ended": mark("ended"),
    "read": mark("read from its folder"),
    "failed": mark("failed"),
}
PHASE_TITLES = {
    "forward": mark("Forward"),
    "loss": mark("Loss"),
    "gradients": mark("Gradients"),
    "update": mark("Update"),
}
"""The four steps of BPTT as they are headed."""


def short_number(value: float) -> str:
    """A number of any size in three digits: 0.00312, 12.3, 4.5e−07."""
    if not math.isfinite(value):
        return number(value)
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e5:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "−")
    return f"{value:.2e}".replace("-", "−")


def count(value: float) -> str:
    """A whole number with thin spaces between its thousands, as every language reads it: 12 400."""
    return grouped(round(value))


def plain_number(value: float) -> str:
    """A number of settings as short as it goes and as it may be typed again: 0.01, 1, 1e-05."""
    return f"{value:.6g}"


def milliseconds(seconds: float) -> str:
    """A short time: 0.42 ms, 13 ms, 2.1 s."""
    if seconds >= 1:
        return tr("{seconds:.1f} s", seconds=seconds)
    thousandths = seconds * 1000
    return tr("{time} ms", time=f"{thousandths:.0f}" if thousandths >= 10 else f"{thousandths:.2g}")


def setting_value(name: str, value: object) -> str:
    """The value of a setting as the form shows it."""
    setting = BY_NAME.get(name)
    if setting is not None and setting.kind == "choice":
        return tr(dict(setting.choices)[str(value)])
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return plain_number(value) if isinstance(value, float) else str(value)


def setting_title(name: str) -> str:
    """The title of a setting; that of the data and of its parameters too."""
    if name in BY_NAME:
        return tr(BY_NAME[name].title)
    return tr("Data") if name == "data" else tr("Parameters of the data")


def differences(run: RunView, other: RunView) -> tuple[str, str]:
    """What two twins differ in, said of each: “Cell: LSTM” and “Cell: GRU”; at most two settings are named."""
    names = differing(run.config, other.config)
    if not names:
        return run.title, other.title
    said = [
        ", ".join(f"{setting_title(name)}: {setting_value(name, getattr(one.config, name))}" for name in names[:2])
        for one in (run, other)
    ]
    return said[0], said[1]


def net_words(run: RunView) -> str:
    """The net of a run in a few words."""
    config = run.config
    parts = [setting_value("cell", config.cell), tr("{units} units", units=config.hidden)]
    if config.layers > 1:
        parts.append(tr("{layers} layers", layers=config.layers))
    if config.bidirectional:
        parts.append(tr("bidirectional"))
    if run.parameters:
        parts.append(tr("{count} parameters", count=count(run.parameters)))
    return " · ".join(parts)


def device_words(run: RunView) -> str:
    """Where a run computes, and why there."""
    return " · ".join(part for part in (run.device.upper(), tr(run.reason)) if part)


@dataclass(frozen=True)
class Progress:
    """How far a run is, in words; each may be empty."""

    epoch: str
    update: str
    speed: str
    left: str

    def place(self) -> str:
        """Where it is and how long it will take."""
        return " · ".join(part for part in (self.epoch, self.update, self.left) if part)

    def line(self) -> str:
        """All that is known, in one line."""
        return " · ".join(part for part in (self.epoch, self.update, self.left, self.speed) if part)


def progress(run: RunView) -> Progress:
    """How far a run is, how fast, and how long it will take."""
    alive = run.state == "training"
    return Progress(
        tr("epoch {epoch}/{epochs}", epoch=run.epoch, epochs=run.config.epochs),
        tr("update {update}/{updates}", update=count(run.update), updates=count(run.updates))
        if run.updates
        else tr("update {update}", update=count(run.update)),
        tr("{speed} examples/s", speed=count(run.speed)) if alive and run.speed else "",
        tr("{time} left", time=duration(run.seconds_left)) if alive and run.seconds_left is not None else "",
    )


def run_sentence(run: RunView) -> str:
    """A run in one sentence, for a screen reader."""
    values = {"title": run.title, "state": tr(STATES[run.state]), "progress": progress(run).line()}
    text = tr("{title}: {state}, {progress}.", **values)
    if not math.isnan(run.loss):
        text += " " + tr("Loss {loss}, gradient norm {norm}.", loss=short_number(run.loss), norm=short_number(run.norm))
    return f"{text} {run.sentence}".rstrip()
