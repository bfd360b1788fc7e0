"""Accounts, addresses on networks and numbers of records: the same shape, and where a plan says so, nobody's."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.replace.surrogates import phones
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws
from cmtmed.anonymize.replace.surrogates.notation import PLAIN_LETTERS, canonical_digits, rewritten, shaped

_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_NICK: Final = "晴山小禾暖阳清风星河云朵果甜夏初柠檬米粒麦田微光青柠听雨溪月南枝北岸向暖橙子豆包团圆"
_AT: Final = re.compile(
    r"\s?(?:[(（\[【#]\s?(?:at|@|艾特)\s?[)）\]】#]|@|艾特|小老鼠|圈a|(?<=\s)at(?=\s)|at(?=qq|163|126|gmail))\s?",
    re.IGNORECASE,
)
_DOT: Final = re.compile(r"\s?(?:[(（\[](?:dot|[.点])[)）\]]|dot|点|\.|。)\s?", re.IGNORECASE)
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z]+\s?:\s?//\s?)?(?P<www>www[.点])?(?P<host>[^/?#:]+)(?P<rest>.*)", re.DOTALL
)
_NETS: Final = ("192.0.2", "198.51.100", "203.0.113")
_BARREN: Final = "宁青藏琼"
"""Provinces whose plates end at the letter E (宁), H (青), J (藏) and F (琼)."""
_COUNTS: Final = re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_ONES: Final = " 一二三四五六七八九"


def value(text: str) -> str:
    """Return a handle or number as it would be typed in, in small letters."""
    return re.sub(r"\s", "", canonical_digits(text)).lower()


def number_value(text: str) -> str:
    """Return the letters and digits alone, of a number that is written with and without dashes."""
    return re.sub(r"[\s\-./·•]", "", canonical_digits(text)).lower()


def make_wechat(text: str, draws: Draws) -> str:
    """Draw a handle; one that is a mobile number becomes what that number becomes."""
    if phones.mobile(text):
        return phones.make(text, draws)
    form = canonical_digits(text)
    own = len("wxid_") if form.startswith("wxid_") else 0
    return rewritten(text, form[:own] + shaped(form[own:], draws))


def make_social(text: str, draws: Draws) -> str:
    """Draw a handle or a nickname, a Chinese character for each."""
    form = shaped(canonical_digits(text), draws)
    return rewritten(text, _HAN.sub(lambda _: draws.choice(_NICK), form))


def make_qq(text: str, draws: Draws) -> str:
    """Draw a number of the same length."""
    return rewritten(text, shaped(canonical_digits(text), draws))


def make_record(text: str, draws: Draws) -> str:
    """Draw a number of a record: the letters in front say what kind it is (CT, ZY, SF) and stay."""
    form = canonical_digits(text)
    kind = re.match("[A-Za-z]*", form)
    own = kind.end() if kind else 0
    if any(char.isascii() and char.isdigit() for char in form):
        return rewritten(text, form[:own] + shaped(form[own:], draws))
    return _COUNTS.sub(lambda found: _count(found[0], draws), form)


def _count(old: str, draws: Draws) -> str:
    """Draw a number below 100 in Chinese that is as long as the old one."""
    numbers = [_chinese(number) for number in range(1, 100)]
    return draws.choice([one for one in numbers if len(one) == len(old)])


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    return (_ONES[tens] if tens > 1 else "") + ("十" if tens else "") + (_ONES[ones] if ones else "")


def make_passport(text: str, draws: Draws) -> str:
    """Draw a number; its first letter says what document it is and stays."""
    form = canonical_digits(text)
    own = 1 if form[:1].isalpha() else 0
    return rewritten(text, form[:own] + shaped(form[own:], draws, PLAIN_LETTERS))


def make_plate(text: str, draws: Draws) -> str:
    """Draw a plate of a region letter that its province does not have (GA 36)."""
    form = canonical_digits(text)
    found = re.match(r"[\u4e00-\u9fff]\s?[A-Za-z]", form)
    if not found:
        return rewritten(text, shaped(form, draws, "ABCDEFGHJK"))
    letter = draws.choice("STUVWXYZ")
    head = draws.choice(_BARREN) + found[0][1:-1] + (letter if found[0][-1].isupper() else letter.lower())
    return rewritten(text, head + shaped(form[found.end() :], draws, "ABCDEFGHJK"))


def make_email(text: str, draws: Draws) -> str | None:
    """Draw an address in a domain that can belong to nobody (RFC 2606: ``.example``), disguised as the old one."""
    text = text if _AT.search(text) else canonical_digits(text)
    at = _AT.search(text)
    if at is None:
        return None
    local, domain = text[: at.start()], text[at.end() :]
    dot = _DOT.search(domain)
    own = rewritten(local, shaped(canonical_digits(local), draws))
    return f"{own}{at[0]}{_word(draws)}{dot[0] if dot else '.'}example"


def make_url(text: str, draws: Draws) -> str | None:
    """Draw a link into a domain that can belong to nobody, with a path of the same shape."""
    found = _URL.fullmatch(canonical_digits(text))
    if found is None:
        return None
    dot = "." if "." in found["host"] else "点"
    return f"{found['scheme'] or ''}{found['www'] or ''}{_word(draws)}{dot}example{shaped(found['rest'], draws)}"


def make_ip(text: str, draws: Draws) -> str:
    """Draw an address of those kept for documentation (RFC 5737, RFC 3849)."""
    if ":" in text:
        return f"2001:db8::{1 + draws.below(0xFFFE):x}:{1 + draws.below(0xFFFE):x}"
    return f"{draws.choice(_NETS)}.{1 + draws.below(254)}"


def _word(draws: Draws) -> str:
    return "".join(draws.choice("bdfghklmnprstz") + draws.choice("aeiou") for _ in range(3))
