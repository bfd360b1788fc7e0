"""Tables of characters that are replaced or removed: explicit, so that a reader can check them.

Not included, because their plain form loses their meaning: superscripts and subscripts (10⁹/L), fractions (½片),
circled, parenthesized and dotted numbers (①5mg, ⒈5mg), Roman numerals (Ⅱ度), ℃ and ‰. NFKC rewrites all of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

_DIGITS_AND_LETTERS: Final = {
    chr(wide): chr(wide - 0xFEE0)
    for first, last in (("０", "９"), ("Ａ", "Ｚ"), ("ａ", "ｚ"))
    for wide in range(ord(first), ord(last) + 1)
}
# Symbols of formulas, doses and addresses. ，。？！：；（）～ are Chinese punctuation and stay.
_SYMBOLS: Final = dict(
    zip("％＋－＝＊／＜＞＃＆＠＄＾＿｜｀＼［］｛｝．＂＇￥", "%+-=*/<>#&@$^_|`\\[]{}.\"'¥", strict=True)
)
# Small, vertical and half-width forms: the first are punctuation in Chinese, the second in formulas.
_SMALL: Final = dict(zip("﹐﹑﹔﹕﹖﹗﹙﹚︰｡､｢｣﹪﹢﹣﹤﹥﹦﹒", "，、；：？！（）：。、「」%+-<>=.", strict=True))

# One character for a whole unit; none of them contains a number.
_UNITS: Final = {
    "㎎": "mg", "㎏": "kg", "㎍": "μg", "㎕": "μl", "㎖": "ml", "㎗": "dl", "㎘": "kl", "㏄": "cc",
    "㎚": "nm", "㎛": "μm", "㎜": "mm", "㎝": "cm", "㎞": "km", "㎟": "mm²", "㎠": "cm²", "㎡": "m²",
    "㎣": "mm³", "㎤": "cm³", "㎥": "m³", "㎉": "kcal", "㎈": "cal", "㎩": "Pa", "㎪": "kPa", "㎐": "Hz",
    "㎑": "kHz", "㎒": "MHz", "㎲": "μs", "㎳": "ms", "㎶": "μV", "㎷": "mV", "㎸": "kV", "㎂": "μA",
    "㎃": "mA", "㏈": "dB", "㏖": "mol", "㏗": "pH",
    "\u00b5": "\u03bc", "\u2126": "\u03a9", "\u212a": "K", "\u212b": "\u00c5",
}  # fmt: skip

_SPACES: Final = dict.fromkeys(
    "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_BREAKS: Final = dict.fromkeys(["\r\n", "\r", "\x0b", "\x0c", "\u2028", "\u2029"], "\n")

# Never rendered, so nothing is lost: zero-width, direction marks, soft hyphen, byte order mark, variation selectors.
_INVISIBLE: Final = dict.fromkeys(
    [
        *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e",
        *"\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u3164\ufeff\uffa0",
        *map(chr, range(0xFE00, 0xFE10)),
    ],
    "",
)


def _windows_1252() -> Iterable[tuple[str, str]]:
    """Yield control characters left by Windows-1252 pages, with the characters that browsers show (U+0096 is –)."""
    for code in range(0x80, 0xA0):
        character = bytes([code]).decode("cp1252", errors="ignore")
        if character:
            yield chr(code), character


def _ideographs() -> Iterable[tuple[str, str]]:
    """Yield ideographs that Unicode encodes twice (compatibility ideographs, Kangxi radicals) with their plain form."""
    for first, last in ((0xF900, 0xFAFF), (0x2F00, 0x2FD5), (0x2F800, 0x2FA1F)):
        for code in range(first, last + 1):
            decomposition = unicodedata.decomposition(chr(code)).removeprefix("<compat> ")
            if decomposition:
                yield chr(code), unicodedata.normalize("NFC", chr(int(decomposition, 16)))


# Radicals that text copied from a PDF holds instead of the character; Unicode gives them no decomposition.
_RADICALS: Final = dict(
    zip(
        "⺒⺓⺟⺠⺮⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
        "巳幺母民竹虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
        strict=True,
    )
)

CHARACTERS: Final[Mapping[str, str]] = {
    **_DIGITS_AND_LETTERS, **_SYMBOLS, **_SMALL, **_UNITS, **_SPACES, **_BREAKS, **_INVISIBLE, **dict(_windows_1252()),
    **dict(_ideographs()), **_RADICALS,
}  # fmt: skip
"""Every character that `clean` replaces or removes, with its replacement."""

DEBRIS: Final = (
    r"\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d"
    "\ue000-\uf8ff\ufff9-\ufffd\U000e0000-\U000e007f\U000f0000-\U000ffffd\U00100000-\U0010fffd"
)
"""The inside of a character class: characters left where text became unreadable.

Control characters, private use (which glyph a web font showed is not known), the replacement character, tags.
"""

# Numbers that HTML tags raise or lower become the superscript or subscript characters.
SUPERSCRIPT: Final = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
SUBSCRIPT: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
