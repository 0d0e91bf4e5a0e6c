"""Tables: what is found out, what is asked for, and the place of everything that is wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import SequenceError
from lstmviz.sequences.readers import load_sequence
from lstmviz.sequences.sequence import Sequence


@pytest.fixture
def table(tmp_path: Path):  # type: ignore[no-untyped-def]
    """table(text, name="t.csv", **options) reads the text as a file."""

    def read(text: str | bytes, name: str = "t.csv", **options: object) -> Sequence:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_sequence(path, **options)  # type: ignore[arg-type]

    return read


def test_a_table_with_a_header_gives_its_names(table) -> None:  # type: ignore[no-untyped-def]
    sequence = table("a,b\n1,2\n3,4.5\n")
    assert sequence.names == ("a", "b")
    assert sequence.values.dtype == np.float32
    assert sequence.values.tolist() == [[1, 2], [3, 4.5]]
    assert (sequence.name, sequence.kind, sequence.source) == ("t", "series", "t.csv")
    assert sequence.times is None


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("1,2\n3,4\n", {}, [[1, 2], [3, 4]]),
        ("1;2\n3;4\n", {}, [[1, 2], [3, 4]]),
        ("1\t2\n3\t4\n", {}, [[1, 2], [3, 4]]),
        ("1  2\n 3 \t4\n", {}, [[1, 2], [3, 4]]),
        ("1,5;2,25\n3;4\n", {}, [[1.5, 2.25], [3, 4]]),
        ("1,5\t2,5\n3\t4\n", {}, [[1.5, 2.5], [3, 4]]),
        ("1,5 2,5\n3,5 4,5\n", {}, [[1.5, 2.5], [3.5, 4.5]]),
        ("1,5\n2,5\n", {"decimal": ","}, [[1.5], [2.5]]),
        ("1,5\n2,5\n", {}, [[1, 5], [2, 5]]),
        ("a;b\n1,5;2\n3;4\n", {}, [[1.5, 2], [3, 4]]),
        ('"1,5","2"\n"3","4"\n', {"delimiter": ",", "decimal": "."}, None),
        ('"1,5","2"\n"3","4"\n', {"delimiter": ","}, [[1.5, 2], [3, 4]]),
        ("\ufeffa;b\r\n1;2\r\n", {}, [[1, 2]]),
        ("1,2,\n3,4,\n", {}, [[1, 2], [3, 4]]),
        ("# made by hand, 2024\n\na,b\n1,2\n# end\n", {}, [[1, 2]]),
        ("% note\n1,2\n", {"comment": "%"}, [[1, 2]]),
        ("station 7\n1,2\n3,4\n", {"skip": 1}, [[1, 2], [3, 4]]),
        ("5\n", {}, [[5]]),
        ("x\n5\n6", {}, [[5], [6]]),
        ("2019,2020\n1,2\n", {"header": True}, [[1, 2]]),
        ("1e3,-.5,+2.\n", {}, [[1000, -0.5, 2]]),
        ("1\r2\r", {}, [[1], [2]]),
    ],
)
def test_what_a_table_is_written_with_is_found_out(table, text: str, options: dict, expected: list | None) -> None:  # type: ignore[no-untyped-def, type-arg]
    if expected is None:
        with pytest.raises(SequenceError, match=r"line 1, column 1 “column 1”: “1,5” is not a number"):
            table(text, **options)
    else:
        assert table(text, **options).values.tolist() == expected


def test_the_ending_tsv_means_tabs(table) -> None:  # type: ignore[no-untyped-def]
    assert table("1,5\n2,5\n", name="t.tsv").values.tolist() == [[1.5], [2.5]]
    assert table("a b\tc\n1\t2\n", name="t.tsv").names == ("a b", "c")


def test_utf_16_with_a_mark_and_latin_1_by_name_are_read(table) -> None:  # type: ignore[no-untyped-def]
    assert table("água;b\n1;2\n".encode("utf-16")).names == ("água", "b")
    assert table("água;b\n1;2\n".encode("latin-1"), encoding="latin-1").names == ("água", "b")
    assert table("água;b\n1;2\n".encode("latin-1")).names == ("água", "b")  # as Excel writes it
    with pytest.raises(SequenceError, match=r"“t.csv” line 2: the byte 0x81 at 4 is not UTF-8; .*latin-1"):
        table(b"a;b\n\x81;2\n")
    with pytest.raises(SequenceError, match=r"no encoding “nix”"):
        table("1,2\n", encoding="nix")


def test_names_that_are_missing_or_come_twice_are_made_to_differ(table) -> None:  # type: ignore[no-untyped-def]
    assert table("a,,a,a (2)\n1,2,3,4\n").names == ("a", "column 2", "a (2)", "a (2) (2)")


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ('a,b\n"1,234.5",2\n"-12,345",3\n999.5,4\n', {}, [[1234.5, 2], [-12345, 3], [999.5, 4]]),
        ("a;b\n1.234,5;2\n12.345;3\n999,5;4\n", {}, [[1234.5, 2], [12345, 3], [999.5, 4]]),
        ("a;b\n1.234.567;2\n", {}, [[1234567, 2]]),
        ("a;b\n1\u00a0234,5;2\n1 200;3\n", {}, [[1234.5, 2], [1200, 3]]),
        ('a,b\n"1,234",2\n', {"thousands": ","}, [[1234, 2]]),
        ('a,b\n"0,125",2\n', {}, [[0.125, 2]]),
        ("a;b\n1.234;2\n", {}, [[np.float32(1.234), 2]]),
        ("a;b\n1,234;2\n", {}, [[np.float32(1.234), 2]]),
        ("a;b\n\u22121.5;2\n", {}, [[-1.5, 2]]),
        ("sep=;\r\na;b\r\n1;2\r\n", {}, [[1, 2]]),
        ('"sep=|"\na|b\n1|2\n', {}, [[1, 2]]),
    ],
)
def test_what_spreadsheets_write_is_read(table, text: str, options: dict, expected: list) -> None:  # type: ignore[no-untyped-def, type-arg]
    assert table(text, **options).values.tolist() == expected


def test_numbers_that_two_countries_read_differently_are_refused(table) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"“t.csv” line 2: “1,234” may have a mark of thousands or a decimal comma"):
        table('a,b\n"1,234",2\n')
    with pytest.raises(SequenceError, match=r"“.” cannot be both decimal mark and mark of thousands"):
        table("a\n1\n", decimal=".", thousands=".")


def test_a_workbook_under_a_wrong_ending_is_told_from_a_table(table) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"“t.csv” is not a text: it holds zero bytes.*Save a workbook as CSV"):
        table(b"PK\x03\x04\x14\x00\x06\x00\x88\x81")


def test_the_index_that_pandas_writes_is_the_time(table) -> None:  # type: ignore[no-untyped-def]
    sequence = table(",open,close\n0,1,2\n1,3,4\n")

    assert sequence.names == ("open", "close")
    assert sequence.times.tolist() == [0, 1]
    assert table(",open\n7,1\n7,3\n").names == ("index", "open")


@pytest.mark.parametrize(
    ("dates", "order", "expected"),
    [
        (("31/01/2024", "01/02/2024"), None, ("2024-01-31", "2024-02-01")),
        (("01/31/2024", "02/01/2024"), None, ("2024-01-31", "2024-02-01")),
        (("1.2.2024", "2.2.2024"), None, ("2024-02-01", "2024-02-02")),
        (("2024/01/31", "2024/02/01"), None, ("2024-01-31", "2024-02-01")),
        (("01/02/2024", "02/02/2024"), "dmy", ("2024-02-01", "2024-02-02")),
        (("01/02/2024", "02/02/2024"), "mdy", ("2024-01-02", "2024-02-02")),
        (("13/02/2024 06:30", "14/02/2024 7:45:10"), None, ("2024-02-13T06:30", "2024-02-14T07:45:10")),
    ],
)
def test_dates_of_several_countries_become_times(table, dates: tuple, order: str | None, expected: tuple) -> None:  # type: ignore[no-untyped-def, type-arg]
    sequence = table(f"when,v\n{dates[0]},1\n{dates[1]},2\n", dates=order)

    assert sequence.names == ("v",)
    assert sequence.times.tolist() == np.array(expected, "datetime64[us]").tolist()


def test_a_decimal_comma_says_that_the_day_comes_first(table) -> None:  # type: ignore[no-untyped-def]
    assert str(table("data;v\n01/02/2024;1,5\n").times[0]) == "2024-02-01T00:00:00.000000"


def test_a_day_and_a_month_that_cannot_be_told_apart_are_refused(table) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"line 2, column 1 “d”: in “01/02/2024” .* Say dates='dmy' or dates='mdy'"):
        table("d,v\n01/02/2024,1\n02/02/2024,2\n")


def test_one_date_that_is_missing_among_many_is_named_as_a_time(table) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"“t.csv” line 3, column 1 “d”: “” is no time like those above"):
        table("d,v\n2024-01-01,1\n,2\n2024-01-03,3\n")


def test_dates_are_found_and_become_times(table) -> None:  # type: ignore[no-untyped-def]
    sequence = table("v,when\n1,2024-01-31\n2,2024-02-01\n")
    assert sequence.names == ("v",)
    assert sequence.times.tolist() == np.array(["2024-01-31", "2024-02-01"], "datetime64[us]").tolist()
    zoned = table("2024-01-31T12:00:00+02:00,1\n2024-01-31 11:30:00Z,2\n").times
    assert zoned.astype("datetime64[m]").astype(str).tolist() == ["2024-01-31T10:00", "2024-01-31T11:30"]
    assert table("month,v\n2024-01,1\n").times.astype("datetime64[D]").astype(str).tolist() == ["2024-01-01"]


def test_growing_numbers_headed_as_time_are_times_and_others_are_not(table) -> None:  # type: ignore[no-untyped-def]
    assert table("Time,v\n0.5,1\n0.7,2\n").times.tolist() == [0.5, 0.7]
    assert table("time,v\n2,1\n1,2\n").times is None
    assert table("v,time\n1,9\n2,8\n", time="time").times.tolist() == [9, 8]
    assert table("v,w\n1,9\n2,8\n", time=2).names == ("v",)
    assert table("year,v\n1,2\n", time=False).names == ("year", "v")
    with pytest.raises(SequenceError, match=r"has no column of times"):
        table("v,w\n1,2\n", time=True)
    with pytest.raises(SequenceError, match=r"no column left for the values"):
        table("time\n1\n2\n", time="time")


def test_times_are_put_together_from_their_parts(table) -> None:  # type: ignore[no-untyped-def]
    sequence = table("y m d v\n2000 02 29 1\n2000 3 1 2\n", time=("y", "m", "d"))
    assert sequence.times.astype("datetime64[D]").astype(str).tolist() == ["2000-02-29", "2000-03-01"]
    with pytest.raises(SequenceError, match=r"line 2, column 1 “y”: “2001” is no time"):
        table("y m d v\n2001 02 29 1\n", time=("y", "m", "d"))


def test_a_time_that_is_none_is_named(table) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"line 3, column 1 “when”: “soon” is no time like those above"):
        table("when,v\n2024-01-31,1\nsoon,2\n", time="when")


def test_columns_are_chosen_by_name_or_number_and_labels_are_words(table) -> None:  # type: ignore[no-untyped-def]
    text = "a,b,label,c\n1,2,up,3\n4,5,down,6\n"
    assert table(text).labels == ("up", "down")
    assert table(text).names == ("a", "b", "c")
    assert table(text, columns=["c", 1]).values.tolist() == [[3, 1], [6, 4]]
    assert table(text, columns="b").names == ("b",)
    assert table("a,w\n1,x\n2,y\n", labels="w").labels == ("x", "y")
    with pytest.raises(SequenceError, match=r"has no column “d”; expected one of a, b, label, c, or 1 to 4"):
        table(text, columns="d")
    with pytest.raises(SequenceError, match=r"has no column “0”"):
        table(text, columns=0)
    with pytest.raises(SequenceError, match=r"line 2, column 3 “label”: “up” is not a number; .*labels=3"):
        table(text, labels=False)


@pytest.mark.parametrize("word", ["", "NA", "nan", "NaN", "?", "n/a", "null", "inf", "-Infinity".lower()[:4]])
def test_a_missing_value_is_refused_with_its_line_and_column(table, word: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"“t.csv” line 4, column 2 “b”: the value is missing .*missing='fill'"):
        table(f"a,b\n1,2\n# note\n3,{word}\n")


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("fill", [1, 1, 1, 4, 4]),
        ("interpolate", [1, 2, 3, 4, 4]),
        ("drop", [1, 4]),
        (0, [1, 0, 0, 4, 0]),
        ("-1.5", [1, -1.5, -1.5, 4, -1.5]),
    ],
)
def test_missing_values_are_filled_as_asked_and_the_source_says_so(table, way: object, expected: list) -> None:  # type: ignore[no-untyped-def, type-arg]
    sequence = table("time,a\n1,1\n2,NA\n3,\n4,4\n5,?\n", missing=way)
    assert sequence.values[:, 0].tolist() == expected
    assert len(sequence.times) == len(expected)
    assert "3 missing" in sequence.source


def test_the_first_values_are_filled_from_the_next_and_an_empty_column_is_refused(table) -> None:  # type: ignore[no-untyped-def]
    assert table("a,b\n,1\n2,2\n", missing="fill").values[:, 0].tolist() == [2, 2]
    with pytest.raises(SequenceError, match=r"“b”: every value is missing"):
        table("a,b\n1,\n2,NA\n", missing="interpolate")
    with pytest.raises(SequenceError, match=r"leaves none"):
        table("a,b\n1,\n2,NA\n", missing="drop")
    with pytest.raises(SequenceError, match=r"missing=guess is not known"):
        table("a,b\n1,2\n", missing="guess")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n3\n4,5\n", r"line 3: columns found 1, expected 2"),
        ("a,b\n1,2\n3,4,5\n", r"line 3: columns found 3, expected 2"),
        ("note\nmore\na,b\n1,2\n3,4\n", r"line 1: columns found 1, expected 2.*skip=2"),
        ("a,b\n1,two\n", r"line 2, column 2 “b”: “two” is not a number; .*labels=2"),
        ("a,b\n1,1_000\n", r"“1_000” is not a number"),
        ("a;b\n1;1.23,5\n", r"“1.23,5” is not a number"),
        ("a,b\n", r"has a header in line 1 and no rows below it"),
        ("# only\n\n", r"has no rows"),
        ('a,b\n1,"2\n', r"broken as a table"),
        ("a,b\n1,1e99\n", r"step 0, “b”: 1e\+99 is beyond the range of float32"),
        ("a,b\n1,1e999\n", r"step 0, “b”: the value is inf"),
        ("a,b\n1,١٢\n", r"“١٢” is not a number"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(table, text: str, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=rf"“t.csv”.*{sentence}"):
        table(text)


def test_a_quoted_entry_over_two_lines_keeps_the_line_numbers_right(table) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"line 4, column 1 “a”: “x” is not a number"):
        table('a,label\n1,"two\nlines"\nx,one\n')


@pytest.mark.parametrize(
    "options", [{"delimiter": "|"}, {"decimal": ";"}, {"skip": -1}, {"skip": "1"}, {"delimiter": ",", "decimal": ","}]
)
def test_options_that_mean_nothing_are_refused(table, options: dict) -> None:  # type: ignore[no-untyped-def, type-arg]
    with pytest.raises(SequenceError, match=r"t.csv"):
        table("1,2\n", **options)


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[finite] * width), min_size=1, max_size=12)),
    dialect=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), (" ", "."), (" ", ",")]),
    header=st.booleans(),
    shortest=st.booleans(),
    given_options=st.booleans(),
)
@settings(deadline=None, max_examples=120)
def test_finite_floats_come_back_bit_for_bit(  # type: ignore[no-untyped-def]
    tmp_path_factory, rows: list, dialect: tuple[str, str], header: bool, shortest: bool, given_options: bool
) -> None:
    delimiter, decimal = dialect
    path = tmp_path_factory.getbasetemp() / "floats.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        if header:
            writer.writerow([f"x{n}" for n in range(len(rows[0]))])
        for row in rows:
            texts = [str(np.float32(value)) if shortest else repr(value) for value in row]
            writer.writerow([text.replace(".", decimal) for text in texts])
    # what a single column of decimal commas means cannot be found out, and so it has to be given
    asked = given_options or len(rows[0]) == 1
    options = {"delimiter": delimiter, "decimal": decimal} if asked else {}
    values = load_sequence(path, header=header, **options).values
    np.testing.assert_array_equal(values.view(np.uint32), np.array(rows, dtype=np.float32).view(np.uint32))


@pytest.mark.real
def test_the_daymet_table_says_how_to_read_it_and_then_is(real: Path) -> None:
    path = real / "seq_inputs" / "camels_daymet_01022500.txt"
    with pytest.raises(SequenceError, match=r"line 1: columns found 1, expected 11 .*skip=3"):
        load_sequence(path)
    sequence = load_sequence(path, skip=3, time=("Year", "Mnth", "Day", "Hr"))
    assert sequence.names == ("dayl(s)", "prcp(mm/day)", "srad(W/m2)", "swe(mm)", "tmax(C)", "tmin(C)", "vp(Pa)")
    assert sequence.values.shape == (1461, 7)
    assert sequence.values[0].tolist() == pytest.approx([31185.97, 0, 189.56, 0, -2.36, -14.36, 202.51])
    assert np.unique(np.diff(sequence.times)).astype("timedelta64[D]").astype(int).tolist() == [1]


@pytest.mark.real
def test_the_streamflow_table_says_which_column_is_words_and_then_is_read(real: Path) -> None:
    path = real / "seq_inputs" / "camels_streamflow_01022500.txt"
    with pytest.raises(SequenceError, match=r"line 1, column 6 “column 6”: “A:e” is not a number; .*labels=6"):
        load_sequence(path)
    sequence = load_sequence(path, columns=5, time=(2, 3, 4), labels=6)
    assert sequence.values.shape == (1096, 1)
    assert sequence.values[:3, 0].tolist() == [255, 272, 337]
    assert sequence.labels is not None
    assert sequence.labels[:3] == ("A:e", "A:e", "A")
