"""Sources for files in which names alone find no dialogue.

A build whose source leaves everything to ``auto`` reads by names and form. Where a sample of like files shows that this
finds no dialogue, the proposal of the inspection takes the place of the source for these files, if it is sure of it.
The result depends on nothing but the files and the sources, so a build that resumes, and one with other workers, reads
in the same way.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.inspection.explicit import make_explicit
from cmtmed.inspection.groups import FileGroup, group_files, is_aside, name_groups, name_pattern
from cmtmed.inspection.proposal import choose_source
from cmtmed.inspection.samples import sample_file
from cmtmed.inspection.trial import Trial, is_valid, read_samples
from cmtmed.source import Source

MIN_COMPLETENESS: Final = 0.5
"""Share of the records with both sides below which names are taken to have found no dialogue."""
SURE_COMPLETENESS: Final = 0.9
SURE_FIDELITY: Final = 0.85
SURE_FIDELITY_OF_PAGES: Final = 0.75
SURE_VOICE: Final = 0.6
MAX_CONTAMINATION: Final = 0.3
"""What a proposal must reach to be read by without a person's look at it."""
_FEW_DIALOGUES: Final = 3
_FEW_TURNS: Final = 6
_SURE_VOICE_OF_FEW: Final = 0.85
"""What must speak for a proposal where there are few dialogues, which may sound like anything by chance."""
_PROBES: Final = 200
"""Files of a source that are looked at to tell whether names find the dialogues."""
_PROBES_OF_A_KIND: Final = 12
"""Files of one folder and suffix among them."""
_GROUPS: Final = 12
"""Forms of files for which a proposal is sought, those of most files first."""
_NAMED_FILES: Final = 50
"""Files that a source can be declared for one by one, where no pattern tells them from the others."""
_MEMBERS: Final = 5
_DISTINCT: Final = 0.4
"""Share of different texts up to which a side is no side."""
_PERSON_SCORE: Final = 1.0
_START: Final = re.compile(r"\W{0,3}\w{1,8}\W")
"""What may be a speaker's label at the beginning of a line."""
_UNDECIDED: Final = frozenset(
    {
        "name", "match", "license", "compression", "encoding", "delimiter", "answers", "ignore_fields",
        "ignore_speakers", "roles", "first_speaker", "null_values", "max_record_bytes",
    }
)  # fmt: skip
"""Options of a source that leave the layout open."""


@dataclass(frozen=True)
class ProposedSource:
    """A source that was proposed for files in which names found no dialogue.

    Attributes:
        source: the source; it carries the name of the one in whose place it stands.
        files: number of files that it reads.
    """

    source: Source
    files: int

    def describe(self) -> str:
        """Return its files, layout, fields and speakers in one line; without any text of the files."""
        layout = self.source.model_dump(mode="json", exclude_defaults=True, exclude={"name", "match", "license"})
        parts = [f"{key} {_format(value)}" for key, value in layout.items()]
        files = f"{self.files:,} files" if self.files > 1 else "1 file"
        return f"{files} {self.source.match!r}: {'; '.join(parts)}"


@dataclass(frozen=True)
class Resolution:
    """The sources that a crawl is read by.

    Attributes:
        sources: the declared ones, with what was proposed before those in whose place it stands.
        proposed: what was proposed.
        unknown: number of files in which neither names nor contents show dialogues for certain, by reason.
    """

    sources: tuple[Source, ...]
    proposed: tuple[ProposedSource, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()


def resolve_sources(files: Sequence[Path], sources: Sequence[Source]) -> Resolution:
    """Find sources for files in which names find no dialogue.

    Args:
        files: the files of a crawl, in order.
        sources: the declared sources. Only files of those that leave the layout to ``auto`` are looked at.

    Raises:
        InputError: a file cannot be opened.
    """
    owned: dict[int, list[Path]] = defaultdict(list)
    for file in files:
        owner = next((number for number, source in enumerate(sources) if source.matches(file)), None)
        if owner is not None and _leaves_layout_open(sources[owner]) and not is_aside(Path(file.name)):
            owned[owner].append(file)
    resolved: list[Source] = []
    proposed: list[ProposedSource] = []
    unknown: Counter[str] = Counter()
    for number, source in enumerate(sources):
        proposals = _propose_sources(owned[number], source, files, unknown) if owned[number] else []
        proposed += proposals
        resolved += [*(proposal.source for proposal in proposals), source]
    return Resolution(tuple(resolved), tuple(proposed), tuple(sorted(unknown.items())))


def _leaves_layout_open(source: Source) -> bool:
    return set(source.model_dump(exclude_defaults=True)) <= _UNDECIDED


def _propose_sources(
    files: Sequence[Path], source: Source, crawl: Sequence[Path], unknown: Counter[str]
) -> list[ProposedSource]:
    suspects = _list_suspects(files, source)
    if not suspects:
        return []
    groups = sorted(group_files(suspects), key=lambda group: -len(group.files))
    chosen: list[tuple[FileGroup, Source]] = []
    for number, group in enumerate(groups):
        samples = [sample for sample in group.samples if sample.head.strip()]
        if not samples or (number < _GROUPS and _is_read(read_samples(samples, source, by_content=True))):
            continue
        if number >= _GROUPS:
            unknown["files of too many forms"] += len(group.files)
            continue
        proposal = choose_source(samples, source)
        if doubt := _find_doubt(proposal.trial):
            unknown[doubt] += len(group.files)
            continue
        # The sample tells nothing of the encoding of the other files.
        explicit = make_explicit(samples, proposal).source.model_copy(update={"encoding": source.encoding})
        chosen.append((group, explicit if is_valid(explicit) else proposal.trial.source))
    return [
        ProposedSource(proposed.model_copy(update={"match": match}), len(matching))
        for group, proposed in chosen
        for match, matching in _divide_by_pattern(group, source, crawl, unknown)
    ]


def _list_suspects(files: Sequence[Path], source: Source) -> list[Path]:
    """Return the files of all folders and suffixes in which names fail to find the dialogues of some file."""
    kinds: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for file in files:
        kinds[file.parent, file.suffix].append(file)
    if len(kinds) > _PROBES // 2:
        kinds = defaultdict(list)
        for file in files:
            kinds[Path(), file.suffix].append(file)
    number = max(1, min(_PROBES_OF_A_KIND, _PROBES // len(kinds)))
    suspects: list[Path] = []
    for members in list(kinds.values())[:_PROBES]:
        step = max(1, len(members) // number)
        if not all(_is_file_read(file, source) for file in members[::step][:number]):
            suspects += members
    return sorted(suspects)


def _is_file_read(file: Path, source: Source) -> bool:
    try:
        samples = sample_file(file, source, members=_MEMBERS)
    except OSError:
        return True  # the reader says what is wrong with the file
    samples = [sample for sample in samples if sample.head.strip()]
    return not samples or _is_read(read_samples(samples, source, by_content=True))


def _is_read(trial: Trial) -> bool:
    return trial.completeness >= MIN_COMPLETENESS


def _find_doubt(trial: Trial) -> str:
    """Return why a proposal should not be read by unless a person has looked at it; empty if there is no reason."""
    if trial.completeness < SURE_COMPLETENESS:
        return "no layout shows both sides in most records"
    if trial.voice < SURE_VOICE:
        return "what is said does not tell the doctor from the patient"
    turns = sum(len(dialogue.turns) for dialogue in trial.dialogues)
    if turns < _FEW_TURNS or (len(trial.dialogues) < _FEW_DIALOGUES and trial.voice < _SURE_VOICE_OF_FEW):
        return "the dialogues are too few to tell"
    if any(_recur(texts) for texts in _list_texts(trial).values()):
        return "one side says the same again and again"
    fidelity = SURE_FIDELITY_OF_PAGES if trial.speech else SURE_FIDELITY
    if trial.fidelity < fidelity or trial.contamination > MAX_CONTAMINATION or _has_unread_labels(trial):
        return "every layout leaves text aside, or takes in what nobody says"
    if any(_is_person(name) for names in trial.source.roles.values() for name in names):
        return "the speakers are called by their own names"
    return ""


def _list_texts(trial: Trial) -> dict[str, list[str]]:
    """Return what each side says."""
    texts: dict[str, list[str]] = defaultdict(list)
    for dialogue in trial.dialogues:
        for role, text in dialogue.turns:
            if role != "system":
                texts[role].append(text.strip())
    return texts


def _recur(texts: Sequence[str]) -> bool:
    """Return whether texts are labels or furniture, and nothing that somebody said."""
    return len(texts) >= _FEW_TURNS and len(set(texts)) <= _DISTINCT * len(texts)


def _has_unread_labels(trial: Trial) -> bool:
    """Return whether lines that are taken for fields of a record begin alike, as turns do after their speakers."""
    if trial.source.format != "blocks":
        return False
    starts: dict[str, Counter[str]] = defaultdict(Counter)
    for reading in trial.readings:
        if isinstance(reading.record.value, dict):
            for name, text in reading.record.value.items():
                starts[name][match.group() if (match := _START.match(str(text))) else ""] += 1
    return any(
        start and count > counts.total() / 2 for counts in starts.values() for start, count in counts.most_common(1)
    )


def _is_person(name: str) -> bool:
    # Imported when it is needed: commands do not wait for the rules of identifiers to begin.
    from cmtmed.anonymize.detect.names.person_score import score_full_name

    return 2 <= len(name) <= 4 and score_full_name(name, 0, len(name)) >= _PERSON_SCORE


def _divide_by_pattern(
    group: FileGroup, source: Source, crawl: Sequence[Path], unknown: Counter[str]
) -> list[tuple[str, list[Path]]]:
    """Return patterns that match the files of a group and no other file of the crawl, each with its files."""
    files = set(group.files)
    others = [file for file in crawl if file not in files]
    if not others:
        return [(source.match, group.files)]
    name_groups([group, FileGroup(others)])
    if group.match:
        return [(group.match, group.files)]
    if len(group.files) > _NAMED_FILES:
        unknown["no pattern of the names tells the files from the others"] += len(group.files)
        return []
    names = Counter(file.name for file in crawl)
    return [(name_pattern(file, is_unique=names[file.name] == 1), [file]) for file in group.files]


def _format(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_format(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "/".join(map(str, value))
    return str(value)
