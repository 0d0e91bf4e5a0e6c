"""What cannot be recorded is refused in a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

import lstmviz
from lstmviz.errors import ModelError, SequenceError


@pytest.mark.parametrize(
    ("sequence", "said"),
    [
        (np.ones((5, 2)), "2 features a step; the layer takes 3"),
        (np.array([[1, 2, 3], [1, np.nan, 3]]), "Step 1 of “sequence” has nan in the feature “x1”"),
        (np.array([[1, np.inf, 3]]), "has inf"),
        (np.zeros((0, 3)), "shape (0, 3)"),
        (np.zeros((2, 2, 3)), "For several sequences give a list"),
        (np.array([["a", "b", "c"]]), "expected numbers"),
        ([[1, 2, 3], [1, 2]], "expected numbers"),
        ([], "list of sequences is empty"),
        (None, "expected numbers"),
    ],
)
def test_a_sequence_that_does_not_fit_is_refused_in_a_sentence(sequence, said):
    with pytest.raises(SequenceError) as error:
        lstmviz.record(nn.LSTM(3, 4), sequence)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("module", "states", "said"),
    [
        (nn.LSTM(3, 4), {"h0": np.zeros(5)}, "h0 has shape (1, 5); expected (1, 4)"),
        (nn.LSTM(3, 4, 2), {"h0": np.zeros(4)}, "h0 has shape (4,); expected (2, 4)"),
        (nn.LSTM(3, 4, proj_size=2), {"c0": np.zeros((1, 2))}, "c0 has shape (1, 2); expected (1, 4)"),
        (nn.LSTM(3, 4), {"h0": "zero"}, "h0 has shape"),
        (nn.LSTM(3, 4), {"h0": np.full(4, np.nan)}, "h0 has a NaN"),
        (nn.RNN(3, 4), {"c0": np.zeros(4)}, "a layer of kind rnn has no c"),
        (nn.GRU(3, 4), {"c0": np.zeros(4)}, "a layer of kind gru has no c"),
        (nn.Linear(3, 4), {}, "A Linear cannot be recorded"),
        (nn.Sequential(nn.LSTM(3, 4)), {}, "lstmviz.watch(module)"),
        (nn.LSTM(3, 4).half(), {}, "The weights are float16"),
    ],
)
def test_a_model_or_state_that_does_not_fit_is_refused_in_a_sentence(module, states, said):
    with pytest.raises(ModelError) as error:
        lstmviz.record(module, np.ones((5, 3)), **states)
    assert said in str(error.value)
