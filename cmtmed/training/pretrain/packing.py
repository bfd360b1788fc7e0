"""Documents become rows of tokens, kept on disk while a run lasts.

``pieces``: a row is a document, or a piece of one that is too long. ``wrapped``: documents stand one after the other in
rows that are full to the last token, cut where a row ends. Either way every token stands in exactly one row. Tables are
written as Arrow streams and memory-mapped, so memory does not grow with the corpus; process 0 writes, the others wait
for its mark.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import pyarrow as pa

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.run.mixture import mix_sources
from cmtmed.training.run.processes import is_main_process
from cmtmed.training.run.settings import DataSource

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

FOLDER: Final = "tokens"
_DONE: Final = "done.json"
_ROWS: Final = 1000
_TEXTS: Final = 256
_IDS: Final = pa.schema({"input_ids": pa.list_(pa.int32())})
_PIECES: Final = pa.schema({"input_ids": pa.list_(pa.int32()), "length": pa.int32()})
_WRAPPED: Final = pa.schema(
    {"input_ids": pa.list_(pa.int32()), "length": pa.int32(), "seq_lengths": pa.list_(pa.int64())}
)


class Row(NamedTuple):
    """A row of tokens.

    Attributes:
        input_ids: the tokens.
        lengths: tokens of each document or piece in it, in order.
    """

    input_ids: list[int]
    lengths: list[int]


def tokenize_documents(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> Iterator[list[int]]:
    """Encode documents, each with its end token behind it.

    What looks like a special token inside a text is read as text: no document can end another one.
    """
    source, end = iter(texts), int(tokenizer.eos_token_id)
    while batch := list(islice(source, _TEXTS)):
        for ids in tokenizer(batch, split_special_tokens=True, return_attention_mask=False, verbose=False)["input_ids"]:
            yield [*ids, end] if ids[-1:] != [end] else list(ids)


def split_documents(documents: Iterable[Sequence[int]], length: int) -> Iterator[Row]:
    """Cut each document that is too long into pieces of like lengths.

    >>> [row.input_ids for row in split_documents([[1, 2, 3, 4, 5], [6]], 4)]
    [[1, 2, 3], [4, 5], [6]]
    """
    for document in documents:
        number = -(-len(document) // length)
        size = -(-len(document) // max(1, number))
        for start in range(0, len(document), max(1, size)):
            piece = list(document[start : start + size])
            yield Row(piece, [len(piece)])


def wrap_documents(documents: Iterable[Sequence[int]], length: int) -> Iterator[Row]:
    """Fill rows to the last token with documents one after the other; only the last row may be shorter.

    >>> [row.lengths for row in wrap_documents([[1, 2, 3, 4, 5], [6]], 4)]
    [[4], [1, 1]]
    """
    row = Row([], [])
    for document in documents:
        start = 0
        while start < len(document):
            piece = document[start : start + length - len(row.input_ids)]
            row.input_ids.extend(piece)
            row.lengths.append(len(piece))
            start += len(piece)
            if len(row.input_ids) == length:
                yield row
                row = Row([], [])
    if row.input_ids:
        yield row


def is_held_out(text: str, share: float) -> bool:
    """Say whether a document is kept for the evaluation: equal texts always stand on the same side."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") < share * 2**64


class Source(NamedTuple):
    """One source of a mixture, opened.

    Attributes:
        part: what the settings say of it.
        train: its documents.
        held_out: documents for the evaluation that it brings itself (the validation split of a view); None to hold
            back a share of ``train``.
    """

    part: DataSource
    train: Iterable[str]
    held_out: Iterable[str] | None


def prepare_tables(
    root: Path,
    mark: str,
    sources: Iterable[Source],
    tokenizer: PreTrainedTokenizerBase,
    *,
    length: int,
    wrap: bool,
    share: float,
    seed: int,
) -> tuple[Dataset, Dataset | None]:
    """Tokenize sources, mix and cut them; or open what an earlier call of the same run has made.

    Args:
        root: the run directory.
        mark: changes with anything that the tables depend on.
        sources: where documents come from.
        tokenizer: with an end token.
        length: tokens of the longest row.
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
    mark = f"{mark}/{length}/{wrap}"
    if is_main_process() and _made(folder) != mark:
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder, sources, tokenizer, length=length, wrap=wrap, share=share, seed=seed)
        (folder / _DONE).write_text(json.dumps(mark), encoding="utf-8")
    while _made(folder) != mark:
        # A collective of the processes would time out on a large corpus; if process 0 fails, all are ended.
        time.sleep(1)
    evaluated = _open(folder / "held_out.arrow")
    lengths = evaluated["length"][:]
    # The evaluation goes through them in order; rows of like length are next to one another.
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return _open(folder / "train.arrow"), evaluated.select(order) if order else None


def discard_tables(root: Path) -> None:
    """Remove the tables of a run that is finished."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)


def _made(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / _DONE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _make(
    folder: Path,
    sources: Iterable[Source],
    tokenizer: PreTrainedTokenizerBase,
    *,
    length: int,
    wrap: bool,
    share: float,
    seed: int,
) -> None:
    folder.mkdir(parents=True)
    parts, trained, kept = [], [], []
    for number, source in enumerate(sources):
        names = folder / f"{number}.arrow", folder / f"{number}-held_out.arrow"
        with _Writer(names[0], _IDS) as train, _Writer(names[1], _IDS) as back:
            hold = share if source.held_out is None else 0.0
            texts, same = tee(source.train)
            for text, ids in zip(texts, tokenize_documents(same, tokenizer), strict=True):
                (back if is_held_out(text, hold) else train).add(input_ids=ids)
            for ids in tokenize_documents(source.held_out or (), tokenizer):
                back.add(input_ids=ids)
        name = source.part.label
        log.info("data: %s: %d documents, %d tokens; %d held out", name, train.rows, train.tokens, back.rows)
        if not train.rows:
            raise UsageError(f"{name}: all {back.rows} documents are held out; lower held_out")
        parts.append(source.part)
        trained.append(_open(names[0]))
        kept.append(_open(names[1]))
    if share and not any(len(table) for table in kept):
        log.warning("held_out: a share of %s of these few documents is none; there will be no evaluation", share)
    tables = iter(trained)
    mixed = mix_sources(parts, lambda _: next(tables), seed)
    rows, schema = (wrap_documents, _WRAPPED) if wrap else (split_documents, _PIECES)
    for name, documents in (("train", _ids([mixed])), ("held_out", _ids(kept))):
        with _Writer(folder / f"{name}.arrow", schema) as table:
            for row in rows(documents, length):
                more = {"seq_lengths": row.lengths} if wrap else {}
                table.add(input_ids=row.input_ids, length=len(row.input_ids), **more)
    for file in folder.glob("[0-9]*.arrow"):
        file.unlink()


def _ids(tables: Iterable[Dataset]) -> Iterator[list[int]]:
    for table in tables:
        for batch in table.iter(batch_size=_ROWS):
            yield from batch["input_ids"]


class _Writer:
    """An Arrow stream that rows are added to; counts them and their tokens."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema, self.rows, self.tokens = path, schema, 0, 0
        self._held: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._sink = pa.OSFile(str(self.path), "wb")
        self._stream = pa.ipc.new_stream(self._sink, self.schema)
        return self

    def add(self, **row: Any) -> None:
        self._held.append(row)
        self.rows += 1
        self.tokens += len(row["input_ids"])
        if len(self._held) == _ROWS:
            self._flush()

    def _flush(self) -> None:
        try:
            self._stream.write_batch(pa.RecordBatch.from_pylist(self._held, schema=self.schema))
        except OSError as error:
            raise BuildError(f"cannot write {str(self.path)!r}: {error}; make room and run the same command") from error
        self._held = []

    def __exit__(self, *failed: object) -> None:
        if failed[0] is None:
            self._flush()
        self._stream.close()
        self._sink.close()


def _open(path: Path) -> Dataset:
    from datasets import Dataset

    return Dataset.from_file(str(path))
