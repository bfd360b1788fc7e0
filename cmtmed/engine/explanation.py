"""Every decision that a build took about one dialogue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.inquiry.clauses import sentences
from cmtmed.inquiry.detect import explain as decide
from cmtmed.io.manifest import read_manifest


@dataclass(frozen=True)
class Question:
    """A sentence of the doctor that asks, or that looks as if it did.

    Attributes:
        message: index of the turn.
        start: first code point of the sentence in the turn.
        end: one behind its last.
        asks: whether it is an inquiry.
        cue: the rule that asks.
        frame: the rule that takes it back; empty if none does.
        slot: what is asked for; empty if nothing is.
        evidence: the word that decided the slot. **It is the doctor's word**: it was asked for.
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
    """One dialogue and what happened to it.

    Attributes:
        dialogue: the row of the dialogue table as plain Python values. **It holds the text**: it was asked for.
        kept: whether it stands in the dataset.
    """

    dialogue: dict[str, Any]
    kept: bool

    @property
    def trace(self) -> list[dict[str, str]]:
        """What each stage did to it: ``stage``, ``action``, ``reason``, in order."""
        entries: list[dict[str, str]] = self.dialogue["trace"]
        return entries

    def verdict(self) -> str:
        """Say in one sentence what became of it, without its text."""
        if self.kept:
            return f"kept in split {self.dialogue['split'] or 'train'}"
        reason = self.dialogue["drop_reason"]
        stage = next((entry["stage"] for entry in reversed(self.trace) if entry["action"] == "dropped"), "?")
        of = f" of {self.dialogue['cluster']}" if self.dialogue["cluster"] else ""
        return f"dropped by {stage}: {reason}{of}"

    def questions(self) -> list[Question]:
        """Return the doctor's sentences that hold a cue, with the rules that decided whether they ask."""
        found = []
        for place, message in enumerate(self.dialogue["messages"]):
            text = message["content"] or ""
            for start, end in sentences(text) if message["role"] == "assistant" else ():
                told = decide(text[start:end])
                if told.cue:
                    found.append(Question(place, start, end, **asdict(told)))
        return found

    def to_json(self) -> str:
        """Return the explanation as JSON."""
        told = {
            "kept": self.kept,
            "verdict": self.verdict(),
            "dialogue": self.dialogue,
            "questions": [asdict(question) for question in self.questions()],
        }
        return json.dumps(told, ensure_ascii=False)


def explain(out: str | Path, id: str) -> Explanation:  # noqa: A002 (the public face names it so)
    """Look one dialogue up in a finished build.

    Args:
        out: directory of a build.
        id: the dialogue's id, kept or dropped.

    Raises:
        DatasetError: ``out`` holds no finished build.
        UsageError: no dialogue has that id; the message gives the nearest one.
    """
    folder = Path(out)
    read_manifest(folder)
    known: list[str] = []
    for file in sorted(folder.glob("dialogues/*/*.arrow")) + sorted(folder.glob("dropped/*.arrow")):
        with pa.memory_map(str(file)) as source:
            table = pa.ipc.open_stream(source).read_all()
            found = table.filter(pc.equal(table["id"], id))
            if found.num_rows:
                return Explanation(found.slice(0, 1).to_pylist()[0], kept=file.parent.name != "dropped")
            known += table["id"].slice(0, 10_000).to_pylist()
    raise UsageError(f"no dialogue {id!r} in {str(folder)!r}; {did_you_mean(id, known[:20_000])}")
