"""PHONE: numbers that look right and ring nowhere."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws
from cmtmed.anonymize.replace.surrogates.notation import canonical_digits, filled, rewritten

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


def mobile(text: str) -> str | None:
    """Return the eleven digits of a mobile number, or None if it is none."""
    found = _MOBILE.fullmatch(re.sub(r"\D", "", canonical_digits(text)))
    return found[2] if found else None


def value(text: str) -> str:
    """Return the number without country code and separators."""
    return mobile(text) or re.sub(r"\D", "", canonical_digits(text))


def make(text: str, draws: Draws) -> str:
    """Draw a number of the same kind and width.

    Local numbers begin with 2 to 8 (0 is the trunk prefix, 1 and 9 are service codes): behind an area code a 9
    reaches no subscriber.
    """
    form = canonical_digits(text)
    digits = re.sub(r"\D", "", form)
    if found := _MOBILE.fullmatch(digits):
        new = found[1] + draws.choice(UNASSIGNED) + draws.digits(8)
    elif found := _LANDLINE.fullmatch(digits):
        area = draws.choice([one for one in _AREAS[len(found[1])] if one != found[1]])
        new = area + "9" + draws.digits(len(found[2]) - 1)
    elif form.lstrip("(（").startswith("+"):
        # No country's subscriber numbers begin with 0 behind the country code.
        country = re.search(r"\d{1,3}", form)
        kept = len(country[0]) if country else 0
        new = digits[:kept] + "0" + draws.digits(len(digits) - kept - 1)
    else:
        new = "9" + draws.digits(len(digits) - 1)
    return rewritten(text, filled(form, new))
