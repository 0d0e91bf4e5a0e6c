"""Which heat maps each kind of cell offers, in the session and in its commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lstmviz.session.commands import COMMANDS
from lstmviz.session.resolve import resolve
from lstmviz.session.signals import offered
from lstmviz.session.state import SIGNALS, Session
from lstmviz.traces.trace import Trace

SHOWN = {"lstm": "fiogch", "gru": "rfgh", "rnn": "h"}


@pytest.mark.parametrize("kind", SHOWN)
def test_the_first_heat_maps_are_those_that_the_cell_stores(make_trace: Callable[..., Trace], kind: str) -> None:
    trace = make_trace(kind=kind)
    assert "".join(name for name in SIGNALS if name in offered(trace, 0)) == SHOWN[kind]
    assert Session().signals == SIGNALS


@pytest.mark.parametrize("kind", SHOWN)
def test_a_command_is_enabled_for_what_the_cell_offers_alone(make_trace: Callable[..., Trace], kind: str) -> None:
    session = Session()
    session.add_trace(make_trace(kind=kind))
    snapshot = resolve(session)
    commands = [command for command in COMMANDS.values() if command.does == "signals.toggle"]
    enabled = {command.preset["name"] for command in commands if command.enabled(snapshot)}
    assert enabled == set(offered(snapshot.trace, 0)) - {"x", "y"}
    assert ("r" in enabled, "zr" in enabled) == (kind == "gru", kind == "gru")
