"""Summary of a build for the page: counts and the user's own names, never text.

Department names come from the crawl, so a department is named only if it has `MIN_DEPARTMENT_DIALOGUES` dialogues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final, NamedTuple

from cmtmed.builds.manifest import CharacterCounts
from cmtmed.builds.warnings import BuildWarning
from cmtmed.stats import LENGTH_BINS, MIN_DEPARTMENT_DIALOGUES, TURN_BINS, TableStats

MAX_DEPARTMENTS: Final = 16
"""Number of departments that are named; the others are added up."""
MAX_TURNS: Final = 8
"""Number of doctor turns counted separately; later turns are added up."""


@dataclass(frozen=True)
class Step:
    """The corpus after one stage.

    Attributes:
        stage: its name.
        remaining: number of dialogues that remain after it.
        edited: number of dialogues that it changed but did not drop.
        dropped: dropped dialogues by reason, most frequent first.
    """

    stage: str
    remaining: int
    edited: int
    dropped: Mapping[str, int]


class Removal(NamedTuple):
    """Characters that a step left out for one reason; negative if it added some.

    Attributes:
        stage: name of the stage, or ``read``.
        reason: as the step reports it.
        characters: number of characters that are no white space.
    """

    stage: str
    reason: str
    characters: int


@dataclass(frozen=True)
class BuildSummary:
    """Counts that the page shows.

    Attributes:
        pipeline: its name.
        fingerprint: of the pipeline.
        seed: of the pipeline.
        versions: of the libraries that can change a row.
        inputs: name, size in bytes and SHA-256 of every input file.
        counts: ``read = kept + dropped + quarantined``, in records.
        steps: the flow of dialogues through the stages.
        characters: ``read = kept + dropped + left_out``; None for builds of earlier releases.
        removals: what was left out, step by step, most characters first.
        warnings: what the build warns of.
        drops: dropped dialogues by reason, most frequent first.
        quarantine: quarantine records by reason, most frequent first.
        before: statistics of the crawl as read.
        after: statistics of the dialogues kept.
        redacts: whether the pipeline has the stage ``redact_identifiers``.
        unredacted: identifier types that are kept unchanged.
    """

    pipeline: str
    fingerprint: str
    seed: int
    versions: Mapping[str, str]
    inputs: tuple[tuple[str, int, str], ...]
    counts: Mapping[str, int]
    steps: tuple[Step, ...]
    characters: CharacterCounts | None
    removals: tuple[Removal, ...]
    warnings: tuple[BuildWarning, ...]
    drops: Mapping[str, int]
    quarantine: Mapping[str, int]
    before: TableStats
    after: TableStats
    redacts: bool
    unredacted: tuple[str, ...]

    def anonymize_inputs(self) -> BuildSummary:
        """Return a copy with numbers in place of input file names, and without checksums."""
        inputs = tuple(
            (f"{number}{PurePath(name).suffix}", size, "")
            for number, (name, size, _) in enumerate(self.inputs, start=1)
        )
        return replace(self, inputs=inputs)

    @property
    def departments(self) -> tuple[list[tuple[str, int, float]], tuple[int, int, float]]:
        """Named departments with their dialogues and share of asking doctor turns, and the totals of all others.

        The totals are the number of departments, their dialogues and share. ``""`` is the unknown department.
        """
        dialogues = self.after.departments
        ranked = rank_counts({name: count for name, count in dialogues.items() if name})
        frequent = [name for name, count in ranked.items() if count >= MIN_DEPARTMENT_DIALOGUES][:MAX_DEPARTMENTS]
        unnamed = [name for name in ranked if name not in frequent]
        # Too few dialogues, of the unknown or of rare departments, are not reported as a group of their own.
        is_reportable = (
            dialogues[""] >= MIN_DEPARTMENT_DIALOGUES
            and not 0 < sum(ranked[name] for name in unnamed) < MIN_DEPARTMENT_DIALOGUES
        )
        if dialogues[""]:
            (frequent if is_reportable else unnamed).append("")
        turns, asking = self.after.department_turns, self.after.department_asking
        return (
            [(name, dialogues[name], _compute_share(asking[name], turns[name])) for name in frequent],
            (
                len(unnamed),
                sum(dialogues[name] for name in unnamed),
                _compute_share(sum(asking[name] for name in unnamed), sum(turns[name] for name in unnamed)),
            ),
        )

    @property
    def sources(self) -> list[tuple[str, int, int]]:
        """Sources with their dialogues before and after, largest first."""
        return [(name, count, self.after.sources[name]) for name, count in rank_counts(self.before.sources).items()]

    @property
    def inquiries_by_turn(self) -> list[tuple[str, int, int]]:
        """Positions of doctor turns in the dialogue, from 1, with the number of turns and of asking turns."""
        turns, asking = (_fold_turns(counts) for counts in (self.after.doctor_turns, self.after.asking_turns))
        return [(_format_turn(turn), turns[turn], asking[turn]) for turn in sorted(turns)]

    @property
    def slots(self) -> list[tuple[str, str, int, int]]:
        """Slots and positions of doctor turns, with the number of turns and of turns that ask for the slot."""
        turns = _fold_turns(self.after.doctor_turns)
        counts: Counter[tuple[str, int]] = Counter()
        for name, count in self.after.asking_slots.items():
            index, _, slot = name.partition(" ")
            counts[slot, min(int(index), MAX_TURNS)] += count
        slots = rank_counts(self.after.inquiries)
        return [(slot, _format_turn(turn), turns[turn], counts[slot, turn]) for slot in slots for turn in sorted(turns)]

    @property
    def identifiers(self) -> list[tuple[str, int, float]]:
        """Identifier types with their redactions and the rate per thousand turns, most frequent first."""
        turns = max(self.after.turns.total(), 1)
        return [(name, count, 1000 * count / turns) for name, count in rank_counts(self.after.identifiers).items()]

    def lengths(self, name: str) -> list[tuple[str, int, int]] | None:
        """Return a distribution as bins with counts before and after; None if the build did not record it.

        Args:
            name: ``dialogue_turns``, ``dialogue_characters``, ``patient_characters`` or ``doctor_characters``.
        """
        bins = TURN_BINS if name == "dialogue_turns" else LENGTH_BINS
        sides: list[Counter[str]] = []
        for table in (self.before, self.after):
            totals = {"patient_characters": table.turns["user"], "doctor_characters": table.turns["assistant"]}
            counts: Counter[str] = getattr(table, name)
            if counts.total() != totals.get(name, table.dialogues):
                return None
            sides.append(counts)
        filled = [index for index, start in enumerate(bins) if sides[0][str(start)] or sides[1][str(start)]]
        indexes = range(filled[0], filled[-1] + 1) if filled else range(0)
        return [(_format_bin(bins, index), sides[0][str(bins[index])], sides[1][str(bins[index])]) for index in indexes]


def rank_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts that are not zero, the largest first, equal ones by name."""
    return {name: int(counts[name]) for name in sorted(counts, key=lambda name: (-counts[name], name)) if counts[name]}


def _fold_turns(counts: Mapping[str, int]) -> Counter[int]:
    folded: Counter[int] = Counter()
    for index, count in counts.items():
        folded[min(int(index), MAX_TURNS)] += count
    return folded


def _format_turn(index: int) -> str:
    return f"{index + 1}" if index < MAX_TURNS else f"{MAX_TURNS + 1}+"


def _format_bin(bins: tuple[int, ...], index: int) -> str:
    if index + 1 == len(bins):
        return f"{bins[index]}+"
    last = bins[index + 1] - 1
    return f"{bins[index]}" if last == bins[index] else f"{bins[index]}–{last}"


def _compute_share(count: int, total: int) -> float:
    return count / total if total else 0.0
