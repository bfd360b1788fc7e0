"""Script: traditional, simplified, and the words that must come out right."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.text.chinese import convert
from cmtmed.text.phrases import SHARED, SIMPLIFIED, TRADITIONAL
from tests.support.dialogues import SHARED as DATA
from tests.support.dialogues import needs_real_data

WORDS = """
    乾薑 干姜       白朮 白术       蒼朮 苍术       薑黃 姜黄       鬱金 郁金       神麴 神曲       黃耆 黄芪       蘆薈 芦荟
    硃砂 朱砂       茯苓 茯苓       鑪甘石 炉甘石   製附子 制附子   炮製 炮制       側栢葉 侧柏叶   綜合徵 综合征   徵候 征候
    乾燥綜合徵 干燥综合征           癥瘕 癥瘕       癥瘕積聚 癥瘕积聚               癥狀 症状       裏急後重 里急后重
    痺證 痹证       麻痺 麻痹       痲疹 麻疹       乾癬 干癣       乾咳 干咳       口乾 口干       脫髮 脱发       發燒 发烧
    分鐘 分钟       鍾乳石 钟乳石   麵食 面食       顏面 颜面       穀維素 谷维素   榖氨酸 谷氨酸   合谷 合谷       五臟 五脏
    骯髒 肮脏       胃脘 胃脘       剩餘 剩余       複診 复诊       覆診 复诊       反覆發作 反复发作               便祕 便秘
    瞭解 了解       瞭望 瞭望       著涼 着凉       顯著 显著       附著點發炎 附着点发炎           看著書 看着书   著名醫生 著名医生
    睪丸 睾丸       瘜肉 息肉       甚麼葯 什么药   妳們 你们       黑矇 黑矇       噁心 恶心       噁唑 噁唑       乾坤 乾坤
    皇后 皇后       幾公里 几公里   乾隆 乾隆       宮商角徵羽 宫商角徵羽           後遺症 后遗症   骨質疏鬆 骨质疏松
    迴腸 回肠       迴盲部 回盲部   衝任不固 冲任不固               太衝 太冲       昇降 昇降       干擾素 干扰素   幹細胞 干细胞
"""
PAIRS = re.findall(r"(\S+) (\S+)", WORDS)


def simplify(text):
    return convert(pl.Series([text]), "simplified")[0]


def to_traditional(text):
    return convert(pl.Series([text]), "traditional")[0]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_words_of_medicine(before, after):
    assert simplify(before) == after
    assert simplify(f"我{before}，") == f"我{after}，"


def test_zhu_is_zhe_in_traditional_text_and_stays_in_simplified():
    assert simplify("著涼後穿著衣服，躺著作嘔，寫著名字，效果顯著") == "着凉后穿着衣服，躺着作呕，写着名字，效果显著"
    assert simplify("效果显著，著凉") == "效果显著，著凉"


def test_only_the_script_is_converted_and_not_the_wording():
    assert simplify("攝護腺和軟體、維他命") == "摄护腺和软体、维他命"


@pytest.mark.parametrize(
    "text",
    [
        "患者乾某，名昇，沈先生，病程三天，效果显著。",
        "乾坤、著作、角徵、捱过三天、姓馀",
        "好坏子宫，打坏了，干净，皇后，谷物，几案，松树，余下，面部，里程，只有，后来",
        "癥瘕积聚，角膜反射，黑矇，恶心，噁唑",
    ],
)
def test_simplified_text_passes_unchanged(text):
    assert simplify(text) == text


def test_a_simplified_word_in_traditional_company_is_not_broken():
    assert simplify("檢查後說好坏子宫都沒事") == "检查后说好坏子宫都没事"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("干姜、白术、姜黄", "乾薑、白朮、薑黃"),
        ("谷丙转氨酶升高，谷维素", "穀丙轉氨酶升高，穀維素"),
        ("里急后重，手术台，头发，发烧", "裏急後重，手術臺，頭髮，發燒"),
        ("人参、党参，吃药，湿疹，临床", "人參、黨參，吃藥，濕疹，臨床"),
        ("癥瘕，制附子，神曲", "癥瘕，製附子，神麴"),
        ("口干", "口乾"),
        ("已經是干預過的傳統字，皇后，松樹，結合", "已經是干預過的傳統字，皇后，松樹，結合"),
    ],
)
def test_simplified_to_traditional(before, after):
    assert to_traditional(before) == after
    assert to_traditional(after) == after


def test_keep_keeps():
    texts = pl.Series(["乾薑", "干姜", None])
    assert convert(texts, "keep").to_list() == texts.to_list()


def test_nulls_and_names_stay():
    after = convert(pl.Series("content", [None, "發燒", ""]), "simplified")
    assert (after.name, after.to_list()) == ("content", [None, "发烧", ""])
    assert convert(pl.Series([None, None], dtype=pl.String), "traditional").to_list() == [None, None]


@pytest.mark.parametrize("word", sorted(word for word in SIMPLIFIED if not set(word) <= set(SHARED)))
def test_every_entry_of_the_table_is_reached_and_stable(word):
    # Beside a traditional character, so that the text counts as traditional.
    assert simplify(f"醫藥，{word}，") == f"医药，{SIMPLIFIED[word]}，"
    assert simplify(SIMPLIFIED[word]) == SIMPLIFIED[word]


@pytest.mark.parametrize("word", sorted(TRADITIONAL))
def test_every_entry_of_the_other_table_is_reached_and_stable(word):
    assert to_traditional(f"药，{word}，") == f"藥，{TRADITIONAL[word]}，"
    assert to_traditional(TRADITIONAL[word]) == TRADITIONAL[word]


mixed = st.lists(
    st.sampled_from([*SIMPLIFIED, *TRADITIONAL, *"后後里裏干乾幹药藥发發髮疼3，", "干預", "好坏", "了解"])
    | st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    max_size=12,
).map("".join)


@settings(max_examples=150)
@given(text=mixed, script=st.sampled_from(["simplified", "traditional"]))
def test_the_number_of_characters_and_whatever_is_not_chinese_stays(text, script):
    after = convert(pl.Series([f"a{text}3"]), script)[0]
    assert len(after) == len(text) + 2
    assert [char for char in after if char < "\u3400"] == [char for char in f"a{text}3" if char < "\u3400"]


@settings(max_examples=150)
@given(text=mixed)
def test_simplifying_twice_is_simplifying_once(text):
    once = simplify(text)
    assert simplify(once) == once


@needs_real_data
def test_of_real_simplified_text_next_to_nothing_changes():
    records = json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text("utf-8"))
    texts = pl.Series([text for record in records for text in record.values() if isinstance(text, str)])
    after = convert(texts)
    changed = Counter(
        old + new
        for before, text in zip(texts, after, strict=True)
        for old, new in zip(before, text, strict=True)
        if old != new
    )
    assert set(changed) <= {"損损", "傷伤", "痙痉"}, changed


@needs_real_data
def test_real_text_comes_back_from_traditional():
    with (DATA / "toyhom" / "internal_medicine.gb18030.csv").open(encoding="gb18030", newline="") as file:
        texts = convert(pl.Series([row[-1] for row in csv.reader(file)][:2000]))
    converted = convert(texts, "traditional")
    assert converted.ne(texts).mean() > 0.9
    assert convert(converted, "traditional").equals(converted)
    assert convert(converted).ne(texts).mean() < 0.005
