"""Characters so rare that they are hardly ever anything but part of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from cmtmed.text.standard import frequent_characters, standard_characters, unsimplified_characters

_MEDICAL: Final = frozenset(
    "腘胠肸髃髎腨臑衃痓脟胣胕腒腯胈脿齘齼惔憺怫"  # parts of the body and complaints, in acupuncture above all
    "䓬䓛㿠㕮㖞䏝䗪砵硚膦苧劄蘘蓇葖薏菂葶芰蒴荄薳薹爇萆茋蓏豵"  # substances, herbs, descriptions
    "癿廋扅啰祇祕脩釐於鞁僇僦唝啴嘚噂哢噀咥咹"  # words and sounds
)
"""Rare characters of medicine and of dialect."""

_ALWAYS: Final = ((0x3400, 0x4DBF), (0x20000, 0x3FFFF))
"""Blocks of rare characters only: extension A, and the planes of ideographs."""


def _find_characters() -> Iterable[str]:
    """Yield the rare characters of the basic block.

    They are the third level of the standard as far as GB 2312, which ordinary Chinese is written with, lacks it (珺,
    翀), and characters whose simplified form stands outside the basic block (頔, 龑).
    """
    for character in standard_characters() - frequent_characters():
        if not character.encode("gb2312", errors="ignore") and "\u4e00" <= character <= "\u9fff":
            yield character
    yield from unsimplified_characters()


def _subtract(first: int, last: int) -> Iterable[str]:
    """Yield the ranges of a character class between two code points without the medical characters."""
    gaps = sorted(ord(character) for character in _MEDICAL if first <= ord(character) <= last)
    for before, after in pairwise([first - 1, *gaps, last + 1]):
        if before + 1 < after:
            yield f"{chr(before + 1)}-{chr(after - 1)}"


RARE: Final = "".join(
    [*sorted(set(_find_characters()) - _MEDICAL), *(span for block in _ALWAYS for span in _subtract(*block))]
)
"""The inside of a character class, for Python and for Polars."""

_RARE: Final = re.compile(f"[{RARE}]+")


def is_rare(text: str) -> bool:
    """Return whether a text consists of rare characters and is not empty.

    >>> [is_rare(text) for text in ("䶮", "頔", "\U0002c1d9", "伟", "疸", "腘", "")]
    [True, True, True, False, False, False, False]
    """
    return _RARE.fullmatch(text) is not None
