"""Dialogues of ``examples/dialogues``, from which `make_crawl.py` makes the example crawl."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

EXPECTATIONS: Final = (
    "kept", "too_few_turns", "too_short", "one_speaker", "empty", "boilerplate", "exact_duplicate", "near_duplicate"
)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """One turn of a dialogue."""

    doctor: bool
    text: str


@dataclass(frozen=True)
class Dialogue:
    """One entry of ``part_*.yaml``.

    Attributes:
        key: id of the dialogue in the crawl.
        file: key of the file of the crawl that contains it.
        turns: its turns.
        expect: ``kept``, or the reason for which a pipeline should drop it.
        department: as given in the crawl.
        of: for a duplicate, the key of the dialogue that is kept.
        marks: number of identifiers by type.
        inquiries: number of the doctor's inquiries.
        note: why the dialogue is in the crawl.
    """

    key: str
    file: str
    turns: tuple[Turn, ...]
    expect: str
    department: str | None = None
    of: str | None = None
    marks: dict[str, int] = field(default_factory=dict)
    inquiries: int = 0
    note: str = ""

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Dialogue:
        """Parse a YAML entry; exit if a field is misspelt or missing."""
        try:
            turns = tuple(Turn(side == "d", text) for turn in entry["turns"] for side, text in turn.items())
            return cls(**{**entry, "turns": turns})
        except (TypeError, KeyError, AttributeError) as error:
            raise SystemExit(f"{entry.get('key')}: {error}") from None


def load_dialogues(folder: Path, files: Collection[str]) -> list[Dialogue]:
    """Read and check every ``part_*.yaml`` of a folder, in order of their names.

    Args:
        folder: with the YAML files.
        files: keys of the files of the crawl.
    """
    dialogues = [
        Dialogue.parse(entry)
        for path in sorted(folder.glob("part_*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
    keys = Counter(dialogue.key for dialogue in dialogues)
    for dialogue in dialogues:
        problem = _find_problem(dialogue, keys, files)
        if problem:
            raise SystemExit(f"{dialogue.key}: {problem}")
    return dialogues


def _find_problem(dialogue: Dialogue, keys: Counter[str], files: Collection[str]) -> str | None:
    if keys[dialogue.key] > 1:
        return "this key is used twice"
    if dialogue.file not in files:
        return f"unknown file {dialogue.file!r}; known: {', '.join(files)}"
    if dialogue.expect not in EXPECTATIONS:
        return f"unknown expectation {dialogue.expect!r}; known: {', '.join(EXPECTATIONS)}"
    if dialogue.of is not None and dialogue.of not in keys:
        return f"'of' names {dialogue.of!r}, which is not the key of a dialogue"
    if dialogue.expect.endswith("_duplicate") and dialogue.of is None:
        return "a duplicate must name the kept dialogue in 'of'"
    if dialogue.file == "gb18030_csv" and [turn.doctor for turn in dialogue.turns] != [False, True]:
        return "a row of the CSV file has exactly one patient turn and one doctor turn"
    return None
