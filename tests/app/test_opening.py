"""Whatever is opened or dropped, the right thing happens: the real window and the real engine."""

from __future__ import annotations

import json
import os
import shutil
import signal

import numpy as np
import pytest

from lstmviz import paths
from lstmviz.app.file_kinds import what_is
from lstmviz.app.matching import fits
from lstmviz.sequences.samples import sample
from lstmviz.wire.messages import NetSummary

WAIT = 60_000


@pytest.fixture
def program(engaged):
    return engaged


@pytest.fixture
def wait_for(program, qtbot):
    def wait(condition):
        def met():
            notice = program.dispatcher.snapshot.notice
            assert notice is None or notice.level != "error" or condition(), notice
            return bool(condition())

        qtbot.waitUntil(met, timeout=WAIT)

    return wait


def traces(program):
    return program.dispatcher.snapshot.open_traces


def test_a_sample_is_recorded_with_its_net_at_its_first_frame(program, wait_for):
    program.dispatcher.run("sample.open", id="reber")
    wait_for(lambda: traces(program))
    snapshot = program.dispatcher.snapshot
    assert snapshot.trace.sequence.name == sample("reber").title
    assert snapshot.trace.check.passed
    assert (snapshot.t, snapshot.playing, snapshot.task) == (0, False, None)


def test_a_sample_opens_with_its_net_s_note_and_unit_and_the_note_follows_the_language(program, wait_for, tmp_path):
    spec = json.loads((paths.samples() / "nets" / "sunspots.json").read_text(encoding="utf-8"))
    program.dispatcher.run("sample.open", id="sunspots")
    wait_for(lambda: traces(program))
    assert program.window.note.sentence() == spec["note"]["en"]
    assert program.dispatcher.snapshot.unit == spec["look"]["unit"]
    program.dispatcher.run("language.set", language="pt_BR")
    assert program.window.note.sentence() == spec["note"]["pt_BR"]
    program.dispatcher.run("language.set", language="en")
    program.dispatcher.run("note.toggle")
    assert program.window.note.sentence() == ""
    # a trace from the disk is worth the same look
    store = tmp_path / "a.zarr"
    program.saving.write_store(program.dispatcher.session.active, str(store))
    wait_for(lambda: store.is_dir() and program.dispatcher.snapshot.task is None)
    program.dispatcher.run("file.open_path", path=str(store))
    wait_for(lambda: len(traces(program)) == 2)
    assert program.window.note.sentence() == spec["note"]["en"]
    assert program.dispatcher.snapshot.unit == spec["look"]["unit"]


def test_a_sequence_goes_to_the_net_of_the_active_trace(program, wait_for, tmp_path):
    program.dispatcher.run("sample.open", id="sunspots")
    wait_for(lambda: traces(program))
    file = tmp_path / "mine.csv"
    file.write_text("value\n" + "\n".join(str(40 + 30 * np.sin(n / 2)) for n in range(30)) + "\n")
    program.dispatcher.run("file.open_path", path=str(file))
    wait_for(lambda: len(traces(program)) == 2)
    assert program.dispatcher.snapshot.steps == 30
    assert program.dispatcher.snapshot.recent[0] == str(file)


def test_a_sequence_without_a_net_offers_the_nets_that_fit(program, wait_for, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("value\n" + "\n".join(str(n % 11) for n in range(30)) + "\n")
    program.dispatcher.run("file.open_path", path=str(file))
    wait_for(lambda: program.offers.dialog is not None)
    dialog = program.offers.dialog
    offered = {dialog.models.item(n).text().split("\n")[0]: bool(dialog.models.item(n).flags())
               for n in range(dialog.models.count())}  # fmt: skip
    assert offered["sunspots"]
    assert not offered["reber"]
    assert dialog.models.currentItem().text().startswith("sunspots")
    dialog.accept()
    wait_for(lambda: traces(program))
    assert program.dispatcher.snapshot.trace.sequence.name.startswith("mine")


def test_the_nets_that_are_offered_are_told_in_the_language_of_the_moment(program, wait_for):
    for language, about in (("en", "Next symbol of the embedded Reber grammar"), ("pt_BR", "O próximo símbolo")):
        program.dispatcher.run("language.set", language=language)
        program.dispatcher.run("record.open")
        wait_for(lambda: program.offers.dialog is not None)
        models = program.offers.dialog.models
        rows = dict(models.item(n).text().split("\n") for n in range(models.count() - 1))
        program.offers.dialog.reject()
        assert rows["reber"].startswith(about)
    program.dispatcher.run("language.set", language="en")


def test_a_net_alone_waits_for_a_sequence(program, wait_for, tmp_path):
    for ending in (".json", ".safetensors"):
        shutil.copy(paths.samples() / "nets" / f"sunspots{ending}", tmp_path / f"mine{ending}")
    program.dispatcher.run("file.open_path", path=str(tmp_path / "mine.safetensors"))
    wait_for(lambda: program.offers.dialog is not None)
    program.offers.dialog.reject()
    file = tmp_path / "values.csv"
    file.write_text("\n".join(str(n) for n in range(20)))
    program.dispatcher.run("file.open_path", path=str(file))
    wait_for(lambda: traces(program))
    assert program.dispatcher.session.active.model_path == str(tmp_path / "mine.safetensors")


def test_the_net_of_a_sample_opens_its_sample(program, wait_for):
    program.dispatcher.run("file.open_path", path=str(paths.samples() / "nets" / "reber.json"))
    wait_for(lambda: traces(program))
    assert program.dispatcher.snapshot.trace.sequence.name == sample("reber").title


def test_a_net_and_sequences_dropped_together_are_recorded(program, wait_for, tmp_path):
    files = []
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("\n".join(str(n) for n in range(20)))
        files.append(str(tmp_path / name))
    program.dispatcher.run("file.open_paths", paths=(files[0], str(sample("sunspots").net_path), files[1]))
    wait_for(lambda: len(traces(program)) == 2)


def test_a_trace_is_saved_and_opens_again(program, wait_for, tmp_path):
    program.dispatcher.run("sample.open", id="reber")
    wait_for(lambda: traces(program))
    before = program.dispatcher.snapshot.trace
    store = tmp_path / "run.zarr"
    program.saving.write_store(program.dispatcher.session.active, str(store))
    wait_for(lambda: traces(program)[0].path == str(store))
    assert what_is(str(store)) == "trace"
    program.dispatcher.run("trace.close")
    program.dispatcher.run("file.open_path", path=str(store))
    wait_for(lambda: traces(program))
    after = program.dispatcher.snapshot.trace
    np.testing.assert_array_equal(after["c"], before["c"])
    assert after.model.sha256 == before.model.sha256


def test_an_export_from_the_dialog_is_written(program, wait_for, tmp_path):
    program.dispatcher.run("sample.open", id="reber")
    wait_for(lambda: traces(program))
    program.dispatcher.run("export.open")
    dialog = program.saving.export_dialog
    dialog._path.setText(str(tmp_path / "gates.csv"))
    wait_for(lambda: dialog._ok.isEnabled())
    dialog.accept()
    wait_for((tmp_path / "gates.csv").exists)
    wait_for(lambda: program.dispatcher.snapshot.notice is not None)
    assert "gates.csv" in program.dispatcher.snapshot.notice.text


@pytest.mark.parametrize(("name", "content"), [
    ("empty.csv", b""), ("words.csv", b"a\n1\nx\n"), ("net.safetensors", b"\x00" * 7), ("run.zarr", b"not a folder"),
    ("picture.png", b"\x89PNG broken"), ("sound.wav", b"RIFF"),
])  # fmt: skip
def test_a_bad_file_is_one_sentence_and_the_window_keeps_what_it_had(program, wait_for, tmp_path, qtbot, name, content):
    program.dispatcher.run("sample.open", id="reber")
    wait_for(lambda: traces(program))
    trace = program.dispatcher.snapshot.trace
    (tmp_path / name).write_bytes(content)
    program.dispatcher.run("file.open_path", path=str(tmp_path / name))
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.notice is not None, timeout=WAIT)
    notice = program.dispatcher.snapshot.notice
    assert notice.level == "error"
    assert name.split(".")[0] in notice.text
    assert "Traceback" not in notice.text
    assert program.dispatcher.snapshot.trace is trace
    assert program.dispatcher.snapshot.task is None


def test_a_cancelled_recording_leaves_nothing(program, qtbot):
    program.dispatcher.run("sample.open", id="reber")
    assert program.dispatcher.snapshot.task is not None
    program.dispatcher.run("task.cancel")
    qtbot.wait(300)
    assert program.dispatcher.snapshot.task is None
    assert not traces(program)


def test_a_dead_engine_is_restarted_and_the_window_says_so(program, wait_for):
    program.dispatcher.run("sample.open", id="reber")
    wait_for(lambda: traces(program))
    os.kill(program.client.info.pid, signal.SIGKILL)
    wait_for(lambda: program.dispatcher.snapshot.engine == "restarting")
    assert "restarting" in program.window.badge.sentence()
    wait_for(lambda: program.dispatcher.snapshot.engine == "ready")
    assert "restarted" in program.window.notices.sentence()
    assert len(traces(program)) == 1


def test_the_engine_can_be_restarted_by_hand(program, wait_for):
    pid = program.client.info.pid
    program.dispatcher.run("engine.restart")
    wait_for(lambda: program.dispatcher.snapshot.engine == "ready")
    assert program.client.info.pid != pid


def test_an_animation_is_filmed_and_the_cursor_comes_back(program, wait_for, tmp_path):
    program.dispatcher.run("sample.open", id="reber")
    wait_for(lambda: traces(program))
    program.dispatcher.run("range.set", start=10, stop=14)
    program.dispatcher.run("cursor.set", t=12)
    program.commands._filming.film(str(tmp_path / "a.gif"))
    wait_for((tmp_path / "a.gif").exists)
    wait_for(lambda: program.dispatcher.snapshot.task is None)
    assert program.dispatcher.snapshot.t == 12


def test_what_fits_is_seen_from_width_and_symbols(make_trace):
    text = sample("reber").load()
    series = make_trace(inputs=3).sequence
    values = NetSummary("", "", "", (), 0, 3, 1, "value")
    symbols = NetSummary("", "", "", (), 0, len(text.vocabulary), 1, "probability", {}, text.vocabulary)
    assert (fits(values, series), fits(values, text)) == (True, False)
    assert (fits(symbols, series), fits(symbols, text)) == (False, True)
