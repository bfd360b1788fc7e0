"""Reader of HTML pages: dialogues are extracted by CSS selectors, with selectolax.

The text of an element is what `cmtmed.normalize` makes of the same markup in a field: blocks and cells are separated,
superscripts stay superscripts, line breaks of the source are blanks. A page for which no selector of turns is declared
is read as a transcript of its text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cmtmed.io.bytestream import SAMPLE_BYTES, TruncatedStreamError
from cmtmed.io.encoding import detect_encoding
from cmtmed.io.page_layouts import find_dialogues
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Html, Source
from cmtmed.text.characters import count_characters
from cmtmed.text.markup import strip_markup

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_CHARSET: Final = re.compile(rb"<meta[^>]+charset=[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)
_SOURCE_BREAKS: Final = re.compile(r"[ \t\r\n\f]+")
_PREFORMATTED: Final = re.compile(r"(<pre\b.*?</pre\s*>|<textarea\b.*?</textarea\s*>)", re.IGNORECASE | re.DOTALL)
_ANY_TAG: Final = re.compile(r"</?(?P<name>[a-zA-Z][\w:-]*)(?:\s[^<>]*)?/?>")
_RULE: Final = re.compile(r"<hr\b[^<>]*>", re.IGNORECASE)
_EMPHASIS: Final = frozenset("abiqsu")
_STAMP: Final = re.compile(
    r"\A(?:\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ \t]*)?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?[ \t]*\n?"
)
"""A time with which every turn begins."""
HIDDEN: Final = ["script", "style", "noscript", "template", "head", "title"]


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
    text = decode_page(page, source.encoding)
    if text is None:
        yield Unreadable("byte 1", Reason.UNDECODABLE, page)
        return
    number = 0
    for number, record in enumerate(_iter_dialogues(text, source), start=1):
        yield Record(f"record {number}", record.value, record.left_out)
    if not number:
        yield Unreadable("byte 1", Reason.NO_DIALOGUE, page)


def decode_page(page: bytes, encoding: str) -> str | None:
    """Decode a page by its bytes or by the encoding that it declares; None if that is impossible."""
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


def _iter_dialogues(text: str, source: Source) -> Iterator[Record]:
    from selectolax.lexbor import LexborHTMLParser

    selectors, labels = source.html, SpeakerLabels(source)
    tree = LexborHTMLParser(text)
    tree.strip_tags(HIDDEN)
    page_text = _read_text(tree.body) if tree.body is not None else ""
    if not selectors.turn:
        yield from find_dialogues(tree, page_text, source, _read_text, _read_between_rules)
        return
    records = [
        record for dialogue in tree.css(selectors.dialogue) if (record := _read_dialogue(dialogue, selectors, labels))
    ]
    inside = sum(count_characters(_read_text(dialogue)) for dialogue in tree.css(selectors.dialogue))
    outside = max(0, count_characters(page_text) - inside)
    for number, record in enumerate(records):
        left_out = Counter(record.left_out)
        if outside and number == 0:
            left_out["outside_dialogue"] += outside
        yield Record("", record.value, left_out)


def _read_between_rules(node: LexborNode) -> list[str]:
    """Return an element's text, divided where a rule stands in it."""
    parts = _RULE.split(node.html or "")
    return [text for part in parts if (text := _read_markup(part))]


def _read_dialogue(dialogue: LexborNode, selectors: Html, labels: SpeakerLabels) -> Record | None:
    nodes = dialogue.css(selectors.turn)
    turns = [
        {"role": _get_speaker(turn, selectors.role, labels), "content": _get_content(turn, selectors)} for turn in nodes
    ]
    if not turns:
        return None
    if len(turns) > 1 and all(_STAMP.match(turn["content"]) for turn in turns):
        for turn in turns:
            turn["content"] = _STAMP.sub("", turn["content"])
    fields = {
        "messages": turns,
        "opening": get_text(dialogue, selectors.opening) if selectors.opening else "",
        "id": _get_value(dialogue, selectors.id),
        "department": _get_value(dialogue, selectors.department),
    }
    in_text = [turn["content"] for turn in turns]
    in_text += [turn["role"] for turn in turns] if "@" not in selectors.role else []
    in_text += [str(fields["opening"])]
    in_text += [str(fields[name]) for name in ("id", "department") if "@" not in getattr(selectors, name)]
    rest = count_characters(_read_text(dialogue)) - sum(map(count_characters, in_text))
    left_out = {"outside_turns": rest} if rest > 0 else {}
    return Record("", {name: value for name, value in fields.items() if value}, left_out)


def _read_text(node: LexborNode) -> str:
    """Return an element's text as a browser lays it out: blocks on lines of their own, cells apart."""
    return _read_markup(node.html or "")


def _read_markup(html: str) -> str:
    parts = _PREFORMATTED.split(html)
    markup = "".join(part if index % 2 else _SOURCE_BREAKS.sub(" ", part) for index, part in enumerate(parts))
    # Elements that no list of tags knows, such as those of an app's own components, are no text either.
    text = strip_markup(_ANY_TAG.sub(_keep_known_tag, markup))
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _keep_known_tag(match: re.Match[str]) -> str:
    if match["name"].lower() in _EMPHASIS:
        return ""  # both tags of an emphasis, so that none is left inside a power
    return match.group() if _is_known_tag(match.group()) else ""


@lru_cache(maxsize=4096)
def _is_known_tag(tag: str) -> bool:
    return not strip_markup(tag).strip()


def get_text(node: LexborNode, selector: str) -> str:
    """Return the text of all matches in their order."""
    matches = node.css(selector) if selector else [node]
    return "\n".join(text for match in matches if (text := _read_text(match)))


def _get_content(turn: LexborNode, selectors: Html) -> str:
    """Return what is said in a turn; without a selector all of its text but the speaker's name before it."""
    text = get_text(turn, selectors.text)
    if selectors.text or "@" in selectors.role or not selectors.role:
        return text
    name = _get_value(turn, selectors.role)
    return text.removeprefix(name).lstrip(" \t\n　:：") if name else text


def _get_value(node: LexborNode, expression: str) -> str:
    """Evaluate ``selector``, ``@attribute`` or ``selector@attribute``; empty if nothing matches."""
    if not expression:
        return ""
    selector, _, attribute = expression.partition("@")
    match = node.css_first(selector) if selector else node
    if match is None:
        return ""
    if attribute == "tag":
        return match.tag or ""
    return (match.attributes.get(attribute) or "").strip() if attribute else _read_text(match)


def _get_speaker(node: LexborNode, expression: str, labels: SpeakerLabels) -> str:
    value = _get_value(node, expression)
    # A class attribute holds several names, one of which identifies the speaker: rather one that is known as it stands.
    names = value.split()
    listed = next((name for name in names if labels.is_listed(name)), None)
    return listed or next((name for name in names if labels.find_role(name)), value)
