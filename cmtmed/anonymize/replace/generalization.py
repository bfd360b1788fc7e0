"""Generalize a value: 92岁 becomes 90岁以上, an address its province, a hospital its category.

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
_ORG_CATEGORIES: Final = (
    ("公司|集团", "公司"),
    ("厂", "工厂"),
    ("大学|学院", "大学"),
    ("中学|高中|初中|[一二三四]中", "中学"),
    ("小学", "小学"),
    ("幼儿园", "幼儿园"),
    ("银行|支行", "银行"),
)


def generalize_value(identifier_type: str, text: str) -> str | None:
    """Return a less precise value.

    Args:
        identifier_type: AGE90, ADDRESS, HOSPITAL or ORG.
        text: the value, as written.

    Returns:
        None if there is none: an address that names neither province nor city.

    >>> generalize_value("AGE90", "92岁"), generalize_value("ADDRESS", "邯郸市永年县东街村")
    ('90岁以上', '河北省')
    >>> generalize_value("HOSPITAL", "永年县人民医院"), generalize_value("ORG", "邯郸市永兴机械有限公司")
    ('某县医院', '某公司')
    """
    name = canonicalize(text).text
    general: str | None = None
    if identifier_type == "AGE90":
        general = "90岁以上"
    elif identifier_type == "ADDRESS":
        _, province = provinces.find_province(name)
        general = provinces.official_name(province) if province else None
    elif identifier_type == "HOSPITAL":
        general = f"某{_classify_hospital(name)}"
    elif identifier_type == "ORG":
        general = "某" + next((category for pattern, category in _ORG_CATEGORIES if re.search(pattern, name)), "单位")
    return None if general == text else general


def _classify_hospital(name: str) -> str:
    """Return the category of a hospital and the administrative level that runs it: 大学附属医院, 县医院, 诊所."""
    other = re.search(_HOSPITALS, name)
    if other:
        return other[0]
    if re.search("大学|医大|附属|附院|医学院", name):
        return "大学附属医院"
    levels = re.findall("省|市|县|区(?!院)|镇|乡", name)
    return (levels[-1] if levels else "") + "医院"
