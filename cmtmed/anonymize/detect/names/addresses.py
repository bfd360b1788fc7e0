"""How far an address reaches: it is read level by level, from the province down to the room.

A level is a name and its type (永年|县, 临洺关|镇, 科华北|路) or a number and what it counts (12|号, 3|栋). A name may
consist of any characters that are not function words of a sentence; the nearest suffix ends it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, load_words
from cmtmed.anonymize.detect.lexicon.places import CITIES, PROVINCES, load_counties

NUMBER: Final = r"(?:[0-9]{1,5}|[A-Za-z][0-9]{0,4}|[一二三四五六七八九十百零〇两]{1,5}|[甲乙丙丁])"
NAME_CHARACTER: Final = (
    r"[^\W\d_a-zA-Z的了在去到来从往是有和与或及我你他她它们您咱这那就都也还又再把被让给"
    r"叫说看找问得很太不没要会能可请将向对跟为因所但如果于吗呢吧啊患]"
)
NAME_UNIT: Final = rf"(?:和[平谐睦园苑里顺美居安]|{NAME_CHARACTER})"
"""Pattern of one unit of a place name: a character that is no function word, or 和 as in 和平."""

_PROVINCE: Final = re.compile(rf"{alternation(PROVINCES)}(?:省|市|(?:壮族|回族|维吾尔)?自治区)?")
_CITY: Final = re.compile(rf"{alternation(CITIES)}(?:市|地区|州)?")

# Least and greatest length of the name, and what follows it.
_NAMED_SUFFIXES: Final = {
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
_COUNTED_REGEXES: Final = {
    "number": rf"{NUMBER}[弄巷条]|{NUMBER}(?:[-之]\d+)?号(?!楼|线|码|位|床|台|机)(?:院(?:内|落)?)?",
    "building": rf"{NUMBER}(?:-\d+)?\s?(?:号楼|栋|幢|座(?!位)|#楼|#|排(?!卵|查|骨|便|尿))",
    "unit": rf"{NUMBER}\s?(?:单元|门(?!诊|口))",
    "floor": rf"{NUMBER}\s?(?:楼|层)",
    "room": rf"{NUMBER}(?:-\d+)?\s?(?:室|户|房间|房(?!颤|产|子))",
    "group": rf"{NUMBER}(?:村民小组|小组|组|队|社|坊)",
    "section": rf"{NUMBER}期|[东南西北中][区段门]|{NUMBER}区|[一二三四五六七八九]段",
}
_DOORS: Final = re.compile(r"[A-Za-z]?\d{1,3}(?:-\d{1,4}){1,3}(?!\d|[-~]|岁|年|月|天|次|片|粒|%|mg|ml|cm|mm|℃|度)")
_BARE_ROOM: Final = re.compile(r"(?<=[栋幢座楼元门-])\s?\d{3,4}(?!\d)")
_NAMED_PATTERNS: Final = {
    level: re.compile(rf"{NAME_UNIT}{{{shortest},{longest}}}?(?:{suffix})")
    for level, (shortest, longest, suffix) in _NAMED_SUFFIXES.items()
}
_COUNTED_PATTERNS: Final = {level: re.compile(pattern) for level, pattern in _COUNTED_REGEXES.items()}

DOOR_LEVELS: Final = frozenset(("number", "building", "unit", "room", "doors"))
"""Levels that lead to a door."""
NAMED_LEVELS: Final = frozenset(("county", "zone", "town", "village", "road", "estate", "group"))
"""Levels below the city that have a name."""

_MIN_FREQUENCY: Final = 200
"""Rarer verbs and adverbs are taken for part of a name."""
_SENTENCE_WORD: Final = re.compile(
    "我们村|咱们?村|俺们?村|我村|城中村|家住在?|住在|现住|居住在|户籍|籍贯|老家在?是?|[地住]址[:：是]?|住|位于|来自|家在|寄到|送到|搬到|我们|我家|我是|一直|现在|今年|昨天|今天|就在"
    "|附近|租住|娘家|婆家|户口|本人|原籍|送|寄|回|拉|走|坐|经过|路过|靠近|前往|出了|出生|生于|嫁到?|人在|每天|刚|早上|晚上|上午|下午"
)
"""Words of the sentence after which the name of a place begins."""
_UNNAMED_ESTATE: Final = re.compile(rf"{NAME_UNIT}{{2,6}}(?=[A-Za-z]?\d{{1,3}}-\d{{1,3}}-\d{{2,4}})")


class AddressReading(NamedTuple):
    """How far an address reaches.

    Attributes:
        end: index after its last character.
        levels: its levels, in the order in which they stand.
    """

    end: int
    levels: tuple[str, ...]


_MAX_LEVELS: Final = 32
"""Levels of one address at most; a longer chain is read on from its next place, so that the work stays linear."""


def read_address(text: str, start: int, *, is_name_start: bool = False) -> AddressReading:
    """Read an address that begins at ``start``, up to 32 levels of it.

    Args:
        text: the canonical text.
        start: index of its first character.
        is_name_start: whether a name is known to begin at ``start``, so that any level may come first.
    """
    read_levels = _LevelReader.open(text)
    levels: list[str] = []
    position = start
    for level, pattern in (("province", _PROVINCE), ("city", _CITY)):
        if match := pattern.match(text, position):
            levels.append(level)
            position = match.end()
    while len(levels) < _MAX_LEVELS:
        end, level = read_levels(position, is_continued=bool(levels) or is_name_start)
        if end == position:
            break
        levels.append(level)
        position = end
    return AddressReading(position, tuple(levels))


class _LevelReader:
    """Reads the levels of one text, each once, however many addresses are read through it."""

    _last: _LevelReader | None = None

    def __init__(self, text: str) -> None:
        self.text = text
        self._levels: dict[tuple[int, bool], tuple[int, str]] = {}

    @classmethod
    def open(cls, text: str) -> _LevelReader:
        """Return the reader of a text; the candidates of a text follow one another, so one reader is kept."""
        last = cls._last
        if last is None or last.text is not text:
            last = cls._last = cls(text)
        return last

    def __call__(self, start: int, *, is_continued: bool) -> tuple[int, str]:
        key = (start, is_continued)
        if key not in self._levels:
            self._levels[key] = _read_level(self.text, start, is_continued=is_continued)
        return self._levels[key]


def _read_level(text: str, start: int, *, is_continued: bool) -> tuple[int, str]:
    """Return end and name of the level that begins at ``start``; if there is none, the end is ``start``.

    Args:
        text: the canonical text.
        start: index of the level's first character.
        is_continued: whether an address is known to have begun, so that a number may follow.
    """
    if (end := _find_county_end(text, start)) > start:
        return end, "county"
    number_start = start
    while number_start < len(text) and text[number_start] == " ":
        number_start += 1
    for level, pattern in _COUNTED_PATTERNS.items():
        if is_continued and (match := pattern.match(text, number_start)):
            return match.end(), level
    if is_continued and (match := _DOORS.match(text, number_start)):
        return match.end(), "doors"
    if is_continued and (match := _BARE_ROOM.match(text, start)):
        return match.end(), "room"
    nearest_end, nearest_level = start, ""
    for level, pattern in _NAMED_PATTERNS.items():
        match = pattern.match(text, start)
        if match and (nearest_end == start or match.end() < nearest_end) and _is_name(text, start, match.end()):
            nearest_end, nearest_level = match.end(), level
    # An estate without a suffix before its doors: 怡景苑|3-1-402, 云锦城|11-2-2704.
    if nearest_end == start and is_continued and (match := _UNNAMED_ESTATE.match(text, start)):
        return match.end(), "estate"
    return nearest_end, nearest_level


def _is_name(text: str, start: int, end: int) -> bool:
    """Say whether a level is a name and not a phrase that begins with a verb, an adverb or a pronoun."""
    return skip_sentence_words(text, start, end) == start


def _find_county_end(text: str, start: int) -> int:
    """Return the end of a known county, district or smaller city that begins at ``start``, or ``start``."""
    counties = load_counties()
    for end in range(min(len(text), start + 10), start + 1, -1):
        if text[end - 1] in "县区旗市镇乡" and (
            text[start:end] in counties or (text[end - 1] in "区市" and text[start : end - 1] + "县" in counties)
        ):
            return end
    return start


def is_county(name: str) -> bool:
    """Say whether a name is that of a known county or district, or of a city that was a county."""
    counties = load_counties()
    return name != "自治区" and (
        name in counties or (len(name) > 2 and name[-1] in "区市" and f"{name[:-1]}县" in counties)
    )


def skip_sentence_words(text: str, start: int, end: int) -> int:
    """Return where a name begins after frequent verbs, adverbs and other words of the sentence."""
    lexicon = load_words()
    position = start
    while position < end:
        for length in (4, 3, 2):
            entry = lexicon.get(text[position : position + length]) if position + length <= end - 1 else None
            if entry and entry[0].startswith(("v", "d", "p", "c", "r", "t", "f")) and entry[1] > _MIN_FREQUENCY:
                position += length
                break
        else:
            return position
    return position


def find_place_name_start(text: str, suffix_start: int, *, reach: int = 10) -> int:
    """Read backwards from the suffix of a place name to its beginning, over characters that names are made of."""
    start = suffix_start
    while start > max(0, suffix_start - reach) and re.match(NAME_UNIT, text[start - 1]):
        start -= 1
    last_match = None
    for match in _SENTENCE_WORD.finditer(text, start, suffix_start):
        last_match = match
    start = last_match.end() if last_match else start
    return skip_sentence_words(text, start, suffix_start)


def is_ordinary_word(text: str) -> bool:
    """Say whether what looks like a place name is an ordinary word (农村, 小区)."""
    return is_common_word(text) and not load_words().get(text, ("", 0))[0].startswith("ns")
