"""PERSON: another name of the same kind, in whole or in part, for all names of one dialogue.

What is kept: one or two characters of surname, common or rare surname, length of the given name, the sex that
characters or company suggest (王建国先生, 我妈李秀兰), and who shares a surname with whom. The surname of a surrogate
follows from the surname alone and the given name from the whole name, so that 王建国, 建国 and 王先生 stay one person.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from typing import Final, NamedTuple

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word
from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES, SINGLE_SURNAMES
from cmtmed.anonymize.detect.lexicon.transliteration import NAME_DOTS
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws

FREQUENT: Final = (
    "王李刘陈杨赵黄吴徐孙胡朱林郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范石姚谭廖邹熊金陆郝孔崔康"
)
_COUNTING: Final = "张周方段"
"""As frequent, but measures as well: 这张医生 would be misread, so they are replaced and never come."""
UNCOMMON: Final = (
    "毛邱秦江史顾侯邵孟龙万钱汤尹黎易武乔贺赖龚庞樊殷施陶洪翟颜倪严芦俞鲁葛伍韦申尤毕聂焦柳邢岳齐梅莫庄辛"
    "涂谷祁舒耿牟詹苗凌费纪靳童欧甄裴屈鲍覃霍"
)
_TWO: Final = vocabulary("欧阳 上官 司马 诸葛 皇甫 慕容 令狐 司徒 夏侯 公孙 端木 尉迟")
_FIRST: Final = {
    "male": "志建国永家俊海宏伟德立振泽浩世成光正",
    "female": "秀桂玉淑丽雅美慧雪婷春艳梦静凤爱",
    "": "晓文佳子思雨嘉新",
}
_LAST: Final = {
    "male": "强伟军杰涛超刚辉鹏斌浩峰林亮飞凯博",
    "female": "芳英兰珍梅霞娟玲萍琴燕丽敏静婷莹琳娜颖洁",
    "": "宁阳晨宇然琪",
}
_MORE: Final = {"male": "勇磊鑫彬岩昊轩铭晖炜", "female": "倩蕾薇瑶妍岚菁璐怡滢", "": "逸彤钰琦卓越悦昕"}
_WIDER: Final = {sex: _FIRST[sex] + _LAST[sex] + more for sex, more in _MORE.items()}
_MEN: Final = frozenset("志建国永家俊海宏伟德立振泽浩世成光正强军杰涛超刚辉鹏斌峰亮飞凯博勇磊龙虎雄武彪")
_WOMEN: Final = frozenset("秀桂玉淑丽雅美慧雪婷艳静凤爱芳英兰珍梅霞娟玲萍琴燕敏莹琳娜颖洁花香莲红翠娥菊妹")
_HE: Final = re.compile("先生|叔|大爷|大伯|大哥|爷爷|老爷子|爸|父|儿子|老公|丈夫|哥|弟|舅|外公|姥爷|爹|[,，、 ]男")
_SHE: Final = re.compile(
    "女士|小姐|太太|夫人|姨|大妈|大姐|大娘|嫂|奶奶|婆|妈|母|女儿|闺女|老婆|妻|媳妇|姐|妹|姑|婶|姥姥|娘|[,，、 ]女"
)
_MINORITY: Final = vocabulary("""
    阿依努尔 古丽娜孜 热依木江 艾尔肯江 买买提江 阿布力孜 玛依拉 帕提古丽 努尔买买提 吐尔逊 塔依尔 阿米娜 卡德尔 哈丽丹
    扎西旺堆 卓玛央金 次仁拉姆 旦增占堆 古丽 艾山 尼牙孜 阿里木 玉素甫 萨比尔 热娜 茹仙 米娜瓦尔 伊布拉音
    """)
_ATTEMPTS: Final = 200


class Mention(NamedTuple):
    """A value where it stands.

    Attributes:
        type: one of ``TYPES``.
        text: the value, as written.
        before: some characters in front of it.
        after: some characters behind it.
    """

    type: str
    text: str
    before: str = ""
    after: str = ""


class _Name(NamedTuple):
    surname: str
    given: str


def surrogates(
    key: bytes, mentions: Sequence[Mention], said: str, seen: Container[str] = frozenset()
) -> dict[str, str | None]:
    """Give every name of a dialogue its surrogate.

    Args:
        key: the secret.
        mentions: all PERSON mentions of the dialogue, in reading order.
        said: everything that is said in the dialogue; no new name occurs there.
        seen: names of the whole corpus; no new name is one of them, a surname alone excepted.

    Returns:
        Surrogate by value as written; None where there is none to be had.
    """
    written = dict.fromkeys(mention.text for mention in mentions)
    plain = {text: canonicalize(text).text for text in written}
    names = {value: _parsed(value) for value in dict.fromkeys(plain.values())}
    # 建国 is a piece of 王建国, not a Mr 建.
    givens = {name.given: name for name in names.values() if name and name.surname and len(name.given) > 1}
    whole = {value: name for value, name in names.items() if name and value not in givens}
    taken = {*names, *givens, *(name.surname for name in whole.values())}
    surnames: dict[str, str | None] = {}
    for name in whole.values():
        if name.surname and name.surname not in surnames:
            surnames[name.surname] = _surname(key, name.surname, {*taken, *surnames.values()})
    fresh: dict[str, str | None] = {}
    for value, name in whole.items():
        if name.given:
            sex = _sex(name.given, (mention for mention in mentions if plain[mention.text] == value))
            fresh[name.given] = _given(
                key, value, name, sex, surnames.get(name.surname), {*taken, *fresh.values()}, said, seen
            )
    result: dict[str, str | None] = {}
    for text in written:
        value = plain[text]
        if value in givens:
            result[text] = fresh.get(value)
        elif value in whole:
            name = whole[value]
            parts = [surnames.get(name.surname) if name.surname else "", fresh.get(name.given) if name.given else ""]
            result[text] = None if None in parts else "".join(part or "" for part in parts)
        else:
            result[text] = _minority(key, value, {*taken, *(new for new in result.values() if new)}, said, seen)
    return result


def _parsed(value: str) -> _Name | None:
    """Split a name into surname and given name; a name of another kind gives None."""
    if not value or any(char in NAME_DOTS for char in value) or not all("\u4e00" <= char <= "\u9fff" for char in value):
        return None
    if len(value) <= 4 and value[:2] in COMPOUND_SURNAMES:
        return _Name(value[:2], value[2:])
    if len(value) <= 3 and (len(value) < 3 or value[0] in SINGLE_SURNAMES):
        return _Name(value[0], value[1:])
    # 陈王秀英: a married name.
    if len(value) == 4 and value[0] in SINGLE_SURNAMES and value[1] in SINGLE_SURNAMES:
        return _Name(value[0], value[1:])
    return None


def _surname(key: bytes, old: str, taken: Iterable[str | None]) -> str | None:
    pool: Sequence[str] = _TWO if len(old) > 1 else FREQUENT if old in FREQUENT + _COUNTING else UNCOMMON
    draws, used = Draws(key, "surname", old), set(taken)
    return next((new for new in (draws.choice(pool) for _ in range(_ATTEMPTS)) if new not in used), None)


def _given(
    key: bytes,
    value: str,
    name: _Name,
    sex: str,
    surname: str | None,
    taken: Iterable[str | None],
    said: str,
    seen: Container[str],
) -> str | None:
    draws, used = Draws(key, "PERSON", value), set(taken)
    for attempt in range(_ATTEMPTS):
        # In a large corpus the usual names may all be somebody's.
        firsts, lasts = (_FIRST[sex], _LAST[sex]) if attempt < _ATTEMPTS // 2 else (_WIDER[sex], _WIDER[sex])
        new = draws.choice(lasts)
        if len(name.given) > 1:
            new = draws.choice(firsts) + new
        if len(name.given) > 2:
            new = draws.choice(FREQUENT) + new
        full = (surname or "") + new
        # 志光 is a name and 高明 a word; two equal characters would be a pet name.
        word = (
            is_common_word(full)
            or (len(name.surname) < 2 and is_common_word(full[:2]))
            or (len(new) > 1 and (is_common_word(new) or new[0] == new[1]))
        )
        if word or new in used or full in said or (len(new) > 1 and new in said):
            continue
        if full not in seen and not (len(new) > 1 and new in seen):
            return new
    return None


def _sex(given: str, mentions: Iterable[Mention]) -> str:
    """Guess from the characters, then from titles and kin words around; empty if neither says anything."""
    score = sum((char in _MEN) - (char in _WOMEN) for char in given)
    for mention in mentions if not score else ():
        around = (mention.before[-5:], mention.after[:5])
        score += sum(bool(_HE.search(part)) - bool(_SHE.search(part)) for part in around)
    return "male" if score > 0 else "female" if score < 0 else ""


def _minority(key: bytes, value: str, taken: Iterable[str], said: str, seen: Container[str]) -> str | None:
    """Draw a name in parts: 阿依古丽·买买提 has two."""
    draws, used = Draws(key, "PERSON", value), set(taken)
    pieces = re.split(f"([{re.escape(NAME_DOTS)}])", value)
    if not re.search(r"[\u4e00-\u9fff]", value):
        return None
    for _ in range(_ATTEMPTS):
        new = "".join(piece if piece in NAME_DOTS else draws.choice(_MINORITY) for piece in pieces if piece)
        if new not in used and new not in said and new not in seen:
            return new
    return None
