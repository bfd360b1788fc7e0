"""The example row of a dataset card: an invented dialogue, or a published one if the publisher asks for it."""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl

from cmtmed.builds import Build
from cmtmed.errors import UsageError

_COLUMNS: Final = ("messages", "inquiries", "identifiers", "department")
_INVENTED: Final = {
    "messages": [
        {"role": "user", "content": "我叫[姓名]，咳嗽一周了，晚上更重。"},
        {"role": "assistant", "content": "您好，痰是什么颜色的？有没有发烧？"},
        {"role": "user", "content": "黄痰，没发烧。"},
        {"role": "assistant", "content": "多喝温水，建议拍个胸片看看。"},
    ],
    "inquiries": [
        {"message": 1, "start": 3, "end": 11, "slot": "symptom"},
        {"message": 1, "start": 11, "end": 17, "slot": "symptom"},
    ],
    "identifiers": [{"message": 0, "start": 2, "end": 6, "type": "PERSON", "action": "tag"}],
    "department": "呼吸内科",
}


def write_example(build: Build, example_id: str | None) -> str:
    """Return the example row as JSON, one line per message, inquiry and identifier.

    Args:
        build: the build.
        example_id: id of a published dialogue to show word for word; None for the invented one.

    Raises:
        UsageError: the build publishes no such dialogue.
    """
    row = _INVENTED if example_id is None else _find_row(build, example_id)
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {_format_value(row[name])}" for name in _COLUMNS) + "\n}"


def _find_row(build: Build, id_: str) -> dict[str, Any]:
    for batch in build.iter_batches(columns=["id", *_COLUMNS]):
        rows = batch.filter(pl.col("id") == id_)
        if rows.height:
            return rows.row(0, named=True)
    raise UsageError(f"card: example_id: the build publishes no dialogue {id_!r}; give the id of one, or leave it out")


def _format_value(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _dump(value)
    return "[\n" + ",\n".join(f"    {_dump(item)}" for item in value) + "\n  ]"


def _dump(value: object) -> str:
    # Escaped so that no text can end the code block.
    return json.dumps(value, ensure_ascii=False).replace("`", "\\u0060")
