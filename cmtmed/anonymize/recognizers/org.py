"""ORG: employers, schools and other bodies that place a person; authorities of the whole country do not."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.institutions import start_of_name
from cmtmed.anonymize.recognizer import LIKELY, VALID, Candidate, Pattern, Recognizer

_KIND: Final = (
    "有限责任公司|股份有限公司|集团有限公司|有限公司|分公司|子公司|公司|集团|大学|学院|中学|小学"
    "|幼儿园|一中|二中|三中|四中|高中|初中|职高|技校|研究院|研究所|设计院|工厂|厂|派出所|公安局"
    "|教育局|税务局|供电局|银行|支行|事务所|俱乐部|养殖场|煤矿|矿|超市|酒店|宾馆|饭店|出版社|报社"
    "|电视台|法院|检察院|监狱|养老院|敬老院|福利院|基金会|合作社"
)
_WORKS: Final = re.compile(
    r"(?:在|是|于|叫|单位[:：是]?|公司[:：是]|就职|任职|供职|毕业|就读|上班|工作"
    r"|学校[:：是]?)[^,，。“”\"：:;；、\s]{0,6}$"
)


def _named(found: Candidate) -> Candidate | None:
    """Short kinds (厂, 矿, 银行) end too many common words to stand without a place of work before them."""
    start, proper = start_of_name(found.canonical.text, found.start, any_word=True)
    if not proper or re.match(r"医院|附属|第[一二三四五六]医|教授|生[^命活物长]", found.after(3)):
        return None
    text = found.canonical.text
    name = found._replace(start=start)
    if (
        found.value.endswith(("公司", "大学", "学院", "中学", "小学", "幼儿园", "研究所", "研究院", "派出所"))
        and found.start - start >= 2
    ):
        return name.rated(VALID if found.value.endswith("公司") else LIKELY)
    return (
        name.rated(0.6)
        if _WORKS.search(text[:start][-16:]) or _WORKS.search(text[max(0, start - 16) : start])
        else None
    )


def _employer(found: Candidate) -> Candidate | None:
    return found if _WORKS.search(found.before(12)) else None


RECOGNIZER: Final = Recognizer(
    type="ORG",
    shared_hint=rf"{_KIND.replace('|厂|', '|[^工出药]厂|').replace('|矿|', '|[煤铁金铜]矿|')}",
    patterns=(
        Pattern(
            re.compile(
                r"(?:中国)?(?:工商|农业|建设|招商|交通|邮政储蓄|民生|中信|光大|浦发|兴业"
                r"|人民)银行(?:[\u4e00-\u9fff]{2,4}[支分]行)?"
            ),
            LIKELY,
            check=_employer,
        ),
        Pattern(
            re.compile(rf"(?:{_KIND})(?:[\u4e00-\u9fff]{{2,6}}分公司|[\u4e00-\u9fff]{{2,4}}支行)?"),
            LIKELY,
            check=_named,
        ),
    ),
    examples=(
        "我在⟦华为公司⟧上班",
        "⟦邯郸市永兴机械有限公司⟧的员工",
        "在⟦阳光小学⟧读三年级",
        "毕业于⟦河北大学⟧",
    ),
    lookalikes=("我们公司体检", "上大学时开始的", "保险公司", "小学三年级", "一家医药公司", "去银行取钱"),
)
