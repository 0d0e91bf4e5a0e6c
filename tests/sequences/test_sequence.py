"""Sequence: what does not fit together is refused when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from lstmviz.errors import SequenceError
from lstmviz.sequences.sequence import Sequence


@pytest.mark.parametrize("place", [-1, 2, np.inf])
def test_a_symbol_outside_the_vocabulary_is_named(place: float) -> None:
    values = np.array([[0], [1], [place]], np.float32)
    with pytest.raises(SequenceError, match=rf"Step 2 of “word” is the symbol {place}.*the symbols 0 to 1"):
        Sequence(values, vocabulary=("a", "b"), name="word")
