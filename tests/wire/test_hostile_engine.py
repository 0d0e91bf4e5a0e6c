"""An engine elsewhere that lies: the window gives it no file, writes nothing but what was chosen, and lives on."""

from __future__ import annotations

import os
import shlex
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from far_bench import FarBench
from far_host import FarHost

from lstmviz.app.elsewhere_files import companions
from lstmviz.errors import LstmvizError
from lstmviz.sequences.samples import sample
from lstmviz.traces.trace import Trace
from lstmviz.wire import far_names
from lstmviz.wire.codec import sequence_to_wire
from lstmviz.wire.elsewhere_messages import ListFolder, OpenStore
from lstmviz.wire.host import Host, far_path
from lstmviz.wire.messages import InspectModel, LoadSequence, NetSummary, Payload, RecordBatch
from lstmviz.wire.remote_place import RemotePlace
from lstmviz.wire.run_messages import ReadRun, RunBegun
from lstmviz.wire.sentences import failure, is_sound

PROGRAM = Path(__file__).with_name("hostile_engine.py")
HEADER = """
from lstmviz.wire.elsewhere_messages import *
from lstmviz.wire.messages import *
from lstmviz.wire.run_messages import *
from lstmviz.wire.store_messages import StoreOpened
from lstmviz.runs.config import RunConfig
N = {}
def told(request, *payloads):
    return [*(Part(request.id, one) for one in payloads), Done(request.id)]
def as_ours(request):
    "What an honest engine says to what the window must have before it asks."
    if isinstance(request, HaveFiles):
        return told(request, FilesHeld("/cache/1", tuple(one.size for one in request.files)))
    if isinstance(request, MakeScratch):
        return told(request, ScratchMade("/scratch/1/" + request.name))
    return [Done(request.id)]
"""
PATIENCE = 20.0


class Liar(FarBench):
    """A client of an engine that answers as a script says."""

    def __init__(self, far: FarHost, script: Path) -> None:
        super().__init__(far, companions)
        self.script = script

    def __enter__(self) -> Liar:
        words = [sys.executable, str(PROGRAM), str(self.script)]
        self.client.choose(Host("liar", " ".join(map(shlex.quote, words)) + " #"))
        self.client.start()
        self.wait(lambda: self.client.state == "ready", "the liar")
        return self


@pytest.fixture
def lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Liar]]:
    """lie(body of ``answers(request)``) -> a client in use; ssh is a program that runs its last word here."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}{os.pathsep}{os.environ['PATH']}")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    made: list[Liar] = []

    def begin(body: str) -> Liar:
        script = tmp_path / "answers.py"
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        script.write_text(f"{HEADER}\ndef answers(request):\n{lines}\n    return as_ours(request)\n")
        made.append(Liar(None, script).__enter__())  # type: ignore[arg-type] — no ssh server is needed
        return made[-1]

    yield begin
    for one in made:
        one.client.stop()


def secret() -> Path:
    """A file that nobody chose, where the window stands."""
    Path("id_rsa").write_text("secret")
    return Path("id_rsa").absolute()


@pytest.mark.parametrize("path", ["id_rsa", "../here/id_rsa", "./id_rsa", "/cache/1/id_rsa", "/cache/1/../id_rsa"])
def test_no_answer_names_a_file_of_this_computer_that_was_not_brought(lie: Callable[[str], Liar], path: str) -> None:
    secret()
    Path("net.json").write_text("{}")
    liar = lie(
        f"""
if isinstance(request, InspectModel):
    return told(request, NetSummary({path!r}, "net", "", (), 0, 1, 1, "value"))
"""
    )
    (net,) = liar.answer(InspectModel(0, str(Path("net.json").absolute())))
    assert isinstance(net, NetSummary)
    assert far_path(net.path)
    assert far_names.brought_file(InspectModel(0, net.path)) is None, "to ask for it again brings nothing"


def test_a_file_that_was_brought_keeps_its_name(lie: Callable[[str], Liar]) -> None:
    Path("net.json").write_text("{}")
    liar = lie("""
if isinstance(request, InspectModel):
    return told(request, NetSummary("/cache/1/net.json", "net", "", (), 0, 1, 1, "value"))
""")
    (net,) = liar.answer(InspectModel(0, str(Path("net.json").absolute())))
    assert isinstance(net, NetSummary)
    assert net.path == str(Path("net.json").absolute())


def test_the_data_of_a_run_over_there_are_no_file_of_here(lie: Callable[[str], Liar]) -> None:
    secret()
    liar = lie("""
from lstmviz.wire.array_data import ArrayData
if isinstance(request, ReadRun):
    history = Metrics(*(ArrayData("<f8", (0,), b""),) * 7)
    config = RunConfig(data="id_rsa")
    return told(request, RunBegun("runs/1", "a", config, b"", 0, "cpu", "", 0, 1, 0, "", None, history, ()))
""")
    (begun,) = liar.answer(ReadRun(0, "liar:/run"))
    assert isinstance(begun, RunBegun)
    assert far_path(begun.config.data)
    assert far_path(begun.folder)


@pytest.mark.parametrize(
    "files",
    [
        '(("../stolen", 1),)',
        '(("/tmp/stolen", 1),)',
        '(("a/../../stolen", 1),)',
        '(("C:stolen", 1),)',
        '(("a", -5),)',
        '(("a", 1 << 60),)',
        '(("a", 3), ("a/b", 3))',
        '(("", 4), ("a", 3))',
    ],
)
def test_what_is_fetched_lands_where_it_was_chosen_or_nowhere(
    lie: Callable[[str], Liar], make_trace: Callable[..., Trace], files: str
) -> None:
    liar = lie(f"""
if isinstance(request, ListScratch):
    return told(request, TreeListed({files}))
if isinstance(request, ReadBytes):
    return told(request, BytesRead(request.file, request.start, b"xxx", 3))
""")
    failures: list[LstmvizError] = []
    ticket = liar.client.write_trace(
        make_trace(), str(Path("out.zarr").absolute()), on_failed=failures.append, source="liar:/a.zarr"
    )
    liar.wait(lambda: ticket.over, "the end")
    assert len(failures) == 1
    assert sorted(Path().rglob("*")) == []
    assert sorted(file.name for file in Path("..").iterdir()) == ["answers.py", "bin", "here"]


def test_other_bytes_than_were_asked_for_are_not_written(
    lie: Callable[[str], Liar], make_trace: Callable[..., Trace]
) -> None:
    for answer in ("0, b'xxxxx', 4", "2, b'xx', 4", "0, b'', 4"):
        liar = lie(f"""
if isinstance(request, ListScratch):
    return told(request, TreeListed((("", 4),)))
if isinstance(request, ReadBytes):
    return told(request, BytesRead(request.file, {answer}))
""")
        failures: list[LstmvizError] = []
        path = str(Path("out.csv").absolute())
        ticket = liar.client.write_trace(make_trace(), path, on_failed=failures.append, source="liar:/a.zarr")
        liar.wait(lambda: ticket.over, "the end")  # noqa: B023
        assert "changed over there" in str(failures[0])
        assert sorted(Path().iterdir()) == []
        liar.client.stop()


def test_what_is_half_fetched_when_the_window_goes_leaves_nothing(
    lie: Callable[[str], Liar], make_trace: Callable[..., Trace]
) -> None:
    liar = lie("""
if isinstance(request, ListScratch):
    return told(request, TreeListed((("", 4),)))
if isinstance(request, ReadBytes):
    return told(request, BytesRead("", request.start, b"x", 4)) if not request.start else []
""")
    path = str(Path("out.csv").absolute())
    liar.client.write_trace(make_trace(), path, source="liar:/a.zarr")
    liar.wait(lambda: [file for file in Path().iterdir() if file.stat().st_size], "the first byte")
    liar.client.stop()
    assert sorted(Path().iterdir()) == []


def test_bytes_without_end_of_a_store_are_given_up(lie: Callable[[str], Liar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmviz.wire.remote_place.MOST_HEAD", 10 << 20)
    liar = lie(
        """
if isinstance(request, OpenStore):
    piece = encode(Part(request.id, BytesRead("zarr.json", 0, b" " * (1 << 20), 1 << 40)))
    return [Part(request.id, StoreOpened("/a.zarr", 1, 1)), *[piece] * 64, Done(request.id)]
""".replace("if isinstance", "from lstmviz.wire.framing import encode\nif isinstance", 1)
    )
    failures: list[LstmvizError] = []
    tracemalloc.start()
    ticket = liar.client.ask_trace(OpenStore(0, "liar:/a.zarr"), lambda _: None, on_failed=failures.append)
    liar.wait(lambda: ticket.over, "the end")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "too large" in str(failures[0])
    assert most < 40 << 20
    assert liar.answer(ListFolder(0)) == [], "the connection is good for other questions"


def test_a_place_takes_no_more_and_no_other_bytes_than_it_asked_for() -> None:
    from lstmviz.wire.elsewhere_messages import BytesRead

    asked = []

    def ask(request: object, **heard: object) -> object:
        asked.append(heard)
        return type("Ticket", (), {"over": False, "cancel": lambda self: None})()

    lies = [
        ("other", 0, b"x" * 9, 1 << 20),
        ("c", 1, b"x", 1 << 20),
        ("c", 0, b"x" * (200 << 10), 1 << 20),
        ("c", 0, b"x", -7),
    ]
    for file, start, data, size in lies:
        place = RemotePlace("liar:/a", "/a", (), ask, "liar")  # type: ignore[arg-type]
        assert place.read("c", 0, 9) is None
        asked[-1]["on_part"](BytesRead(file, start, data, size))
        with pytest.raises(OSError, match="other bytes"):
            place.read("c", 0, 9)
    place = RemotePlace("liar:/a", "/a", (), ask, "liar")  # type: ignore[arg-type]
    assert place.read("c") is None
    asked[-1]["on_part"](BytesRead("c", 0, b"x", 1 << 50))
    with pytest.raises(OSError, match="other bytes"):
        place.read("c")


def test_more_recordings_than_were_asked_for_are_refused(lie: Callable[[str], Liar]) -> None:
    liar = lie("""
if isinstance(request, RecordBatch):
    nothing = TraceHeader(request.sequences[0], (), (), "none", (), "", {"arrays": {}})
    return told(request, *[nothing] * 100)
""")
    net = str(sample("reber").net_path)
    sequence = sequence_to_wire(sample("reber").load())
    failures: list[LstmvizError] = []
    ticket = liar.client.ask_traces(RecordBatch(0, net, (sequence,), size=2), lambda _: None, on_failed=failures.append)
    liar.wait(lambda: ticket.over, "the end")
    assert "Other traces" in str(failures[0])


def test_whoever_introduces_itself_again_and_again_is_met_once(lie: Callable[[str], Liar]) -> None:
    liar = lie("""
info = EngineInfo(PROTOCOL, {}, "CPU", ("cpu",), 2, "/log", "/elsewhere")
if isinstance(request, ListFolder):
    return [*[Part(0, info)] * 1000, *told(request, FolderListed("/x", "/", ()))]
""")
    before = len(liar._timers)
    parts: list[Payload] = liar.answer(ListFolder(0))
    assert len(parts) == 1
    assert liar.client.info is not None
    assert liar.client.info.pid == 1
    assert len(liar._timers) <= before + 1
    assert liar.states == ["starting", "ready"]


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("{a:>999999999}", {"a": "x"}),
        ("{a:.999999999f}", {"a": 1.0}),
        ("{a.__class__.__mro__}", {"a": "x"}),
        ("{a[0]}", {"a": "x"}),
        ("{a!r:>999999999}", {"a": "x"}),
        ("{a:{b}}", {"a": "x", "b": ">999999999"}),
        ("{nobody}", {"a": "x"}),
        ("{}", {"a": "x"}),
        ("{a", {"a": "x"}),
        ("{a:.2f}", {"a": "x"}),
        ("{a}", {"a": "x" * (1 << 20)}),
    ],
)
def test_a_sentence_can_do_nothing_but_name_its_values(template: str, values: dict[str, str | int | float]) -> None:
    assert not is_sound(template, values)
    assert len(str(failure(template, values))) < 1000


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("“{file}” has {count} rows; {share:.1f} GB, {error:.1e}.", {"file": "{x}", "count": 3, "share": 1.25,
         "error": 1e-7}, "“{x}” has 3 rows; 1.2 GB, 1.0e-07."),
        ("A brace { stays where nothing is filled in.", {}, "A brace { stays where nothing is filled in."),
        ("{value:.4g}, {rate:g}, {seconds:.0f}, {n:,}.", {"value": 1.0, "rate": 2.5, "seconds": 3.0, "n": 1000},
         "1, 2.5, 3, 1,000."),
    ],
)  # fmt: skip
def test_our_own_sentences_are_told_as_they_are(template: str, values: dict[str, str | int | float], text: str) -> None:
    assert str(failure(template, values)) == text


@pytest.mark.parametrize(
    "answer",
    [
        'b"\\xff" * 8 + b"x" * 100',
        "(70 << 20).to_bytes(8, 'little')",
        '(3).to_bytes(8, "little") + b"\\xc1\\xc1\\xc1"',
    ],
)
def test_what_is_no_message_loses_the_connection_and_nothing_else(lie: Callable[[str], Liar], answer: str) -> None:
    liar = lie(f"""
if isinstance(request, ListFolder):
    return [{answer}]
""")
    liar.client.ask(ListFolder(0))
    liar.wait(lambda: liar.client.state == "lost", "the loss")
    liar.client.give_up()


def test_a_sequence_that_is_none_is_a_sentence(lie: Callable[[str], Liar]) -> None:
    Path("a.csv").write_text("a\n1\n")
    liar = lie("""
if isinstance(request, LoadSequence):
    return [Failed(request.id, "{a:>999999999}", {"a": "x"})]
""")
    with pytest.raises(LstmvizError, match="not understood"):
        liar.answer(LoadSequence(0, str(Path("a.csv").absolute())))
