"""Characters of the mainland's standard, and variants that it replaced.

Both are data derived from Unicode's Unihan database (Unicode License v3) by ``scripts/standard_characters.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "data"


@cache
def standard_characters() -> frozenset[str]:
    """Return the 8,105 characters of 通用规范汉字表 (State Council, 2013).

    >>> "药" in standard_characters(), "藥" in standard_characters()
    (True, False)
    """
    return frozenset((_FOLDER / "standard_characters.txt").read_text("utf-8")) - {"\n"}


@cache
def frequent_characters() -> frozenset[str]:
    """Return the 6,500 characters of the standard's first two levels, of which running text consists."""
    levels = (_FOLDER / "standard_characters.txt").read_text("utf-8").splitlines()
    return frozenset(levels[0] + levels[1])


@cache
def character_variants() -> Mapping[str, str]:
    """Map variants that are not of traditional script (荳, 蔴) to characters of the standard.

    >>> character_variants()["荳"]
    '豆'
    """
    pairs = (_FOLDER / "variants.txt").read_text("utf-8").split()
    return {pair[0]: pair[1] for pair in pairs}


@cache
def unsimplified_characters() -> frozenset[str]:
    """Return traditional characters that are printed as they are in simplified text too (頔, 龑).

    Their simplified form stands outside the basic block of Unicode, where keyboards and fonts seldom reach.
    """
    return frozenset((_FOLDER / "unsimplified.txt").read_text("utf-8")) - {"\n"}
