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


@pytest.mark.parametrize(
    ("value", "words"), [(0.5, "0.5"), (28.44, "28.4"), (99.96, "100"), (846.2, "846"), (1893.9, "1\u202f894")]
)
def test_about_how_many_is_said_without_an_exponent(value: float, words: str) -> None:
    assert numbers.about(value) == words


def test_thousands_are_set_apart() -> None:
    assert [numbers.grouped(n) for n in (0, 999, 1000, 1_000_000, -12_345)] == [
        "0", "999", "1\u202f000", "1\u202f000\u202f000", "−12\u202f345"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1234, "1.23 kB"), (999_900, "1 MB"), (24_600_000_000, "24.6 GB")]
)
def test_sizes_have_three_digits_and_a_point_in_every_language(size: int, words: str) -> None:
    assert numbers.data_size(size) == words
