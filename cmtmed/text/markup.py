"""HTML left in text: entities, tags, comments. What only looks like a tag (血压<140, PLT<100) stays."""

from __future__ import annotations

import html
import re
from typing import Final

from cmtmed.text.tables import SUBSCRIPT, SUPERSCRIPT

_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_HIDDEN: Final = re.compile(r"(?is)<!--.*?-->|<(script|style|noscript|template)\b[^<>]*>.*?</\1\s*>")
_SUP: Final = re.compile(r"(?i)<sup[^<>]*>([0-9+\-=()n]+)</sup\s*>")
_SUB: Final = re.compile(r"(?i)<sub[^<>]*>([0-9+\-=()]+)</sub\s*>")
_BREAK: Final = re.compile(
    r"(?i)</?(?:br|p|div|li|ul|ol|tr|table|tbody|thead|h[1-6]|dd|dt|dl|section|article|blockquote|pre|hr)(?:\s[^<>]*)?/?>"
)
_INLINE: Final = re.compile(
    r"(?i)</?(?:abbr|audio|big|body|button|center|cite|code|col|colgroup|del|em|fieldset|font|footer|form|head|header|html|"
    r"iframe|img|input|ins|label|legend|link|main|mark|meta|nav|object|option|script|select|small|span|strike|strong|style|"
    r"sub|sup|svg|td|textarea|tfoot|th|time|title|video|wbr)(?:\s[^<>]*)?/?>"
)
# One letter may be a comparison (a<b>c): such a tag counts if it has attributes or is closed again.
_LETTER: Final = re.compile(r"(?i)<([abiqsu])(?:\s[^<>]*)?>((?:(?!<\1[\s>]).)*?)</\1\s*>", re.DOTALL)
_LONE_LETTER: Final = re.compile(r"(?i)</[abiqsu]\s*>|<[abiqsu]\s+[a-z-]+=[^<>]*>")


def strip_markup(text: str) -> str:
    """Resolve entities and remove tags.

    >>> strip_markup("白细胞10<sup>9</sup>/L&nbsp;血压&lt;140<br/>a<b>c")
    '白细胞10⁹/L\\xa0血压<140\\na<b>c'
    """
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    if "<" in text:
        text = _HIDDEN.sub("", text)
        text = _SUP.sub(lambda found: found.group(1).translate(SUPERSCRIPT), text)
        text = _SUB.sub(lambda found: found.group(1).translate(SUBSCRIPT), text)
        text = _BREAK.sub("\n", text)
        text = _INLINE.sub("", text)
        text = _LETTER.sub(lambda found: found.group(2), text)
        text = _LONE_LETTER.sub("", text)
    return text
