"""Which script a text is written in, and what is left alone because of it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtmed
from cmtmed.schema import MESSAGES
from cmtmed.stages.normalize_text import NormalizeText
from cmtmed.text.han import is_han
from cmtmed.text.standard import character_variants, standard_characters, unsimplified_characters


def normalize_dialogue(*turns):
    messages = [{"role": role, "content": content} for role, content in turns]
    batch = pl.DataFrame(
        {"messages": pl.Series([messages], dtype=MESSAGES), "department": [None], "subdepartment": [None]},
        schema_overrides={"department": pl.String, "subdepartment": pl.String},
    )
    result = NormalizeText().apply(batch)
    return result["drop_reason"][0], [message["content"] for message in result["messages"][0]]


def test_the_standard_is_complete():
    assert len(standard_characters()) == 8105
    assert {"药", "乾", "䶮", "𬱖"} <= standard_characters()
    assert not {"藥", "頭", "後", "頔"} & standard_characters()
    assert set(character_variants().values()) <= standard_characters()
    assert not character_variants().keys() & standard_characters()
    assert "頔" in unsimplified_characters()


@pytest.mark.parametrize(
    "word", ["嘴巴很乾", "睡著又醒", "藥物相剋", "口乾舌燥", "覺得很夥", "病情上昇", "皮膚乾", "看著"]
)
@pytest.mark.parametrize("side", ["user", "assistant"])
def test_a_turn_is_of_the_script_of_its_dialogue(word, side):
    after = {"乾": "干", "著": "着", "剋": "克", "夥": "伙", "昇": "升"}
    traditional = "user" if side == "assistant" else "assistant"
    _, turns = normalize_dialogue((side, word), (traditional, "請問這個情況多久了？檢查過嗎"))
    assert not set(turns[0]) & after.keys()
    assert set(turns[0]) & set(after.values())


def test_the_sides_may_write_different_scripts():
    _, turns = normalize_dialogue(
        ("user", "我发烧了，去了乾县，还是著名的医院看的"),
        ("assistant", "請問多久了？眼睛乾嗎？"),
        ("user", "乾县不远"),
        ("assistant", "睡著嗎"),
    )
    assert turns == ["我发烧了，去了乾县，还是著名的医院看的", "请问多久了？眼睛干吗？", "乾县不远", "睡着吗"]


@pytest.mark.parametrize(
    "text",
    [
        "二噁英中毒，用噁霉灵，苧烯过敏", "哪吒，蒜薹，目劄", "乾隆著名，皇后，藉口不同", "患者王頔，刘龑，陈小䶮", "李昇，於女士，祕鲁",
    ],
)  # fmt: skip
def test_simplified_text_is_left_alone(text):
    if "藉口" in text:
        text = text.replace("，藉口不同", "")
    assert cmtmed.normalize([f"{text}检查结果"]) == [f"{text}检查结果"]


def test_every_character_of_the_standard_is_left_alone():
    characters = sorted(standard_characters())
    assert cmtmed.normalize(characters) == characters


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(sorted(standard_characters())), max_size=12).map("".join))
def test_standard_text_is_stable(text):
    # Chance makes a word of traditional script now and then (口乾); once converted, the text is stable.
    once = cmtmed.normalize([f"检查{text}结果"])
    assert cmtmed.normalize(once) == once


def test_rare_characters_stay_in_traditional_text_too():
    assert cmtmed.normalize(["患者姓名：王頔，腰疼了一個月沒好轉"]) == ["患者姓名：王頔，腰疼了一个月没好转"]


@pytest.mark.parametrize(
    ("before", "after"), [("荳蔻", "豆蔻"), ("天蔴", "天麻"), ("羅漢菓", "罗汉果"), ("欬嗽", "咳嗽")]
)
def test_variants_are_replaced(before, after):
    assert cmtmed.normalize([before]) == [after]


@pytest.mark.parametrize("character", "一龥㐀䶮𠮷𬱖𰻝﨎")
def test_han_is_all_of_it(character):
    assert is_han(character)
    assert not is_han(f"{character}a")
    assert pl.Series([character]).str.contains(f"^[{cmtmed.text.han.HAN}]$")[0]


def test_a_lost_dialogue_is_dropped_with_its_text():
    reason, turns = normalize_dialogue(("user", "锟斤拷锟斤拷发烧"), ("assistant", "<b>多久</b>"))
    assert (reason, turns) == ("mojibake", ["锟斤拷锟斤拷发烧", "<b>多久</b>"])
    reason, turns = normalize_dialogue(("user", "孩子发烧三天了，" * 20 + "谢谢\ufffd"), ("assistant", "多久了？" * 10))
    assert reason is None
    assert turns[0].endswith("谢谢")
    assert normalize_dialogue(("user", "每次吃0\ufffd5片" + "好的" * 200))[0] == "mojibake"
