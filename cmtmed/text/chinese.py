"""Traditional and simplified script: OpenCC, with a table of medical words that wins over it.

Only the script is converted, not the wording of a region: 軟體 becomes 软体 and not 软件. What is converted depends on
the script a text is written in:

- In traditional text every character is (口乾 → 口干, 睡著 → 睡着), by OpenCC and the table.
- In simplified text only characters and words that simplified script does not have are (頭痛 → 头痛, 乾燥 → 干燥); the
  8,105 characters of the mainland's standard are left alone (乾坤, 著名, 哪吒, 蒜薹), and so is a rare character whose
  simplified form is outside the basic block (王頔, 二噁英).

Variants that belong to no script (荳, 蔴) are replaced in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.conversion import (
    Script,
    left_alone,
    load_converter,
    phrase_pattern,
    simplified_only,
    traditional_words,
)
from cmtmed.text.phrases import SHARED, SIMPLIFIED, TRADITIONAL
from cmtmed.text.script import find_traditional
from cmtmed.text.standard import character_variants, standard_characters
from cmtmed.text.suspects import find_suspects


def convert(
    texts: pl.Series,
    script: Script = "simplified",
    sides: Sequence[pl.Series] = (),
    foreign: npt.NDArray[np.bool_] | None = None,
) -> pl.Series:
    """Convert texts to a script.

    Args:
        texts: String; null stays null.
        script: ``simplified``, ``traditional`` (OpenCC's standard, in today's forms), or ``keep`` for no conversion.
        sides: which texts are of one side of a dialogue and of one dialogue, see `find_traditional`; empty where each
            text is judged by itself.
        foreign: those that may hold characters of the other script, if that is known, see
            `cmtmed.text.suspects.find_suspects`.

    Returns:
        The converted texts, under the same name; the same series if nothing may change.

    >>> convert(pl.Series(["乾薑、白朮，癥瘕", "乾坤著名"])).to_list()
    ['干姜、白术，癥瘕', '乾坤著名']
    """
    if script == "keep":
        return texts
    # Most rows of most crawls hold nothing to convert, and finding the others is far cheaper than OpenCC.
    suspect = pl.Series(find_suspects(texts, script).foreign if foreign is None else foreign)
    if script == "simplified":
        traditional = find_traditional(texts, sides, candidates=suspect)
        shared = traditional & ~suspect
        if shared.any():
            shared = shared & texts.str.contains_any(_shared_characters()).fill_null(value=False)
        in_part = suspect & ~traditional
        other_script = (traditional & suspect) | shared
    else:
        traditional = find_traditional(texts, sides)
        in_part = suspect & traditional
        other_script = ~traditional & texts.is_not_null()
    texts = _map_rows(texts, other_script, lambda text: _convert_all(text, script))
    return _map_rows(texts, in_part, lambda text: _convert_foreign(text, script))


def _map_rows(texts: pl.Series, selected: pl.Series, change: Callable[[str], str]) -> pl.Series:
    rows = selected.arg_true()
    if rows.is_empty():
        return texts
    changed = pl.Series([change(text) for text in texts.gather(rows)], dtype=pl.String)
    # scatter modifies its series, which may be the caller's.
    return texts.clone().scatter(rows, changed)


def _convert_all(text: str, script: Literal["simplified", "traditional"]) -> str:
    """Convert a text of the other script."""
    return _replace(text, script, SIMPLIFIED if script == "simplified" else TRADITIONAL, load_converter(script))


def _convert_foreign(text: str, script: Literal["simplified", "traditional"]) -> str:
    """Convert what a text of this script holds of the other one."""
    convert_text = load_converter(script)

    def convert_part(gap: str) -> str:
        converted = zip(gap, convert_text(gap), strict=True)
        if script == "simplified":
            return "".join(old if old in left_alone() else new for old, new in converted)
        return "".join(new if old in simplified_only() else old for old, new in converted)

    return _replace(text, script, _foreign_words(script), convert_part)


def _replace(
    text: str,
    script: Literal["simplified", "traditional"],
    words: Mapping[str, str],
    convert_part: Callable[[str], str],
) -> str:
    # Words of the table alternate with the text between them, and only the text between is converted by characters.
    first, *tail = phrase_pattern(script).split(text)
    pieces = [convert_part(first) if first else ""]
    for word, gap in zip(tail[::2], tail[1::2], strict=True):
        pieces.append(words.get(word, word))
        pieces.append(convert_part(gap) if gap else "")
    converted = "".join(pieces)
    return converted.translate(_variant_table()) if script == "simplified" else converted


@cache
def _foreign_words(script: Literal["simplified", "traditional"]) -> Mapping[str, str]:
    if script == "simplified":
        return {word: SIMPLIFIED[word] for word in traditional_words()}
    return {old: new for old, new in TRADITIONAL.items() if simplified_only().intersection(old)}


@cache
def _shared_characters() -> list[str]:
    """Return the characters of both scripts that conversion from traditional script changes."""
    changed = {old for word, new in SIMPLIFIED.items() for old, after in zip(word, new, strict=True) if old != after}
    changed |= {char for char in standard_characters() if load_converter("simplified")(char) != char}
    return sorted(changed & standard_characters().union(SHARED))


@cache
def _variant_table() -> dict[int, str]:
    return str.maketrans(dict(character_variants()))
