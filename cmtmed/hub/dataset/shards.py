"""The files of a dataset on the Hub: Parquet shards of every view, beside the build until they are published.

They are written by `datasets` itself, with the row groups, the page index and the content-defined chunks by which the
Hub's viewer and storage work. The same build gives the same bytes, so that a repeated upload finds them there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.artifacts import write_json
from cmtmed.engine.progress import Progress
from cmtmed.errors import DatasetError, OutputError, UsageError
from cmtmed.views.dataset import open_dataset

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

SHARD_BYTES: Final = 500_000_000
"""Arrow bytes of the rows of one shard at most, as the Hub expects."""
_PLAN: Final = "plan.json"
_DONE: Final = "done.json"
_LOCK: Final = "lock"
_IDS: Final = ("id", "source_id", "cluster")


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

    What an interrupted call left is taken up by the next one with the same plan, and thrown away by another. Only its
    owner can read it, and only one call at a time uses it.

    Args:
        out: directory of the build.
        plan: everything that decides about the bytes.

    Attributes:
        resumed: whether an interrupted call left it.

    Raises:
        UsageError: another call is at work on the same build.
        OutputError: the directory cannot be written.
    """

    def __init__(self, out: Path, plan: dict[str, Any]) -> None:
        from filelock import FileLock, Timeout

        whole = out.resolve()
        self.root = whole.parent / f".{whole.name}.publishing"
        try:
            self.root.mkdir(mode=0o700, exist_ok=True)
            self._lock = FileLock(self.root / _LOCK)
            self._lock.acquire(timeout=0)
            self.resumed = self._known() == plan
            if not self.resumed:
                self._clear()
                write_json(self.root / _PLAN, plan)
        except Timeout:
            raise UsageError(f"another cmtmed publish is at work on {str(out)!r}; wait until it is done") from None
        except OSError as error:
            raise _unwritable(out, error) from None

    def _known(self) -> Any:
        try:
            return json.loads((self.root / _PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _clear(self) -> None:
        for inside in self.root.iterdir():
            if inside.is_dir():
                shutil.rmtree(inside)
            elif inside.name != _LOCK:
                inside.unlink()

    def write(self, path: str, content: bytes) -> PublishedFile:
        """Write a small file, whatever stood there before.

        Raises:
            OutputError: there is no room.
        """
        local = self.root / path
        try:
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(content)
        except OSError as error:
            raise _unwritable(self.root, error) from None
        return PublishedFile(path, local, len(content), hashlib.sha256(content).hexdigest())

    def release(self) -> None:
        """Let another call use it; what is there stays."""
        self._lock.release()

    def discard(self) -> None:
        """Remove everything."""
        # While it is locked, so that no other call's files go with ours.
        with suppress(OSError):
            self._clear()
        self.release()
        shutil.rmtree(self.root, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {str(path)!r} or beside it, where files for the Hub are prepared: {error.strerror}; make room"
    )


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
    _check_origin(opened, out / config)
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


def _check_origin(opened: DatasetDict, folder: Path) -> None:
    """Make sure that the rows come from the files of the build, and from all of them: nothing else was audited."""
    read = {Path(one["filename"]).resolve() for rows in opened.values() for one in rows.cache_files}
    there = {file.resolve() for file in folder.glob("*/*.arrow")}
    if read != there:
        raise DatasetError(f"{str(folder)!r} lists other files than those that are in it; run cmtmed build again")


def _shard(rows: Dataset, name: str, path: Path, config: str, split: str, key: bytes | None) -> PublishedFile:
    path.parent.mkdir(exist_ok=True)
    done = path.with_suffix(f".{_DONE}")
    digest = _whole(path, done)
    if not digest:
        partial = path.with_suffix(".partial")
        scratch = path.with_suffix(".scratch")
        try:
            (_with_hidden_ids(rows, key, scratch) if key is not None else rows).to_parquet(str(partial))
        finally:
            scratch.unlink(missing_ok=True)
        partial.replace(path)
        digest = _digest(path)
        write_json(done, {"sha256": digest})
    return PublishedFile(name, path, path.stat().st_size, digest, config, split, len(rows))


def _whole(path: Path, done: Path) -> str:
    """Return the SHA-256 of a shard that an earlier call finished and nobody touched since, else nothing."""
    try:
        told = json.loads(done.read_text(encoding="utf-8"))["sha256"]
        return told if told == _digest(path) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
