"""Text that platforms insert into dialogues: adverts, notices, cards, canned disclaimers, placeholders for pictures.

The rules are a table (`cmtmed.text.platform_rules`); this module decides how much of a sentence goes with a match. A
clause that names a quantity, the body, an illness or a treatment is never removed along with platform text beside it
(see `cmtmed.text.service`), unless it belongs to an offer (立减20元, 24小时在线).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

from cmtmed.text.canned import has_quantity
from cmtmed.text.characters import count_characters
from cmtmed.text.platform_rules import CARD, PLACEHOLDER, QUOTED_QUESTION, RULES, Rule
from cmtmed.text.sentences import split
from cmtmed.text.service import OPENER, is_question, speaks_of_care

_COMMA: Final = re.compile(r"[，,；;]")
_OFFER: Final = re.compile(
    r"元|￥|¥|折|优惠|免费|立减|特价|专家|名医|用户|会员|新人|名额|在线|24小时|全国|全天|平台|网站|热线|电话|客服|问诊|极速|响应"
    r"|准字|https?:|www\.|订单|赠送|正品|包邮|无理由|客户端|[Aa][Pp][Pp]|APP"
)
"""Words of an offer: a clause that holds one names no quantity of a treatment."""

_LIST_NUMBER: Final = re.compile(r"^\s*(?:\d+\s*[.．、:：)）]|[（(]\d+[）)]|[①-⒛])\s*(?!\d)")

_LEAD: Final = re.compile(
    r"^[\s\"“(（\[【]*(?:更多|其[他它]|如果|如|若|想|要想|有[关什任疑问]|还有|任何|关于|欢迎|请|您|你|可以|可|也|直接|需要|为了?|满意)"
)
"""How a clause begins that leads to its own advert: 更多问题可以点击咨询."""

_FILLER: Final = re.compile(
    r"[\s\"“”(（)）\[\]【】*]*(?:(?:但是?|然而|因此|所以|另外|此外|最后|同时|不过|当然|总之|以上|请|您|你|要|需要?|应|我们?|想|再次?|强调|说明|指出|声明"
    r"|特别|温馨|友情|提示|提醒|注意|记住|记得|知悉|谨记|了解|明白|的是|好的|请?稍[等候]|您好|你好|亲爱的|亲|用户|患者|朋友|谢谢|感谢|再见|[:：，,。.！!；;、~])[\s*]*)*"
)
"""Words that introduce platform text and say nothing without it."""

_CUES: Final = tuple((rule, re.compile("|".join(map(re.escape, rule.cues)))) for rule in RULES)
_ANY_CUE: Final = re.compile("|".join(sorted({re.escape(cue) for rule in RULES for cue in rule.cues})))
_PLACEHOLDER: Final = re.compile(PLACEHOLDER)
_CARD: Final = re.compile(CARD)
_QUOTED_QUESTION: Final = re.compile(QUOTED_QUESTION)
_BRACKETS: Final = re.compile(r"^[\s(（\[【{]*[)）\]】}\s。.，,！!；;~—-]*$")
_SEPARATORS: Final = " \t\n，,。；;(（[【—-"
_CONSEQUENCES: Final = frozenset({"greeting", "notice"})
_REPLACES: Final = re.compile(r"[，,\s]*[并也都均]*(?:不能|不可|无法|不)(?:代替|替代|取代|作为)")
_ANSWERS: Final = re.compile(
    r"以上|上述|这些|本|我|建议|信息|回答|回复|线上|网|AI|机器人|意见|内容|分析|咨询|问诊|推测|说法"
)
_SYSTEM: Final = ("系统", "平台")


def is_boilerplate(sentence: str) -> bool:
    """Return whether a rule for platform text matches a sentence.

    >>> is_boilerplate("下载某某健康APP，名医在线。")
    True
    >>> is_boilerplate("建议您下载一个记录血糖的表格。")
    False
    """
    return any(rule.pattern.search(sentence) for rule in RULES)


def remove_boilerplate(sentence: str) -> str:
    """Remove platform text from a sentence; the result is empty if it holds nothing else.

    >>> remove_boilerplate("建议先查血常规，根据结果再用药，以上建议仅供参考。")
    '建议先查血常规，根据结果再用药。'
    >>> remove_boilerplate("每次两片，一日三次，更多问题点击链接咨询！")
    '每次两片，一日三次。'
    >>> remove_boilerplate("下载某某健康APP，名医在线。")
    ''
    """
    return clean_sentence(sentence, Counter())


def clean_sentence(sentence: str, removed: Counter[str]) -> str:
    """Remove platform text from a sentence and count the characters removed, by reason."""
    # Words are looked up much faster than patterns, and most sentences hold none.
    if not _ANY_CUE.search(sentence):
        return sentence
    for rule, cues in _CUES:
        if not cues.search(sentence):
            continue
        while match := rule.pattern.search(sentence):
            shortened = _remove_match(sentence, match, rule)
            if len(shortened) >= len(sentence):
                break
            removed[rule.reason] += count_characters(sentence) - count_characters(shortened)
            sentence = shortened
    return sentence


def clean_text(text: str, removed: Counter[str], join_others: Callable[[], str] = str) -> str:
    """Remove placeholders and platform text from a turn and count the characters removed, by reason.

    Args:
        text: the turn.
        removed: characters by reason; added to.
        join_others: returns what else was said in the dialogue: a question that is quoted from there is not lost with
            its quotation.

    Returns:
        What is left, with its white space as it was where nothing was removed.
    """
    text = _remove_all(text, _PLACEHOLDER, "placeholder", removed)
    text = _remove_all(text, _CARD, "card", removed)
    text = _remove_quotations(text, join_others, removed)
    rows = [(text[start:end], clean_sentence(text[start:end], removed), end) for start, end in split(text)]
    if all(sentence == cleaned for sentence, cleaned, _ in rows):
        return text
    return "".join(cleaned + space_after(text, end) for _, cleaned, end in rows if cleaned).strip()


def space_after(text: str, end: int) -> str:
    """Return the white space that follows a position."""
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    return text[end:after]


def _remove_all(text: str, pattern: re.Pattern[str], reason: str, removed: Counter[str]) -> str:
    while (shortened := pattern.sub("", text)) != text:
        removed[reason] += count_characters(text) - count_characters(shortened)
        text = shortened
    return text


def _remove_quotations(text: str, join_others: Callable[[], str], removed: Counter[str]) -> str:
    """Remove frames around the quoted question; a quotation that is nowhere else keeps its quantities."""

    def replace(match: re.Match[str]) -> str:
        quote = match.group("quote").rstrip("。？?！!. ")
        return match.group() if has_quantity(quote) and quote not in join_others() else ""

    shortened = _QUOTED_QUESTION.sub(replace, text)
    removed["canned"] += count_characters(text) - count_characters(shortened)
    return shortened


def _remove_match(sentence: str, match: re.Match[str], rule: Rule) -> str:
    """Return what a match leaves of its sentence: every clause around it that says something of its own."""
    if _is_bound(sentence, match, rule):
        return sentence
    start = _clause_start(sentence, match.end() - len(match.group().lstrip(_SEPARATORS)))
    comma = _COMMA.search(sentence, match.end())
    to_end = rule.reason == "advert" or match.group().lstrip(_SEPARATORS).startswith(_SYSTEM)
    end = len(sentence) if to_end or not comma else comma.end()
    before = _keep_before(sentence[:start], rule)
    after = sentence[end:]
    return _finish(sentence, before, _keep_care(sentence[start:end], rule), "" if _FILLER.fullmatch(after) else after)


def _is_bound(sentence: str, match: re.Match[str], rule: Rule) -> bool:
    """Return whether what stands before a match would say something else without it."""
    before = sentence[: match.start()].rstrip("，,；; ")
    *_, previous, last = ["", *_COMMA.split(before)]
    if rule.reason in _CONSEQUENCES and (OPENER.search(previous) or OPENER.search(last)):
        return True
    if not _REPLACES.match(match.group()):
        return False
    # 按摩只能缓解，并不能代替医生的诊断: the subject is a treatment, not the answer.
    subject = last if len(last) > 1 else previous
    return (
        bool(subject) and (speaks_of_care(subject) or not _ANSWERS.search(subject)) and not _FILLER.fullmatch(subject)
    )


def _keep_before(before: str, rule: Rule) -> str:
    """Return what stands before a match, unless it only leads to it."""
    if rule.reason == "advert" and len(before) < _MIN_CHARS_BEFORE_ADVERT:
        return _keep_care(before, rule)
    return "" if _FILLER.fullmatch(before) else before


def _keep_care(text: str, rule: Rule) -> str:
    """Return the clauses that name a quantity or speak of care, up to where the rule matches in each."""
    cuts = [0, *(match.end() for match in _COMMA.finditer(text)), len(text)]
    clauses = []
    for start, end in pairwise(cuts):
        clause = text[start:end]
        match = rule.pattern.search(clause)
        if match is None:
            clauses += [clause] if _says_something(clause) else []
            continue
        lead, tail = clause[: match.start()], clause[match.end() :].lstrip("、：: ")
        if _says_something(lead) and (has_quantity(lead) or not _LEAD.match(lead)):
            clauses.append(lead)
        # What runs on without a comma is not part of the platform's phrase: 很高兴为您服务如果确诊高血压应当….
        if len(tail) >= _MIN_CHARS_AFTER and _says_something(tail) and not rule.pattern.search(tail):
            clauses.append(tail)
    return _join(clauses)


def _says_something(clause: str) -> bool:
    clause = _LIST_NUMBER.sub("", clause)
    return (speaks_of_care(clause) or is_question(clause)) and not _OFFER.search(clause)


def _clause_start(sentence: str, position: int) -> int:
    """Return where the clause around a position begins."""
    return max((match.end() for match in _COMMA.finditer(sentence, 0, position)), default=0)


def _join(clauses: Iterable[str]) -> str:
    """Join clauses, with a comma where one was cut short."""
    text = ""
    for clause in clauses:
        if text and clause and not _COMMA.fullmatch(text[-1]):
            text += "，"
        text += clause
    return text


def _finish(sentence: str, *remains: str) -> str:
    """Join what is left of a sentence, ended by a full stop unless its own end is left."""
    text = _join(remains)
    last = next((clause for clause in reversed(remains) if clause), "")
    if _BRACKETS.match(text):
        return ""
    if last and sentence.endswith(last):
        return text
    return text.rstrip("，,；; ") + "。" if text else ""


_MIN_CHARS_BEFORE_ADVERT: Final = 20
"""An advert takes its whole sentence with it, unless this much was said before it began."""

_MIN_CHARS_AFTER: Final = 8
"""Text that follows a match in its clause is kept if it is at least this long and says something."""
