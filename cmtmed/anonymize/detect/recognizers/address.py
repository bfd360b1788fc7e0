"""ADDRESS: residences, and places below province level; a city mentioned in passing does not count.

An address is read forward, level by level (see `cmtmed.anonymize.detect.names.addresses`). What counts is which levels
it has: a known county, two levels of unknown places, or a door make it an address; a single unknown town must be used
as a place by the sentence; a province and a city alone need a word of residence before them.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, splits_word
from cmtmed.anonymize.detect.lexicon.places import CITIES, PROVINCES, load_place_names
from cmtmed.anonymize.detect.lexicon.surnames import PLAIN_SURNAMES
from cmtmed.anonymize.detect.names.addresses import (
    DOOR_LEVELS,
    NAME_CHARACTER,
    NAME_UNIT,
    NAMED_LEVELS,
    NUMBER,
    find_place_name_start,
    is_county,
    is_ordinary_word,
    read_address,
)
from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, VALID, Candidate, Pattern, Recognizer
from cmtmed.text.han import HAN, is_han

_RESIDENCE_WORDS: Final = (
    r"家住在?|住在|现住址?|居住在|现居住?在?|住址|户籍(?:所在地|地址)?|籍贯|户口(?:所在地|在)?|租住[于在]?"
    r"|(?:老家|娘家|婆家)在?是?|(?:家庭|联系|收货|通讯|邮寄|收件|寄送|详细|单位|常住|现|邮递|取件|配送|上门|快递|收药)地址|地址|家在|寄到"
    r"|邮寄到|送到|出生地|居住地|所在地|原籍|(?<=[我家人们])住"
)
_INSTITUTION: Final = re.compile("医院|诊所|卫生[院室]|公司|学校|大学|中学|小学|医科")


def _accept_span(candidate: Candidate, start: int, end: int) -> Candidate | None:
    """Set the span of a candidate, unless it reaches into the name of an institution, which has a type of its own."""
    if _INSTITUTION.search(candidate.canonical.text[start:end]) or end <= start:
        return None
    return candidate._replace(start=start, end=end)


def _check_province_or_city(candidate: Candidate) -> Candidate | None:
    """Accept what a province or city begins if it goes below city level."""
    end, levels = read_address(candidate.canonical.text, candidate.start)
    if NAMED_LEVELS.isdisjoint(levels) and DOOR_LEVELS.isdisjoint(levels):
        return None
    return _accept_span(candidate, candidate.start, end)


def _check_county(candidate: Candidate) -> Candidate | None:
    """Accept a known county and what follows it."""
    text = candidate.canonical.text
    end = candidate.match.end()
    start = next((index for index in range(max(0, end - 9), end - 1) if is_county(text[index:end])), None)
    if start is None or text[end - 1] == "市" or text[end : end + 1] in "域划":
        return None
    # 梅|林县: a character that belongs to no word before it is part of the name.
    if end - start == 2 and start and re.match(NAME_UNIT, text[start - 1]) and not splits_word(text, start, end):
        name_start = find_place_name_start(text, start + 1, reach=3)
        start = name_start if start - name_start == 1 else start
    return _accept_span(candidate, start, max(read_address(text, start).end, end))


def _check_residence(candidate: Candidate) -> Candidate | None:
    """Accept a city, or a village of any name, after a word of residence."""
    text = candidate.canonical.text
    start = candidate.match.end()
    end, levels = read_address(text, start, is_name_start=True)
    level_set = set(levels)
    if not level_set or level_set in ({"province"}, {"floor"}, {"section"}, {"group"}):
        return None
    if level_set <= {"room", "floor", "building", "section"} and "building" not in level_set:
        return None
    if candidate.match[0].strip() == "住" and level_set <= {"city", "province"}:
        return None
    # 家住农村, 住在同一间宿舍: a single level that consists of ordinary words.
    is_single_name = len(levels) == 1 and level_set <= NAMED_LEVELS
    if is_single_name and (is_ordinary_word(text[start:end]) or is_ordinary_word(text[start : start + 2])):
        return None
    return _accept_span(candidate, start, end)


def _check_levels(candidate: Candidate) -> Candidate | None:
    """Accept two consecutive levels of unknown places, or one that leads to a door."""
    text = candidate.canonical.text
    suffix_start, suffix_end = candidate.match.span("suffix")
    start = find_place_name_start(text, suffix_start)
    if start >= suffix_start:
        return None
    end, levels = read_address(text, start, is_name_start=True)
    named_levels = [level for level in levels if level in NAMED_LEVELS]
    if end <= suffix_end or not (
        len(named_levels) >= 2
        or (named_levels and not DOOR_LEVELS.isdisjoint(levels))
        or (named_levels and "group" in levels)
    ):
        return None
    return None if is_ordinary_word(text[start:suffix_end]) else _accept_span(candidate, start, end)


def _check_town(candidate: Candidate) -> Candidate | None:
    """Accept a single unknown town or village where the sentence speaks of a place."""
    text = candidate.canonical.text
    suffix_start, suffix_end = candidate.match.span("suffix")
    start = find_place_name_start(text, suffix_start, reach=5)
    name = text[start:suffix_end]
    if not 3 <= len(name) <= 5 or is_ordinary_word(name):
        return None
    if any(is_ordinary_word(name[index:]) for index in range(1, len(name) - 1)):
        return None
    if is_ordinary_word(name[:2]) and not _has_place_context(text, start):
        return None
    begins_clause = start == 0 or not is_han(text[start - 1])
    if not (begins_clause or _has_place_context(text, start)):
        return None
    return _accept_span(candidate, start, max(suffix_end, read_address(text, start, is_name_start=True).end))


def _has_place_context(text: str, start: int) -> bool:
    """Say whether the words before ``start`` take a place after them."""
    return bool(
        re.search("(?:[在去到来从是住回往]|我们|我家|家在|老家|娘家|人在|附近|路过)$", text[max(0, start - 2) : start])
    )


def _check_building(candidate: Candidate) -> Candidate | None:
    """Extend building, unit and room leftwards over the estate and road they belong to."""
    text = candidate.canonical.text
    start = find_place_name_start(text, candidate.start, reach=14)
    if candidate.start - start < 2:
        start = candidate.start
        if not re.search("单元|室|户", candidate.match[0]):
            return None
    end = max(candidate.end, read_address(text, start, is_name_start=True).end)
    return _accept_span(candidate, start, end)


_DIGITS: Final = "0-9一二三四五六七八九十百零〇"
_BUILDING: Final = rf"{NUMBER}\s?(?:号楼|栋|幢|座|#楼)"
_UNIT: Final = rf"{NUMBER}\s?(?:单元|门(?!诊))"
_ROOM: Final = rf"(?:{NUMBER}\s?(?:室|户|房)|(?<![0-9])\d{{3,4}}(?![0-9]))"
_PLACE_SUFFIX: Final = (
    "自治县|县|岛|[^地小社病灾疫山郊]区|旗|街道(?:办(?:事处)?)?|镇|乡|苏木|村(?:委会)?|社区|庄|寨|屯|嘎查|大道|大街|路|街|巷|胡同|弄|里"
    "|小区|花园|家园|公寓|新村|苑|大厦|大楼|广场|园|城|家属[院区楼]|大院"
)
_NEXT_SUFFIX: Final = (
    "镇|乡|街道|村|社区|组|路|街|大道|巷|胡同|弄|屯|寨|庄|坊|小区|花园|家园|公寓|苑|里|城|园|大厦|大楼|广场"
    "|[0-9一二三四五六七八九十]+[-号栋幢座期单]"
)
_AHEAD: Final = (
    rf"(?={NAME_UNIT}{{1,7}}?(?:{_NEXT_SUFFIX})|\s?[A-Za-z]?{NUMBER}"
    r"(?:号(?!线|楼|码|位|床)|栋|幢|座|单元|号楼|排|弄|[村居]?民?小?组|队|期|楼|层|-))"
)
"""Lookahead for what follows a place that belongs to an address: another place, or a number."""


def _check_village(candidate: Candidate) -> Candidate | None:
    """Accept a village named after a family, unless its name is a word or a well-known place."""
    name = candidate.value
    is_word = is_common_word(name) or (name[1] != "家" and is_common_word(name[:2]))
    return None if is_word or name in load_place_names() or candidate.text_before(1) == "石" else candidate


_SURNAME: Final = "".join(sorted(PLAIN_SURNAMES | set("高白方于安何关车温米古")))

RECOGNIZER: Final = Recognizer(
    type="ADDRESS",
    patterns=(
        Pattern(
            re.compile(rf"(?:{alternation(PROVINCES)}|{alternation(CITIES)})(?=[{HAN}])"),
            VALID,
            check=_check_province_or_city,
            hint=alternation((*PROVINCES, *CITIES)),
        ),
        Pattern(
            re.compile(rf"(?<=[{HAN}])[县区旗镇乡]"),
            LIKELY,
            check=_check_county,
            hint=(
                r"[^地社病疫山郊市城灾前脏区院诊心脑肺肝胃牧景园小专战特误盲全各这该本外死骶尾腹胸额颞顶枕底白红时]区"
                r"|[^郡知在到去是个各的一本我该县省]县|[^一二三四五六七八九十旌锦红]旗|[^冰乡]镇[^静痛咳定江]"
                r"|[^家老故他城下的]乡"
            ),
        ),
        Pattern(
            re.compile(rf"(?:{_RESIDENCE_WORDS})(?:就?是|为|在)?\s?[:：]?\s?(?=[{HAN}A-Z0-9])"),
            LABELLED,
            check=_check_residence,
            hint=_RESIDENCE_WORDS.replace("(?<=", "(?:"),
        ),
        Pattern(
            re.compile(rf"(?<={NAME_CHARACTER})(?P<suffix>{_PLACE_SUFFIX}){_AHEAD}"),
            LIKELY,
            check=_check_levels,
            hint=(
                rf"(?:县|区|旗|岛|街道(?:办(?:事处)?)?|镇|乡|苏木|村(?:委会)?|社区|庄|寨|屯|大道|大街|路|街|巷|胡同|弄|小区|花园|家园|公寓|苑|大厦|大楼|广场|园|城|里|家属[院区楼])"
                rf"(?:[^的了在是和，,。]{{1,7}}(?:镇|乡|街道|村|社区|组|路|街|大道|巷|胡同|屯|寨|庄|坊|小区|花园|家园|公寓|苑|里|城|园|大厦|大楼|广场|[{_DIGITS}]+[-号栋幢座期单])"
                rf"| ?[A-Za-z]?[{_DIGITS}A-Z]{{1,5}}(?:号|栋|幢|座|单元|排|弄|组|小组|队|期|楼|层|-))"
            ),
        ),
        Pattern(
            re.compile(
                rf"(?<=[{HAN}]{{2}})(?P<suffix>镇(?![静痛咳定])|乡(?![下村亲镇愁土])|村(?![民干医里子长落口])|屯(?!儿))"
            ),
            LIKELY,
            check=_check_town,
            hint=rf"[{HAN}]{{2}}(?:[^冰乡城小古市集]镇[^静痛咳定]|[^家老故他城下的思同]乡[^下村亲镇]|[^农山乡本新全我同各渔]村[^民干医里子]|屯)|[镇乡村]$",
        ),
        Pattern(
            re.compile(
                rf"(?:{NUMBER}\s?[期区])?{_BUILDING}\s?(?:{_UNIT})?\s?(?:{NUMBER}[楼层])?\s?{_ROOM}"
                rf"|{_BUILDING}\s?{_UNIT}(?:\s?{_ROOM})?|{_UNIT}\s?{_ROOM}|(?<=[{HAN}])[A-Za-z]?\d{{1,3}}-\d{{1,2}}-\d{{3,4}}(?![-\d])"
            ),
            VALID,
            check=_check_building,
            hint=rf"[{_DIGITS}A-Z]\s?(?:号楼|栋|幢|座|单元|#楼|门[{_DIGITS}])|[0-9]-[0-9]{{1,2}}-[0-9]{{3,4}}",
        ),
        Pattern(
            re.compile(
                rf"(?:[{_SURNAME}]家|[{_SURNAME}]{{2}})[东西南北前后上下大小]?(?:庄村?|屯村?|寨村?|湾村|沟村"
                rf"|坡村|营村|洼村|集村|店村|铺村|堡村|村)(?!民|干部|医)(?:{NUMBER}[组队社])?"
            ),
            LIKELY,
            check=_check_village,
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
