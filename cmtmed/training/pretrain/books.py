"""Plain text without records, such as books, split into documents of bounded size at chapters and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_HEADING: Final = re.compile(r"(?:第[一二三四五六七八九十百千零〇两\d]+[章节篇部卷回编]|#{1,4}\s)")
_LONGEST_HEADING: Final = 40
_SENTENCE_ENDS: Final = "。！？!?；;…"


def split_paragraphs(chunks: Iterable[str], limit: int) -> Iterator[str]:
    r"""Yield the lines of a text that hold more than whitespace; a longer one is split after a sentence.

    Args:
        chunks: the text, in chunks of any size.
        limit: of the longest paragraph, in characters.

    >>> list(split_paragraphs(["头痛。  发", "热。\n\n咳嗽"], 5))
    ['头痛。', '发热。', '咳嗽']
    """
    remainder = ""
    for chunk in chunks:
        *lines, remainder = (remainder + chunk).split("\n")
        for line in lines:
            yield from _split_line(line, limit)
        # A book may be one line: what is sure to be split off is yielded before more is read.
        while len(remainder) > 2 * limit:
            paragraph, remainder = _split_at_sentence(remainder.lstrip(), limit)
            yield from filter(None, [paragraph.strip()])
    yield from _split_line(remainder, limit)


def _split_line(line: str, limit: int) -> Iterator[str]:
    line = line.strip()
    while len(line) > limit:
        paragraph, line = _split_at_sentence(line, limit)
        yield from filter(None, [paragraph.strip()])
        line = line.lstrip()
    if line:
        yield line


def _split_at_sentence(text: str, limit: int) -> tuple[str, str]:
    end = max(text.rfind(sign, 0, limit) for sign in _SENTENCE_ENDS) + 1
    return text[: end or limit], text[end or limit :]


def split_book(chunks: Iterable[str], limit: int) -> Iterator[str]:
    """Split a text into documents: at a chapter's heading, or at a paragraph where the next would make it too long.

    Headings with nothing between them, as in a table of contents, stay together.

    Args:
        chunks: the text, in chunks of any size.
        limit: of the longest document, in characters.

    Yields:
        Documents of at most ``limit`` characters; together they hold every character that is no whitespace, once, in
        order.
    """
    paragraphs: list[str] = []
    size, has_body = 0, False
    for paragraph in split_paragraphs(chunks, limit):
        is_heading = len(paragraph) <= _LONGEST_HEADING and _HEADING.match(paragraph) is not None
        if paragraphs and ((is_heading and has_body) or size + len(paragraph) > limit):
            yield "\n".join(paragraphs)
            paragraphs, size, has_body = [], 0, False
        paragraphs.append(paragraph)
        size += len(paragraph) + 1
        has_body = has_body or not is_heading
    if paragraphs:
        yield "\n".join(paragraphs)
