"""Canned sentences: text that occurs under so many different questions that it belongs to no dialogue in particular.

One rule with two uses: `drop_boilerplate` removes canned sentences, and the comparison of dialogues does not count them
as similarity. In both, a sentence that names a quantity is never canned, whatever its frequency: a dose that sixty
doctors prescribe is medicine, and another dose is another dialogue. A quantity is a digit of any script or script
position (3, ３, 10⁹, ½, ①), or a Chinese numeral before a unit or measure word (两片, 半片, 一日三次, 三十七点五).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

DIGIT_RANGES: Final = (
    ("0", "9"), ("０", "９"), ("²", "³"), ("¹", "¹"), ("¼", "¾"), ("⁰", "⁹"), ("₀", "₉"), ("⅐", "⅟"), ("①", "⒛"),
    ("⓪", "⓿"), ("❶", "➓"),
)  # fmt: skip
"""First and last character of each range of digits, fractions and enclosed numbers."""

NUMERALS: Final = "零〇一二两三四五六七八九十百半俩仨廿卅壹贰叁肆伍陆柒捌玖拾佰"
"""Chinese numerals; they name a quantity only before a unit (一般 and 一定 do not)."""

UNITS: Final = (
    "次片粒颗丸支瓶袋包滴勺毫微克升单国个天日周月年岁度小分格针杯贴倍成％%"
    "剂副付帖钱斤公匙碗盒板枚管喷吸揿泵顿餐秒晚旬厘米寸尺千万亿℃gm"
)
"""Units, measure words and the first characters of longer ones (毫克, 单位, 小时)."""

PAIRED_UNITS: Final = (
    "星期", "礼拜", "刻钟", "钟头", "点钟", "疗程", *(f"点{numeral}" for numeral in "零〇一二三四五六七八九半"),
)  # fmt: skip
"""Units whose first character alone names no quantity: 五星好评, 早一点."""

_DIGITS: Final = "".join(f"{first}-{last}" for first, last in DIGIT_RANGES)
_PAIRS: Final = "|".join(r"\s*".join(unit) for unit in PAIRED_UNITS)

QUANTITY: Final = rf"[{_DIGITS}]|[{NUMERALS}]\s*(?:[{UNITS}]|{_PAIRS})"
"""Regular expression of a quantity, for Python and for Polars."""

_QUANTITY: Final = re.compile(QUANTITY)


def has_quantity(text: str) -> bool:
    """Return whether a text names a quantity.

    >>> [has_quantity(text) for text in ("每次两片", "体温３８.５℃", "一般不需要", "给个五星好评")]
    [True, True, False, False]
    """
    return _QUANTITY.search(text) is not None


@dataclass(frozen=True)
class CannedRule:
    """When a sentence is canned.

    Attributes:
        min_dialogues: minimum number of dialogues that hold the sentence …
        min_share: … and minimum share of all dialogues. The larger of the two is required.
        different_per_dialogue: minimum number of different questions per dialogue that holds it …
        different_per_required: … and per required dialogue. Counting different questions keeps one dialogue that was
            crawled fifty times from making its sentences canned.
    """

    min_dialogues: int
    min_share: float
    different_per_dialogue: float = 0.0
    different_per_required: float = 1.0

    def select(self, uses: pl.LazyFrame, questions: Sequence[str], dialogues: int) -> pl.LazyFrame:
        """Select the canned sentences.

        Args:
            uses: ``sentence`` (a hash; without quantities, see `has_quantity`) and hashes of the question of each
                dialogue that holds it, one row per dialogue.
            questions: the columns of the questions, such as hashes of their beginning and end; the median of their
                numbers of different values is the number of different questions.
            dialogues: number of dialogues in the corpus.

        Returns:
            One column ``sentence``, in no particular order.
        """
        required = max(self.min_dialogues, self.min_share * dialogues)
        different = pl.concat_list(pl.col(name).n_unique() for name in questions).list.median()
        min_different = pl.max_horizontal(
            self.different_per_dialogue * pl.col("dialogues"), pl.lit(self.different_per_required * required)
        )
        return (
            uses.group_by("sentence")
            .agg(pl.len().alias("dialogues"), different.alias("different"))
            .filter((pl.col("dialogues") >= required) & (pl.col("different") >= min_different))
            .select("sentence")
        )
