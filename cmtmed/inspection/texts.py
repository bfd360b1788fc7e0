"""Candidate sources for text files: transcripts, blocks of lines, tables, and lines of alternating speakers."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.inspection.labels import collect_inline, collect_speakers, collect_tabbed
from cmtmed.inspection.profiles import profile_rows
from cmtmed.inspection.records import propose_records
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.speakers import assign_roles, declare_roles
from cmtmed.io.lines import transcode_to_utf8
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.table_cells import Dialect, split_cells
from cmtmed.source import Blocks, Source, Transcript

_DELIMITERS: Final = (",", "\t", ";", "|", "\x01", "^", "~", "，")
_BLOCK_LINES: Final = range(2, 9)
_SEPARATORS: Final = 3
_MAX_SEPARATOR: Final = 40


def decode_sample(sample: Sample, encoding: str) -> str:
    """Return a sample as text; what cannot be decoded is replaced."""
    data = b"".join(transcode_to_utf8(iter([sample.head]), encoding))
    return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def propose_texts(samples: Sequence[Sample], base: Source) -> Iterator[Source]:
    """Yield candidate sources for text files."""
    texts = [decode_sample(sample, base.encoding) for sample in samples]
    transcript = base.model_copy(update={"format": "transcript"})
    speakers = [speaker for speaker in assign_roles(collect_speakers(texts)) if speaker.turns > 1]
    declared = [transcript]
    if {speaker.role for speaker in speakers} >= {"user", "assistant"} and not all(s.is_known for s in speakers):
        declared.insert(0, declare_roles(transcript, speakers))
    for source in declared:
        for separator in ("auto", *find_separators(texts, SpeakerLabels(source))):
            yield source.model_copy(update={"transcript": Transcript(separator=separator)})
    inline = assign_roles(collect_inline(texts))
    if {speaker.role for speaker in inline} >= {"user", "assistant"}:
        line = Transcript(separator="line")
        yield declare_roles(transcript, inline).model_copy(update={"transcript": line})
    yield from propose_tabbed(texts, transcript)
    yield from _propose_blocks(texts, base)
    yield from _propose_tables(texts, base)
    yield transcript.model_copy(update={"shape": "alternating", "transcript": Transcript(separator="blank")})


def propose_tabbed(texts: Sequence[str], base: Source) -> Iterator[Source]:
    """Yield sources for files whose lines are a speaker's label, a tab and what is said."""
    speakers = assign_roles(collect_tabbed(texts))
    if {speaker.role for speaker in speakers} >= {"user", "assistant"}:
        source = declare_roles(base.model_copy(update={"format": "transcript"}), speakers)
        for separator in ("auto", *find_separators(texts, SpeakerLabels(source))):
            yield source.model_copy(update={"transcript": Transcript(separator=separator)})


def find_separators(texts: Sequence[str], labels: SpeakerLabels) -> list[str]:
    """Return regular expressions for the lines that recur, with other numbers, between dialogues."""
    shapes: Counter[str] = Counter()
    for line in itertools.chain.from_iterable(text.splitlines() for text in texts):
        stripped = line.strip()
        if stripped and len(stripped) <= _MAX_SEPARATOR and not labels.line.match(line):
            shapes[re.sub(r"\d+", "0", stripped)] += 1
    separators = []
    for shape, count in shapes.most_common(10):
        if count > 1 and not re.search(r"[，。？！]", shape):
            first, *rest = (re.escape(part) for part in shape.split("0"))
            number = r"(?P<id>[\w-]*\d[\w-]*)" if rest else ""
            separators.append(rf"\s*{first}{number}" + r"\d+".join(rest) + r"\s*")
    return separators[:_SEPARATORS]


def _propose_blocks(texts: Sequence[str], base: Source) -> Iterator[Source]:
    """Yield sources for files in which most blocks between blank lines have the same number of lines."""
    blocks = [
        [line for line in block.splitlines() if line.strip()]
        for text in texts
        for block in re.split(r"\n\s*\n", text)
        if block.strip()
    ]
    counts = Counter(map(len, blocks))
    if len(blocks) < 2 or not counts:
        return
    lines, frequency = counts.most_common(1)[0]
    if lines not in _BLOCK_LINES or frequency < 0.6 * len(blocks):
        return
    names = [f"line{number}" for number in range(1, lines + 1)]
    rows = [dict(zip(names, block, strict=True)) for block in blocks if len(block) == lines]
    source = base.model_copy(update={"format": "blocks", "blocks": Blocks(lines=tuple(names))})
    yield from propose_records(profile_rows(rows), rows, source)


def _propose_tables(texts: Sequence[str], base: Source) -> Iterator[Source]:
    """Yield sources for text files that are tables."""
    lines = [line for text in texts for line in text.splitlines()[:200] if line.strip()]
    for delimiter in _DELIMITERS:
        counts = Counter(len(split_cells(line, Dialect(delimiter))) for line in lines)
        cells, frequency = counts.most_common(1)[0] if counts else (1, 0)
        if cells < 2 or frequency < 0.8 * len(lines):
            continue
        table = base.model_copy(update={"format": "csv", "delimiter": delimiter})
        yield table
        rows = [split_cells(line, Dialect(delimiter)) for line in lines]
        names = [f"column{number}" for number in range(1, cells + 1)]
        named = [dict(zip(names, row, strict=True)) for row in rows if len(row) == cells]
        headless = table.model_copy(update={"header": "none", "columns": tuple(names)})
        yield from propose_records(profile_rows(named), named, headless)
