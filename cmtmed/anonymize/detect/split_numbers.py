"""A number that was sent in pieces: 我的手机是138 / 0013 / 8000, in turns that follow one another.

Each piece looks like nothing. So what one turn ends with and the next ones begin with is put together, and if that
makes a mobile or an identity number, all of its pieces are identifiers. A turn of the other speaker in between (嗯,
记下了) does not hide it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import polars as pl

from cmtmed.anonymize.detect.canonical import NUMERALS, Canonical
from cmtmed.anonymize.detect.recognizers.bank_card import luhn_holds
from cmtmed.anonymize.detect.recognizers.id_card import checksum_holds
from cmtmed.anonymize.identifier import Identifier

_DIGIT: Final = f"[0-9{NUMERALS}]"
_TAIL: Final = re.compile(r"(?<![0-9.])[0-9](?:[ \-]?[0-9]){1,16}(?=[\s,，。.、~…\-]*$)")
_HEAD: Final = re.compile(
    r"^[\s,，。.、~…\-]*([0-9](?:[ \-]?[0-9]){1,16}[xX]?)"
    r"(?![0-9.%℃]|[ ]?(?:mg|ml|g|次|片|天|岁|年|月|周|度|点|个|元|块))"
)
_WHOLE: Final = re.compile(r"^[\s,，。.、~…\-]*[0-9](?:[ \-]?[0-9]){1,16}[xX]?[\s,，。.、~…\-]*$")
_REACH: Final = 2
"""How many turns ahead the next piece may be."""
_MOST: Final = 4
"""Pieces of one number."""

Spans = dict[int, list[Identifier]]


def pieces(texts: pl.Series, group: pl.Series, forms: Mapping[int, Canonical]) -> Spans:
    """Find numbers whose pieces stand in different turns of one dialogue.

    Args:
        texts: the texts, folded where they needed it; what was found or tagged already is masked.
        group: number of each text's dialogue; its turns follow one another.
        forms: canonical form of the texts that have one.
    """
    ends = texts.str.contains(rf"{_DIGIT}{{2}}[\s,，。.、~…\-]*$")
    begins = texts.str.contains(rf"^[\s,，。.、~…\-]*{_DIGIT}{{2}}")
    rows = (ends & begins.shift(-1, fill_value=False) | ends & begins.shift(-2, fill_value=False)).arg_true().to_list()
    found: Spans = {}
    last = len(texts)
    for row in rows:
        parts = _from(row, texts, group, forms, last)
        kind = _kind("".join(digits for _, _, digits in parts)) if parts else None
        if kind is None or any(place in found for place, _, _ in parts):
            continue
        for place, (start, end), _ in parts:
            form = forms.get(place) or Canonical(texts[place])
            found.setdefault(place, []).append(Identifier(*form.original(start, end), kind))
    return found


def _from(
    row: int, texts: pl.Series, group: pl.Series, forms: Mapping[int, Canonical], last: int
) -> list[tuple[int, tuple[int, int], str]]:
    """Return the pieces from a turn on: its place, the span in its canonical text, the digits."""
    digits = _digits(row, texts, forms)
    tail = _TAIL.search(digits)
    if tail is None:
        return []
    parts = [(row, tail.span(), re.sub("[ -]", "", tail[0]))]
    at = row
    while len(parts) < _MOST:
        for ahead in range(at + 1, min(at + _REACH + 1, last)):
            if group[ahead] != group[row]:
                return parts if len(parts) > 1 else []
            text = _digits(ahead, texts, forms)
            head = _HEAD.match(text)
            if head:
                parts.append((ahead, head.span(1), re.sub("[ -]", "", head[1])))
                if _kind("".join(digits for _, _, digits in parts)) or not _WHOLE.match(text):
                    return parts
                at = ahead
                break
        else:
            break
    return parts if len(parts) > 1 else []


def _digits(row: int, texts: pl.Series, forms: Mapping[int, Canonical]) -> str:
    return (forms.get(row) or Canonical(texts[row])).digits


def _kind(number: str) -> str | None:
    """Say what the pieces make together.

    >>> _kind("13800138000"), _kind("11010519491231002X"), _kind("120")
    ('PHONE', 'ID_CARD', None)
    """
    if re.fullmatch(r"1[3-9]\d{9}", number):
        return "PHONE"
    if re.fullmatch(r"\d{17}[\dXx]", number) and checksum_holds(number):
        return "ID_CARD"
    return "BANK_CARD" if re.fullmatch(r"62\d{14,17}", number) and luhn_holds(number) else None
