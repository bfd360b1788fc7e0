"""Names with rare characters are found as names with common ones are: in every context, and whole."""

from __future__ import annotations

import pytest

from cmtmed.anonymize import find_identifiers
from cmtmed.anonymize.detect.lexicon.rare_characters import is_rare

CONTEXTS = (
    "姓名：{}，孩子发烧三天了", "病人姓名 {}，胸口闷了三天", "患者姓名：{}，女，腰疼了一个月", "我叫{}，今年三十五岁", "我是{}，咳嗽三天",
    "患者{}，男，45岁", "姓名:{} 年龄:33", "我妈妈叫{}，高血压十年", "联系人：{}，在家", "请{}主任看看片子", "{}，男，56岁，胸闷两天",
    "主治医师：{}", "签名：{}", "我爱人{}今年四十岁", "孩子叫{}，两岁了", "病人名字是{}", "患者：{}\n性别：女", "取药人：{}",
)  # fmt: skip
NAMES = ("王頔", "李㛃", "陈小䶮", "刘龑", "张喆", "李堃", "赵翀", "孙𬱖", "周𠅤", "郭𫖯", "李小𬀪", "张德䜣", "王𠮷")


@pytest.mark.parametrize("name", ["赵伟", *NAMES])
def test_names_are_found_whole(name):
    missed = []
    for context in CONTEXTS:
        text = context.format(name)
        start = text.index(name)
        found = [(identifier.start, identifier.end) for identifier in find_identifiers([text])[0]]
        if (start, start + len(name)) not in found:
            missed.append(context)
    assert missed == []


@pytest.mark.parametrize("text", ["腘窝囊肿两年", "䓬类药物", "面色㿠白", "目劄，齘齿", "䗪虫十克", "颧髎穴"])
def test_rare_characters_of_medicine_are_no_names(text):
    assert find_identifiers([text]) == [[]]


def test_what_is_rare():
    assert is_rare("䶮𬱖頔")
    assert not any(map(is_rare, "伟疸腘劄a磺"))
