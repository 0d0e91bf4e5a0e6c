"""Numbers as they are read."""

from __future__ import annotations

import pytest

from lstmviz.app import cell_labels, numbers


@pytest.mark.parametrize("value", [-0.0, -0.001, -0.0049])
def test_what_rounds_to_zero_has_no_sign(value):
    assert numbers.number(value) == cell_labels.number(value) == "0.00"
    assert numbers.limit(-0.0) == "0"


def test_minus_is_a_true_minus_sign():
    assert (numbers.number(-1.5), numbers.limit(-1.5), numbers.signed(-1.5)) == ("−1.50", "−1.5", "−1.50")
