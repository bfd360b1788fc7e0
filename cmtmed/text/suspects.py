"""Which texts normalization may change: found in one pass over all texts, before any of them is looked at by itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.conversion import Script, list_cues
from cmtmed.text.escapes import ESCAPE_SIGNS, SUSPECT_ESCAPE
from cmtmed.text.mojibake import list_suspect_words, suspect_pattern
from cmtmed.text.punctuation import SIGNS, UNTIDY
from cmtmed.text.tables import CHARACTERS, DEBRIS
from cmtmed.text.words.word_sets import WordSets

IN_DEBRIS: Final = f"[{DEBRIS}]"
MARKUP: Final = r"<[A-Za-z/!]|&[#A-Za-z]"
SPACED: Final = r"\p{Han} \p{Han} \p{Han} \p{Han}"
_PLAIN_DEBRIS: Final = re.sub(r"\\x(..)", lambda code: chr(int(code[1], 16)), DEBRIS)
_DEBRIS_RANGES: Final = tuple((first, last or first) for first, last in re.findall("(.)(?:-(.))?", _PLAIN_DEBRIS))


class Suspects(NamedTuple):
    """Which texts may change, a Boolean per text.

    Attributes:
        unclean: those that `cmtmed.text.unicode.clean` may change.
        garbled: those that may hold text in the wrong encoding, or what is left of lost text.
        foreign: those that may hold characters or words of the other script.
    """

    unclean: npt.NDArray[np.bool_]
    garbled: npt.NDArray[np.bool_]
    foreign: npt.NDArray[np.bool_]


def find_suspects(texts: pl.Series, script: Script = "keep") -> Suspects:
    """Find the texts that normalization may change; all others stay as they are.

    Args:
        texts: String; null stays null.
        script: the script that texts are converted to.

    >>> unclean, garbled, foreign = find_suspects(pl.Series(["头痛", "头痛!!", "頭痛"]), "simplified")
    >>> unclean.tolist(), garbled.tolist(), foreign.tolist()
    ([False, True, False], [False, False, False], [False, False, True])
    """
    unusual, in_table, marked, spaced, untidy, foreign = _get_words(script).mark(texts)
    unclean = in_table.copy()
    for candidates, pattern in ((unusual, unusual_pattern()), (marked, MARKUP), (spaced, SPACED), (untidy, UNTIDY)):
        rows = np.flatnonzero(candidates & ~unclean)
        if len(rows):
            unclean[rows] = texts.gather(rows).str.contains(pattern).to_numpy()
    return Suspects(unclean, unusual, foreign)


@cache
def unusual_pattern() -> str:
    """Return a pattern of texts in the wrong encoding, with escapes or unreadable characters, looked up at once."""
    return f"{suspect_pattern()}|{SUSPECT_ESCAPE}|{IN_DEBRIS}"


@cache
def _get_words(script: Script) -> WordSets:
    unusual = [*list_suspect_words(), *ESCAPE_SIGNS]
    sets = [unusual, [old[0] for old in CHARACTERS], "<&", " ", SIGNS, list_cues(script)]
    return WordSets(sets, {0: _DEBRIS_RANGES})
