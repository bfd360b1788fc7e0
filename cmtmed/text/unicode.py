"""Bring characters, markup, punctuation and white space into one form, by explicit tables and never by NFKC.

The policy, in the order in which it is applied:

- ``tables.CHARACTERS``: full-width digits, letters and formula symbols become half-width; Chinese punctuation stays.
- HTML goes (see `markup`), to the last of several layers: ``&amp;lt;`` is ``<``.
- What is unreadable is removed; beside a number a space takes its place, so that no two numbers become one.
- ASCII ``, ; : ? ! .`` become Chinese behind a Chinese character, ``, ; : .`` only if one follows too. A list number
  (一.) keeps its point. Addresses of web pages are left as they are.
- A mark that is repeated is written once; three full stops or two points are an ellipsis.
- No blank at line ends or beside Chinese punctuation, one elsewhere, at most one empty line. A blank between Chinese
  characters stays (patients write it for a comma) unless four or more in a row are spaced out, 患 者 头 痛.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import polars as pl

from cmtmed.text.markup import strip_markup
from cmtmed.text.tables import CHARACTERS, DEBRIS

_HAN: Final = r"\p{Han}"
_BEFORE: Final = r"[\p{Han}）】」』”》？！]"
_MARK: Final = "，。！？；：、"

# Rules in order; each is a regular expression and what it becomes. No lookaround: Polars' engine has none.
RULES: Final[tuple[tuple[str, str], ...]] = (
    (r"!{2,}", "!"),
    (r"\?{2,}", "?"),
    (r"(?:\?!){2,}", "?!"),
    (r"(?:!\?){2,}", "!?"),
    (rf"({_BEFORE}) ?\?", "${1}？"),
    (rf"({_BEFORE}) ?!", "${1}！"),
    (rf"({_HAN}) ?,+ ?({_HAN})", "${1}，${2}"),
    (rf"({_HAN}) ?;+ ?({_HAN})", "${1}；${2}"),
    (rf"({_HAN}) ?:+ ?({_HAN})", "${1}：${2}"),
    (rf"({_HAN}),(\n|$)", "${1}，${2}"),
    (rf"({_HAN})\.(\n|$)", "${1}。${2}"),
    (rf"([\p{{Han}}&&[^一二三四五六七八九十]])\. ?({_HAN})", "${1}。${2}"),
    (rf"({_HAN})\.{{2,}}", "${1}……"),
    (r"。{3,}|…{3,}", "……"),
    *((f"{mark}{{2,}}", mark) for mark in f"{_MARK}～"),
    (r"(?:？！){2,}", "？！"),
    (r"(?:！？){2,}", "！？"),
    (r" {2,}", " "),
    (rf" ?([{_MARK}]) ?", "${1}"),
    (r" *\n *", "\n"),
    (r"\n{3,}", "\n\n"),
)

# A text without any of these is left alone by every rule above.
_SUSPECT: Final = (
    rf"{_BEFORE} ?[?!]|{_HAN} ?[,;:]|{_HAN}\.|。。|…{{3}}|，，|、、|；；|：：|！！|？？|～～|？！？！|！？！？"
    rf"|!!|\?\?|!\?!|\?!\?|  | \n|\n |\n\n\n| [{_MARK}]|[{_MARK}] |^\s|\s$"
)

_SPACED: Final = r"\p{Han} \p{Han} \p{Han} \p{Han}"
_SPACED_RUN: Final = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff](?: [\u4e00-\u9fff]){3,}(?![\u4e00-\u9fff])")

_IN_TABLE: Final = "[" + "".join(sorted({rf"\x{{{ord(old[0]):x}}}" for old in CHARACTERS})) + "]"
_IN_DEBRIS: Final = f"[{DEBRIS}]"
_BY_NUMBER: Final = re.compile(rf"(?<=[0-9A-Za-z.])[{DEBRIS}]+|[{DEBRIS}]+(?=[0-9A-Za-z.])")
_DEBRIS_RUN: Final = re.compile(_IN_DEBRIS)

_ADDRESS: Final = r"(?i)(?:(?:https?|ftp)://|www\.)[^\s，。！？；：、（）《》“”]+"
_STAND_IN: Final = "\ue000"  # private use, and therefore gone from the text when it is needed

# Each pass resolves one layer of nested markup; text from people settles in two.
_PASSES: Final = 100


def clean(texts: pl.Series) -> pl.Series:
    """Clean texts: HTML, width, control and invisible characters, punctuation, white space.

    No digit changes its value and no unit its meaning. Cleaning what is clean changes nothing: the steps are repeated,
    on the texts that they changed, until nothing changes any more (an entity may hide another).

    Args:
        texts: String; null stays null.

    Returns:
        As many texts, under the same name.
    """
    return until_stable(texts, _pass)


def until_stable(texts: pl.Series, step: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Repeat a step on the texts that it changed, until it changes none."""
    rows: pl.Series | None = None
    current = texts
    for _ in range(_PASSES):
        after = step(current)
        changed = after.ne_missing(current)
        if not changed.any():
            break
        where = changed.arg_true()
        rows = where if rows is None else rows.gather(where)
        current = after.filter(changed)
        texts = texts.clone().scatter(rows, current) if len(rows) < len(texts) else current.rename(texts.name)
    return texts


def _pass(texts: pl.Series) -> pl.Series:
    name = texts.name
    texts = _where(
        texts, _IN_TABLE, lambda some: some.str.replace_many(list(CHARACTERS), list(CHARACTERS.values()), leftmost=True)
    )
    texts = _where(texts, r"<[A-Za-z/!]|&[#A-Za-z]", lambda some: _each(some, strip_markup))
    texts = _where(texts, _IN_DEBRIS, lambda some: _each(some, _without_debris))
    texts = _where(texts, _SPACED, lambda some: _each(some, _joined))
    return _where(texts, _SUSPECT, _ruled).rename(name)


def _where(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Change the texts in which a pattern occurs: most rows of most crawls pass every check."""
    found = texts.str.contains(pattern).fill_null(value=False)
    # scatter writes into its series, which may be the caller's.
    return texts.clone().scatter(found.arg_true(), change(texts.filter(found))) if found.any() else texts


def _each(texts: pl.Series, change: Callable[[str], str]) -> pl.Series:
    return pl.Series([change(text) for text in texts], dtype=pl.String)


def _without_debris(text: str) -> str:
    return _DEBRIS_RUN.sub("", _BY_NUMBER.sub(" ", text))


def _joined(text: str) -> str:
    return _SPACED_RUN.sub(lambda found: found.group().replace(" ", ""), text)


def _ruled(texts: pl.Series) -> pl.Series:
    addressed = texts.str.contains(_ADDRESS)
    held = texts.filter(addressed).str.extract_all(_ADDRESS) if addressed.any() else None
    done = texts if held is None else texts.str.replace_all(_ADDRESS, _STAND_IN)
    for pattern, replacement in RULES:
        done = done.str.replace_all(pattern, replacement)
    done = done.str.strip_chars(" \n")
    if held is None:
        return done
    # No rule drops or reorders a stand-in, so that the addresses return in their order.
    restored = [
        "".join(part for pair in zip(text.split(_STAND_IN), [*addresses, ""], strict=True) for part in pair)
        for text, addresses in zip(done.filter(addressed), held, strict=True)
    ]
    return done.scatter(addressed.arg_true(), restored)
