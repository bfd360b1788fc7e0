"""Traditional and simplified script: OpenCC, with a table of medical words that wins over it.

Only the script is converted, not the wording of a region: 軟體 becomes 软体 and not 软件. A text that is simplified
already passes unchanged: it is converted only if it holds a character or word that simplified script does not have.
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
    # What a word became is protected too: OpenCC would turn parts of it (范, 曲) again.
    "traditional": {**{told: told for told in TRADITIONAL.values()}, **TRADITIONAL},
}


def convert(texts: pl.Series, script: Script = "simplified") -> pl.Series:
    """Convert texts to a script.

    Args:
        texts: String; null stays null.
        script: ``simplified``, ``traditional`` (OpenCC's standard, in today's forms), or ``keep`` for no conversion.

    Returns:
        As many texts, under the same name.

    >>> convert(pl.Series(["乾薑、白朮，癥瘕", "乾坤著名"])).to_list()
    ['干姜、白术，癥瘕', '乾坤著名']
    """
    if script == "keep":
        return texts
    # Most rows of most crawls need nothing, and finding them is far cheaper than OpenCC.
    if script == "simplified":
        suspect = texts.str.contains_any(_traditional_signs())
    else:
        # 干預 is traditional, and would become 幹預 if it were taken for simplified.
        traditional = texts.str.contains_any(sorted(_traditional_characters().difference(*SIMPLIFIED.values())))
        suspect = texts.str.contains_any(_simplified_signs()) | ~traditional
    where = suspect.fill_null(value=False).arg_true()
    if where.is_empty():
        return texts
    convert_one = _converter(script)
    phrases = _PHRASES[script]
    pattern = _pattern(script)
    done = []
    for text in texts.gather(where):
        # A word of the table, what follows it, the next word of the table …: OpenCC sees only what is between.
        first, *rest = pattern.split(text)
        parts = [convert_one(first) if first else ""]
        for word, between in zip(rest[::2], rest[1::2], strict=True):
            parts.append(phrases[word])
            parts.append(convert_one(between) if between else "")
        done.append("".join(parts))
    return texts.clone().scatter(where, pl.Series(done, dtype=pl.String))


@cache
def _pattern(script: Script) -> re.Pattern[str]:
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
def _traditional_signs() -> list[str]:
    """Return every character and word by which a text shows that it is not simplified."""
    characters = _traditional_characters()
    words = {
        word
        for word, told in SIMPLIFIED.items()
        if word != told and word not in SHARED and not characters.intersection(word)
    }
    return sorted(characters | words)


@cache
def _traditional_characters() -> frozenset[str]:
    return frozenset(_changed_alone("simplified") - SHARED)


@cache
def simplified_characters() -> Mapping[str, str]:
    """Return what each traditional character, standing alone, becomes in simplified script.

    Characters of both scripts (乾, 後) are not in it. For folding where no offset may move: every character becomes
    exactly one.
    """
    signs = sorted(_traditional_characters())
    after = _converter("simplified")("\n".join(signs)).split("\n")
    return {old: new for old, new in zip(signs, after, strict=True) if len(new) == 1}


@cache
def _simplified_signs() -> list[str]:
    """Return the characters that only simplified script has: 国 and 药, not 干 or 后, which Big5 knows too."""
    return sorted(char for char in _changed_alone("traditional") if not char.encode("big5", errors="ignore"))


def _changed_alone(script: Script) -> set[str]:
    ranges = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF))
    characters = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    # Joined by a character that no phrase of OpenCC holds, so that each is converted by itself.
    after = _converter(script)("\n".join(characters)).split("\n")
    return {old for old, new in zip(characters, after, strict=True) if old != new}
