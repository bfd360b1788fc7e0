"""DATE: parse a date in any of many formats, and write another date in the same format."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from cmtmed.anonymize.detect.canonical import CanonicalText, canonicalize
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.replace.surrogates.notation import write_digits

Writer = Callable[[date], "str | None"]
"""Writes a date in the format of the parsed one; returns None if the format cannot express it."""

_MONTHS: Final = vocabulary("""
    January February March April May June July August September October November December
    """)
_ENGLISH: Final = rf"(?P<m>{'|'.join(month[:3] for month in _MONTHS)})(?P<month>[a-z]*)(?P<dot>\.?)"
_HAN: Final = "[一二三四五六七八九十元]{1,3}"
_DIGITS: Final = " 一二三四五六七八九"
_LUNAR: Final = re.compile("[正冬腊初廿卅]|农历|阴历")
"""Lunar months: without a table of them the day is unknown."""
_FORMATS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<y>\d{{4}}|\d\d)\s?年\s?(?:阳历|公历)?(?P<m>\d{{1,2}}|{_HAN})\s?月\s?份?(?P<d>\d{{1,2}}|{_HAN})\s?[日号]?",
        r"(?P<y>\d{4}|\d\d)(?P<sep>\s?[-/.]\s?|\s)(?P<m>\d{1,2})(?:\s?[-/.]\s?|\s)(?P<d>\d{1,2})",
        r"(?P<m>\d{1,2})(?P<sep>[-/])(?P<d>\d{1,2})[-/](?P<y>\d{4})",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
        rf"{_ENGLISH}\s(?P<d>\d{{1,2}})(?P<th>st|nd|rd|th)?,?\s(?P<y>\d{{4}})",
        rf"(?P<d>\d{{1,2}})(?P<th>st|nd|rd|th)?\s{_ENGLISH},?\s(?P<y>\d{{4}})",
    )
)
_FIELDS: Final = ("y", "m", "month", "d", "th")


def parse_date(text: str) -> tuple[date, Writer] | None:
    """Parse a date.

    Returns:
        The date, and a function that writes another one in the same format; None for the lunar calendar and for what
        is not a date.

    >>> day, write = parse_date("二〇二三年五月十六日")
    >>> day.isoformat(), write(date(2022, 12, 1))
    ('2023-05-16', '二〇二二年十二月一日')
    """
    canonical = canonicalize(text)
    if _LUNAR.search(canonical.text):
        return None
    for pattern in _FORMATS:
        match = pattern.fullmatch(canonical.digits)
        if match:
            return _parse_match(text, canonical, match)
    return None


def _parse_match(text: str, canonical: CanonicalText, match: re.Match[str]) -> tuple[date, Writer] | None:
    groups = match.groupdict()
    year, month, day = _parse_year(groups["y"]), _parse_month(groups["m"]), _parse_number(groups["d"])
    # 25/12/2023 can only be the 25th of December.
    is_day_first = "sep" in groups and match.start("m") < match.start("y") and month > 12
    if is_day_first:
        month, day = day, month
    try:
        parsed = date(year, month, day)
    except ValueError:
        return None
    separator = groups.get("sep")
    is_padded = any(groups[name].startswith("0") for name in ("m", "d")) or (
        separator is not None and len(groups["m"]) == len(groups["d"]) == 2
    )
    two_digits = is_padded or match.re is _FORMATS[3]

    def write(new: date) -> str | None:
        new_year = f"{new.year % 100:02d}" if len(groups["y"]) == 2 else str(new.year)
        if _parse_year(new_year) != new.year:
            return None
        first, second = (new.day, new.month) if is_day_first else (new.month, new.day)
        values = {
            "y": f"{new.year % 100:02d}" if len(groups["y"]) == 2 else f"{new.year:04d}",
            "m": (
                _abbreviate_month(new.month, groups)
                if "month" in groups
                else _write_number(first, groups["m"], two_digits=two_digits)
            ),
            "month": _MONTHS[new.month - 1][3:].lower() if groups.get("month") else "",
            "d": _write_number(second, groups["d"], two_digits=two_digits),
            "th": _ordinal_suffix(new.day),
        }
        if groups.get("month", "").isupper():
            values["month"] = values["month"].upper()
        segments, position = [], 0
        for name in sorted((name for name in _FIELDS if groups.get(name)), key=match.start):
            start, end = match.span(name)
            segments.append(_slice_original(text, canonical, position, start))
            segments.append(write_digits(values[name], _slice_original(text, canonical, start, end)))
            position = end
        return "".join([*segments, _slice_original(text, canonical, position, len(canonical.text))])

    return parsed, write


def _slice_original(text: str, canonical: CanonicalText, start: int, end: int) -> str:
    """Return the part of the original between two offsets of the canonical form."""
    return text[slice(*canonical.original_span(start, end))] if start < end else ""


def _parse_year(digits: str) -> int:
    year = int(digits)
    return year if year > 99 else year + (2000 if year < 40 else 1900)


def _parse_month(text: str) -> int:
    if text[0].isalpha() and text[0].isascii():
        return next(number for number, name in enumerate(_MONTHS, 1) if name[:3].lower() == text.lower())
    return _parse_number(text)


def _parse_number(text: str) -> int:
    """Parse a number below 100; 0 if the text is not one."""
    if text.isdecimal():
        return int(text)
    if text == "元":
        return 1
    tens, ten, units = text.rpartition("十")
    if any(char not in _DIGITS for char in tens + units) or len(tens) > 1 or len(units) > 1:
        return 0
    return (10 * _DIGITS.find(tens or "一") if ten else 0) + (_DIGITS.find(units) if units else 0)


def _write_number(value: int, sample: str, *, two_digits: bool) -> str:
    if sample.isdecimal():
        return f"{value:02d}" if two_digits else str(value)
    tens, units = divmod(value, 10)
    return (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_DIGITS[units] if units else "")


def _abbreviate_month(month: int, groups: dict[str, str]) -> str:
    """Return the first three letters of an English month, in the case of the original."""
    name = _MONTHS[month - 1][:3]
    return name.upper() if groups["m"].isupper() else name.lower() if groups["m"].islower() else name


def _ordinal_suffix(day: int) -> str:
    return "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def shift_date(text: str, days: int) -> str | None:
    """Shift a date by some days and write it in the same format; None if it cannot be parsed or written.

    >>> shift_date("2023-05-06", -10), shift_date("23年5月6号", 30), shift_date("1962年腊月初八", 3)
    ('2023-04-26', '23年6月5号', None)
    """
    parsed = parse_date(text)
    return parsed[1](parsed[0] + timedelta(days=days)) if parsed else None
