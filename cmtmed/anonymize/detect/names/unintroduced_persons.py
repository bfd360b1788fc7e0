"""Names in running text, with nothing but their neighbours to give them away."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES
from cmtmed.anonymize.detect.names.person_score import (
    CLAUSE_CONTINUATION,
    MAX_CONTINUATION,
    NOT_NAME_BEGINNINGS,
    begins_clause,
    build_name_pattern,
    score_continuation,
    score_full_name,
)
from cmtmed.text.scan.sequences import list_last_characters

PERSONAL_FACT: Final = re.compile(
    r"[,，、|｜ ]?(?:男|女)(?:性|士|[,，。\s|｜\d]|$)|(?:今年|现年|年龄)?[\d一二三四五六七八九十]{1,3}周?岁|今年|电话"
    r"|手机|身份证|住院|入院|出院"
    r"|得[了的]|患[了有]|家属|收(?:[,，。\s]|$)|您好|你好|说[他她我你,，要]|女士|先生|签|来[电院]|的(?:家属|妈|爸|报告|病历|CT|检查|化验|片子|病理|床|老公|老婆|女儿|儿子|管|手术|号|情况|结果|引流)"
    r"|昨[天晚日]|今[天早晨日]|前天|上周|去年|[,，]\s?(?:男|女|\d{1,3}岁|电话|手机|1[3-9]\d|身份证|住院)|是[我你他她]|[（(]?1[3-9]\d{4}"
)
"""What is said of persons only."""
_MIN_SCORE: Final = 2.9
_FACT: Final = 1.5
_SHARE_AFTER: Final = 0.6
_DRUG_VERB: Final = re.compile("(?:吃|服|服用|口服|用|用药|涂|喝|抹|含|冲|药|注射|点|买|开)$")
"""What precedes the name of a drug."""
_STRONG_PERSON_WORDS: Final = (
    "告诉|通知|联系|转告|麻烦|感谢|遇到|认识|记得|备注|患者|病人|我是|应该是|床的|号的|上是|名是|字是|[改写打]成|收件"
)
_PERSON_WORD: Final = re.compile(f"(?:[请让叫找跟帮陪送接带见谢位名]|[给替和与是把被个写]|{_STRONG_PERSON_WORDS})$")
"""Words that are followed by a person."""
_WEAK_PERSON_WORDS: Final = frozenset("给替和与是把被个写")


def build_name_in_text_pattern(before: str) -> str:
    """Build a pattern that every text matches in which `find_name_in_text` finds a name after certain characters.

    Args:
        before: the characters, all of them Chinese.
    """
    only_weak = _WEAK_PERSON_WORDS - set(list_last_characters(_STRONG_PERSON_WORDS))
    weak, strong = ("".join(sorted(characters)) for characters in (only_weak, set(before) - only_weak))
    branches = []
    for characters, score_before in ((weak, 0.4), (strong, 1.2)):
        missing = _MIN_SCORE - score_before
        without_fact = build_name_pattern(round(missing - _SHARE_AFTER * MAX_CONTINUATION, 9))
        with_fact = build_name_pattern(round(missing - _FACT, 9))
        branches.append(f"[{characters}](?:{without_fact}|{with_fact}(?:{PERSONAL_FACT.pattern}))")
    return "|".join(branches)


def find_name_in_text(text: str, start: int) -> tuple[int, float] | None:
    """Find the full name that begins at ``start`` in running text.

    Drugs and herbs look like names (麦冬, 易瑞沙), so characters alone never suffice: a word that is followed by
    persons must precede the name, or something that is said of persons only must follow it.

    Returns:
        Its end and a confidence, or None.
    """
    text_before = text[max(0, start - 2) : start]
    if _DRUG_VERB.search(text_before) or text.startswith(NOT_NAME_BEGINNINGS, start):
        return None
    is_clause_start = begins_clause(text, start)
    if is_clause_start:
        score_before = (
            0.2 if not start or text[start - 1] in "\n【[「" else -0.4 if text[start - 1] in "、0123456789" else 0.0
        )
    elif person_word := _PERSON_WORD.search(text_before):
        score_before = 0.4 if person_word[0] in _WEAK_PERSON_WORDS else 1.2
    else:
        score_before = 0.0 if text_before.endswith("的") else -1.0
    surname_length = 2 if text[start : start + 2] in COMPOUND_SURNAMES else 1
    best: tuple[float, int] | None = None
    for given_length in (2, 1):
        end = start + surname_length + given_length
        if end > len(text):
            continue
        has_fact = bool(PERSONAL_FACT.match(text, end))
        score_after = _FACT if has_fact else _SHARE_AFTER * score_continuation(text, end)
        score = score_before + score_full_name(text, start, end) + score_after
        if given_length == 2 and CLAUSE_CONTINUATION.match(text, end - 1):
            score -= 1.2
        if (is_clause_start or score_before < 0) and not has_fact:
            score -= 0.8
        if best is None or score > best[0]:
            best = (score, end)
    return (best[1], min(0.8, 0.55 + (best[0] - _MIN_SCORE) / 10)) if best and best[0] >= _MIN_SCORE else None
