"""PERSON: another name of the same form, in full or in part, for all names of one dialogue.

A surrogate keeps the length of the surname (one or two characters), whether the surname is common or rare, the length
of the given name, the sex that its characters or the words around it suggest (王建国先生, 我妈李秀兰), and who shares a
surname with whom. The surname of a surrogate follows from the surname alone and its given name from the full name, so
王建国, 建国 and 王先生 stay one person.
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
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom
from cmtmed.text.han import HAN, is_han

FREQUENT: Final = (
    "王李刘陈杨赵黄吴徐孙胡朱林郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范石姚谭廖邹熊金陆郝孔崔康"
)
_COUNTING: Final = "张周方段"
"""As frequent, but also measure words: 这张医生 would be misread, so these are replaced but never drawn."""
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
    """An identifier with its context.

    Attributes:
        type: one of ``TYPES``.
        text: the value, as written.
        before: some characters before it.
        after: some characters after it.
    """

    type: str
    text: str
    before: str = ""
    after: str = ""


class _Name(NamedTuple):
    surname: str
    given: str


def draw_names(
    key: bytes, mentions: Sequence[Mention], dialogue_text: str, corpus_values: Container[str] = frozenset()
) -> dict[str, str | None]:
    """Draw a surrogate for every name of a dialogue.

    Args:
        key: the secret.
        mentions: all PERSON mentions of the dialogue, in reading order.
        dialogue_text: the text of the whole dialogue; no surrogate occurs in it.
        corpus_values: names of the whole corpus; no surrogate is one of them, except for a surname on its own.

    Returns:
        Surrogate by name as written; None where there is none.
    """
    canonical_names = {text: canonicalize(text).text for text in dict.fromkeys(mention.text for mention in mentions)}
    split_names = {value: _split_name(value) for value in dict.fromkeys(canonical_names.values())}
    # 建国 is the given name of 王建国, not a Mr 建.
    given_names = {name.given: name for name in split_names.values() if name and name.surname and len(name.given) > 1}
    full_names = {value: name for value, name in split_names.items() if name and value not in given_names}
    originals = {*split_names, *given_names, *(name.surname for name in full_names.values())}
    new_surnames: dict[str, str | None] = {}
    for name in full_names.values():
        if name.surname and name.surname not in new_surnames:
            new_surnames[name.surname] = _draw_surname(key, name.surname, {*originals, *new_surnames.values()})
    new_given_names: dict[str, str | None] = {}
    for value, name in full_names.items():
        if name.given:
            sex = _guess_sex(name.given, (mention for mention in mentions if canonical_names[mention.text] == value))
            new_given_names[name.given] = _draw_given_name(
                key,
                value,
                name,
                sex,
                new_surnames.get(name.surname),
                {*originals, *new_given_names.values()},
                dialogue_text,
                corpus_values,
            )
    surrogates: dict[str, str | None] = {}
    for text, value in canonical_names.items():
        if value in given_names:
            surrogates[text] = new_given_names.get(value)
        elif value in full_names:
            name = full_names[value]
            surname = new_surnames.get(name.surname) if name.surname else ""
            given_name = new_given_names.get(name.given) if name.given else ""
            surrogates[text] = None if surname is None or given_name is None else surname + given_name
        else:
            excluded = {*originals, *(surrogate for surrogate in surrogates.values() if surrogate)}
            surrogates[text] = _draw_minority_name(key, value, excluded, dialogue_text, corpus_values)
    return surrogates


def _split_name(value: str) -> _Name | None:
    """Split a name into surname and given name; None for a name of another form."""
    if not value or any(char in NAME_DOTS for char in value) or not is_han(value):
        return None
    if len(value) <= 4 and value[:2] in COMPOUND_SURNAMES:
        return _Name(value[:2], value[2:])
    if len(value) <= 3 and (len(value) < 3 or value[0] in SINGLE_SURNAMES):
        return _Name(value[0], value[1:])
    # 陈王秀英: a married name.
    if len(value) == 4 and value[0] in SINGLE_SURNAMES and value[1] in SINGLE_SURNAMES:
        return _Name(value[0], value[1:])
    return None


def _draw_surname(key: bytes, old: str, excluded: Container[str | None]) -> str | None:
    options: Sequence[str] = _TWO if len(old) > 1 else FREQUENT if old in FREQUENT + _COUNTING else UNCOMMON
    random = KeyedRandom(key, "surname", old)
    candidates = (random.choice(options) for _ in range(_ATTEMPTS))
    return next((surname for surname in candidates if surname not in excluded), None)


def _draw_given_name(
    key: bytes,
    value: str,
    name: _Name,
    sex: str,
    surname: str | None,
    excluded: Container[str | None],
    dialogue_text: str,
    corpus_values: Container[str],
) -> str | None:
    random = KeyedRandom(key, "PERSON", value)
    for attempt in range(_ATTEMPTS):
        # In a large corpus all of the usual names may belong to somebody.
        first_chars, last_chars = (_FIRST[sex], _LAST[sex]) if attempt < _ATTEMPTS // 2 else (_WIDER[sex], _WIDER[sex])
        given_name = random.choice(last_chars)
        if len(name.given) > 1:
            given_name = random.choice(first_chars) + given_name
        if len(name.given) > 2:
            given_name = random.choice(FREQUENT) + given_name
        full_name = (surname or "") + given_name
        # 志光 is a name but 高明 is a word; two equal characters would be a pet name.
        is_word = (
            is_common_word(full_name)
            or (len(name.surname) < 2 and is_common_word(full_name[:2]))
            or (len(given_name) > 1 and (is_common_word(given_name) or given_name[0] == given_name[1]))
        )
        if (
            is_word
            or given_name in excluded
            or full_name in dialogue_text
            or (len(given_name) > 1 and given_name in dialogue_text)
        ):
            continue
        if full_name not in corpus_values and not (len(given_name) > 1 and given_name in corpus_values):
            return given_name
    return None


def _guess_sex(given_name: str, mentions: Iterable[Mention]) -> str:
    """Guess from the characters, then from titles and kinship terms around the name; empty if neither tells."""
    score = sum((char in _MEN) - (char in _WOMEN) for char in given_name)
    for mention in mentions if not score else ():
        for context in (mention.before[-5:], mention.after[:5]):
            score += bool(_HE.search(context)) - bool(_SHE.search(context))
    return "male" if score > 0 else "female" if score < 0 else ""


def _draw_minority_name(
    key: bytes, value: str, excluded: Container[str], dialogue_text: str, corpus_values: Container[str]
) -> str | None:
    """Draw a name in as many parts as the original: 阿依古丽·买买提 has two."""
    random = KeyedRandom(key, "PERSON", value)
    tokens = [token for token in re.split(f"([{re.escape(NAME_DOTS)}])", value) if token]
    if not re.search(f"[{HAN}]", value):
        return None
    for _ in range(_ATTEMPTS):
        surrogate = "".join(token if token in NAME_DOTS else random.choice(_MINORITY) for token in tokens)
        if surrogate not in excluded and surrogate not in dialogue_text and surrogate not in corpus_values:
            return surrogate
    return None
