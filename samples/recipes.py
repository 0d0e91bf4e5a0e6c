"""How each sample net is made: what it learns from, how large it is, and what its note says of its clearest unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import truths
from telling import FRESH, Telling
from training import Pace

from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.generators.adding import adding
from lstmviz.sequences.generators.brackets import nested_brackets
from lstmviz.sequences.generators.counting import anbn
from lstmviz.sequences.generators.flipflop import flip_flop
from lstmviz.sequences.generators.order import temporal_order
from lstmviz.sequences.generators.reber import embedded_reber
from lstmviz.sequences.samples import sample
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Recipe(Telling):
    """One sample net and its note; study: what it learns from, by seed."""

    spec: NetSpec
    study: Callable[[int], list[Sequence]]
    pace: Pace
    seeds: int = 3


def recipes() -> dict[str, Recipe]:
    """Every sample net by name."""
    return {
        "sunspots": _sunspots(),
        "macro": _macro(),
        "text": _text(),
        "brackets": _brackets(),
        "reber": _reber(),
        "adding": _adding(),
        "temporal-order": _temporal_order(),
        "anbn": _anbn(),
        "two-layer": _two_layer(),
        "tones": _tones(),
        "five": _five(),
    }


def _foretelling(name: str, sequence: Sequence, hidden: int, mean: list[float], scale: list[float]) -> NetSpec:
    """A net that says the next value of every feature."""
    return NetSpec(
        name=name,
        input=ValueInput(sequence.names, tuple(mean), tuple(scale)),
        hidden=hidden,
        output=ValueOutput(sequence.names, tuple(mean), tuple(scale), columns=tuple(range(sequence.features))),
    )


def _next_symbol(name: str, vocabulary: tuple[str, ...], hidden: int) -> NetSpec:
    return NetSpec(name=name, input=OneHotInput(vocabulary), hidden=hidden, output=ProbabilityOutput(vocabulary))


def _sunspots() -> Recipe:
    years = sample("sunspots").load()
    return Recipe(
        spec=_foretelling("sunspots", years, 12, [float(years.values.mean())], [float(years.values.std())]),
        study=lambda seed: [years[:250]],
        probe=lambda: [years],
        truth=partial(truths.column, name="sunspots"),
        signal="f",
        sign=-1,
        note={
            "en": "Next year's sunspots from this year's; trained on 1700–1949. Look at the forget gate of unit "
            "{unit}: it closes as the sunspots grow in number (r = {r}), so at each maximum, about every 11 years, the "
            "cell lets go of what it held.",
            "pt_BR": "As manchas solares do ano seguinte; treinada em 1700–1949. Veja a porta de esquecimento da "
            "unidade {unit}: ela se fecha à medida que as manchas aumentam (r = {r}), e assim a cada máximo, mais ou "
            "menos de 11 em 11 anos, a célula larga o que guardava.",
        },
        pace=Pace(updates=250, size=1, window=250),
        seeds=6,
    )


def _macro() -> Recipe:
    economy = sample("macro").load()
    values = economy.values.astype(np.float64)
    return Recipe(
        spec=_foretelling("macro", economy, 16, values.mean(axis=0).tolist(), values.std(axis=0).tolist()),
        study=lambda seed: [economy],
        probe=lambda: [economy],
        truth=partial(truths.column, name="infl"),
        signal="f",
        sign=-1,
        note={
            "en": "All ten figures of the next quarter; trained on these very quarters, so it knows how the story "
            "ends. Look at the forget gate of unit {unit}: it closes as inflation (infl) rises (r = {r}), most of all "
            "from 1973 to 1981.",
            "pt_BR": "Os dez números do trimestre seguinte; treinada nestes mesmos trimestres, portanto já sabe o fim "
            "da história. Veja a porta de esquecimento da unidade {unit}: ela se fecha quando a inflação (infl) sobe "
            "(r = {r}), sobretudo de 1973 a 1981.",
        },
        pace=Pace(updates=800, size=1, window=203, quiet=0.3),
        seeds=4,
    )


def _text() -> Recipe:
    stories = [sample("text-en").load(), sample("text-pt").load()]
    vocabulary = tuple(sorted({symbol for story in stories for symbol in story.vocabulary}))
    return Recipe(
        spec=_next_symbol("text", vocabulary, 24),
        study=lambda seed: stories,
        probe=lambda: stories,
        truth=truths.is_space,
        signal="f",
        sign=-1,
        note={
            "en": "Next character, trained on the English and the Portuguese story, too little text to learn to "
            "write. Look at the forget gate of unit {unit}: it closes between words, to less than 0.2 at "
            "{spaces} % of the spaces and at {others} % of all other characters (r = {r} over both stories): the word "
            "is over, the unit lets go of it.",
            "pt_BR": "O próximo caractere, treinada na história em inglês e na em português, texto de menos para "
            "aprender a escrever. Veja a porta de esquecimento da unidade {unit}: ela se fecha entre as palavras, "
            "para menos de 0,2 em {spaces} % dos espaços e em {others} % dos outros caracteres (r = {r} nas duas "
            "histórias): a palavra acabou, a unidade a larga.",
        },
        pace=Pace(updates=1_000, size=24, window=100, rate=5e-3, decay=1e-4),
        seeds=1,
        facts=_closed_at_spaces,
    )


def _closed_at_spaces(traces: list[Trace], unit: int) -> dict[str, str]:
    gate = np.concatenate([trace.signal("f")[:, unit] for trace in traces])
    space = np.concatenate([truths.is_space(trace.sequence) for trace in traces]) == 1
    closed = gate < 0.2
    return {"spaces": f"{100 * closed[space].mean():.0f}", "others": f"{100 * closed[~space].mean():.0f}"}


def _brackets() -> Recipe:
    shown = sample("brackets").load()
    return Recipe(
        spec=_next_symbol("brackets", shown.vocabulary, 24),
        study=lambda seed: [nested_brackets(1000 + seed, steps=60_000).sequence],
        probe=lambda: [shown],
        truth=truths.brackets_open,
        signal="c",
        note={
            "en": "Next symbol of nested brackets. Look at c of unit {unit}: it {rises} with each bracket that opens "
            "and comes back with each that closes, so it follows how many are open (r = {r}): a counter.",
            "pt_BR": "O próximo símbolo de parênteses aninhados. Veja o c da unidade {unit}: ele {rises} a cada "
            "parêntese que abre e volta a cada um que fecha, e assim segue quantos estão abertos (r = {r}): um "
            "contador.",
        },
        pace=Pace(updates=2_000, size=24, window=100, quiet=0.05),
        seeds=2,
    )


def _reber() -> Recipe:
    shown = sample("reber").load()
    return Recipe(
        spec=_next_symbol("reber", shown.vocabulary, 12),
        study=lambda seed: [embedded_reber(1000 + seed, strings=6_000).sequence],
        probe=lambda: [shown],
        truth=truths.outer_letter,
        signal="c",
        note={
            "en": "Next symbol of the embedded Reber grammar. The last letter but one must repeat the second one. "
            "Look at c of unit {unit}: {above} zero after an outer T, {below} after a P, at {right} % of the steps "
            "until it is asked (r = {r}): a memory of one bit.",
            "pt_BR": "O próximo símbolo da gramática de Reber embutida. A penúltima letra tem de repetir a segunda. "
            "Veja o c da unidade {unit}: {above} de zero depois de um T externo, {below} depois de um P, em "
            "{right} % dos passos até ser pedida (r = {r}): uma memória de um bit.",
        },
        pace=Pace(updates=2_000, size=24, window=100, quiet=0.2),
        seeds=2,
        facts=_right_signs,
    )


def _right_signs(traces: list[Trace], unit: int) -> dict[str, str]:
    letter, state = truths.outer_letter(traces[0].sequence), traces[0].signal("c")[:, unit]
    known = np.isfinite(letter)
    share = (np.sign(state[known]) == letter[known]).mean()
    return {"right": f"{100 * max(share, 1 - share):.0f}"}


def _adding() -> Recipe:
    shown = sample("adding").load()
    return Recipe(
        spec=NetSpec(
            name="adding",
            input=ValueInput(shown.names, (0.0, 0.0), (1.0, 1.0)),
            hidden=8,
            output=ValueOutput(shown.target_names, (0.5,), (0.2,)),
            task="answer",
        ),
        study=lambda seed: [
            adding(10_000 * (seed + 1) + n, length=length).sequence for length in (20, 40, 100) for n in range(1_000)
        ],
        probe=lambda: [adding(seed).sequence for seed in FRESH],
        truth=truths.marked_sum,
        signal="c",
        note={
            "en": "The answer is asked at the last step alone; over 200 fresh sequences of 100 to 110 steps it is "
            "{error} off on average (always saying 0.5: {guess}). Look at c of unit {unit}: it {rises} with the sum "
            "of the marked numbers so far (r = {r}); a marked number moves it {times} times as far as any other.",
            "pt_BR": "A resposta só é pedida no último passo; em 200 sequências novas de 100 a 110 passos ela erra "
            "{error} em média (dizer sempre 0,5: {guess}). Veja o c da unidade {unit}: ele {rises} com a soma dos "
            "números marcados até ali (r = {r}); um número marcado o move {times} vezes mais que os outros.",
        },
        pace=Pace(updates=2_500, size=32, window=200),
        facts=_of_adding,
    )


def _of_adding(traces: list[Trace], unit: int) -> dict[str, str]:
    asked = np.array([trace.targets[-1, 0] for trace in traces if trace.targets is not None])
    said = np.array([trace.outputs[-1, 0] for trace in traces if trace.outputs is not None])
    moves = np.concatenate([np.abs(np.diff(trace.signal("c")[:, unit], prepend=0)) for trace in traces])
    marker = np.concatenate([truths.column(trace.sequence, "marker") for trace in traces])
    return {
        "error": f"{np.abs(said - asked).mean():.3f}",
        "guess": f"{np.abs(0.5 - asked).mean():.3f}",
        "times": f"{moves[marker == 1].mean() / moves[marker == 0].mean():.0f}",
    }


def _temporal_order() -> Recipe:
    shown = sample("temporal-order").load()
    return Recipe(
        spec=NetSpec(
            name="temporal-order",
            input=OneHotInput(shown.vocabulary),
            hidden=8,
            output=ProbabilityOutput(shown.target_names),
            task="class",
        ),
        study=lambda seed: [
            temporal_order(10_000 * (seed + 1) + n, length=length).sequence
            for length in (20, 40, 100)
            for n in range(1_000)
        ],
        probe=lambda: [temporal_order(seed).sequence for seed in FRESH],
        truth=truths.first_letter,
        signal="h",
        note={
            "en": "The class is asked at the last step alone; of 200 fresh sequences of 100 to 110 steps it names "
            "{right} right. Look at h of unit {unit}: from the first X or Y on it stays {high} after an X and {low} "
            "after a Y, to the end (r = {r}).",
            "pt_BR": "A classe só é pedida no último passo; de 200 sequências novas de 100 a 110 passos ela acerta "
            "{right}. Veja o h da unidade {unit}: a partir do primeiro X ou Y ele fica {high} depois de um X e {low} "
            "depois de um Y, até o fim (r = {r}).",
        },
        pace=Pace(updates=1_500, size=32, window=200),
        facts=_right_classes,
    )


def _right_classes(traces: list[Trace], unit: int) -> dict[str, str]:
    pairs = [(trace.outputs, trace.targets) for trace in traces]
    return {"right": str(sum(int(o[-1].argmax() == t[-1, 0]) for o, t in pairs if o is not None and t is not None))}


def _anbn() -> Recipe:
    shown = sample("anbn").load()
    return Recipe(
        spec=_next_symbol("anbn", shown.vocabulary, 6),
        study=lambda seed: [anbn(1000 + seed, strings=3_000).sequence],
        probe=lambda: [shown],
        truth=truths.owed,
        signal="c",
        note={
            "en": "Next symbol of aⁿbⁿ, n up to 10. Look at c of unit {unit}: it {rises} with every a and goes back "
            "with every b, so it follows how many b are still owed (r = {r}): a counter that tells when to end.",
            "pt_BR": "O próximo símbolo de aⁿbⁿ, n até 10. Veja o c da unidade {unit}: ele {rises} a cada a e volta a "
            "cada b, e assim segue quantos b ainda faltam (r = {r}): um contador que diz quando terminar.",
        },
        pace=Pace(updates=2_000, size=24, window=100),
    )


def _two_layer() -> Recipe:
    shown = sample("flip-flop").load()
    return Recipe(
        spec=NetSpec(
            name="two-layer",
            input=ValueInput(shown.names, (0.0,) * 3, (1.0,) * 3),
            hidden=10,
            layers=2,
            output=ValueOutput(shown.target_names, (0.0,) * 3, (1.0,) * 3),
            task="memory",
        ),
        study=lambda seed: [flip_flop(10_000 * (seed + 1) + n, steps=100).sequence for n in range(300)],
        probe=lambda: [shown],
        truth=partial(truths.target, name="bit 1"),
        signal="h",
        layer=1,
        note={
            "en": "Two layers that remember three bits. Look at h of unit {unit} in layer 1: {above} zero while bit 1 "
            "is +, {below} while it is −, and it turns over only at a pulse of that bit (r = {r}); pulses of the "
            "other two leave it nearly where it is.",
            "pt_BR": "Duas camadas que lembram três bits. Veja o h da unidade {unit} na camada 1: {above} de zero "
            "enquanto o bit 1 é +, {below} enquanto é −, e só vira com um pulso desse bit (r = {r}); os pulsos dos "
            "outros dois quase não o movem.",
        },
        pace=Pace(updates=800, size=24, window=100, quiet=0.02),
    )


def _tones() -> Recipe:
    sound = sample("tones").load()
    return Recipe(
        # a scale well below the amplitude, so that the sound drives the gates hard and they show it
        spec=_foretelling("tones", sound, 16, [0.0], [0.1]),
        study=lambda seed: [sound],
        probe=lambda: [sound],
        truth=truths.loudness,
        signal="c",
        note={
            "en": "The next sample of the sound, trained on this very sound. Look at c of unit {unit}: it {rises} "
            "while there is sound ({sound} on average) and comes back in silence ({silence}); it follows the loudness "
            "of the last 5 ms (r = {r}), though no one told the net what loudness is.",
            "pt_BR": "A próxima amostra do som, treinada neste mesmo som. Veja o c da unidade {unit}: ele {rises} "
            "enquanto há som ({sound} em média) e volta no silêncio ({silence}); segue a intensidade dos últimos 5 ms "
            "(r = {r}), embora ninguém tenha dito à rede o que é intensidade.",
        },
        pace=Pace(updates=500, size=16, window=300, quiet=0.1),
        facts=_means_by_sound,
    )


def _means_by_sound(traces: list[Trace], unit: int) -> dict[str, str]:
    state, loud = traces[0].signal("c")[:, unit], truths.loudness(traces[0].sequence)
    return {"sound": f"{state[loud > 0].mean():.2f}", "silence": f"{state[loud == 0].mean():.2f}"}


def _five() -> Recipe:
    picture = sample("five").load()
    side = picture.features
    return Recipe(
        spec=_foretelling("five", picture, 24, [0.0] * side, [1.0] * side),
        study=lambda seed: [_moved(picture, right, down) for right in range(-3, 4) for down in range(-3, 4)],
        probe=lambda: [picture],
        truth=truths.total,
        signal="f",
        sign=-1,
        note={
            "en": "The next row of the picture, trained on this five moved by up to three pixels. Look at the forget "
            "gate of unit {unit}: the more ink a row has, the more it closes (r = {r}); over the empty rows it is open "
            "to {empty} on average.",
            "pt_BR": "A próxima linha da imagem, treinada neste cinco deslocado em até três pixels. Veja a porta de "
            "esquecimento da unidade {unit}: quanto mais tinta há na linha, mais ela se fecha (r = {r}); nas linhas "
            "vazias fica aberta em {empty}, em média.",
        },
        pace=Pace(updates=500, size=16, window=28),
        facts=_mean_when_empty,
    )


def _mean_when_empty(traces: list[Trace], unit: int) -> dict[str, str]:
    empty = truths.total(traces[0].sequence) == 0
    return {"empty": f"{traces[0].signal('f')[empty, unit].mean():.2f}"}


def _moved(picture: Sequence, right: int, down: int) -> Sequence:
    """The picture moved; its margins are empty, so what leaves on one side comes back as nothing."""
    return replace(picture, values=np.roll(picture.values, (down, right), axis=(0, 1)))
