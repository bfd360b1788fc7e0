"""Headings above the talk and blocks below it, whose titles recur in most records of a crawl.

A title is what a line is by its form: ``【医嘱】…``, ``诊断意见：…``, ``二、处置``, or a short line that says nothing.
Above the talk the complaint stays, number and department become columns, the rest is left out. Below the talk all from
the first such title on is left out.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cmtmed.inspection.measures import SAID
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.trial import Trial, is_valid, read_samples
from cmtmed.io.lines import iter_lines
from cmtmed.io.record_flattening import flatten
from cmtmed.io.sections import COLUMNS, SectionTitles
from cmtmed.io.separators import RULE, compile_separator, split_blocks
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source
from cmtmed.text.han import HAN

_LINES: Final = 2000
_SHARE: Final = 0.6
_LEAST: Final = 3
_ELSEWHERE: Final = 0.1
_LARGEST: Final = 0.4
"""Share of the text that headings and blocks below the talk may be."""
_BARE_CHARACTERS: Final = 12
_VALUE_CHARACTERS: Final = 60
_TEXT_CHARACTERS: Final = 4
_HAN: Final = re.compile(rf"[{HAN}]")
_SENTENCE: Final = re.compile(r"[，。？！?!；]|[吗呢了]$")
_OPEN, _CLOSE = r"[【〔\[「《<（(]", r"[】〕\]」》>）)]"
_NAME: Final = rf"[{HAN}A-Za-z][{HAN}A-Za-z0-9 /&_-]{{0,15}}?"
_NUMBER: Final = r"(?:[一二三四五六七八九十]{1,3}|\d{1,2})[、.．)）]"
_FORMS: Final = (
    ("bracket", re.compile(rf"\s*{_OPEN}\s*(?P<title>{_NAME})\s*{_CLOSE}\s*[:：]?(?P<value>.*)")),
    ("number", re.compile(rf"\s*{_NUMBER}\s*(?P<title>{_NAME})\s*[:：]?\s*(?P<value>)")),
    ("label", re.compile(rf"\s*[#*＊>-]{{0,4}}\s*(?P<title>{_NAME})[ *＊]*[:：](?P<value>.*)")),
    ("tab", re.compile(rf"\s*(?P<title>{_NAME})\t(?P<value>.*)")),
)  # fmt: skip


class Title(NamedTuple):
    """A title by its form and its words; digits are zeros."""

    form: str
    words: str

    def to_pattern(self) -> str:
        """Return a regular expression for the lines that have it."""
        words = r"\d+".join(re.escape(part) for part in self.words.split("0"))
        return {
            "bracket": rf"\s*{_OPEN}\s*{words}\s*{_CLOSE}.*",
            "number": rf"\s*{_NUMBER}\s*{words}\s*[:：]?\s*",
            "label": rf"\s*[#*＊>-]{{0,4}}\s*{words}[ *＊]*[:：].*",
            "tab": rf"\s*{words}\t.*",
            "bare": rf"\s*{words}\s*",
        }[self.form]


def add_endings(samples: Sequence[Sample], trial: Trial) -> Trial:
    """Return a trial without what recurs above and below the talk, if there is any."""
    source = trial.source
    if source.html.turn or source.transcript.end or source.transcript.ignore or not trial.dialogues:
        return trial
    above, below = find_titles(trial)
    headers = dict(source.transcript.headers)
    ignored = []
    for title, values in above.items():
        column = _find_column(title, values)
        if column in headers and title.form == "label":
            headers[column] = f"{headers[column]}|{re.escape(title.words)}"
        elif column != "opening":
            ignored.append(title.to_pattern())
    best = trial
    is_aside = not any(_find_column(title, values) == "opening" for title, values in above.items())
    updates: tuple[dict[str, object], ...] = (
        {"preamble": "leave_out"} if is_aside and above and _starts_with_keywords(trial) else {},
        {"headers": headers} if headers != dict(source.transcript.headers) else {},
        {"ignore": tuple(ignored)} if ignored else {},
        {"end": tuple(title.to_pattern() for title in below)} if below else {},
    )
    for update in updates:
        if update:
            best = _try_update(samples, best, update)
    return best


def _find_column(title: Title, values: Sequence[str]) -> str | None:
    """Return the column of what stands behind a title, ``opening`` for a complaint; None if it is no part of either."""
    column = next((name for name, words in COLUMNS if words.search(title.words)), None)
    is_text = not any(values) or sum(len(_HAN.findall(value)) for value in values) >= _TEXT_CHARACTERS * len(values)
    return None if column == "opening" and not is_text else column


def _starts_with_keywords(trial: Trial) -> bool:
    """Return whether most dialogues begin with words in the patient's name that are no sentence."""
    first = [d.turns[0] for d in trial.dialogues if len(d.turns) > 1 and d.turns[1][0] == "assistant"]
    words = [text for role, text in first if role == "user" and not _SENTENCE.search(text.split("\n")[-1])]
    return bool(first) and len(words) >= _SHARE * len(trial.dialogues)


def _try_update(samples: Sequence[Sample], trial: Trial, update: dict[str, object]) -> Trial:
    transcript = trial.source.transcript.model_copy(update=update)
    source = trial.source.model_copy(update={"transcript": transcript, **_name_text(trial)})
    if not is_valid(source):
        return trial
    candidate = read_samples(samples, source)
    is_complete = candidate.completeness >= trial.completeness and len(candidate.dialogues) == len(trial.dialogues)
    return candidate if is_complete and candidate.characters >= (1 - _LARGEST) * trial.characters else trial


def _name_text(trial: Trial) -> dict[str, object]:
    """Return what a source of records declares of the field that holds the transcript."""
    source = trial.source
    if source.format in {"html", "transcript"} or source.shape == "prefixed":
        return {}
    labels = SpeakerLabels(source)
    for reading in trial.readings[:_LEAST]:
        value = reading.record.value
        for name, text in flatten(value).items() if isinstance(value, dict) else ():
            if isinstance(text, str) and len(labels.split(text).roles) > 1:
                fields = source.fields.model_copy(update={"text": name, "messages": None})
                return {"shape": "prefixed", "fields": fields}
    return {}


def find_titles(trial: Trial) -> tuple[dict[Title, list[str]], list[Title]]:
    """Return the titles above the first label of most records with what is behind them, and the titles below the talk.

    Titles by which doctors divide their answer, such as 病情分析, are none.
    """
    labels = SpeakerLabels(trial.source)
    above: dict[Title, list[str]] = defaultdict(list)
    below: Counter[Title] = Counter()
    elsewhere: Counter[Title] = Counter()
    texts = [text for reading in trial.readings for text in _list_texts(reading.record.value)]
    for text in texts:
        transcript = labels.split(text)
        if len(transcript.roles) > 1:
            for title, value in _list_titles(transcript.preamble.split("\n")).items():
                above[title].append(value)
    dialogues = [dialogue.turns for dialogue in trial.dialogues if dialogue.turns]
    for turns in dialogues:
        below.update(set(_list_titles(turns[-1][1].split("\n")[1:])))
        lines = [line for _, text in turns[1:-1] for line in text.split("\n")] + turns[-1][1].split("\n")[:1]
        elsewhere.update(set(_list_titles(lines)))
    heads = {
        title: values
        for title, values in sorted(above.items())
        if len(values) >= max(_LEAST, _SHARE * len(texts)) and sum(map(len, values)) <= _VALUE_CHARACTERS * len(values)
    }
    ends = [
        title
        for title, count in sorted(below.items())
        if count >= max(_LEAST, _SHARE * len(dialogues))
        and elsewhere[title] <= _ELSEWHERE * count
        and not SAID.search(title.words)
    ]
    return heads, ends


def _list_texts(value: object) -> Iterable[str]:
    values = flatten(value).values() if isinstance(value, dict) else [value]
    return (text for text in values if isinstance(text, str) and "\n" in text)


def _list_titles(lines: Iterable[str]) -> dict[Title, str]:
    """Return the titles of lines, and what stands behind each."""
    titles: dict[Title, str] = {}
    for line in lines:
        for form, pattern in _FORMS:
            if match := pattern.fullmatch(line):
                titles[Title(form, re.sub(r"\d+", "0", match["title"].strip()))] = match["value"]
                break
        else:
            shape = re.sub(r"\d+", "0", line.strip())
            is_bare = len(shape) > 0 and (len(shape) <= _BARE_CHARACTERS or shape.count("0") > 2)
            if is_bare and not re.search(r"[，。？！?!；]", shape) and not RULE.fullmatch(line):
                titles[Title("bare", shape)] = ""
    return titles


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
