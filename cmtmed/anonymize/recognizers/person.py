"""PERSON: names of patients, relatives and staff; of a titled surname (王医生) the surname alone.

A bare title is no identifier, so that the dialogue keeps reading well.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.lexicon.given import TYPICAL
from cmtmed.anonymize.lexicon.surnames import COMMON, COMPOUND, FUNCTION
from cmtmed.anonymize.lexicon.words import crossing, is_common
from cmtmed.anonymize.names import FOREIGN, FOLLOWERS, name_ending_at, name_starting_at
from cmtmed.anonymize.recognizer import LABELLED, LIKELY, VALID, Candidate, Pattern, Recognizer

_TITLE: Final = (
    "主任医师|副主任医师|主治医师|副主任|主任|主治|医生|医师|大夫|护士长|护士|教授|副教授|院长|科长|所长|专家|老师|先生|女士|小姐|太太|夫人|阿姨|叔叔|大爷|大妈|"
    "大叔|大伯|大姐|大哥|大娘|大嫂|奶奶|爷爷|婆婆|伯伯|师傅|同学|同志|药师|技师|博士|经理|书记|校长|处长|局长|警官|律师|某某|校医|村医|教练|店长|主管|营养师|治疗师|咨询师|师兄|师姐"
)
_SHORT_TITLE: Final = "姐|哥|叔|姨|总|嫂|伯|婶|工|老"
_SURNAME: Final = "".join(sorted(COMMON))
_PLAIN: Final = "".join(sorted(COMMON - FUNCTION))
_TYPICAL: Final = "".join(sorted(TYPICAL))

_LABEL: Final = (
    "(?:患者|病人|就诊人|患儿|家长|家属|孩子|宝宝|监护人|医生|收件人|我的?|本人|真实|开户|户主|参保人)?(?:姓名|名字|名)|联系人|收件人|收货人|寄件人|持卡人|户名|开户名|监护人|就诊人|曾用名|紧急联系人|经办人"
    "|(?:患者|病人|家属|医[生师]|医嘱|主管|本人|责任)?(?:签名|签字|署名|落款|签章)|主治医[生师]|主管医[生师]|经治医[生师]|接诊医[生师]|报告医[生师]|审核医[生师]|检查医[生师]|送检医[生师]|开单医[生师]|首诊医[生师]|住院医师|责任护士"
    "|主刀(?:医生)?|术者|麻醉师|麻醉医[生师]|主诊(?:医[生师])?|审核者?|报告者|检查者|检验者|操作者|记录者?|患者|病人|患儿|医生|大夫|护士|病号"
)
_KIN: Final = (
    "爸爸|妈妈|父亲|母亲|老爸|老妈|爸|妈|爹|娘|老公|老婆|爱人|妻子|丈夫|先生|太太|媳妇|儿子|女儿|闺女|孩子|宝宝|宝贝|小孩|儿媳|女婿|哥哥|姐姐|弟弟|妹妹|大哥|大姐|爷爷|奶奶|外公|外婆|姥姥|姥爷|岳父|岳母|公公|婆婆|舅舅|舅妈|"
    "叔叔|姑姑|阿姨|姨妈|伯父|表哥|表姐|表弟|表妹|堂哥|堂弟|同事|朋友|闺蜜|邻居|同学|患者|病人|患儿|家属|女友|男友|女朋友|男朋友|对象|孙子|孙女|外甥|外甥女|侄子|侄女|老伴|老人家|室友|老乡|战友|病友"
)
_NO_TITLE_AFTER: Final = "(?!们|院|站|伦|世家|证|处方|职业|执业)"


def _titled(found: Candidate) -> Candidate | None:
    text = found.canonical.text
    hit = name_ending_at(text, found.match.start("title"))
    return hit and found._replace(start=hit[0], end=found.match.start("title"), confidence=hit[1])


def _short_titled(found: Candidate) -> Candidate | None:
    text = found.canonical.text
    if crossing(text, found.start, found.end) or is_common(text[found.start : found.end + 1]):
        return None
    return found


def _introduced(found: Candidate) -> Candidate | None:
    hit = name_starting_at(found.canonical.text, found.match.end(), trusted=True)
    return hit and found._replace(start=found.match.end(), end=hit[0], confidence=hit[1])


def _suggested(found: Candidate) -> Candidate | None:
    hit = name_starting_at(found.canonical.text, found.match.end(), trusted=False)
    return hit and found._replace(start=found.match.end(), end=hit[0], confidence=hit[1])


def _alone(found: Candidate) -> Candidate | None:
    """Take a line or clause that consists of a name; a word of the language is none."""
    name = found.value
    given = name[2:] if name[:2] in COMPOUND else name[1:]
    if is_common(name) or is_common(name[:2]) or (len(given) == 1 and len(name) == 2 and given not in TYPICAL):
        return None
    return found if all(char in TYPICAL for char in given) else None


def _in_running_text(found: Candidate) -> Candidate | None:
    """Take three characters of a name that nothing introduces only if no other reading is left."""
    text, start, end = found.canonical.text, found.start, found.end
    name = found.value
    if is_common(name) or is_common(name[:2]) or is_common(name[1:]) or crossing(text, start, end):
        return None
    if any(is_common(text[end - inside : end + outside]) for inside in (1, 2) for outside in (1, 2) if end + outside <= len(text)):
        return None
    return found


RECOGNIZER: Final = Recognizer(
    type="PERSON",
    hint=(
        rf"[{_SURNAME}{_TYPICAL}](?:{_TITLE})|(?:{'|'.join(sorted(COMPOUND))})|[{_PLAIN}](?:{_SHORT_TITLE})"
        rf"|叫|我是|姓名|名字|名[:：]|联系人|件人|货人|持卡人|户名|监护人|就诊人|曾用名|签名|签字|署名|落款|(?:医生|医师|大夫|护士|患者|病人|术者|核者?|告者?|查者|主刀|主诊|病号|患儿)[:：]"
        rf"|(?:{_KIN}|患者|病人)[{_PLAIN}]|[{FOREIGN}][·•・‧∙][{FOREIGN}]|[{_PLAIN}][\u4e00-\u9fff]{{1,2}}[,，、 ]{{1,2}}(?:性别)?[:：]?[男女]"
        rf"|^[{_PLAIN}][{_TYPICAL}]{{1,2}}[。.!！~]?$|\n ?[{_PLAIN}][{_TYPICAL}]{{1,2}}\s*(?:\n|$)|姓[{_SURNAME}]|[老小阿][{_PLAIN}]"
    ),
    patterns=(
        Pattern(re.compile(rf"(?<=[\u4e00-\u9fff])(?P<title>{_TITLE}){_NO_TITLE_AFTER}"), LIKELY, check=_titled),
        Pattern(
            re.compile(
                rf"(?:(?<![\u4e00-\u9fff])|(?<=您好)|(?<=你好)|(?<=请问)|(?<=谢谢)|(?<=感谢)|(?<=[和跟找是问叫的]))(?P<value>[{_PLAIN}])(?:{_SHORT_TITLE})(?=[\s,，。.!！?？:：;；~]|$|您|你|好|的|说|在|今|是|家)"
            ),
            LIKELY,
            check=_short_titled,
        ),
        Pattern(re.compile(rf"(?:{_LABEL})\s*(?:[:：]|是|为|叫)\s*"), LABELLED, check=_introduced),
        Pattern(re.compile(r"(?:姓名|名字)\s+"), LABELLED, check=_introduced),
        Pattern(
            re.compile(rf"(?:我|俺|本人|他|她|患者|病人|{_KIN}|(?<![\u4e00-\u9fff]))(?:名字|大名|小名|全名|名)?(?:就?叫做?|名叫|取名叫?|起名叫?)\s?"), LABELLED, check=_introduced
        ),
        Pattern(re.compile(rf"(?:{_KIN}|(?<![\u4e00-\u9fff])我是|(?<![\u4e00-\u9fff])我|本人|(?<![\u4e00-\u9fff])(?:您好|你好),?，?我是)\s?(?=[{_SURNAME}])"), LIKELY, check=_suggested),
        Pattern(re.compile(rf"姓(?P<value>[{_SURNAME}])(?=[,，。.;；!！?？\s叫的]|$)"), LIKELY),
        Pattern(
            re.compile(
                rf"(?<![\u4e00-\u9fff])(?P<value>(?:{'|'.join(sorted(COMPOUND))}|[{_SURNAME}])[\u4e00-\u9fff]{{1,2}})\s?[,，、 ]\s?(?:性别[:：]?)?[男女](?:性|孩|士)?(?=[,，、。;；\s\d]|$)"
            ),
            LIKELY,
            check=_alone,
        ),
        Pattern(re.compile(rf"(?:(?<=\n)|^)[ \t]*(?P<value>(?:{'|'.join(sorted(COMPOUND))}|[{_PLAIN}])[\u4e00-\u9fff]{{1,2}})[ \t]*[。.!！~]?(?=\n|$)"), LIKELY, check=_alone),
        Pattern(
            re.compile(rf"(?:(?<![\u4e00-\u9fff])|(?<=我是)|(?<=叫我|我叫|同事|邻居|朋友|患者|家属|病友))[老小阿](?P<value>[{_PLAIN}])(?=[\s,，。.!！?？:：;；]|$|您好|你好|今年|说|的)"),
            0.6,
            check=_short_titled,
        ),
        Pattern(re.compile(rf"[{FOREIGN}]{{1,7}}(?:[·•・‧∙][{FOREIGN}]{{1,8}}){{1,3}}"), VALID),
        Pattern(re.compile(rf"(?P<value>[{_PLAIN}][{_TYPICAL}][{_TYPICAL}])(?=[\s,，。;；!！?？:：、)）(（]|$|{FOLLOWERS.pattern})"), 0.6, check=_in_running_text),
    ),
    examples=(
        "⟦王⟧医生您好",
        "上次⟦李⟧主任看过",
        "⟦王建国⟧医生在吗",
        "我叫⟦李秀兰⟧，今年45",
        "患者姓名：⟦张伟⟧",
        "我妈叫⟦赵桂芬⟧",
        "姓名：⟦阿依古丽·买买提⟧",
        "⟦欧阳⟧教授好",
        "我老公⟦张志强⟧住院了",
        "谢谢⟦徐⟧大夫",
    ),
    lookalikes=(
        "谢谢医生",
        "和医生沟通",
        "请向医生说明",
        "任何医生都会这样说",
        "高血压，常见病",
        "白术10g，王不留行15g",
        "徐长卿和何首乌",
        "帕金森，唐氏筛查",
        "于医生指导下用药",
        "关于医生的建议",
        "主任医师的号",
        "这张医生开的单子",
        "我叫什么都行",
    ),
)
