"""Folded text: what is left of a text when its spelling does not count.

For comparisons only, never for output: script, width, case, white space, punctuation and invisible characters are
folded away, so that two spellings of the same words give the same string. Digits keep their value, and superscripts,
fractions and circled numbers stay what they are (see `cmtmed.text.tables`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from cmtmed.text.tables import CHARACTERS
from cmtmed.text.words.word_sets import WordSets

_VARIANTS: Final = dict(zip("著瞭甚妳祢牠", "着了什你你它", strict=True))
"""Characters of traditional text that OpenCC leaves alone without context."""

_RANGES: Final = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF))


def fold(texts: pl.Series) -> pl.Series:
    """Fold texts for comparison: letters and digits remain, in simplified characters and lower case.

    Args:
        texts: String; null stays null.

    Returns:
        The folded texts, under the same name.

    >>> fold(pl.Series(["頭痛３天， 體溫38.5！", "头痛3天，体温３８．５。"])).to_list()
    ['头痛3天体温385', '头痛3天体温385']
    """
    rows = np.flatnonzero(_get_folded_characters().mark(texts)[0])
    if len(rows):
        table = _build_table()
        folded = pl.Series([text.translate(table) for text in texts.gather(rows)], dtype=pl.String)
        # scatter modifies its series, which may be the caller's.
        texts = texts.clone().scatter(rows, folded)
    return texts.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")


@cache
def _get_folded_characters() -> WordSets:
    return WordSets([map(chr, _build_table())])


@cache
def _build_table() -> Mapping[int, str]:
    """Map every character that is folded one by one to what takes its place; line breaks are removed later."""
    from opencc import OpenCC

    ideographs = [chr(code) for first, last in _RANGES for code in range(first, last + 1)]
    # Joined by a character that occurs in no phrase of OpenCC, so that each is converted by itself.
    simplified = OpenCC("t2s").convert("\n".join(ideographs)).split("\n")
    script = {old: new for old, new in zip(ideographs, simplified, strict=True) if old != new}
    # A character of the table may have a simplified form of its own.
    plain = {old: script.get(new, new) for old, new in CHARACTERS.items() if len(old) == 1}
    return str.maketrans({**script, **plain, **_VARIANTS})
