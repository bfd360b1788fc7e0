"""ADDRESS: residences, and places below province level; a bare city mentioned in passing is none.

An address is read forward, level by level (see `cmtmed.anonymize.detect.names.addresses`). What counts is which levels
it has: a known county, two levels of unknown places or a door make it an address; a single unknown town must stand
where places stand; province and city alone need a word of residence before them.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, splits_word
from cmtmed.anonymize.detect.lexicon.places import CITIES, PROVINCES, load_counties, load_place_names
from cmtmed.anonymize.detect.lexicon.surnames import PLAIN_SURNAMES
from cmtmed.anonymize.detect.names.addresses import (
    DOOR_LEVELS,
    NAME_CHARACTER,
    NAME_UNIT,
    NAMED_LEVELS,
    NUMBER,
    find_place_name_start,
    is_ordinary_word,
    read_address,
)
from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, VALID, Candidate, Pattern, Recognizer

_LIVES: Final = (
    r"家住在?|住在|现住址?|居住在|现居住?在?|住址|户籍(?:所在地|地址)?|籍贯|户口(?:所在地|在)?|租住[于在]?"
    r"|(?:老家|娘家|婆家)在?是?|(?:家庭|联系|收货|通讯|邮寄|收件|寄送|详细|单位|常住|现|邮递|取件|配送|上门|快递|收药)地址|地址|家在|寄到"
    r"|邮寄到|送到|出生地|居住地|所在地|原籍|(?<=[我家人们])住"
)
_OTHER: Final = re.compile("医院|诊所|卫生[院室]|公司|学校|大学|中学|小学|医科")


def _found(found: Candidate, start: int, end: int, confidence: float | None = None) -> Candidate | None:
    """Take a span unless it reaches into the name of an institution, which is a type of its own."""
    text = found.canonical.text
    if _OTHER.search(text[start:end]) or end <= start:
        return None
    return found._replace(start=start, end=end, confidence=found.confidence if confidence is None else confidence)


def _from_head(found: Candidate) -> Candidate | None:
    """Take what a province or city begins, if it goes below city level."""
    got = read_address(found.canonical.text, found.start)
    levels = set(got.levels)
    if levels.isdisjoint(NAMED_LEVELS) and levels.isdisjoint(DOOR_LEVELS):
        return None
    return _found(found, found.start, got.end)


def _from_county(found: Candidate) -> Candidate | None:
    """Take a known county, and what follows it."""
    text = found.canonical.text
    last = found.match.end()
    known = load_counties()
    start = next((at for at in range(max(0, last - 9), last - 1) if _is_county(text[at:last], known)), None)
    if start is None or text[last - 1] == "市" or text[last : last + 1] in "域划":
        return None
    # 梅|林县: a character that no word before it claims belongs to the name.
    if last - start == 2 and start and re.match(NAME_UNIT, text[start - 1]) and not splits_word(text, start, last):
        before = find_place_name_start(text, start + 1, reach=3)
        start = before if start - before == 1 else start
    return _found(found, start, max(read_address(text, start).end, last))


def _is_county(name: str, known: frozenset[str]) -> bool:
    return name != "自治区" and (name in known or (len(name) > 2 and name[-1] in "区市" and f"{name[:-1]}县" in known))


def _residence(found: Candidate) -> Candidate | None:
    """After a word of residence a city is enough, and an unknown village is believed."""
    text = found.canonical.text
    start = found.match.end()
    end, told = read_address(text, start, is_name_start=True)
    levels = set(told)
    if not levels or levels in ({"province"}, {"floor"}, {"section"}, {"group"}):
        return None
    if levels <= {"room", "floor", "building", "section"} and "building" not in levels:
        return None
    if found.match[0].strip() == "住" and levels <= {"city", "province"}:
        return None
    # 家住农村, 住在同一间宿舍: one level, and its words are those of the language.
    if (
        len(told) == 1
        and levels <= NAMED_LEVELS
        and (is_ordinary_word(text[start:end]) or is_ordinary_word(text[start : start + 2]))
    ):
        return None
    return _found(found, start, end)


def _from_levels(found: Candidate) -> Candidate | None:
    """Take two levels of unknown places that follow one another, or one that leads to a door."""
    text = found.canonical.text
    start = find_place_name_start(text, found.match.start("suffix"))
    if start >= found.match.start("suffix"):
        return None
    end, told = read_address(text, start, is_name_start=True)
    levels = set(told)
    local = [level for level in told if level in NAMED_LEVELS]
    if end <= found.match.end("suffix") or not (
        len(local) >= 2 or (local and levels & DOOR_LEVELS) or (local and "group" in levels)
    ):
        return None
    if is_ordinary_word(text[start : found.match.end("suffix")]):
        return None
    return _found(found, start, end)


def _town(found: Candidate) -> Candidate | None:
    """Take a single unknown town or village where the sentence speaks of a place."""
    text = found.canonical.text
    last = found.match.end("suffix")
    start = find_place_name_start(text, found.match.start("suffix"), reach=5)
    name = text[start:last]
    if (
        not 3 <= len(name) <= 5
        or is_ordinary_word(name)
        or any(is_ordinary_word(name[at:]) for at in range(1, len(name) - 1))
    ):
        return None
    if is_ordinary_word(name[:2]) and not _placed(text, start):
        return None
    clear = start == 0 or not "\u4e00" <= text[start - 1] <= "\u9fff"
    if not (clear or _placed(text, start)):
        return None
    return _found(found, start, max(last, read_address(text, start, is_name_start=True).end))


def _placed(text: str, start: int) -> bool:
    return bool(
        re.search("(?:[在去到来从是住回往]|我们|我家|家在|老家|娘家|人在|附近|路过)$", text[max(0, start - 2) : start])
    )


def _from_details(found: Candidate) -> Candidate | None:
    """Extend building, unit and room leftwards over the estate and road they belong to."""
    text = found.canonical.text
    start = find_place_name_start(text, found.start, reach=14)
    if found.start - start < 2:
        start = found.start
        if not re.search("单元|室|户", found.match[0]):
            return None
    end = max(found.end, read_address(text, start, is_name_start=True).end)
    return _found(found, start, end)


_DIGIT: Final = "0-9一二三四五六七八九十百零〇"
_BLOCK: Final = rf"{NUMBER}\s?(?:号楼|栋|幢|座|#楼)"
_DOOR: Final = rf"{NUMBER}\s?(?:单元|门(?!诊))"
_ROOM: Final = rf"(?:{NUMBER}\s?(?:室|户|房)|(?<![0-9])\d{{3,4}}(?![0-9]))"
_PLACE: Final = (
    "自治县|县|岛|[^地小社病灾疫山郊]区|旗|街道(?:办(?:事处)?)?|镇|乡|苏木|村(?:委会)?|社区|庄|寨|屯|嘎查|大道|大街|路|街|巷|胡同|弄|里"
    "|小区|花园|家园|公寓|新村|苑|大厦|大楼|广场|园|城|家属[院区楼]|大院"
)
_NEXT: Final = (
    "镇|乡|街道|村|社区|组|路|街|大道|巷|胡同|弄|屯|寨|庄|坊|小区|花园|家园|公寓|苑|里|城|园|大厦|大楼|广场"
    "|[0-9一二三四五六七八九十]+[-号栋幢座期单]"
)
_AHEAD: Final = (
    rf"(?={NAME_UNIT}{{1,7}}?(?:{_NEXT})|\s?[A-Za-z]?{NUMBER}"
    r"(?:号(?!线|楼|码|位|床)|栋|幢|座|单元|号楼|排|弄|[村居]?民?小?组|队|期|楼|层|-))"
)
"""What follows a place that belongs to an address: another place, or a number."""


def _village(found: Candidate) -> Candidate | None:
    name = found.value
    word = is_common_word(name) or (name[1] != "家" and is_common_word(name[:2]))
    return None if word or name in load_place_names() or found.text_before(1) == "石" else found


_SURNAME: Final = "".join(sorted(PLAIN_SURNAMES | set("高白方于安何关车温米古")))

RECOGNIZER: Final = Recognizer(
    type="ADDRESS",
    patterns=(
        Pattern(
            re.compile(rf"(?:{alternation(PROVINCES)}|{alternation(CITIES)})(?=[\u4e00-\u9fff])"),
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
            re.compile(rf"(?<={NAME_CHARACTER})(?P<suffix>{_PLACE}){_AHEAD}"),
            LIKELY,
            check=_from_levels,
            hint=(
                rf"(?:县|区|旗|岛|街道(?:办(?:事处)?)?|镇|乡|苏木|村(?:委会)?|社区|庄|寨|屯|大道|大街|路|街|巷|胡同|弄|小区|花园|家园|公寓|苑|大厦|大楼|广场|园|城|里|家属[院区楼])"
                rf"(?:[^的了在是和，,。]{{1,7}}(?:镇|乡|街道|村|社区|组|路|街|大道|巷|胡同|屯|寨|庄|坊|小区|花园|家园|公寓|苑|里|城|园|大厦|大楼|广场|[{_DIGIT}]+[-号栋幢座期单])"
                rf"| ?[A-Za-z]?[{_DIGIT}A-Z]{{1,5}}(?:号|栋|幢|座|单元|排|弄|组|小组|队|期|楼|层|-))"
            ),
        ),
        Pattern(
            re.compile(
                r"(?<=[\u4e00-\u9fff]{2})(?P<suffix>镇(?![静痛咳定])|乡(?![下村亲镇愁土])|村(?![民干医里子长落口])|屯(?!儿))"
            ),
            LIKELY,
            check=_town,
            hint=r"[\u4e00-\u9fff]{2}(?:[^冰乡城小古市集]镇[^静痛咳定]|[^家老故他城下的思同]乡[^下村亲镇]|[^农山乡本新全我同各渔]村[^民干医里子]|屯)|[镇乡村]$",
        ),
        Pattern(
            re.compile(
                rf"(?:{NUMBER}\s?[期区])?{_BLOCK}\s?(?:{_DOOR})?\s?(?:{NUMBER}[楼层])?\s?{_ROOM}"
                rf"|{_BLOCK}\s?{_DOOR}(?:\s?{_ROOM})?|{_DOOR}\s?{_ROOM}|(?<=[\u4e00-\u9fff])[A-Za-z]?\d{{1,3}}-\d{{1,2}}-\d{{3,4}}(?![-\d])"
            ),
            VALID,
            check=_from_details,
            hint=rf"[{_DIGIT}A-Z]\s?(?:号楼|栋|幢|座|单元|#楼|门[{_DIGIT}])|[0-9]-[0-9]{{1,2}}-[0-9]{{3,4}}",
        ),
        Pattern(
            re.compile(
                rf"(?:[{_SURNAME}]家|[{_SURNAME}]{{2}})[东西南北前后上下大小]?(?:庄村?|屯村?|寨村?|湾村|沟村"
                rf"|坡村|营村|洼村|集村|店村|铺村|堡村|村)(?!民|干部|医)(?:{NUMBER}[组队社])?"
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
