"""ADDRESS: residences, and places below province level; a bare city mentioned in passing is none.

An address is read forward, level by level (province, city, county, town, village or road, number, estate,
building, unit, room). What counts is which levels are there: a county or anything finer makes it an
address; province and city alone need a word of residence before them.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.lexicon.places import CITIES, PROVINCES, counties, places
from cmtmed.anonymize.lexicon.surnames import COMMON
from cmtmed.anonymize.lexicon.trie import alternation
from cmtmed.anonymize.lexicon.words import is_common, words
from cmtmed.anonymize.recognizer import LABELLED, LIKELY, VALID, Candidate, Pattern, Recognizer

_NUM: Final = r"(?:[0-9]{1,5}|[A-Za-z][0-9]{0,4}|[一二三四五六七八九十百零〇两]{1,5}|[甲乙丙丁])"
_NAME: Final = (
    r"(?:和[平谐睦]|[^\W\d_a-zA-Z的了在去到来从往是有和与或及我你他她它们您咱这那就都也还又再把被让给"
    r"叫说看找问得很太不没要会能可请将向对跟为因所但如果于吗呢吧啊患])"
)
_PROVINCE: Final = rf"{alternation(PROVINCES)}(?:省|市|(?:壮族|回族|维吾尔)?自治区)?"
_CITY: Final = rf"{alternation(CITIES)}(?:市|地区|州)?"
_FINE: Final = re.compile(
    rf"(?P<zone>{_NAME}{{1,8}}?(?:街道办?|开发区|高新区|工业园区?|经济区))?"
    rf"(?P<town>{_NAME}{{1,5}}?(?:镇|乡|苏木|街道|管理区))?"
    rf"(?P<village>{_NAME}{{1,6}}?(?:村委会|村民委员会|(?<![农山乡本])村|屯|寨|庄(?!园)|嘎查|社区"
    rf"|居委会))?(?:{_NUM}(?:村民小组|生产队|小组|组|队|社))?"
    rf"(?P<road>{_NAME}{{1,7}}?(?:大街|大道|胡同|路(?!过|上|边|口)|街(?!道|上|边)|巷(?!子)|弄堂|里弄"
    rf"|马路)(?:[东南西北中一二三四五六七八九]段)?[东西南北]?)?"
    rf"(?P<number>{_NUM}[弄巷条](?:{_NUM}号(?!楼))?|{_NUM}(?:-\d+)?号(?!楼|线)(?:院内?)?)?"
    rf"(?P<estate>{_NAME}{{1,9}}?(?:小区|花园|家园|公寓|新村|新苑|花苑|嘉园|苑|大厦|广场|山庄|庄园|软件园"
    rf"|科技园|产业园|创业园|写字楼|名邸|华府|府邸|家属院|家属楼|宿舍楼?|大院|公馆|新城|雅居|国际城|豪庭|小镇"
    rf"|[一-九]期))?(?:{_NUM}期)?(?:[东西南北]区)?"
    rf"(?P<building>(?:{_NUM}(?:-\d+)?\s?(?:号楼|栋|幢|座|#楼|#)))?\s?"
    rf"(?P<unit>{_NUM}\s?(?:单元|门(?!诊)))?\s?(?P<floor>{_NUM}(?:楼|层))?\s?(?P<room>{_NUM}(?:-\d+)?\s?(?:室"
    rf"|户|房间|房)|(?<=单元)\d{{3,4}}|(?<=[栋幢座楼])\d{{3,4}}|(?<=[栋幢座楼]-)\d{{3,4}})?"
)
_LIVES: Final = (
    r"家住在?|住在|现住址?|居住在|现居住?在?|住址|户籍(?:所在地|地址)?|籍贯|户口(?:所在地|在)?"
    r"|老家在?是?|(?:家庭|联系|收货|通讯|邮寄|收件|寄送|详细|单位|常住|现|邮递)地址|地址|家在|寄到"
    r"|邮寄到|送到|出生地|居住地|所在地|(?<=[我家人们])住"
)
_CUT: Final = re.compile(
    r"(?:家住在?|住在|现住|居住在|户籍|籍贯|老家在?是?|地址[:：是]?|住|位于|来自|家在|寄到|送到|搬到|我们"
    r"|我家|我是|一直|现在|今年|昨天|今天|就在|附近)"
)


def _county_at(text: str, at: int) -> int:
    """Return the end of a known county, district or smaller city that begins at ``at``, or ``at``."""
    known = counties()
    for end in range(min(len(text), at + 10), at + 1, -1):
        if text[end - 1] in "县区旗市镇乡" and text[at:end] in known:
            return end
    return at


_UNKNOWN_COUNTY: Final = re.compile(
    rf"{_NAME}{{1,5}}?(?:自治县|县(?!城|级|医)|(?<!自治)(?<!地)区(?!域)|旗|市(?!场|区|里|民|中心))"
)


def _read(text: str, start: int) -> tuple[int, frozenset[str]]:
    """Read an address forward; return its end and the levels it has."""
    levels = set()
    at = start
    for level, pattern in (("province", _PROVINCE_AT), ("city", _CITY_AT)):
        found = pattern.match(text, at)
        if found:
            levels.add(level)
            at = found.end()
    while (end := _county_at(text, at)) > at:
        levels.add("county")
        at = end
    if levels and "county" not in levels and (found := _UNKNOWN_COUNTY.match(text, at)):
        levels.add("county")
        at = found.end()
    found = _FINE.match(text, at)
    if found and found.end() > at:
        fine = {level for level, value in found.groupdict().items() if value}
        if fine:
            levels |= fine
            at = found.start() + len(found[0].rstrip())
    return at, frozenset(levels)


_PROVINCE_AT: Final = re.compile(_PROVINCE)
_CITY_AT: Final = re.compile(_CITY)
_EXACT: Final = frozenset(("number", "building", "unit", "room"))


def _from_head(found: Candidate) -> Candidate | None:
    """Take what a province or city begins, if it goes below city level."""
    end, levels = _read(found.canonical.text, found.start)
    if levels <= {"province", "city"} or "医院" in found.canonical.text[found.start : end]:
        return None
    if not levels & {"county", "town", "village"} | (levels & _EXACT) and levels.isdisjoint({"road", "estate"}):
        return None
    return found._replace(end=end)


def _from_county(found: Candidate) -> Candidate | None:
    text = found.canonical.text
    last = found.match.end()
    known = counties()
    start = next((at for at in range(max(0, last - 9), last - 1) if text[at:last] in known), None)
    if start is None or text[last - 1] == "市" or text[last : last + 1] in "域划":
        return None
    end, _ = _read(text, start)
    return found._replace(start=start, end=max(end, last))


def _residence(found: Candidate) -> Candidate | None:
    """After a word of residence a city is enough, and an unknown village is believed."""
    text = found.canonical.text
    start = found.match.end()
    end, levels = _read(text, start)
    if not levels or levels in ({"province"}, {"floor"}):
        return None
    if levels <= {"room", "floor", "building"} and not levels & {"building"}:
        return None
    if found.match[0].strip() == "住" and levels <= {"city", "province"}:
        return None
    # 家住农村, 住在同一间宿舍: one level, and its words are those of the language.
    if (
        levels <= {"village", "estate", "town", "road"}
        and len(levels) == 1
        and (is_common(text[start:end]) or is_common(text[start : start + 2]))
    ):
        return None
    return found._replace(start=start, end=end)


def _from_details(found: Candidate) -> Candidate | None:
    """Extend building, unit and room leftwards over the estate and road they belong to."""
    text = found.canonical.text
    start = found.start
    run = re.search(rf"{_NAME}{{2,12}}$", text[max(0, start - 12) : start])
    if run:
        head = _CUT.split(run[0])[-1]
        begin = start - len(head)
        begin = _after_verbs(text, begin, start)
        if start - begin >= 2:
            start = begin
    return found._replace(start=start)


def _after_verbs(text: str, begin: int, end: int) -> int:
    """Skip words at the left of an estate's name that belong to the sentence."""
    lexicon = words()
    at = begin
    while at < end:
        for length in (4, 3, 2):
            entry = lexicon.get(text[at : at + length]) if at + length <= end - 2 else None
            if entry and entry[0].startswith(("v", "d", "p", "c", "r", "t", "f")):
                at += length
                break
        else:
            return at
    return at


_SURNAME: Final = "".join(sorted(COMMON))
_DIGIT: Final = "0-9一二三四五六七八九十百零〇"
_BLOCK: Final = rf"{_NUM}\s?(?:号楼|栋|幢|座|#楼)"
_DOOR: Final = rf"{_NUM}\s?(?:单元|门(?!诊))"
_ROOM: Final = rf"(?:{_NUM}\s?(?:室|户|房)|(?<![0-9])\d{{3,4}}(?![0-9]))"


def _village(found: Candidate) -> Candidate | None:
    name = found.value
    word = is_common(name) or (name[1] != "家" and is_common(name[:2]))
    return None if word or name in places() or found.before(1) == "石" else found


RECOGNIZER: Final = Recognizer(
    type="ADDRESS",
    patterns=(
        Pattern(
            re.compile(rf"(?:{_PROVINCE}|{_CITY})(?=[\u4e00-\u9fff])"),
            VALID,
            check=_from_head,
            hint=alternation((*PROVINCES, *CITIES)),
        ),
        Pattern(
            re.compile(r"(?<=[\u4e00-\u9fff])[县区旗镇乡]"),
            LIKELY,
            check=_from_county,
            hint=(
                r"[^地社病疫山郊市城灾前脏区院诊心脑肺肝胃牧景园小专战特误盲全各这该本外死骶尾腹胸额颞顶枕底白红时]区"
                r"|[^郡知在到去是个各的一本我该县省]县|[^一二三四五六七八九十旌锦红]旗|[^冰乡]镇[^静痛咳定江]"
                r"|[^家老故他城下的]乡"
            ),
        ),
        Pattern(
            re.compile(rf"(?:{_LIVES})(?:就?是|为|在)?\s?[:：]?\s?(?=[\u4e00-\u9fffA-Z0-9])"),
            LABELLED,
            check=_residence,
            hint=_LIVES.replace("(?<=", "(?:"),
        ),
        Pattern(
            re.compile(
                rf"(?:{_NUM}\s?[期区])?{_BLOCK}\s?(?:{_DOOR})?\s?(?:{_NUM}[楼层])?\s?{_ROOM}"
                rf"|{_BLOCK}\s?{_DOOR}(?:\s?{_ROOM})?|{_DOOR}\s?{_ROOM}"
            ),
            VALID,
            check=_from_details,
            hint=rf"[{_DIGIT}A-Z]\s?(?:号楼|栋|幢|座|单元|#楼|门[{_DIGIT}])",
        ),
        Pattern(
            re.compile(
                rf"{_NAME}{{1,6}}(?:大街|大道|胡同|路|街|巷)"
                rf"(?:[东南西北中一二三四五六七八九]段)?[{_DIGIT}]{{1,6}}(?:-\d+)?号(?:院)?(?!线|文|令)"
                rf"(?:{_NAME}{{2,8}}?(?:小区|花园|家园|公寓|大厦|广场|苑))?"
            ),
            LIKELY,
            hint=rf"[路街巷道同段]\s?[{_DIGIT}]{{1,6}}号",
        ),
        Pattern(
            re.compile(
                rf"(?:[{_SURNAME}]家|[{_SURNAME}]{{2}})[东西南北前后上下大小]?(?:庄村?|屯村?|寨村?|湾村|沟村"
                rf"|坡村|营村|洼村|集村|店村|铺村|堡村|村)(?!民|干部|医)(?:{_NUM}[组队社])?"
            ),
            LIKELY,
            check=_village,
            hint=rf"[{_SURNAME}](?:家|[{_SURNAME}])[东西南北前后上下大小]?[庄屯寨湾沟坡营洼集店铺堡村]",
        ),
    ),
    examples=(
        "家住⟦河北省邯郸市永年县临洺关镇东街村⟧",
        "我住在⟦成都市武侯区科华北路12号3栋2单元501室⟧",
        "地址：⟦北京市朝阳区建国路88号院3号楼1201室⟧",
        "⟦阳光花园3栋2单元501室⟧",
        "我们⟦永年县⟧这边",
        "老家在⟦石家庄⟧",
    ),
    lookalikes=(
        "我在北京看过",
        "上海的医院",
        "农村地区常见",
        "心前区疼痛",
        "小区里有人感染",
        "住院部3楼",
        "海拔高的山区",
        "住院10天",
        "2号楼做检查",
    ),
)
