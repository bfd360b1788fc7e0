"""Candidate sources for transcripts whose labels are not the usual ones: forms, tabs, separators between dialogues."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.inspection.label_forms import find_forms
from cmtmed.inspection.labels import collect_tabbed
from cmtmed.inspection.speakers import assign_roles, declare_roles, declare_variants
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source, Transcript

_SEPARATORS: Final = 3
_MAX_SEPARATOR: Final = 40


def propose_label_forms(texts: Sequence[str], base: Source) -> Iterator[Source]:
    """Yield sources for texts whose lines begin with labels of some form that recurs."""
    for form in find_forms(texts):
        for source in declare_label(form.to_pattern(), texts, base, has_few_names=bool(form.few_names)):
            yield source
            for separator in find_separators(texts, SpeakerLabels(source)):
                transcript = source.transcript.model_copy(update={"separator": separator})
                yield source.model_copy(update={"transcript": transcript})


def declare_label(pattern: str, texts: Sequence[str], base: Source, *, has_few_names: bool) -> Iterator[Source]:
    """Yield sources with labels that a pattern matches, and the roles of the names in them.

    Of many names most say nothing: then who begins is the patient, or the doctor.
    """
    source = base.model_copy(update={"transcript": base.transcript.model_copy(update={"label": pattern})})
    if has_few_names:
        spoken: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            matches = list(re.finditer(pattern, text, re.MULTILINE))
            if not matches:
                continue
            ends = [match.start() for match in matches[1:]] + [len(text)]
            for match, end in zip(matches, ends, strict=True):
                spoken[match["speaker"]].append(text[match.end() : end].strip())
        yield from declare_variants(source, assign_roles(spoken))
        return
    yield source
    for side in ("user", "assistant"):
        yield source.model_copy(update={"first_speaker": side})


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
