"""The samples that ship: complete, in both languages, with their sources, and the same when made again."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from lstmviz import language, paths
from lstmviz.errors import SequenceError
from lstmviz.sequences.generators import GENERATORS
from lstmviz.sequences.samples import Sample, sample, samples

IDS = [one.id for one in samples()]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sequences", paths.samples() / "make_sequences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("one", samples(), ids=IDS)
def test_a_sample_loads_as_what_it_says_and_has_its_words_in_every_language(one: Sample) -> None:
    sequence = one.load()
    assert sequence.kind == one.kind
    assert sequence.source == one.source
    assert np.isfinite(sequence.values).all()
    assert (one.file is None) != (one.generator is None)
    assert (one.truth is None) == (one.generator is None)
    assert one.source
    titles = set()
    for name in language.LANGUAGES:
        language.use(name)
        assert one.note == one.notes[name] != ""
        assert one.load().name == one.title == one.titles[name]
        titles.add(one.title)
    assert len(titles) == len(language.LANGUAGES)


def test_every_kind_has_a_sample_and_every_generator_but_the_two_other_rebers_and_a_net_that_is_named_is_there() -> (
    None
):
    assert {one.kind for one in samples()} == {"series", "text", "audio", "image", "symbols"}
    assert {one.generator for one in samples()} - {None} == set(GENERATORS) - {"plain-reber", "continual-reber"}
    assert all(one.net_path.is_file() for one in samples() if one.net_path)
    assert sample("reber").net_path == paths.samples() / "nets" / "reber.safetensors"
    assert len(set(IDS)) == len(IDS)


def test_no_file_of_the_samples_is_an_orphan() -> None:
    listed = {one.path for one in samples() if one.path}
    assert listed == set((paths.samples() / "sequences").iterdir())


def test_a_sample_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SequenceError, match=r"no sample “nix”; expected one of sunspots, macro"):
        sample("nix")


def test_the_sunspots_are_a_year_a_step_with_their_known_extremes() -> None:
    sequence = sample("sunspots").load()
    assert sequence.times is not None
    assert sequence.times.tolist() == list(range(1700, 2009))
    peak = int(sequence.values.argmax())
    # the highest year of the old series of numbers is 1957
    assert (sequence.times[peak], round(float(sequence.values[peak, 0]), 1)) == (1957, 190.2)
    # the Maunder minimum ends: nothing was seen in 1711 and 1712
    assert sequence.values[11:13, 0].tolist() == [0, 0]


def test_the_economy_is_a_quarter_a_step() -> None:
    sequence = sample("macro").load()
    assert sequence.times is not None
    assert (len(sequence), sequence.features) == (203, 10)
    assert sequence.times.astype("datetime64[D]").astype(str)[[0, -1]].tolist() == ["1959-01-01", "2009-07-01"]
    months = sequence.times.astype("datetime64[M]").astype(int)
    assert set(np.diff(months)) == {3}


@pytest.mark.parametrize("id", ["text-en", "text-pt"])
def test_the_texts_have_quotes_and_three_kinds_of_brackets_that_all_match(id: str) -> None:
    sequence = sample(id).load()
    text = "".join(sequence.symbol(t) for t in range(len(sequence)))
    assert 1500 <= len(text) <= 2500
    pairs = dict(zip(")]}”", "([{“", strict=True))
    stack, deepest = "", 0
    for symbol in text:
        if symbol in pairs.values():
            stack += symbol
            deepest = max(deepest, len(stack))
        elif symbol in pairs:
            assert stack[-1:] == pairs[symbol]
            stack = stack[:-1]
    assert stack == ""
    assert deepest >= 4
    assert all(text.count(mark) >= 5 for mark in "([{“")


def test_the_streams_have_fixed_vocabularies_and_a_length_one_can_step_through() -> None:
    assert sample("reber").load().vocabulary == tuple("BEPSTVX")
    assert sample("brackets").load().vocabulary == tuple("()[]{}ab.")
    for id in ("reber", "brackets"):
        assert 200 <= len(sample(id).load()) <= 600


def test_the_sound_and_the_picture_made_again_are_those_that_ship(maker: ModuleType, tmp_path: Path) -> None:
    subprocess.run([sys.executable, maker.__file__, "--out", str(tmp_path)], check=True, timeout=60)
    shipped = paths.samples() / "sequences"
    assert {path.name for path in tmp_path.iterdir()} == {"tones.wav", "five.png"}
    # pixels, not bytes: how a PNG is packed depends on the version of zlib
    made, kept = (np.asarray(Image.open(folder / "five.png")) for folder in (tmp_path, shipped))
    np.testing.assert_array_equal(made, kept)
    assert (tmp_path / "tones.wav").read_bytes() == (shipped / "tones.wav").read_bytes()


def test_the_sound_is_half_a_second_whose_chirp_rises_and_whose_silence_is_silent(maker: ModuleType) -> None:
    sequence = sample("tones").load()
    assert len(sequence) == 4000
    signal = sequence.values[:, 0]
    assert not signal[1600:2400].any()
    crossings = [np.count_nonzero(np.diff(np.sign(signal[start : start + 400])) != 0) for start in (100, 600, 1100)]
    assert crossings == sorted(crossings)
    assert crossings[0] < crossings[-1] / 2
    np.testing.assert_allclose(signal, maker.sound() / 2**15, atol=1e-7)
