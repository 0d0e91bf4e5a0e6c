"""Runs in the session: how they stand, their curves, and at which update the probe is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.handlers import Desk
from lstmviz.session.metrics_log import MetricsLog
from lstmviz.session.player import PROBES_A_SECOND
from lstmviz.session.resolve import resolve
from lstmviz.session.runs import Runs
from lstmviz.session.state import Session
from lstmviz.wire.codec import array_to_wire
from lstmviz.wire.run_messages import Metrics, RunBegun, RunReport

CONFIG = RunConfig(data="reber")
PROBES = (0, 10, 20, 40, 80)


def metrics(first: int, last: int, validations: tuple[int, ...] = (), scale: float = 1.0) -> Metrics:
    updates = np.arange(first, last + 1, dtype=float)
    told = np.array(validations, dtype=float)
    columns = [updates, updates / 10, scale / updates, updates, updates * 0 + 0.01, told, told * scale]
    return Metrics(*(array_to_wire(column) for column in columns))


def report(update: int, fresh: Metrics | None = None, **values: object) -> RunReport:
    told = RunReport(
        state="training", update=update, epoch=0, phase="update", took=(1.0, 2.0, 3.0, 4.0), loss=0.5, norm=2.0,
        clipped=1.0, change=1e-3, speed=100.0, seconds_left=5.0, learning_rate=0.01, clipping=1.0,
        fresh=fresh or metrics(1, 0),
    )  # fmt: skip
    return RunReport(**{**{name: getattr(told, name) for name in told.__struct_fields__}, **values})


def begun(update: int = 0, history: Metrics | None = None, probes: tuple[int, ...] = ()) -> RunBegun:
    return RunBegun(
        folder="/runs/a", title="Reber", config=CONFIG, spec=b"{}", parameters=99, device="cpu", reason="no GPU",
        update=update, updates=100, epoch=0, unit="nats", optimum=0.25, history=history or metrics(1, 0),
        probes=probes, log=((0, "begun"),),
    )  # fmt: skip


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def trained(make_trace) -> Session:
    """A session with one run under way, whose probe is the active trace."""
    session = Session()
    run = session.runs.add("/runs/a", "Reber", CONFIG)
    session.runs.begun(run, begun(80, metrics(1, 80), PROBES))
    session.runs.report(run, report(80))
    session.runs.attach(run, session.add_trace(make_trace()))
    return session


def test_a_run_becomes_what_the_engine_tells(runs):
    run = runs.add("/runs/a", "mine", CONFIG)
    assert (runs.get(run).state, runs.get(run).learning_rate, runs.shown) == ("starting", CONFIG.learning_rate, run)
    runs.begun(run, begun(2, metrics(1, 2)))
    runs.report(run, report(4, metrics(3, 4, (4,)), log=((3, "learning rate set to 1"),)))
    view = runs.get(run)
    assert (view.title, view.state, view.update, view.updates, view.optimum) == ("Reber", "training", 4, 100, 0.25)
    assert view.took == (1.0, 2.0, 3.0, 4.0)
    assert view.log == ((0, "begun"), (3, "learning rate set to 1"))
    np.testing.assert_array_equal(view.curves.update, [1, 2, 3, 4])
    np.testing.assert_array_equal(view.curves.validation_update, [4])


def test_a_pause_that_nobody_asked_for_says_why_until_it_goes_on(runs):
    run = runs.add("/runs/a", "mine", CONFIG)
    runs.report(run, report(4, state="paused", why=("Update {n} diverged.", {"n": 5})))
    assert runs.get(run).sentence == "Update 5 diverged."
    runs.report(run, report(5))
    assert runs.get(run).sentence == ""


def test_curves_that_were_read_never_change(runs):
    run = runs.add("/runs/a", "mine", CONFIG)
    seen = []
    for first in range(1, 2000, 50):
        runs.report(run, report(first, metrics(first, first + 49)))
        seen.append(runs.get(run).curves.loss)
    runs.report(run, report(101, metrics(101, 120, scale=7.0)))
    for place, loss in enumerate(seen, 1):
        np.testing.assert_array_equal(loss, 1 / np.arange(1, 50 * place + 1))
        assert not loss.flags.writeable


def test_what_is_trained_anew_replaces_what_was_before():
    log = MetricsLog()
    log.extend(metrics(1, 50, (20, 40)))
    log.extend(metrics(31, 35, (33,), scale=2.0))
    curves = log.curves()
    np.testing.assert_array_equal(curves.update, np.arange(1, 36))
    np.testing.assert_array_equal(curves.loss[28:32], [1 / 29, 1 / 30, 2 / 31, 2 / 32])
    np.testing.assert_array_equal(curves.validation_update, [20, 33])


def test_growing_curves_copy_little():
    log = MetricsLog()
    rooms = set()
    for update in range(1, 5001):
        log.extend(metrics(update, update))
        rooms.add(log.curves().loss.base.__array_interface__["data"][0])
    assert len(rooms) < 8


def test_what_did_not_change_is_the_same_object(trained):
    session = trained
    other = session.runs.add("/runs/b", "other", CONFIG)
    before = resolve(session)
    session.runs.report(other, report(1))
    after = resolve(session)
    assert before.runs[0] is after.runs[0]
    assert before.runs[1] is not after.runs[1]
    assert before.replay == after.replay


def test_the_newest_probe_is_followed_until_another_is_chosen(trained):
    session = trained
    assert (resolve(session).replay.position, resolve(session).replay.live) == (4, True)
    session.runs.kept(1, (*PROBES, 160))
    assert resolve(session).replay.position == 5
    session.runs.replay_at(1, 2)
    session.runs.kept(1, (*PROBES, 160, 320))
    assert (resolve(session).replay.position, resolve(session).replay.live) == (2, False)
    assert session.runs.wanted(1) == 20
    session.runs.replay_at(1, 99)
    assert (resolve(session).replay.position, session.runs.wanted(1)) == (6, None)


def test_a_probe_that_was_thinned_out_gives_way_to_the_one_before_it(trained):
    session = trained
    session.runs.replay_at(1, 3)
    session.runs.kept(1, (0, 20, 80))
    assert session.runs.wanted(1) == 20
    assert resolve(session).replay.position == 1


def test_twins_are_replayed_together_and_part_when_one_is_closed(trained):
    runs = trained.runs
    twin = runs.add("/runs/b", "twin", CONFIG)
    runs.begun(twin, begun(80, probes=(0, 15, 80)))
    runs.pair(1, twin)
    runs.replay_at(1, 2)
    assert (runs.wanted(1), runs.wanted(twin)) == (20, 15)
    runs.close(1)
    assert (runs.get(twin).twin, runs.shown, runs.get(1)) == (0, twin, None)
    assert resolve(trained).replay is None


def test_the_twin_s_trace_is_compared_whichever_is_active(trained, make_trace):
    session = trained
    twin = session.runs.add("/runs/b", "twin", CONFIG)
    session.runs.pair(1, twin)
    one, other = session.place.trace_id, session.add_trace(make_trace(seed=1), activate=False)
    session.runs.attach(twin, other)
    stranger = session.add_trace(make_trace(seed=2))
    session.activate(one)
    assert session.compared == other
    session.set_cursor(7)
    session.set_range(4, 12)
    session.activate(other)
    assert (session.compared, session.runs.shown) == (one, twin)
    assert (session.place.t, session.place.start, session.place.stop) == (7, 4, 12), "twins are seen at one place"
    session.activate(stranger)
    assert session.compared == 0


def test_a_closed_probe_that_is_opened_again_belongs_to_its_run(trained):
    dispatcher = Dispatcher(trained)
    trace_id = trained.place.trace_id
    dispatcher.run("trace.close")
    assert (dispatcher.snapshot.runs[0].trace_id, dispatcher.snapshot.replay) == (0, None)
    dispatcher.run("history.undo")
    assert dispatcher.snapshot.runs[0].trace_id == trace_id
    assert dispatcher.snapshot.replay.live


def test_a_trace_is_exchanged_under_cursor_selection_and_range(make_trace):
    session = Session()
    one, other = session.add_trace(make_trace(layers=2)), session.add_trace(make_trace(layers=2))
    session.set_range(10, 30)
    session.set_cursor(20)
    session.select(unit=5, layer=1)
    session.set_playing(True)
    session.replace_trace(other, make_trace(seed=3, layers=2))
    place = session.place
    assert (place.t, place.unit, place.layer, place.start, place.stop) == (20, 5, 1, 10, 30)
    assert session.playing
    session.replace_trace(other, make_trace(steps=12, units=3))
    place = session.place
    assert (place.t, place.unit, place.layer, place.start, place.stop) == (11, 2, 0, 0, 12)
    session.replace_trace(other, make_trace(steps=40))
    assert (session.place.start, session.place.stop) == (0, 40)
    session.replace_trace(one, make_trace(steps=5))
    session.activate(one)
    assert (session.place.t, session.steps) == (0, 5)


def test_undo_goes_back_in_a_trace_that_was_exchanged(make_trace):
    dispatcher = Dispatcher()
    trace_id = dispatcher.session.add_trace(make_trace())
    dispatcher.run("cursor.set", t=40)
    dispatcher.session.replace_trace(trace_id, make_trace(steps=20))
    dispatcher.run("history.undo")
    assert dispatcher.snapshot.t == 0
    dispatcher.run("history.redo")
    assert dispatcher.snapshot.t == 19


def test_the_training_plays_from_its_beginning_to_its_end(trained):
    desk = Desk(trained)
    dispatcher = Dispatcher(trained)
    dispatcher.run("replay.play")
    assert (dispatcher.snapshot.replay.position, dispatcher.snapshot.replay.playing) == (0, True)
    dispatcher.tick(2.5 / PROBES_A_SECOND)
    assert dispatcher.snapshot.replay.position == 2
    dispatcher.tick(60.0)
    assert (dispatcher.snapshot.replay.position, dispatcher.snapshot.replay.playing) == (4, False)
    assert dispatcher.snapshot.replay.live
    assert desk.player.tick(1.0) is False


def test_both_axes_play_at_once_and_a_loop_begins_again(trained):
    dispatcher = Dispatcher(trained)
    dispatcher.run("play.loop")
    dispatcher.run("play.toggle")
    dispatcher.run("replay.play")
    dispatcher.tick(6.2 / PROBES_A_SECOND)
    assert dispatcher.snapshot.replay.position == 1
    assert dispatcher.snapshot.replay.playing
    assert dispatcher.snapshot.t == 10


def test_a_place_chosen_by_hand_holds_the_training(trained):
    dispatcher = Dispatcher(trained)
    dispatcher.run("replay.play")
    dispatcher.run("replay.forward")
    assert (dispatcher.snapshot.replay.position, dispatcher.snapshot.replay.playing) == (1, False)
    dispatcher.run("replay.back")
    dispatcher.run("replay.back")
    assert dispatcher.snapshot.replay.position == 0
    dispatcher.run("replay.live")
    assert dispatcher.snapshot.replay.live


def test_a_run_that_there_is_not_is_a_sentence(runs):
    with pytest.raises(RunError, match="number 7"):
        runs.show(7)


def test_flow_and_batch_are_those_of_the_active_trace(trained, make_trace):
    from lstmviz.session.run_view import FlowView

    first = trained.place.trace_id
    trained.flow = FlowView(first, -1, 0.5, {})
    trained.batch, trained.batch_of = (make_trace(),), first
    assert resolve(trained).flow is trained.flow
    assert resolve(trained).batch is trained.batch
    trained.add_trace(make_trace())
    assert (resolve(trained).flow, resolve(trained).batch) == (None, ())


def test_what_a_listener_changes_is_told_after_the_change_it_heard_of(make_trace):
    dispatcher = Dispatcher()
    dispatcher.session.add_trace(make_trace())
    dispatcher.announce()
    heard = []

    def first(snapshot, changed):
        if "t" in changed and snapshot.t < 3:
            dispatcher.session.set_cursor(3)
            dispatcher.announce()

    dispatcher.listen(first)
    dispatcher.listen(lambda snapshot, changed: heard.append(snapshot.t))
    dispatcher.run("cursor.set", t=1)
    assert heard == [1, 3]


@pytest.mark.parametrize(("state", "update", "rests", "steered"), [
    ("training", 5, False, True), ("paused", 5, False, True), ("ended", 5, True, False),
    ("ended", 100, False, False), ("read", 5, True, False), ("failed", 0, True, False), ("starting", 0, False, False),
])  # fmt: skip
def test_a_run_is_steered_while_it_is_under_way_and_goes_on_where_it_rests(trained, state, update, rests, steered):
    from lstmviz.session.commands import COMMANDS

    trained.engine = "ready"
    snapshot = resolve(trained)
    snapshot = replace(snapshot, runs=(replace(snapshot.runs[0], state=state, update=update),))
    assert COMMANDS["run.continue"].can_run(snapshot) == rests
    assert COMMANDS["run.toggle"].can_run(snapshot) == steered


def test_faces_are_chosen_by_name_and_an_unknown_one_changes_nothing():
    dispatcher = Dispatcher()
    dispatcher.run("face.flow")
    dispatcher.run("face.set", face="moon")
    assert dispatcher.snapshot.face == "flow"
