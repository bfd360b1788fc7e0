"""ID_CARD and BANK_CARD: numbers that pass every check of their form and were given to nobody."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.detect.recognizers.bank_card import has_valid_luhn
from cmtmed.anonymize.detect.recognizers.id_card import has_valid_checksum
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws
from cmtmed.anonymize.replace.surrogates.notation import canonical_digits, filled, rewritten, shaped

_PROVINCES: Final = vocabulary(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"
)
_CITIZEN: Final = re.compile(r"\d{17}[0-9X]|\d{15}")
ISSUER: Final = "61"
"""First digits of card numbers: between those of Discover (60) and UnionPay (62), and no network's own."""


def value(text: str) -> str:
    """Return letters and digits without separators, in capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", canonical_digits(text)).upper()


def make_id_card(text: str, draws: Draws) -> str:
    """Draw an identity number: same decade of birth, same sex, a valid check character (GB 11643-1999).

    The region is one of a real province and of a city numbered 91 to 99. GB/T 2260 numbers cities 01 to 20 and 51 to
    70, prefectures 21 to 50 and counties under the province 90: no such region ever issued a card. Other
    certificates get a number of the same shape.
    """
    form, number = canonical_digits(text), value(text)
    if not _CITIZEN.fullmatch(number):
        return rewritten(text, shaped(form, draws))
    region = f"{draws.choice(_PROVINCES)}9{1 + draws.below(9)}{1 + draws.below(99):02d}"
    long = len(number) == 18
    year = int(number[6:10]) if long else 1900 + int(number[6:8])
    if not 1890 <= year <= 2035:
        year = 1980
    decade = year - year % 10
    # The newest decade is not over: nobody is born after the one who is hidden.
    born = f"{decade + draws.below(10 if decade < 2020 else year % 10 + 1)}"
    born += f"{1 + draws.below(12):02d}{1 + draws.below(28):02d}"
    sex = int(number[16] if long else number[14]) % 2
    serial = f"{draws.digits(2)}{2 * draws.below(5) + sex}"
    if long:
        new = region + born + serial
        new += next(check for check in "0123456789X" if has_valid_checksum(new + check))
    else:
        new = region + born[2:] + serial
    new = new.lower() if number[-1:] == "X" and "x" in form else new
    return rewritten(text, filled(form, new, "[0-9Xx]"))


def make_bank_card(text: str, draws: Draws) -> str:
    """Draw a card number of the same length with a valid check digit (ISO/IEC 7812-1, Luhn)."""
    form = canonical_digits(text)
    count = sum(char.isdigit() for char in form)
    new = ISSUER + draws.digits(count - len(ISSUER) - 1)
    new += next(check for check in "0123456789" if has_valid_luhn(new + check))
    return rewritten(text, filled(form, new))
