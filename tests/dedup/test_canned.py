"""Canned sentences: the kernels and the rule that the stages share agree on what names a quantity."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.dedup import canned
from cmtmed.dedup.kernels.sentences import hash_sentences
from cmtmed.dedup.texts import Texts
from cmtmed.text.canned import NUMERALS, PAIRED_UNITS, QUANTITY, UNITS, has_quantity

CHARACTERS = f"{NUMERALS}{UNITS}{''.join(PAIRED_UNITS)}09０９²¹½⁹₀①⒛⓪➓ \u3000头痛ab，Ⅱ🙂𠮷"


def may_be_canned(sentences):
    """Return for each sentence whether the kernel takes it for one that could be canned."""
    chunk = Texts.from_column(pl.Series(sentences, dtype=pl.String)).gather(np.arange(len(sentences)))
    _, rows = hash_sentences(chunk.data, chunk.offsets, 0, len(chunk), 0, canned._CHARACTERS)
    return np.isin(np.arange(len(sentences)), rows.astype(np.int64)).tolist()


@settings(max_examples=200)
@given(st.lists(st.text(alphabet=CHARACTERS, min_size=1, max_size=8), min_size=1, max_size=20))
def test_the_kernel_and_the_rule_agree(sentences):
    assert may_be_canned(sentences) == [not has_quantity(sentence) for sentence in sentences]
    assert pl.Series(sentences).str.contains(QUANTITY).to_list() == [has_quantity(sentence) for sentence in sentences]
