"""Train the sample nets in samples/nets again, each from fixed seeds, on one thread, in about three minutes in all.

    python samples/make_nets.py [NAME …]

Of a few seeds the one is kept whose clearest unit is the clearest; the note says which unit that is and what it does.
tests/test_sample_nets.py checks that the notes are true.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from msgspec.structs import replace
from torch import nn

from lstmviz import paths
from lstmviz.engine.recorder import record
from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import Look, NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.generators.brackets import VOCABULARY as BRACKETS
from lstmviz.sequences.generators.brackets import nested_brackets
from lstmviz.sequences.generators.reber import VOCABULARY as REBER
from lstmviz.sequences.generators.reber import embedded_reber
from lstmviz.sequences.samples import sample
from lstmviz.sequences.sequence import Sequence

Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Recipe:
    """How one sample net is made: its description, its batches (x, targets) by seed, and what to look for in it.

    quiet: the price of mean |h|, added to the loss, so that a unit speaks only when it has something to say: the same
    task is then solved by fewer units, which can be read.
    """

    spec: NetSpec
    batches: Callable[[int], Batches]
    probe: Callable[[], Sequence]
    truth: Callable[[Sequence], npt.NDArray[np.floating]]
    signal: str
    note: dict[str, str]
    updates: int
    seeds: int = 4
    layer: int = 0
    rate: float = 1e-2
    quiet: float = 0.0


def symbol_batches(source: Callable[[int], Sequence], size: int = 24, length: int = 100) -> Callable[[int], Batches]:
    """Batches cut at random from a long stream of symbols: one-hot x (B, T, V) and the next symbols (B, T)."""

    def batches(seed: int) -> Batches:
        stream = source(1000 + seed)
        hot = torch.from_numpy(stream.one_hot())
        place = torch.from_numpy(stream.values[:, 0].astype(np.int64))
        rng = np.random.default_rng(seed)
        while True:
            starts = rng.integers(0, len(stream) - length - 1, size=size)
            yield (
                torch.stack([hot[s : s + length] for s in starts]),
                torch.stack([place[s + 1 : s + length + 1] for s in starts]),
            )

    return batches


def series_batches(values: npt.NDArray[np.floating], steps: int) -> Callable[[int], Batches]:
    """The same batch each time: the first ``steps`` of a normalised series (1, T, 1) and its next values."""

    def batches(seed: int) -> Batches:
        x = torch.from_numpy(values[:steps].astype(np.float32))[None]
        while True:
            yield x[:, :-1], x[:, 1:]

    return batches


def train(recipe: Recipe, seed: int) -> tuple[Net, float]:
    """A net trained from one seed with Adam, a cosine schedule and clipping at norm 1; and its last losses' mean."""
    net = build_net(recipe.spec, seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.updates)
    batches = recipe.batches(seed)
    losses = []
    for _ in range(recipe.updates):
        x, wanted = next(batches)
        h, _ = net.recurrent(x)
        assert net.readout is not None
        said = net.readout(h)
        if isinstance(recipe.spec.output, ProbabilityOutput):
            loss = nn.functional.cross_entropy(said.flatten(0, 1), wanted.flatten())
        else:
            loss = nn.functional.mse_loss(said[:, 10:], wanted[:, 10:])
        losses.append(float(loss.detach()))
        loss = loss + recipe.quiet * h.abs().mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return net, float(np.mean(losses[-50:]))


def clearest(signal: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]) -> tuple[int, float]:
    """The unit of (T, H) whose correlation with (T,) is largest by size, over the steps where the truth is known."""
    known = np.isfinite(truth)
    centred = signal[known] - signal[known].mean(axis=0)
    wanted = truth[known] - truth[known].mean()
    spread = np.sqrt((centred**2).sum(axis=0) * (wanted**2).sum())
    r = centred.T @ wanted / np.where(spread > 0, spread, np.inf)
    unit = int(np.argmax(np.abs(r)))
    return unit, float(r[unit])


def outer_letter(sequence: Sequence) -> npt.NDArray[np.floating]:
    """+1 from an outer T on, −1 from an outer P on, until it has been repeated; NaN at a string's B and E."""
    signs = {"T": 1.0, "P": -1.0}
    labels = sequence.labels or ()
    return np.array([signs.get(label[:1], np.nan) if " " in label else np.nan for label in labels])


def bracket_depth(sequence: Sequence) -> npt.NDArray[np.floating]:
    """How many brackets are open after each symbol."""
    return np.array([len(label) for label in sequence.labels or ()], dtype=np.float64)


def inside_quotes(sequence: Sequence) -> npt.NDArray[np.floating]:
    """1 from an opening quotation mark up to its closing one, else 0."""
    symbols = [sequence.symbol(t) for t in range(len(sequence))]
    opened = np.cumsum([symbol == "“" for symbol in symbols]) - np.cumsum([symbol == "”" for symbol in symbols])
    return (opened > 0).astype(np.float64)


def own_values(sequence: Sequence) -> npt.NDArray[np.floating]:
    """The series itself."""
    return sequence.values[:, 0].astype(np.float64)


def recipes() -> dict[str, Recipe]:
    """Every sample net by name."""
    sunspots, text = sample("sunspots").load(), sample("text-en").load()
    mean, scale = float(sunspots.values.mean()), float(sunspots.values.std())
    return {
        "sunspots": Recipe(
            spec=NetSpec(
                name="sunspots",
                input=ValueInput(sunspots.names, (mean,), (scale,)),
                hidden=12,
                output=ValueOutput(sunspots.names, (mean,), (scale,), columns=(0,)),
            ),
            batches=series_batches((sunspots.values - mean) / scale, steps=250),
            probe=lambda: sunspots,
            truth=own_values,
            signal="f",
            note={
                "en": "Next year's sunspots from this year's; trained on 1700–1949. Look at the forget gate of unit "
                "{unit}: it {moves} with the solar cycle (r = {r:.2f}), so about every 11 years the cell lets go of "
                "what it held.",
                "pt_BR": "As manchas solares do ano seguinte; treinada em 1700–1949. Veja a porta de esquecimento da "
                "unidade {unit}: ela {moves_pt} com o ciclo solar (r = {r:.2f}), e assim a cada 11 anos, mais ou "
                "menos, a célula larga o que guardava.",
            },
            updates=250,
            seeds=6,
        ),
        "brackets": Recipe(
            spec=NetSpec(name="brackets", input=OneHotInput(BRACKETS), hidden=24, output=ProbabilityOutput(BRACKETS)),
            batches=symbol_batches(lambda seed: nested_brackets(seed, steps=60_000).sequence),
            probe=lambda: nested_brackets(7, steps=2_000).sequence,
            truth=bracket_depth,
            signal="c",
            note={
                "en": "Next symbol of nested brackets. Look at c of unit {unit}: it {moves} with the number of "
                "brackets that are open (r = {r:.2f}): a counter.",
                "pt_BR": "O próximo símbolo de parênteses aninhados. Veja o c da unidade {unit}: ele {moves_pt} com "
                "o número de parênteses abertos (r = {r:.2f}): um contador.",
            },
            updates=2_000,
            quiet=0.05,
        ),
        "reber": Recipe(
            spec=NetSpec(name="reber", input=OneHotInput(REBER), hidden=10, output=ProbabilityOutput(REBER)),
            batches=symbol_batches(lambda seed: embedded_reber(seed, strings=6_000).sequence),
            probe=lambda: embedded_reber(7, strings=150).sequence,
            truth=outer_letter,
            signal="c",
            note={
                "en": "Next symbol of the embedded Reber grammar. The last letter but one must repeat the second "
                "one. Look at c of unit {unit}: {sign} zero after an outer T, {opposite} after a P, all through the "
                "string (r = {r:.2f}): a memory of one bit.",
                "pt_BR": "O próximo símbolo da gramática de Reber embutida. A penúltima letra tem de repetir a "
                "segunda. Veja o c da unidade {unit}: {sign_pt} de zero depois de um T externo, {opposite_pt} depois "
                "de um P, por toda a cadeia (r = {r:.2f}): uma memória de um bit.",
            },
            updates=2_500,
            seeds=8,
            quiet=0.1,
        ),
        "two-layer": Recipe(
            spec=NetSpec(
                name="two-layer",
                input=OneHotInput(text.vocabulary),
                hidden=32,
                layers=2,
                output=ProbabilityOutput(text.vocabulary),
            ),
            batches=symbol_batches(lambda seed: text, size=16, length=120),
            probe=lambda: text,
            truth=inside_quotes,
            signal="c",
            note={
                "en": "Two layers, next character, trained on this very text. Look at c of unit {unit} in layer 1: it "
                "{moves} inside quotation marks (r = {r:.2f}); layer 0 reads letters, layer 1 keeps track.",
                "pt_BR": "Duas camadas, próximo caractere, treinada neste mesmo texto. Veja o c da unidade {unit} na "
                "camada 1: ele {moves_pt} dentro das aspas (r = {r:.2f}); a camada 0 lê letras, a 1 mantém o fio.",
            },
            updates=600,
            layer=1,
        ),
    }


def words(unit: int, r: float) -> dict[str, object]:
    """What a note says of a unit, from the sign of its correlation."""
    up = r > 0
    return {
        "unit": unit,
        "r": r,
        "moves": "rises" if up else "falls",
        "moves_pt": "sobe" if up else "desce",
        "sign": "above" if up else "below",
        "opposite": "below" if up else "above",
        "sign_pt": "acima" if up else "abaixo",
        "opposite_pt": "abaixo" if up else "acima",
    }


def make(name: str, recipe: Recipe) -> None:
    """Train from each seed, keep the net whose clearest unit is the clearest, and save it with its note."""
    probe = recipe.probe()
    truth = recipe.truth(probe)
    best: tuple[float, int, float, Net] | None = None
    for seed in range(recipe.seeds):
        net, loss = train(recipe, seed)
        unit, r = clearest(record(net, probe).signal(recipe.signal, recipe.layer), truth)
        print(f"{name}: seed {seed}, loss {loss:.4f}, unit {unit}, r = {r:+.3f}", flush=True)
        if best is None or abs(r) > abs(best[2]):
            best = (loss, unit, r, net)
    assert best is not None
    _, unit, r, net = best
    net.spec = replace(
        net.spec,
        note={language: text.format(**words(unit, r)) for language, text in recipe.note.items()},
        look=Look(layer=recipe.layer, unit=unit, signal=recipe.signal),
    )
    save_net(net, paths.samples() / "nets" / name)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for name, recipe in recipes().items():
        if not names or name in names:
            make(name, recipe)


if __name__ == "__main__":
    main(sys.argv[1:])
