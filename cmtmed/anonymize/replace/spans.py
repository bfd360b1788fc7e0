"""Replace every identifier by a tag that lets the text read on, or by any other text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from cmtmed.anonymize.identifier import IDENTIFIER_SCHEMA, LABELS, TYPES
from cmtmed.errors import UsageError, did_you_mean


def replace(
    texts: pl.Series, found: pl.DataFrame, labels: Mapping[str, str] = LABELS
) -> tuple[pl.Series, pl.DataFrame]:
    """Replace every found span by the tag of its type.

    Args:
        texts: String, any number of texts.
        found: what `cmtmed.anonymize.detect.find.find` returned for them: sorted, disjoint.
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
        found: sorted, disjoint spans, in the columns `IDENTIFIER_SCHEMA`.
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
    return replaced, pl.DataFrame(places, schema=dict(IDENTIFIER_SCHEMA), orient="row")
