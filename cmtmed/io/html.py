"""HTML pages, taken apart by CSS selectors with selectolax."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.encoding import SAMPLE, sniff
from cmtmed.io.jsonrecords import Record
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.speakers import Speakers
from cmtmed.source import Source

_CHARSET: Final = re.compile(rb"<meta[^>]+charset=[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)


def html(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the dialogues of one page; a page on which the selectors find none goes to quarantine."""
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
    text = _decoded(page, source.encoding)
    if text is None:
        yield Unreadable("byte 1", Reason.UNDECODABLE, page)
        return
    found = list(_dialogues(text, source))
    for number, fields in enumerate(found, start=1):
        yield f"record {number}", fields
    if not found:
        yield Unreadable("byte 1", Reason.NO_DIALOGUE, page)


def _decoded(page: bytes, encoding: str) -> str | None:
    named = _CHARSET.search(page[:4096])
    codec = encoding
    if encoding == "auto":
        codec = sniff(page[:SAMPLE])
        # A page that names its encoding may be believed where the bytes agree, gb2312 meaning GB18030 in practice.
        if named and codec != "utf-8":
            told = named.group(1).decode("ascii").lower()
            codec = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(told, codec)
    try:
        return page.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError:
        return None


def _dialogues(text: str, source: Source) -> Iterator[dict[str, Any]]:
    from selectolax.lexbor import LexborHTMLParser

    told, speakers = source.html, Speakers(source)
    tree = LexborHTMLParser(text)
    tree.strip_tags(["script", "style", "noscript", "template"])
    for br in tree.css("br"):
        br.replace_with("\n")
    for dialogue in tree.css(told.dialogue):
        turns = [
            {"role": _speaker(turn, told.role, speakers), "content": _text(turn, told.text)}
            for turn in (dialogue.css(told.turn) if told.turn else [])
        ]
        if turns:
            fields = {
                "messages": turns,
                "id": _value(dialogue, told.id),
                "department": _value(dialogue, told.department),
            }
            yield {name: value for name, value in fields.items() if value}


def _text(node: Any, selector: str) -> str:
    found = node.css_first(selector) if selector else node
    return found.text(deep=True).strip() if found is not None else ""


def _value(node: Any, told: str) -> str:
    """Evaluate ``selector``, ``@attribute`` or ``selector@attribute``; empty if nothing is there."""
    if not told:
        return ""
    selector, _, attribute = told.partition("@")
    found = node.css_first(selector) if selector else node
    if found is None:
        return ""
    return (found.attributes.get(attribute) or "").strip() if attribute else found.text(deep=True).strip()


def _speaker(node: Any, told: str, speakers: Speakers) -> str:
    value = _value(node, told)
    # A class attribute holds several names, of which one tells the speaker.
    return next((part for part in value.split() if speakers.role(part)), value)
