"""Traditional and simplified script: OpenCC, with a table of medical words that wins over it.

Only the script is converted, not the wording of a region: 軟體 becomes 软体 and not 软件. A text that is already
simplified passes unchanged: it is converted only if it holds a character or word that simplified script does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, Literal

import polars as pl

from cmtmed.text.phrases import MODERN, SHARED, SIMPLIFIED, TRADITIONAL

Script = Literal["simplified", "traditional", "keep"]

_PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "simplified": SIMPLIFIED,
    # The result of a conversion is protected too: OpenCC would convert parts of it (范, 曲) again.
    "traditional": {**{word: word for word in TRADITIONAL.values()}, **TRADITIONAL},
}


def convert(texts: pl.Series, script: Script = "simplified") -> pl.Series:
    """Convert texts to a script.

    Args:
        texts: String; null stays null.
        script: ``simplified``, ``traditional`` (OpenCC's standard, in today's forms), or ``keep`` for no conversion.

    Returns:
        The converted texts, under the same name.

    >>> convert(pl.Series(["乾薑、白朮，癥瘕", "乾坤著名"])).to_list()
    ['干姜、白术，癥瘕', '乾坤著名']
    """
    if script == "keep":
        return texts
    # Most rows of most crawls need no conversion, and finding the others is far cheaper than OpenCC.
    if script == "simplified":
        suspect = texts.str.contains_any(_traditional_cues())
    else:
        # 干預 is traditional and would become 幹預 if it were converted as simplified.
        traditional = texts.str.contains_any(sorted(_traditional_characters().difference(*SIMPLIFIED.values())))
        suspect = texts.str.contains_any(_simplified_cues()) | ~traditional
    rows = suspect.fill_null(value=False).arg_true()
    if rows.is_empty():
        return texts
    convert_one = _converter(script)
    phrases = _PHRASES[script]
    pattern = _phrase_pattern(script)
    converted = []
    for text in texts.gather(rows):
        # Words of the table alternate with the text between them, and OpenCC converts only the text between.
        first, *tail = pattern.split(text)
        fragments = [convert_one(first) if first else ""]
        for word, gap in zip(tail[::2], tail[1::2], strict=True):
            fragments.append(phrases[word])
            fragments.append(convert_one(gap) if gap else "")
        converted.append("".join(fragments))
    return texts.clone().scatter(rows, pl.Series(converted, dtype=pl.String))


@cache
def _phrase_pattern(script: Script) -> re.Pattern[str]:
    words = sorted(_PHRASES[script], key=lambda word: (-len(word), word))
    return re.compile(f"({'|'.join(words)})")


@cache
def _converter(script: Script) -> Callable[[str], str]:
    from opencc import OpenCC

    if script == "simplified":
        simplified: Callable[[str], str] = OpenCC("t2s").convert
        return simplified
    traditional = OpenCC("s2t").convert
    return lambda text: traditional(text).translate(MODERN)


@cache
def _traditional_cues() -> list[str]:
    """Return every character and word that shows that a text is not simplified."""
    characters = _traditional_characters()
    words = {
        word
        for word, simplified in SIMPLIFIED.items()
        if word != simplified and word not in SHARED and not characters.intersection(word)
    }
    return sorted(characters | words)


@cache
def _traditional_characters() -> frozenset[str]:
    return frozenset(_find_changed_characters("simplified") - SHARED)


@cache
def simplified_characters() -> Mapping[str, str]:
    """Map each traditional character, taken alone, to its simplified form.

    Characters of both scripts (乾, 後) are left out. For folding that must preserve offsets: every character maps to
    exactly one.
    """
    signs = sorted(_traditional_characters())
    after = _converter("simplified")("\n".join(signs)).split("\n")
    return {old: new for old, new in zip(signs, after, strict=True) if len(new) == 1}


@cache
def _simplified_cues() -> list[str]:
    """Return the characters that only simplified script has: 国 and 药, not 干 or 后, which Big5 also encodes."""
    return sorted(char for char in _find_changed_characters("traditional") if not char.encode("big5", errors="ignore"))


def _find_changed_characters(script: Script) -> set[str]:
    ranges = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF))
    characters = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    # Joined by a character that occurs in no phrase of OpenCC, so that each is converted by itself.
    after = _converter(script)("\n".join(characters)).split("\n")
    return {old for old, new in zip(characters, after, strict=True) if old != new}
