"""Surrogates by family: people, telephones, cards, handles and numbers, institutions and addresses, dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cmtmed.anonymize.replace.surrogates import accounts, cards, institutions, phones
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws


class Family(NamedTuple):
    """How values of one type get surrogates one by one.

    Attributes:
        value: what is the same for every way of writing a value.
        make: draws a surrogate, written like the value; None if there is none.
    """

    value: Callable[[str], str]
    make: Callable[[str, Draws], str | None]


FAMILIES: Final[Mapping[str, Family]] = {
    "PHONE": Family(phones.value, phones.make),
    "ID_CARD": Family(cards.value, cards.make_id_card),
    "BANK_CARD": Family(cards.value, cards.make_bank_card),
    "WECHAT": Family(accounts.value, accounts.make_wechat),
    "QQ": Family(accounts.number_value, accounts.make_qq),
    "EMAIL": Family(accounts.value, accounts.make_email),
    "URL": Family(accounts.value, accounts.make_url),
    "IP": Family(accounts.value, accounts.make_ip),
    "ADDRESS": Family(institutions.value, institutions.make_address),
    "HOSPITAL": Family(institutions.value, institutions.make_hospital),
    "ORG": Family(institutions.value, institutions.make_org),
    "MRN": Family(accounts.number_value, accounts.make_record),
    "ORDER": Family(accounts.number_value, accounts.make_record),
    "PLATE": Family(accounts.number_value, accounts.make_plate),
    "PASSPORT": Family(accounts.number_value, accounts.make_passport),
    "INSURANCE": Family(accounts.number_value, accounts.make_record),
    "SOCIAL": Family(accounts.value, accounts.make_social),
}
"""Every type but PERSON and DATE, whose values are looked at together, and AGE90, which has no surrogate."""
