"""Headings of text files, and blocks below the talk whose labels recur at the end of most records."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from cmtmed.inspection.measures import SAID
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.trial import Trial, is_valid, read_samples
from cmtmed.io.lines import iter_lines
from cmtmed.io.sections import SectionTitles
from cmtmed.io.separators import compile_separator, split_blocks
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source

_LINES: Final = 2000
_LABEL: Final = re.compile(r"\s*[【〔\[「《#*]*\s*(?P<title>[\u4e00-\u9fffA-Za-z ]{2,12}?)\s*[】〕\]」》*]*\s*[:：]")
_SHARE: Final = 0.6
_LEAST: Final = 3
_ELSEWHERE: Final = 0.1
_LARGEST: Final = 0.4
"""Share of the text that blocks below the talk may be."""


def add_endings(samples: Sequence[Sample], trial: Trial) -> Trial:
    """Return a trial whose dialogues end above the blocks that recur below the talk, if there are any."""
    titles = find_endings(trial)
    if not titles or trial.source.transcript.end or trial.source.format != "transcript":
        return trial
    patterns = tuple(rf"\s*[【〔\[「《#*]*\s*{re.escape(title)}\s*[】〕\]」》*]*\s*[:：].*" for title in titles)
    transcript = trial.source.transcript.model_copy(update={"end": patterns})
    source = trial.source.model_copy(update={"transcript": transcript})
    if not is_valid(source):
        return trial
    ended = read_samples(samples, source)
    is_complete = ended.completeness >= trial.completeness and len(ended.dialogues) == len(trial.dialogues)
    return ended if is_complete and ended.characters >= (1 - _LARGEST) * trial.characters else trial


def find_endings(trial: Trial) -> list[str]:
    """Return the labels of lines that stand below the first line of most last turns, and hardly anywhere else.

    Labels by which doctors divide their answer, such as 病情分析, are none.
    """
    last: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    dialogues = [dialogue.turns for dialogue in trial.dialogues if dialogue.turns]
    for turns in dialogues:
        below = turns[-1][1].split("\n")[1:]
        above = [line for _, text in turns[:-1] for line in text.split("\n")] + turns[-1][1].split("\n")[:1]
        last.update(set(_list_titles(below)))
        elsewhere.update(set(_list_titles(above)))
    return [
        title
        for title, count in sorted(last.items())
        if count >= max(_LEAST, _SHARE * len(dialogues))
        and elsewhere[title] <= _ELSEWHERE * count
        and not SAID.search(title)
    ]


def _list_titles(lines: Sequence[str]) -> list[str]:
    return [match["title"].strip() for line in lines if (match := _LABEL.match(line))]


def find_headings(samples: Sequence[Sample], source: Source) -> list[str]:
    """Return the titles that recur in most records of a text file."""
    labels = SpeakerLabels(source)
    titles: Counter[str] = Counter()
    for sample in samples[:_LEAST]:
        stream = iter_lines(iter([sample.head]), source.encoding, source.max_record_bytes)
        lines = list(itertools.islice(stream, _LINES))
        separator = compile_separator(source.transcript.separator, lines, labels)
        titles.update(SectionTitles([block for block, _ in split_blocks(iter(lines), separator)], labels).titles)
    return sorted(titles)
