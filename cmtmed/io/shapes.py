"""Parsing of records with named fields into the turns of a dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from cmtmed.io.quarantine import Reason
from cmtmed.io.speakers import Speakers
from cmtmed.source import FieldName, Source

# Field names that crawls use, most specific first. The fields of a tuple are joined: in Alpaca-style records `input`
# continues `instruction`.
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
    """A record cannot be read; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Dialogue:
    """A record as a dialogue.

    Attributes:
        source_id: the record's own id, if it has one.
        department: as given by the record; None if it is missing or a null value of the source.
        subdepartment: likewise.
        turns: role and text of each turn, in order; the text of an empty turn may be None.
    """

    source_id: str | None
    department: str | None
    subdepartment: str | None
    turns: list[Turn]


class RecordParser:
    """Parses the records of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.speakers = Speakers(source)
        self._nulls = frozenset(source.null_values)
        declared = source.fields
        self._names: dict[str, tuple[FieldName, ...]] = {
            name: names if getattr(declared, name) is None else (getattr(declared, name),)
            for name, names in NAMES.items()
        }

    def parse(self, record: Mapping[str, object]) -> Dialogue:
        """Parse a record.

        Raises:
            BrokenRecordError: it holds no readable dialogue.
        """
        return Dialogue(
            self._get_label(record, "id"),
            self._get_department(record, "department"),
            self._get_department(record, "subdepartment"),
            self._parse_turns(record),
        )

    def _parse_turns(self, record: Mapping[str, object]) -> list[Turn]:
        shape: str = self.source.shape
        if shape == "auto":
            shape = self._detect_shape(record)
        if shape in {"messages", "conversations"}:
            return list(self._parse_messages(self._require(record, "messages")))
        if shape == "prefixed":
            return list(self._parse_messages(self.speakers.split_turns(_to_text(self._require(record, "text")) or "")))
        previous_turns = list(self._parse_history(record)) if shape == "history" else []
        return [*previous_turns, *self._parse_pair(record)]

    def _detect_shape(self, record: Mapping[str, object]) -> str:
        if isinstance(self._get(record, "history"), list):
            return "history"
        messages = self._get(record, "messages")
        if isinstance(messages, list) or (isinstance(messages, str) and messages.lstrip().startswith("[")):
            return "messages"
        if self._find_name(record, "question") or self._find_name(record, "answer"):
            return "single_turn"
        return "prefixed"

    def _parse_pair(self, record: Mapping[str, object]) -> Iterator[Turn]:
        question, answer = self._find_name(record, "question"), self._find_name(record, "answer")
        if not question and not answer:
            raise BrokenRecordError(Reason.MISSING_FIELD)
        for role, name in (("user", question), ("assistant", answer)):
            if name:
                yield role, _join_fields(record, name)

    def _parse_history(self, record: Mapping[str, object]) -> Iterator[Turn]:
        for pair in _parse_list(self._require(record, "history")):
            if not isinstance(pair, list) or len(pair) != 2:
                raise BrokenRecordError(Reason.WRONG_TYPE)
            yield "user", _to_text(pair[0])
            yield "assistant", _to_text(pair[1])

    def _parse_messages(self, messages: object) -> Iterator[Turn]:
        for turn in _parse_list(messages):
            if not isinstance(turn, dict):
                raise BrokenRecordError(Reason.WRONG_TYPE)
            speaker, content = self._get(turn, "role"), self._get(turn, "content")
            role = self.speakers.find_role(speaker) if isinstance(speaker, str) else None
            if role is None:
                raise BrokenRecordError(Reason.UNKNOWN_ROLE)
            yield role, _to_text(content)

    def _find_name(self, record: Mapping[str, object], field: str) -> FieldName | None:
        """Return the name under which a record holds a field."""
        for name in self._names[field]:
            if (name if isinstance(name, str) else name[0]) in record:
                return name
        return None

    def _get(self, record: Mapping[str, object], field: str) -> object:
        name = self._find_name(record, field)
        return record[name if isinstance(name, str) else name[0]] if name else None

    def _require(self, record: Mapping[str, object], field: str) -> object:
        value = self._get(record, field)
        if value is None:
            raise BrokenRecordError(Reason.MISSING_FIELD)
        return value

    def _get_label(self, record: Mapping[str, object], field: str) -> str | None:
        name = self._find_name(record, field)
        text = _join_fields(record, name) if name else None
        return (text or "").strip() or None

    def _get_department(self, record: Mapping[str, object], field: str) -> str | None:
        name = self._get_label(record, field)
        return None if name in self._nulls else name


def _join_fields(record: Mapping[str, object], name: FieldName) -> str | None:
    if isinstance(name, str):
        return _to_text(record[name])
    texts = [text for field in name if (text := _to_text(record.get(field)))]
    return "\n".join(texts) if texts else None


def _parse_list(value: object) -> list[object]:
    """Return a list; table formats hold lists as JSON text."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise BrokenRecordError(Reason.INVALID_JSON) from None
    if not isinstance(value, list):
        raise BrokenRecordError(Reason.WRONG_TYPE)
    return value


def _to_text(value: object) -> str | None:
    """Convert a field to text: numbers as in JSON, a list of texts joined by line breaks."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        if len(texts) == len(value):
            return "\n".join(texts)
    raise BrokenRecordError(Reason.WRONG_TYPE)
