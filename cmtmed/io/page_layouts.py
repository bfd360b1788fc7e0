"""Dialogues on pages for which no selector is declared: tables with named columns, and text with speakers' labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from cmtmed.io.field_names import find_names, holds_field
from cmtmed.io.record_values import count_leaves
from cmtmed.io.records import Record
from cmtmed.io.speaker_labels import SIDES, SpeakerLabels
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.io.transcript import read_transcripts
from cmtmed.source import Source, Transcript
from cmtmed.text.characters import count_characters

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

ReadText = Callable[["LexborNode"], str]
"""Returns an element's text as a browser lays it out."""
DivideText = Callable[["LexborNode"], list[str]]
"""Returns the texts of an element between its rules."""
_BODY: Final = "body"
_NAME_CHARACTERS: Final = 16
_SEVERAL: Final = 2
_PAIR: Final = 2
_DEPTH: Final = 32
"""Elements inside one another down to the dialogues."""
_INSIDE: Final = 0.9
"""Share of the turns that must stand in such elements."""


def find_dialogues(
    tree: LexborHTMLParser, page_text: str, source: Source, read_text: ReadText, divide_text: DivideText
) -> Iterator[Record]:
    """Yield the dialogues of a page: of its tables and lists, or of its text.

    What stands beside them is counted as ``outside_dialogue`` with the first.

    Args:
        tree: the page.
        page_text: its text, block by block on lines of their own.
        source: the source, for the speakers' names.
        read_text: reads the text of an element.
        divide_text: reads the texts of an element between its rules.
    """
    labels = SpeakerLabels(source)
    rest = count_characters(page_text)
    is_declared = source.html.dialogue != _BODY or source.transcript != Transcript()
    values = [] if is_declared else list(_iter_table_values(tree, labels, read_text))
    if is_declared:
        texts = [text for node in tree.css(source.html.dialogue) for text in divide_text(node)]
        records = list(_iter_transcripts(texts, source))
        rest -= sum(map(_count_record, records))
    elif values:
        records = [Record("", value) for value in values]
        rest -= sum(map(_count_cells, values))
    else:
        for furniture in tree.css("nav, footer"):
            furniture.decompose()
        text = read_text(tree.body) if tree.body is not None else ""
        transcript = labels.split(text)
        records = []
        if transcript.turns and tree.body is not None:
            records = _list_containers(tree.body, labels, read_text) or [
                record
                for record in _iter_transcripts(divide_text(tree.body), source)
                if labels.split(_get_text(record)).roles >= set(SIDES)
            ]
        if len(records) < _SEVERAL:
            is_labelled = labels.line.search(text) or transcript.roles >= set(SIDES)
            records = [Record("", {"text": text})] if transcript.turns and is_labelled else []
        rest -= sum(map(_count_record, records))
    for number, record in enumerate(records):
        left_out = {"outside_dialogue": rest} if number == 0 and rest > 0 else {}
        yield Record("", record.value, {**record.left_out, **left_out})


def _list_containers(body: LexborNode, labels: SpeakerLabels, read_text: ReadText) -> list[Record]:
    """Return the dialogues that stand in elements beside one another, if both sides speak in each, and few outside."""
    node = body
    for _ in range(_DEPTH):
        texts = [read_text(child) for child in node.iter()]
        transcripts = [labels.split(text) if text else None for text in texts]
        both = [number for number, t in enumerate(transcripts) if t is not None and t.roles >= set(SIDES)]
        if len(both) == 1:
            node = list(node.iter())[both[0]]
            continue
        turns = sum(len(transcript.turns) for transcript in transcripts if transcript is not None)
        inside = sum(len(transcript.turns) for number in both if (transcript := transcripts[number]) is not None)
        return [Record("", {"text": texts[number]}) for number in both] if inside >= _INSIDE * turns else []
    return []


def _iter_transcripts(texts: Sequence[str], source: Source) -> Iterator[Record]:
    """Yield the dialogues of texts, each of them read as a text file is."""
    stream = source.model_copy(update={"encoding": "utf-8"})
    for text in texts:
        for record in read_transcripts(iter([text.encode("utf-8", "replace")]), stream):
            if isinstance(record, Record):
                yield Record("", record.value, dict(record.left_out))


def _get_text(record: Record) -> str:
    text = record.value.get("transcript") or record.value.get("text") or ""
    return text if isinstance(text, str) else ""


def _count_record(record: Record) -> int:
    return count_leaves(record.value) + sum(record.left_out.values())


def _iter_table_values(
    tree: LexborHTMLParser, labels: SpeakerLabels, read_text: ReadText
) -> Iterator[Mapping[str, object]]:
    """Yield the records of tables and lists whose cells name the speakers, or whose first row names the columns."""
    for group in tree.css("dl"):
        terms, texts = ([read_text(item) for item in group.css(tag)] for tag in ("dt", "dd"))
        if len(terms) == len(texts) and _are_speakers(terms, labels):
            yield {"messages": [{"role": r, "content": t} for r, t in zip(terms, texts, strict=True)]}
    tables = [cells for table in tree.css("table") if (cells := _read_cells(table, read_text))]
    for cells in tables:
        rows = _name_cells(cells)
        names = list(rows[0]) if rows else []
        if find_names(names, "role") and find_names(names, "content"):
            if len(tables) == 1 and find_names(names, "group"):
                yield from rows  # the rows say which dialogue they belong to
            else:
                yield {"messages": rows}
        elif holds_field(names, "question") and holds_field(names, "answer"):
            yield from rows
        elif all(len(row) == _PAIR for row in cells) and _are_speakers([row[0] for row in cells], labels):
            yield {"messages": [{"role": row[0], "content": row[1]} for row in cells]}


def _are_speakers(names: Sequence[str], labels: SpeakerLabels) -> bool:
    """Return whether names are those of speakers of both sides."""
    roles = {labels.find_role(name) or find_role_by_words(name) for name in names if len(name) <= _NAME_CHARACTERS}
    return all(len(name) <= _NAME_CHARACTERS for name in names) and None not in roles and roles >= set(SIDES)


def _read_cells(table: LexborNode, read_text: ReadText) -> list[list[str]]:
    """Return the cells of a table's rows; none if it holds tables, which are for layout."""
    if len(table.css("table")) > 1:
        return []
    rows = [[read_text(cell) for cell in row.css("td, th")] for row in table.css("tr")]
    return [row for row in rows if any(row)]


def _name_cells(rows: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Return the rows below a header by column; none if the first row is no header."""
    header = rows[0]
    if len(rows) < _SEVERAL or len(set(header)) < len(header) or any(len(name) > _NAME_CHARACTERS for name in header):
        return []
    return [dict(zip(header, row, strict=True)) for row in rows[1:] if len(row) == len(header)]


def _count_cells(value: Mapping[str, object]) -> int:
    rows = value.get("messages")
    cells = [cell for row in rows for cell in row.values()] if isinstance(rows, list) else list(value.values())
    return sum(count_characters(cell) for cell in cells if isinstance(cell, str))
