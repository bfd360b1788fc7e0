"""HOSPITAL, ORG and ADDRESS: invented names of the same category and administrative level."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.detect.lexicon.dictionary import load_words
from cmtmed.anonymize.detect.lexicon.places import load_place_names
from cmtmed.anonymize.replace.surrogates import provinces
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom
from cmtmed.anonymize.replace.surrogates.notation import draw_same_shape

_PLACE_FIRST: Final = "青云岭松溪禾泉枫柳桐霞岚澄沐棠"
_PLACE_LAST: Final = "禾岭溪浦汀陵源泽塘渡屿渚麓坪"
_BRANDS: Final = ("瑞禾嘉沐澄安颐宁恒欣睿臻", "禾泽源朗润诺航睦远弘祺颐")
_LEVELS: Final = "省市县区旗镇乡村"
_ORDINAL: Final = "第[一二三四五六七八九十]{1,3}"
_HOSPITAL_CATEGORY: Final = (
    "医院|中医院|卫生院|卫生服务中心|卫生服务站|诊所|卫生室|卫生所|医务所|门诊部|保健院|保健所|医学中心|医疗中心|体检中心|疗养院|中医馆|国医堂"
    "|国医馆|防治院|防治所|疾控中心|急救中心|月子中心|护理院|第?[一二三四五六七八九十](?:附属?)?院|附院"
)
_HOSPITAL_SPECIALTY: Final = (
    f"{_ORDINAL}|人民|中心|中医药?|中西医结合|附属|儿童|妇幼|妇产|妇科|产科|保健|肿瘤|口腔|眼科|骨科|胸科|男科|肛肠|精神卫生|精神病?"
    "|传染病|皮肤病?|专科|综合|职工|康复|整形|美容|社区|街道|老年病?|医学院|医科|总"
)
_ORG_FIELD: Final = (
    f"{_ORDINAL}|科技|技术|机械|实业|贸易|商贸|食品|药业|制药|医药|生物|网络|信息|电子|建筑|装饰|物流|教育|文化|传媒|投资|咨询|服务|工程"
    "|设备|化工|纺织|服装|实验|师范|职业|理工|农业|财经|医科|人民|中心|高级|初级|附属"
)
_ORG_CATEGORY: Final = (
    "股份有限公司|有限责任公司|集团有限公司|有限公司|分公司|子公司|公司|集团|大学|学院|中学|小学|幼儿园|[一二三四]中|高中|初中|职高|技校"
    "|研究院|研究所|设计院|工厂|厂|派出所|公安局|教育局|税务局|供电局|银行|支行|事务所|俱乐部|养殖场|煤矿|矿|超市|酒店|宾馆|饭店|出版社"
    "|报社|电视台|法院|检察院|监狱|养老院|敬老院|福利院|基金会|合作社"
)
_HOSPITAL: Final = re.compile(
    rf"(?P<tail>(?:{_HOSPITAL_SPECIALTY})*(?:{_HOSPITAL_CATEGORY}))(?:[(（].*|(?P<branch>.*))$"
)
_ORG: Final = re.compile(rf"(?P<tail>(?:{_ORG_FIELD})*(?:{_ORG_CATEGORY}))(?P<branch>.*)$")
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
def _known_names() -> frozenset[str]:
    return load_place_names() | frozenset(load_words())


def _draw_invented_name(first_chars: str, last_chars: str, random: KeyedRandom) -> str:
    """Draw two characters that are neither the name of a known place nor a word."""
    while True:
        name = random.choice(first_chars) + random.choice(last_chars)
        is_known = name in _known_names() or any(name + level in _known_names() for level in "市县区镇")
        if name[0] != name[1] and not is_known:
            return name


def _draw_place(random: KeyedRandom) -> str:
    return _draw_invented_name(_PLACE_FIRST, _PLACE_LAST, random)


def _draw_brand(random: KeyedRandom) -> str:
    return _draw_invented_name(*_BRANDS, random)


def normalize_name(text: str) -> str:
    """Return the name in its canonical characters."""
    return re.sub(r"\s", "", canonicalize(text).text)


def draw_hospital(text: str, random: KeyedRandom) -> str:
    """Draw a hospital: 邯郸市第一医院 stays the first hospital of a city, 康宁诊所 a clinic with a name."""
    return _draw_institution(normalize_name(text), _HOSPITAL, "医院", random)


def draw_org(text: str, random: KeyedRandom) -> str:
    """Draw a company, school or other organisation of the same category."""
    return _draw_institution(normalize_name(text), _ORG, "公司", random)


def _draw_institution(name: str, pattern: re.Pattern[str], default_tail: str, random: KeyedRandom) -> str:
    """Replace the proper name of an institution; its category, level and branch stay.

    Args:
        name: in canonical characters.
        pattern: with the groups ``tail`` and ``branch``.
        default_tail: the category where the name does not say it.
        random: makes the choices.
    """
    match = pattern.search(name)
    head = name[: match.start()] if match else name
    tail = match["tail"] if match else default_tail
    branch = (match["branch"] or "") if match else ""
    branch = branch if branch in {"东院", "西院", "南院", "北院", "新院", "老院", "分院", "总院", "本部"} else ""
    region, _ = provinces.find_province(head)
    university = re.search("医科大学|中医药大学|大学|医大", head)
    if university:
        return _draw_place(random) + university[0] + tail + branch
    if head and head[-1] in _LEVELS:
        return _draw_place(random) + head[-1] + tail + branch
    if region and region == head:
        needs_no_level = len(tail) <= 2 or tail.endswith(("大学", "学院"))
        return _draw_place(random) + ("" if needs_no_level else "市") + tail + branch
    if region or re.match(rf".{{2,4}}[{_LEVELS}]", head):
        level = re.match(rf".{{2,4}}?([{_LEVELS}])", head)
        return _draw_place(random) + (level[1] if level else "") + _draw_brand(random) + tail + branch
    return _draw_brand(random) + tail + branch


def draw_address(text: str, random: KeyedRandom) -> str:
    """Draw an address level by level; the province, which identifies nobody, stays."""
    name = canonicalize(text).text.strip()
    head, province = provinces.find_province(name)
    levels: list[str] = []
    position = 0
    if head and head == province:
        suffix = re.match(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区)?", name[len(head) :])
        position = len(head) + (suffix.end() if suffix else 0)
        levels.append(name[:position])
        head, _ = provinces.find_province(name[position:])
    if head and head != province:
        suffix = re.match(r"市|地区|州", name[position + len(head) :])
        levels.append(_draw_place(random) + (suffix[0] if suffix else "市"))
        position += len(head) + (suffix.end() if suffix else 0)
    previous_group = ""
    for match in _DETAIL.finditer(name, position):
        group = str(match.lastgroup)
        if group == "number":
            levels.append(_draw_number(match[0], random))
        elif group == "suffix":
            levels.append(_draw_place(random) + match["suffix"])
        elif group == "words":
            levels.append(match[0])
        elif previous_group != "rest":
            levels.append(_draw_place(random))
        previous_group = group
    return "".join(levels)


def _draw_number(old: str, random: KeyedRandom) -> str:
    if old[0].isascii():
        return draw_same_shape(old, random, "ABCDEFGH")
    return "".join(char if char in "十百" else random.choice("一二三四五六七八九") for char in old)
