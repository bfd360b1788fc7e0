"""Traditional and simplified script, by OpenCC, with a table for what it leaves or gets wrong in medical text.

Only the script is converted, not the wording of a region: 軟體 becomes 软体 and not 软件. Text that is simplified already
passes unchanged: 著名, 乾坤, 皇后 and 里 are written the same way in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal

import polars as pl

Script = Literal["simplified", "traditional", "keep"]

# Traditional phrases whose simplified form OpenCC's `t2s` does not give. Longer ones win.
PHRASES: Final[Mapping[str, str]] = {
    # Syndromes and diseases: 癥 is 症 except in 癥瘕, masses of the abdomen.
    "痺症": "痹症", "痺證": "痹证", "麻痺": "麻痹", "痺痛": "痹痛", "喉痺": "喉痹", "胸痺": "胸痹", "骨痺": "骨痹",
    "風濕痺": "风湿痹", "瘜肉": "息肉", "鼻瘜肉": "鼻息肉", "腸瘜肉": "肠息肉", "黴菌": "霉菌", "發黴": "发霉",
    # Herbs and drugs with a second spelling.
    "黃耆": "黄芪", "炙耆": "炙芪", "北耆": "北芪", "榖維素": "谷维素", "榖氨酸": "谷氨酸", "硃砂": "朱砂", "蒐集": "搜集", "薰蒸": "熏蒸",
    "薰洗": "熏洗", "煙薰": "烟熏", "艾薰": "艾熏", "葯": "药", "葯物": "药物", "西葯": "西药", "中葯": "中药", "麴": "曲", "神麴": "神曲", "紅麴": "红曲",
    # Everyday words of patients.
    "甚麼": "什么", "為甚麼": "为什么", "妳": "你", "妳們": "你们", "牠": "它", "暱稱": "昵称", "喫藥": "吃药", "喫飯": "吃饭",
}  # fmt: skip

# What OpenCC turns into another word: masses of the abdomen are no symptoms.
_RESTORED: Final[Mapping[str, str]] = {"症瘕": "癥瘕"}

# 著 is 着 behind a verb and in 着床, 着凉 …, and stays 著 in these.
_STAYS: Final = (
    "著名", "顯著", "显著", "著作", "名著", "原著", "論著", "论著", "編著", "编著", "專著", "专著", "巨著", "著稱", "著称", "著述", "卓著", "昭著", "土著", "著書",
    "著书", "著者", "著有", "合著", "譯著", "译著", "遺著", "遗著",
)  # fmt: skip


def convert(texts: pl.Series, script: Script = "simplified") -> pl.Series:
    """Convert texts to a script.

    Args:
        texts: String; null stays null.
        script: ``simplified``, ``traditional``, or ``keep`` for no conversion.

    Returns:
        As many texts. Converting what has been converted changes nothing.
    """
    if script == "keep":
        return texts
    # Most rows of most crawls hold no character that could change; a pass of Aho-Corasick is far cheaper than OpenCC.
    suspect = texts.str.contains_any(_affected(script)).fill_null(value=False)
    if not suspect.any():
        return texts
    some = texts.filter(suspect)
    converter = _converter(script).convert
    if script == "simplified":
        some = _phrased(some)
    done = pl.Series([converter(text) for text in some], dtype=pl.String)
    if script == "simplified":
        done = done.str.replace_many(list(_RESTORED), list(_RESTORED.values()))
    return texts.clone().scatter(suspect.arg_true(), done)


def _phrased(texts: pl.Series) -> pl.Series:
    table = {**PHRASES}
    told = texts.str.replace_many(list(table), list(table.values()), leftmost=True)
    # A text in which nothing but 著 looks traditional is simplified, and knows where it writes 着.
    others = [sign for sign in _affected("simplified") if sign != "著"]
    traditional = texts.str.contains_any(others)
    stays = dict.fromkeys(_STAYS)
    replaced = told.str.replace_many([*stays, "著"], [*stays, "着"], leftmost=True)
    return told.zip_with(~traditional, replaced) if traditional.any() else told


@cache
def _converter(script: Script) -> Any:
    from opencc import OpenCC

    return OpenCC("t2s" if script == "simplified" else "s2t")


@cache
def _affected(script: Script) -> list[str]:
    """Return every character that the conversion can change."""
    convert_one = _converter(script).convert
    ranges = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF))
    signs = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    # Joined by a character that no phrase of the dictionaries holds, so that each is converted by itself.
    after = convert_one("\n".join(signs)).split("\n")
    changed = [sign for sign, new in zip(signs, after, strict=True) if sign != new]
    extra = {sign for phrase in PHRASES for sign in phrase if PHRASES[phrase] != phrase} if script == "simplified" else set()
    return sorted({*changed, *(sign for sign in extra if sign in "葯妳牠耆榖薰痺瘜黴甚喫暱麴")})
