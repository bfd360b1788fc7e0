"""Text read in the wrong encoding, and literal escapes: repaired where that is certain, counted where it is lost."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import cmtmed
from cmtmed.text.escapes import resolve_escapes
from cmtmed.text.losses import count_removals, find_losses
from cmtmed.text.mojibake import count_lost, has_lost_number, repair_mojibake

CLAUSES = (
    "头痛三天", "咳嗽，有痰", "体温38.5℃", "血压120/80", "请问需要做检查吗？", "您好！", "孩子两岁，发烧了", "每次5毫升，一日三次",
    "建议先查血常规，", "没有过敏史。", "吃了布洛芬", "右下腹疼痛", "医生，我该挂什么科", "白细胞12.5", "睡眠不好", "復診時頭暈",
)  # fmt: skip
chinese = st.lists(st.sampled_from(CLAUSES), min_size=2, max_size=8).map("".join)


def read_as_latin(raw):
    return raw.decode("latin-1")


def read_as_windows(raw):
    return "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in raw)


def read_as_gbk(raw):
    """Read bytes as Windows and browsers read GBK: the byte 0x80 is the euro sign."""
    text, position = "", 0
    while position < len(raw):
        width = 1 if raw[position] <= 0x80 else 2
        text += "€" if raw[position] == 0x80 else raw[position : position + width].decode("gb18030")
        position += width
    return text


MISTAKES = {
    "UTF-8 as Latin-1": lambda text: read_as_latin(text.encode()),
    "UTF-8 as Windows-1252": lambda text: read_as_windows(text.encode()),
    "UTF-8 as GBK": lambda text: read_as_gbk(text.encode()),
    "GBK as Latin-1": lambda text: read_as_latin(text.encode("gb18030")),
    "GBK as Windows-1252": lambda text: read_as_windows(text.encode("gb18030")),
    "twice UTF-8 as Latin-1": lambda text: read_as_latin(read_as_latin(text.encode()).encode()),
    "twice UTF-8 as Windows-1252": lambda text: read_as_windows(read_as_windows(text.encode()).encode()),
    "GBK as Latin-1, then UTF-8 as Latin-1": lambda text: read_as_latin(read_as_latin(text.encode("gb18030")).encode()),
}


@pytest.mark.parametrize("mistake", MISTAKES)
# Not every text can be misread in every way: of odd numbers of bytes, GBK reads few.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(text=chinese)
def test_what_was_misread_is_read_again(mistake, text):
    try:
        misread = MISTAKES[mistake](text)
    except UnicodeDecodeError:
        assume(condition=False)
    # Traditional characters use bytes of GBK that are ASCII, and simplified text never mixes with much of that.
    assume(not mistake.startswith("GBK") or "復診" not in text)
    assert repair_mojibake(misread) == text
    assert repair_mojibake(f"患者：{misread}\n") == f"患者：{text}\n"


@settings(max_examples=100, deadline=None)
@given(text=chinese)
def test_what_was_read_right_stays(text):
    assert repair_mojibake(text) == text
    assert count_lost(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "可以吃菊花枸杞茶。饮食清淡", "血浆予以纾解。目前只要", "Ménière病，größer，construção，província", "手机×××××××××，····，±±±±", "“café…”",
        "刘锟，被开水烫伤，烫烫的", "郭锟斌斤斤计较", "联通，移动", "Pokémon——2号", "复屯镇屯屯村",
    ],
)  # fmt: skip
def test_what_only_looks_misread_stays(text):
    assert repair_mojibake(text) == text
    assert count_lost(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "锟斤拷锟斤拷发烧三天", "烫烫烫烫烫烫烫烫", "屯屯屯屯屯屯", "头痛\ufffd\ufffd三天", "绗�0浣嶆偅鑰呰�磋兏鍙ｉ椃", "浣犲ソ锛?鎴戝ご鐥涗笁澶╀簡锛?",
        "å­©å­å§ä¸å¤©äºï¼æé«ä¸åä",
    ],
)  # fmt: skip
def test_what_is_lost_is_counted(text):
    assert count_lost(repair_mojibake(text)) > 0
    assert find_losses(pl.Series(["好", text, None]))["text"].to_list() == [1]


def test_a_digit_may_be_lost():
    assert has_lost_number("每次0\ufffd5mg")
    assert not has_lost_number("谢谢\ufffd")


@pytest.mark.parametrize(
    ("raw", "resolved"),
    [
        (r"发烧\n两天\r\n咳嗽\t有痰", "发烧\n两天\n咳嗽\t有痰"),
        (r"发烧\\n两天", "发烧\n两天"),
        (r"\u533b\u751f，\ud83d\ude42", "医生，🙂"),
        (r"\\u533b", "医"),
        ("%u533B%u751F", "医生"),
        (r"\xe5\x8c\xbb\xe7\x94\x9f，\xd2\xbd\xc9\xfa", "医生，医生"),
        (r"血压120\/80，他说\"疼\"", '血压120/80，他说"疼"'),
        (r"C:\new，D:\temp，$\nu \times \theta$", r"C:\new，D:\temp，$\nu \times \theta$"),
        (r"100%u，\ud83d", r"100%u，\ud83d"),
        (r'print("结果:\n", x)', r'print("结果:\n", x)'),
    ],
)
def test_escapes(raw, resolved):
    assert resolve_escapes(raw) == resolved


def test_the_public_function_repairs():
    texts = [
        MISTAKES["UTF-8 as Latin-1"]("<p>发烧&nbsp;三天</p>"),
        r"\u53d1\u70e7",
        "&amp;lt;5",
        "&#229;&#164;&#180;&#231;&#151;&#155;",
    ]
    assert cmtmed.normalize(texts) == ["发烧 三天", "发烧", "<5", "头痛"]
    assert cmtmed.normalize(["疼锟斤拷锟斤拷3天"]) == ["疼 3天"]


def test_removals_are_counted_by_reason():
    counts = count_removals(pl.Series(["<p>头痛</p>&nbsp;三天", "头\u200b痛\x00\ufffd", "头痛"]))
    assert counts.rows() == [(0, "markup", 13), (1, "control", 2), (1, "mojibake", 1)]
