"""The identifier: a span of one text with one of twenty types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

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
"""Every identifier type, in the order in which documentation and statistics list them."""

LABELS: Final[Mapping[str, str]] = {
    "PERSON": "[姓名]",
    "PHONE": "[电话]",
    "ID_CARD": "[身份证号]",
    "BANK_CARD": "[银行卡号]",
    "WECHAT": "[微信号]",
    "QQ": "[QQ号]",
    "EMAIL": "[邮箱]",
    "URL": "[网址]",
    "IP": "[IP地址]",
    "ADDRESS": "[地址]",
    "HOSPITAL": "[医院]",
    "ORG": "[单位]",
    "DATE": "[日期]",
    "AGE90": "[90岁以上]",
    "MRN": "[病历号]",
    "ORDER": "[单号]",
    "PLATE": "[车牌号]",
    "PASSPORT": "[护照号]",
    "INSURANCE": "[保险号]",
    "SOCIAL": "[账号]",
}
"""The tag that replaces an identifier of each type.

A bare surname and a full name share one tag: ``[姓名]医生`` reads like 张三医生, and the tag does not reveal which of
the two it replaced.
"""

IDENTIFIER_SCHEMA: Final[Mapping[str, pl.DataType]] = {
    "text": pl.UInt32(),
    "start": pl.UInt32(),
    "end": pl.UInt32(),
    "type": pl.String(),
}
"""Columns of a table of identifiers: position of the text, span in code points, type."""


class Identifier(NamedTuple):
    """A span of a text that may reveal who a person is.

    Attributes:
        start: index of its first code point.
        end: index after its last code point.
        type: one of `TYPES`.
    """

    start: int
    end: int
    type: str


IdentifiersByRow = dict[int, list[Identifier]]
"""Identifiers of many texts, by the position of the text; a text without any has no entry."""
