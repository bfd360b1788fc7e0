"""The second pass: which turns may still hold an identifier.

The recognizers decide, so they err on both sides; this pass only suspects. Most of the turns that it suspects are
innocent, and only a reader can say how many are not (`cmtmed.audit.residual`).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from cmtmed.anonymize import LABELS
from cmtmed.audit.detectors import DETECTORS, DETECTORS_BY_NAME, MASK, Detector
from cmtmed.audit.residual import NONE


def mask_spans(texts: pl.Series, spans: pl.DataFrame) -> pl.Series:
    r"""Mask what was replaced, tags and surrogates alike, so that no detector suspects it.

    Args:
        texts: String, one per turn; null becomes the empty text.
        spans: columns ``text`` (position in ``texts``), ``start``, ``end`` (code points).

    Returns:
        Texts of the same lengths in which every character of a span or a tag is `MASK`.

    >>> name = pl.DataFrame({"text": [0], "start": [2], "end": [5]})
    >>> mask_spans(pl.Series(["我叫陈一二，电话[电话]"]), name).to_list()
    ['我叫\ue000\ue000\ue000，电话\ue000\ue000\ue000\ue000']
    """
    texts = texts.fill_null("")
    tags = list(LABELS.values())
    texts = texts.str.replace_many(tags, [MASK * len(tag) for tag in tags])
    if spans.is_empty():
        return texts
    rows: list[int] = []
    masked_texts: list[str] = []
    spans_by_text = spans.group_by("text", maintain_order=True).agg("start", "end")
    for row, starts, ends, text in zip(
        spans_by_text["text"],
        spans_by_text["start"],
        spans_by_text["end"],
        texts.gather(spans_by_text["text"]),
        strict=True,
    ):
        characters = list(text)
        for start, end in zip(starts, ends, strict=True):
            characters[start:end] = MASK * max(0, min(end, len(characters)) - start)
        rows.append(row)
        masked_texts.append("".join(characters))
    return texts.clone().scatter(rows, masked_texts)


def screen_turns(masked: pl.Series) -> pl.DataFrame:
    """Run every detector over every text.

    Args:
        masked: texts from `mask_spans`, no nulls.

    Returns:
        One row per text: a Boolean column for each detector, and ``stratum``, the first detector that suspects the
        text, or ``none``.
    """
    flags = pl.DataFrame([_run_detector(masked, detector).alias(detector.name) for detector in DETECTORS])
    first = pl.coalesce(pl.when(pl.col(detector.name)).then(pl.lit(detector.name)) for detector in DETECTORS)
    return flags.with_columns(first.fill_null(NONE).alias("stratum"))


def _run_detector(masked: pl.Series, detector: Detector) -> pl.Series:
    """Return which texts a detector suspects; those that match are searched again without the harmless phrases."""
    hits = masked.str.contains(detector.pattern)
    if detector.exclude:
        # What stands beside a harmless phrase may match only without it.
        hits |= masked.str.replace_all(detector.exclude, MASK).str.contains(detector.pattern)
        rows = hits.arg_true()
        hits = hits.scatter(rows, [bool(detector.find_spans(text)) for text in masked.gather(rows)])
    return hits


def find_suspect_spans(text: str, detectors: Iterable[str]) -> list[tuple[int, int]]:
    """Find what some detectors suspect in one masked text.

    Args:
        text: from `mask_spans`.
        detectors: names; ``none`` and unknown ones find nothing.

    Returns:
        Half-open spans in code points, sorted; they may overlap.
    """
    return sorted(
        span for name in detectors if name in DETECTORS_BY_NAME for span in DETECTORS_BY_NAME[name].find_spans(text)
    )
