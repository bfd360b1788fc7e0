"""Tables of script conversion: what OpenCC, the mainland's standard and the table of medical words say together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, Literal

from cmtmed.text.phrases import MODERN, SAME, SHARED, SIMPLIFIED, TRADITIONAL, ZHU
from cmtmed.text.standard import character_variants, standard_characters

Script = Literal["simplified", "traditional", "keep"]

_RANGES: Final = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF))


@cache
def traditional_only() -> frozenset[str]:
    """Return the characters that simplified text does not hold.

    They are replaced by a character of the standard in the basic block (頭 by 头). A character whose simplified form no
    keyboard offers (頔, 龑, 噁) is written in simplified text as it is, in names above all.
    """
    standard = standard_characters()
    return frozenset(
        old
        for old, new in _single_characters("simplified").items()
        if old not in standard and old not in f"{SHARED}{SAME}" and new in standard and "\u4e00" <= new <= "\u9fff"
    )


@cache
def simplified_only() -> frozenset[str]:
    """Return the characters that only simplified script has: 国 and 药, not 干 or 后, which Big5 also encodes."""
    return frozenset(char for char in _single_characters("traditional") if not char.encode("big5", errors="ignore"))


@cache
def traditional_words() -> frozenset[str]:
    """Return the words of the table that simplified text does not hold, whatever their characters: 乾燥, but not 著."""
    characters = traditional_only()
    standard = standard_characters().union(SHARED)
    return frozenset(
        word
        for word, simplified in SIMPLIFIED.items()
        if word != simplified
        and (characters.intersection(word) or (word not in ZHU and (len(word) > 1 or word not in standard)))
    )


@cache
def list_cues(script: Script) -> list[str]:
    """Return the characters and words of which a text holds one if it holds anything of the other script."""
    if script == "keep":
        return []
    if script == "traditional":
        return sorted(simplified_only())
    return sorted(traditional_only() | traditional_words() | character_variants().keys())


@cache
def left_alone() -> frozenset[str]:
    """Return the characters that OpenCC would change in text that is simplified already."""
    return frozenset(_single_characters("simplified").keys() - traditional_only()) | standard_characters().union(SHARED)


@cache
def simplified_characters() -> dict[str, str]:
    """Map each traditional character, taken alone, to its simplified form.

    For folding that must preserve offsets: every character maps to exactly one. Characters with a second life of their
    own in simplified text (乾, 沈) are left out.
    """
    return {
        old: new
        for old, new in sorted(_single_characters("simplified").items())
        if old not in f"乾徵昇剋夥著{SAME}" and old not in SHARED and new <= "\uffff"
    }


@cache
def phrase_pattern(script: Literal["simplified", "traditional"]) -> re.Pattern[str]:
    """Return a pattern of the words of the table, longest first, and of characters that are never converted."""
    # The result of a conversion is protected too: OpenCC would convert parts of it (范, 曲) again.
    words = SIMPLIFIED if script == "simplified" else {*TRADITIONAL, *TRADITIONAL.values()}
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    if script == "simplified":
        unchanged = [old for old, new in _single_characters(script).items() if new > "\uffff"]
        longest_first.append(f"[{SAME}{''.join(sorted(unchanged))}]")
    return re.compile(f"({'|'.join(longest_first)})")


@cache
def load_converter(script: Literal["simplified", "traditional"]) -> Callable[[str], str]:
    """Load OpenCC's conversion to a script; a text keeps its number of characters."""
    from opencc import OpenCC

    if script == "simplified":
        simplified: Callable[[str], str] = OpenCC("t2s").convert
        return simplified
    traditional = OpenCC("s2t").convert
    return lambda text: traditional(text).translate(MODERN)


@cache
def _single_characters(script: Literal["simplified", "traditional"]) -> dict[str, str]:
    """Map each character that OpenCC changes when it stands alone."""
    characters = [chr(code) for first, last in _RANGES for code in range(first, last + 1)]
    # Joined by a character that occurs in no phrase of OpenCC, so that each is converted by itself.
    after: Iterable[str] = load_converter(script)("\n".join(characters)).split("\n")
    return {old: new for old, new in zip(characters, after, strict=True) if old != new}
