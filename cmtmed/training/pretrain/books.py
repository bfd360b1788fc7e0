"""Plain text without records, such as books: cut into documents of bounded size at chapters and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_HEADING: Final = re.compile(r"(?:第[一二三四五六七八九十百千零〇两\d]+[章节篇部卷回编]|#{1,4}\s)")
_HEADING_LONGEST: Final = 40
_SENTENCE_ENDS: Final = "。！？!?；;…"


def split_paragraphs(chunks: Iterable[str], limit: int) -> Iterator[str]:
    r"""Yield the lines of a text that hold more than space; a longer one is cut behind a sentence.

    Args:
        chunks: the text, in pieces of any size.
        limit: characters of the longest paragraph.

    >>> list(split_paragraphs(["头痛。  发", "热。\n\n咳嗽"], 5))
    ['头痛。', '发热。', '咳嗽']
    """
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        for line in lines:
            yield from _bounded(line, limit)
        # A book may be one line: what is sure to be cut off is given away before more is read.
        while len(rest) > 2 * limit:
            piece, rest = _cut(rest.lstrip(), limit)
            yield from filter(None, [piece.strip()])
    yield from _bounded(rest, limit)


def _bounded(line: str, limit: int) -> Iterator[str]:
    line = line.strip()
    while len(line) > limit:
        piece, line = _cut(line, limit)
        yield from filter(None, [piece.strip()])
        line = line.lstrip()
    if line:
        yield line


def _cut(text: str, limit: int) -> tuple[str, str]:
    end = max(text.rfind(sign, 0, limit) for sign in _SENTENCE_ENDS) + 1
    return text[: end or limit], text[end or limit :]


def split_book(chunks: Iterable[str], limit: int) -> Iterator[str]:
    """Cut a text into documents: at a chapter's heading, or at a paragraph where the next would make it too long.

    Headings with nothing between them, as in a table of contents, stay together.

    Args:
        chunks: the text, in pieces of any size.
        limit: characters of the longest document.

    Yields:
        Documents of at most ``limit`` characters; together they hold every character that is no space, once, in order.
    """
    held: list[str] = []
    size, body = 0, False
    for paragraph in split_paragraphs(chunks, limit):
        heading = len(paragraph) <= _HEADING_LONGEST and _HEADING.match(paragraph) is not None
        if held and ((heading and body) or size + len(paragraph) > limit):
            yield "\n".join(held)
            held, size, body = [], 0, False
        held.append(paragraph)
        size += len(paragraph) + 1
        body = body or not heading
    if held:
        yield "\n".join(held)
