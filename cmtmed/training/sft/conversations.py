"""Files of conversations that are no build: what other projects publish, read as they are.

========  ==========================================================================
format    a line or element
========  ==========================================================================
messages  ``{"messages": [{"role": "user", "content": …}, …]}``
sharegpt  ``{"conversations": [{"from": "human", "value": …}, …]}``
alpaca    ``{"instruction": …, "input"?: …, "output": …, "history"?: [[…, …], …]}``
========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import DatasetError, UsageError, did_you_mean

if TYPE_CHECKING:
    from datasets import Dataset

FORMATS: Final = {"messages": "messages", "sharegpt": "conversations", "alpaca": "instruction"}
"""Format to the field that tells it."""
ROLES: Final = {
    "human": "user",
    "user": "user",
    "patient": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "doctor": "assistant",
    "bot": "assistant",
    "system": "system",
}


def read_conversations(path: Path, form: str = "auto") -> Dataset:
    """Read a file of JSON lines or one JSON array.

    Args:
        path: the file.
        form: ``messages``, ``sharegpt``, ``alpaca``, or ``auto`` to tell by the fields of the first row.

    Returns:
        ``id`` (file and number), ``messages`` and ``weights`` (1 for each turn of the assistant).

    Raises:
        UsageError: the format is not known, or no field tells it.
        DatasetError: a row does not hold what the format says; the message gives its number and no text.
    """
    from datasets import Dataset, Features, List, Value

    if form not in {"auto", *FORMATS}:
        raise UsageError(f"data: no format is called {form!r}; {did_you_mean(form, ['auto', *FORMATS])}")
    rows = list(_rows(path))
    if not rows:
        raise UsageError(f"{str(path)!r} holds no conversations")
    found = form if form != "auto" else next((name for name, field in FORMATS.items() if field in rows[0]), None)
    if found is None:
        raise UsageError(
            f"{str(path)!r}: no conversations are known by the fields {', '.join(sorted(rows[0]))}; "
            f"one of {', '.join(FORMATS.values())} tells the format"
        )
    made = []
    for number, row in enumerate(rows, start=1):
        try:
            messages = _messages(row, found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DatasetError(f"{path}: row {number} is no {found} conversation ({type(error).__name__})") from None
        weights = [float(message["role"] == "assistant") for message in messages]
        made.append({"id": f"{path.stem}/{number}", "messages": messages, "weights": weights})
    features = Features(
        {
            "id": Value("string"),
            "messages": List({"role": Value("string"), "content": Value("string")}),
            "weights": List(Value("float32")),
        }
    )
    return Dataset.from_list(made, features=features)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of JSON lines or of one array."""
    import json

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
                raise DatasetError(f"{path}: line {number} is not JSON; mend or remove it") from None
            if not isinstance(row, dict):
                raise DatasetError(f"{path}: line {number} holds {type(row).__name__} instead of an object")
            yield row


def _messages(row: dict[str, Any], form: str) -> list[dict[str, str]]:
    if form == "alpaca":
        asked = "\n".join(part for part in (str(row["instruction"]), str(row.get("input") or "")) if part)
        turns = [turn for pair in row.get("history") or [] for turn in pair]
        told = [("assistant" if place % 2 else "user", str(turn)) for place, turn in enumerate(turns)]
        told += [("user", asked), ("assistant", str(row["output"]))]
    else:
        role, content = ("role", "content") if form == "messages" else ("from", "value")
        told = [(ROLES[turn[role]], turn[content]) for turn in row[FORMATS[form]]]
    if not all(isinstance(content, str) for _, content in told):
        raise TypeError
    return [{"role": role, "content": content} for role, content in told]
