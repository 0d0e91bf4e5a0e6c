"""Everything that can be asked for: one table for menus, toolbar, keys, command palette, shortcut page and tests."""

from __future__ import annotations

from collections.abc import Mapping

from lstmviz.language import LANGUAGES, mark
from lstmviz.session.command import (
    EDIT,
    FILE,
    HELP,
    LANGUAGE_MENU,
    PICTURE_MENU,
    SELECT,
    SIGNALS_MENU,
    STEP,
    TRAIN,
    VIEW,
    Test,
)
from lstmviz.session.command import MENUS as MENUS
from lstmviz.session.command import Command as Command
from lstmviz.session.corpus_commands import CORPUS_COMMANDS
from lstmviz.session.run_view import RunView
from lstmviz.session.signals import offered
from lstmviz.session.snapshot import Snapshot


def _trace(s: Snapshot) -> bool:
    return s.trace is not None


def _several(s: Snapshot) -> bool:
    return len(s.open_traces) > 1


def _layers(s: Snapshot) -> bool:
    return s.trace is not None and len(s.trace.layers) > 1


def _directions(s: Snapshot) -> bool:
    return s.trace is not None and len(s.trace.layers[s.layer].directions) > 1


def _part(s: Snapshot) -> bool:
    return s.trace is not None and s.stop - s.start < s.steps


def _alive(s: Snapshot) -> bool:
    return s.engine == "ready"


def _far(s: Snapshot) -> bool:
    return bool(s.link.host)


def _far_alive(s: Snapshot) -> bool:
    return _far(s) and _alive(s)


def _lost(s: Snapshot) -> bool:
    return s.engine == "lost"


def _shown(name: str) -> Test:
    return lambda s: name in s.signals


def _derives(name: str) -> Test:
    return lambda s: s.trace is not None and name in offered(s.trace, s.layer)


def _open_dock(name: str) -> Test:
    return lambda s: name in s.docks


def _language(name: str) -> Test:
    return lambda s: s.language_choice == name


def _face(name: str) -> Test:
    return lambda s: s.face == name


def _readable(s: Snapshot) -> bool:
    """Whether the engine can read the active trace's model again."""
    return _alive(s) and s.trace is not None and bool(s.trace.model.path)


def _steered(s: Snapshot) -> bool:
    return s.run is not None and s.run.state in ("training", "paused")


def _rests(s: Snapshot) -> bool:
    """Whether the run that is shown can go on where its folder says."""
    run = s.run
    return _alive(s) and run is not None and (run.state == "failed" or _unfinished(run))


def _unfinished(run: RunView) -> bool:
    return run.state in ("read", "ended") and run.update < run.updates


def _replays(s: Snapshot) -> bool:
    return s.replay is not None and len(s.replay.updates) > 1


def _can_follow(s: Snapshot) -> bool:
    """Whether a probe is shown that is not the newest of a training that goes on."""
    return s.replay is not None and not s.replay.live


_SIGNALS = {
    "r": mark("r · reset gate"),
    "f": mark("f · forget gate"),
    "i": mark("i · input gate"),
    "o": mark("o · output gate"),
    "g": mark("g · candidate"),
    "c": mark("c · long-term state"),
    "h": mark("h · short-term state"),
    "kept": mark("f⊗c(t−1) · what was kept"),
    "written": mark("i⊗g · what was written"),
    "tanh_c": mark("tanh c · the state squashed"),
    "zr": mark("zr · pre-activation of r"),
    "zf": mark("zf · pre-activation of f"),
    "zi": mark("zi · pre-activation of i"),
    "zo": mark("zo · pre-activation of o"),
    "zg": mark("zg · pre-activation of g"),
    "z": mark("z · pre-activation"),
}
_FACES = {
    "cell": (mark("Cell diagram"), mark("The wires and gates of one cell, at the cursor")),
    "unrolled": (mark("Unrolled net"), mark("The same cell once per step around the cursor, layers above one another")),
    "layer": (mark("Matrix form"), mark("[X Y]·W + b with the numbers of the mini-batch")),
    "training": (mark("Training"), mark("Loss, gradient norm and the four steps of the run, and its settings")),
    "flow": (mark("Gradient flow"), mark("How the gradient of a loss travels back through time")),
}
_DOCKS = {"library": mark("Library"), "unit": mark("Unit inspector"), "step": mark("Step in pseudocode")}
_PICTURES = {
    "cell": mark("Cell diagram…"),
    "unrolled": mark("Unrolled net…"),
    "layer": mark("Matrix form…"),
    "training": mark("Training…"),
    "flow": mark("Gradient flow…"),
    "timeline": mark("Timeline…"),
    "unit": mark("Unit inspector…"),
    "step": mark("Step in pseudocode…"),
}

_FILE = (
    Command("file.open", mark("Open…"), (FILE,), "Ctrl+O", "window", icon="open",
            hint=mark("Open a sequence, a model, a trace or a run from a file")),
    Command("file.address", mark("Open from address…"), (FILE,), "", "window",
            hint=mark("Open a trace from storage elsewhere: s3://, gs://, https://")),
    Command("far.open", mark("Open on the engine's computer…"), (FILE,), "Ctrl+Alt+O", "window", _far_alive,
            icon="open", occasional=True, hint=mark("Open a file that lies where the engine is")),
    Command("sample.choose", mark("Sample"), (FILE,), "Ctrl+Shift+O", "window", icon="sample",
            hint=mark("Open one of the samples that come with lstmviz")),
    Command("record.open", mark("Record…"), (FILE,), "Ctrl+R", "window", _alive, icon="record",
            hint=mark("Choose a model and a sequence, and record every signal")),
    Command("model.map", mark("Say which array is which…"), (FILE,), "", "window", _alive,
            hint=mark("Choose a file of arrays and say which are the weights of its layer, or change what was said")),
    *CORPUS_COMMANDS,
    Command("file.save", mark("Save the trace…"), (FILE,), "Ctrl+S", "window", _trace, icon="save", apart=True,
            hint=mark("Write the trace as a store (.zarr) that opens again")),
    Command("export.open", mark("Export…"), (FILE,), "Ctrl+E", "window", _trace, icon="export",
            hint=mark("Write chosen signals, layers, units and steps to CSV, Parquet, NPZ or HDF5")),
    *(Command(f"picture.{name}", title, (FILE, PICTURE_MENU), "", "window", _trace, does="picture.save",
              preset={"view": name}, hint=mark("Save this view as PNG or SVG")) for name, title in _PICTURES.items()),
    Command("animation.save", mark("Save an animation…"), (FILE,), "Ctrl+Shift+E", "window", _trace, icon="animation",
            hint=mark("Save the stepping as GIF or MP4")),
    Command("trace.close", mark("Close the trace"), (FILE,), "Ctrl+W", enabled=_trace, undoable=True, apart=True,
            icon="close", hint=mark("Close the active trace; undo opens it again")),
    Command("app.quit", mark("Quit"), (FILE,), "Ctrl+Q", "window", apart=True, icon="quit",
            hint=mark("Close the window; settings and layout are kept")),
    Command("file.open_path", mark("Open a file by its path"), where="window", parameters=("path",)),
    Command("file.open_paths", mark("Open several files"), where="window", parameters=("paths",)),
    Command("sample.open", mark("Open a sample"), where="window", parameters=("id",)),
    Command("picture.save", mark("Save a picture of a view"), where="window", parameters=("view",)),
    Command("trace.activate", mark("Show an open trace"), parameters=("id",), undoable=True),
)  # fmt: skip

_EDIT = (
    Command("history.undo", mark("Undo the move"), (EDIT,), "Ctrl+Z", enabled=lambda s: s.can_undo, icon="undo",
            hint=mark("Go back to where you were: cursor, selection, range, closed traces")),
    Command("history.redo", mark("Redo the move"), (EDIT,), "Ctrl+Shift+Z", enabled=lambda s: s.can_redo,
            icon="redo", hint=mark("Make the move again that was undone")),
    Command("task.cancel", mark("Cancel the running task"), (EDIT,), "Esc", "window", lambda s: s.task is not None,
            icon="cancel", hint=mark("Stop what is under way at once"), apart=True),
    Command("recent.clear", mark("Forget the recent files"), (EDIT,), enabled=lambda s: bool(s.recent),
            hint=mark("Empty the list of recent files; the files stay")),
    Command("settings.open", mark("Settings…"), (EDIT,), "Ctrl+,", "window", icon="settings", apart=True,
            hint=mark("Theme, language and playing")),
    Command("engine.choose", mark("Engine…"), (EDIT,), "Ctrl+Shift+K", "window", icon="device",
            hint=mark("Compute on this computer, or on another one that ssh reaches")),
    Command("engine.use", mark("Use the engine of a computer"), where="window", parameters=("host", "command")),
    Command("engine.forget", mark("Forget a computer"), where="window", parameters=("host",)),
    Command("engine.here", mark("Use this computer's engine"), (EDIT,), "", "window", _far,
            occasional=True, hint=mark("Compute here again; open traces stay")),
    Command("engine.retry", mark("Try the lost connection now"), (EDIT,), "", "window", _lost,
            occasional=True, hint=mark("Do not wait for the next attempt")),
    Command("engine.give_up", mark("Stop trying the lost connection"), (EDIT,), "", "window", _lost,
            occasional=True, hint=mark("What was asked of it fails; its runs can go on later")),
)  # fmt: skip

_VIEW = (
    Command("range.all", mark("Show all steps"), (VIEW,), "Ctrl+0", enabled=_part, undoable=True, icon="fit",
            hint=mark("Show the whole sequence on every time axis")),
    Command("range.nearer", mark("Come nearer"), (VIEW,), "Ctrl++", enabled=_trace, undoable=True, icon="nearer",
            hint=mark("Show fewer steps, around the cursor")),
    Command("range.farther", mark("Step back for more"), (VIEW,), "Ctrl+-", enabled=_part, undoable=True,
            icon="farther", hint=mark("Show more steps, around the cursor")),
    Command("range.set", mark("Show a range of steps"), parameters=("start", "stop"), undoable=True),
    Command("range.zoom", mark("Zoom around a step"), parameters=("factor", "around"), undoable=True),
    *(Command(f"signals.{name}", title, (VIEW, SIGNALS_MENU), "", enabled=_derives(name), checked=_shown(name),
              does="signals.toggle", preset={"name": name}, hint=mark("Show or hide this heat map on the timeline"))
      for name, title in _SIGNALS.items()),
    Command("signals.toggle", mark("Show or hide a signal"), parameters=("name",)),
    Command("signals.show", mark("Show these signals"), parameters=("signals",)),
    *(Command(f"face.{name}", title, (VIEW,), f"Alt+{number}", checked=_face(name), does="face.set",
              preset={"face": name}, apart=number == 1, hint=hint)
      for number, (name, (title, hint)) in enumerate(_FACES.items(), 1)),
    Command("face.set", mark("Show a face of the centre"), parameters=("face",)),
    Command("fold.toggle", mark("Fold into one cell with its loop"), (VIEW,), "Alt+0",
            enabled=_trace, checked=lambda s: s.folded,
            hint=mark("Draw the unrolled net as one cell that feeds itself, or unroll it again")),
    Command("batch.ask", mark("Record a mini-batch"), (VIEW,), "Alt+B", "window", _readable,
            hint=mark("Record further sequences for the matrix form")),
    Command("flow.ask", mark("Show the gradient flow of a loss"), where="window", parameters=("step",)),
    Command("compare.choose", mark("Compare"), (VIEW,), "Ctrl+M", "window", _several, icon="compare",
            apart=True,
            hint=mark("Draw another open trace beside this one")),
    Command("compare.stop", mark("Stop comparing"), (VIEW,), "Ctrl+Shift+M", enabled=lambda s: s.compared is not None,
            hint=mark("Draw only the active trace")),
    Command("compare.with", mark("Compare with an open trace"), parameters=("id",)),
    *(Command(f"dock.{name}", title, (VIEW,), f"Ctrl+{number}", "window", checked=_open_dock(name),
              does="dock.toggle", preset={"name": name}, apart=number == 1, hint=mark("Open or close this dock"))
      for number, (name, title) in enumerate(_DOCKS.items(), 1)),
    Command("note.toggle", mark("What to look at"), (VIEW,), "Ctrl+4", enabled=lambda s: bool(s.note),
            checked=lambda s: bool(s.note) and s.note_open,
            hint=mark("Show or hide what is worth looking at in this trace")),
    Command("dock.toggle", mark("Open or close a dock"), where="window", parameters=("name",)),
    Command("view.focus", mark("Focus: only the centre"), (VIEW,), "F11", checked=lambda s: s.focus, icon="focus",
            hint=mark("Hide every dock, for a projector; again brings them back")),
    Command("view.reset", mark("Reset the layout"), (VIEW,), "Ctrl+Shift+0", "window",
            hint=mark("Put every dock back where it was at first")),
    Command("view.scale", mark("Set the size of everything"), parameters=("scale",)),
    Command("theme.toggle", mark("Switch between light and dark"), (VIEW,), "Ctrl+T", icon="theme", apart=True,
            hint=mark("Use the other theme")),
    Command("theme.system", mark("Follow the system's theme"), (VIEW,), "",
            checked=lambda s: s.theme_choice == "system", hint=mark("Light and dark as the system has it")),
    Command("theme.set", mark("Use a theme"), parameters=("theme",)),
    *(Command(f"language.{name}", title, (VIEW, LANGUAGE_MENU), checked=_language(name), does="language.set",
              preset={"language": name}, hint=mark("Use this language at once"))
      for name, title in (("system", mark("The system's language")), *LANGUAGES.items())),
    Command("language.set", mark("Use a language"), parameters=("language",)),
)  # fmt: skip

_STEP = (
    Command("play.toggle", mark("Play or pause"), (STEP,), "Space", enabled=_trace, checked=lambda s: s.playing,
            icon="play", hint=mark("Let the steps run, or hold them")),
    Command("step.forward", mark("Step forward"), (STEP,), "Right", enabled=_trace, icon="forward", apart=True,
            hint=mark("One step on; one phase on while inside a step")),
    Command("step.back", mark("Step back"), (STEP,), "Left", enabled=_trace, icon="back",
            hint=mark("One step back; one phase back while inside a step")),
    Command("step.forward10", mark("Ten steps forward"), (STEP,), "Shift+Right", enabled=_trace, undoable=True,
            hint=mark("Ten whole steps on")),
    Command("step.back10", mark("Ten steps back"), (STEP,), "Shift+Left", enabled=_trace, undoable=True,
            hint=mark("Ten whole steps back")),
    Command("step.page_forward", mark("A page forward"), (STEP,), "PgDown", enabled=_trace, undoable=True,
            hint=mark("As many steps on as are shown")),
    Command("step.page_back", mark("A page back"), (STEP,), "PgUp", enabled=_trace, undoable=True,
            hint=mark("As many steps back as are shown")),
    Command("cursor.first", mark("First step"), (STEP,), "Home", enabled=_trace, undoable=True, icon="first",
            hint=mark("Go to the beginning of the sequence")),
    Command("cursor.last", mark("Last step"), (STEP,), "End", enabled=_trace, undoable=True, icon="last",
            hint=mark("Go to the end of the sequence")),
    Command("cursor.ask", mark("Go to step…"), (STEP,), "Ctrl+G", "window", _trace,
            hint=mark("Type the number of a step")),
    Command("cursor.set", mark("Go to a step"), parameters=("t",), undoable=True),
    Command("inside.toggle", mark("Inside the step"), (STEP,), "I", enabled=_trace, checked=lambda s: s.inside,
            icon="inside", apart=True, hint=mark("Step through one step: f, then i and g, then c, then o, then h")),
    Command("phase.set", mark("Go to a phase of the step"), parameters=("phase",)),
    Command("play.loop", mark("Loop"), (STEP,), "L", checked=lambda s: s.loop, icon="loop",
            hint=mark("Begin again at the end while playing")),
    Command("play.faster", mark("Faster"), (STEP,), "]", icon="faster", hint=mark("Play faster")),
    Command("play.slower", mark("Slower"), (STEP,), "[", icon="slower", hint=mark("Play slower")),
    Command("play.speed", mark("Set the speed"), parameters=("speed",)),
)  # fmt: skip

_SELECT = (
    Command("unit.next", mark("Next unit"), (SELECT,), "Ctrl+Down", enabled=_trace, undoable=True,
            hint=mark("Select the unit below")),
    Command("unit.previous", mark("Previous unit"), (SELECT,), "Ctrl+Up", enabled=_trace, undoable=True,
            hint=mark("Select the unit above")),
    Command("unit.ask", mark("Go to unit…"), (SELECT,), "Ctrl+U", "window", _trace,
            hint=mark("Type the number of a unit")),
    Command("unit.select", mark("Select a unit"), parameters=("unit",), undoable=True),
    Command("layer.next", mark("Layer above"), (SELECT,), "Ctrl+PgUp", enabled=_layers, undoable=True, apart=True,
            hint=mark("Select the layer that reads this one")),
    Command("layer.previous", mark("Layer below"), (SELECT,), "Ctrl+PgDown", enabled=_layers, undoable=True,
            hint=mark("Select the layer that this one reads")),
    Command("direction.toggle", mark("Other direction"), (SELECT,), "Ctrl+D", enabled=_directions, undoable=True,
            hint=mark("Forward or reverse in a bidirectional layer")),
    Command("layer.select", mark("Select a layer"), parameters=("layer",), undoable=True),
    Command("trace.next", mark("Next trace"), (SELECT,), "Ctrl+Tab", enabled=_several, undoable=True, apart=True,
            hint=mark("Show the next open trace")),
)  # fmt: skip

_TRAIN = (
    Command("run.form", mark("Train…"), (TRAIN,), "Ctrl+N", "window", icon="train",
            hint=mark("Choose a net, data and how to learn, and watch the gates while it trains")),
    Command("run.continue", mark("Go on with this run"), (TRAIN,), "Ctrl+Shift+N", "window", _rests,
            hint=mark("Train on from the run's last checkpoint")),
    Command("run.toggle", mark("Train or pause"), (TRAIN,), "Ctrl+Space", "window", _steered,
            checked=lambda s: s.run is not None and s.run.state == "training", icon="play", apart=True,
            hint=mark("Let the training go on, or hold it; of twins both")),
    Command("run.phase", mark("One phase"), (TRAIN,), "F6", "window", _steered, icon="one-phase",
            hint=mark("Forward, loss, gradients or update: the next of the four, and then pause")),
    Command("run.batch", mark("One mini-batch"), (TRAIN,), "F7", "window", _steered, icon="one-batch",
            hint=mark("Finish this update and pause")),
    Command("run.epoch", mark("One epoch"), (TRAIN,), "F8", "window", _steered, icon="one-epoch",
            hint=mark("Go through the examples once and pause")),
    Command("run.probe", mark("Refresh the probe now"), (TRAIN,), "F9", "window", _steered, icon="look",
            hint=mark("Record the probe with the weights of this moment")),
    Command("run.stop", mark("Stop the training"), (TRAIN,), "Ctrl+Shift+Space", "window", _steered, icon="stop",
            hint=mark("End the training with a checkpoint, from which it can go on")),
    Command("replay.play", mark("Play the training"), (TRAIN,), "Shift+Space", enabled=_replays, icon="play",
            checked=lambda s: s.replay is not None and s.replay.playing, apart=True,
            hint=mark("Let the probe's traces pass from update to update, or hold them")),
    Command("replay.back", mark("Earlier in the training"), (TRAIN,), "Alt+Left", enabled=_replays, icon="back",
            hint=mark("The probe as it was at the update kept before")),
    Command("replay.forward", mark("Later in the training"), (TRAIN,), "Alt+Right", enabled=_replays, icon="forward",
            hint=mark("The probe as it was at the update kept after")),
    Command("replay.live", mark("Newest of the training"), (TRAIN,), "Alt+End", enabled=_can_follow, icon="live",
            hint=mark("Show the newest probe, and follow it while the net trains")),
    Command("replay.set", mark("Go to an update of the training"), parameters=("position",)),
    Command("run.start", mark("Begin a training"), where="window", parameters=("configs", "title")),
    Command("run.recipe", mark("Begin a ready training"), where="window", parameters=("id",)),
    Command("run.open_folder", mark("Open a run"), where="window", parameters=("folder",)),
    Command("run.show", mark("Show a run"), where="window", parameters=("id",)),
    Command("run.close", mark("Close a run"), where="window", parameters=("id",)),
    Command("run.rate", mark("Change the learning rate"), where="window", enabled=_steered,
            parameters=("learning_rate",)),
    Command("run.clip", mark("Change the clipping"), where="window", enabled=_steered, parameters=("clipping",)),
)  # fmt: skip

_HELP = (
    Command("guide.open", mark("Guide"), (HELP,), "F1", "window", icon="guide",
            hint=mark("The LSTM and this window, explained with the current frame")),
    Command("palette.open", mark("Find any command…"), (HELP,), "Ctrl+K", "window", icon="search",
            hint=mark("Type a few letters, press Enter")),
    Command("shortcuts.open", mark("Keyboard shortcuts"), (HELP,), "Ctrl+/", "window",
            hint=mark("Every key on one page")),
    Command("library.search", mark("Search the library"), (HELP,), "Ctrl+F", "window",
            hint=mark("Find a sample, a model, a trace or a recent file")),
    Command("engine.restart", mark("Restart the engine"), (HELP,), "", "window", apart=True,
            hint=mark("Start a fresh engine; open traces stay")),
    Command("log.open", mark("Open the log"), (HELP,), "", "window",
            hint=mark("The file to send with a report of a fault")),
    Command("about.open", mark("About lstmviz"), (HELP,), "", "window", apart=True,
            hint=mark("Version, versions of its libraries, licence")),
)  # fmt: skip

COMMANDS: Mapping[str, Command] = {
    command.id: command for command in (*_FILE, *_EDIT, *_VIEW, *_STEP, *_SELECT, *_TRAIN, *_HELP)
}
"""The table, by id, in the order of the menus."""

TOOLBAR = ("file.open", "sample.choose", "record.open", "run.form", "export.open", "compare.choose")
"""What the toolbar offers, left to right."""
