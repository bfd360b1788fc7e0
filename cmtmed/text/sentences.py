"""Sentence splitting, with offsets.

A sentence ends at 。！？；… (or ASCII ``! ? ;``) with the closing quotes and brackets that follow, or at a line break.
An ASCII full stop ends nothing (3.5, 1.), and neither does a mark inside a URL.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_ADDRESS: Final = (
    r"(?:https?://|www\.)(?:[A-Za-z0-9\-._~:/#\[\]@$&'()*+,=%]|[!?;][A-Za-z0-9=&/%_])+"  # ?q= but not a ? at the end
)
STOPS: Final = "。！？；…!?;"
"""The marks that end a sentence."""
CLOSERS: Final = "”’』」》】）)]\"'"
"""The quotes and brackets that may follow them."""
_BODY: Final = rf"(?:{_ADDRESS}|[^{STOPS}\n])+"
_END: Final = rf"[{STOPS}]+[{re.escape(CLOSERS)}]*"
# Body first and its end optional, so that no engine backtracks into an address.
SENTENCE: Final = rf"{_BODY}(?:{_END})?|{_END}|\n+"
"""One segment of a text, for Python and for Polars: a sentence with the white space around it, or line breaks."""

_PATTERN: Final = re.compile(SENTENCE)


def split(text: str) -> list[tuple[int, int]]:
    """Return the span of each sentence of a text, without surrounding white space.

    Spans are half-open, in code points and in order; there is only white space between them.

    >>> [("体温38.5℃。多久了？"[start:end]) for start, end in split("体温38.5℃。多久了？")]
    ['体温38.5℃。', '多久了？']
    """
    spans = []
    for match in _PATTERN.finditer(text):
        raw = match.group()
        start = match.start() + len(raw) - len(raw.lstrip())
        end = start + len(raw.strip())
        if start < end:
            spans.append((start, end))
    return spans


def sentences(texts: pl.Series) -> pl.DataFrame:
    """Split many texts into sentences at once, exactly as `split` does.

    Args:
        texts: String; null has no sentences.

    Returns:
        ``text`` (UInt32, number of the text), ``start``, ``end`` (UInt32, code points) and ``sentence``, in order.
    """
    raw_length = pl.col("sentence").str.len_chars().cast(pl.Int64)
    table = (
        pl.DataFrame({"sentence": texts.str.extract_all(SENTENCE)})
        .with_row_index("text")
        .explode("sentence", empty_as_null=False)
        .drop_nulls("sentence")
        .with_columns((raw_length.cum_sum() - raw_length).alias("at"))
    )
    # Segments tile each text: the offset of one is the running sum over all, less that of its text's first.
    first = table.group_by("text", maintain_order=True).agg(pl.col("at").first().alias("first"))
    lead = raw_length - pl.col("sentence").str.strip_chars_start(_SPACE).str.len_chars()
    start = pl.col("at") - pl.col("first") + lead
    stripped = pl.col("sentence").str.strip_chars(_SPACE)
    return (
        table.join(first, on="text", how="left", maintain_order="left")
        .select(
            "text",
            start.cast(pl.UInt32).alias("start"),
            (start + stripped.str.len_chars()).cast(pl.UInt32).alias("end"),
            stripped.alias("sentence"),
        )
        .filter(pl.col("sentence") != "")
    )


# The characters that str.strip removes in Python; Polars leaves the four separators \x1c to \x1f alone.
_SPACE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
