"""Write a surrogate the way the original was written: full-width, in Chinese digits, with the same dashes."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom

_WIDE: Final = "０１２３４５６７８９"
_PLAIN: Final = "零一二三四五六七八九"
_FORMAL: Final = "零壹贰叁肆伍陆柒捌玖"
_CIRCLED: Final = ("⓪①②③④⑤⑥⑦⑧⑨", "⓪❶❷❸❹❺❻❼❽❾")
_ZEROS: Final = "零〇○洞"
_CHINESE: Final = _PLAIN + _FORMAL + _ZEROS + "幺"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
PLAIN_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters that cannot be mistaken for digits; plates and travel documents use no others."""


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


def write_digits(digits: str, sample: str) -> str:
    """Write ASCII digits in the style of a sample."""
    return digits.translate(dict(zip(range(48, 58), numerals(sample), strict=True)))


def restore_notation(original: str, surrogate: str) -> str:
    """Write a surrogate in the characters of the original.

    Args:
        original: the value as it stood in the text.
        surrogate: as long as ``canonical_digits(original)``, which it replaces character by character.

    >>> restore_notation("１３８-0013", "154-9876")
    '１５４-9876'
    >>> restore_notation("一三八〇", "1549")
    '一五四九'
    """
    if original.isascii():
        return surrogate
    canonical = canonicalize(original)
    chars = []
    for index, char in enumerate(surrogate):
        start, end = canonical.original_span(index, index + 1)
        old = original[start:end]
        if char == canonical.digits[index]:
            chars.append(old)
        elif char in "0123456789":
            # The whole value shows which zero and which one are in use; the digit that is replaced does not.
            chinese = "".join(original_char for original_char in original if original_char in _CHINESE)
            chars.append(write_digits(char, chinese if old in _CHINESE else old))
        elif not old.isascii() and "\uff01" <= old <= "\uff5e":
            chars.append(chr(ord(char) + 0xFEE0) if char.isascii() else char)
        else:
            chars.append(char)
    return "".join(chars)


def fill_template(template: str, chars: str, slots: str = r"[0-9]") -> str:
    """Put new characters into the slots of a canonical form.

    Args:
        template: the canonical form.
        chars: one for each slot.
        slots: regular expression of one slot.

    >>> fill_template("138-0013", "1549876")
    '154-9876'
    """
    next_char = iter(chars)
    return re.sub(slots, lambda _: next(next_char), template)


def draw_same_shape(template: str, random: KeyedRandom, letters: str = LETTERS) -> str:
    """Draw a value of the same shape: a digit for a digit, a letter for a letter of the same case.

    Args:
        template: the canonical form; everything but ASCII letters and digits stays.
        random: makes the choices.
        letters: letters to choose from; empty to leave letters as they are.
    """
    chars = []
    for index, char in enumerate(template):
        if char.isascii() and char.isdigit():
            is_leading = index == 0 or not template[index - 1].isdigit()
            # A leading zero stays, and no other number gets one.
            if not is_leading:
                chars.append(random.digits(1))
            else:
                chars.append(char if char == "0" else str(1 + random.randbelow(9)))
        elif letters and char.isascii() and char.isalpha():
            letter = random.choice(letters)
            chars.append(letter.lower() if char.islower() else letter.upper())
        else:
            chars.append(char)
    return "".join(chars)
