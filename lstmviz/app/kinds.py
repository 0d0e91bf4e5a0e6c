"""The kinds of sequences as a person calls them; a kind's icon has its name."""

from __future__ import annotations

from lstmviz.language import mark

KIND_TITLES = {
    "series": mark("Time series"),
    "text": mark("Text"),
    "audio": mark("Audio"),
    "image": mark("Image"),
    "symbols": mark("Symbols"),
}
