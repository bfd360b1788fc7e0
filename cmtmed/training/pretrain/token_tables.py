"""Tables of tokens on disk while a run lasts: every source tokenized once, mixed and packed.

They are written as Arrow streams and memory-mapped, so memory does not grow with the corpus; process 0 writes, the
others wait for its marker.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import pyarrow as pa

from cmtmed.artifacts import read_json
from cmtmed.errors import BuildError, UsageError
from cmtmed.training.pretrain.packing import is_held_out, split_documents, tokenize_documents, wrap_documents
from cmtmed.training.run.mixture import mix_sources
from cmtmed.training.run.processes import is_main_process
from cmtmed.training.run.settings import DataSource

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

FOLDER: Final = "tokens"
_MARKER: Final = "done.json"
_ROWS: Final = 1000
_IDS: Final = pa.schema({"input_ids": pa.list_(pa.int32())})
_SPLIT: Final = pa.schema({"input_ids": pa.list_(pa.int32()), "length": pa.int32()})
_WRAPPED: Final = pa.schema(
    {"input_ids": pa.list_(pa.int32()), "length": pa.int32(), "seq_lengths": pa.list_(pa.int64())}
)


class DocumentSource(NamedTuple):
    """One source of a mixture, opened.

    Attributes:
        settings: of the source.
        train: its documents.
        held_out: documents for the evaluation that it brings itself (the validation split of a view); None to hold
            out a share of ``train``.
    """

    settings: DataSource
    train: Iterable[str]
    held_out: Iterable[str] | None


def prepare_tables(
    root: Path,
    fingerprint: str,
    sources: Iterable[DocumentSource],
    tokenizer: PreTrainedTokenizerBase,
    *,
    length: int,
    wrap: bool,
    share: float,
    seed: int,
) -> tuple[Dataset, Dataset | None]:
    """Tokenize, mix and pack sources; or open the tables that an earlier call of the same run made.

    Args:
        root: the run directory.
        fingerprint: changes with anything that the tables depend on.
        sources: where documents come from.
        tokenizer: with an end token.
        length: of the longest row, in tokens.
        wrap: whether documents share rows.
        share: of the documents, held out.
        seed: of the mixture.

    Returns:
        Rows to train on, and rows to evaluate on in order of length (None if there are none): ``input_ids``,
        ``length`` and, of wrapped rows, ``seq_lengths``.

    Raises:
        UsageError: every document of a source is held out.
    """
    folder = root / FOLDER
    marker = f"{fingerprint}/{length}/{wrap}"
    if is_main_process() and _read_marker(folder) != marker:
        shutil.rmtree(folder, ignore_errors=True)
        _write_tables(folder, sources, tokenizer, length=length, wrap=wrap, share=share, seed=seed)
        (folder / _MARKER).write_text(json.dumps(marker), encoding="utf-8")
    while _read_marker(folder) != marker:
        # A collective of the processes would time out on a large corpus; if process 0 fails, all are ended.
        time.sleep(1)
    evaluated = _open_table(folder / "held_out.arrow")
    lengths = evaluated["length"][:]
    # The evaluation reads them in order, so that rows of similar length share a batch.
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return _open_table(folder / "train.arrow"), evaluated.select(order) if order else None


def discard_tables(root: Path) -> None:
    """Remove the tables of a run that is finished."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)


def _read_marker(folder: Path) -> str | None:
    try:
        return str(read_json(folder / _MARKER))
    except (OSError, ValueError):
        return None


def _write_tables(
    folder: Path,
    sources: Iterable[DocumentSource],
    tokenizer: PreTrainedTokenizerBase,
    *,
    length: int,
    wrap: bool,
    share: float,
    seed: int,
) -> None:
    folder.mkdir(parents=True)
    mixed_sources, training, held_out = [], [], []
    for number, source in enumerate(sources):
        train_path, held_out_path = folder / f"{number}.arrow", folder / f"{number}-held_out.arrow"
        _tokenize_source(source, tokenizer, train_path, held_out_path, share)
        mixed_sources.append(source.settings)
        training.append(_open_table(train_path))
        held_out.append(_open_table(held_out_path))
    if share and not any(len(table) for table in held_out):
        log.warning("held_out: %s of so few documents is less than one; there will be no evaluation", share)
    remaining = iter(training)
    mixed = mix_sources(mixed_sources, lambda _: next(remaining), seed)
    pack, schema = (wrap_documents, _WRAPPED) if wrap else (split_documents, _SPLIT)
    for name, tables in (("train", [mixed]), ("held_out", held_out)):
        with _TokenWriter(folder / f"{name}.arrow", schema) as writer:
            for row in pack(_iter_ids(tables), length):
                writer.add(row.input_ids, row.lengths if wrap else None)
    for file in folder.glob("[0-9]*.arrow"):
        file.unlink()


def _tokenize_source(
    source: DocumentSource,
    tokenizer: PreTrainedTokenizerBase,
    train_path: Path,
    held_out_path: Path,
    share: float,
) -> None:
    """Write the tokens of a source's documents, those that are held out into a table of their own."""
    with _TokenWriter(train_path, _IDS) as train, _TokenWriter(held_out_path, _IDS) as held_out:
        if source.held_out is not None:
            share = 0.0
        texts, tokenizer_texts = tee(source.train)
        for text, ids in zip(texts, tokenize_documents(tokenizer_texts, tokenizer), strict=True):
            (held_out if is_held_out(text, share) else train).add(ids)
        for ids in tokenize_documents(source.held_out or (), tokenizer):
            held_out.add(ids)
    label = source.settings.label
    log.info("data: %s: %d documents, %d tokens; %d held out", label, train.rows, train.tokens, held_out.rows)
    if not train.rows:
        raise UsageError(f"{label}: all {held_out.rows} documents are held out; lower held_out")


def _iter_ids(tables: Iterable[Dataset]) -> Iterator[list[int]]:
    for table in tables:
        for batch in table.iter(batch_size=_ROWS):
            yield from batch["input_ids"]


class _TokenWriter:
    """An Arrow stream of rows of tokens; counts the rows and their tokens.

    Args:
        path: the file.
        schema: ``input_ids``, and ``length`` and ``seq_lengths`` if they are wanted.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema, self.rows, self.tokens = path, schema, 0, 0
        self._pending: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        self._sink = pa.OSFile(str(self.path), "wb")
        self._stream = pa.ipc.new_stream(self._sink, self.schema)
        return self

    def add(self, ids: list[int], document_lengths: list[int] | None = None) -> None:
        self._pending.append({"input_ids": ids, "length": len(ids), "seq_lengths": document_lengths})
        self.rows += 1
        self.tokens += len(ids)
        if len(self._pending) == _ROWS:
            self._flush()

    def _flush(self) -> None:
        try:
            self._stream.write_batch(pa.RecordBatch.from_pylist(self._pending, schema=self.schema))
        except OSError as error:
            raise BuildError(
                f"cannot write {str(self.path)!r}: {error}; free some disk space and run the same command"
            ) from error
        self._pending = []

    def __exit__(self, error_type: object, *_: object) -> None:
        if error_type is None:
            self._flush()
        self._stream.close()
        self._sink.close()


def _open_table(path: Path) -> Dataset:
    from datasets import Dataset

    return Dataset.from_file(str(path))
