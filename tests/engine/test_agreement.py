"""The doctor's training: the same run comes to the same weights wherever it is computed."""

from __future__ import annotations

import numpy as np
import torch

from lstmviz.engine import agreement
from lstmviz.engine.doctor import _agrees, _trainings


def test_a_short_training_agrees_with_float64_and_with_two_threads() -> None:
    findings = list(_trainings())
    assert len(findings) >= 2
    assert all(finding.ok for finding in findings), findings
    assert "20 updates agree with float64: max |Δw| = " in findings[0].found
    assert "of at most 1e-04" in findings[0].found


def test_weights_that_lie_apart_are_told() -> None:
    here = agreement.trained("cpu")
    assert here.dtype == np.float64
    assert np.ptp(here) > 0.5
    finding = _agrees("GPU training", "the CPU", here, here + 2e-4)
    assert not finding.ok
    assert "differ from the CPU: max |Δw| = 2.0e-04, expected at most 1e-04" in finding.found
    assert agreement.apart(here, here * np.nan) == np.inf


def test_the_doctor_leaves_threads_and_random_numbers_as_they_are() -> None:
    torch.manual_seed(3)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    agreement.trained("cpu", threads=2)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), before)
