"""Checks that declared selectors of pages and separators of transcripts match something in the crawl."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.io.bytestream import TruncatedStreamError, peek_head
from cmtmed.io.containers import iter_members
from cmtmed.io.formats import detect_format
from cmtmed.io.html import decode_page
from cmtmed.io.lines import iter_lines
from cmtmed.io.separators import compile_declared_separator
from cmtmed.source import Source

SAMPLE_RECORDS: Final = 1000
"""Records of a file, or pages, that are looked at for a name that may be rare."""
MAX_NAMES: Final = 12
"""Names that a message lists."""
LONGEST_NAME: Final = 40
"""Longest name that a message lists; a longer one may be text."""


def _iter_of_format(files: Sequence[Path], source: Source, file_format: str) -> Iterator[Iterator[bytes]]:
    """Yield the bytes of the files that have a format."""
    for file in files:
        try:
            for member in iter_members(file, source):
                head, chunks = peek_head(member.chunks)
                if file_format in {source.format, detect_format(member.name, head, source)}:
                    yield chunks
        except (OSError, TruncatedStreamError):
            continue  # the reader says what is wrong with the file


@dataclass(frozen=True)
class _Matches:
    """What the selectors of a source match on a page, and the elements that have a class."""

    counts: Counter[str]
    elements: Counter[str]


def check_selectors(files: Sequence[Path], source: Source, location: str) -> None:
    """Check that each declared selector matches something on some page.

    Raises:
        PipelineError: one matches nothing; the message gives the elements that are there.
    """
    missing = [name for name in source.html.model_fields_set if getattr(source.html, name)]
    if not missing or source.format not in {"auto", "html"}:
        return
    pages = 0
    elements: Counter[str] = Counter()
    for chunks in _iter_of_format(files, source, "html"):
        matches = _count_matches(b"".join(chunks), source)
        pages += 1
        missing = [name for name in missing if not matches.counts.get(name)]
        if not missing:
            return
        elements += matches.elements
        if pages >= SAMPLE_RECORDS:
            missing = [name for name in missing if name not in {"id", "department"}]  # these may be rare
            break
    order = [name for name in ("dialogue", "turn", "text", "role", "id", "department") if name in missing]
    if order and pages:
        selector = getattr(source.html, order[0])
        raise PipelineError(
            f"{location}.html.{order[0]}: {selector!r} matches nothing on {pages:,} "
            f"{'page' if pages == 1 else 'pages'}; {_list_elements(selector, elements)}"
        )


def _list_elements(selector: str, elements: Counter[str]) -> str:
    common = [name for name, count in elements.most_common(MAX_NAMES) if len(name) <= LONGEST_NAME and count]
    suggestion = did_you_mean(selector, common) if common else ""
    listing = f"elements that are there: {', '.join(common)}" if common else "the pages have no elements with a class"
    return f"{listing}; {suggestion}" if suggestion.startswith("did") else listing


def check_separator(files: Sequence[Path], source: Source, location: str) -> None:
    """Check that a declared separator of transcripts matches some line.

    Raises:
        PipelineError: it matches none.
    """
    separator = source.transcript.separator
    if separator in {"auto", "blank", "line"} or source.format not in {"auto", "transcript"}:
        return
    pattern = compile_declared_separator(separator)
    lines = 0
    for chunks in _iter_of_format(files, source, "transcript"):
        for line in iter_lines(chunks, source.encoding, source.max_record_bytes):
            lines += 1
            if line.text is not None and pattern.fullmatch(line.text):
                return
    if lines:
        raise PipelineError(
            f"{location}.transcript.separator: {separator!r} matches none of {lines:,} lines; each file would be "
            "one dialogue; write what matches a whole line between two dialogues, or leave it to auto"
        )


def _count_matches(page: bytes, source: Source) -> _Matches:
    """Count what each selector matches: those of a turn inside the turns, those of a dialogue inside the dialogues."""
    from selectolax.lexbor import LexborHTMLParser

    selectors = source.html
    tree = LexborHTMLParser(decode_page(page, source.encoding) or "")
    dialogues = tree.css(selectors.dialogue)
    turns = [turn for dialogue in dialogues for turn in dialogue.css(selectors.turn)] if selectors.turn else []
    counts = Counter({"dialogue": len(dialogues), "turn": len(turns)})
    for name, nodes in (("role", turns), ("text", turns), ("id", dialogues), ("department", dialogues)):
        selector, _, attribute = getattr(selectors, name).partition("@")
        for node in nodes:
            matches = node.css(selector) if selector else [node]
            counts[name] += sum(not attribute or attribute in match.attributes for match in matches)
    elements: Counter[str] = Counter()
    for node in tree.css("[class]"):
        elements.update({f"{node.tag}.{name}" for name in (node.attributes.get("class") or "").split()})
    return _Matches(counts, elements)
