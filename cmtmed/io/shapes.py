"""From a record with named fields to the turns of a dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from cmtmed.io.quarantine import Reason
from cmtmed.io.speakers import Speakers
from cmtmed.source import FieldName, Source

# Names that crawls use, most telling first. A tuple of names is joined: what Alpaca-style records call `input` goes
# on where `instruction` ends.
NAMES: Final[Mapping[str, tuple[FieldName, ...]]] = {
    "id": ("id", "_id", "qid", "uid", "uuid", "dialogue_id", "编号"),
    "department": ("department", "cate1", "dept", "category", "科室", "部门"),
    "subdepartment": ("subdepartment", "cate2", "subcategory", "子科室", "二级科室"),
    "question": (
        "question", "ask", ("instruction", "input"), "instruct", "query", "prompt", "patient", "q", "问", "问题",
        "提问", "患者", "咨询", "title",
    ),
    "answer": (
        "answer", "output", "response", "reply", "doctor", "a", "答", "回答", "答案", "回复", "医生", "completion",
    ),
    "history": ("history",),
    "messages": ("messages", "conversations", "conversation", "turns", "dialogue", "dialog", "dialogues", "对话"),
    "role": ("role", "from", "speaker", "who", "角色"),
    "content": ("content", "value", "text", "utterance", "sentence", "内容"),
    "text": ("text", "dialogue", "dialog", "conversation", "content", "对话"),
}  # fmt: skip

Turn = tuple[str, str | None]


class BrokenRecordError(Exception):
    """The record cannot be read, for the reason that it carries."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Dialogue:
    """One record, read.

    Attributes:
        source_id: the record's own id, if it has one.
        department: as the record says; None where it says nothing, or a word that means nothing.
        subdepartment: likewise.
        turns: role and text of each turn, in order; an empty turn may have no text.
    """

    source_id: str | None
    department: str | None
    subdepartment: str | None
    turns: list[Turn]


class Shaper:
    """Reads the records of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.speakers = Speakers(source)
        self._nulls = frozenset(source.null_values)
        told = source.fields
        self._names: dict[str, tuple[FieldName, ...]] = {
            name: names if getattr(told, name) is None else (getattr(told, name),) for name, names in NAMES.items()
        }

    def dialogue(self, record: Mapping[str, Any]) -> Dialogue:
        """Read a record.

        Raises:
            BrokenRecordError: it holds no dialogue that can be read.
        """
        return Dialogue(
            self._label(record, "id"),
            self._department(record, "department"),
            self._department(record, "subdepartment"),
            self._turns(record),
        )

    def _turns(self, record: Mapping[str, Any]) -> list[Turn]:
        shape: str = self.source.shape
        if shape == "auto":
            shape = self._shape(record)
        if shape in {"messages", "conversations"}:
            return list(self._listed(self._need(record, "messages")))
        if shape == "prefixed":
            return list(self._listed(self.speakers.turns(_text(self._need(record, "text")) or "")))
        earlier = list(self._history(record)) if shape == "history" else []
        return [*earlier, *self._pair(record)]

    def _shape(self, record: Mapping[str, Any]) -> str:
        if isinstance(self._get(record, "history"), list):
            return "history"
        told = self._get(record, "messages")
        if isinstance(told, list) or (isinstance(told, str) and told.lstrip().startswith("[")):
            return "messages"
        if self._find(record, "question") or self._find(record, "answer"):
            return "single_turn"
        return "prefixed"

    def _pair(self, record: Mapping[str, Any]) -> Iterator[Turn]:
        question, answer = self._find(record, "question"), self._find(record, "answer")
        if not question and not answer:
            raise BrokenRecordError(Reason.MISSING_FIELD)
        for role, name in (("user", question), ("assistant", answer)):
            if name:
                yield role, _joined(record, name)

    def _history(self, record: Mapping[str, Any]) -> Iterator[Turn]:
        for pair in _parsed(self._need(record, "history")):
            if not isinstance(pair, list) or len(pair) != 2:
                raise BrokenRecordError(Reason.WRONG_TYPE)
            yield "user", _text(pair[0])
            yield "assistant", _text(pair[1])

    def _listed(self, told: Any) -> Iterator[Turn]:
        for turn in _parsed(told):
            if not isinstance(turn, dict):
                raise BrokenRecordError(Reason.WRONG_TYPE)
            speaker, content = self._get(turn, "role"), self._get(turn, "content")
            role = self.speakers.role(speaker) if isinstance(speaker, str) else None
            if role is None:
                raise BrokenRecordError(Reason.UNKNOWN_ROLE)
            yield role, _text(content)

    def _find(self, record: Mapping[str, Any], field: str) -> FieldName | None:
        """Return the name under which a record holds a field."""
        for name in self._names[field]:
            if (name if isinstance(name, str) else name[0]) in record:
                return name
        return None

    def _get(self, record: Mapping[str, Any], field: str) -> Any:
        name = self._find(record, field)
        return record[name if isinstance(name, str) else name[0]] if name else None

    def _need(self, record: Mapping[str, Any], field: str) -> Any:
        value = self._get(record, field)
        if value is None:
            raise BrokenRecordError(Reason.MISSING_FIELD)
        return value

    def _label(self, record: Mapping[str, Any], field: str) -> str | None:
        name = self._find(record, field)
        text = _joined(record, name) if name else None
        return (text or "").strip() or None

    def _department(self, record: Mapping[str, Any], field: str) -> str | None:
        told = self._label(record, field)
        return None if told in self._nulls else told


def _joined(record: Mapping[str, Any], name: FieldName) -> str | None:
    if isinstance(name, str):
        return _text(record[name])
    parts = [text for part in name if (text := _text(record.get(part)))]
    return "\n".join(parts) if parts else None


def _parsed(told: Any) -> Sequence[Any]:
    """Tables hold lists as JSON text."""
    if isinstance(told, str):
        try:
            told = orjson.loads(told)
        except orjson.JSONDecodeError:
            raise BrokenRecordError(Reason.INVALID_JSON) from None
    if not isinstance(told, list):
        raise BrokenRecordError(Reason.WRONG_TYPE)
    return told


def _text(value: Any) -> str | None:
    """Return a text; numbers as JSON writes them, a list of texts joined by line breaks."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    raise BrokenRecordError(Reason.WRONG_TYPE)
