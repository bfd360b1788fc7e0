"""Sentences, with their places.

A sentence ends at 。！？；… (or ASCII ``! ? ;``) with the quotes and brackets that close behind it, or at a line break.
A full stop of ASCII ends nothing (3.5, 1.), and neither does a mark inside the address of a web page.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_ADDRESS: Final = (
    r"(?:https?://|www\.)(?:[A-Za-z0-9\-._~:/#\[\]@$&'()*+,=%]|[!?;][A-Za-z0-9=&/%_])+"  # ?q= but not a ? at the end
)
_BODY: Final = rf"(?:{_ADDRESS}|[^。！？；…!?;\n])+"
_END: Final = r"[。！？；…!?;]+[”’』」》】）)\]\"']*"
# Body first and its end optional, so that no engine has a reason to go back into an address.
_SENTENCE: Final = rf"{_BODY}(?:{_END})?|{_END}|\n+"
_PATTERN: Final = re.compile(_SENTENCE)


def split(text: str) -> list[tuple[int, int]]:
    """Return where each sentence of a text begins and ends, without the white space around it.

    Spans are half-open, in code points and in order; between them there is nothing but white space.

    >>> [("体温38.5℃。多久了？"[start:end]) for start, end in split("体温38.5℃。多久了？")]
    ['体温38.5℃。', '多久了？']
    """
    spans = []
    for found in _PATTERN.finditer(text):
        told = found.group()
        start = found.start() + len(told) - len(told.lstrip())
        end = start + len(told.strip())
        if start < end:
            spans.append((start, end))
    return spans


def sentences(texts: pl.Series) -> pl.DataFrame:
    """Split many texts at once, exactly as `split` does.

    Args:
        texts: String; null has no sentences.

    Returns:
        ``text`` (UInt32, number of the text), ``start``, ``end`` (UInt32, code points) and ``sentence``, in order.
    """
    whole = pl.col("sentence").str.len_chars().cast(pl.Int64)
    table = (
        pl.DataFrame({"sentence": texts.str.extract_all(_SENTENCE)})
        .with_row_index("text")
        .explode("sentence", empty_as_null=False)
        .drop_nulls("sentence")
        .with_columns((whole.cum_sum() - whole).alias("at"))
    )
    # The pieces tile each text: a piece stands at the running sum over all of them, less that of its text's first.
    first = table.group_by("text", maintain_order=True).agg(pl.col("at").first().alias("first"))
    lead = whole - pl.col("sentence").str.strip_chars_start(_SPACE).str.len_chars()
    start = pl.col("at") - pl.col("first") + lead
    told = pl.col("sentence").str.strip_chars(_SPACE)
    return (
        table.join(first, on="text", how="left", maintain_order="left")
        .select(
            "text",
            start.cast(pl.UInt32).alias("start"),
            (start + told.str.len_chars()).cast(pl.UInt32).alias("end"),
            told.alias("sentence"),
        )
        .filter(pl.col("sentence") != "")
    )


# What str.strip removes in Python; Polars and Rust leave the four separators \x1c to \x1f alone.
_SPACE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
