"""The one data type: a dialogue between a patient and a doctor, as an Arrow table.

Every reader ends in this schema and every later part starts from it. ``schemas/dialogue.v1.json`` says the
same in JSON Schema, and a test holds the two equal. Offsets are code points into the text as it stands in
``messages``; spans are half-open, ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import polars as pl

DIALOGUE_VERSION: Final = 1

Role = Literal["system", "user", "assistant"]
ROLES: Final[tuple[Role, ...]] = ("system", "user", "assistant")
"""``user`` is the patient and ``assistant`` the doctor: the names that chat templates read."""

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
TRACE: Final = pl.List(pl.Struct({"stage": pl.String, "action": pl.String, "reason": pl.String}))

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
"""Column name to type, in the order in which the columns stand in every file."""

READ: Final[tuple[str, ...]] = (
    "id",
    "source",
    "source_id",
    "license",
    "department",
    "subdepartment",
    "messages",
)
"""The columns that a reader fills; all others are written by stages."""

OFFSETS: Final[tuple[str, ...]] = ("inquiries", "identifiers")
"""Columns that point into ``messages``: whoever edits the text must rewrite them too."""

QUARANTINE: Final[Mapping[str, pl.DataType]] = {
    "file": pl.String(),
    "position": pl.String(),
    "reason": pl.String(),
    "raw": pl.Binary(),
    "raw_bytes": pl.UInt64(),
}
"""What is kept of a record that could not be read.

``position`` is ``line N``, ``record N`` or ``byte N``; ``raw`` holds at most the first mebibyte and
``raw_bytes`` the true length, so that a broken gigabyte on one line costs a mebibyte here and can still be
found in the input.
"""


def empty_table(columns: Mapping[str, pl.DataType] = DIALOGUE) -> pl.DataFrame:
    """Return a table of no rows.

    >>> empty_table().width == len(DIALOGUE)
    True
    """
    return pl.DataFrame(schema=dict(columns))


def complete(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that nobody has written yet: empty lists for the list columns, null for the others.

    Args:
        rows: a table that holds any subset of the ``DIALOGUE`` columns.

    Returns:
        A table of the same height with exactly the ``DIALOGUE`` columns, in their order.
    """
    present = set(rows.columns)
    return rows.select(
        pl.col(name) if name in present else _default(dtype).alias(name) for name, dtype in DIALOGUE.items()
    )


def _default(dtype: pl.DataType) -> pl.Expr:
    return pl.lit([] if isinstance(dtype, pl.List) else None, dtype=dtype)


def json_schema(columns: Mapping[str, pl.DataType], title: str) -> dict[str, Any]:
    """Describe one row of a table in JSON Schema (draft 2020-12).

    Args:
        columns: name to Polars type.
        title: names the row.

    >>> json_schema({"id": pl.String()}, "x")["properties"]
    {'id': {'type': ['string', 'null']}}
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {name: _json_type(dtype) for name, dtype in columns.items()},
        "required": list(columns),
        "additionalProperties": False,
    }


def _json_type(dtype: Any) -> dict[str, Any]:
    if isinstance(dtype, pl.List):
        return {"type": "array", "items": _json_type(dtype.inner)}
    if isinstance(dtype, pl.Struct):
        fields = {field.name: _json_type(field.dtype) for field in dtype.fields}
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
    return {"type": "integer", "minimum": 0} if dtype.is_integer() else {"type": ["string", "null"]}
