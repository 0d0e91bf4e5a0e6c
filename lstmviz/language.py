"""The language of every sentence a person reads: English in the code, the rest from resources/translations.

Below Qt on purpose: the command line and the errors of the engine speak the same language as the window.
"""

from __future__ import annotations

import gettext
import locale
import os

from lstmviz import paths

LANGUAGES = {"en": "English", "pt_BR": "Português (Brasil)"}

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def mark(text: str) -> str:
    """Mark a sentence for translation where it is written; it is translated where it is shown."""
    return text


def tr(text: str, /, **values: object) -> str:
    """The sentence in the current language, its ``{names}`` filled in."""
    translated = _catalogue.gettext(text) if text else ""
    return translated.format(**values) if values else translated


def use(language: str) -> None:
    """Switch every later sentence to ``language``, a key of LANGUAGES; an unknown one means English."""
    global _catalogue, _language
    _language = language if language in LANGUAGES else "en"
    _catalogue = gettext.translation(
        "lstmviz", paths.resources() / "translations", languages=[_language], fallback=True
    )


def current() -> str:
    """The language in use, a key of LANGUAGES."""
    return _language


def of_the_system() -> str:
    """The system's language where it is one of ours, else English."""
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    if not name:
        name = locale.getlocale()[0] or ""
    return "pt_BR" if name.lower().startswith(("pt", "portuguese")) else "en"
