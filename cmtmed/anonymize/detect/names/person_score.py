"""Evidence that some characters are a full personal name, added up instead of decided by a statistical tagger.

The evidence is the surname and how ambiguous its character is, characters typical of given names, words that the name
would split (上次王医生 splits none, 提高医生 splits 提高), and how the text continues. The scale is arbitrary.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, splits_word
from cmtmed.anonymize.detect.lexicon.given_names import DISTINCTIVE_GIVEN, TYPICAL_GIVEN, UNLIKELY_GIVEN
from cmtmed.anonymize.detect.lexicon.rare_characters import RARE, is_rare
from cmtmed.anonymize.detect.lexicon.surnames import (
    COMPOUND_SURNAMES,
    EVERYDAY_WORD_SURNAMES,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
)
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.text.han import HAN, is_han

NOT_NAMES: Final = frozenset(
    vocabulary("""
        仲景智能 仲景 不详 未知 保密 匿名 未填写 未填 暂无 没有 隐私 患者
        病人 本人 家属 先生 女士 男性 女性 男 女 无 略 同上
        医生 护士 网友 会员 游客 用户 谢谢 多少 什么 如下 您好 你好 是的 不知道 不方便 不想说 请问 高血压 糖尿病
        感冒 发烧 主任 主治 医师 主治医师 主任医师 副主任医师 教授 建议 回答 回复 提问 指导 分析 可以 需要 目前
        根据 这个 这种 应该 考虑 常见
        """)
)
"""What people write instead of a name, and words with which answers and dialogues begin."""
NOT_NAME_BEGINNINGS: Final = tuple(sorted(word for word in NOT_NAMES if len(word) > 1))
"""Those that no name begins with."""
CLAUSE_CONTINUATION: Final = re.compile(
    "想[咨问请要看知找]|怀孕|有[点高糖过些什慢心胃]|来[看院自复做]|在[我你医贵]|和我|从小|长期|最近|今年|要求|需要|能[不吃]|应该|一直|又[发开]"
    "|生[了完病]|高血|发[烧现热]|心[脏慌]|平时|明天|常年|喜欢|开始|行[手动]"
)
"""How a clause continues with a character that is typical of given names."""
_FOLLOWERS: Final = re.compile(
    "[一二三四五六七八九十]{1,3}[个岁周]|"
    "今年|今天|今早|今日|昨天|昨日|昨晚|前天|去年|前年|现在|现年|目前|最近|近期|刚刚|已经|一直|之前|以前|从小"
    "|自从|患有|患者|因为|因[^素子果缘明]|由于|男|女|性别|年龄"
    "|电话|手机|联系|身份证|住在|家住|住址|地址|微信|出生|生于|于[一二三四五六七八九十\\d今昨前去]"
    "|是[我你他一个不的位名医患家病]|的[家病检报老爸妈女儿妻丈主号复情孩电手身父母诊病结]"
    "|在[你我医贵咱北上广本咱这]|想[问要请咨]|来[看院自你复做拿取]|有[点高糖过些什]|说|您|你好|我|他|她"
    "|住院|入院|出院|做了?|得了|查出|确诊|患|感[觉冒]|发[烧现热病]|咳嗽|头[痛晕疼]|肚子"
    "|[,，。;；!！?？、:：()（）\\s]|大夫|医生|主任|先生|女士|同志|老师|教授|护士|阿姨|叔叔|\\d|岁"
    "|和[我你他她王李张刘陈]|也|还|要|吃|去|需要|能不能|可以|就|这|那|没|被|把|跟|给|让|会|应该|是否|家属|都|等|打[电完针]|喝"
    "|怀[孕了二三]|备孕|流产|月经|产后|刚[生做才]|想|来|长期|常年|心[脏慌跳]|从|不|胃|肺|肝|肾|腰|腿|收|身份|上周|下周|周[一二三四五六日]|床|族|老师|同学|已经?|明天|后天|今晚|半夜|夜里|转"
)
"""How the text continues after a name."""
_TITLE_LIKE: Final = re.compile(
    f"[姐哥叔姨嫂伯婶爷奶总老工](?![{HAN}])|先生|女士|小姐|医生|大夫|教授|主任|老师|护士|阿姨|叔叔|某|医师|院长|大爷|大妈|同学|师傅|X"
)
_NOT_GIVEN_NAMES: Final = frozenset(vocabulary("微信 电话 手机 医院 医生 有家 家有 不能 可以 应该 健康 专业 身体"))
_DRUG_SUFFIX: Final = re.compile(
    "[片丸散膏汤剂素酸钠钾胺唑酯氏征症型法操]|胶囊|颗粒|口服|注射|软膏|试验|综合|奶粉|牌|液|乳|预混|霉素|西林|洛尔|地平|沙坦|他汀"
)
"""What follows the name of a drug, a test or a disease."""
_SURNAME_WEIGHTS: Final = (
    dict.fromkeys(PLAIN_SURNAMES, 1.0)
    | dict.fromkeys(EVERYDAY_WORD_SURNAMES, -0.2)
    # Borne by millions, but words all the same.
    | dict.fromkeys("高白方万常安时单", 0.5)
    | {"于": 0.4, "向": -0.3}
)
_DISTINCTIVE: Final = 0.9
_GIVEN_NAME_WEIGHTS: Final = (
    dict.fromkeys(UNLIKELY_GIVEN, -2.5)
    | dict.fromkeys(TYPICAL_GIVEN, 0.6)
    | dict.fromkeys(DISTINCTIVE_GIVEN, _DISTINCTIVE)
)


_NO_NAME: Final = -9.0
MAX_CONTINUATION: Final = 0.8
"""Highest score of how a text continues after a name."""


def score_full_name(text: str, start: int, end: int) -> float:
    """Add up what speaks for ``text[start:end]`` being a full name, whatever surrounds it.

    Returns:
        About 2 for 王建国, about 0 for 黄体生, less for ordinary words.
    """
    score, surname_length = _score_characters(text[start:end])
    if score == _NO_NAME or _TITLE_LIKE.match(text, start + surname_length):
        return _NO_NAME
    return score - 1.5 if splits_word(text, start, start + 1) else score


@lru_cache(maxsize=2**16)
def _score_characters(name: str) -> tuple[float, int]:
    """Score a name by itself; return the score and the length of the surname."""
    surname_length = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1
    given_name = name[surname_length:]
    if (surname_length == 1 and name[0] not in SINGLE_SURNAMES) or not 1 <= len(given_name) <= 2:
        return _NO_NAME, surname_length
    if given_name in _NOT_GIVEN_NAMES or not is_han(given_name):
        return _NO_NAME, surname_length
    score = 2.0 if surname_length == 2 else _SURNAME_WEIGHTS.get(name[0], -1.2)
    for char in given_name:
        score += _DISTINCTIVE if is_rare(char) else _GIVEN_NAME_WEIGHTS.get(char, -0.2)
    if len(given_name) == 1:
        score -= 0.9 - (0.5 if given_name in DISTINCTIVE_GIVEN or is_rare(given_name) else 0.0)
    if is_common_word(name):
        score -= 2.5
    elif surname_length == 1 and is_common_word(name[:2]):
        score -= 1.6
    if len(given_name) == 2 and is_common_word(given_name):
        score -= 0.6
    return score, surname_length


@cache
def build_name_pattern(min_score: float) -> str:
    """Build a pattern of all names whose characters alone reach a score: no word in it can raise the score.

    Returns:
        A pattern for Polars and for `re` that every name with ``score_full_name(...) >= min_score`` matches.
    """
    given_names = (
        (_DISTINCTIVE, f"[{''.join(sorted(DISTINCTIVE_GIVEN))}{RARE}]"),
        (0.6, f"[{''.join(sorted(TYPICAL_GIVEN | DISTINCTIVE_GIVEN))}{RARE}]"),
        (-0.2, f"[^{''.join(sorted(UNLIKELY_GIVEN - TYPICAL_GIVEN))}]"),
        (-2.5, f"[{HAN}]"),
    )
    surnames: dict[float, list[str]] = {2.0: sorted(COMPOUND_SURNAMES)}
    for surname in sorted(SINGLE_SURNAMES):
        surnames.setdefault(_SURNAME_WEIGHTS.get(surname, -1.2), []).append(surname)
    margin = min_score - 1e-9  # sums of decimal fractions are not exact
    branches = []
    for weight, members in sorted(surnames.items()):
        given = [
            characters
            for gain, characters in given_names
            if weight + gain - (0.4 if gain == _DISTINCTIVE else 0.9) >= margin
        ][-1:]
        for gain, characters in given_names:
            # The least that the second character must be beside this first one.
            given += [characters + other for more, other in given_names if weight + gain + more >= margin][-1:]
        if given:
            branches.append(f"(?:{'|'.join(members)})(?:{'|'.join(dict.fromkeys(given))})")
    return f"(?:{'|'.join(branches)})"


def score_continuation(text: str, end: int) -> float:
    """Score how the text continues after a name that ends at ``end``."""
    if _DRUG_SUFFIX.match(text, end):
        return -2.5
    if not is_han(text[end : end + 1]):
        return MAX_CONTINUATION
    if _FOLLOWERS.match(text, end):
        return 0.7
    return -1.6 if ends_inside_word(text, end) else -0.5


def ends_inside_word(text: str, end: int) -> bool:
    """Say whether the character at ``end`` completes a word that begins before it."""
    return any(is_common_word(text[end - length : end + 1]) for length in (1, 2))


def begins_clause(text: str, start: int) -> bool:
    """Say whether no Chinese character precedes ``start``."""
    return start == 0 or not is_han(text[start - 1])
