"""Characters, markup, punctuation and white space."""

from __future__ import annotations

import unicodedata
from collections import Counter

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cmtmed.text import unicode
from cmtmed.text.markup import strip_markup
from cmtmed.text.tables import CHARACTERS
from cmtmed.text.unicode import clean

THOROUGH = settings(max_examples=150)

# What dirty text is made of, so that pieces meet one another.
FRAGMENTS = (
    *"０５９ＡｚＫ％＋－／．，。！？：；（）～…!?,.;:<>&#\"' \t\n\r\u3000\xa0\u200b\ufeff\xad\x00\x96\ufffd\ue000\u2f00凉㎎µ½①⁹Ⅱ℃",
    *"疼痛吗一abp359",
    "&#xE000;", "&amp;", "&lt;", "&gt;", "&nbsp;", "&nbsp", "&#51;", "lt;", "amp;", "<br>", "<b>", "</b>", "<p>", "<sup>", "</sup>",
    "<script>", "</script>", "<!--", "-->", "<td>", "http://a.cn/x?q=", "10⁹/L", "。。。", "...", "\r\n", " 头 痛 发 热",
)  # fmt: skip
dirty = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=30).map("".join)


def clean_text(text):
    return clean(pl.Series([text]))[0]


def digits(text):
    """Return the decimal digits of a text with their values, whatever their width."""
    return Counter(unicodedata.decimal(char) for char in text if char.isdecimal())


# What a popular normalization does to medicine.


def test_superscripts_keep_the_power():
    assert clean_text("白细胞5.2×10⁹/L，10⁻³，m²") == "白细胞5.2×10⁹/L，10⁻³，m²"


def test_circled_and_dotted_numbers_do_not_run_into_the_dose():
    assert clean_text("①5mg ②10mg ⒈5mg ⑴3片") == "①5mg ②10mg ⒈5mg ⑴3片"


def test_fractions_stay_fractions():
    assert clean_text("每次½片，每日¼片，1½片") == "每次½片，每日¼片，1½片"


def test_full_width_digits_become_the_same_digits():
    assert clean_text("０１２３４５６７８９") == "0123456789"


def test_a_number_between_chinese_characters_stays_where_it_is():
    assert clean_text("我的电话１３８００００００００请联系") == "我的电话13800000000请联系"


@pytest.mark.parametrize("symbol", list("⁰¹²³⁹⁻ⁿ₂½¼⅓①⑩⑴⒈ⅠⅡⅣⅫ℃℉‰°′″±×÷≤≥≈→↑↓αβγμ㈠"))
def test_a_symbol_with_a_meaning_of_its_own_stays(symbol):
    assert clean_text(f"疼{symbol}痛") == f"疼{symbol}痛"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("５㎎", "5mg"),
        ("2㎝×3㎜", "2cm×3mm"),
        ("10µg", "10μg"),
        ("5㎕", "5μl"),
        ("㏗7.4", "pH7.4"),
        ("Ｂ超，血Ｎａ＋，９０％，３－５天", "B超，血Na+，90%，3-5天"),
        ("血压１２０／８０，体温３８．５℃", "血压120/80，体温38.5℃"),
        ("＞５００×１０⁹／Ｌ", ">500×10⁹/L"),
        ("静滴﹔口服", "静滴；口服"),
    ],
)
def test_width_and_units(raw, expected):
    assert clean_text(raw) == expected


@pytest.mark.parametrize(
    "text",
    [
        "血压<140，PLT<100 <5mg",
        "若a<b>c则成立",
        "P<0.05，r>0.9，5<x<10",
        "#include <iostream>，List<Book>，<https://example.org>",
        "NG&P差异，D&C，&notaname;",
        "5:30吃药，1:2，1,200步，3.5cm，q8h,bid",
        "看http://example.org/搜索?词=好,坏;差 一下",
        "一.血常规 二.尿常规",
        "红枣 桂圆 枸杞",
        "5 10 15",
    ],
)
def test_what_only_looks_like_dirt_stays(text):
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<p>您好</p><br/>请<B>多</B>休息<br>", "您好\n\n请多休息"),
        ("<div class=\"a\">疼</div><span style='x'>3天</span>", "疼\n3天"),
        ("<script>var a = 5;</script>疼<style>p {x: 1}</style><!-- 9 -->", "疼"),
        ("<script>没有结束", "没有结束"),
        ("血压&lt;140&nbsp;&nbsp;你好&nbsp", "血压<140 你好"),
        ("&amp;lt;5&amp;amp;amp;gt;", "<5>"),
        ("&#30140;&#x75DB;&frac14;片", "疼痛¼片"),
        ("10<sup>9</sup>/L，H<sub>2</sub>O，10<sup>-1.5</sup>", "10⁹/L，H₂O，10^-1.5"),
        ("10<sup>9/L", "10^9/L"),
        ("<td>3</td><td>5</td>", "3 5"),
        ("＜ｂｒ＞疼", "疼"),
    ],
)
def test_markup(raw, expected):
    assert clean_text(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("\ufeff头\u200b痛\u200e\u00ad\u0000", "头痛"),
        ("3\ue0005mg", "3 5mg"),
        ("3\ufffd\ufffd.5", "3 .5"),
        ("冒\ufffd\ufffd险", "冒险"),
        ("3\x964天", "3–4天"),
        ("⼀⾎⻓期", "一血长期"),
        ("凉\ufa0c", "凉兀"),
    ],
)
def test_invisible_and_unreadable_characters(raw, expected):
    assert clean_text(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("疼！！！！", "疼！"),
        ("疼。。。。不疼。。", "疼……不疼。"),
        ("疼...然后", "疼……然后"),
        ("疼吗???!!!", "疼吗？！"),
        ("疼吗?!?!?!", "疼吗？！"),
        ("发烧,咳嗽,鼻塞;乏力:三天.建议休息.", "发烧，咳嗽，鼻塞；乏力：三天。建议休息。"),
        ("好!谢谢!", "好！谢谢！"),
        ("肝功能、、正常，，", "肝功能、正常，"),
        ("疼 ，很 。 是", "疼，很。是"),
        ("  疼  \t 痛  \r\n\r\n\r\n\r\n  三天\u3000\u3000 ", "疼 痛\n\n三天"),
        ("患 者 头 痛 三天", "患者头痛 三天"),
    ],
)
def test_punctuation_and_white_space(raw, expected):
    assert clean_text(raw) == expected


def test_nulls_and_names_stay():
    texts = pl.Series("content", ["Ａ", None, ""], dtype=pl.String)
    after = clean(texts)
    assert (after.name, after.dtype, after.to_list()) == ("content", pl.String, ["A", None, ""])
    assert clean(texts.clear()).to_list() == []


def test_the_texts_given_are_not_written_to():
    texts = pl.Series(["Ａ&nbsp;疼 痛 三 天...", "\ue000", "好"])
    before = texts.to_list()
    clean(texts)
    assert texts.to_list() == before


def test_no_table_entry_is_an_ascii_digit_or_makes_one_of_another():
    for old, new in CHARACTERS.items():
        assert digits(old) == digits(new), f"U+{ord(old[0]):04X}"


@THOROUGH
@given(text=dirty)
@example("&amp;amp;lt;br&gt;")
@example("<<b>b></b>")
@example("看http://a.cn/x?q= &#xE000;吗?")
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_text(text)
    assert clean_text(once) == once


@THOROUGH
@given(text=dirty)
def test_digits_keep_their_values(text):
    assume("<" not in clean_text(text) and not {"<", "＜", "﹤", "&", "＆"} & set(text))
    assert digits(clean_text(text)) == digits(text)


@THOROUGH
@given(texts=st.lists(dirty, max_size=3))
def test_a_text_is_cleaned_by_itself(texts):
    assert clean(pl.Series(texts, dtype=pl.String)).to_list() == [clean_text(text) for text in texts]


@THOROUGH
@given(text=dirty)
def test_the_quick_check_overlooks_no_rule(text):
    once = pl.Series([clean_text(text)])
    assert unicode._apply_rules(once).to_list() == once.to_list()


@pytest.mark.parametrize(
    "hostile",
    ["<script>", "<!--", "<a ", "<b>", "<p x=", "&amp;", '<p x="', "</sup", "<sup>1", "?!", "? ", "疼,", " 疼"],
)
def test_hostile_pages_take_no_longer_than_their_length(hostile):
    # Patterns that backtrack would not come back from this within the patience of whoever runs the tests.
    assert len(strip_markup(hostile * 20_000)) <= len(hostile) * 20_000
    once = clean_text(hostile * 2_000)
    assert clean_text(once) == once
