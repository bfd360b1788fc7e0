"""Look up a dialogue in a build together with every decision made about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.builds.build import DIALOGUES, DROPPED, Build
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.inquiry.clauses import sentences
from cmtmed.inquiry.detect import explain as decide
from cmtmed.schema import DialogueRow, TraceEntry, to_rows
from cmtmed.text.visible import dump_visible_json

MAX_SUGGESTIONS: Final = 20_000
"""Ids searched for the closest match when an id is unknown."""


@dataclass(frozen=True)
class Question:
    """A doctor's sentence that contains a cue for an inquiry.

    Attributes:
        message: index of the turn.
        start: first code point of the sentence in the turn.
        end: offset one past its last code point.
        asks: whether it is an inquiry.
        cue: the rule that matched.
        frame: the rule that overrode the cue; empty if none did.
        slot: what the inquiry asks for; empty if it is none.
        evidence: the word that decided the slot. **It is text of the dialogue**.
    """

    message: int
    start: int
    end: int
    asks: bool
    cue: str
    frame: str
    slot: str
    evidence: str


@dataclass(frozen=True)
class Explanation:
    """A dialogue and its history in the build.

    Attributes:
        dialogue: the row of the dialogue table as plain Python values, **including the text**.
        kept: whether the dialogue was kept.
    """

    dialogue: DialogueRow
    kept: bool

    @property
    def trace(self) -> list[TraceEntry]:
        """Trace entries in order, each with ``stage``, ``action`` and ``reason``."""
        return self.dialogue["trace"]

    def verdict(self) -> str:
        """Summarize in one sentence what happened to the dialogue, without its text."""
        if self.kept:
            return f"kept in split {self.dialogue['split'] or 'train'}"
        reason = self.dialogue["drop_reason"]
        stage = next((entry["stage"] for entry in reversed(self.trace) if entry["action"] == "dropped"), "?")
        original = f" of {self.dialogue['cluster']}" if self.dialogue["cluster"] else ""
        return f"dropped by {stage}: {reason}{original}"

    def questions(self) -> list[Question]:
        """Return the doctor's sentences with a cue, and the rules that decided whether they are inquiries."""
        questions = []
        for index, message in enumerate(self.dialogue["messages"]):
            text = message["content"] or ""
            for start, end in sentences(text) if message["role"] == "assistant" else ():
                decision = decide(text[start:end])
                if decision.cue:
                    questions.append(Question(index, start, end, **asdict(decision)))
        return questions

    def to_json(self) -> str:
        """Return the explanation as one line of JSON; invisible characters are escaped."""
        content = {
            "kept": self.kept,
            "verdict": self.verdict(),
            "dialogue": self.dialogue,
            "questions": [asdict(question) for question in self.questions()],
        }
        return dump_visible_json(content)


def explain(out: str | Path, id: str, *, verify: bool = False) -> Explanation:
    """Look up one dialogue in a finished build.

    Args:
        out: directory of a build.
        id: the dialogue's id, kept or dropped; where ids are hashed and the key is in the environment, also the id
            that it had before.
        verify: compare the checksums of all tables with those that the build recorded first.

    Raises:
        DatasetError: ``out`` holds no finished build, or a damaged one.
        UsageError: no dialogue has that id; the message gives the closest one.
    """
    with Build.open_checked(out, verify=verify) as build:
        id = build.resolve_id(id)
        ids: list[str] = []
        for table in (DIALOGUES, DROPPED):
            for batch in build.iter_batches(table):
                matches = batch.filter(pl.col("id") == id)
                if matches.height:
                    return Explanation(to_rows(matches)[0], kept=table == DIALOGUES)
                ids += batch["id"].to_list() if len(ids) < MAX_SUGGESTIONS else []
        raise UsageError(f"no dialogue {id!r} in {str(build.root)!r}; {did_you_mean(id, ids[:MAX_SUGGESTIONS])}")
