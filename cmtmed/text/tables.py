"""Characters that are written as others, and characters that are removed: explicit, so that a reader can check them.

Not here, because they carry meaning that their plain form loses: superscripts and subscripts (10⁹/L), circled and
parenthesized numbers (①5mg), fractions (½片), Roman numerals (Ⅱ度), ℃ and ‰. NFKC rewrites all of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

_DIGITS_AND_LETTERS: Final = {
    chr(wide): chr(wide - 0xFEE0)
    for first, last in (("０", "９"), ("Ａ", "Ｚ"), ("ａ", "ｚ"))
    for wide in range(ord(first), ord(last) + 1)
}
# Symbols of formulas, doses and addresses. ，。？！：；（）～ are Chinese punctuation and stay.
_SYMBOLS: Final = dict(zip("％＋－＝＊／＜＞＃＆＠＄＾＿｜｀＼［］｛｝．＂＇", "%+-=*/<>#&@$^_|`\\[]{}.\"'", strict=True))

_UNITS: Final = {
    "㎎": "mg", "㎏": "kg", "㎍": "μg", "㎖": "ml", "㎗": "dl", "㎝": "cm", "㎜": "mm", "㎞": "km", "㏄": "cc", "㎡": "m²", "㎥": "m³",
    "µ": "μ", "Ω": "Ω", "K": "K", "Å": "Å",
}  # fmt: skip

_SPACES: Final = dict.fromkeys(
    "\t\x0b\x0c\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_BREAKS: Final = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n"}

_REMOVED: Final = dict.fromkeys(
    [
        *map(chr, [*range(9), *range(0x0E, 0x20), 0x7F, *range(0x80, 0x85), *range(0x86, 0xA0)]),
        # Zero-width, direction marks, soft hyphen, byte order mark, invisible operators, variation selectors.
        *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e",
        *"\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff\ufff9\ufffa\ufffb",
        *map(chr, range(0xFE00, 0xFE10)),
        # What another decoder left where it failed: the character is lost already.
        "\ufffd",
        # Private use: what a web font once drew there is not known any more.
        *map(chr, range(0xE000, 0xF900)),
    ],
    "",
)


def _same_ideograph() -> Mapping[str, str]:
    """Return the ideographs that Unicode encodes twice: compatibility ideographs and Kangxi radicals."""
    table = {}
    for first, last in ((0xF900, 0xFAFF), (0x2F00, 0x2FD5), (0x2E80, 0x2EFF)):
        for code in range(first, last + 1):
            told = unicodedata.decomposition(chr(code)).removeprefix("<compat> ")
            if told:
                table[chr(code)] = unicodedata.normalize("NFC", chr(int(told, 16)))
    return table


CHARACTERS: Final[Mapping[str, str]] = {
    **_DIGITS_AND_LETTERS, **_SYMBOLS, **_UNITS, **_SPACES, **_BREAKS, **_REMOVED, **_same_ideograph(),
}  # fmt: skip
"""Every character that `clean` replaces or removes, with what it becomes."""

# Numbers set above or below the line by HTML tags become characters that keep them there.
SUPERSCRIPT: Final = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
SUBSCRIPT: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
