"""ID_CARD and BANK_CARD: numbers that pass every check of their format and were never issued."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.detect.recognizers.bank_card import has_valid_luhn
from cmtmed.anonymize.detect.recognizers.id_card import has_valid_checksum
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom
from cmtmed.anonymize.replace.surrogates.notation import (
    canonical_digits,
    draw_same_shape,
    fill_template,
    restore_notation,
)

_PROVINCES: Final = vocabulary(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"
)
_CITIZEN: Final = re.compile(r"\d{17}[0-9X]|\d{15}")
ISSUER: Final = "61"
"""First digits of card numbers: between those of Discover (60) and UnionPay (62), used by no network."""


def normalize_card(text: str) -> str:
    """Return letters and digits without separators, in capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", canonical_digits(text)).upper()


def draw_id_card(text: str, random: KeyedRandom) -> str:
    """Draw an identity number: same decade of birth, same sex, a valid check character (GB 11643-1999).

    The region code combines a real province with a city numbered 91 to 99. GB/T 2260 numbers cities 01 to 20 and 51 to
    70, prefectures 21 to 50 and counties directly under the province 90: no such region has ever issued a card. Other
    certificates get a number of the same shape.
    """
    template, number = canonical_digits(text), normalize_card(text)
    if not _CITIZEN.fullmatch(number):
        return restore_notation(text, draw_same_shape(template, random))
    region = f"{random.choice(_PROVINCES)}9{1 + random.randbelow(9)}{1 + random.randbelow(99):02d}"
    has_check = len(number) == 18
    year = int(number[6:10]) if has_check else 1900 + int(number[6:8])
    if not 1890 <= year <= 2035:
        year = 1980
    decade = year - year % 10
    # The current decade is not over: no surrogate may be born after the original.
    birth = f"{decade + random.randbelow(10 if decade < 2020 else year % 10 + 1)}"
    birth += f"{1 + random.randbelow(12):02d}{1 + random.randbelow(28):02d}"
    sex = int(number[16] if has_check else number[14]) % 2
    serial = f"{random.digits(2)}{2 * random.randbelow(5) + sex}"
    if has_check:
        surrogate = region + birth + serial
        surrogate += next(check for check in "0123456789X" if has_valid_checksum(surrogate + check))
    else:
        surrogate = region + birth[2:] + serial
    surrogate = surrogate.lower() if number[-1:] == "X" and "x" in template else surrogate
    return restore_notation(text, fill_template(template, surrogate, "[0-9Xx]"))


def draw_bank_card(text: str, random: KeyedRandom) -> str:
    """Draw a card number of the same length with a valid check digit (ISO/IEC 7812-1, Luhn)."""
    template = canonical_digits(text)
    digit_count = sum(char.isdigit() for char in template)
    surrogate = ISSUER + random.digits(digit_count - len(ISSUER) - 1)
    surrogate += next(check for check in "0123456789" if has_valid_luhn(surrogate + check))
    return restore_notation(text, fill_template(template, surrogate))
