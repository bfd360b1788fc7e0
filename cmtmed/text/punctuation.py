"""Rules for punctuation and white space."""

from __future__ import annotations

from typing import Final

_HAN: Final = r"\p{Han}"
_BEFORE: Final = r"[\p{Han}）】」』”》？！]"
_MARK: Final = "，。！？；：、"

RULES: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("!!",), r"!{2,}", "!"),
    (("??",), r"\?{2,}", "?"),
    (("?!?!",), r"(?:\?!){2,}", "?!"),
    (("!?!?",), r"(?:!\?){2,}", "!?"),
    (("?",), rf"({_BEFORE}) ?\?", "${1}？"),
    (("!",), rf"({_BEFORE}) ?!", "${1}！"),
    ((",",), rf"({_HAN}) ?,+ ?({_HAN})", "${1}，${2}"),
    ((";",), rf"({_HAN}) ?;+ ?({_HAN})", "${1}；${2}"),
    ((":",), rf"({_HAN}) ?:+ ?({_HAN})", "${1}：${2}"),
    ((",",), rf"({_HAN}),(\n|$)", "${1}，${2}"),
    ((".",), rf"({_HAN})\.(\n|$)", "${1}。${2}"),
    ((".",), rf"([\p{{Han}}&&[^一二三四五六七八九十]])\. ?({_HAN})", "${1}。${2}"),
    (("..",), rf"({_HAN})\.{{2,}}", "${1}……"),
    (("。。。", "………"), r"。{3,}|…{3,}", "……"),
    *(((mark + mark,), f"{mark}{{2,}}", mark) for mark in f"{_MARK}～"),
    (("？！？！",), r"(?:？！){2,}", "？！"),
    (("！？！？",), r"(?:！？){2,}", "！？"),
    (("  ",), r" {2,}", " "),
    ((" ",), rf" ?([{_MARK}]) ?", "${1}"),
    ((" \n", "\n "), r" *\n *", "\n"),
    (("\n\n\n",), r"\n{3,}", "\n\n"),
)
"""Rules in order: signs of which a text holds one if the rule changes it, a regular expression, and its replacement.

No lookaround, which Polars does not support.
"""

UNTIDY: Final = (
    rf"{_BEFORE} ?[?!]|{_HAN} ?[,;:]|{_HAN}\.|。。|…{{3}}|，，|、、|；；|：：|！！|？？|～～|？！？！|！？！？"
    rf"|!!|\?\?|!\?!|\?!\?|  | \n|\n |\n\n\n| [{_MARK}]|[{_MARK}] |^\s|\s$"
)
"""No rule changes a text that does not match this."""

SIGNS: Final = (
    *"?!,;:. \n", "。。", "………", "，，", "、、", "；；", "：：", "！！", "？？", "～～", "？！？！", "！？！？",
)  # fmt: skip
"""Every text that matches `UNTIDY` holds one of these, or other white space."""
