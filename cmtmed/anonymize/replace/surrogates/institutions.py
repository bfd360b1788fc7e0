"""HOSPITAL, ORG and ADDRESS: names that were made up, of the same kind and level."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.detect.lexicon.dictionary import load_words
from cmtmed.anonymize.detect.lexicon.places import load_place_names
from cmtmed.anonymize.replace.surrogates import provinces
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws
from cmtmed.anonymize.replace.surrogates.notation import shaped

_HEADS: Final = "青云岭松溪禾泉枫柳桐霞岚澄沐棠"
_TAILS: Final = "禾岭溪浦汀陵源泽塘渡屿渚麓坪"
_BRANDS: Final = ("瑞禾嘉沐澄安颐宁恒欣睿臻", "禾泽源朗润诺航睦远弘祺颐")
_LEVEL: Final = "省市县区旗镇乡村"
_ORDINAL: Final = "第[一二三四五六七八九十]{1,3}"
_KIND: Final = (
    "医院|中医院|卫生院|卫生服务中心|卫生服务站|诊所|卫生室|卫生所|医务所|门诊部|保健院|保健所|医学中心|医疗中心|体检中心|疗养院|中医馆|国医堂"
    "|国医馆|防治院|防治所|疾控中心|急救中心|月子中心|护理院|第?[一二三四五六七八九十](?:附属?)?院|附院"
)
_CARE: Final = (
    f"{_ORDINAL}|人民|中心|中医药?|中西医结合|附属|儿童|妇幼|妇产|妇科|产科|保健|肿瘤|口腔|眼科|骨科|胸科|男科|肛肠|精神卫生|精神病?"
    "|传染病|皮肤病?|专科|综合|职工|康复|整形|美容|社区|街道|老年病?|医学院|医科|总"
)
_TRADE: Final = (
    f"{_ORDINAL}|科技|技术|机械|实业|贸易|商贸|食品|药业|制药|医药|生物|网络|信息|电子|建筑|装饰|物流|教育|文化|传媒|投资|咨询|服务|工程"
    "|设备|化工|纺织|服装|实验|师范|职业|理工|农业|财经|医科|人民|中心|高级|初级|附属"
)
_BODY: Final = (
    "股份有限公司|有限责任公司|集团有限公司|有限公司|分公司|子公司|公司|集团|大学|学院|中学|小学|幼儿园|[一二三四]中|高中|初中|职高|技校"
    "|研究院|研究所|设计院|工厂|厂|派出所|公安局|教育局|税务局|供电局|银行|支行|事务所|俱乐部|养殖场|煤矿|矿|超市|酒店|宾馆|饭店|出版社"
    "|报社|电视台|法院|检察院|监狱|养老院|敬老院|福利院|基金会|合作社"
)
_HOSPITAL: Final = re.compile(rf"(?P<tail>(?:{_CARE})*(?:{_KIND}))(?:[(（].*|(?P<branch>.*))$")
_ORG: Final = re.compile(rf"(?P<tail>(?:{_TRADE})*(?:{_BODY}))(?P<branch>.*)$")
_ROMAN: Final = "0-9A-Za-z"
_CHINESE: Final = "一二三四五六七八九十百零〇"
_DETAIL: Final = re.compile(
    rf"(?P<number>[{_ROMAN}\-]+|[{_CHINESE}甲乙丙丁]+(?=号|栋|幢|座|单元|楼|层|室|户|组|队|社|弄|巷|期|门|区|段))"
    r"|(?P<name>[^\d\sA-Za-z]{1,8}?)(?P<suffix>特别行政区|自治[州县旗区]|地区|街道|社区|小区|花园|家园|公寓|新村|新苑|花苑|嘉园|大厦|广场|山庄"
    r"|庄园|园区|开发区|家属院|宿舍楼?|大院|村委会|居委会|大街|大道|胡同|[东西南北中]?路|[东西南北]?街(?!道|村)|巷|[市县区旗镇乡村屯寨庄苑])"
    r"|(?P<words>号楼|号院|号|栋|幢|座|单元|门|楼|层|室|户|房间?|村民小组|生产队|小组|组|队|社|弄|条|期|区|段|院|[村镇乡县区]|\s+|#)"
    r"|(?P<rest>.)",
    re.DOTALL,
)


@cache
def _real() -> frozenset[str]:
    return load_place_names() | frozenset(load_words())


def _made_up(heads: str, tails: str, draws: Draws) -> str:
    """Draw two characters that are the name of no known place and no word."""
    while True:
        name = draws.choice(heads) + draws.choice(tails)
        if name[0] != name[1] and name not in _real() and not any(name + level in _real() for level in "市县区镇"):
            return name


def _place(draws: Draws) -> str:
    return _made_up(_HEADS, _TAILS, draws)


def _brand(draws: Draws) -> str:
    return _made_up(*_BRANDS, draws)


def value(text: str) -> str:
    """Return the name in its canonical characters."""
    return re.sub(r"\s", "", canonicalize(text).text)


def make_hospital(text: str, draws: Draws) -> str:
    """Draw a hospital: 邯郸市第一医院 stays a city's first one, 康宁诊所 a clinic with a name."""
    return _body(value(text), _HOSPITAL, "医院", draws)


def make_org(text: str, draws: Draws) -> str:
    """Draw a company, school or other body of the same kind."""
    return _body(value(text), _ORG, "公司", draws)


def _body(name: str, form: re.Pattern[str], kind: str, draws: Draws) -> str:
    found = form.search(name)
    head = name[: found.start()] if found else name
    tail = found["tail"] if found else kind
    branch = (found["branch"] or "") if found else ""
    branch = branch if branch in {"东院", "西院", "南院", "北院", "新院", "老院", "分院", "总院", "本部"} else ""
    begins, _ = provinces.split(head)
    university = re.search("医科大学|中医药大学|大学|医大", head)
    if university:
        return _place(draws) + university[0] + tail + branch
    if head and head[-1] in _LEVEL:
        return _place(draws) + head[-1] + tail + branch
    if begins and begins == head:
        bare = len(tail) <= 2 or tail.endswith(("大学", "学院"))
        return _place(draws) + ("" if bare else "市") + tail + branch
    if begins or re.match(rf".{{2,4}}[{_LEVEL}]", head):
        level = re.match(rf".{{2,4}}?([{_LEVEL}])", head)
        return _place(draws) + (level[1] if level else "") + _brand(draws) + tail + branch
    return _brand(draws) + tail + branch


def make_address(text: str, draws: Draws) -> str:
    """Draw an address level by level; the province, which identifies nobody, stays."""
    name = canonicalize(text).text.strip()
    head, province = provinces.split(name)
    pieces: list[str] = []
    at = 0
    if head and head == province:
        stands = re.match(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区)?", name[len(head) :])
        at = len(head) + (stands.end() if stands else 0)
        pieces.append(name[:at])
        head, _ = provinces.split(name[at:])
    if head and head != province:
        stands = re.match(r"市|地区|州", name[at + len(head) :])
        pieces.append(_place(draws) + (stands[0] if stands else "市"))
        at += len(head) + (stands.end() if stands else 0)
    last = ""
    for found in _DETAIL.finditer(name, at):
        kind = str(found.lastgroup)
        if kind == "number":
            pieces.append(_number(found[0], draws))
        elif kind == "suffix":
            pieces.append(_place(draws) + found["suffix"])
        elif kind == "words":
            pieces.append(found[0])
        elif last != "rest":
            pieces.append(_place(draws))
        last = kind
    return "".join(pieces)


def _number(old: str, draws: Draws) -> str:
    if old[0].isascii():
        return shaped(old, draws, "ABCDEFGH")
    return "".join(char if char in "十百" else draws.choice("一二三四五六七八九") for char in old)
