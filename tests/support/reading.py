"""Reading of small files in tests."""

from __future__ import annotations

import polars as pl

from cmtmed.io.read import read_file
from cmtmed.source import Source


def read_all(path, *sources, **source):
    """Read a file; return (turns of each dialogue, (position, reason) of each quarantined record)."""
    batches = list(read_file(path, sources or [Source(name="s", **source)]))
    rows = pl.concat([batch.dialogues for batch in batches])
    quarantined = pl.concat([batch.quarantined for batch in batches])
    dialogues = [[(turn["role"][0], turn["content"]) for turn in messages] for messages in rows["messages"]]
    return dialogues, list(quarantined.select("position", "reason").iter_rows())


def read_text(tmp_path, name, text, *, encoding="utf-8", **source):
    """Write a text into a file and read it with `read_all`."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_all(path, **source)


def read_rows(path, **source):
    """Read a file; return its rows as dictionaries."""
    return [row for batch in read_file(path, [Source(name="s", **source)]) for row in batch.dialogues.to_dicts()]
