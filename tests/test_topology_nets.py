"""The sample nets of the four topologies: as good on fresh sequences as their notes say."""

from __future__ import annotations

import numpy as np
import pytest
from fresh_topologies import fresh_of, score_read
from shipped_nets import FRESH, net_of, numbers_in

import lstmviz
from lstmviz.sequences.tasks import TASKS


def test_the_net_of_the_prices_comes_near_the_shocks_that_nobody_can_foresee() -> None:
    traces = fresh_of("prices", steps=200)
    errors = [(trace.outputs[:, 0] - trace.targets[:, 0]) ** 2
              for trace in traces if trace.outputs is not None and trace.targets is not None]  # fmt: skip
    said, _ = numbers_in(net_of("prices").spec.note["en"], "en")
    assert np.mean(errors) == pytest.approx(said, abs=6e-3)
    assert np.mean(errors) < 1.15


def test_the_net_of_the_reviews_errs_as_little_as_its_note_says() -> None:
    pairs = [
        (trace.outputs[-1, 0], score_read(trace)[-1]) for trace in fresh_of("reviews") if trace.outputs is not None
    ]
    said, asked = np.array(pairs, float).T
    error, guess, _ = numbers_in(net_of("reviews").spec.note["en"], "en")
    assert np.abs(said - asked).mean() == pytest.approx(error, abs=6e-4)
    assert np.abs(asked).mean() == pytest.approx(guess, abs=6e-4)


def test_the_net_of_the_digits_spells_as_many_names_as_its_note_says() -> None:
    right = 0
    for trace in fresh_of("digit-names"):
        assert trace.outputs is not None
        said = [trace.output_names[place] for place in trace.outputs.argmax(axis=1)]
        right += said == list(trace.sequence.labels or ())
    assert f"of 200 fresh pictures it spells {right} names" in net_of("digit-names").spec.note["en"]
    assert right > 190


def test_the_net_of_the_dates_answers_by_itself_as_often_right_as_its_note_says() -> None:
    make = TASKS["dates"].maker({})
    right = 0
    for seed in FRESH:
        asked = make(seed)
        assert asked.targets is not None
        handover = int(np.isfinite(asked.targets[:, 0]).argmax())
        trace = lstmviz.record(net_of("dates"), asked[:handover])
        assert trace.outputs is not None
        said = [trace.output_names[place] for place in trace.outputs[trace.handover :].argmax(axis=1)]
        right += said == [asked.target_names[int(place)] for place in asked.targets[handover:, 0]]
    assert f"of 200 fresh dates {right} are right in every place" in net_of("dates").spec.note["en"]
    assert right > 190
