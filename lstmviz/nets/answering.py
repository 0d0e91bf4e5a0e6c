"""A decoder by itself: it reads what it said before, until it says STOP."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from lstmviz.nets.encoding import handover_of
from lstmviz.nets.net import Net
from lstmviz.nets.recurrent import read_layers
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP


@torch.no_grad()
def answers(net: Net, questions: Items[Sequence]) -> list[tuple[str, ...]]:
    """What an encoder→decoder says to each question, the likeliest symbol each time, without STOP.

    A question is a sequence of symbols; what follows a START in it is left out. At most ``spec.said`` symbols are said.
    In evaluation mode, whatever mode the net is in; nothing of it changes. Raises SequenceError for symbols that the
    net does not know.
    """
    assert net.decoder is not None
    if not questions:
        return []
    encoded = [torch.from_numpy(net.encode(question)) for question in map(_question, questions)]
    weight = next(net.parameters())
    x = nn.utils.rnn.pad_sequence(encoded, batch_first=True).to(weight)
    with evaluating(net), torch.autocast(weight.device.type, enabled=False):
        _, state = read_layers(net.recurrent, x, None, torch.tensor([len(each) for each in encoded]))
        read = torch.zeros(len(x), 1, x.shape[2]).to(weight)
        read[:, 0, net.spec.input.names.index(START)] = 1
        table = _fed_back(net).to(weight)
        stop = net.output_names.index(STOP)
        said: list[Tensor] = []
        ended = torch.zeros(len(x), dtype=torch.bool, device=weight.device)
        while len(said) < net.spec.said and not bool(ended.all()):
            h, state = read_layers(net.decoder, read, state)
            places = net.say(h)[:, 0].argmax(dim=1)
            ended |= places == stop
            said.append(places.masked_fill(ended, stop))
            read = table[places][:, None]
    rows = torch.stack(said, dim=1).tolist()
    return [tuple(net.output_names[place] for place in row if place != stop) for row in rows]


def answered(net: Net, question: Sequence) -> Sequence:
    """The sequence that an encoder→decoder really read: the question, START, and what it said, but for the last."""
    asked = _question(question)
    (said,) = answers(net, [asked])
    vocabulary = net.spec.input.names
    symbols = [*(asked.symbol(t) for t in range(len(asked))), START, *said[: net.spec.said - 1]]
    places = np.array([vocabulary.index(symbol) for symbol in symbols], np.float32)
    return replace(
        question, values=places[:, None], vocabulary=vocabulary, labels=None, times=None, targets=None, target_names=()
    )


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Evaluation mode within the ``with``; after it every module is in the mode in which it was."""
    training = [module for module in net.modules() if module.training]
    net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _question(sequence: Sequence) -> Sequence:
    handover = handover_of(sequence)
    return sequence if handover < 1 else sequence[:handover]


def _fed_back(net: Net) -> Tensor:
    """x(t + 1) for each symbol that may be said, (O, F); nothing for STOP, after which nothing is read."""
    table = torch.zeros(len(net.output_names), net.spec.input.width)
    for place, symbol in enumerate(net.output_names):
        if symbol != STOP:
            table[place, net.spec.input.names.index(symbol)] = 1
    return table
