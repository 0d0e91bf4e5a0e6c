"""The command line that is shown trains what the form says: the parser of `lstmviz train` reads it back."""

from __future__ import annotations

import shlex

import pytest

from lstmviz.cli.command import Parser
from lstmviz.cli.train import _configs, _said, train_options
from lstmviz.runs.command_line import command_line
from lstmviz.runs.config import RunConfig

CONFIGS = [
    RunConfig(data="reber"),
    RunConfig(data="adding", params={"length": 60}, topology="seq2vec", cell="rnn", activation="relu"),
    RunConfig(data="reber", peepholes=True, standardise=False, learning_rate=0.0003, forget_bias=-1.5),
    RunConfig(data="flip-flop", params={"rate": 0.05}, hidden=64, layers=2, bidirectional=True, dropout=0.25),
    RunConfig(data="a file's name.csv", optimiser="adamw", schedule="cosine", clipping=0.0, mixed=True, seed=7),
]


def read_back(line: str) -> RunConfig:
    words = shlex.split(line)
    assert words[:2] == ["lstmviz", "train"]
    parser = Parser("lstmviz train")
    train_options(parser)
    arguments = parser.parse_args(words[2:])
    [(_, config)] = _configs(arguments, _said(arguments))
    assert config is not None
    return config


@pytest.mark.parametrize("config", CONFIGS, ids=[config.data for config in CONFIGS])
def test_the_command_line_is_read_back_as_the_same_run(config):
    assert read_back(command_line(config)) == config


def test_what_is_at_its_default_is_left_out():
    assert command_line(RunConfig(data="reber")) == "lstmviz train reber"
