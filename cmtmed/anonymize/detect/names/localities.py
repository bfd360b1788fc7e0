"""How far an address reaches: it is read level by level, from the province down to the room.

A level is a name and what it is the name of (永年|县, 临洺关|镇, 科华北|路) or a number and what it counts (12|号,
3|栋).
The name in the middle may be any characters that are not words of a sentence; the nearest suffix ends it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cmtmed.anonymize.detect.lexicon.dictionary import is_common, words
from cmtmed.anonymize.detect.lexicon.places import CITIES, PROVINCES, counties
from cmtmed.anonymize.detect.lexicon.trie import alternation

NUMBER: Final = r"(?:[0-9]{1,5}|[A-Za-z][0-9]{0,4}|[一二三四五六七八九十百零〇两]{1,5}|[甲乙丙丁])"
SIGN: Final = (
    r"[^\W\d_a-zA-Z的了在去到来从往是有和与或及我你他她它们您咱这那就都也还又再把被让给"
    r"叫说看找问得很太不没要会能可请将向对跟为因所但如果于吗呢吧啊患]"
)
NAME: Final = rf"(?:和[平谐睦园苑里顺美居安]|{SIGN})"
"""One character of the name of a place; none that a sentence is held together by."""

_PROVINCE: Final = re.compile(rf"{alternation(PROVINCES)}(?:省|市|(?:壮族|回族|维吾尔)?自治区)?")
_CITY: Final = re.compile(rf"{alternation(CITIES)}(?:市|地区|州)?")

_NAMED: Final = {
    "county": (1, 6, (r"自治县|自治州|(?<!自治)州(?!区)|县(?!城|级|医|里|道|区)|(?<!地)(?<!小)(?<!社)区(?!域|号)|旗"
    "|市(?!场|区|里|民|中心|面)|岛")),
    "zone": (1, 8, "街道(?:办事?处?)?|开发区|高新区|新区|工业园区?|经济区|管理区|风景区"),
    "town": (1, 5, r"镇(?!静|痛|咳|定)|乡(?!下|村|亲|镇)|苏木"),
    "village": (1, 7, (r"(?<!农)村(?:民?委员?会|委)?(?!民|干部|医|里|子)|屯(?!儿|镇|乡)(?:村委会?)?|寨(?!子"
    "|组)(?:村(?:民?委员?会)?)?|庄(?!园|稼|严|镇|乡)(?:村(?:委会)?)?|委(?=[0-9一二三四五六七八九十]{1,3}组)|嘎查"
    "|社区(?!医|卫|服)|居委会?|营(?!养|业|镇|乡|村|街|路)|湾(?!镇|乡|村|街|路)|坊(?!镇|乡|村|街|路)")),
    "road": (1, 7, (r"大道|大街|胡同|路(?!过|上|边|口|由|线|程|村)|街(?!道|上|边|坊|头|社区|居委|村)|巷(?!子)|弄堂"
    "|里弄|马路")),
    "estate": (
        2, 9,
        ("小区|花园|家园|公寓|新村|新苑|花苑|嘉园|苑|大厦|大楼|广场|山庄|庄园|软件园|科技园|产业园|创业园|写字楼|名邸|华府|府邸|家属[院区楼]"
        "|宿舍楼?|大院|公馆|新城|雅居|国际城|豪庭|小镇|[一二三四五六七八九1-9]期|名城|华庭|雅苑|佳苑|里(?=[0-9]|[一二三四五六七八九十]号)|城(?=[0-9])|园(?=[0-9])"),
    ),
    "group": (1, 4, r"村民小组|小组|组(?!织|成|合|长)|生产队"),
}  # fmt: skip
_COUNTED: Final = {
    "number": rf"{NUMBER}[弄巷条]|{NUMBER}(?:[-之]\d+)?号(?!楼|线|码|位|床|台|机)(?:院(?:内|落)?)?",
    "building": rf"{NUMBER}(?:-\d+)?\s?(?:号楼|栋|幢|座(?!位)|#楼|#|排(?!卵|查|骨|便|尿))",
    "unit": rf"{NUMBER}\s?(?:单元|门(?!诊|口))",
    "floor": rf"{NUMBER}\s?(?:楼|层)",
    "room": rf"{NUMBER}(?:-\d+)?\s?(?:室|户|房间|房(?!颤|产|子))",
    "group": rf"{NUMBER}(?:村民小组|小组|组|队|社|坊)",
    "part": rf"{NUMBER}期|[东南西北中][区段门]|{NUMBER}区|[一二三四五六七八九]段",
}
_DOORS: Final = re.compile(r"[A-Za-z]?\d{1,3}(?:-\d{1,4}){1,3}(?!\d|[-~]|岁|年|月|天|次|片|粒|%|mg|ml|cm|mm|℃|度)")
_BARE_ROOM: Final = re.compile(r"(?<=[栋幢座楼元门-])\s?\d{3,4}(?!\d)")
_READ_NAMED: Final = {
    level: re.compile(rf"{NAME}{{{low},{high}}}?(?:{suffix})") for level, (low, high, suffix) in _NAMED.items()
}
_READ_COUNTED: Final = {level: re.compile(pattern) for level, pattern in _COUNTED.items()}

EXACT: Final = frozenset(("number", "building", "unit", "room", "doors"))
"""Levels that lead to a door."""
LOCAL: Final = frozenset(("county", "zone", "town", "village", "road", "estate", "group"))
"""Levels below the city that have a name."""


class Reading(NamedTuple):
    """An address as far as it goes.

    Attributes:
        end: index after its last character.
        levels: in the order in which they stand.
    """

    end: int
    levels: tuple[str, ...]


def read(text: str, start: int, *, head: bool = False) -> Reading:
    """Read an address that begins at ``start``.

    Args:
        text: the canonical text.
        start: its first character.
        head: whether the first name is taken as it is, because what stands before it is known to end there.
    """
    levels: list[str] = []
    at = start
    for level, pattern in (("province", _PROVINCE), ("city", _CITY)):
        if found := pattern.match(text, at):
            levels.append(level)
            at = found.end()
    while True:
        end, level = _next(text, at, known=bool(levels) or head)
        if end == at:
            return Reading(at, tuple(levels))
        levels.append(level)
        at = end


def _next(text: str, at: int, *, known: bool) -> tuple[int, str]:
    """Return end and kind of the level that begins at a place, or the place itself."""
    if (end := _county_at(text, at)) > at:
        return end, "county"
    space = at
    while space < len(text) and text[space] == " ":
        space += 1
    for level, pattern in _READ_COUNTED.items():
        if known and (found := pattern.match(text, space)):
            return found.end(), level
    if known and (found := _DOORS.match(text, space)):
        return found.end(), "doors"
    if known and (found := _BARE_ROOM.match(text, at)):
        return found.end(), "room"
    best, kind = at, ""
    for level, pattern in _READ_NAMED.items():
        found = pattern.match(text, at)
        if found and (best == at or found.end() < best) and _is_name(text, at, found.end()):
            best, kind = found.end(), level
    # An estate of no known kind before its doors: 怡景苑|3-1-402, 云锦城|11-2-2704.
    if (
        best == at
        and known
        and (found := re.compile(rf"{NAME}{{2,6}}(?=[A-Za-z]?\d{{1,3}}-\d{{1,3}}-\d{{2,4}})").match(text, at))
    ):
        return found.end(), "estate"
    return best, kind


def _is_name(text: str, start: int, end: int) -> bool:
    """Say whether a level is no phrase: it does not begin with a verb, an adverb or a pronoun."""
    return after_verbs(text, start, end) == start


def _county_at(text: str, at: int) -> int:
    """Return the end of a known county, district or smaller city that begins at ``at``, or ``at``."""
    known = counties()
    for end in range(min(len(text), at + 10), at + 1, -1):
        if text[end - 1] in "县区旗市镇乡" and (
            text[at:end] in known or (text[end - 1] in "区市" and text[at : end - 1] + "县" in known)
        ):
            return end
    return at


def after_verbs(text: str, begin: int, end: int) -> int:
    """Skip words at the left of a name that belong to the sentence."""
    lexicon = words()
    at = begin
    while at < end:
        for length in (4, 3, 2):
            entry = lexicon.get(text[at : at + length]) if at + length <= end - 1 else None
            if entry and entry[0].startswith(("v", "d", "p", "c", "r", "t", "f")) and entry[1] > _RARE_VERB:
                at += length
                break
        else:
            return at
    return at


_RARE_VERB: Final = 200
_CUT: Final = re.compile(
    "我们村|咱们?村|俺们?村|我村|城中村|家住在?|住在|现住|居住在|户籍|籍贯|老家在?是?|[地住]址[:：是]?|住|位于|来自|家在|寄到|送到|搬到|我们|我家|我是|一直|现在|今年|昨天|今天|就在"
    "|附近|租住|娘家|婆家|户口|本人|原籍|送|寄|回|拉|走|坐|经过|路过|靠近|前往|出了|出生|生于|嫁到?|人在|每天|刚|早上|晚上|上午|下午"
)


def start_before(text: str, suffix: int, *, reach: int = 10) -> int:
    """Return where the name begins whose suffix begins at ``suffix``, read backwards over characters of names."""
    at = suffix
    while at > max(0, suffix - reach) and re.match(NAME, text[at - 1]):
        at -= 1
    cut = None
    for found in _CUT.finditer(text, at, suffix):
        cut = found
    at = cut.end() if cut else at
    return after_verbs(text, at, suffix)


def is_word(text: str) -> bool:
    """Say whether what looks like a place is a word of the language (农村, 小区)."""
    return is_common(text) and not words().get(text, ("", 0))[0].startswith("ns")
