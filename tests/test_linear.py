"""Work grows with the text and no faster, whatever the text repeats.

Hostile and careless texts repeat what the rules look for: the suffix of a road, the beginning of an address, a label
without a value, a quote that nothing closes. Each such unit is grown and the calls are counted, not the seconds.
"""

from __future__ import annotations

import json

import polars as pl
import pytest

import cmtmed
from cmtmed.anonymize import find
from cmtmed.io.read import read_file
from cmtmed.source import Source
from tests.support.work import find_growth

CHARACTERS = [
    *"路村区县镇乡街巷号栋室组省市院医药您好我他的了在和吗吧！？。，；：“”（）【】…—·王李欧一十年月日岁 \t\n\u3000aZ019_-+=.:/\\@#&*()[]{}<>|\"'`~"
]
PLACES = [
    "小区",
    "花园",
    "村委会",
    "社区",
    "1号",
    "3栋",
    "2单元",
    "101室",
    "北京市",
    "四川省成都市",
    "建设路",
    "朝阳区建设路1号",
    "人民医院",
    "附属医院",
    "公司",
    "诊所",
    "第一",
]
PEOPLE = [
    "王医生",
    "李主任",
    "王建国",
    "我叫王",
    "姓名：",
    "患者：",
    "医生:",
    "问：答：",
    "欧阳",
    "买买提·",
    "谢谢王医生，",
]
NUMBERS = [
    "138",
    "1 3 8 ",
    "1-",
    "0-",
    "1.",
    "a@",
    "a.",
    "www.",
    "http://",
    "https://a.b/",
    "192.168.",
    "1：",
    "2023年",
    "1月1日",
    "九十二岁",
    "92岁",
    "13800138000，",
    "微信：",
    "身份证号：",
    "病历号",
    "京A",
]
MARKUP = [
    "<b>",
    "<",
    "</",
    "<a href=",
    "<a href='x' ",
    "<!--",
    "&",
    "&#",
    "&nbsp;",
    "<div>",
    "<p>a</p>",
    "<pre>",
    "<sup>2</sup>",
    "<br>",
    "\\u",
    "\\n",
]
ASKING = [
    "吗？",
    "多久了？",
    "有没有",
    "是不是",
    "请问",
    "还是",
    "？？",
    "谢谢",
    "您好，",
    "祝您早日康复",
    "仅供参考",
    "[图片]",
    "点击关注",
    "病情描述：",
    "症状：",
    "1、",
    "（1）",
    "##",
    "| a ",
    "\u200d",
    "a\u0301",
    "Ã¤",
    "\ufffd",
]
UNITS = [*CHARACTERS, *PLACES, *PEOPLE, *NUMBERS, *MARKUP, *ASKING]
PREFIXES = ("", "我叫", "家住", "http://", "<a ")


def repeat(unit, size):
    return (unit * (size // len(unit) + 1))[:size]


FUNCTIONS = {
    "find_identifiers": lambda text: cmtmed.find_identifiers([text]),
    "find_inquiries": lambda text: cmtmed.find_inquiries([text]),
    "normalize": lambda text: cmtmed.normalize([text]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_texts_are_linear(name):
    growths = {}
    for number, unit in enumerate(UNITS):
        prefix = PREFIXES[number % len(PREFIXES)]
        growth = find_growth(FUNCTIONS[name], lambda size, p=prefix, u=unit: p + repeat(u, size), 200)
        if growth:
            growths[prefix, unit] = growth
    assert not growths


def test_a_dialogue_full_of_names_and_numbers_is_linear():
    def search(texts):
        return find(pl.Series(texts), pl.Series([0] * len(texts)))

    def make(size):
        return [f"我叫王建{chr(0x4E00 + 7 * number)}，电话13{number:09d}" for number in range(size)]

    assert not find_growth(search, make, 40)


FILES = {
    "transcript.txt": lambda text: f"患者：{text}\n医生：多久了？\n",
    "header.txt": lambda text: f"科室：{text}x\n患者：头痛\n医生：多久了？\n",
    "lines.txt": lambda text: f"{text}\n患者：头痛\n医生：多久了？\n",
    "rows.csv": lambda text: f"question,answer\n头痛,多喝水\n{text}\n",
    "cell.csv": lambda text: 'question,answer\n头痛,多喝水\n"{}",好\n'.format(text.replace('"', '""')),
    "page.html": lambda text: f"<html><body><p>患者：{text}</p><p>医生：多久了？</p></body></html>",
    "values.json": lambda text: text,
    "text.jsonl": lambda text: json.dumps({"text": f"患者：{text}\n医生：好"}) + '\n{"text": "a"}\n',
    "broken.jsonl": lambda text: '{"question":"a","answer":"b"}\n{"question":"' + text + '","answer":"b"}\n' * 2,
}
READ_UNITS = [
    "患者：", "患者：头痛\n", "患者：头痛\n医生：多久\n", "科室：", " ", "　", "\t", "\n", "\r\n", '"', '""', "a,b\n", 'a,"b\n', 'a,"b",\n',
    "<div>", "<a href=", "<!--", "<p>a</p>", "&", "{", "[", '{"a":', "}", "\\", "'", ",", "---\n", "### 患者\n", "1、患者：a\n",
    "【患者】", "[INST]", "<|user|>", "2023-01-01 10:00 患者\n", "A：", "甲：a\n乙：b\n", "//", "\0", "。",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_readers_are_linear(tmp_path, name):
    path = tmp_path / name

    def read(text):
        path.write_text(FILES[name](text), encoding="utf-8")
        return sum(batch.dialogues.height for batch in read_file(path, [Source(name="s")]))

    growths = {
        unit: growth for unit in READ_UNITS if (growth := find_growth(read, lambda size, u=unit: repeat(u, size), 400))
    }
    assert not growths
