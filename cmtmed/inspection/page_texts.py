"""Candidate sources for pages whose dialogues are transcripts: labels stand in the text of an element."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cmtmed.inspection.label_forms import find_forms
from cmtmed.inspection.transcripts import declare_label
from cmtmed.io.html import get_text
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Html, Source
from cmtmed.text.characters import count_characters

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_ELEMENTS: Final = 400
_SELECTORS: Final = 4
_FORMS: Final = 2
_COVERED: Final = 0.3
_LABELLED: Final = 0.7
_CLASS: Final = re.compile(r"-?[A-Za-z_][\w-]*")
_NO_DIALOGUES: Final = frozenset({"html", "head", "body", "a", "b", "span", "em", "strong", "i", "p", "option", "td"})


def propose_page_texts(trees: Sequence[LexborHTMLParser], base: Source) -> Iterator[Source]:
    """Yield candidate sources that read the text of every dialogue's element as a transcript."""
    labels = SpeakerLabels(base)
    for selector, texts in _list_elements(trees):
        source = base.model_copy(update={"format": "html", "html": Html(dialogue=selector)})
        known = sum({"user", "assistant"} <= labels.split(text).roles for text in texts)
        if known >= _LABELLED * len(texts):
            yield source
            continue
        for form in find_forms(texts)[:_FORMS]:
            yield from declare_label(form.to_pattern(), texts, source, has_few_names=bool(form.few_names))


def _list_elements(trees: Sequence[LexborHTMLParser]) -> list[tuple[str, list[str]]]:
    """Return the selectors of elements that hold much of the pages' text in several lines each, and their texts.

    Of nested elements the inner ones come first: they are single dialogues.
    """
    matches: dict[str, list[LexborNode]] = defaultdict(list)
    total = 0
    for tree in trees:
        if tree.body is None:
            continue
        total += count_characters(tree.body.text() or "")
        for node in tree.css("body *"):
            if node.tag not in _NO_DIALOGUES:
                for selector in list_selectors(node):
                    matches[selector].append(node)
    found = []
    for selector, nodes in matches.items():
        size = sum(count_characters(node.text() or "") for node in nodes)
        if len(nodes) > 1 and size >= _COVERED * total and not _are_nested(nodes):
            texts = [get_text(node, "") for node in nodes[:_ELEMENTS]]
            if sum("\n" in text for text in texts) >= _LABELLED * len(texts):
                found.append((selector, texts))
    distinct = {tuple(texts): (selector, texts) for selector, texts in reversed(found)}
    return sorted(distinct.values(), key=lambda item: (-len(item[1]), item[0]))[:_SELECTORS]


def list_selectors(node: LexborNode) -> list[str]:
    """Return selectors that match an element: its tag with each of its classes, then its tag."""
    tokens = [token for token in (node.attributes.get("class") or "").split() if _CLASS.fullmatch(token)]
    return [*(f"{node.tag}.{token}" for token in tokens), str(node.tag)]


def _are_nested(nodes: Sequence[LexborNode]) -> bool:
    inside = {node.mem_id for node in nodes}
    for node in nodes:
        parent = node.parent
        while parent is not None:
            if parent.mem_id in inside:
                return True
            parent = parent.parent
    return False
