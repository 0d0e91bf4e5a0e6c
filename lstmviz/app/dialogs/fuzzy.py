"""How well a few letters fit a text."""

from __future__ import annotations

import unicodedata
from functools import cache


def fold(text: str) -> str:
    """The text without case and accents, so that “secao” finds “Seção”."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def score(query: str, text: str) -> float | None:
    """How well ``query`` fits ``text``, higher is better; None where its letters do not occur in this order.

    Letters in a row (4) and at the beginnings of words (3) count more; among equals a shorter text wins.
    """
    letters, place = fold(query).replace(" ", ""), fold(text)

    @cache
    def best(n: int, after: int) -> float:
        if n == len(letters):
            return 0.0
        points, at = float("-inf"), place.find(letters[n], after)
        while at >= 0:
            begins_word = at == 0 or not place[at - 1].isalnum()
            in_a_row = n > 0 and at == after
            points = max(points, 1 + 3 * begins_word + 4 * in_a_row + best(n + 1, at + 1))
            at = place.find(letters[n], at + 1)
        return points

    found = best(0, 0)
    return None if found == float("-inf") else found - len(place) / 100
