"""One table of commands feeds everything."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from lstmviz.language import LANGUAGES
from lstmviz.session import commands
from lstmviz.session.commands import COMMANDS, MENUS, TOOLBAR
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.handlers import HANDLERS
from lstmviz.session.run_view import FACES
from lstmviz.session.snapshot import Snapshot


def marked_literals() -> set[str]:
    """What the modules of commands mark."""
    modules = Path(commands.__file__).parent.glob("*command*.py")
    return {
        node.args[0].value
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "mark"
    }


def test_ids_are_unique():
    menus = (commands._FILE, commands._EDIT, commands._VIEW, commands._STEP, commands._SELECT, commands._TRAIN)
    table = [command for menu in (*menus, commands._HELP) for command in menu]
    assert [name for name, times in Counter(c.id for c in table).items() if times > 1] == []


def test_shortcuts_are_unique():
    shortcuts = Counter(c.shortcut for c in COMMANDS.values() if c.shortcut)
    assert [name for name, times in shortcuts.items() if times > 1] == []


def test_every_title_hint_and_menu_is_marked_for_translation():
    marked = marked_literals() | set(LANGUAGES.values())
    for command in COMMANDS.values():
        assert command.title in marked
        assert not command.hint or command.hint in marked
        assert set(command.menu) <= marked


def test_every_command_is_in_a_menu_with_a_hint_or_takes_arguments():
    for command in COMMANDS.values():
        assert bool(command.menu) != bool(command.parameters), command.id
        assert command.hint or command.parameters, command.id
        assert not command.menu or command.menu[0] in MENUS


def test_the_session_handles_exactly_its_own_commands():
    own = {c.id for c in COMMANDS.values() if c.where == "session" and not c.does}
    assert own == set(HANDLERS)


def test_presets_name_real_commands_in_the_same_place():
    for command in COMMANDS.values():
        if command.does:
            target = COMMANDS[command.does]
            assert set(command.preset) == set(target.parameters), command.id
            assert command.where == target.where
    assert set(TOOLBAR) <= set(COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS.values() if c.where == "session" and not c.parameters],
                         ids=lambda c: c.id)  # fmt: skip
def test_every_command_of_the_session_runs_with_and_without_a_trace(command, make_trace):
    for layers in (0, 2):
        dispatcher = Dispatcher()
        if layers:
            dispatcher.session.add_trace(make_trace(layers=layers))
            dispatcher.session.add_trace(make_trace(layers=layers, seed=1))
            dispatcher.session.set_range(10, 30)
            dispatcher.session.set_cursor(20)
            dispatcher.session.select(unit=3)
            dispatcher.announce()
        dispatcher.run(command.id)
        assert dispatcher.snapshot.notice is None


def test_enabled_and_checked_can_be_asked_of_an_empty_snapshot():
    for command in COMMANDS.values():
        assert command.can_run(Snapshot()) in (True, False)
        assert command.checked is None or command.checked(Snapshot()) in (True, False)


def test_a_listener_hears_what_changed_and_nothing_when_nothing_did(make_trace):
    dispatcher = Dispatcher()
    dispatcher.session.add_trace(make_trace())
    dispatcher.announce()
    heard = []
    dispatcher.listen(lambda snapshot, changed: heard.append((snapshot.t, changed)))
    dispatcher.run("step.forward")
    dispatcher.run("cursor.set", t=1)
    assert heard == [(1, frozenset({"t"}))]


def test_a_failure_becomes_a_notice_and_nothing_else(make_trace):
    dispatcher = Dispatcher()
    dispatcher.session.add_trace(make_trace())
    dispatcher.announce()
    heard = []
    dispatcher.listen(lambda snapshot, changed: heard.append(changed))
    dispatcher.run("trace.activate", id=99)
    assert heard == [frozenset({"notice"})]
    assert dispatcher.snapshot.notice.level == "error"


def test_a_step_by_hand_pauses_the_player(make_trace):
    dispatcher = Dispatcher()
    dispatcher.session.add_trace(make_trace())
    dispatcher.announce()
    dispatcher.run("play.toggle")
    dispatcher.tick(1.0)
    assert dispatcher.snapshot.t == 10
    dispatcher.run("step.back")
    assert (dispatcher.snapshot.t, dispatcher.snapshot.playing) == (9, False)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("folded", [False, True])
def test_folding_is_seen_whatever_face_was_shown(make_trace, face, folded):
    dispatcher = Dispatcher()
    dispatcher.session.add_trace(make_trace())
    dispatcher.run("face.set", face=face)
    dispatcher.session.folded = folded
    dispatcher.announce()
    dispatcher.run("fold.toggle")
    assert dispatcher.snapshot.face == "unrolled"
    assert dispatcher.snapshot.folded is (face != "unrolled" or not folded)


def test_the_window_cannot_take_over_a_command_of_the_session():
    with pytest.raises(ValueError, match=r"cursor\.set"):
        Dispatcher().register("cursor.set", print)
