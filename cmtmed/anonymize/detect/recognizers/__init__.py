"""The recognizers: one identifier type per module, and the table of all of them."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.recognizer import Recognizer
from cmtmed.anonymize.detect.recognizers import (
    address,
    age90,
    bank_card,
    date,
    email,
    hospital,
    id_card,
    insurance,
    ip,
    mrn,
    order,
    org,
    passport,
    person,
    phone,
    plate,
    qq,
    social,
    url,
    wechat,
)

_MODULES: Final = (
    person,
    phone,
    id_card,
    bank_card,
    wechat,
    qq,
    email,
    url,
    ip,
    address,
    hospital,
    org,
    date,
    age90,
    mrn,
    order,
    plate,
    passport,
    insurance,
    social,
)

RECOGNIZERS: Final[dict[str, Recognizer]] = {module.RECOGNIZER.type: module.RECOGNIZER for module in _MODULES}
"""Every recognizer by its type, in the order of ``TYPES``."""
