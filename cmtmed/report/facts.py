"""The figures of the page, from what a build wrote down of itself. Counts and the user's own names; never text.

Departments are words of the crawl, so one is named only where at least `LEAST_DIALOGUES` dialogues share it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Final

from cmtmed.anonymize import TYPES
from cmtmed.anonymize.replace.actions import completed
from cmtmed.engine.report import FILE, read_report
from cmtmed.errors import DatasetError
from cmtmed.io.manifest import read_manifest
from cmtmed.stats import LEAST_DIALOGUES, LENGTH_BINS, TURN_BINS, StageStats, TableStats

MOST: Final = 16
"""Departments that are named at most; the others are added up."""
TURNS: Final = 8
"""Doctor turns told apart; later ones are added up."""


@dataclass(frozen=True)
class Step:
    """The corpus after one stage.

    Attributes:
        stage: its name.
        left: dialogues left after it.
        edited: dialogues that it changed without dropping them.
        dropped: dialogues that it dropped, by reason, the largest first.
    """

    stage: str
    left: int
    edited: int
    dropped: Mapping[str, int]


@dataclass(frozen=True)
class Facts:
    """Everything that the page counts.

    Attributes:
        pipeline: its name.
        fingerprint: of the pipeline.
        seed: of the pipeline.
        versions: of the libraries that can change a row.
        inputs: name, size in bytes and SHA-256 of every file that was read.
        counts: ``read = kept + dropped + quarantined``, in records.
        steps: the flow of dialogues through the stages.
        drops: dropped dialogues by reason, the largest first.
        quarantine: quarantined records by reason, the largest first.
        before: the crawl as it was read.
        after: the dialogues that were kept.
        redacts: whether the pipeline has a stage that redacts.
        unredacted: identifier types that it was told to leave.
    """

    pipeline: str
    fingerprint: str
    seed: int
    versions: Mapping[str, str]
    inputs: tuple[tuple[str, int, str], ...]
    counts: Mapping[str, int]
    steps: tuple[Step, ...]
    drops: Mapping[str, int]
    quarantine: Mapping[str, int]
    before: TableStats
    after: TableStats
    redacts: bool
    unredacted: tuple[str, ...]

    def nameless(self) -> Facts:
        """Return the same with numbers in place of the names of input files, and without their checksums."""
        inputs = tuple(
            (f"{number}{PurePath(name).suffix}", size, "")
            for number, (name, size, _) in enumerate(self.inputs, start=1)
        )
        return replace(self, inputs=inputs)

    @property
    def departments(self) -> tuple[list[tuple[str, int, float]], tuple[int, int, float]]:
        """Dialogues of each department and the share of its doctor turns that ask; the same of all that are not named.

        The first of the latter three is the number of departments not named. ``""`` is the unknown department.
        """
        dialogues = self.after.departments
        ranked = _ranked({name: count for name, count in dialogues.items() if name})
        named = [name for name, count in ranked.items() if count >= LEAST_DIALOGUES][:MOST]
        rest = [name for name in ranked if name not in named]
        # A few dialogues, of unknown or of rare departments, are not told of by themselves.
        apart = dialogues[""] >= LEAST_DIALOGUES and not 0 < sum(ranked[name] for name in rest) < LEAST_DIALOGUES
        if dialogues[""]:
            (named if apart else rest).append("")
        turns, asking = self.after.department_turns, self.after.department_asking
        return (
            [(name, dialogues[name], _share(asking[name], turns[name])) for name in named],
            (
                len(rest),
                sum(dialogues[name] for name in rest),
                _share(sum(asking[name] for name in rest), sum(turns[name] for name in rest)),
            ),
        )

    @property
    def sources(self) -> list[tuple[str, int, int]]:
        """Each source with its dialogues before and after, the largest first."""
        return [(name, count, self.after.sources[name]) for name, count in _ranked(self.before.sources).items()]

    @property
    def asking(self) -> list[tuple[str, int, int]]:
        """Index of the doctor's turn, from 1, with the turns there are and those that ask."""
        turns, asking = (_folded(one) for one in (self.after.doctor_turns, self.after.asking_turns))
        return [(_place(at), turns[at], asking[at]) for at in sorted(turns)]

    @property
    def slots(self) -> list[tuple[str, str, int, int]]:
        """Slot and index of the doctor's turn, with the turns there are and those that ask for the slot."""
        turns = _folded(self.after.doctor_turns)
        counts: Counter[tuple[str, int]] = Counter()
        for name, count in self.after.asking_slots.items():
            index, _, slot = name.partition(" ")
            counts[slot, min(int(index), TURNS)] += count
        slots = _ranked(self.after.inquiries)
        return [(slot, _place(at), turns[at], counts[slot, at]) for slot in slots for at in sorted(turns)]

    @property
    def identifiers(self) -> list[tuple[str, int, float]]:
        """Identifier type with the redactions there are and those per thousand turns, the most frequent first."""
        turns = max(self.after.turns.total(), 1)
        return [(name, count, 1000 * count / turns) for name, count in _ranked(self.after.identifiers).items()]

    def lengths(self, name: str) -> list[tuple[str, int, int]] | None:
        """Return a distribution as bins of least value, before, after; None if the build did not count it.

        Args:
            name: ``dialogue_turns``, ``dialogue_characters``, ``patient_characters`` or ``doctor_characters``.
        """
        bins = TURN_BINS if name == "dialogue_turns" else LENGTH_BINS
        sides: list[Counter[str]] = []
        for table in (self.before, self.after):
            whole = {"patient_characters": table.turns["user"], "doctor_characters": table.turns["assistant"]}
            counts: Counter[str] = getattr(table, name)
            if counts.total() != whole.get(name, table.dialogues):
                return None
            sides.append(counts)
        held = [at for at, least in enumerate(bins) if sides[0][str(least)] or sides[1][str(least)]]
        shown = range(held[0], held[-1] + 1) if held else range(0)
        return [(_bin(bins, at), sides[0][str(bins[at])], sides[1][str(bins[at])]) for at in shown]


def gather(folder: Path) -> Facts:
    """Read what a build wrote down of itself.

    Raises:
        DatasetError: the folder holds no finished build, or its files are damaged or do not fit together.
    """
    manifest, report = read_manifest(folder), read_report(folder)
    try:
        stages = [StageStats.from_dict(told) for told in report["stages"]]
        before, after = (TableStats.from_dict(report[name]) for name in ("before", "after"))
        redacts, unredacted = _redaction(manifest)
        facts = Facts(
            str(manifest["pipeline"]["name"]),
            str(manifest["pipeline"]["fingerprint"]),
            int(manifest["seed"]),
            {"cmtmed": manifest["versions"]["cmtmed"], **manifest["versions"]},
            tuple((PurePath(one["path"]).name, int(one["bytes"]), str(one["sha256"])) for one in manifest["inputs"]),
            {name: int(manifest["counts"][name]) for name in ("read", "kept", "dropped", "quarantined")},
            tuple(_flow(before.dialogues, stages)),
            _ranked(manifest["drops"]),
            _ranked(manifest["quarantine"]),
            before,
            after,
            redacts,
            unredacted,
        )
        _ = facts.departments, facts.sources, facts.asking, facts.slots, facts.identifiers
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise DatasetError(
            f"manifest and {FILE} of {str(folder)!r} are not what a build writes ({type(error).__name__}); "
            "run cmtmed build again"
        ) from None
    counts = facts.counts
    left = facts.steps[-1].left if facts.steps else before.dialogues
    whole = counts["kept"] + counts["dropped"] + counts["quarantined"]
    reasons = {"dropped": sum(facts.drops.values()), "quarantined": sum(facts.quarantine.values())}
    fits = all(counts[name] == told for name, told in reasons.items())
    if not fits or counts["read"] != whole or not left == after.dialogues == counts["kept"]:
        raise DatasetError(
            f"manifest and {FILE} of {str(folder)!r} do not fit together: read {counts['read']}, kept {counts['kept']} "
            f"and {after.dialogues}, left after the last stage {left}; run cmtmed build again"
        )
    return facts


def _flow(read: int, stages: list[StageStats]) -> list[Step]:
    steps, left = [], read
    for stage in stages:
        left -= stage.dropped.total()
        steps.append(Step(stage.stage, left, stage.edited, _ranked(stage.dropped)))
    return steps


def _redaction(manifest: Mapping[str, Any]) -> tuple[bool, tuple[str, ...]]:
    """Say whether the pipeline redacts, and which types its last redaction leaves."""
    told = [options for stage in manifest["pipeline"]["stages"] for name, options in stage.items()]
    names = [name for stage in manifest["pipeline"]["stages"] for name in stage]
    found = [options for name, options in zip(names, told, strict=True) if name == "redact_identifiers"]
    if not found:
        return False, TYPES
    actions = completed(found[-1].get("actions", {}), found[-1].get("default_action", "tag"))
    return True, tuple(kind for kind in TYPES if actions[kind] == "keep")


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: int(counts[name]) for name in sorted(counts, key=lambda name: (-counts[name], name)) if counts[name]}


def _folded(counts: Mapping[str, int]) -> Counter[int]:
    folded: Counter[int] = Counter()
    for index, count in counts.items():
        folded[min(int(index), TURNS)] += count
    return folded


def _place(at: int) -> str:
    return f"{at + 1}" if at < TURNS else f"{TURNS + 1}+"


def _bin(bins: tuple[int, ...], at: int) -> str:
    if at + 1 == len(bins):
        return f"{bins[at]}+"
    last = bins[at + 1] - 1
    return f"{bins[at]}" if last == bins[at] else f"{bins[at]}–{last}"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
