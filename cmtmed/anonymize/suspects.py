"""A second look with looser eyes: which turns may still hold what identifies somebody.

The recognizers decide, and so they err on both sides; this pass only suspects (`cmtmed.anonymize.detectors`). Most
suspects are innocent. How many of them are not is for a reader to say (`cmtmed.anonymize.residual`).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from cmtmed.anonymize import LABELS
from cmtmed.anonymize.detectors import DETECTORS, MASK, Detector, by_name
from cmtmed.anonymize.residual import NONE


def mask(texts: pl.Series, spans: pl.DataFrame) -> pl.Series:
    r"""Cover what was replaced, tags and surrogates alike, so that it is not suspected.

    Args:
        texts: String, one turn each; null becomes the empty text.
        spans: columns ``text`` (position in ``texts``), ``start``, ``end`` (code points).

    Returns:
        Texts of the same lengths in which every covered character is `MASK`.

    >>> mask(pl.Series(["我叫陈一二，电话[电话]"]), pl.DataFrame({"text": [0], "start": [2], "end": [5]})).to_list()
    ['我叫\ue000\ue000\ue000，电话\ue000\ue000\ue000\ue000']
    """
    plain = texts.fill_null("")
    tags = list(LABELS.values())
    plain = plain.str.replace_many(tags, [MASK * len(tag) for tag in tags])
    if spans.is_empty():
        return plain
    rows: list[int] = []
    news: list[str] = []
    told = spans.group_by("text", maintain_order=True).agg("start", "end")
    for row, starts, ends, text in zip(
        told["text"], told["start"], told["end"], plain.gather(told["text"]), strict=True
    ):
        chars = list(text)
        for start, end in zip(starts, ends, strict=True):
            chars[start:end] = MASK * max(0, min(end, len(chars)) - start)
        rows.append(row)
        news.append("".join(chars))
    return plain.clone().scatter(rows, news)


def screen(masked: pl.Series) -> pl.DataFrame:
    """Ask every detector about every text.

    Args:
        masked: what `mask` returned, no nulls.

    Returns:
        A Boolean column for each detector, one row a text, and ``stratum``: the first detector that suspects the
        text, or ``none``.
    """
    flags = pl.DataFrame([_suspected(masked, detector).alias(detector.name) for detector in DETECTORS])
    first = pl.coalesce(pl.when(pl.col(one.name)).then(pl.lit(one.name)) for one in DETECTORS)
    return flags.with_columns(first.fill_null(NONE).alias("stratum"))


def _suspected(masked: pl.Series, detector: Detector) -> pl.Series:
    hits = masked.str.contains(detector.pattern)
    if detector.innocent:
        rows = hits.arg_true()
        hits = hits.scatter(rows, [bool(detector.places(text)) for text in masked.gather(rows)])
    return hits


def places(text: str, names: Iterable[str]) -> list[tuple[int, int]]:
    """Say where in one masked text some detectors see something.

    Returns:
        Half-open spans in code points, sorted; they may overlap.
    """
    known = by_name()
    return sorted(span for name in names if name in known for span in known[name].places(text))
