"""Every decision that a build took about one dialogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.io.manifest import read_manifest


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

    def to_json(self) -> str:
        """Return the explanation as JSON."""
        return json.dumps({"kept": self.kept, "verdict": self.verdict(), "dialogue": self.dialogue}, ensure_ascii=False)


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
