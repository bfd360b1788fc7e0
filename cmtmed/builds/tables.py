"""Tables of dialogues read from Arrow files, and refused where their values cannot be what a build wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from cmtmed.errors import DatasetError
from cmtmed.schema import OFFSETS, upgrade
from cmtmed.views.arrow_files import REMEDY, iter_record_batches, read_schema

_NEVER_NULL: Final = ("id", "source", "source_id", "file", "position", "reason")
"""Columns that hold a value in every row, as lists and their fields do."""
_NULLABLE_FIELDS: Final = frozenset({"content"})


def iter_file(
    path: Path, columns: Sequence[str] | None = None, expected: Mapping[str, pl.DataType] | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the record batches of a memory-mapped Arrow stream file.

    Args:
        path: the file.
        columns: columns to read, in this order; all by default.
        expected: types that the columns must have, by name; None if any will do.

    Raises:
        DatasetError: the file is damaged, lacks a column, or holds values that no build writes.
    """
    names = read_schema(path).names
    for name in columns or expected or ():
        if name not in names:
            raise DatasetError(f"{str(path)!r} has no column {name!r}; {REMEDY}")
    if len(set(names)) < len(names):
        raise DatasetError(f"{str(path)!r} has two columns of the same name; {REMEDY}")
    for batch in iter_record_batches(path):
        selected = batch if columns is None else batch.select(list(columns))
        if expected is not None:
            _check_nulls(path, selected)
        # By way of a table: Polars' own reader rejects streams whose empty columns have no buffer.
        try:
            rows = upgrade(pl.DataFrame(pl.from_arrow(pa.Table.from_batches([selected]))))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, TypeError) as error:
            raise DatasetError(f"{str(path)!r} is damaged ({type(error).__name__}); {REMEDY}") from None
        if expected is not None:
            _check_types(path, rows, expected)
            _check_spans(path, rows)
        yield rows


def _check_nulls(path: Path, batch: pa.RecordBatch) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        holds_null = name in _NEVER_NULL and column.null_count
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            values = column.flatten()
            fields = values.type if pa.types.is_struct(values.type) else ()
            holds_null = (
                column.null_count
                or values.null_count
                or any(values.field(field.name).null_count for field in fields if field.name not in _NULLABLE_FIELDS)
            )
        if holds_null:
            raise DatasetError(f"{str(path)!r} is damaged: {name!r} lacks a value; {REMEDY}")


def _check_types(path: Path, rows: pl.DataFrame, expected: Mapping[str, pl.DataType]) -> None:
    for name, dtype in rows.schema.items():
        if name in expected and dtype != expected[name]:
            raise DatasetError(f"{str(path)!r} is damaged: {name!r} has the type {str(dtype)[:60]}; {REMEDY}")


def _check_spans(path: Path, rows: pl.DataFrame) -> None:
    """Make sure that every span lies in a message of its dialogue."""
    if "messages" not in rows.columns:
        return
    field = pl.element().struct.field
    for name in OFFSETS:
        if name in rows.columns:
            messages = pl.col(name).list.eval(field("message")).list.max()
            is_ordered = pl.col(name).list.eval(field("start") <= field("end")).list.all()
            is_sound = (messages < pl.col("messages").list.len()).fill_null(value=True) & is_ordered
            if not rows.select(is_sound.all()).item():
                raise DatasetError(f"{str(path)!r} is damaged: {name!r} points to no message; {REMEDY}")
