"""PERSON: names of patients, relatives and staff; of a titled surname (王医生) the surname alone.

A bare title is no identifier, so that the dialogue keeps reading well. Of a name half hidden (王某某, 李××) the surname
is what is left to find.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.given_names import FUNCTIONAL_GIVEN, TYPICAL_GIVEN
from cmtmed.anonymize.detect.lexicon.kinship import KIN
from cmtmed.anonymize.detect.lexicon.minority_names import MONGOLIAN, TIBETAN, UYGHUR, YI
from cmtmed.anonymize.detect.lexicon.person_context import (
    LABELS,
    ROLES,
    SHORT_TITLES,
    TITLES,
)
from cmtmed.anonymize.detect.lexicon.pinyin import SURNAMES, SYLLABLE
from cmtmed.anonymize.detect.lexicon.surnames import (
    COMPOUND_SURNAMES,
    EVERYDAY_WORD_SURNAMES,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
)
from cmtmed.anonymize.detect.names import person_checks as checks
from cmtmed.anonymize.detect.names.persons import DOT, FOREIGN, PERSONAL
from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, VALID, Pattern, Recognizer

_TITLE: Final = alternation(TITLES)
_COMPOUND: Final = alternation(COMPOUND_SURNAMES)
_SURNAME: Final = "".join(sorted(SINGLE_SURNAMES))
_PLAIN: Final = "".join(sorted(PLAIN_SURNAMES))
_NOUN: Final = "".join(sorted(PLAIN_SURNAMES | EVERYDAY_WORD_SURNAMES | {"于"}))
_EVERYDAY: Final = "".join(sorted(EVERYDAY_WORD_SURNAMES))
_BEFORE: Final = "请让叫找跟帮陪送接带见谢位名给替和与是把被诉知系告烦到识得注者人个成件写"
_TYPICAL: Final = "".join(sorted(TYPICAL_GIVEN))
_STRONG: Final = "".join(sorted(TYPICAL_GIVEN - FUNCTIONAL_GIVEN))
_HAN: Final = r"\u4e00-\u9fff"
_END: Final = r"[\s,，。.;；!！?？:：、)）(（~～]|$"


_AFTER_CERTAIN: Final = "一二两三几些种个时处年月日天地件方项类位段次科院医人样家城市国省"
"""What 某 stands before when it means a certain one."""
_BEARERS: Final = (
    "委托人|受托人|取药人|取件人|收件人|收货人|寄件人|签收人|联系人|代办人|经办人|陪护人|陪诊人|监护人|申请人|投保人|被保险人|持卡人"
    "|登记人|介绍人|报案人"
)
"""Roles in forms, behind which the name follows without a colon."""

_FACT: Final = (
    rf"(?:性别[:：]?)?[男女](?:性|孩|士|婴|童|宝)?(?=[{_END[1:-3]}|｜/／\d]|$)|(?:今年)?\d{{1,3}}[ ]?(?:周?岁"
    rf"|[yY](?![A-Za-z]))|年龄|[{_HAN}]{{1,3}}族(?![{_HAN}])"
    r"|身份证|电话|手机|联系电话|1[3-9][\d\- ]{5}|[1-9]\d{16}[\dXx]|[A-Za-z0-9._]+@"
    r"|病案号|住院[号第]|门诊号|\d{1,3}床|床号|主诉|初诊|复诊|已婚|未婚"
)
_FACT_HINT: Final = (
    r"(?:性别[:：]?)?[男女]|(?:今年)?[0-9]{1,3} ?(?:周?岁|[yY]|床)|年龄|.{1,3}族|身份证|电话|手机|联系电话"
    r"|1[3-9]|[1-9][0-9]{16}|[A-Za-z0-9._]+@"
    r"|病案号|住院[号第]|门诊号|床号"
    r"|主诉|初诊|复诊|已婚|未婚"
)
_TIBETAN: Final = alternation(TIBETAN)
_MONGOLIAN: Final = alternation(MONGOLIAN)
_UYGHUR: Final = alternation(UYGHUR)
_YI: Final = alternation(YI)
_LONG_MINORITY: Final = alternation(word for word in (*MONGOLIAN, *UYGHUR) if len(word) > 2)
_LATIN_SURNAME: Final = alternation(SURNAMES)

RECOGNIZER: Final = Recognizer(
    type="PERSON",
    patterns=(
        Pattern(
            re.compile(rf"(?<=[{_HAN}]){_TITLE}(?!们|院|站|伦|世家|证|处方|职业|执业|某)"),
            LIKELY,
            check=checks.titled,
            hint=(
                rf"(?:[{_SURNAME.replace('谢', '')}]|[^谢感多]谢|^谢|[{_NOUN}][{_HAN}]?[{_TYPICAL}]"
                rf"|{_COMPOUND}|·[{FOREIGN}]{{1,8}}){_TITLE}"
            ),
        ),
        Pattern(
            re.compile(
                rf"(?:(?<![{_HAN}])|(?<=您好)|(?<=你好)|(?<=请问)|(?<=谢谢)"
                rf"|(?<=[和跟找是问叫的老小友们])|(?<=邻居|同事|房东))(?P<value>[{_PLAIN}])(?:{SHORT_TITLES})"
                r"(?![师公婆妹长作人资是共之年百家婶])"
            ),
            LIKELY,
            check=checks.short_titled,
            hint=rf"(?:^|[^{_HAN}]|[好问谢和跟找是叫的老小友们居事东])[{_PLAIN}](?:{SHORT_TITLES})",
        ),
        Pattern(
            re.compile(rf"{LABELS}(?:\s*[:：]\s*|\s*(?:是|为|叫)\s*|(?<=名)\s+)"),
            LABELLED,
            check=checks.introduced,
            hint=rf"{LABELS}(?:\s*[:：是为叫]|\s)",
        ),
        Pattern(
            re.compile(rf"{LABELS}(?=[{_SURNAME}]|{_COMPOUND})"),
            LABELLED,
            check=checks.suggested,
            hint=rf"{LABELS}(?:[{_SURNAME}]|{_COMPOUND})",
        ),
        Pattern(
            re.compile(
                rf"(?:[人者师生员方属士亲友长爸妈儿女]|[一二三]助|麻醉|备注|抬头|主诊|参会|陪同)\s*[:：]\s*(?=[{_SURNAME}]|{_COMPOUND})"
            ),
            LABELLED,
            check=checks.suggested,
            hint=rf"[人者师生员方属士亲友长爸妈儿女助醉注头诊会同]\s*[:：]\s*(?:[{_SURNAME}]|{_COMPOUND})",
        ),
        Pattern(
            re.compile(rf"(?<![{_HAN}])(?:{ROLES})\s*[:：]\s*"),
            LABELLED,
            check=checks.suggested,
            hint=rf"(?:{ROLES})\s*[:：]\s*[{_SURNAME}]",
        ),
        Pattern(
            re.compile(
                rf"(?:我|俺|本人|他|她|您|你|{KIN}|{ROLES})(?:的?(?:名字|大名|小名|全名|名))?(?:就?叫做?"
                rf"|名叫|取名叫?|起名叫?)\s?"
            ),
            LABELLED,
            check=checks.introduced,
            hint="叫|取名|起名",
        ),
        Pattern(
            re.compile(
                rf"(?:{KIN}|(?<![{_HAN}])我(?:是|就是)?|本人|(?:您好|你好)我是|叫我|我是)\s?(?=[{_NOUN}]"
                rf"|{_COMPOUND})"
            ),
            LIKELY,
            check=checks.suggested,
            hint=rf"(?:{KIN}|我|我是|本人) ?(?:[{_NOUN}][{_HAN}]|{_COMPOUND})",
        ),
        Pattern(
            re.compile(rf"(?<![百同贵老])姓(?P<value>{_COMPOUND}|[{_SURNAME}])(?={_END}|叫|的)"),
            LIKELY,
            hint=f"姓(?:[{_SURNAME}]|{_COMPOUND})",
        ),
        Pattern(
            re.compile(rf"(?:大名|真名|全名|本名)(?:叫做?|是|为)?[:：]?(?=[{_SURNAME}]|{_COMPOUND})"),
            LABELLED,
            check=checks.introduced,
            hint="大名|真名|全名|本名",
        ),
        Pattern(
            re.compile(rf"(?:小名|乳名)(?:叫做?|是)?[:：]?(?P<value>(?!叫|是|什|就)[{_HAN}]{{2}})(?={_END})"),
            LIKELY,
            hint="小名|乳名",
        ),
        Pattern(re.compile(rf"(?<![{_HAN}])(?P<value>[{_SURNAME}])(?:是|为)姓"), LIKELY, hint="[是为]姓"),
        Pattern(
            re.compile(
                rf"(?<![{_HAN}])(?P<value>(?:{_COMPOUND}|[{_SURNAME}])[{_HAN}]{{1,2}})"
                rf"\s?[,，、|｜／/ <(（]\s?(?:{_FACT})"
            ),
            LIKELY,
            check=checks.alone,
            hint=rf"[{_SURNAME}{_HAN}][{_HAN}]{{1,2}} ?[,，、|｜／/ <(（] ?(?:{_FACT_HINT})",
        ),
        Pattern(
            re.compile(
                rf"(?:(?:主任|副主任|主治|住院|经治)?(?:医师|医生|大夫|护士|签名|签字))[ 　\t]+"
                rf"(?P<value>(?:{_COMPOUND}|[{_SURNAME}])[{_HAN}]{{0,2}})[ \t]*(?=\n|$)"
            ),
            LIKELY,
            check=checks.signed,
            hint=rf"(?:医师|医生|大夫|护士|签名|签字)[ 　\t]+[{_SURNAME}][{_HAN}]{{0,2}}[ \t]*(?:\n|$)",
        ),
        Pattern(
            re.compile(
                rf"我家(?:的|那|这|小)?(?P<value>(?P<half>[{_STRONG}])(?P=half))(?={_END}|今|昨|打|发|咳|拉|吐|烧|不|才|也|都|又)"
            ),
            LIKELY,
            check=checks.pet_name,
            hint=f"我家(?:的|那|这|小)?[{_STRONG}][{_STRONG}]",
        ),
        Pattern(
            re.compile(
                rf"(?:{_TIBETAN}){{2}}|(?:{_MONGOLIAN}){{2}}|(?:{_UYGHUR}){{2}}|(?:{_YI}){{2}}|{_LONG_MINORITY}"
            ),
            LIKELY,
            check=checks.whole_words,
            hint=rf"(?:{_TIBETAN}){{2}}|(?:{_MONGOLIAN}){{2}}|(?:{_UYGHUR}){{2}}|(?:{_YI}){{2}}|{_LONG_MINORITY}",
        ),
        Pattern(
            re.compile(
                rf"(?<![A-Za-z])(?P<value>(?i:{_LATIN_SURNAME})[ ](?i:{SYLLABLE}(?:[ '-]?{SYLLABLE})?))(?![A-Za-z.])"
            ),
            LIKELY,
            check=checks.latin,
            hint=rf"(?i)(?:^|[^a-z])(?:{_LATIN_SURNAME}) [a-z]{{2,12}}",
        ),
        Pattern(
            re.compile(
                r"(?:(?<![A-Za-z])(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.?[ ]|(?:英文名|我是|这边是|我叫|名叫|叫我"
                r"|英语名)[:：是叫 ]{0,2})"
                r"(?P<value>[A-Z][a-z]{2,11}(?:[ ][A-Z][a-z]{1,11})?)(?![A-Za-z])"
            ),
            LIKELY,
            check=checks.latin_given,
            hint=r"(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.? [A-Z]|(?:英文名|我是|这边是|叫|叫我|英语名)[:：是叫 ]{0,2}[A-Z][a-z]",
        ),
        Pattern(
            re.compile(
                rf"(?:(?<=\n)|^)[ \t]*(?P<value>(?:{_COMPOUND}|[{_PLAIN}])[{_HAN}]{{1,2}})[ \t]*[。.!！~]?(?=\n|$)"
            ),
            LIKELY,
            check=checks.alone,
            hint=rf"(?:^|\n)[ \t]*(?:{_COMPOUND}|[{_PLAIN}])[{_TYPICAL}]{{1,2}}[ \t]*[。.!！~]?(?:\n|$)",
        ),
        Pattern(
            re.compile(
                rf"(?:(?<![{_HAN}])|(?<=我是)|(?<=叫我|我叫|同事|邻居|朋友|患者|家属"
                rf"|病友))[老小阿](?P<value>[{_PLAIN}])(?={_END}|您好|你好|今年|说|的)"
            ),
            0.6,
            check=checks.short_titled,
            hint=rf"(?:^|[^{_HAN}]|是|我|叫|事|居|友|者|属)[老小阿][{_PLAIN}](?:[^{_HAN}]|$|您|你|今|说|的)",
        ),
        Pattern(
            re.compile(rf"[{FOREIGN}]{{1,7}}(?:[·•・‧∙][{FOREIGN}]{{1,8}}){{1,3}}"),
            VALID,
            hint=f"[{FOREIGN}][{DOT}][{FOREIGN}]",
        ),
        # Three characters behind a bed, and in brackets behind a relative: elsewhere brackets hold brands of drugs.
        Pattern(
            re.compile(
                rf"(?:\d床[,， ]?|(?:{KIN}|我家[{_HAN}]{{2}})[(（])"
                rf"(?P<value>(?:{_COMPOUND}|[{_PLAIN}])[{_HAN}]{{2}})(?=[)）,，。]|$)"
            ),
            LIKELY,
            check=checks.whole,
            hint=rf"(?:[(（]|[0-9]床[,， ]?)(?:{_COMPOUND}|[{_PLAIN}])[{_HAN}]{{2}}(?:[)）,，。]|$)",
        ),
        Pattern(
            re.compile(
                rf"(?:(?<![^,，。;；!！\n])|(?:我是|您是|他是|她是|这是|就是)[^,，。;；!！?？\n]{{2,14}}的)"
                rf"(?P<value>(?:{_COMPOUND}|[{_PLAIN}])[{_HAN}]{{2}})(?=[,，。;；!！\n]|$)"
            ),
            0.6,
            check=checks.clause,
            hint=rf"(?:^|[,，。;；!！\n的])(?:{_COMPOUND}|[{_PLAIN}])(?:[{_TYPICAL}][{_HAN}]|[{_HAN}][{_TYPICAL}])(?:[,，。;；!！\n]|$)",
        ),
        Pattern(
            re.compile(
                rf"(?:(?<![{_HAN}])|(?<=患者|病人|病号|病友|家属|邻居|同事|学生|老师|网友|用户|医生)|(?<=[人者是叫姓和跟与给让带找床成名]))"
                rf"(?P<value>{_COMPOUND}|[{_PLAIN}])(?=某某|某(?![{_AFTER_CERTAIN}])"
                r"|[×✕○]{1,3}(?![\d.])|(?<!\*[^*])\*{1,2}(?=[,，、 男女]))"
            ),
            LIKELY,
            check=checks.half_hidden,
            hint=rf"(?:{_COMPOUND}|[{_PLAIN}])(?:某|[×✕*＊○])",
        ),
        Pattern(
            re.compile(rf"(?:{_BEARERS})(?P<value>(?:{_COMPOUND}|[{_SURNAME}])[{_HAN}]{{1,2}})(?={_END})"),
            LABELLED,
            check=checks.borne,
            hint=rf"(?:{_BEARERS})(?:{_COMPOUND}|[{_SURNAME}])[{_HAN}]{{1,2}}(?:{_END})",
        ),
        Pattern(
            re.compile(rf"(?<=[{_BEFORE}])(?:{_COMPOUND}|[{_NOUN}])(?=[{_HAN}]?[{_TYPICAL}])"),
            0.6,
            check=checks.in_running_text,
            hint=rf"[{_BEFORE}](?:(?:{_COMPOUND}|[{_PLAIN}])(?:[{_TYPICAL}]|[{_HAN}][{_STRONG}])|[{_EVERYDAY}][{_STRONG}][{_TYPICAL}])",
        ),
        Pattern(
            re.compile(rf"(?:{_COMPOUND}|[{_NOUN}])(?=[{_HAN}]{{1,2}}(?:{PERSONAL.pattern}))"),
            0.6,
            check=checks.in_running_text,
            hint=rf"(?:{_COMPOUND}|[{_NOUN}])[{_HAN}]?[{_TYPICAL}](?:{PERSONAL.pattern})",
        ),
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
        "⟦王建国⟧，男，56岁",
        "带⟦王⟧某某去看病",
        "患者⟦李⟧××，女",
        "我家⟦乐乐⟧（⟦孔令浩⟧）发烧",
        "取药人⟦别春花⟧，明天来",
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
        "祝医生工作顺利",
        "某某医院的医生",
        "对于某些人",
        "任某一天都行",
    ),
)
