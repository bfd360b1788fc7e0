"""ORG: employers, schools and other bodies that narrow down who a person is; nationwide authorities do not."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, load_words
from cmtmed.anonymize.detect.names.addresses import NAME_UNIT
from cmtmed.anonymize.detect.names.institutions import find_name_start
from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, VALID, Candidate, Pattern, Recognizer
from cmtmed.text.han import HAN

_TYPE_WORDS: Final = (
    "有限责任公司|股份有限公司|集团有限公司|有限公司|分公司|子公司|公司|集团|职业技术学院|大学|学院|高级中学|中学|小学"
    "|幼儿园|托儿所|[一二三四五六七八]中(?!学|医|心|毒|风)|高中|初中|职高|职中|技校|中专|学校|培训中心|研究院|研究所|设计院|勘探院|工厂"
    f"|[{HAN}]{{0,2}}厂|派出所|公安局|交警队|消防队|消防大队|消防支队|救援队|工程处|工程局|工程队|大队|支队|中队|教育局|税务局|供电局|水务局"
    "|卫健局|民政局|林业局|邮政局|铁路局|[工农建交]行|银行|(?<!慢)支行|信用社|事务所|俱乐部|健身房|养殖场|农场|林场|煤矿|金矿|铁矿|矿|超市|商场|商城|酒店|宾馆|饭店"
    "|餐厅|火锅店|大药房|药房|药店|药行|出版社|报社|电视台|法院|检察院|监狱|看守所|戒毒所|养老院|敬老院|福利院|托养中心|养老中心|托老所|护老院|月嫂中心|基金会"
    "|合作社|居委会|村委会|街道办|物业公司|物业|服务部|经营部|营业部|保险公司|人寿|车间|工地|项目部|协会|商会|工作室|建材城|批发市场|加油站|收费站|服务区"
)
_WORK_BEFORE: Final = re.compile(
    r"(?:在|是|于|叫|单位[:：是]?|公司[:：是]|就职|任职|供职|毕业|就读|上班|工作"
    r"|学校[:：是]?)[^,，。“”\"：:;；、\s]{0,6}$"
)


_CERTAIN_TYPES: Final = (
    "公司", "大学", "学院", "中学", "小学", "幼儿园", "研究所", "研究院", "派出所", "学校", "监狱", "养老院", "敬老院",
    "福利院", "托养中心", "救援队", "俱乐部", "居委会", "大药房", "药房", "支行", "设计院", "工程处", "工程局",
    "地质大队", "农场", "林场", "合作社", "事务所", "技校", "服务部",
)  # fmt: skip
"""Types of body whose names need no word of work beside them."""
_GENERIC_HEAD: Final = re.compile(
    "^(?:某|各|每|本|该|那|这|哪|我|你|他|大|小|正规|师范|医药|制药|药|保险|家政|物业|软件|互联网|附近|连锁|网上|当地|社区|公立|私立|重点)"
)


def _check_name(candidate: Candidate) -> Candidate | None:
    """Extend the type word (公司) leftwards over the name of the body.

    Short type words (厂, 矿, 银行) end too many common words to be accepted without a word of work beside them.
    """
    text = candidate.canonical.text
    start, has_proper_name = find_name_start(text, candidate.start, any_word=True)
    is_hospital = re.match(r"医院|附属|第[一二三四五六]医|教授|生[^命活物长]", candidate.text_after(3))
    if is_hospital or "医院" in text[start : candidate.start]:
        return None
    has_work_before = bool(_WORK_BEFORE.search(text[max(0, start - 16) : start]))
    has_work_after = bool(_WORK_AFTER.match(text, candidate.end))
    if not has_proper_name:
        # 我在富力达电子厂上班: after a word of work the name may be anything but an ordinary word.
        name = re.search(
            rf"(?:在|是|于|叫|单位[:：]|就职|任职|毕业于)({NAME_UNIT}{{2,8}})$",
            text[max(0, candidate.start - 12) : candidate.start],
        )
        if name is None or is_common_word(name[1]) or _GENERIC_HEAD.match(name[1]) or not has_work_after:
            return None
        return candidate._replace(start=candidate.start - len(name[1]), confidence=0.6)
    extended = candidate._replace(start=start)
    if _GENERIC_HEAD.match(text[start : candidate.end]):
        return None
    has_long_name = candidate.start - start >= 2
    if candidate.value.endswith(_CERTAIN_TYPES) and has_long_name:
        return extended.with_confidence(VALID if candidate.value.endswith("公司") else LIKELY)
    return extended.with_confidence(0.6) if has_work_before or (has_work_after and has_long_name) else None


_WORK_AFTER: Final = re.compile(
    "上班|工作|当|做[^手]|打工|打螺丝|的?(?:员工|职工|工人|老师|教师|学生|司机|保安|会计|护理员|教练|狱警|民警|柜员|退休|师傅|厨师|经理|老板|队员)|读书|上学|念书|读|实习|体检"
    "|团检|好几个人|职业病|退休|下岗|集体|宿舍|食堂|组织|统一|送来"
)


_COMPANIES: Final = (
    "比亚迪|海底捞|富士康|华为|腾讯|阿里巴巴|阿里|百度|京东|美团|滴滴|字节跳动|小米|格力|海尔|美的|联想|宁德时代|蔚来|理想汽车|特斯拉|中石化|中石油|国家电网"
    "|中建[一二三四五六七八]局|中铁[一二三四五六七八九十]{1,3}局|顺丰|圆通|中通|韵达|肯德基|麦当劳|星巴克|沃尔玛|永辉|万达|万科|恒大|碧桂园|中兴|京东方|立讯精密|蓝思科技"
)
"""Well-known companies; their employees say no more than the name."""


def _check_employer_name(candidate: Candidate) -> Candidate | None:
    """Accept what follows 单位：, unless it is a word, a sentence or an identifier of another type."""
    name = candidate.value
    if (
        is_common_word(name)
        or re.search(r"[的了是有在]|体检|医院|诊所|组织|要求|同事|宿舍|食堂|领导", name)
        or _GENERIC_HEAD.match(name)
    ):
        return None
    is_linked = re.search("[:：是叫为]$", candidate.canonical.text[: candidate.start].rstrip())
    return candidate if is_linked else candidate.with_confidence(0.3)


_TYPE_SUFFIX: Final = re.compile(rf"(?:{_TYPE_WORDS}|[厂校园店院局所社行队部站馆城学]|中心|集团|基地)$")


def _check_workplace(candidate: Candidate) -> Candidate | None:
    """Require a proper name: 在宏达电子厂上班 names a factory, 在电子厂上班 only a trade."""
    name = candidate.value
    if re.search("医院|诊所|卫生[院室所]|网站|正规", name) or _GENERIC_HEAD.match(name):
        return None
    stem, lexicon, has_proper_name = _TYPE_SUFFIX.sub("", name), load_words(), False
    position = 0
    while position < len(stem):
        length = next(
            (
                size
                for size in (5, 4, 3, 2)
                if stem[position : position + size] in lexicon and position + size <= len(stem)
            ),
            1,
        )
        tag = lexicon.get(stem[position : position + length], ("", 0))[0]
        has_proper_name |= length == 1 or tag.startswith(("nr", "ns", "nt", "nz"))
        position += length
    return candidate if has_proper_name and len(stem) >= 2 else None


def _check_bank(candidate: Candidate) -> Candidate | None:
    """Accept a bank only as a place of work."""
    return candidate if _WORK_BEFORE.search(candidate.text_before(12)) else None


# The same types without lookaround, which Polars does not support.
_HINT: Final = (
    re.sub(r"\(\?<?!.*?\)", "", _TYPE_WORDS)
    .replace(rf"|[{HAN}]{{0,2}}厂|", "|[^工出药]厂|")
    .replace("|矿|", "|[煤铁金铜]矿|")
)

RECOGNIZER: Final = Recognizer(
    type="ORG",
    shared_hint=_HINT,
    patterns=(
        Pattern(
            re.compile(
                r"(?:中国)?(?:工商|农业|建设|招商|交通|邮政储蓄|民生|中信|光大|浦发|兴业"
                rf"|人民)银行(?:[{HAN}]{{2,4}}[支分]行)?"
            ),
            LIKELY,
            check=_check_bank,
        ),
        Pattern(
            re.compile(
                rf"(?:工作单位|单位|公司|学校)(?:是|叫|为|[:：]|名称[:：])?\s?(?P<value>{NAME_UNIT}{{2,12}})(?=[,，。;；、\s]|$)"
            ),
            LABELLED,
            check=_check_employer_name,
            hint="(?:工作单位|单位|公司|学校)(?:是|叫|为|[:：]|名称[:：])?",
        ),
        Pattern(
            re.compile(
                rf"在(?P<value>{NAME_UNIT}{{3,14}}?(?:厂|公司|校|园|店|院|局|所|社|行|队|部|中心|集团|站|馆|城|学|酒店|超市|银行|车间|基地))"
                r"(?=上班|工作|打工|当[老会司保工护]|做[会保护司厨工]|读书|上学|念书|读[一二三四五六高初大]|实习|任职|就职|教书|开车)"
            ),
            LIKELY,
            check=_check_workplace,
            hint="[厂司校园店院局所社行队部心团站馆城学市间地](?:上班|工作|打工|当|做|读|上学|念书|实习|任职|就职|教书|开车)",
        ),
        Pattern(
            re.compile(
                rf"(?:{_COMPANIES})(?=[{HAN}]{{0,4}}?(?:{_WORK_AFTER.pattern}))|(?<=[在于给])(?:{_COMPANIES})(?=[做当送开跑搬])"
            ),
            LIKELY,
            hint=_COMPANIES,
        ),
        Pattern(
            re.compile(rf"(?:{_TYPE_WORDS})(?:[{HAN}]{{2,6}}分公司|[{HAN}]{{2,4}}支行)?"),
            LIKELY,
            check=_check_name,
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
