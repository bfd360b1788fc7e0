"""The files of a dataset on the Hub: Parquet shards of every view, beside the build until they are published.

They are written by `datasets` itself, with the row groups, the page index and the content-defined chunks by which the
Hub's viewer and storage work. The same build gives the same bytes, so that a repeated upload finds them there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.engine.workspace import write_marker
from cmtmed.errors import DatasetError, OutputError
from cmtmed.views.dataset import open_dataset

if TYPE_CHECKING:
    from datasets import Dataset

SHARD_BYTES: Final = 500_000_000
"""Arrow bytes of the rows of one shard at most, as the Hub expects."""
_PLAN: Final = "plan.json"
_DONE: Final = "done.json"
_IDS: Final = ("id", "source_id", "cluster")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PublishedFile:
    """A file of a published version.

    Attributes:
        path: where it stands in the repository.
        local: where its bytes are on this machine.
        bytes: its size.
        sha256: in hexadecimal digits.
        config: which view it is part of, empty if of none.
        split: which split, empty if of none.
        rows: how many it holds, 0 if it is no table.
    """

    path: str
    local: Path
    bytes: int
    sha256: str
    config: str = ""
    split: str = ""
    rows: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, without what is of this machine only."""
        told = {"path": self.path, "bytes": self.bytes, "sha256": self.sha256}
        return told | ({"config": self.config, "split": self.split, "rows": self.rows} if self.config else {})


class Staging:
    """The hidden directory beside a build in which its files for the Hub stand until they are published.

    What an interrupted call left is taken up by the next one with the same plan, and thrown away by another.

    Args:
        out: directory of the build.
        plan: everything that decides about the bytes.
    """

    def __init__(self, out: Path, plan: dict[str, Any]) -> None:
        whole = out.absolute()
        self.root = whole.parent / f".{whole.name}.publishing"
        try:
            if not (self.root / _PLAN).is_file() or self._known() != plan:
                shutil.rmtree(self.root, ignore_errors=True)
                self.root.mkdir()
                write_marker(self.root / _PLAN, plan)
        except OSError as error:
            raise OutputError(
                f"cannot write beside {str(out)!r}: {error.strerror}; the files for the Hub are prepared there"
            ) from None

    def _known(self) -> Any:
        try:
            return json.loads((self.root / _PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, path: str, content: bytes) -> PublishedFile:
        """Write a small file, whatever stood there before."""
        local = self.root / path
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(content)
        return PublishedFile(path, local, len(content), hashlib.sha256(content).hexdigest())

    def discard(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)


def write_shards(
    out: Path, config: str, staging: Staging, *, key: bytes | None, progress: Progress
) -> list[PublishedFile]:
    """Write one table of a build as Parquet shards, named as the Hub expects: ``sft/train-00000-of-00001.parquet``.

    Splits without rows are left out: a Parquet file without rows says nothing, and readers stumble over it.

    Args:
        out: directory of the build.
        config: a view, or ``dialogues``.
        staging: where the shards go; those that are there and whole are not written again.
        key: replaces ids by keyed hashes (see `hidden`); None leaves them.
        progress: called with phase, shards done and shards in all.

    Raises:
        DatasetError: the table is damaged.
        OutputError: there is no room.
    """
    from datasets import disable_progress_bars, enable_progress_bars
    from datasets.utils import are_progress_bars_disabled

    opened = open_dataset(out / config)
    sizes = {split: sum(file.stat().st_size for file in (out / config / split).glob("*.arrow")) for split in opened}
    counts = {split: max(1, -(-sizes[split] // SHARD_BYTES)) for split, rows in opened.items() if len(rows)}
    files: list[PublishedFile] = []
    were_disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        for split, count in counts.items():
            for place in range(count):
                progress(f"prepare {config}", len(files), sum(counts.values()))
                name = f"{config}/{split}-{place:05d}-of-{count:05d}.parquet"
                part = opened[split].shard(num_shards=count, index=place, contiguous=True)
                files.append(_shard(part, name, staging.root / name, config, split, key))
    except OSError as error:
        raise OutputError(
            f"cannot write {str(staging.root / config)!r}: {error.strerror or type(error).__name__}; make room"
        ) from None
    finally:
        if not were_disabled:
            enable_progress_bars()
    progress(f"prepare {config}", len(files), len(files))
    return files


def _shard(rows: Dataset, name: str, path: Path, config: str, split: str, key: bytes | None) -> PublishedFile:
    path.parent.mkdir(exist_ok=True)
    done = path.with_suffix(f".{_DONE}")
    if not (path.is_file() and done.is_file()):
        partial = path.with_suffix(".partial")
        scratch = path.with_suffix(".scratch")
        try:
            if key is not None:
                rows = _with_hidden_ids(rows, key, scratch)
            rows.to_parquet(str(partial))
        finally:
            scratch.unlink(missing_ok=True)
        with partial.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        partial.replace(path)
        write_marker(done, {"sha256": digest, "rows": len(rows)})
    told = json.loads(done.read_text(encoding="utf-8"))
    if told["rows"] != len(rows):
        raise DatasetError(f"{str(path)!r} is of another build; remove {str(path.parents[1])!r} and run again")
    return PublishedFile(name, path, path.stat().st_size, told["sha256"], config, split, told["rows"])


def _with_hidden_ids(rows: Dataset, key: bytes, scratch: Path) -> Dataset:
    columns = [name for name in _IDS if name in rows.column_names]

    def hide(batch: dict[str, list[str | None]]) -> dict[str, list[str | None]]:
        return {name: hidden(batch[name], key) for name in columns}

    # The file is given, because by default it would grow in the build.
    return rows.map(
        hide, batched=True, input_columns=None, features=rows.features, cache_file_name=str(scratch),
        load_from_cache_file=False, new_fingerprint="0" * 16,
    )  # fmt: skip


def hidden(ids: Sequence[str | None], key: bytes) -> list[str | None]:
    """Replace ids by the first 32 hexadecimal digits of their HMAC-SHA256: equal ids stay equal, nothing leads back.

    >>> hidden(["a/1", None, "a/1"], b"0123456789abcdef")[0] == hidden(["a/1"], b"0123456789abcdef")[0]
    True
    """
    return [None if one is None else hmac.digest(key, b"id " + one.encode(), "sha256").hex()[:32] for one in ids]
