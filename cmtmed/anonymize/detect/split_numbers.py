"""Numbers split over several turns: 我的手机是138 / 0013 / 8000.

No fragment looks like anything by itself. So the number that ends one turn is joined with the numbers that begin the
next ones, and if the result is a mobile, identity or card number, all of its fragments are identifiers. A turn of the
other speaker in between (嗯, 记下了) does not hide it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.anonymize.detect.canonical import NUMERALS, CanonicalText
from cmtmed.anonymize.detect.recognizers.bank_card import has_valid_luhn
from cmtmed.anonymize.detect.recognizers.id_card import has_valid_checksum
from cmtmed.anonymize.identifier import Identifier, IdentifiersByRow

_DIGIT: Final = f"[0-9{NUMERALS}]"
_NUMBER_AT_END: Final = re.compile(r"(?<![0-9.])[0-9](?:[ \-]?[0-9]){1,16}(?=[\s,，。.、~…\-]*$)")
_NUMBER_AT_START: Final = re.compile(
    r"^[\s,，。.、~…\-]*([0-9](?:[ \-]?[0-9]){1,16}[xX]?)"
    r"(?![0-9.%℃]|[ ]?(?:mg|ml|g|次|片|天|岁|年|月|周|度|点|个|元|块))"
)
_NUMBER_ONLY: Final = re.compile(r"^[\s,，。.、~…\-]*[0-9](?:[ \-]?[0-9]){1,16}[xX]?[\s,，。.、~…\-]*$")
_MAX_DISTANCE: Final = 2
"""How many turns ahead the next fragment may be."""
_MAX_FRAGMENTS: Final = 4
"""How many fragments a number may have."""


class _Fragment(NamedTuple):
    """Some digits of a number.

    Attributes:
        row: position of the turn.
        span: start and end in the turn's canonical text.
        digits: the digits without separators.
    """

    row: int
    span: tuple[int, int]
    digits: str


SPLIT_NUMBER_HINTS: Final = (rf"{_DIGIT}{{2}}[\s,，。.、~…\-]*$", rf"^[\s,，。.、~…\-]*{_DIGIT}{{2}}")
"""Hints of a text that ends in the beginning of a number, and of one that begins with its end."""


def find_split_numbers(
    texts: pl.Series,
    group: pl.Series,
    canonical_texts: Mapping[int, CanonicalText],
    matches: npt.NDArray[np.bool_],
) -> IdentifiersByRow:
    """Find numbers whose fragments are in different turns of one dialogue.

    Args:
        texts: the texts.
        group: the number of each text's dialogue; its turns follow one another.
        canonical_texts: canonical texts by row, with tags masked; a text without an entry is in canonical form already.
        matches: for each text whether its canonical form matches each of `SPLIT_NUMBER_HINTS`.
    """
    ends_in_number, begins_with_number = matches.T
    followed = np.zeros(len(matches), dtype=bool)
    for distance in range(1, _MAX_DISTANCE + 1):
        followed[:-distance] |= begins_with_number[distance:]
    identifiers: IdentifiersByRow = {}
    for row in np.flatnonzero(ends_in_number & followed).tolist():
        fragments = _collect_fragments(row, texts, group, canonical_texts)
        identifier_type = _classify_number(_join_digits(fragments))
        if identifier_type is None or any(fragment.row in identifiers for fragment in fragments):
            continue
        for fragment in fragments:
            canonical_text = canonical_texts.get(fragment.row) or CanonicalText(texts[fragment.row])
            identifier = Identifier(*canonical_text.original_span(*fragment.span), identifier_type)
            identifiers.setdefault(fragment.row, []).append(identifier)
    return identifiers


def _collect_fragments(
    first_row: int, texts: pl.Series, group: pl.Series, canonical_texts: Mapping[int, CanonicalText]
) -> list[_Fragment]:
    """Return the fragments of the number that begins in one turn, or none if it is not split."""
    number = _NUMBER_AT_END.search(_get_digits(first_row, texts, canonical_texts))
    if number is None:
        return []
    fragments = [_Fragment(first_row, number.span(), _strip_separators(number[0]))]
    row = first_row
    while len(fragments) < _MAX_FRAGMENTS:
        for next_row in range(row + 1, min(row + _MAX_DISTANCE + 1, len(texts))):
            if group[next_row] != group[first_row]:
                return fragments if len(fragments) > 1 else []
            text = _get_digits(next_row, texts, canonical_texts)
            number = _NUMBER_AT_START.match(text)
            if number:
                fragments.append(_Fragment(next_row, number.span(1), _strip_separators(number[1])))
                if _classify_number(_join_digits(fragments)) or not _NUMBER_ONLY.match(text):
                    return fragments
                row = next_row
                break
        else:
            break
    return fragments if len(fragments) > 1 else []


def _get_digits(row: int, texts: pl.Series, canonical_texts: Mapping[int, CanonicalText]) -> str:
    return (canonical_texts.get(row) or CanonicalText(texts[row])).digits


def _strip_separators(number: str) -> str:
    return re.sub("[ -]", "", number)


def _join_digits(fragments: list[_Fragment]) -> str:
    return "".join(fragment.digits for fragment in fragments)


def _classify_number(number: str) -> str | None:
    """Return the identifier type of a joined number, if it has one.

    >>> _classify_number("13800138000"), _classify_number("11010519491231002X"), _classify_number("120")
    ('PHONE', 'ID_CARD', None)
    """
    if re.fullmatch(r"1[3-9]\d{9}", number):
        return "PHONE"
    if re.fullmatch(r"\d{17}[\dXx]", number) and has_valid_checksum(number):
        return "ID_CARD"
    return "BANK_CARD" if re.fullmatch(r"62\d{14,17}", number) and has_valid_luhn(number) else None
