"""How identifiers of each type get their surrogates, where each value can be looked at on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cmtmed.anonymize.replace.surrogates import accounts, cards, institutions, phones
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom


class Family(NamedTuple):
    """How values of one type get surrogates one by one.

    Attributes:
        normalize: returns what is the same for every way of writing a value.
        draw: draws a surrogate, written like the value; None if there is none.
    """

    normalize: Callable[[str], str]
    draw: Callable[[str, KeyedRandom], str | None]


FAMILIES: Final[Mapping[str, Family]] = {
    "PHONE": Family(phones.normalize_phone, phones.draw_phone),
    "ID_CARD": Family(cards.normalize_card, cards.draw_id_card),
    "BANK_CARD": Family(cards.normalize_card, cards.draw_bank_card),
    "WECHAT": Family(accounts.normalize_handle, accounts.draw_wechat),
    "QQ": Family(accounts.normalize_number, accounts.draw_qq),
    "EMAIL": Family(accounts.normalize_handle, accounts.draw_email),
    "URL": Family(accounts.normalize_handle, accounts.draw_url),
    "IP": Family(accounts.normalize_handle, accounts.draw_ip),
    "ADDRESS": Family(institutions.normalize_name, institutions.draw_address),
    "HOSPITAL": Family(institutions.normalize_name, institutions.draw_hospital),
    "ORG": Family(institutions.normalize_name, institutions.draw_org),
    "MRN": Family(accounts.normalize_number, accounts.draw_record),
    "ORDER": Family(accounts.normalize_number, accounts.draw_record),
    "PLATE": Family(accounts.normalize_number, accounts.draw_plate),
    "PASSPORT": Family(accounts.normalize_number, accounts.draw_passport),
    "INSURANCE": Family(accounts.normalize_number, accounts.draw_record),
    "SOCIAL": Family(accounts.normalize_handle, accounts.draw_social),
}
"""All types but PERSON and DATE, whose values are looked at together, and AGE90, which has no surrogate."""
