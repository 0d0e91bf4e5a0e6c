"""A store opens from a folder, a zip and an address alike, and what means harm is refused with a sentence."""

from __future__ import annotations

import contextlib
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from streamed import bare_trace, begin, feed, stream
from test_store import assert_identical, edit_root, root_attributes

from lstmviz.errors import ExportError, TraceError
from lstmviz.traces import stored
from lstmviz.traces.pack import pack_store
from lstmviz.traces.places import place_at
from lstmviz.traces.store import is_trace_store, open_trace, save_trace
from lstmviz.traces.trace import Trace

MakeTrace = Callable[..., Trace]
STEPS = 9000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, Path]:
    trace, path = bare_trace(STEPS, 7), tmp_path_factory.mktemp("store") / "a.zarr"
    stream(path, trace)
    pack_store(path, path.with_suffix(".zarr.zip"))
    return trace, path


def h_of(trace: Trace) -> np.ndarray:
    return trace.lanes[0, "forward"].signals["h"]


def assert_opens(path: str | Path, trace: Trace) -> None:
    """Whole and lazy, with its pyramid."""
    stored.chunks.clear()
    assert is_trace_store(path)
    assert_identical(trace, open_trace(path))
    opened = open_trace(path, lazy=True)
    np.testing.assert_array_equal(h_of(opened)[4000:4100], h_of(trace)[4000:4100])
    assert opened.overview is not None
    assert opened.overview.limits("h", 0, "forward") == (h_of(trace).min(), h_of(trace).max())
    assert opened.overview.picture("h", 0, "forward", 0, STEPS, 30, 7).shape == (7, 30)


class Ranges(SimpleHTTPRequestHandler):
    """A server of files that sends the asked range, and counts what it sends."""

    sent = 0
    ranges = True

    def log_message(self, *what: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        data, asked = file.read_bytes(), self.headers.get("Range")
        first, last = 0, len(data) - 1
        if asked and self.ranges:
            begin, end = asked.removeprefix("bytes=").split("-")
            first, last = int(begin), min(int(end or last), last)
        part = data[first : last + 1]
        self.send_response(206 if asked and self.ranges else 200)
        if asked and self.ranges:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)
        type(self).sent += len(part)


@pytest.fixture
def server(store: tuple[Trace, Path]) -> Iterator[str]:
    pytest.importorskip("aiohttp")
    folder = str(store[1].parent)
    Ranges.sent, Ranges.ranges = 0, True
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *facts: Ranges(*facts, directory=folder)) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_zip_opens_as_its_folder(store: tuple[Trace, Path]) -> None:
    assert_opens(store[1].with_suffix(".zarr.zip"), store[0])


def test_zarr_opens_the_zip_without_us(store: tuple[Trace, Path]) -> None:
    zarr = pytest.importorskip("zarr")
    with zarr.storage.ZipStore(store[1].with_suffix(".zarr.zip"), mode="r") as archive:
        np.testing.assert_array_equal(zarr.open_group(archive, mode="r")["layer0/forward/h"][:], h_of(store[0]))


def test_a_folder_zipped_by_hand_opens_with_its_name_inside(store: tuple[Trace, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in store[1].rglob("*"):
            archive.write(file, f"my store/{file.relative_to(store[1]).as_posix()}")
    assert_opens(tmp_path / "a.zip", store[0])


def test_a_compressed_zip_is_refused_with_what_to_do(store: tuple[Trace, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(store[1] / "zarr.json", "zarr.json")
    with pytest.raises(TraceError, match=r"compressed or encrypted.*Unpack it"):
        open_trace(tmp_path / "a.zip")


@pytest.mark.parametrize("cut", [0, 10, 5000, -30])
def test_a_cut_zip_is_a_sentence(store: tuple[Trace, Path], tmp_path: Path, cut: int) -> None:
    data = store[1].with_suffix(".zarr.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data[:cut])
    assert not is_trace_store(tmp_path / "a.zip")
    with pytest.raises(TraceError, match="no zip, or a damaged one"):
        open_trace(tmp_path / "a.zip")


def test_a_zip_with_random_bytes_changed_gives_the_trace_or_a_sentence(
    store: tuple[Trace, Path], tmp_path: Path
) -> None:
    data, rng = store[1].with_suffix(".zarr.zip").read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        harmed = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            harmed[at] ^= int(rng.integers(1, 256))
        for at in rng.integers(len(data) - 6000, len(data), 2):
            harmed[at] ^= int(rng.integers(1, 256))
        (tmp_path / "a.zip").write_bytes(harmed)
        stored.chunks.clear()
        with contextlib.suppress(TraceError):
            found = open_trace(tmp_path / "a.zip", lazy=True)
            np.testing.assert_array_equal(h_of(found)[:], h_of(store[0]))


def test_packing_says_what_it_cannot_pack(store: tuple[Trace, Path], tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"does not end in \.zip"):
        pack_store(store[1], tmp_path / "a.tar")
    with pytest.raises(ExportError, match="no folder with a trace store"):
        pack_store(tmp_path, tmp_path / "a.zip")
    done: list[tuple[int, int]] = []
    pack_store(store[1], tmp_path / "a.zarr.zip", lambda *so_far: done.append(so_far))
    assert done[-1][0] == done[-1][1]


def test_a_store_in_memory_opens_through_fsspec(store: tuple[Trace, Path]) -> None:
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.put(str(store[1]), "/here/a.zarr", recursive=True)
    files.put(str(store[1].with_suffix(".zarr.zip")), "/here/a.zarr.zip")
    try:
        assert_opens("memory://here/a.zarr", store[0])
        assert_opens("memory://here/a.zarr.zip", store[0])
        files.rm("/here/a.zarr/layer0/forward/h/c.1.0")
        stored.chunks.clear()
        with pytest.raises(TraceError, match=r"h/c\.1\.0"):
            h_of(open_trace("memory://here/a.zarr", lazy=True))[:]
    finally:
        files.rm("/here", recursive=True)


def test_a_store_behind_a_web_server_is_read_by_ranges(store: tuple[Trace, Path], server: str) -> None:
    stored.chunks.clear()
    opened = open_trace(f"{server}/a.zarr", lazy=True)
    before = Ranges.sent
    assert opened.overview is not None
    curve = opened.overview.envelope("h", 0, "forward", 3, 0, STEPS, 100)
    assert np.nanmax(curve.high) == h_of(store[0])[:, 3].max()
    assert 0 < Ranges.sent - before < 20_000
    assert_opens(f"{server}/a.zarr", store[0])
    assert_opens(f"{server}/a.zarr.zip", store[0])


def test_a_server_that_knows_no_ranges_gives_the_same(store: tuple[Trace, Path], server: str) -> None:
    Ranges.ranges = False
    assert_opens(f"{server}/a.zarr", store[0])
    with pytest.raises(TraceError, match="sends no parts of files"):
        open_trace(f"{server}/a.zarr.zip")


@pytest.mark.parametrize("what", ["nothing.zarr", "nothing.zarr.zip"])
def test_an_address_with_no_store_is_a_sentence(server: str, what: str) -> None:
    with pytest.raises(TraceError, match=what):
        open_trace(f"{server}/{what}")
    assert not is_trace_store(f"{server}/{what}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense://a.zarr", "nonsense"),
        ("simplecache::http://127.0.0.1:9/a.zarr", "one address inside another"),
        ("http://127.0.0.1:9/a.zarr", "could not be read"),
        ("file:///nowhere/a.zarr", "no trace store"),
    ],
)
def test_an_address_that_cannot_be_read_is_a_sentence(url: str, words: str) -> None:
    pytest.importorskip("aiohttp")
    with pytest.raises(TraceError, match=words):
        open_trace(url)
    assert not is_trace_store(url)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        import s3fs  # noqa: F401
    except ImportError:
        with pytest.raises(TraceError, match=r"needs a package that is not installed: .*s3fs"):
            place_at("s3://bucket/a.zarr")
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    with pytest.raises(TraceError, match=r"pip install 'lstmviz\[remote\]'"):
        place_at("s3://bucket/a.zarr")


def huge(folder: Path) -> None:
    """10^8 chunks of the signal are declared, and a trace of as many steps."""
    attributes = root_attributes(folder)
    for name, array in attributes["arrays"].items():
        if array["shape"][0] == STEPS:
            array["shape"][0] = 10**12
            declared = json.loads((folder / name / "zarr.json").read_text())
            declared["shape"][0] = 10**12
            (folder / name / "zarr.json").write_text(json.dumps(declared))
    edit_root(folder, arrays=attributes["arrays"], frames_written=10**12)


def wide(folder: Path) -> None:
    attributes = root_attributes(folder)
    attributes["arrays"]["layer0/forward/h"]["rows"] = 10**12
    declared = json.loads((folder / "layer0/forward/h/zarr.json").read_text())
    declared["chunk_grid"]["configuration"]["chunk_shape"][0] = 10**12
    (folder / "layer0/forward/h/zarr.json").write_text(json.dumps(declared))
    edit_root(folder, arrays=attributes["arrays"])


def linked_folder(folder: Path) -> None:
    (folder / "layer0/forward/h").rename(folder.parent / "elsewhere")
    (folder / "layer0/forward/h").symlink_to(folder.parent / "elsewhere")


def flipped(folder: Path) -> None:
    file = folder / "model/inputs/c.0.0"
    data = bytearray(file.read_bytes())
    data[77] ^= 4
    file.write_bytes(data)


def all_missing(folder: Path) -> None:
    for file in (folder / "layer0/forward/h").glob("c.*"):
        file.unlink()


@pytest.mark.parametrize("harm", [huge, wide, linked_folder, flipped, all_missing])
@pytest.mark.parametrize("lazy", [True, False])
def test_a_store_that_means_harm_is_a_sentence_at_once(
    tmp_path: Path, harm: Callable[[Path], object], lazy: bool
) -> None:
    stream(tmp_path / "a.zarr", bare_trace(STEPS, 7))
    harm(tmp_path / "a.zarr")
    stored.chunks.clear()
    with pytest.raises(TraceError) as caught:
        h_of(open_trace(tmp_path / "a.zarr", lazy=lazy))[5]
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


LIES = [
    b"layer0/forward 0 999999999999\n",
    b"layer0/forward -5 100\n",
    b"layer0/forward 5 100\n",
    b"../../etc 0 100\n",
    b"layer0/forward 0 " + b"9" * 5000 + b"\n",
    b"\xff\xfe\n\n \n",
    b"layer0/forward 0 64",
]


@pytest.mark.parametrize("lie", LIES)
def test_a_line_of_the_journal_that_means_nothing_is_no_line(tmp_path: Path, lie: bytes) -> None:
    trace = bare_trace(STEPS, 7)
    with begin(tmp_path / "a.zarr", trace) as writer:
        feed(writer, trace, stop=5000)
    journal = tmp_path / "a.zarr/lstmviz/journal"
    true = journal.read_bytes()
    journal.write_bytes(lie + b"\n" + true if lie.endswith(b"\n") else true + lie)
    assert len(open_trace(tmp_path / "a.zarr")) == 5000


def test_a_journal_that_promises_too_much_names_the_chunk_that_is_missing(tmp_path: Path) -> None:
    trace = bare_trace(STEPS, 7)
    with begin(tmp_path / "a.zarr", trace) as writer:
        feed(writer, trace, stop=5000)
    journal = tmp_path / "a.zarr/lstmviz/journal"
    journal.write_bytes(journal.read_bytes() + b"layer0/forward 5000 9000\n")
    opened = open_trace(tmp_path / "a.zarr", lazy=True)
    np.testing.assert_array_equal(h_of(opened)[:4000], h_of(trace)[:4000])
    with pytest.raises(TraceError, match=r"layer0/forward/h/c\."):
        h_of(opened)[:]
    with pytest.raises(TraceError, match=r"layer0/forward/h/c\."):
        open_trace(tmp_path / "a.zarr")


def test_a_large_store_of_version_2_opens_lazily_and_its_chunks_are_checked_by_their_size(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = make_trace(steps=3000, units=40)
    save_trace(trace, tmp_path / "a.zarr")
    assert not open_trace(tmp_path / "a.zarr").lazy
    monkeypatch.setattr("lstmviz.traces.store.WHOLE", 1000)
    opened = open_trace(tmp_path / "a.zarr")
    assert opened.lazy
    assert opened.overview is not None
    assert opened.overview.limits("c", 0, "forward") == (trace["c"].min(), trace["c"].max())
    np.testing.assert_array_equal(opened["c"][5:2000], trace["c"][5:2000])
    chunk = tmp_path / "a.zarr/layer0/forward/f/c/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-3])
    with pytest.raises(TraceError, match="layer0/forward/f/c/0/0"):
        opened["f"][7]


@pytest.mark.parametrize("lazy", [True, False])
def test_a_trace_is_saved_as_one_file(store: tuple[Trace, Path], tmp_path: Path, lazy: bool) -> None:
    packed = tmp_path / "b.zarr.zip"
    done: list[tuple[int, int]] = []
    save_trace(open_trace(store[1], lazy=lazy), packed, lambda *so_far: done.append(so_far))
    assert_opens(packed, store[0])
    save_trace(open_trace(packed, lazy=lazy), tmp_path / "again.zarr.ZIP")
    assert_identical(store[0], open_trace(tmp_path / "again.zarr.ZIP"))
    assert done[-1][0] == done[-1][1]
    assert {path.name for path in tmp_path.iterdir()} == {"b.zarr.zip", "again.zarr.ZIP"}
    with pytest.raises(ExportError, match="Choose another name for a copy"):
        save_trace(open_trace(packed, lazy=True), packed)


def test_a_store_that_is_still_written_is_packed_as_far_as_it_is(tmp_path: Path) -> None:
    trace = bare_trace(STEPS, 7)
    h, path, packed = h_of(trace), tmp_path / "a.zarr", tmp_path / "a.zarr.zip"
    with begin(path, trace) as writer:
        feed(writer, trace, stop=5000)
        there = len(open_trace(path))

        def goes_on(_done: int, _total: int) -> None:
            if len(open_trace(path)) == there:
                writer.append((0, "forward"), 5000, {"h": h[5000:]})

        pack_store(path, packed, goes_on)
        assert len(open_trace(path)) > there
    assert zipfile.ZipFile(packed).namelist()[:2] == ["zarr.json", "lstmviz/journal"]
    np.testing.assert_array_equal(h_of(open_trace(packed)), h[:there])
