"""Candidate sources for text files: transcripts, blocks of lines, tables, and lines of alternating speakers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.inspection.inline_labels import propose_inline
from cmtmed.inspection.labels import collect_inline, collect_speakers
from cmtmed.inspection.profiles import profile_rows
from cmtmed.inspection.records import propose_records
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.speakers import assign_roles, declare_variants
from cmtmed.inspection.transcripts import find_separators, propose_label_forms, propose_tabbed
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
        declared[:0] = declare_variants(transcript, speakers)
    for source in declared:
        for separator in ("auto", *find_separators(texts, SpeakerLabels(source))):
            yield source.model_copy(update={"transcript": Transcript(separator=separator)})
    inline = assign_roles(collect_inline(texts))
    if {speaker.role for speaker in inline} >= {"user", "assistant"}:
        line = transcript.model_copy(update={"transcript": Transcript(separator="line")})
        yield from declare_variants(line, inline)
    yield from propose_label_forms(texts, transcript)
    lines = [line for text in texts for line in text.split("\n")]
    yield from propose_inline(lines, transcript.model_copy(update={"transcript": Transcript(separator="line")}))
    yield from propose_tabbed(texts, transcript)
    yield from _propose_blocks(texts, base)
    yield from _propose_tables(texts, base)
    yield transcript.model_copy(update={"shape": "alternating", "transcript": Transcript(separator="blank")})


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
