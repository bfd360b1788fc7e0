"""What names a quantity, and is therefore never canned."""

from __future__ import annotations

import pytest

from cmtmed.text.canned import has_quantity


@pytest.mark.parametrize(
    "text",
    [
        "两片",
        "一日三次",
        "半片",
        "0.5g",
        "３８.５℃",
        "×10⁹/L",
        "½片",
        "①",
        "三 片",
        "七剂",
        "两星期",
        "八点钟",
        "三点五",
        "五千",
        "百分之百",
    ],
)
def test_quantities(text):
    assert has_quantity(text)


@pytest.mark.parametrize(
    "text",
    ["一般", "一定要", "一直", "一些", "万一", "进一步检查", "早一点", "五星好评", "第一", "十足", "头痛", "Ⅱ度"],
)
def test_numerals_without_a_unit_are_no_quantity(text):
    assert not has_quantity(text)
