"""Seeded sequences with known truth: what a perfect model would score on them is exact, so a net can be judged."""

from lstmviz.sequences.generators.registry import GENERATORS as GENERATORS
from lstmviz.sequences.generators.truth import Generated as Generated
from lstmviz.sequences.generators.truth import Truth as Truth
from lstmviz.sequences.generators.truth import stream as stream
