"""Which script a text is written in, by the characters that only one script has.

國 and 藥 are traditional, 国 and 药 simplified; 乾, 著 and 后 stand in both and mean different words (口乾, 乾隆). What
they mean in a message is decided by its own evidence and by what else its writer and the other side wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.conversion import simplified_only, traditional_only, traditional_words
from cmtmed.text.phrases import SIMPLIFIED

_SIDE_WEIGHT: Final = 2
_DIALOGUE_WEIGHT: Final = 1


def count_evidence(texts: pl.Series) -> npt.NDArray[np.int64]:
    """Count the evidence of script in each text: characters and words of traditional less those of simplified script.

    Args:
        texts: String; null counts as 0.

    >>> count_evidence(pl.Series(["頭痛三天", "头痛三天", "口乾舌燥", "皇后"])).tolist()
    [1, -1, 1, 0]
    """
    filled = texts.fill_null("")
    table = _evidence_table()
    codes = np.frombuffer("".join(filled).encode("utf-32-le"), dtype=np.uint32)
    ends = filled.str.len_chars().cast(pl.Int64).cum_sum().to_numpy()
    sums = np.concatenate([[0], np.cumsum(table[codes], dtype=np.int64)])
    characters = np.diff(sums[ends], prepend=0)
    words = filled.str.extract_many(list(_ambiguous_words()), leftmost=True).list.len().cast(pl.Int64)
    evidence: npt.NDArray[np.int64] = characters + words.to_numpy()
    return evidence


def find_traditional(
    texts: pl.Series, sides: Sequence[pl.Series] = (), candidates: pl.Series | None = None
) -> pl.Series:
    """Decide which texts are of traditional script.

    A message's own evidence counts as often as it occurs; what its side of the dialogue wrote counts as two characters,
    and the dialogue as one. So a message without evidence, or with one character copied from a box of pills, is read as
    its writer writes, and a message of its own script in the middle of another is not.

    Args:
        texts: String; null is no traditional script.
        sides: the number of the side of its dialogue and the number of its dialogue for each text (two columns of
            integers from 0); empty where every text stands for itself.
        candidates: Boolean, true for every text that holds evidence of traditional script and perhaps for others, if
            that is known already.

    Returns:
        Boolean, true where traditional characters outweigh.

    >>> texts = pl.Series(["睡著又醒", "頭痛三天", "多久了"])
    >>> find_traditional(texts, [pl.Series([0, 0, 1]), pl.Series([0, 0, 0])]).to_list()
    [True, True, True]
    >>> find_traditional(texts).to_list()
    [False, True, False]
    """
    if candidates is None:
        candidates = texts.str.contains_any(_traditional_evidence()).fill_null(value=False)
    if sides and candidates.any():
        # What a dialogue without evidence of traditional script is written in need not be counted.
        candidates = sides[-1].is_in(sides[-1].filter(candidates).unique().implode())
    rows = candidates.arg_true()
    decision = pl.repeat(value=False, n=len(texts), dtype=pl.Boolean, eager=True)
    if rows.is_empty():
        return decision
    evidence = count_evidence(texts.gather(rows))
    score = evidence.copy()
    for groups, weight in zip(sides, (_SIDE_WEIGHT, _DIALOGUE_WEIGHT), strict=False):
        numbers = groups.gather(rows).to_numpy()
        total = np.bincount(numbers, weights=evidence)
        score += weight * np.sign(total[numbers]).astype(np.int64)
    return decision.scatter(rows, pl.Series(score > 0))


@cache
def _traditional_evidence() -> list[str]:
    return sorted(traditional_only() | _ambiguous_words())


@cache
def _evidence_table() -> npt.NDArray[np.int8]:
    table = np.zeros(0x110000, dtype=np.int8)
    # 癥 and 矇 are rare in simplified script, but they are the right characters of some words: 癥瘕, 黑矇.
    table[[ord(character) for character in traditional_only().difference(*SIMPLIFIED.values())]] = 1
    table[[ord(character) for character in simplified_only()]] = -1
    return table


@cache
def _ambiguous_words() -> frozenset[str]:
    """Return words of traditional script whose characters both scripts have: 口乾, 由於."""
    characters = traditional_only()
    return frozenset(word for word in traditional_words() if len(word) > 1 and not characters.intersection(word))
