"""The canonical form of a text, with a map back to the original offsets.

Identifiers are often written to evade detection: in full-width digits, in Chinese digits, in traditional characters,
with invisible characters in between. Instead of teaching every pattern all of these, texts are folded into one form
first. Two views of it share their indices: ``text`` keeps Chinese numerals (names and addresses are made of them),
``digits`` turns runs of them into ASCII. Blanket NFKC is no option: it would also turn ``①5mg`` into ``15mg``.

Tags of an earlier redaction, and spans that have been found already, become one `MASK` character each. No pattern
matches it, so no finding can reach into a tag or across one, and a redacted text looks to the recognizers exactly like
the original with its findings masked: redaction is idempotent by construction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import Final

from cmtmed.text.conversion import simplified_characters

MASK: Final = "\ue000"
"""Private-use character that stands for a tag or a span found earlier."""

_INVISIBLE: Final = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u20e3\ufe00-\ufe0f\ufeff"


# Markup that only formats letters hides a number just as an invisible character does. Tags with attributes are kept:
# an attribute may itself hold an address.
_MARKUP: Final = r"</?(?:a|b|big|br|div|em|font|i|li|p|s|small|span|strong|sub|sup|td|u)[ ]?/?>|&nbsp;|&#8203;"
_INVISIBLE_RUN: Final = re.compile(f"(?:[{_INVISIBLE}]|{_MARKUP})+")


@cache
def _build_fold_table() -> dict[int, str]:
    """Map variants of ASCII letters, digits and address signs to ASCII, and traditional characters to simplified ones.

    Only one-to-one variants are in the table.
    """
    table = {ord(traditional): simplified for traditional, simplified in simplified_characters().items()}
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
def build_fold_pattern() -> str:
    """Build a pattern, valid in Polars and in ``re``, that every text in need of folding matches."""
    return f"[{_INVISIBLE}{''.join(map(chr, sorted(_build_fold_table())))}]|{_MARKUP}"


@cache
def _collect_foldable_characters() -> frozenset[str]:
    return frozenset(map(chr, _build_fold_table())) | frozenset("<&") | set(_expand_character_class(_INVISIBLE))


def _expand_character_class(characters: str) -> Iterator[str]:
    """Yield the characters of a regular expression's character class.

    >>> "".join(_expand_character_class("ab-dx"))
    'abcdx'
    """
    for match in re.finditer(r"(.)-(.)|(.)", characters, re.DOTALL):
        first, last = (match[1], match[2]) if match[1] else (match[3], match[3])
        yield from map(chr, range(ord(first), ord(last) + 1))


NUMERALS: Final = "〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖洞⓪①②③④⑤⑥⑦⑧⑨❶❷❸❹❺❻❼❽❾"
"""Characters that stand for one digit each when they occur in a run."""
_NUMERAL_VALUES: Final = "000123456789112345678900123456789123456789"
_DIGIT_TABLE: Final = {ord(numeral): digit for numeral, digit in zip(NUMERALS, _NUMERAL_VALUES, strict=True)}
# A single numeral is kept (一 before a phone number is not part of it) unless it stands between two digits.
_NUMERAL_RUN: Final = re.compile(rf"[{NUMERALS}](?:[ \-.]?[{NUMERALS}])+(?![十百千万])|(?<=[0-9])[{NUMERALS}](?=[0-9])")


class CanonicalText:
    """A text as recognizers see it.

    Attributes:
        text: the folded text.
    """

    __slots__ = ("__dict__", "_origins", "text")

    def __init__(self, text: str, origins: list[int] | None = None) -> None:
        self.text = text
        self._origins = origins

    @cached_property
    def digits(self) -> str:
        """``text`` with runs of Chinese and circled numerals as ASCII digits; same length, same indices."""
        return _NUMERAL_RUN.sub(lambda run: run[0].translate(_DIGIT_TABLE), self.text)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Map a non-empty span of ``text`` to the original text."""
        if self._origins is None:
            return start, end
        return self._origins[start], self._origins[end - 1] + 1


def canonicalize(text: str, masked: Iterable[tuple[int, int]] = ()) -> CanonicalText:
    """Fold a text into its canonical form.

    Args:
        text: any string.
        masked: spans of ``text``, sorted and disjoint, that no identifier may touch.

    >>> canonical = canonicalize("电话１３\u200b８")
    >>> canonical.text, canonical.original_span(2, 5)
    ('电话138', (2, 6))
    """
    spans = list(masked)
    if _collect_foldable_characters().isdisjoint(text):
        if not spans:
            return CanonicalText(text)
    else:
        text = text.translate(_build_fold_table())
    chunks: list[str] = []
    origins: list[int] = []
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        while position < start:
            invisible = _INVISIBLE_RUN.search(text, position, start)
            stop = invisible.start() if invisible else start
            chunks.append(text[position:stop])
            origins.extend(range(position, stop))
            position = invisible.end() if invisible else start
        if start < end:
            chunks.append(MASK)
            origins.append(start)
        position = max(position, end)
    return CanonicalText("".join(chunks), origins)
