"""HOSPITAL: hospitals and clinics with a name of their own; 县医院, 三甲医院 and departments have none."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import splits_word
from cmtmed.anonymize.detect.lexicon.places import CITIES, PROVINCES, load_place_names
from cmtmed.anonymize.detect.names.addresses import NAME_UNIT
from cmtmed.anonymize.detect.names.institutions import find_name_start
from cmtmed.anonymize.detect.recognizer import LIKELY, VALID, Candidate, Pattern, Recognizer
from cmtmed.text.han import HAN

_TYPE_WORDS: Final = (
    "医院|病院|精神卫生中心|妇幼保健中心|康复医学中心|卫生院|卫生服务中心|卫生服务站|诊所|卫生室|卫生所|医务所|门诊部|保健院|保健所|医学中心"
    "|医疗中心|体检中心|疗养院|中医馆|国医堂|国医馆|防治院|防治所|疾控中心|急救中心|月子中心|护理院"
    "|推拿馆|按摩院|按摩馆|理疗馆|针灸馆|艾灸馆|康复中心|血液中心|中心血站|儿研所|口腔医院|医疗美容|整形医院|中药堂|药王堂|福利院医务室|医务室"
)
_NUMBERED: Final = "(?:第?[一二三四五六七八九十](?:附属?)?|附)院"
_AFFILIATED: Final = rf"[{HAN}]{{1,2}}(?:大|医|医大|中医|中医大)?(?:附[一二三四五六]|[一二三四五六]附)院?"
_SPECIALTIES: Final = "中医|妇幼|儿童|肿瘤|口腔|正骨|眼科|胸科|骨科|肛肠|妇产|人民|中心"
_BRANCH: Final = rf"(?:[(（][{HAN}]{{1,6}}院区?[)）]|(?:[东西南北新老]|本部|总)院区?|[{HAN}]{{2}}(?:院区|分院)|分院)?"
_FAMOUS: Final = (
    "协和|同仁|宣武|阜外|积水潭|安贞|天坛|世纪坛|广安门|东直门|北医三院|北医六院|北大医院|北大人民|北大口腔|北大深圳|中日友好|空总|海总"
    "|武总|西京|唐都|华西|华山|瑞金|仁济|长海|长征|龙华|曙光|红房子|国妇婴|一妇婴|儿研所|浙一|浙二|浙妇保|邵逸夫|湘雅二|湘雅三|湘雅|同济"
    "|中山一|中山三|中山六|珠江|南方|齐鲁|千佛山|新桥|大坪|西南|重医|川医|哈医大|吉大一|吉大二|白求恩|盛京|鼓楼|和睦家|省妇幼|市妇幼|九院|六院|十院|五院"
    "|三院|二院|一院|市立|省立|东肝|肺科|质子重离子|和美家|美中宜和|玛丽妇产|爱尔|树兰|明基|天佑|亚心|梨园|协和西院"
)
"""Short names of hospitals; most of them are also words or places."""
_FAMOUS_NUMBERS: Final = "30[12479]"
"""Numbers that people use as names of hospitals; a platelet count may read the same, so medical context must follow."""
_MEDICAL: Final = (
    "[看做查住挂检复治开拍拔补割切装磨约说建抽]|手术|造影|化疗|放疗|透析|分娩|生[孩娃二了的]|顺产|剖|确诊|就诊|出院|入院|转[院来去]|急诊|门诊|专家|主任|医生|大夫"
    f"|[{HAN}]{{1,4}}科|的(?:号|医生|专家|报告|片子|药|大夫|门诊|膏药|检查)|建档|产检|拿药|开药|试管|移植|体检|复查|给"
)
_KNOWN: Final = (
    "北京协和|武汉协和|武汉同济|上海瑞金|上海华山|上海中山|上海仁济|四川华西|成都华西|华西|湘雅"
    "|北医三院|北大一院|北大三院|浙大一院|浙大二院|浙一|浙二|西京|齐鲁|中日友好"
)

# 上海医院 is any hospital there; 固原市医院 and 西吉县医院 are particular ones.
_WHOLE_CITY: Final = (frozenset(CITIES) | frozenset(PROVINCES)) - {"北京"}


def _check_name(candidate: Candidate) -> Candidate | None:
    """Extend the type word (医院) leftwards over the hospital's name, and reject it without one."""
    text = candidate.canonical.text
    start, has_proper_name = find_name_start(text, candidate.start)
    is_city_only = text[start : candidate.start] in _WHOLE_CITY - {"中山", "朝阳"}
    if not has_proper_name or (candidate.value.startswith("医院") and is_city_only):
        return None
    return candidate._replace(start=start)


def _check_short_name(candidate: Candidate) -> Candidate | None:
    """Reject 三院 and 一院, which name nothing without a city; 在六院看的 is said by people who know which."""
    text = candidate.canonical.text
    if re.fullmatch("[一二三五]院|市立|省立|南方|珠江|西南|肺科", candidate.value):
        return None
    is_numbered = re.fullmatch("[六九十]院", candidate.value)
    if is_numbered and not re.search("[在去到从转来回]$", text[: candidate.start]):
        return None
    return None if splits_word(text, candidate.start, candidate.end) else candidate


def _check_affiliated(candidate: Candidate) -> Candidate | None:
    """Strip the sentence's words from 温附二 or 郑大一附院, a university's name or city and a number."""
    text, start = candidate.canonical.text, candidate.start
    while start < candidate.end and text[start] in "在去到来从往是有和与或及我你他她的了说转住挂找问个":
        start += 1
    return None if text[start] in "附一二三四五六" else candidate._replace(start=start)


def _check_specialty(candidate: Candidate) -> Candidate | None:
    """Extend a specialty over the place before it: 洛阳正骨 and 广东省中医 are hospitals with 医院 left out."""
    text = candidate.canonical.text
    start, has_proper_name = find_name_start(text, candidate.start)
    road = re.search(rf"{NAME_UNIT}{{2,3}}[路街]$", text[max(0, candidate.start - 4) : candidate.start])
    if has_proper_name and text[start : candidate.start] in load_place_names():
        return candidate._replace(start=start)
    return candidate._replace(start=candidate.start - len(road[0])) if road else None


RECOGNIZER: Final = Recognizer(
    type="HOSPITAL",
    shared_hint=(
        rf"(?:[^去到在来往的规大地业级甲当他她这那从各等,，。、；;：:！？?!\s我你和或及于家个型向是经"
        rf"看找有入出回进立\d说叫让由到了院])(?:{_TYPE_WORDS})|[0-9]{{3}}医院|[一二三四五六七八九十附]院|(?:推拿|按摩|理疗|针灸|艾灸)[馆院]|中药堂|药王堂"
        rf"|{_KNOWN}|(?:人民|立|家|级|地|大|业|和)医院"
    ),
    patterns=(
        Pattern(re.compile(rf"(?:{_TYPE_WORDS}){_BRANCH}"), VALID, check=_check_name),
        Pattern(re.compile(rf"(?<![住入出转])(?:{_NUMBERED})(?![士子长校])"), LIKELY, check=_check_name),
        Pattern(
            re.compile(
                rf"(?<![{HAN}])(?:{_FAMOUS})(?={_MEDICAL})|(?<=[在去到从转来托找跑挂约回问由])(?:{_FAMOUS})(?=[东西南北]?院?区?(?:{_MEDICAL}|[，,。!！的住过了]|$))"
            ),
            LIKELY,
            check=_check_short_name,
            hint=_FAMOUS,
        ),
        Pattern(
            re.compile(rf"(?<=[在去到从转来找跑挂约回问由])(?:{_FAMOUS_NUMBERS})(?=[东西南北]?院区|{_MEDICAL})"),
            LIKELY,
            hint=_FAMOUS_NUMBERS,
        ),
        Pattern(
            re.compile(rf"{_AFFILIATED}(?=[\s，,。给在做看住查挂的复手开转说！!]|$)"),
            LIKELY,
            check=_check_affiliated,
            hint="附[一二三四五六]|[一二三四五六]附",
        ),
        Pattern(
            re.compile(rf"(?:{_SPECIALTIES})(?=[看做查住挂开拔补说]|的(?:膏药|药|号|医生|专家|大夫|方子)|手术)"),
            LIKELY,
            check=_check_specialty,
            hint=rf"[省市县区州路街京津沪渝阳州都安江](?:{_SPECIALTIES})(?:[看做查住挂开拔补说]|的|手术)",
        ),
        Pattern(
            re.compile(r"(?<![一二三四五六七八九零〇十百第])[一二三四五六七八九][一二三四五六七八九零〇]{2}医院"),
            VALID,
            hint="[一二三四五六七八九零〇]{2}医院",
        ),
        Pattern(re.compile(rf"(?:{_KNOWN})(?=[看做挂住检复治手开拍的，。,!！的说专那]|医生|就诊|确诊|$)"), LIKELY),
    ),
    examples=(
        "我在⟦北京协和医院⟧看的",
        "去⟦邯郸市第一医院⟧做了CT",
        "转到⟦郑州大学第一附属医院⟧",
        "⟦永年县人民医院⟧住院",
        "在⟦301医院⟧做的手术",
        "⟦康宁诊所⟧开的药",
        "⟦华西⟧挂号难",
        "去⟦301⟧看过",
    ),
    lookalikes=(
        "去县医院看看",
        "建议去三甲医院",
        "人民医院",
        "我们医院没有",
        "会尽快去医院",
        "到正规医院就诊",
        "和医院联系",
        "上级医院",
        "妇幼保健院",
        "取决于医院",
    ),
)
