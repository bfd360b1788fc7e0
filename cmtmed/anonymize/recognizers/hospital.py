"""HOSPITAL: hospitals and clinics with a name of their own; 县医院, 三甲医院 and departments have none."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.institutions import start_of_name
from cmtmed.anonymize.lexicon.places import CITIES, PROVINCES
from cmtmed.anonymize.recognizer import LIKELY, VALID, Candidate, Pattern, Recognizer

_KIND: Final = (
    "医院|卫生院|卫生服务中心|卫生服务站|诊所|卫生室|卫生所|医务所|门诊部|保健院|保健所|医学中心"
    "|医疗中心|体检中心|疗养院|中医馆|国医堂|国医馆|防治院|防治所|疾控中心|急救中心|月子中心|护理院"
)
_NUMBERED: Final = "(?:第?[一二三四五六七八九十](?:附属?)?|附)院"
_BRANCH: Final = (
    r"(?:[(（][\u4e00-\u9fff]{1,6}院区?[)）]|(?:[东西南北新老]|本部|总)院区?|[\u4e00-\u9fff]{2}(?:院区|分院)|分院)?"
)
_KNOWN: Final = (
    "北京协和|武汉协和|武汉同济|上海瑞金|上海华山|上海中山|上海仁济|四川华西|成都华西|华西|湘雅"
    "|北医三院|北大一院|北大三院|浙大一院|浙大二院|浙一|浙二|西京|齐鲁|301|中日友好"
)

# 上海医院 means any hospital there; 固原市医院 and 西吉县医院 mean one.
_WHOLE_CITY: Final = (frozenset(CITIES) | frozenset(PROVINCES)) - {"北京"}


def _named(found: Candidate) -> Candidate | None:
    text = found.canonical.text
    start, proper = start_of_name(text, found.start)
    if not proper or (found.value.startswith("医院") and text[start : found.start] in _WHOLE_CITY):
        return None
    return found._replace(start=start)


RECOGNIZER: Final = Recognizer(
    type="HOSPITAL",
    shared_hint=(
        rf"(?:[^去到在来往的规大地业级甲当他她这那从各等,，。、；;：:！？?!\s我你和或及于家个型向是经"
        rf"看找有入出回进立\d说叫让由到了院])(?:{_KIND})|[0-9]{{3}}医院|[一二三四五六七八九十附]院"
        rf"|{_KNOWN}|(?:人民|立|家|级|地|大|业|和)医院"
    ),
    patterns=(
        Pattern(re.compile(rf"(?:{_KIND}){_BRANCH}"), VALID, check=_named),
        Pattern(re.compile(rf"(?<![住入出转])(?:{_NUMBERED})(?![士子长校])"), LIKELY, check=_named),
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
