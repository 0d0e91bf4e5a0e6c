"""Every exported file, opened by another program's reader, holds the trace's own numbers."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from any_trace import traces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmviz.errors import ExportError, TraceError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.export import EXPORTERS, export, preview
from lstmviz.traces.selection import select
from lstmviz.traces.store import open_trace
from lstmviz.traces.trace import Trace

MakeTrace = Callable[..., Trace]
SOME = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
NASTY = ("=1+1", "+", "-x", "@here", "'quoted", 'a "b", c', "a\nb", "\t", "", "ção", "\u2028", "\r\n")


def read_table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def labelled(trace: Trace, times: np.ndarray | None = None) -> Trace:
    labels = tuple(NASTY[t % len(NASTY)] for t in range(len(trace)))
    return replace(trace, sequence=Sequence(trace.sequence.values, labels=labels, times=times))


@SOME
@given(trace=traces(wild=False))
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_long_text_gives_every_float_back(tmp_path: Path, trace: Trace, ending: str) -> None:
    export(trace, tmp_path / f"a{ending}", signals="all")
    header, *rows = read_table(tmp_path / f"a{ending}")
    tail = ["layer", "direction", "unit", "signal", "value"]
    assert header[0] == "t"
    assert header[-5:] == tail
    chosen = select(trace, signals="all")
    assert len(rows) == len(trace) * chosen.columns()
    found = {(int(row[0]), *row[-5:-1]): row[-1] for row in rows}
    assert len(found) == len(rows)
    for block in chosen.blocks:
        whole = trace.signal(block.signal, block.layer, block.direction)
        for (t, unit), value in np.ndenumerate(whole):
            text = found[t, str(block.layer), block.direction, str(unit), block.signal]
            assert whole.dtype.type(text).tobytes() == value.tobytes()
            assert Decimal(text) == Decimal(str(value))  # no digit more than needed, and none but the nearest


@SOME
@given(trace=traces(wild=False))
def test_wide_text_gives_every_float_back(tmp_path: Path, trace: Trace) -> None:
    export(trace, tmp_path / "a.csv", form="wide")
    header, *rows = read_table(tmp_path / "a.csv")
    assert len(rows) == len(trace)
    several = len(trace.lanes) > 1
    for (layer, side), lane in trace.lanes.items():
        for name, array in lane.signals.items():
            stem = f"layer{layer}/{side}/{name}" if several else name
            columns = [header.index(f"{stem}[{unit}]") for unit in range(array.shape[1])]
            texts = [[row[column] for column in columns] for row in rows]
            assert same_bits(np.array(texts).astype(array.dtype), array)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1 / 3, "0.33333334"), (-0.0, "-0.0"), (np.nan, "nan"), (-np.inf, "-inf"), (1e-45, "1e-45")],
)
def test_a_float32_is_written_as_its_shortest_text(
    tmp_path: Path, make_trace: MakeTrace, value: float, text: str
) -> None:
    trace = make_trace(steps=1, inputs=1)
    trace = replace(trace, inputs=np.array([[value]], np.float32))
    export(trace, tmp_path / "a.csv", signals="x")
    assert read_table(tmp_path / "a.csv")[1][-1] == text


@pytest.mark.parametrize("form", ["long", "wide"])
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_a_label_is_no_formula_and_comes_back(tmp_path: Path, make_trace: MakeTrace, form: str, ending: str) -> None:
    trace = labelled(make_trace(steps=24), np.arange(24) / 7)
    export(trace, tmp_path / f"a{ending}", form=form, signals="h")
    header, *rows = read_table(tmp_path / f"a{ending}")
    assert header[:3] == ["t", "time", "label"]
    for row in rows:
        t = int(row[0])
        assert float(row[1]) == t / 7
        assert not row[2].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row[2].removeprefix("'") == trace.sequence.labels[t]


def test_dates_are_iso_8601(tmp_path: Path, make_trace: MakeTrace) -> None:
    trace = labelled(make_trace(steps=3), np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "M8[D]"))
    export(trace, tmp_path / "a.csv", form="wide")
    assert [row[1] for row in read_table(tmp_path / "a.csv")] == ["time", "2026-01-01", "2026-01-02", "2026-01-03"]


@SOME
@given(trace=traces(wild=False))
@pytest.mark.parametrize("ending", [".npz", ".h5", ".hdf5"])
def test_arrays_come_back_in_every_bit(tmp_path: Path, trace: Trace, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    export(trace, path, signals="all", steps="0")
    chosen = select(trace, signals="all", steps="0")
    if ending == ".npz":
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        assert json.loads(str(found["about"]))["model_sha256"] == trace.model.sha256
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path) as file:
            found = {name: file[name][...] for name in ("t", *(block.key for block in chosen.blocks))}
            assert file.attrs["model_sha256"] == trace.model.sha256
    assert found["t"].tolist() == [0]
    for block in chosen.blocks:
        assert same_bits(found[block.key], trace.signal(block.signal, block.layer, block.direction)[:1])


@pytest.mark.parametrize("form", ["long", "wide"])
@SOME
@given(trace=traces(wild=False))
def test_parquet_comes_back_in_every_bit(tmp_path: Path, trace: Trace, form: str) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    export(trace, tmp_path / "a.parquet", form=form)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.metadata[b"model_sha256"].decode() == trace.model.sha256
    expected = [array for lane in trace.lanes.values() for array in lane.signals.values()]
    if form == "long":
        assert table.column_names[-5:] == ["layer", "direction", "unit", "signal", "value"]
        assert same_bits(table["value"].to_numpy(), np.concatenate([array.ravel() for array in expected]))
        assert table["t"].to_numpy().max() == len(trace) - 1
    else:
        columns = [table[name].to_numpy() for name in table.column_names if name.endswith("]")]
        assert same_bits(np.stack(columns, 1), np.concatenate(expected, axis=1))


def test_labels_and_times_come_back_from_binary_files(tmp_path: Path, make_trace: MakeTrace) -> None:
    h5py, pq = pytest.importorskip("h5py"), pytest.importorskip("pyarrow.parquet")
    times = np.arange(24).astype("M8[h]")
    trace = labelled(make_trace(steps=24), times)
    labels = list(trace.sequence.labels)
    for ending in (".npz", ".h5", ".parquet"):
        export(trace, tmp_path / f"a{ending}", signals="h", form="wide")
    with np.load(tmp_path / "a.npz") as file:
        assert file["label"].tolist() == labels
        assert same_bits(file["time"], times)
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file["label"].asstr()) == labels
        assert (np.array(file["time"].asstr()[...], "M8[h]") == times).all()
    table = pq.read_table(tmp_path / "a.parquet")
    assert table["label"].to_pylist() == labels
    assert (table["time"].to_numpy() == times).all()


@settings(SOME, max_examples=4)
@given(trace=traces(wild=False), choice=st.data())
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz", ".h5"])
def test_a_trace_read_from_the_disk_as_it_goes_is_exported_as_one_in_memory(
    tmp_path: Path, trace: Trace, choice: st.DataObject, ending: str
) -> None:
    pytest.importorskip(EXPORTERS[ending].library or "numpy")
    trace.save(tmp_path / "t.zarr")
    stored = open_trace(tmp_path / "t.zarr", lazy=True)
    steps = choice.draw(st.sets(st.integers(0, len(trace) - 1), min_size=1), "steps")
    units = choice.draw(st.sets(st.integers(0, trace.units - 1), min_size=1), "units")
    form = choice.draw(st.sampled_from(["long", "wide"]), "form")
    exact = [name for name in trace.names() if name[0] != "z" and name != "tanh_c"]  # sums may round in another order
    signals = choice.draw(st.sampled_from([None, exact]), "signals")
    wish = {"signals": signals, "units": units, "steps": steps, "form": form}
    export(trace, tmp_path / f"a{ending}", **wish)
    export(stored, tmp_path / f"b{ending}", **wish)
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    assert preview(stored, "a.csv", 5, **wish) == preview(trace, "a.csv", 5, **wish)


@pytest.mark.parametrize("form", ["long", "wide"])
@pytest.mark.parametrize("rows", [1, 5, 1000])
def test_a_preview_is_the_start_of_the_file(tmp_path: Path, make_trace: MakeTrace, form: str, rows: int) -> None:
    trace = labelled(make_trace(steps=24, layers=2))
    wish = {"signals": "f,h", "units": "1:3", "steps": "4:", "form": form}
    export(trace, tmp_path / "a.csv", **wish)
    header, shown, total = preview(trace, "a.csv", rows, **wish)
    written_header, *written = read_table(tmp_path / "a.csv")
    assert list(header) == written_header
    assert [list(row) for row in shown] == written[:rows]
    assert total == len(written)


def test_a_preview_of_arrays_names_them(make_trace: MakeTrace) -> None:
    header, rows, total = preview(make_trace(), "a.npz", 2, units="0:3")
    assert header == ("name", "shape", "dtype", "first values")
    assert [row[:3] for row in rows] == [
        ("layer0/forward/i", "50 × 3", "float32"),
        ("layer0/forward/f", "50 × 3", "float32"),
    ]
    assert total == 6


@pytest.mark.parametrize("ending", sorted(EXPORTERS))
def test_progress_ends_at_the_total_and_a_cancel_leaves_the_old_file(
    tmp_path: Path, make_trace: MakeTrace, ending: str
) -> None:
    path, trace = tmp_path / f"a{ending}", make_trace()
    path.write_text("old")
    seen: list[tuple[int, int]] = []

    def cancel(done: int, total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises((InterruptedError, ExportError)):
        export(trace, path, progress=cancel)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    export(trace, path, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 50 * 6 * 8)
    assert seen[-1] == (50 * 6 * 8, 50 * 6 * 8)


@pytest.mark.parametrize(
    ("path", "wish", "error", "words"),
    [
        ("gates", {}, ExportError, "“gates” has no ending, which says the format; expected one of: .csv .tsv"),
        ("a.xls", {}, ExportError, "“a.xls” ends in “.xls”; expected one of: .csv .tsv .parquet .npz .h5 .hdf5"),
        ("a", {}, ExportError, "expected one of: .csv"),
        ("a.csv", {"form": "tall"}, ExportError, "“tall” is no form of table; expected long or wide"),
        ("a.csv", {"signals": "q"}, TraceError, "Unknown signal “q”"),
        ("a.csv", {"units": "99"}, TraceError, "no unit 99"),
        ("a.csv", {"layers": "7"}, TraceError, "Layer 7"),
        ("no/such/a.csv", {}, ExportError, "folder “.*no/such” does not exist"),
    ],
)
def test_a_wish_that_cannot_be_met_is_a_sentence_and_leaves_no_file(
    tmp_path: Path,
    make_trace: MakeTrace,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    wish: dict,
    error: type,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        export(make_trace(), path, **wish)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("ending", "extra"), [(".parquet", "parquet"), (".h5", "hdf5")])
def test_a_missing_library_is_a_sentence_that_names_the_extra(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch, ending: str, extra: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=rf"pip install 'lstmviz\[{extra}\]'"):
        export(make_trace(), tmp_path / f"a{ending}")
