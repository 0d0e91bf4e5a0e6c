"""Errors that are sentences for a person: what, where, what was expected, what to do."""

from __future__ import annotations

from lstmviz.language import tr


class LstmvizError(Exception):
    """A failure that the user can mend.

    ``template`` is the English sentence with ``{names}`` for ``values``; it is translated when it is shown, so an
    error made in the engine is read in the window's language. A value ``remedy`` that no sentence names says what would
    mend it: options of the reader as a JSON object, or ``mapping`` for a file of arrays that no reader knows.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return tr(self.template, **self.values)


class SequenceError(LstmvizError):
    """A sequence that cannot be read, or that a net cannot take."""


class ModelError(LstmvizError):
    """A model that cannot be read or recorded."""


class TraceError(LstmvizError):
    """A trace that cannot be opened, or a signal, layer, unit or step that it does not have."""


class ExportError(LstmvizError):
    """A file that cannot be written."""


class EngineError(LstmvizError):
    """The engine process failed, died or did not answer."""


class RunError(LstmvizError):
    """A training that cannot begin, go on or be read."""


class UsageError(LstmvizError):
    """A command line that means nothing."""
