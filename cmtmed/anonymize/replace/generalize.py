"""Say less of a value: 92岁 becomes 90岁以上, an address its province, a hospital its kind.

Dates are generalized in `cmtmed.anonymize.replace.surrogates`: their offset depends on the dialogue and the key.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.replace.surrogates import provinces

_HOSPITALS: Final = (
    "社区卫生服务中心|社区卫生服务站|卫生服务中心|卫生服务站|卫生院|诊所|卫生室|卫生所|医务所|门诊部|保健院|医学中心|体检中心|疗养院|中医馆|防治院"
    "|疾控中心|急救中心|月子中心|护理院"
)
_BODIES: Final = (
    ("公司|集团", "公司"),
    ("厂", "工厂"),
    ("大学|学院", "大学"),
    ("中学|高中|初中|[一二三四]中", "中学"),
    ("小学", "小学"),
    ("幼儿园", "幼儿园"),
    ("银行|支行", "银行"),
)


def generalized(kind: str, text: str) -> str | None:
    """Return what is left of a value when it is told in general terms.

    Args:
        kind: AGE90, ADDRESS, HOSPITAL or ORG.
        text: the value, as written.

    Returns:
        None if nothing general can be said: an address that names neither province nor city.

    >>> generalized("AGE90", "92岁"), generalized("ADDRESS", "邯郸市永年县东街村")
    ('90岁以上', '河北省')
    >>> generalized("HOSPITAL", "永年县人民医院"), generalized("ORG", "邯郸市永兴机械有限公司")
    ('某县医院', '某公司')
    """
    name = canonicalize(text).text
    told: str | None = None
    if kind == "AGE90":
        told = "90岁以上"
    elif kind == "ADDRESS":
        _, province = provinces.split(name)
        told = provinces.official(province) if province else None
    elif kind == "HOSPITAL":
        told = f"某{_hospital(name)}"
    elif kind == "ORG":
        told = "某" + next((word for form, word in _BODIES if re.search(form, name)), "单位")
    return None if told == text else told


def _hospital(name: str) -> str:
    """Return the kind of a hospital and the level that keeps it: 大学附属医院, 县医院, 诊所."""
    other = re.search(_HOSPITALS, name)
    if other:
        return other[0]
    if re.search("大学|医大|附属|附院|医学院", name):
        return "大学附属医院"
    levels = re.findall("省|市|县|区(?!院)|镇|乡", name)
    return (levels[-1] if levels else "") + "医院"
