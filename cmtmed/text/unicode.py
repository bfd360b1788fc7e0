"""Bring characters, markup, punctuation and white space into one form, by explicit tables and never by NFKC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from cmtmed.text.markup import strip_markup
from cmtmed.text.tables import CHARACTERS

_HAN: Final = r"\p{Han}"

# Rules in order; each is a regular expression and what it becomes. No lookaround: Polars' engine has none.
RULES: Final[tuple[tuple[str, str], ...]] = (
    # ASCII punctuation behind a Chinese character is Chinese punctuation. Inside numbers, times, ratios and addresses
    # it stands behind a digit or a letter and stays.
    (rf"({_HAN}|[）】」』”])\?", "${1}？"),
    (rf"({_HAN}|[）】」』”])!", "${1}！"),
    (rf"({_HAN}) ?, ?({_HAN})", "${1}，${2}"),
    (rf"({_HAN}) ?; ?({_HAN})", "${1}；${2}"),
    (rf"({_HAN}) ?: ?({_HAN})", "${1}：${2}"),
    (rf"({_HAN}),(\n|$)", "${1}，${2}"),
    (rf"({_HAN})\.(\n|$)", "${1}。${2}"),
    # Repeated marks say no more than one; three stops or more are an ellipsis.
    (r"。{3,}|…{3,}", "……"),
    (rf"({_HAN})\.{{3,}}", "${1}……"),
    (r"。。", "。"),
    (r"，{2,}", "，"),
    (r"、{2,}", "、"),
    (r"；{2,}", "；"),
    (r"：{2,}", "："),
    (r"！{2,}", "！"),
    (r"？{2,}", "？"),
    (r"～{2,}", "～"),
    (r"!{2,}", "!"),
    (r"\?{2,}", "?"),
    # White space: one blank between words, none at line ends, at most one empty line.
    (r" {2,}", " "),
    (r" *\n *", "\n"),
    (r"\n{3,}", "\n\n"),
)

# A text without any of these is left alone by every rule above.
_SUSPECT: Final = (
    r"[?!,;:.] |[?!,;:.]\n|[?!,;:.]$|[\p{Han}）】」』”] ?[?!,;:]|\p{Han}\.|  | \n|\n |\n\n\n|。。|…{3}|，，|、、|；；|：：|！！|？？|～～"
    r"|!!|\?\?|^\s|\s$"
)

_PASSES: Final = 12


def clean(texts: pl.Series) -> pl.Series:
    """Clean texts: HTML, width, control and invisible characters, punctuation, white space.

    No digit changes its value and no unit its meaning. Cleaning what is clean changes nothing: the steps are repeated,
    on the texts that they changed, until nothing changes any more (an entity may hide another).

    Args:
        texts: String; null stays null.

    Returns:
        As many texts.
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
    texts = texts.str.replace_many(list(CHARACTERS), list(CHARACTERS.values()), leftmost=True)
    marked = texts.str.contains(r"<[A-Za-z/!]|&[#A-Za-z]").fill_null(value=False)
    if marked.any():
        where = marked.arg_true()
        stripped = [strip_markup(text) for text in texts.filter(marked)]
        texts = texts.scatter(where, stripped)
    suspect = texts.str.contains(_SUSPECT).fill_null(value=False)
    if suspect.any():
        some = texts.filter(suspect)
        for pattern, replacement in RULES:
            some = some.str.replace_all(pattern, replacement)
        texts = texts.scatter(suspect.arg_true(), some.str.strip_chars(" \n"))
    return texts.rename(name)
