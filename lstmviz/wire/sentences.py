"""Sentences that the other side tells: a template and its values, which are checked before anything is made of them.

A template of an engine that is not ours could ask for a number in a thousand million places, which would take the
window's memory, or for values that nobody gave.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from lstmviz.errors import EngineError
from lstmviz.language import tr

MOST_LETTERS = 20_000
"""In all of a sentence: a traceback of a person's own code may stand in one."""
_SPEC = re.compile(r",|,?(?:\.\d)?[defg%]?")
Value = str | int | float


def failure(template: str, values: Mapping[str, Value]) -> EngineError:
    """The error of a sentence that an engine told; one that no sentence can be made of is quoted as it came."""
    if is_sound(template, values):
        return EngineError(template, **values)
    return EngineError(
        "The engine failed, and what it says is not understood: “{text}”. Install the same version of lstmviz on both"
        " sides.",
        text=template[:300],
    )


def told(template: str, values: Mapping[str, Value]) -> str:
    """The sentence in the language of the window."""
    return tr(template, **values) if is_sound(template, values) else template[:MOST_LETTERS]


def is_sound(template: str, values: Mapping[str, Value]) -> bool:
    """Whether a template names nothing but its values, in plain formats, and is no longer than a sentence gets."""
    if len(template) + sum(len(one) for one in values.values() if isinstance(one, str)) > MOST_LETTERS:
        return False
    if not values:
        return True  # nothing is filled in
    try:
        for _, name, spec, conversion in Formatter().parse(template):
            if name is not None and (name not in values or conversion or not _SPEC.fullmatch(spec or "")):
                return False
        template.format(**values)
    except (ValueError, KeyError, IndexError, OverflowError):  # braces that do not match, a number's format for text
        return False
    return True
