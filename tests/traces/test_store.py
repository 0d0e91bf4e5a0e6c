"""The trace store gives the identical trace back, and refuses whatever is not one with a sentence."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from any_trace import traces
from hypothesis import HealthCheck, given, settings

from lstmviz.errors import ExportError, TraceError
from lstmviz.traces import store_folder
from lstmviz.traces.layout import fingerprint
from lstmviz.traces.store import open_trace, save_trace
from lstmviz.traces.trace import Trace

MakeTrace = Callable[..., Trace]


def assert_identical(one: object, other: object) -> None:
    """Equal in every field, arrays in every bit; those of traces read-only."""
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
        assert not other.flags.writeable
    elif dataclasses.is_dataclass(one):
        assert type(one) is type(other)
        for field in dataclasses.fields(one):
            assert_identical(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_identical(one[key], other[key])
    else:
        assert one == other
        assert type(one) is type(other)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trace=traces())
def test_a_saved_trace_comes_back_identical_in_every_bit(tmp_path: Path, trace: Trace) -> None:
    save_trace(trace, tmp_path / "a.zarr")
    assert_identical(trace, open_trace(tmp_path / "a.zarr"))


def test_a_trace_of_several_chunks_comes_back(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_folder, "CHUNK_BYTES", 1000)
    trace = make_trace(steps=501, units=8)
    trace.save(str(tmp_path / "a.zarr"))
    assert len(list((tmp_path / "a.zarr/layer0/forward/f/c").iterdir())) == 17
    assert_identical(trace, open_trace(tmp_path / "a.zarr"))


def test_zarr_and_xarray_open_the_store_without_us(tmp_path: Path, make_trace: MakeTrace) -> None:
    xarray, zarr = pytest.importorskip("xarray"), pytest.importorskip("zarr")
    trace = make_trace(layers=2)
    save_trace(trace, tmp_path / "a.zarr")
    with xarray.open_zarr(tmp_path / "a.zarr", group="layer1/forward", consolidated=False) as data:
        assert data["c"].dims == ("time", "unit")
        np.testing.assert_array_equal(data["c"].values, trace.signal("c", 1))
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(group["layer0/forward/f"][:], trace["f"])
    assert group.attrs["frames_written"] == len(trace)


def test_saving_again_replaces_the_old_store_and_leaves_nothing_beside_it(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    save_trace(make_trace(steps=9), tmp_path / "a.zarr")
    save_trace(make_trace(steps=7), tmp_path / "a.zarr")
    assert len(open_trace(tmp_path / "a.zarr")) == 7
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_a_cancelled_save_leaves_the_old_store(tmp_path: Path, make_trace: MakeTrace) -> None:
    old = make_trace(steps=9)
    save_trace(old, tmp_path / "a.zarr")

    def cancel(done: int, total: int) -> None:
        assert 0 < done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_trace(make_trace(steps=7), tmp_path / "a.zarr", cancel)
    assert_identical(old, open_trace(tmp_path / "a.zarr"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_kill_9_while_saving_leaves_the_old_store(tmp_path: Path, make_trace: MakeTrace) -> None:
    old = make_trace(steps=9)
    save_trace(old, tmp_path / "a.zarr")
    program = (
        "import sys, time\n"
        "from lstmviz.traces.store import open_trace, save_trace\n"
        "def hang(done, total):\n"
        "    if done > total / 2:\n"
        "        print('half', flush=True)\n"
        "        time.sleep(60)\n"
        "save_trace(open_trace(sys.argv[1]), sys.argv[1], hang)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.zarr")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGKILL)
    assert_identical(old, open_trace(tmp_path / "a.zarr"))


def test_a_folder_with_something_else_in_it_is_not_replaced(tmp_path: Path, make_trace: MakeTrace) -> None:
    (tmp_path / "thesis.zarr").mkdir()
    (tmp_path / "thesis.zarr" / "chapter1.txt").write_text("years of work")
    with pytest.raises(ExportError, match="something else than a trace"):
        save_trace(make_trace(), tmp_path / "thesis.zarr")
    assert (tmp_path / "thesis.zarr" / "chapter1.txt").read_text() == "years of work"


@pytest.mark.parametrize(("name", "words"), [("a.zip", "does not end in .zarr"), ("no/a.zarr", "does not exist")])
def test_a_name_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, make_trace: MakeTrace, name: str, words: str
) -> None:
    with pytest.raises(ExportError, match=words) as caught:
        save_trace(make_trace(), tmp_path / name)
    assert name in str(caught.value)


def test_times_that_no_store_can_hold_are_a_sentence(tmp_path: Path, make_trace: MakeTrace) -> None:
    trace = make_trace(steps=2)
    words = dataclasses.replace(trace.sequence, times=np.array(["noon", "night"]))
    with pytest.raises(ExportError, match="sequence/times is of type <U5"):
        save_trace(dataclasses.replace(trace, sequence=words), tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def edit_root(folder: Path, **attributes: object) -> None:
    """Change the root's attributes and sign them anew, as someone who means harm would."""
    words = json.loads((folder / "zarr.json").read_text())
    words["attributes"] |= attributes
    words["attributes"]["sha256"] = fingerprint(words["attributes"]["meta"], words["attributes"]["arrays"])
    (folder / "zarr.json").write_text(json.dumps(words))


def root_attributes(folder: Path) -> dict:
    return json.loads((folder / "zarr.json").read_text())["attributes"]


def huge(folder: Path) -> None:
    attributes = root_attributes(folder)
    for name, array in attributes["arrays"].items():
        if not name.startswith("layer0/forward/weights") and not name.endswith(("h0", "c0")):
            array["shape"][0] = 10**12
            array["rows"] = 1
            declared = json.loads((folder / name / "zarr.json").read_text())
            declared["shape"][0] = 10**12
            declared["chunk_grid"]["configuration"]["chunk_shape"][0] = 1
            (folder / name / "zarr.json").write_text(json.dumps(declared))
    edit_root(folder, arrays=attributes["arrays"], frames_written=10**12)


def outside(folder: Path) -> None:
    attributes = root_attributes(folder)
    attributes["arrays"]["../../secret"] = attributes["arrays"].pop("model/inputs")
    edit_root(folder, arrays=attributes["arrays"])


def linked(folder: Path) -> None:
    chunk = folder / "layer0/forward/f/c/0/0"
    chunk.rename(folder.parent / "elsewhere")
    chunk.symlink_to(folder.parent / "elsewhere")


def flipped(folder: Path) -> None:
    chunk = folder / "layer0/forward/c/c/0/0"
    data = bytearray(chunk.read_bytes())
    data[77] ^= 4
    chunk.write_bytes(data)


def truncated(folder: Path) -> None:
    chunk = folder / "layer0/forward/c/c/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-5])


def renamed(folder: Path) -> None:
    words = (folder / "zarr.json").read_text()
    (folder / "zarr.json").write_text(words.replace("random walk", "random talk"))


def compressed(folder: Path) -> None:
    file = folder / "model/inputs/zarr.json"
    words = json.loads(file.read_text())
    words["codecs"].append({"name": "gzip", "configuration": {"level": 5}})
    file.write_text(json.dumps(words))


def absurd_layer(folder: Path) -> None:
    meta = root_attributes(folder)["meta"]
    meta["layers"][0]["units"] = 10**12
    edit_root(folder, meta=meta)


def wrong_type(folder: Path) -> None:
    meta = root_attributes(folder)["meta"]
    meta["layers"] = "many"
    edit_root(folder, meta=meta)


def missing_array(folder: Path) -> None:
    attributes = root_attributes(folder)
    del attributes["arrays"]["layer0/forward/h"]
    edit_root(folder, arrays=attributes["arrays"])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (shutil.rmtree, "does not exist"),
        (lambda folder: (folder / "zarr.json").unlink(), "no trace store"),
        (lambda folder: (folder / "zarr.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "zarr.json").write_text("[" * 100_000), "damaged"),
        (lambda folder: (folder / "zarr.json").write_text('{"attributes": {}}'), "no finished trace store"),
        (lambda folder: edit_root(folder, lstmviz_trace=99), "version 99"),
        (lambda folder: edit_root(folder, frames_written=4), "damaged"),
        (lambda folder: (folder / "layer0/forward/c/c/0/0").unlink(), "layer0/forward/c/c/0/0"),
        (lambda folder: shutil.rmtree(folder / "layer0/forward/c"), "layer0/forward/c"),
        (truncated, "layer0/forward/c/c/0/0"),
        (flipped, "layer0/forward/c"),
        (renamed, "damaged"),
        (compressed, "model/inputs"),
        (linked, "layer0/forward/f"),
        (huge, "damaged"),
        (outside, "secret"),
        (absurd_layer, "damaged"),
        (wrong_type, "damaged"),
        (missing_array, "layer0/forward/h"),
    ],
)
def test_a_harmed_store_is_refused_with_one_sentence_that_names_it(
    tmp_path: Path, make_trace: MakeTrace, harm: Callable[[Path], object], words: str
) -> None:
    folder = tmp_path / "a.zarr"
    save_trace(make_trace(), folder)
    harm(folder)
    with pytest.raises(TraceError) as caught:
        open_trace(folder)
    assert words in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_no_trace_store(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").write_text("hello")
    with pytest.raises(TraceError, match="no trace store"):
        open_trace(tmp_path / "a.zarr")
