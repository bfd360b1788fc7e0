"""Replace spans of text: by a tag that keeps the text readable, or by any other text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import polars as pl

from cmtmed.anonymize.identifier import IDENTIFIER_SCHEMA, LABELS, TYPES
from cmtmed.errors import UsageError, did_you_mean


def replace_identifiers(
    texts: pl.Series, identifiers: pl.DataFrame, labels: Mapping[str, str] = LABELS
) -> tuple[pl.Series, pl.DataFrame]:
    """Replace every identifier by the tag of its type.

    Args:
        texts: String, any number of texts.
        identifiers: what `cmtmed.anonymize.detect.find.find` returned for them: sorted, disjoint.
        labels: tag by type; identifiers of other types stay as they are.

    Returns:
        The texts, and the table of the tags' spans in them, one row for each replaced identifier.

    Raises:
        UsageError: a label is given for a type that does not exist.
    """
    for identifier_type in labels:
        if identifier_type not in TYPES:
            raise UsageError(f"unknown identifier type {identifier_type!r}; {did_you_mean(identifier_type, TYPES)}")
    spans = identifiers.filter(pl.col("type").is_in(list(labels)))
    return replace_spans(texts, spans, [labels[identifier_type] for identifier_type in spans["type"]])


def replace_spans(texts: pl.Series, spans: pl.DataFrame, replacements: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
    """Replace every span by a text of its own.

    Args:
        texts: String, any number of texts.
        spans: sorted, disjoint spans, in the columns `IDENTIFIER_SCHEMA`.
        replacements: one for each row of ``spans``.

    Returns:
        The texts, and the table of the new spans in them, one row for each row of ``spans``.
    """
    rows: list[int] = []
    new_texts: list[str] = []
    new_spans: list[tuple[int, int, int, str]] = []
    next_replacement = iter(replacements)
    for row, group in groupby(spans.select("text", "start", "end", "type").iter_rows(), key=itemgetter(0)):
        old = texts[row]
        segments: list[str] = []
        old_end = new_length = 0
        for _, start, end, identifier_type in group:
            replacement = next(next_replacement)
            segments += (old[old_end:start], replacement)
            new_length += start - old_end
            new_spans.append((row, new_length, new_length + len(replacement), identifier_type))
            new_length += len(replacement)
            old_end = end
        rows.append(row)
        new_texts.append("".join([*segments, old[old_end:]]))
    result = texts.clone().scatter(rows, new_texts) if rows else texts
    return result, pl.DataFrame(new_spans, schema=dict(IDENTIFIER_SCHEMA), orient="row")
