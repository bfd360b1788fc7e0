"""PHONE: numbers that look real and reach nobody."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom
from cmtmed.anonymize.replace.surrogates.notation import canonical_digits, fill_template, restore_notation

UNASSIGNED: Final = vocabulary("154 160 163 164 168 169 194")
"""Mobile prefixes that belong to nobody in the ministry's list (工信部, 公众移动通信网网号及H0分配情况, March 2023)."""
_AREAS: Final = {
    3: vocabulary("010 020 021 022 023 024 025 027 028 029"),
    4: vocabulary(
        "0311 0351 0371 0431 0451 0471 0531 0551 0571 0591 0731 0771 0791 0851 0871 0898 0931 0951 0971 0991"
    ),
}
_MOBILE: Final = re.compile(r"((?:00)?(?:86)?)(1[3-9]\d{9})")
_LANDLINE: Final = re.compile(r"(0(?:10|2\d|[3-9]\d{2}))(\d{7,14})")


def parse_mobile(text: str) -> str | None:
    """Return the eleven digits of a mobile number, or None if the text is not one."""
    match = _MOBILE.fullmatch(re.sub(r"\D", "", canonical_digits(text)))
    return match[2] if match else None


def normalize_phone(text: str) -> str:
    """Return the number without country code and separators."""
    return parse_mobile(text) or re.sub(r"\D", "", canonical_digits(text))


def draw_phone(text: str, random: KeyedRandom) -> str:
    """Draw a number of the same type and width.

    Local numbers begin with 2 to 8 (0 is the trunk prefix, 1 and 9 are service codes): after an area code, a 9 reaches
    no subscriber.
    """
    template = canonical_digits(text)
    digits = re.sub(r"\D", "", template)
    if match := _MOBILE.fullmatch(digits):
        surrogate = match[1] + random.choice(UNASSIGNED) + random.digits(8)
    elif match := _LANDLINE.fullmatch(digits):
        area = random.choice([code for code in _AREAS[len(match[1])] if code != match[1]])
        surrogate = area + "9" + random.digits(len(match[2]) - 1)
    elif template.lstrip("(（").startswith("+"):
        # In no country do subscriber numbers begin with 0 after the country code.
        country = re.search(r"\d{1,3}", template)
        code_length = len(country[0]) if country else 0
        surrogate = digits[:code_length] + "0" + random.digits(len(digits) - code_length - 1)
    else:
        surrogate = "9" + random.digits(len(digits) - 1)
    return restore_notation(text, fill_template(template, surrogate))
