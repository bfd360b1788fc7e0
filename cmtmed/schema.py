"""The dialogue schema: a conversation between a patient and a doctor as a row of an Arrow table.

All readers produce this schema and everything downstream consumes it. ``schemas/dialogue.v2.json`` is the same
schema in JSON Schema; a test keeps the two equal. Offsets count code points of the text in ``messages``; spans are
half-open, ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, cast

import polars as pl
from polars._typing import PolarsDataType
from pydantic import JsonValue
from typing_extensions import TypedDict  # pydantic requires this one before Python 3.12

DIALOGUE_VERSION: Final = 2
"""Version 1 had no ``characters`` in ``trace``; `upgrade` reads it."""

Role = Literal["system", "user", "assistant"]
ROLES: Final[tuple[Role, ...]] = ("system", "user", "assistant")
"""``user`` is the patient and ``assistant`` the doctor: the role names that chat templates expect."""

MESSAGES: Final = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
INQUIRIES: Final = pl.List(pl.Struct({"message": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "slot": pl.String}))
IDENTIFIERS: Final = pl.List(
    pl.Struct(
        {
            "message": pl.UInt32,
            "start": pl.UInt32,
            "end": pl.UInt32,
            "type": pl.String,
            "action": pl.String,
        }
    )
)
TRACE: Final = pl.List(
    pl.Struct({"stage": pl.String, "action": pl.String, "reason": pl.String, "characters": pl.Int64})
)
LEFT_OUT: Final = pl.List(pl.Struct({"reason": pl.String, "characters": pl.Int64}))
"""Type of the column ``left_out``, in which a stage reports the text it removed from each dialogue."""

DIALOGUE: Final[Mapping[str, pl.DataType]] = {
    "id": pl.String(),
    "source": pl.String(),
    "source_id": pl.String(),
    "license": pl.String(),
    "department": pl.String(),
    "subdepartment": pl.String(),
    "messages": MESSAGES,
    "inquiries": INQUIRIES,
    "identifiers": IDENTIFIERS,
    "cluster": pl.String(),
    "split": pl.String(),
    "drop_reason": pl.String(),
    "trace": TRACE,
}
"""Column name to type, in the column order of every file."""


class Message(TypedDict):
    """An element of ``messages``."""

    role: str
    content: str | None


class InquirySpan(TypedDict):
    """An element of ``inquiries``."""

    message: int
    start: int
    end: int
    slot: str


class IdentifierSpan(TypedDict):
    """An element of ``identifiers``."""

    message: int
    start: int
    end: int
    type: str
    action: str


class TraceEntry(TypedDict):
    """An element of ``trace``.

    ``characters`` is the number of characters that are no white space and that this step took out of the dialogue;
    it is negative where the step added some. For every dialogue, the characters of its record are those of
    ``messages`` and those of ``trace`` together.
    """

    stage: str
    action: str
    reason: str
    characters: int


class DialogueRow(TypedDict):
    """A row of the dialogue table as plain Python values."""

    id: str
    source: str
    source_id: str
    license: str | None
    department: str | None
    subdepartment: str | None
    messages: list[Message]
    inquiries: list[InquirySpan]
    identifiers: list[IdentifierSpan]
    cluster: str | None
    split: str | None
    drop_reason: str | None
    trace: list[TraceEntry]


READ: Final[tuple[str, ...]] = (
    "id",
    "source",
    "source_id",
    "license",
    "department",
    "subdepartment",
    "messages",
    "trace",
)
"""The columns that readers fill; stages write all others."""

OFFSETS: Final[tuple[str, ...]] = ("inquiries", "identifiers")
"""Columns with offsets into ``messages``: a stage that edits the text must update them too."""

QUARANTINE: Final[Mapping[str, pl.DataType]] = {
    "file": pl.String(),
    "position": pl.String(),
    "reason": pl.String(),
    "raw": pl.Binary(),
    "raw_bytes": pl.UInt64(),
}
"""Columns of the quarantine table: records that could not be read.

``position`` is ``line N``, ``record N`` or ``byte N``; ``raw`` holds at most the first mebibyte and ``raw_bytes``
the true length, so that a malformed line of a gigabyte costs a mebibyte here and can still be located in the input.
"""


def empty_table(columns: Mapping[str, pl.DataType] = DIALOGUE) -> pl.DataFrame:
    """Return a table without rows.

    >>> empty_table().width == len(DIALOGUE)
    True
    """
    return pl.DataFrame(schema=dict(columns))


def complete(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the missing dialogue columns: empty lists for list columns, null for the others.

    Args:
        rows: a table with any subset of the ``DIALOGUE`` columns.

    Returns:
        A table of the same height with exactly the ``DIALOGUE`` columns, in schema order.
    """
    present = set(rows.columns)
    return rows.select(
        pl.col(name) if name in present else _default(dtype).alias(name) for name, dtype in DIALOGUE.items()
    )


def upgrade(table: pl.DataFrame) -> pl.DataFrame:
    """Convert a dialogue table of an earlier version: steps that recorded no ``characters`` get 0.

    Tables without a column ``trace``, and those of this version, are returned as they are.
    """
    dtype = table.schema.get("trace")
    if not isinstance(dtype, pl.List) or not isinstance(dtype.inner, pl.Struct) or dtype == TRACE:
        return table
    names = [field.name for field in dtype.inner.fields]
    characters = pl.lit(0, dtype=pl.Int64).alias("characters")
    entry = pl.struct(*(pl.element().struct.field(name) for name in names if name != "characters"), characters)
    return table.with_columns(pl.col("trace").list.eval(entry).cast(TRACE))


def _default(dtype: pl.DataType) -> pl.Expr:
    return pl.lit([] if isinstance(dtype, pl.List) else None, dtype=dtype)


def to_rows(table: pl.DataFrame) -> list[DialogueRow]:
    """Convert a complete dialogue table to plain Python values."""
    return cast("list[DialogueRow]", table.to_dicts())


def json_schema(columns: Mapping[str, pl.DataType], title: str) -> dict[str, JsonValue]:
    """Describe one row of a table in JSON Schema (draft 2020-12).

    Args:
        columns: column name to Polars type.
        title: title of the schema.

    >>> json_schema({"id": pl.String()}, "x")["properties"]
    {'id': {'type': ['string', 'null']}}
    """
    properties: dict[str, JsonValue] = {name: _json_type(dtype) for name, dtype in columns.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(columns),
        "additionalProperties": False,
    }


def _json_type(dtype: PolarsDataType) -> dict[str, JsonValue]:
    if isinstance(dtype, pl.List):
        return {"type": "array", "items": _json_type(dtype.inner)}
    if isinstance(dtype, pl.Struct):
        fields: dict[str, JsonValue] = {field.name: _json_type(field.dtype) for field in dtype.fields}
        return {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }
    if dtype == pl.Binary:
        return {"type": ["string", "null"], "contentEncoding": "base64"}
    if isinstance(dtype, type):
        dtype = dtype()
    if dtype.is_integer():
        return {"type": "integer"} if dtype.is_signed_integer() else {"type": "integer", "minimum": 0}
    return {"type": ["string", "null"]}
