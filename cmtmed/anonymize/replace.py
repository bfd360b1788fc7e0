"""Replace every identifier by a tag that lets the text read on, or by any other text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from cmtmed.anonymize.identifier import TYPES
from cmtmed.errors import UsageError, did_you_mean

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
"""Tag of each type.

A bare surname and a full name share one: ``[姓名]医生`` reads as 张三医生 does, and a reader of the tag does not
learn which of the two stood there.
"""

FOUND: Final[Mapping[str, pl.DataType]] = {
    "text": pl.UInt32(),
    "start": pl.UInt32(),
    "end": pl.UInt32(),
    "type": pl.String(),
}
"""Columns of a table of identifiers: number of the text, span in code points, type."""


def replace(
    texts: pl.Series, found: pl.DataFrame, labels: Mapping[str, str] = LABELS
) -> tuple[pl.Series, pl.DataFrame]:
    """Replace every found span by the tag of its type.

    Args:
        texts: String, any number of texts.
        found: what `cmtmed.anonymize.find.find` returned for them: sorted, disjoint.
        labels: tag by type; types that are missing get no replacement.

    Returns:
        The texts, and the table of the tags' spans in them, one row for each replaced row of ``found``.

    Raises:
        UsageError: a label is given for a type that does not exist.
    """
    for kind in labels:
        if kind not in TYPES:
            raise UsageError(f"no identifier type is called {kind!r}; {did_you_mean(kind, TYPES)}")
    spans = found.filter(pl.col("type").is_in(list(labels)))
    return substitute(texts, spans, [labels[kind] for kind in spans["type"]])


def substitute(texts: pl.Series, found: pl.DataFrame, news: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
    """Replace every found span by a text of its own.

    Args:
        texts: String, any number of texts.
        found: sorted, disjoint spans, in the columns `FOUND`.
        news: what each row of ``found`` becomes.

    Returns:
        The texts, and the table of the new spans in them, one row for each row of ``found``.
    """
    rows: list[int] = []
    changed: list[str] = []
    places: list[tuple[int, int, int, str]] = []
    coming = iter(news)
    for (number,), group in found.group_by("text", maintain_order=True):
        row = int(str(number))
        old = texts[row]
        pieces: list[str] = []
        at = length = 0
        for start, end, kind in group.select("start", "end", "type").iter_rows():
            new = next(coming)
            pieces += (old[at:start], new)
            length += start - at
            places.append((row, length, length + len(new), kind))
            length += len(new)
            at = end
        rows.append(row)
        changed.append("".join([*pieces, old[at:]]))
    replaced = texts.clone().scatter(rows, changed) if rows else texts
    return replaced, pl.DataFrame(places, schema=dict(FOUND), orient="row")
