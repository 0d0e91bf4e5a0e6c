"""The sample nets of the four topologies: trained as the recipes of the app say, and what their notes tell."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import truths
from msgspec.structs import replace
from telling import FRESH, Telling

from lstmviz.engine.trainer import Trainer
from lstmviz.nets.net import Net
from lstmviz.runs.recipes import recipe
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.tasks import TASKS
from lstmviz.traces.trace import Trace

_NEVER = 1_000_000_000


def trained(id: str) -> Net:
    """The net that the recipe of that name trains, on the CPU."""
    config = replace(recipe(id).configs[0], device="cpu", probe_every=_NEVER, checkpoint_every=_NEVER)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(Path(folder) / "run", config)
        trainer.run()
    trainer.net.eval()
    return trainer.net


def topologies() -> dict[str, Telling]:
    """What is told of each, by name."""
    return {"prices": _prices(), "reviews": _reviews(), "digit-names": _digit_names(), "dates": _dates()}


def _fresh(id: str, count: int = len(FRESH), **params: int) -> list[Sequence]:
    make = TASKS[id].maker(params)
    return [make(seed) for seed in FRESH[:count]]


def _pairs(traces: list[Trace]) -> list[tuple[np.ndarray, np.ndarray]]:
    """What was said and what was asked, over the steps that were asked, of each trace."""
    found = []
    for trace in traces:
        assert trace.outputs is not None
        assert trace.targets is not None
        asked = np.isfinite(trace.targets[:, 0])
        found.append((trace.outputs[asked], trace.targets[asked, 0]))
    return found


def _right(traces: list[Trace], unit: int) -> dict[str, str]:
    """In how many sequences every symbol was right."""
    return {"right": str(sum(bool((said.argmax(axis=1) == asked).all()) for said, asked in _pairs(traces)))}


def _prices() -> Telling:
    return Telling(
        probe=lambda: _fresh("prices", 50, steps=200),
        truth=truths.move,
        signal="c",
        facts=_squared_error,
        note={
            "en": "Sequence → sequence: the price of the next day, over 50 fresh series of 200 days with a mean "
            "squared error of {error}; the shocks alone, which nobody can foresee, make 1. Look at c of unit {unit}: "
            "it {rises} with the price's move since the day before (r = {r}), which no single input tells: it is a "
            "memory of yesterday.",
            "pt_BR": "Sequência → sequência: o preço do dia seguinte, em 50 séries novas de 200 dias com erro "
            "quadrático médio de {error}; só os choques, que ninguém pode prever, já dão 1. Veja o c da unidade "
            "{unit}: ele {rises} com a variação do preço desde o dia anterior (r = {r}), que nenhuma entrada sozinha "
            "diz: é uma memória de ontem.",
        },
    )


def _squared_error(traces: list[Trace], unit: int) -> dict[str, str]:
    errors = [(said[:, 0] - asked) ** 2 for said, asked in _pairs(traces)]
    return {"error": f"{np.mean(errors):.2f}"}


def _reviews() -> Telling:
    return Telling(
        probe=lambda: _fresh("reviews"),
        truth=truths.score_so_far,
        signal="c",
        facts=_mean_error,
        note={
            "en": "Sequence → vector: the score of a review, asked at its full stop alone; over 200 fresh reviews it "
            "is {error} off on average, where always saying 0 is {guess} off. Look at c of unit {unit}: it {rises} "
            "with the score of what has been read so far (r = {r}), though only the last one was ever asked.",
            "pt_BR": "Sequência → vetor: a nota de uma resenha, pedida só no ponto final; em 200 resenhas novas ela "
            "erra {error} em média, e dizer sempre 0 erra {guess}. Veja o c da unidade {unit}: ele {rises} com a nota "
            "do que foi lido até ali (r = {r}), embora só a última tenha sido pedida.",
        },
    )


def _mean_error(traces: list[Trace], unit: int) -> dict[str, str]:
    pairs = _pairs(traces)
    return {
        "error": f"{np.mean([abs(said[-1, 0] - asked[-1]) for said, asked in pairs]):.3f}",
        "guess": f"{np.mean([abs(asked[-1]) for _, asked in pairs]):.3f}",
    }


def _digit_names() -> Telling:
    return Telling(
        probe=lambda: _fresh("digit-names"),
        truth=truths.letters_left,
        signal="c",
        facts=_right,
        note={
            "en": "Vector → sequence: the same picture at every step, the digit's name letter by letter; of 200 fresh "
            "pictures it spells {right} names without a mistake. The input never changes, so only the state tells how "
            "far the word has come: c of unit {unit} {rises} with the number of letters still to be said (r = {r}).",
            "pt_BR": "Vetor → sequência: a mesma imagem em todos os passos, o nome do dígito letra por letra; de 200 "
            "imagens novas ela soletra {right} nomes sem erro. A entrada nunca muda, e assim só o estado diz até onde "
            "a palavra chegou: o c da unidade {unit} {rises} com o número de letras que ainda faltam (r = {r}).",
        },
    )


def _dates() -> Telling:
    return Telling(
        probe=lambda: _fresh("dates"),
        truth=truths.place_in_answer,
        signal="c",
        facts=_right,
        note={
            "en": "Encoder → decoder: a Portuguese date is read to its end, then a second set of weights says it as "
            "ISO 8601 does; of 200 fresh dates {right} are right in every place. Look at c of unit {unit} after the "
            "handover: it {rises} with the place in the answer (r = {r}), a clock that the decoder keeps by itself.",
            "pt_BR": "Codificador → decodificador: uma data em português é lida até o fim, e depois um segundo "
            "conjunto de pesos a diz como manda a ISO 8601; de 200 datas novas {right} saem certas em todas "
            "as posições. Veja o c da unidade {unit} depois da passagem: ele {rises} com a posição na resposta "
            "(r = {r}), um relógio que o decodificador mantém sozinho.",
        },
    )
