"""What an identifier is: a span of one text and one of twenty types."""

from __future__ import annotations

from typing import Final, NamedTuple

TYPES: Final = (
    "PERSON",
    "PHONE",
    "ID_CARD",
    "BANK_CARD",
    "WECHAT",
    "QQ",
    "EMAIL",
    "URL",
    "IP",
    "ADDRESS",
    "HOSPITAL",
    "ORG",
    "DATE",
    "AGE90",
    "MRN",
    "ORDER",
    "PLATE",
    "PASSPORT",
    "INSURANCE",
    "SOCIAL",
)
"""Every type that is looked for, in the order in which documentation and statistics list them."""


class Identifier(NamedTuple):
    """One place in a text that could tell who a person is.

    Attributes:
        start: first code point of it.
        end: first code point after it.
        type: one of `TYPES`.
    """

    start: int
    end: int
    type: str
