"""Names before a title: 王医生, 王建国主任."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, splits_word
from cmtmed.anonymize.detect.lexicon.given_names import DISTINCTIVE_GIVEN, TYPICAL_GIVEN
from cmtmed.anonymize.detect.lexicon.rare_characters import is_rare
from cmtmed.anonymize.detect.lexicon.surnames import (
    COMPOUND_SURNAMES,
    EVERYDAY_WORD_SURNAMES,
    FUNCTION_WORD_SURNAMES,
    MEASURE_WORD_SURNAMES,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
)
from cmtmed.anonymize.detect.lexicon.transliteration import (
    NAME_DOTS,
    TRANSLITERATED_NAME,
    TRANSLITERATION_CHARACTERS,
)
from cmtmed.anonymize.detect.names.person_score import begins_clause, build_name_pattern, score_full_name
from cmtmed.text.han import HAN

_MIN_SCORE: Final = 0.6
_NUMERALS: Final = frozenset("一二两三四五六七八九十几这那每各某半数本上下第零0123456789")
_TRANSLITERATED_NAME: Final = re.compile(rf"{TRANSLITERATED_NAME}$")
_ADDRESS: Final = re.compile(r"(?:您好|你好|请问|谢谢|感谢|多谢|麻烦|找|挂|挂了|是|叫|尊敬的|亲爱的|我的|的|姓)$")
"""What precedes a title when somebody is addressed or looked for."""
_MENTION: Final = re.compile(
    _ADDRESS.pattern[:-2]
    + r"|转告|告诉|拜托|请|让|由|问|跟|和|给|帮|被|替|等|一下|值班|主诊|小|老|[院科区]|[,，。：:、])$"
)
"""What precedes a title when somebody is addressed or spoken of."""
_REPLY: Final = re.compile(
    r"\W|$|您|你好|早上|晚上|下午|上午|好|辛苦|在吗|看|说|开|给|的[方药号手]|做|讲|那|这|门诊|那里|技术|医术"
)
"""How the text continues after the title of somebody addressed or looked for."""
_GREETING: Final = re.compile(r"[!！~～]|$|[,，]?(?:您|你|早上好|晚上好|下午好|上午好|好[,，!！]|辛苦|在吗)")
_TITLE: Final = re.compile(r"(?:副?主任医师|副?主任|医生|大夫|医师|教授|护士长?|老师|先生|女士|院长|专家|阿姨|叔叔)")


def build_titled_name_pattern(title: str) -> str:
    """Build a pattern that every text matches in which a name or bare surname precedes a title.

    Args:
        title: pattern of the titles.
    """
    begins_clause = f"^|[^{HAN}]"
    address, mention = _ADDRESS.pattern.removesuffix("$"), _MENTION.pattern.removesuffix("$")
    function_words, everyday_words = "".join(sorted(FUNCTION_WORD_SURNAMES)), "".join(sorted(EVERYDAY_WORD_SURNAMES))
    names = (
        f"[{NAME_DOTS}][{TRANSLITERATION_CHARACTERS}]{{1,8}}",
        build_name_pattern(_MIN_SCORE),
        alternation(COMPOUND_SURNAMES),
        f"[{''.join(sorted(PLAIN_SURNAMES))}]",
        f"(?:{begins_clause}|{mention})[{everyday_words}]",
        f"(?:{begins_clause}|{address})[{function_words}]",
    )
    return f"(?:{'|'.join(names)}){title}"


def find_name_before_title(text: str, title_start: int) -> tuple[int, float] | None:
    """Find the name or bare surname that ends where a title begins.

    Returns:
        Its start and a confidence, or None.
    """
    match = _TRANSLITERATED_NAME.search(text[max(0, title_start - 24) : title_start])
    if match:
        return title_start - len(match[0]), 0.9
    for length in (4, 3, 2):
        start = title_start - length
        if start >= 0 and _is_full_name(text, start, title_start):
            return start, 0.85
    start = title_start - 2
    if start >= 0 and text[start:title_start] in COMPOUND_SURNAMES and not splits_word(text, start, title_start):
        return start, 0.85
    return _find_bare_surname(text, title_start)


def _is_full_name(text: str, start: int, end: int) -> bool:
    """Say whether a full name precedes a title, and not a word and a surname (和李, 找王)."""
    if text[start:end] in COMPOUND_SURNAMES or splits_word(text, start, start + 1):
        return False
    if score_full_name(text, start, end) < _MIN_SCORE:
        return False
    if text[start] in MEASURE_WORD_SURNAMES and start and text[start - 1] in _NUMERALS:
        return False
    is_anchored = begins_clause(text, start) or _is_mentioned(text, start)
    if text[start] in FUNCTION_WORD_SURNAMES:
        has_distinctive_name = all(char in DISTINCTIVE_GIVEN or is_rare(char) for char in text[start + 1 : end])
        return end - start == 3 and is_anchored and has_distinctive_name
    if text[start] in EVERYDAY_WORD_SURNAMES and not is_anchored:
        return False
    # 找王 before 医生: the last character is a surname itself.
    ends_in_surname = end - start == 2 and text[end - 1] in SINGLE_SURNAMES and text[end - 1] not in TYPICAL_GIVEN
    return not ends_in_surname or begins_clause(text, start)


def _find_bare_surname(text: str, end: int) -> tuple[int, float] | None:
    start = end - 1
    if start < 0 or text[start] not in SINGLE_SURNAMES:
        return None
    surname = text[start]
    char_before = text[start - 1] if start else ""
    if char_before.isdigit() or (surname in MEASURE_WORD_SURNAMES and char_before in _NUMERALS):
        return None
    # 小苗护士: a word (小苗) at the start of a clause and before a title is a form of address.
    if char_before in {"小", "老"} and surname in PLAIN_SURNAMES and begins_clause(text, start - 1):
        return start, 0.7
    if splits_word(text, start, end):
        return None
    if surname in FUNCTION_WORD_SURNAMES:
        # At the start of a clause these are prepositions, unless somebody is being addressed.
        return (start, 0.6) if _is_addressed(text, start) else None
    if surname in EVERYDAY_WORD_SURNAMES:
        # 高 and 解 are adjectives and verbs, unless the clause begins with them or somebody is mentioned.
        return (start, 0.65) if begins_clause(text, start) or _is_mentioned(text, start) else None
    return start, 0.75


def _is_mentioned(text: str, start: int) -> bool:
    """Say whether the words before ``start`` address or mention somebody."""
    return bool(_MENTION.search(text[max(0, start - 4) : start]))


def _is_addressed(text: str, start: int) -> bool:
    """Say whether the clause addresses or asks for a titled person, whatever else the surname means."""
    title = _TITLE.match(text, start + 1)
    text_after = text[title.end() if title else start + 1 :]
    # 检查的时医生说: a typing slip for 的时候.
    if is_common_word(text[max(0, start - 1) : start + 1]) or text[max(0, start - 1) : start + 1] == "的时":
        return False
    if _ADDRESS.search(text[max(0, start - 4) : start]):
        return bool(_REPLY.match(text_after))
    return begins_clause(text, start) and bool(_GREETING.match(text_after))
