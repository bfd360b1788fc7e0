"""DATE: read a day in whatever form, and write another day in the same form."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from cmtmed.anonymize.detect.canonical import CanonicalText, canonicalize
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.replace.surrogates.notation import styled

Writer = Callable[[date], "str | None"]
"""Gives a day in the form of the one that was read, or None if the form cannot hold it."""

_MONTHS: Final = vocabulary("""
    January February March April May June July August September October November December
    """)
_ENGLISH: Final = rf"(?P<m>{'|'.join(month[:3] for month in _MONTHS)})(?P<month>[a-z]*)(?P<dot>\.?)"
_HAN: Final = "[一二三四五六七八九十元]{1,3}"
_ONES: Final = " 一二三四五六七八九"
_LUNAR: Final = re.compile("[正冬腊初廿卅]|农历|阴历")
"""Months of the moon: without a table of them the day is not known."""
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<y>\d{{4}}|\d\d)\s?年\s?(?:阳历|公历)?(?P<m>\d{{1,2}}|{_HAN})\s?月\s?份?(?P<d>\d{{1,2}}|{_HAN})\s?[日号]?",
        r"(?P<y>\d{4}|\d\d)(?P<sep>\s?[-/.]\s?|\s)(?P<m>\d{1,2})(?:\s?[-/.]\s?|\s)(?P<d>\d{1,2})",
        r"(?P<m>\d{1,2})(?P<sep>[-/])(?P<d>\d{1,2})[-/](?P<y>\d{4})",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
        rf"{_ENGLISH}\s(?P<d>\d{{1,2}})(?P<th>st|nd|rd|th)?,?\s(?P<y>\d{{4}})",
        rf"(?P<d>\d{{1,2}})(?P<th>st|nd|rd|th)?\s{_ENGLISH},?\s(?P<y>\d{{4}})",
    )
)
_PARTS: Final = ("y", "m", "month", "d", "th")


def read(text: str) -> tuple[date, Writer] | None:
    """Read a day.

    Returns:
        The day and what writes another one in its form; None for the lunar calendar and what is no day.

    >>> day, written = read("二〇二三年五月十六日")
    >>> day.isoformat(), written(date(2022, 12, 1))
    ('2023-05-16', '二〇二二年十二月一日')
    """
    form = canonicalize(text)
    if _LUNAR.search(form.text):
        return None
    for pattern in _FORMS:
        found = pattern.fullmatch(form.digits)
        if found:
            return _read(text, form, found)
    return None


def _read(text: str, form: CanonicalText, found: re.Match[str]) -> tuple[date, Writer] | None:
    groups = found.groupdict()
    year, month, day = _year(groups["y"]), _month(groups["m"]), _small(groups["d"])
    # 25/12/2023 can only be the 25th of December.
    turned = "sep" in groups and found.start("m") < found.start("y") and month > 12
    if turned:
        month, day = day, month
    try:
        known = date(year, month, day)
    except ValueError:
        return None
    sep = groups.get("sep")
    padded = any(groups[part].startswith("0") for part in ("m", "d")) or (
        sep is not None and len(groups["m"]) == len(groups["d"]) == 2
    )
    wide = padded or found.re is _FORMS[3]

    def write(new: date) -> str | None:
        if _year(f"{new.year % 100:02d}" if len(groups["y"]) == 2 else str(new.year)) != new.year:
            return None
        first, second = (new.day, new.month) if turned else (new.month, new.day)
        values = {
            "y": f"{new.year % 100:02d}" if len(groups["y"]) == 2 else f"{new.year:04d}",
            "m": _word(new.month, groups) if "month" in groups else _number(first, groups["m"], wide=wide),
            "month": _MONTHS[new.month - 1][3:].lower() if groups.get("month") else "",
            "d": _number(second, groups["d"], wide=wide),
            "th": _ordinal(new.day),
        }
        if groups.get("month", "").isupper():
            values["month"] = values["month"].upper()
        pieces, at = [], 0
        for part in sorted((part for part in _PARTS if groups.get(part)), key=found.start):
            start, end = found.span(part)
            pieces += [_original(text, form, at, start), styled(values[part], _original(text, form, start, end))]
            at = end
        return "".join([*pieces, _original(text, form, at, len(form.text))])

    return known, write


def _original(text: str, form: CanonicalText, start: int, end: int) -> str:
    """Return what stands in the original between two indices of the canonical form."""
    return text[slice(*form.original_span(start, end))] if start < end else ""


def _year(digits: str) -> int:
    year = int(digits)
    return year if year > 99 else year + (2000 if year < 40 else 1900)


def _month(text: str) -> int:
    if text[0].isalpha() and text[0].isascii():
        return next(number for number, name in enumerate(_MONTHS, 1) if name[:3].lower() == text.lower())
    return _small(text)


def _small(text: str) -> int:
    """Read a number below 100; 0 if it is none."""
    if text.isdecimal():
        return int(text)
    if text == "元":
        return 1
    tens, ten, ones = text.rpartition("十")
    if any(char not in _ONES for char in tens + ones) or len(tens) > 1 or len(ones) > 1:
        return 0
    return (10 * _ONES.find(tens or "一") if ten else 0) + (_ONES.find(ones) if ones else 0)


def _number(value: int, sample: str, *, wide: bool) -> str:
    if sample.isdecimal():
        return f"{value:02d}" if wide else str(value)
    tens, ones = divmod(value, 10)
    return (_ONES[tens] if tens > 1 else "") + ("十" if tens else "") + (_ONES[ones] if ones else "")


def _word(month: int, groups: dict[str, str]) -> str:
    name = _MONTHS[month - 1][:3]
    return name.upper() if groups["m"].isupper() else name.lower() if groups["m"].islower() else name


def _ordinal(day: int) -> str:
    return "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def shifted(text: str, days: int) -> str | None:
    """Return a day so many days later, in the same form; None if it cannot be read or written.

    >>> shifted("2023-05-06", -10), shifted("23年5月6号", 30), shifted("1962年腊月初八", 3)
    ('2023-04-26', '23年6月5号', None)
    """
    known = read(text)
    return known[1](known[0] + timedelta(days=days)) if known else None
