"""Reader of HTML pages: dialogues are extracted by CSS selectors, with selectolax."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.encoding import SAMPLE_BYTES, detect_encoding
from cmtmed.io.jsonrecords import Record
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.speakers import Speakers
from cmtmed.source import Source

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_CHARSET: Final = re.compile(rb"<meta[^>]+charset=[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)


def read_html(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the dialogues of one page; a page on which the selectors match none goes to quarantine."""
    raw = bytearray()
    try:
        for chunk in chunks:
            raw += chunk
            if len(raw) > source.max_record_bytes:
                size = len(raw) + sum(map(len, chunks))
                yield Unreadable("byte 1", Reason.RECORD_TOO_LONG, bytes(raw), size)
                return
    except TruncatedStreamError:
        yield Unreadable("byte 1", Reason.TRUNCATED_STREAM, bytes(raw))
        return
    page = bytes(raw)
    text = _decode_page(page, source.encoding)
    if text is None:
        yield Unreadable("byte 1", Reason.UNDECODABLE, page)
        return
    dialogues = list(_iter_dialogues(text, source))
    for number, fields in enumerate(dialogues, start=1):
        yield f"record {number}", fields
    if not dialogues:
        yield Unreadable("byte 1", Reason.NO_DIALOGUE, page)


def _decode_page(page: bytes, encoding: str) -> str | None:
    match = _CHARSET.search(page[:4096])
    codec = encoding
    if encoding == "auto":
        codec = detect_encoding(page[:SAMPLE_BYTES])
        # A declared encoding is trusted unless the bytes are UTF-8; in practice gb2312 means GB18030.
        if match and codec != "utf-8":
            declared = match.group(1).decode("ascii").lower()
            codec = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(declared, codec)
    try:
        return page.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError:
        return None


def _iter_dialogues(text: str, source: Source) -> Iterator[dict[str, object]]:
    from selectolax.lexbor import LexborHTMLParser

    selectors, speakers = source.html, Speakers(source)
    tree = LexborHTMLParser(text)
    tree.strip_tags(["script", "style", "noscript", "template"])
    for br in tree.css("br"):
        br.replace_with("\n")
    for dialogue in tree.css(selectors.dialogue):
        turns = [
            {"role": _get_speaker(turn, selectors.role, speakers), "content": _get_text(turn, selectors.text)}
            for turn in (dialogue.css(selectors.turn) if selectors.turn else [])
        ]
        if turns:
            fields = {
                "messages": turns,
                "id": _get_value(dialogue, selectors.id),
                "department": _get_value(dialogue, selectors.department),
            }
            yield {name: value for name, value in fields.items() if value}


def _get_text(node: LexborNode, selector: str) -> str:
    match = node.css_first(selector) if selector else node
    return match.text(deep=True).strip() if match is not None else ""


def _get_value(node: LexborNode, expression: str) -> str:
    """Evaluate ``selector``, ``@attribute`` or ``selector@attribute``; empty if nothing matches."""
    if not expression:
        return ""
    selector, _, attribute = expression.partition("@")
    match = node.css_first(selector) if selector else node
    if match is None:
        return ""
    return (match.attributes.get(attribute) or "").strip() if attribute else match.text(deep=True).strip()


def _get_speaker(node: LexborNode, expression: str, speakers: Speakers) -> str:
    value = _get_value(node, expression)
    # A class attribute holds several names, one of which identifies the speaker.
    return next((name for name in value.split() if speakers.find_role(name)), value)
