"""Accounts, network addresses and record numbers: the same shape, and nobody's where a numbering plan allows it."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.replace.surrogates import phones
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom
from cmtmed.anonymize.replace.surrogates.notation import (
    PLAIN_LETTERS,
    canonical_digits,
    draw_same_shape,
    restore_notation,
)
from cmtmed.text.han import HAN

_HAN: Final = re.compile(f"[{HAN}]")
_NICKNAME_CHARS: Final = "晴山小禾暖阳清风星河云朵果甜夏初柠檬米粒麦田微光青柠听雨溪月南枝北岸向暖橙子豆包团圆"
_AT: Final = re.compile(
    r"\s?(?:[(（\[【#]\s?(?:at|@|艾特)\s?[)）\]】#]|@|艾特|小老鼠|圈a|(?<=\s)at(?=\s)|at(?=qq|163|126|gmail))\s?",
    re.IGNORECASE,
)
_DOT: Final = re.compile(r"\s?(?:[(（\[](?:dot|[.点])[)）\]]|dot|点|\.|。)\s?", re.IGNORECASE)
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z]+\s?:\s?//\s?)?(?P<www>www[.点])?(?P<host>[^/?#:]+)(?P<rest>.*)", re.DOTALL
)
_DOCUMENTATION_NETS: Final = ("192.0.2", "198.51.100", "203.0.113")
_SHORT_PROVINCES: Final = "宁青藏琼"
"""Provinces whose region letters end at E (宁), H (青), J (藏) and F (琼)."""
_CHINESE_NUMBER: Final = re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_DIGITS: Final = " 一二三四五六七八九"


def normalize_handle(text: str) -> str:
    """Return a handle as one would type it, in lower case."""
    return re.sub(r"\s", "", canonical_digits(text)).lower()


def normalize_number(text: str) -> str:
    """Return only the letters and digits of a number that is written with or without dashes."""
    return re.sub(r"[\s\-./·•]", "", canonical_digits(text)).lower()


def draw_wechat(text: str, random: KeyedRandom) -> str:
    """Draw a handle; a mobile number gets the surrogate of that number."""
    if phones.parse_mobile(text):
        return phones.draw_phone(text, random)
    template = canonical_digits(text)
    prefix_length = len("wxid_") if template.startswith("wxid_") else 0
    return restore_notation(text, template[:prefix_length] + draw_same_shape(template[prefix_length:], random))


def draw_social(text: str, random: KeyedRandom) -> str:
    """Draw a handle or a nickname, with one Chinese character for each."""
    template = draw_same_shape(canonical_digits(text), random)
    return restore_notation(text, _HAN.sub(lambda _: random.choice(_NICKNAME_CHARS), template))


def draw_qq(text: str, random: KeyedRandom) -> str:
    """Draw a number of the same length."""
    return restore_notation(text, draw_same_shape(canonical_digits(text), random))


def draw_record(text: str, random: KeyedRandom) -> str:
    """Draw a record number; the letters in front, which say what it numbers (CT, ZY, SF), stay."""
    template = canonical_digits(text)
    prefix = re.match("[A-Za-z]*", template)
    prefix_length = prefix.end() if prefix else 0
    if any(char.isascii() and char.isdigit() for char in template):
        return restore_notation(text, template[:prefix_length] + draw_same_shape(template[prefix_length:], random))
    return _CHINESE_NUMBER.sub(lambda match: _draw_chinese_number(match[0], random), template)


def _draw_chinese_number(old: str, random: KeyedRandom) -> str:
    """Draw a number below 100 in Chinese that is as long as the old one."""
    numbers = [_write_chinese_number(number) for number in range(1, 100)]
    return random.choice([number for number in numbers if len(number) == len(old)])


def _write_chinese_number(number: int) -> str:
    tens, units = divmod(number, 10)
    return (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_DIGITS[units] if units else "")


def draw_passport(text: str, random: KeyedRandom) -> str:
    """Draw a number; its first letter, which says what document it is, stays."""
    template = canonical_digits(text)
    prefix_length = 1 if template[:1].isalpha() else 0
    surrogate = template[:prefix_length] + draw_same_shape(template[prefix_length:], random, PLAIN_LETTERS)
    return restore_notation(text, surrogate)


def draw_plate(text: str, random: KeyedRandom) -> str:
    """Draw a plate with a region letter that its province does not have (GA 36)."""
    template = canonical_digits(text)
    match = re.match(rf"[{HAN}]\s?[A-Za-z]", template)
    if not match:
        return restore_notation(text, draw_same_shape(template, random, "ABCDEFGHJK"))
    letter = random.choice("STUVWXYZ")
    region = random.choice(_SHORT_PROVINCES) + match[0][1:-1] + (letter if match[0][-1].isupper() else letter.lower())
    return restore_notation(text, region + draw_same_shape(template[match.end() :], random, "ABCDEFGHJK"))


def draw_email(text: str, random: KeyedRandom) -> str | None:
    """Draw an address in a domain that nobody can own (RFC 2606: ``.example``), disguised like the original."""
    text = text if _AT.search(text) else canonical_digits(text)
    at_sign = _AT.search(text)
    if at_sign is None:
        return None
    local, domain = text[: at_sign.start()], text[at_sign.end() :]
    dot = _DOT.search(domain)
    surrogate = restore_notation(local, draw_same_shape(canonical_digits(local), random))
    return f"{surrogate}{at_sign[0]}{_draw_domain_name(random)}{dot[0] if dot else '.'}example"


def draw_url(text: str, random: KeyedRandom) -> str | None:
    """Draw a link into a domain that nobody can own, with a path of the same shape."""
    match = _URL.fullmatch(canonical_digits(text))
    if match is None:
        return None
    dot = "." if "." in match["host"] else "点"
    domain = f"{_draw_domain_name(random)}{dot}example"
    return f"{match['scheme'] or ''}{match['www'] or ''}{domain}{draw_same_shape(match['rest'], random)}"


def draw_ip(text: str, random: KeyedRandom) -> str:
    """Draw an address from the ranges reserved for documentation (RFC 5737, RFC 3849)."""
    if ":" in text:
        return f"2001:db8::{1 + random.randbelow(0xFFFE):x}:{1 + random.randbelow(0xFFFE):x}"
    return f"{random.choice(_DOCUMENTATION_NETS)}.{1 + random.randbelow(254)}"


def _draw_domain_name(random: KeyedRandom) -> str:
    return "".join(random.choice("bdfghklmnprstz") + random.choice("aeiou") for _ in range(3))
