"""Write a new value the way the old one was written: full-width, in Chinese digits, with the same dashes."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws

_WIDE: Final = "０１２３４５６７８９"
_PLAIN: Final = "零一二三四五六七八九"
_FORMAL: Final = "零壹贰叁肆伍陆柒捌玖"
_CIRCLED: Final = ("⓪①②③④⑤⑥⑦⑧⑨", "⓪❶❷❸❹❺❻❼❽❾")
_ZEROS: Final = "零〇○洞"
_CHINESE: Final = _PLAIN + _FORMAL + _ZEROS + "幺"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
PLAIN_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters that are not mistaken for digits; plates and travel documents use no others."""


def canonical_digits(text: str) -> str:
    """Return a text in ASCII letters and digits, without invisible characters."""
    return text if text.isascii() else canonicalize(text).digits


def numerals(sample: str) -> str:
    """Return the ten digits in the style of a sample: ASCII if it shows no other.

    >>> numerals("幺三八"), numerals("１３")
    ('零幺二三四五六七八九', '０１２３４５６７８９')
    """
    for style in (_WIDE, *_CIRCLED):
        if any(char in style for char in sample):
            return style
    if any(char in _FORMAL[1:] for char in sample):
        return _FORMAL
    if any(char in _PLAIN + _ZEROS + "幺" for char in sample):
        zero = next((char for char in sample if char in _ZEROS), "零")
        return zero + ("幺" if "幺" in sample else "一") + _PLAIN[2:]
    return "0123456789"


def styled(digits: str, sample: str) -> str:
    """Write ASCII digits in the style of a sample."""
    return digits.translate(dict(zip(range(48, 58), numerals(sample), strict=True)))


def rewritten(original: str, new: str) -> str:
    """Write a new value in the characters of the original.

    Args:
        original: the value as it stood in the text.
        new: as long as ``canonical_digits(original)``, character for character what takes its place.

    >>> rewritten("１３８-0013", "154-9876")
    '１５４-9876'
    >>> rewritten("一三八〇", "1549")
    '一五四九'
    """
    if original.isascii():
        return new
    form = canonicalize(original)
    ascii_digits, pieces = "0123456789", []
    for at, char in enumerate(new):
        start, end = form.original_span(at, at + 1)
        old = original[start:end]
        if char == form.digits[at]:
            pieces.append(old)
        elif char in ascii_digits:
            # Which zero and which one are in use tells the whole value, not the digit that is replaced.
            sample = "".join(one for one in original if one in _CHINESE) if old in _CHINESE else old
            pieces.append(styled(char, sample))
        elif not old.isascii() and "\uff01" <= old <= "\uff5e":
            pieces.append(chr(ord(char) + 0xFEE0) if char.isascii() else char)
        else:
            pieces.append(char)
    return "".join(pieces)


def filled(form: str, values: str, places: str = r"[0-9]") -> str:
    """Put new characters into the places of a canonical form.

    >>> filled("138-0013", "1549876")
    '154-9876'
    """
    coming = iter(values)
    return re.sub(places, lambda _: next(coming), form)


def shaped(form: str, draws: Draws, letters: str = LETTERS) -> str:
    """Draw a value of the same shape: a digit for a digit, a letter for a letter of the same case.

    Args:
        form: canonical; everything but ASCII letters and digits stays.
        draws: where the choices come from.
        letters: which ones may come; empty to leave letters as they are.
    """
    pieces = []
    for at, char in enumerate(form):
        if char.isascii() and char.isdigit():
            first = at == 0 or not form[at - 1].isdigit()
            # Numbers keep their leading zero, and get none that they did not have.
            pieces.append(char if first and char == "0" else str(1 + draws.below(9)) if first else draws.digits(1))
        elif letters and char.isascii() and char.isalpha():
            new = draws.choice(letters)
            pieces.append(new.lower() if char.islower() else new.upper())
        else:
            pieces.append(char)
    return "".join(pieces)
