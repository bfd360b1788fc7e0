"""The words of the language at large, from jieba's dictionary: they tell words from accidental runs of characters.

Only the word list is read, not jieba: no segmenter, no hidden Markov model; 0.2 s once per process, and only when a
text has a candidate that needs it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

# jieba's frequencies are those of newspapers; rarer entries are mostly noise.
_MIN_COUNT: Final = 3
# Consultation words that newspapers did not have, or that jieba takes for names.
_CONSULTATION_WORDS: Final = dict.fromkeys(
    vocabulary("""
        谢谢 感谢 多谢 麻烦 请问 您好 你好 有时 何时 任何 如何 为何 常见 方便 马上 白天 金属 黄色 高血 高烧 高热
        高压 低压 白带 白斑 白术 黄芪 黄连 黄柏 石膏 当归 汤药 何首 首乌 帕金 唐氏 康复 安全 安静 平时 全身 全部
        明显 明白 成人 成年 成功 向您 和您 于是 于您 关于 对于 由于 位于 至于 处于 属于 等于 大于 小于 高于 低于
        单纯 单侧 包括 包块 管理 项目 经常 时常 通常 正常 异常 平常 非常 日常 反常 双方 对方 药方 处方 配方 偏方
        开方 验方 秘方 地方 官方 后方 前方 女方 男方 上周 下周 本周 每周 一周 两周 三周 四周 半周 几周 孕周 换药
        智能 戴镜 配镜 散瞳 疫苗 温度 温水 水肿 水平 华法 史密 万一 千万 路上
        """),
    ("v", 1000),
)


@lru_cache(maxsize=1)
def load_words() -> dict[str, tuple[str, int]]:
    """Load all words of two to eight characters, each with its part of speech and frequency."""
    spec = find_spec("jieba")
    origin = spec.origin if spec else None
    if origin is None:  # a broken installation: jieba is a dependency
        return dict(_CONSULTATION_WORDS)
    listing = pl.read_csv(
        Path(origin).with_name("dict.txt"),
        has_header=False,
        separator=" ",
        quote_char=None,
        schema={"word": pl.String, "count": pl.Int64, "tag": pl.String},
    ).filter(pl.col("word").str.len_chars().is_between(2, 8), pl.col("count") >= _MIN_COUNT)
    entries = zip(listing["tag"].to_list(), listing["count"].to_list(), strict=True)
    return dict(zip(listing["word"].to_list(), entries, strict=True)) | _CONSULTATION_WORDS


_REMEMBERED: Final = 2**16
"""Strings whose verdict a process remembers: the same ones come up again and again."""

# jieba tags 玉米 and 谢谢 as names; no person is named that often.
_MAX_NAME_COUNT: Final = 300


@lru_cache(maxsize=_REMEMBERED)
def is_common_word(word: str) -> bool:
    """Say whether a string is a word of the language and no name."""
    entry = load_words().get(word)
    return entry is not None and (not entry[0].startswith("nr") or entry[1] > _MAX_NAME_COUNT)


def splits_word(text: str, start: int, end: int) -> bool:
    """Say whether a span would split a word: one that begins before ``start`` and ends within ``start:end``."""
    return _is_word_across(text[max(0, start - 3) : start], text[start : min(end, start + 2)])


@lru_cache(maxsize=_REMEMBERED)
def _is_word_across(before: str, after: str) -> bool:
    """Say whether a word consists of the end of one string and the beginning of another."""
    return any(
        is_common_word(before[word_start:] + after[:word_end])
        for word_end in range(1, len(after) + 1)
        for word_start in range(len(before))
    )
