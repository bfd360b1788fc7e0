"""Files of conversations in the formats that other projects publish.

========  ==========================================================================
format    a line or element
========  ==========================================================================
messages  ``{"messages": [{"role": "user", "content": …}, …]}``
sharegpt  ``{"conversations": [{"from": "human", "value": …}, …]}``
alpaca    ``{"instruction": …, "input"?: …, "output": …, "history"?: [[…, …], …]}``
========  ==========================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import DatasetError, UsageError, did_you_mean
from cmtmed.training.run.chat_roles import CHAT_ROLES

if TYPE_CHECKING:
    from datasets import Dataset

FORMATS: Final = {"messages": "messages", "sharegpt": "conversations", "alpaca": "instruction"}
"""Format to the field that identifies it."""


def read_conversations(path: Path, file_format: str = "auto") -> Dataset:
    """Read a file of JSON lines or one JSON array.

    Args:
        path: the file.
        file_format: ``messages``, ``sharegpt``, ``alpaca``, or ``auto`` to detect it by the fields of the first row.

    Returns:
        ``id`` (file and number), ``messages`` and ``weights`` (1 for each turn of the assistant).

    Raises:
        UsageError: the format is unknown, or no field identifies it.
        DatasetError: a row does not hold what the format says; the message gives its number and no text.
    """
    from datasets import Dataset, Features, List, Value

    if file_format not in {"auto", *FORMATS}:
        raise UsageError(f"data: no format is called {file_format!r}; {did_you_mean(file_format, ['auto', *FORMATS])}")
    rows = list(_read_rows(path))
    if not rows:
        raise UsageError(f"{str(path)!r} holds no conversations")
    if file_format == "auto":
        file_format = _detect_format(rows[0], path)
    dialogues = []
    for number, row in enumerate(rows, start=1):
        try:
            messages = _parse_messages(row, file_format)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DatasetError(
                f"{path}: row {number} is not a {file_format} conversation ({type(error).__name__})"
            ) from None
        weights = [float(message["role"] == "assistant") for message in messages]
        dialogues.append({"id": f"{path.stem}/{number}", "messages": messages, "weights": weights})
    features = Features(
        {
            "id": Value("string"),
            "messages": List({"role": Value("string"), "content": Value("string")}),
            "weights": List(Value("float32")),
        }
    )
    return Dataset.from_list(dialogues, features=features)


def _detect_format(row: dict[str, Any], path: Path) -> str:
    for file_format, field in FORMATS.items():
        if field in row:
            return file_format
    raise UsageError(
        f"{str(path)!r}: no conversation format has the fields {', '.join(sorted(row))}; "
        f"one of {', '.join(FORMATS.values())} identifies it"
    )


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of JSON lines or of one array."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: byte {error.start} is not UTF-8; convert the file, or build it with cmtmed"
        ) from None
    if text.lstrip().startswith("["):
        try:
            yield from json.loads(text)
        except ValueError as error:
            raise DatasetError(f"{path}: not JSON at character {getattr(error, 'pos', 0)}") from None
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError:
                raise DatasetError(f"{path}: line {number} is not JSON; correct or remove it") from None
            if not isinstance(row, dict):
                raise DatasetError(f"{path}: line {number} holds {type(row).__name__} instead of an object")
            yield row


def _parse_messages(row: dict[str, Any], file_format: str) -> list[dict[str, str]]:
    if file_format == "alpaca":
        question = "\n".join(text for text in (str(row["instruction"]), str(row.get("input") or "")) if text)
        history = [text for pair in row.get("history") or [] for text in pair]
        turns = [("assistant" if index % 2 else "user", str(text)) for index, text in enumerate(history)]
        turns += [("user", question), ("assistant", str(row["output"]))]
    else:
        role_field, content_field = ("role", "content") if file_format == "messages" else ("from", "value")
        turns = [(CHAT_ROLES[turn[role_field]], turn[content_field]) for turn in row[FORMATS[file_format]]]
    if not all(isinstance(content, str) for _, content in turns):
        raise TypeError
    return [{"role": role, "content": content} for role, content in turns]
