"""Surrogates by family: people, telephones, cards, handles and numbers, institutions and addresses, dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cmtmed.anonymize.surrogates import bodies, cards, handles, phones
from cmtmed.anonymize.surrogates.draws import Draws


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
    "WECHAT": Family(handles.value, handles.make_wechat),
    "QQ": Family(handles.number_value, handles.make_qq),
    "EMAIL": Family(handles.value, handles.make_email),
    "URL": Family(handles.value, handles.make_url),
    "IP": Family(handles.value, handles.make_ip),
    "ADDRESS": Family(bodies.value, bodies.make_address),
    "HOSPITAL": Family(bodies.value, bodies.make_hospital),
    "ORG": Family(bodies.value, bodies.make_org),
    "MRN": Family(handles.number_value, handles.make_record),
    "ORDER": Family(handles.number_value, handles.make_record),
    "PLATE": Family(handles.number_value, handles.make_plate),
    "PASSPORT": Family(handles.number_value, handles.make_passport),
    "INSURANCE": Family(handles.number_value, handles.make_record),
    "SOCIAL": Family(handles.value, handles.make_social),
}
"""Every type but PERSON and DATE, whose values are looked at together, and AGE90, which has no surrogate."""
