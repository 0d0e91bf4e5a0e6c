"""Write samples/nets/anbn-exact: three units that count aⁿbⁿ exactly, every weight chosen by hand.

    python samples/hand_built.py [--out FOLDER]

The net reads S aⁿ bⁿ T and says which symbols may come next (Gers and Schmidhuber 2001: after an a another a or the
first b; after a b another b until as many have come; then T). No weight looks at h(t−1): what is remembered is in c.

Unit 0 counts. Its forget gate is 1 while a and b are read, its candidate +1 at an a and −1 at a b, so that
c(t) = c(t−1) ± 1 is how many b are still owed, without any error; at S and T the gate closes and c falls to 0. For
h = tanh(c) all that matters is whether c is 0: then h is 0, else at least tanh 1.

Units 1 and 2 forget everything at once (f = 0) and tell the four symbols apart by two signs, c = ±1, h = ±tanh 1:

    symbol read   S   a   b   T
    unit 1        +   +   −   −
    unit 2        −   +   +   −

With u = h / tanh 1, so that u1 and u2 are ±1 and u0 is 0 where nothing is owed and at least 1 elsewhere, it says

    logit a =  M (u1 + 2 u0)        after S: M           after a: M + 2M u0     b owed: 2M u0 − M     done: −M
    logit b =  M (u2 + 2 u0)                −M                    M + 2M u0             2M u0 + M           M
    logit T =  M (u2 − u1)                  −2M                   0                     2M                  2M
    logit S = −M (u1 + u2 + 1)              −M                    −3M                   −M                  −M

so that what may come is ahead of what may not by M at least, and after an a both symbols are exactly even. M = 12
leaves less than one part in 100,000 for all that is illegal.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch

from lstmviz import paths
from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import Look, NetSpec, OneHotInput, ProbabilityOutput
from lstmviz.sequences.generators.counting import VOCABULARY

OPEN, SHUT = 50.0, -50.0
"""Of σ: 1 exactly, also in float64, and 2e-22, which is nothing beside a count."""

ONE = 20.0
"""tanh of this is 1 exactly, also in float64."""

MARGIN = 12.0
"""M: by how many nats what may come is ahead of what may not."""

SIGNS = {"S": (0, 1, -1), "a": (1, 1, 1), "b": (-1, -1, 1), "T": (0, -1, -1)}
"""What each unit adds to its c when a symbol is read."""

NOTE = {
    "en": "No training: three units whose weights were written by hand, right for every n up to 1,000 and beyond. Look "
    "at c of unit 0: its forget gate is open all through a string and its candidate is +1 at an a and −1 at a b, so it "
    "is exactly the number of b still owed, and at 0 the net says T. Units 1 and 2 keep nothing but which symbol was "
    "just read.",
    "pt_BR": "Sem treinamento: três unidades com pesos escritos à mão, que acertam para todo n até 1.000 e além. Veja "
    "o c da unidade 0: sua porta de esquecimento fica aberta durante toda a cadeia e sua candidata é +1 em um a e −1 "
    "em um b, e assim ele é exatamente o número de b que ainda faltam; em 0 a rede diz T. As unidades 1 e 2 só guardam "
    "qual símbolo acaba de ser lido.",
}


def anbn_exact() -> Net:
    """The net."""
    net = build_net(
        NetSpec(
            name="anbn-exact",
            input=OneHotInput(VOCABULARY),
            hidden=3,
            output=ProbabilityOutput(VOCABULARY),
            note=NOTE,
            look=Look(unit=0, signal="c"),
        )
    )
    assert net.readout is not None
    tensors = dict(net.recurrent.named_parameters())
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        # torch's order of rows: i f g o, three units each
        i, f, _, o = tensors["bias_ih_l0"].view(4, 3)
        i[:], o[:] = OPEN, OPEN
        f[:] = SHUT
        of_symbols = tensors["weight_ih_l0"].view(4, 3, len(VOCABULARY))
        for place, symbol in enumerate(VOCABULARY):
            of_symbols[2, :, place] = ONE * torch.tensor(SIGNS[symbol], dtype=torch.float32)
        # the counter alone remembers, and only inside a string
        of_symbols[1, 0, [VOCABULARY.index("a"), VOCABULARY.index("b")]] = OPEN - SHUT
        unit = MARGIN / math.tanh(1)
        says = {"a": (2, 1, 0), "b": (2, 0, 1), "T": (0, -1, 1), "S": (0, -1, -1)}
        for symbol, weights in says.items():
            net.readout.weight[VOCABULARY.index(symbol)] = unit * torch.tensor(weights, dtype=torch.float32)
        net.readout.bias[VOCABULARY.index("S")] = -MARGIN
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the net that counts exactly.")
    parser.add_argument("--out", type=Path, default=paths.samples() / "nets", help="folder to write to")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    save_net(anbn_exact(), folder / "anbn-exact")


if __name__ == "__main__":
    main()
