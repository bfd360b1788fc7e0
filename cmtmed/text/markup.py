"""Removal of HTML left in text: entities, tags, comments. What only looks like a tag (血压<140, PLT<100, a<b>c) stays.

Every pattern stops at the next ``<`` or never backtracks, so that the time is linear even for a hostile page.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import Final

from cmtmed.text.tables import SUBSCRIPT, SUPERSCRIPT

# &nbsp and its like are also written without the semicolon; other names are not, or NG&P would lose a letter.
_ENTITY: Final = re.compile(
    r"&(?:#\d{1,7}+;|#[xX][0-9a-fA-F]{1,6}+;|[a-zA-Z][a-zA-Z0-9]{1,31}+;|(?:nbsp|lt|gt|amp|quot)(?![a-zA-Z0-9=;]))"
)
_NESTED: Final = re.compile(r"&(?:amp;)+")

_ATTRIBUTES: Final = r"(?:\s++[A-Za-z_:@][\w:.@-]*+(?:\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>]++))?+)*+\s*+/?"


def _tag(names: str) -> re.Pattern[str]:
    return re.compile(rf"</?(?:{names}){_ATTRIBUTES}>", re.IGNORECASE)


_BREAK: Final = _tag(
    "br|p|div|li|ul|ol|tr|table|tbody|thead|tfoot|h[1-6]|dd|dt|dl|details|summary|caption|figcaption|section|article|aside|blockquote|pre|hr|header|footer"
)
# Rendered side by side on the page: without a gap two cells of a table would become one number.
_GAP: Final = _tag("td|th|img|input|button|option|select|textarea|label|iframe|video|audio|canvas|object|svg")
_INLINE: Final = _tag(
    "abbr|address|bdo|big|body|center|cite|code|col|colgroup|del|em|fieldset|figure|font|form|head|html|ins|kbd|legend|"
    "link|main|mark|meta|nav|noscript|script|small|span|strike|strong|style|sub|sup|template|time|title|tt|var|wbr|ruby|rb|rt|rp|rtc|bdi|dfn|picture|samp"
)
# One letter may be a comparison (a<b>c): such a tag counts if it has attributes or is closed again.
_LETTER: Final = re.compile(rf"<([abiqsu])(?:{_ATTRIBUTES})>([^<]*+)</\1\s*+>", re.IGNORECASE)
_LONE_LETTER: Final = re.compile(r"</[abiqsu]\s*+>|<[abiqsu]\s++[a-z-]++\s*+=[^<>]*+>", re.IGNORECASE)
_DOCTYPE: Final = re.compile(r"<!(?:doctype|\[CDATA\[)[^<>]*+>", re.IGNORECASE)

_INSIDE: Final = re.compile(
    rf"(<su[bp]{_ATTRIBUTES}>)\s*+(?:<[a-z]++{_ATTRIBUTES}>)++([^<>]*+)(?:</(?!su[bp])[a-z]++\s*+>)++\s*+(?=</su[bp]\s*+>)",
    re.IGNORECASE,
)
"""Emphasis inside a power: ``10<sup><b>9</b></sup>``."""
_SUP: Final = re.compile(rf"<sup{_ATTRIBUTES}>\s*+([0-9+\-=()n]++)\s*+</sup\s*+>", re.IGNORECASE)
_SUB: Final = re.compile(rf"<sub{_ATTRIBUTES}>\s*+([0-9+\-=()]++)\s*+</sub\s*+>", re.IGNORECASE)
# A power without superscript characters (10<sup>-1.5</sup>), or one that is never closed.
_POWER: Final = re.compile(rf"(?<=[0-9A-Za-z)）])<sup{_ATTRIBUTES}>(?=[-+−]?[0-9])", re.IGNORECASE)

_HIDDEN: Final = re.compile(r"<(?:(!--)|(script|style|noscript|template)\b[^<>]*+>)", re.IGNORECASE)
_CLOSES: Final = {
    "!--": re.compile("-->"),
    **{name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("script", "style", "noscript", "template")},
}


def strip_markup(text: str) -> str:
    r"""Resolve entities and remove tags.

    >>> strip_markup("白细胞10<sup>9</sup>/L&nbsp;血压&lt;140<br/>a<b>c")
    '白细胞10⁹/L\xa0血压<140\na<b>c'
    """
    if "&" in text:
        text = _ENTITY.sub(_resolve_entity, _NESTED.sub("&", text))
    if "<" in text:
        text = _remove_hidden(text)
        text = _INSIDE.sub(r"\1\2", text)
        text = _SUP.sub(lambda match: match.group(1).translate(SUPERSCRIPT), text)
        text = _SUB.sub(lambda match: match.group(1).translate(SUBSCRIPT), text)
        text = _POWER.sub("^", text)
        text = _BREAK.sub("\n", text)
        text = _GAP.sub(" ", text)
        text = _INLINE.sub("", text)
        text = _LETTER.sub(r"\2", text)
        text = _LONE_LETTER.sub("", text)
        text = _DOCTYPE.sub("", text)
    return text


def _resolve_entity(match: re.Match[str]) -> str:
    entity = match.group()
    if entity.startswith("&#") or entity.removeprefix("&") in html5:
        return html.unescape(entity)
    return entity if entity.endswith(";") else html.unescape(entity + ";")


def _remove_hidden(text: str) -> str:
    """Remove comments and elements that a page never shows; an unclosed one does not remove the rest of the text."""
    visible = []
    position = 0
    unclosed = set()
    for opening in _HIDDEN.finditer(text):
        element = (opening.group(1) or opening.group(2)).lower()
        if opening.start() < position or element in unclosed:
            continue
        closing = _CLOSES[element].search(text, opening.end())
        if closing is None:
            unclosed.add(element)
            continue
        visible.append(text[position : opening.start()])
        position = closing.end()
    return "".join((*visible, text[position:]))
