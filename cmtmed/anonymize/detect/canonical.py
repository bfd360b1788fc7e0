"""The form in which texts are matched, with the way back to the original offsets.

Identifiers are written to be overlooked: in full-width digits, in Chinese digits, in either script, with invisible
characters between. Patterns would have to know every such form, so they meet one form only. Two views share their
indices: ``text`` keeps Chinese numerals (names and addresses are made of them), ``digits`` turns runs of them
into ASCII. Blanket NFKC is no help here: it also turns ``①5mg`` into ``15mg``.

Tags of an earlier redaction, and spans that were found already, become one ``MASK`` character each. No pattern
matches it, so nothing found can reach into a tag or across one, and a redacted text looks to the recognizers
exactly like the original with its findings masked: that makes redaction idempotent by construction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import Final

from cmtmed.text.chinese import simplified_characters

MASK: Final = "\ue000"
"""Private-use character that stands for a tag."""

_INVISIBLE: Final = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u20e3\ufe00-\ufe0f\ufeff"


# Markup that only shapes letters hides a number as well as an invisible character does. Tags with attributes stay: they
# may hold an address themselves.
_MARKUP: Final = r"</?(?:a|b|big|br|div|em|font|i|li|p|s|small|span|strong|sub|sup|td|u)[ ]?/?>|&nbsp;|&#8203;"
_INVISIBLE_RUN: Final = re.compile(f"(?:[{_INVISIBLE}]|{_MARKUP})+")


@cache
def _fold_table() -> dict[int, str]:
    """Map every one-to-one variant of an ASCII letter, digit or address sign to it, and traditional script."""
    table = {ord(old): new for old, new in simplified_characters().items()}
    table |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()}
    table |= dict(zip(map(ord, "＠．－＿／＋‐‑‒–−➕✚﹢Ⅴ"), "@.-_/+-----+++V", strict=True))
    # Digits of other scripts and mathematical letters and digits: 𝟏, ١, 𝐚.
    for code in (*range(0x0660, 0x1A99), *range(0x1D400, 0x1D800), *range(0xA620, 0xABFA)):
        char = chr(code)
        plain = unicodedata.normalize("NFKC", char)
        if unicodedata.category(char) == "Nd":
            table[code] = str(unicodedata.digit(char))
        elif plain != char and len(plain) == 1 and plain.isascii() and plain.isalnum():
            table[code] = plain
    return table


@cache
def odd() -> str:
    """Return a pattern for Polars and Python: only texts that match it need folding."""
    return f"[{_INVISIBLE}{''.join(map(chr, sorted(_fold_table())))}]|{_MARKUP}"


@cache
def _odd_signs() -> frozenset[str]:
    return frozenset(map(chr, _fold_table())) | frozenset("<&") | set(_ranges(_INVISIBLE))


def _ranges(listed: str) -> Iterator[str]:
    """Yield the characters of a character class.

    >>> "".join(_ranges("ab-dx"))
    'abcdx'
    """
    for found in re.finditer(r"(.)-(.)|(.)", listed, re.DOTALL):
        first, last = (found[1], found[2]) if found[1] else (found[3], found[3])
        yield from map(chr, range(ord(first), ord(last) + 1))


NUMERALS: Final = "〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖洞⓪①②③④⑤⑥⑦⑧⑨❶❷❸❹❺❻❼❽❾"
"""Characters that stand for one digit when they occur in a run."""
_NUMERAL_VALUES: Final = "000123456789112345678900123456789123456789"
_TO_DIGIT: Final = {ord(c): v for c, v in zip(NUMERALS, _NUMERAL_VALUES, strict=True)}
# A single numeral stays (一 before a phone number is no digit of it) unless digits enclose it on both sides.
_NUMERAL_RUN: Final = re.compile(rf"[{NUMERALS}](?:[ \-.]?[{NUMERALS}])+(?![十百千万])|(?<=[0-9])[{NUMERALS}](?=[0-9])")


class Canonical:
    """One text as recognizers see it.

    Attributes:
        text: the folded text.
    """

    __slots__ = ("__dict__", "_origin", "text")

    def __init__(self, text: str, origin: list[int] | None = None) -> None:
        self.text = text
        self._origin = origin

    @cached_property
    def digits(self) -> str:
        """``text`` with runs of Chinese and circled numerals as ASCII digits; same length, same indices."""
        return _NUMERAL_RUN.sub(lambda run: run[0].translate(_TO_DIGIT), self.text)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where a non-empty span of ``text`` stands in the original text."""
        if self._origin is None:
            return start, end
        return self._origin[start], self._origin[end - 1] + 1


def canonical(text: str, masked: Iterable[tuple[int, int]] = ()) -> Canonical:
    """Fold one text.

    Args:
        text: any string.
        masked: spans of ``text``, sorted and disjoint, that no identifier may touch.

    >>> folded = canonical("电话１３\u200b８")
    >>> folded.text, folded.original(2, 5)
    ('电话138', (2, 6))
    """
    spans = list(masked)
    if _odd_signs().isdisjoint(text):
        if not spans:
            return Canonical(text)
    else:
        text = text.translate(_fold_table())
    pieces: list[str] = []
    origin: list[int] = []
    at = 0
    for start, end in [*spans, (len(text), len(text))]:
        while at < start:
            gap = _INVISIBLE_RUN.search(text, at, start)
            stop = gap.start() if gap else start
            pieces.append(text[at:stop])
            origin.extend(range(at, stop))
            at = gap.end() if gap else start
        if start < end:
            pieces.append(MASK)
            origin.append(start)
        at = max(at, end)
    return Canonical("".join(pieces), origin)
