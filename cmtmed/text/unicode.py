r"""Normalization of characters, markup, punctuation and white space by explicit tables, never by NFKC.

The steps, in the order in which they are applied:

- Text in the wrong encoding is decoded again where that is certain (see `mojibake`), and literal escapes (``\n``,
  ``\u533b``) are resolved (see `escapes`).
- ``tables.CHARACTERS``: full-width digits, letters and formula symbols become half-width; Chinese punctuation stays.
- HTML is removed (see `markup`), through all layers of escaping: ``&amp;lt;`` is ``<``.
- Unreadable characters are removed; beside a number a space replaces them, so that two numbers never become one.
- ASCII ``, ; : ? ! .`` become Chinese after a Chinese character, ``, ; : .`` only if one follows too. A list number
  (一.) keeps its point. URLs are left as they are.
- Repeated marks are collapsed; three full stops or two points become an ellipsis.
- No space at line ends or beside Chinese punctuation, one elsewhere, at most one empty line. A space between Chinese
  characters stays (patients use it as a comma) unless four or more in a row are spaced out, 患 者 头 痛.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.escapes import resolve_escapes
from cmtmed.text.han import HAN
from cmtmed.text.markup import strip_markup
from cmtmed.text.mojibake import LOST, repair_mojibake
from cmtmed.text.punctuation import RULES, UNTIDY
from cmtmed.text.suspects import IN_DEBRIS, MARKUP, SPACED, find_suspects, unusual_pattern
from cmtmed.text.tables import CHARACTERS

_SPACED_RUN: Final = re.compile(rf"(?<![{HAN}])[{HAN}](?: [{HAN}]){{3,}}(?![{HAN}])")

_IN_TABLE: Final = "[" + "".join(sorted({rf"\x{{{ord(old[0]):x}}}" for old in CHARACTERS})) + "]"
_UNREADABLE: Final = f"(?:{IN_DEBRIS}|{LOST.pattern})+"
# Nothing may follow this pattern: a run of lost characters can be divided in exponentially many ways.
_DEBRIS_RUN: Final = re.compile(_UNREADABLE)
_NUMBER_CHARACTERS: Final = frozenset("0123456789.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

_ADDRESS: Final = r"(?i)(?:(?:https?|ftp)://|www\.)[^\s，。！？；：、（）《》“”]+"
_STAND_IN: Final = "\ue000"  # private use, and therefore already removed from the text

# Each pass resolves one layer of nested markup; ordinary text settles in two.
_PASSES: Final = 100


def clean(texts: pl.Series, unclean: npt.NDArray[np.bool_] | None = None) -> pl.Series:
    """Clean texts: HTML, width, control and invisible characters, punctuation, white space.

    No digit changes its value and no unit its meaning. Cleaning twice changes nothing more: the steps are
    repeated on the texts that they changed until none changes (an entity may hide another).

    Args:
        texts: String; null stays null.
        unclean: those that may change, if that is known, see `cmtmed.text.suspects.find_suspects`.

    Returns:
        The cleaned texts, under the same name; the same series if nothing changed.
    """
    rows = np.flatnonzero(find_suspects(texts).unclean if unclean is None else unclean)
    if not len(rows):
        return texts
    cleaned = repeat_until_stable(texts.gather(rows), _clean_once)
    # scatter modifies its series, which may be the caller's.
    return texts.clone().scatter(rows, cleaned)


def repeat_until_stable(texts: pl.Series, step: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Repeat a step on the texts that it changed, until none changes."""
    rows: pl.Series | None = None
    current = texts
    for _ in range(_PASSES):
        after = step(current)
        changed = after.ne_missing(current)
        if not changed.any():
            break
        indexes = changed.arg_true()
        rows = indexes if rows is None else rows.gather(indexes)
        current = after.filter(changed)
        texts = texts.clone().scatter(rows, current) if len(rows) < len(texts) else current.rename(texts.name)
    return texts


def _clean_once(texts: pl.Series) -> pl.Series:
    name = texts.name
    unusual = texts.str.contains(unusual_pattern()).fill_null(value=False)
    # Before the table, which would replace the bytes of a character that was read in the wrong encoding.
    texts = _change_rows(texts, unusual, lambda text: resolve_escapes(repair_mojibake(text)))
    texts = _change_matching(
        texts,
        _IN_TABLE,
        lambda matching: matching.str.replace_many(list(CHARACTERS), list(CHARACTERS.values()), leftmost=True),
    )
    marked = texts.str.contains(MARKUP).fill_null(value=False)
    texts = _change_rows(texts, marked, strip_markup)
    # An entity may have hidden an unreadable character.
    texts = _change_rows(texts, unusual | marked, _remove_debris)
    texts = _change_matching(texts, SPACED, lambda matching: _map_each(matching, _join_spaced))
    return _change_matching(texts, UNTIDY, _apply_rules).rename(name)


def _change_matching(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply a change to the texts that match a pattern: most rows of most crawls match none."""
    matches = texts.str.contains(pattern).fill_null(value=False)
    # scatter modifies its series, which may be the caller's.
    return texts.clone().scatter(matches.arg_true(), change(texts.filter(matches))) if matches.any() else texts


def _change_rows(texts: pl.Series, selected: pl.Series, change: Callable[[str], str]) -> pl.Series:
    if not selected.any():
        return texts
    return texts.clone().scatter(selected.arg_true(), _map_each(texts.filter(selected), change))


def _map_each(texts: pl.Series, change: Callable[[str], str]) -> pl.Series:
    return pl.Series([change(text) for text in texts], dtype=pl.String)


def _remove_debris(text: str) -> str:
    return _DEBRIS_RUN.sub(_replace_debris, text)


def _replace_debris(match: re.Match[str]) -> str:
    """Return a blank for debris beside a number or a word of Latin letters, so that two of them are not joined."""
    text, end = match.string, match.end()
    beside = (text[match.start() - 1 : match.start()], text[end : end + 1])
    return " " if any(character in _NUMBER_CHARACTERS for character in beside if character) else ""


def _join_spaced(text: str) -> str:
    return _SPACED_RUN.sub(lambda match: match.group().replace(" ", ""), text)


def _apply_rules(texts: pl.Series) -> pl.Series:
    has_address = texts.str.contains(_ADDRESS)
    addresses = texts.filter(has_address).str.extract_all(_ADDRESS) if has_address.any() else None
    cleaned = texts if addresses is None else texts.str.replace_all(_ADDRESS, _STAND_IN)
    for signs, pattern, replacement in RULES:
        # Looking for a sign is cheaper than compiling a pattern, and most batches hold few.
        if any(cleaned.str.contains(sign, literal=True).any() for sign in signs):
            cleaned = cleaned.str.replace_all(pattern, replacement)
    cleaned = cleaned.str.strip_chars(" \n")
    if addresses is None:
        return cleaned
    # No rule removes or reorders a stand-in, so the addresses are restored in order.
    restored = [
        "".join(
            fragment for pair in zip(text.split(_STAND_IN), [*text_addresses, ""], strict=True) for fragment in pair
        )
        for text, text_addresses in zip(cleaned.filter(has_address), addresses, strict=True)
    ]
    return cleaned.scatter(has_address.arg_true(), restored)
