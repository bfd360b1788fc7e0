"""Parsing of records into dialogues: which field holds what, and in which of the layouts that crawls use.

Fields are found by declaration or by the names that are common in crawls (`cmtmed.io.field_names`). Every character of
a record ends in a turn or is counted under a reason in `Dialogue.left_out`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cmtmed.io.fast_shapes import FastReader, make_fast_reader
from cmtmed.io.field_names import find_names, guess_field, normalize_name
from cmtmed.io.quarantine import Reason
from cmtmed.io.records import Record
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.turn_values import BrokenRecordError, Parsed, Turn, TurnParser, count_leaves, parse_nested, to_text
from cmtmed.source import FieldName, Source
from cmtmed.text.characters import count_characters

_METADATA: Final = ("id", "department", "subdepartment")
_FIELDS: Final = ("title", "opening", "question", "answer", "history", "messages", "text", "system")
_OPENING_QUESTIONS: Final = frozenset({"question", "ask", "query", "问题", "提问", "咨询", "咨询内容", "问题内容", "patient"})
"""Names under which the patient's first words stand beside a list of turns."""
_NESTING: Final = 4
"""How deep objects inside a record are searched for fields."""


@dataclass
class Dialogue:
    """A record as a dialogue.

    Attributes:
        source_id: the record's own id, if it has one.
        department: as given by the record; None if it is missing or a null value of the source.
        subdepartment: likewise.
        turns: role and text of each turn, in order.
        left_out: characters of the record that stand in no turn, by reason.
        ignored: characters of fields that were not read, by the field's dotted path.
    """

    source_id: str | None
    department: str | None
    subdepartment: str | None
    turns: list[Turn]
    left_out: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Plan:
    """For each field, the keys of a record that may hold it, the most likely first."""

    keys: Mapping[str, tuple[str, ...]]


class RecordParser:
    """Parses the records of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.labels = SpeakerLabels(source)
        self.turns = TurnParser(
            self.labels, source.fields.role, source.fields.content, preamble=source.transcript.preamble
        )
        self._nulls = frozenset(source.null_values)
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._readers: dict[tuple[str, ...], FastReader | None] = {}

    def belongs(self, value: Any) -> bool:
        """Return whether a record has the fields that its source demands."""
        if not self.source.having:
            return True
        fields = _flatten(value) if isinstance(value, Mapping) else {}
        return all(name in fields or (isinstance(value, Mapping) and name in value) for name in self.source.having)

    def parse(self, record: Record) -> list[Dialogue]:
        """Parse a record into its dialogues: one, or several where it lists several or one question has several answers.

        Raises:
            BrokenRecordError: it holds no readable dialogue.
        """
        value = record.value
        if type(value) is dict:
            keys = tuple(value)
            if keys not in self._readers:
                self._add_reader(keys)
            reader = self._readers[keys]
            if reader is not None and (result := reader(value)) is not None:
                dialogue = self._to_dialogue(*result)
                return [_add_left_out(dialogue, record.left_out)]
        dialogues = self._parse_value(value)
        _add_left_out(dialogues[0], record.left_out)
        return dialogues

    def _add_reader(self, keys: tuple[str, ...]) -> None:
        if len(self._readers) > _PLANS:
            self._readers.clear()
        declared = self.source.fields
        is_simple = not any(isinstance(getattr(declared, name), tuple) for name in (*_METADATA, *_FIELDS))
        plan = self._make_plan(keys)
        self._readers[keys] = (
            make_fast_reader(keys, plan.keys, self.source.shape, self.turns) if is_simple else None
        )

    def _to_dialogue(
        self,
        identifier: str | None,
        department: str | None,
        subdepartment: str | None,
        turns: list[Turn],
        left_out: dict[str, int],
        ignored: dict[str, int],
    ) -> Dialogue:
        nulls = self._nulls
        return Dialogue(
            identifier or None,
            None if department in nulls else department,
            None if subdepartment in nulls else subdepartment,
            turns,
            left_out,
            ignored,
        )

    def _parse_value(self, value: Any) -> list[Dialogue]:
        if isinstance(value, Mapping):
            return self._parse_fields(_flatten(value))
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            parsed = self.turns.parse(value, path="")
            if parsed and len(parsed[0].turns) > 1 and not _are_pairs(value):
                return [_to_dialogue(dialogue) for dialogue in parsed]
            return [dialogue for item in value for dialogue in self._parse_value(item)]
        parsed = self.turns.parse(value, path="", alternating=self.source.shape == "alternating")
        if not parsed:
            has_text = isinstance(value, str) or (isinstance(value, list) and any(map(_has_text, value)))
            raise BrokenRecordError(Reason.NO_DIALOGUE if has_text else Reason.NOT_A_RECORD)
        return [_to_dialogue(dialogue) for dialogue in parsed]

    def _parse_fields(self, fields: Mapping[str, Any]) -> list[Dialogue]:
        plan = self._find_plan(fields)
        reading = _Reading(fields, plan, self)
        dialogues = [parsed for parsed in reading.read() if parsed is not None]
        first = dialogues[0]
        metadata = {name: reading.read_label(name) for name in _METADATA}
        for name in metadata:
            if key := reading.used_labels.get(name):
                first.left_out["metadata"] += sum(count_characters(str(to_text_or_none(fields.get(k)) or "")) for k in key)
        reading.ignore_rest(first)
        nulls = self._nulls
        identifier = metadata["id"]
        return [
            Dialogue(
                (identifier if number == 1 else f"{identifier}#{number}") if identifier else None,
                None if metadata["department"] in nulls else metadata["department"],
                None if metadata["subdepartment"] in nulls else metadata["subdepartment"],
                parsed.turns,
                parsed.left_out,
                parsed.ignored,
            )
            for number, parsed in enumerate(dialogues, start=1)
        ]

    def _find_plan(self, fields: Mapping[str, Any]) -> _Plan:
        keys = tuple(fields)
        plan = self._plans.get(keys)
        if plan is None:
            if len(self._plans) > _PLANS:
                self._plans.clear()
            plan = self._plans[keys] = self._make_plan(keys)
        return plan

    def _make_plan(self, keys: tuple[str, ...]) -> _Plan:
        guessed = {key: guess_field(key) for key in keys}
        found: dict[str, tuple[str, ...]] = {}
        for name in (*_METADATA, *_FIELDS):
            declared: FieldName | None = getattr(self.source.fields, name)
            if declared is not None:
                found[name] = (declared,) if isinstance(declared, str) else tuple(declared)
            else:
                by_words = tuple(key for key in keys if guessed[key] == name)
                found[name] = tuple(dict.fromkeys((*find_names(keys, name), *by_words)))
        return _Plan(found)


_PLANS: Final = 1000
"""Combinations of fields that are kept; records with ever new fields do not fill the memory."""


class _Reading:
    """One record while its dialogues are read from it."""

    def __init__(self, fields: Mapping[str, Any], plan: _Plan, parser: RecordParser) -> None:
        self.fields, self.plan, self.parser = fields, plan, parser
        self.declared = parser.source.fields
        self.used: set[str] = set()
        self.used_labels: dict[str, tuple[str, ...]] = {}
        self.reason: Reason | None = None
        self.asked: str | None = None

    def read(self) -> list[Parsed]:
        """Return the record's dialogues, at least one."""
        shape = self.parser.source.shape
        if shape in {"messages", "conversations", "alternating"}:
            return self._frame(self._require_turns("messages", alternating=shape == "alternating"))
        if shape == "prefixed":
            return self._frame(self._require_turns("text", alternating=False))
        if shape == "history":
            return self._frame(self._read_history(required=True), follows_history=True)
        if shape == "single_turn":
            return self._read_pairs()
        for read in (self._find_messages, self._find_history, self._read_pairs_or_nothing, self._find_text):
            dialogues = read()
            if dialogues:
                return dialogues
        reason = Reason.NO_DIALOGUE if self._list_candidates() else Reason.MISSING_FIELD
        raise BrokenRecordError(self.reason or reason, tuple(self.fields))

    # Layouts, in the order in which they are tried.

    def _find_messages(self) -> list[Parsed]:
        for key in self.plan.keys["messages"]:
            value = self.fields.get(key)
            nested = parse_nested(value) if isinstance(value, str) else value
            if not isinstance(nested, list):
                continue
            if _lacks_speakers(nested):
                self.reason = Reason.UNKNOWN_ROLE
            parsed = self.parser.turns.parse(value, path=key)
            if parsed:
                self.used.add(key)
                return self._frame(parsed)
        return []

    def _find_history(self) -> list[Parsed]:
        has_history = any(self.fields.get(key) for key in self.plan.keys["history"])
        if not has_history or not self._has("answer"):
            return []
        return self._frame(self._read_history(required=False), follows_history=True)

    def _read_history(self, *, required: bool) -> list[Parsed]:
        for key in self.plan.keys["history"]:
            if key not in self.fields:
                continue
            value = self.fields[key]
            if _is_empty(value):
                self.used.add(key)
                return [Parsed()]
            if not isinstance(value, list | str):
                raise BrokenRecordError(Reason.WRONG_TYPE)
            parsed = self.parser.turns.parse(value, path=key, alternating=True)
            if len(parsed) != 1:
                raise BrokenRecordError(Reason.WRONG_TYPE if isinstance(value, list) else Reason.NO_DIALOGUE)
            self.used.add(key)
            return parsed
        if required:
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        return [Parsed()]

    def _read_pairs_or_nothing(self) -> list[Parsed]:
        names = ("question", "answer", "opening")
        if any(map(self._has, names)) or any(key in self.fields for key in self.plan.keys["question"]):
            return self._read_pairs()
        return []

    def _read_pairs(self) -> list[Parsed]:
        if not any(key in self.fields for name in ("question", "answer", "opening") for key in self.plan.keys[name]):
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        return self._frame([Parsed()])

    def _find_text(self) -> list[Parsed]:
        for key in dict.fromkeys((*self.plan.keys["messages"], *self.plan.keys["text"])):
            value = self.fields.get(key)
            if not isinstance(value, str):
                continue
            parsed = self.parser.turns.parse_transcript(value)
            if parsed and {"user", "assistant"} <= {role for role, _ in parsed.turns}:
                self.used.add(key)
                return self._frame([parsed])
        return []

    def _require_turns(self, name: str, *, alternating: bool) -> list[Parsed]:
        key = next((key for key in self.plan.keys[name] if self.fields.get(key) is not None), None)
        if key is None:
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        value = self.fields[key]
        if isinstance(value, str) and name == "messages" and value.strip()[:1] == "[" and parse_nested(value) is None:
            raise BrokenRecordError(Reason.INVALID_JSON)
        parsed = self.parser.turns.parse(value, path=key, alternating=alternating)
        if not parsed:
            if isinstance(value, list) and not value:
                parsed = [Parsed()]
            else:
                raise BrokenRecordError(Reason.NO_DIALOGUE if isinstance(value, str) else Reason.WRONG_TYPE)
        self.used.add(key)
        return parsed

    # What stands beside the turns.

    def _frame(self, dialogues: list[Parsed], *, follows_history: bool = False) -> list[Parsed]:
        """Add the system's text, the patient's opening, the last question and the answers around the turns."""
        if len(dialogues) > 1:
            return dialogues
        parsed = dialogues[0]
        if parsed.turns and not follows_history:
            self._add_opening(parsed)
        else:
            self._add_question(parsed, is_first=not parsed.turns)
        self._add_system(parsed)
        return self._add_answers(parsed)

    def _add_question(self, parsed: Parsed, *, is_first: bool) -> None:
        """Append the patient's turn: the question, under the title and the description where they say more."""
        question = self._take_question()
        opening = self._take("opening")
        if not question and opening is None and self._has("answer"):
            # Beside an answer, a field called content or text describes what a title asks.
            opening = self._take("text", required_type=str)
        title = None if question else self._take("title")
        texts = [text for text in (title, opening) if text and text.strip()]
        if len(texts) == 2 and _squeeze(texts[0]) in _squeeze(texts[1]):
            parsed.left_out["title"] += count_characters(texts.pop(0))
        asked = "\n".join(question)
        if asked and texts and _squeeze(texts[0]) in _squeeze(asked):
            parsed.left_out["duplicate_field"] += count_characters(texts.pop())
        turns, left_out = self._divide_frame(asked) if asked else ([], Counter())
        parsed.left_out += left_out
        lead = "\n".join(texts)
        if lead and turns and turns[0][0] == "user":
            turns[0] = ("user", f"{turns[0][1]}\n{lead}")
        elif lead:
            turns.insert(0, ("user", lead))
        if not turns and is_first and any(key in self.fields for key in self.plan.keys["question"]):
            turns = [("user", "")]  # a question that is empty is an empty turn
        parsed.turns += turns

    def _divide_frame(self, question: str) -> tuple[list[Turn], Counter[str]]:
        """Divide a question that holds the whole dialogue so far: ``问：…\\n答：…\\n问：…\\n答：``."""
        transcript = self.parser.labels.split(question)
        turns = transcript.turns
        is_frame = (
            bool(turns)
            and not transcript.preamble.strip()
            and turns[0].role != "assistant"
            and len(turns) > 1
            and (turns[-1].role == "user" or not turns[-1].content)
        )
        if not is_frame:
            return [("user", question)], Counter()
        return [(turn.role, turn.content) for turn in turns if turn.content], transcript.left_out

    def _add_opening(self, parsed: Parsed) -> None:
        """Put the patient's description before the turns, unless a turn repeats it."""
        needs_question = parsed.turns[-1][0] == "assistant" and self._has("answer")
        texts = [self._take("opening")]
        if needs_question:
            parsed.turns += [("user", text) for text in self._take_question()]
        elif (key := self._choose_key("question")) and normalize_name(key) in _OPENING_QUESTIONS:
            texts += self._take_question()
        opening = "\n".join(text for text in texts if text and text.strip())
        first = next((index for index, (role, _) in enumerate(parsed.turns) if role == "user"), None)
        if not opening:
            return
        if first is not None:
            text = parsed.turns[first][1]
            if _squeeze(opening) in _squeeze(text):
                parsed.left_out["duplicate_field"] += count_characters(opening)
                return
            if _squeeze(text) and _squeeze(text) in _squeeze(opening) and first == 0:
                parsed.left_out["duplicate_turn"] += count_characters(text)
                parsed.turns[0] = ("user", opening)
                return
        position = next((index for index, (role, _) in enumerate(parsed.turns) if role != "system"), 0)
        parsed.turns.insert(position, ("user", opening))

    def _add_system(self, parsed: Parsed) -> None:
        system = self._take("system", required_type=str)
        if system and system.strip():
            parsed.turns.insert(0, ("system", system))

    def _add_answers(self, parsed: Parsed) -> list[Parsed]:
        """Append the answer, or make one dialogue for each of several."""
        is_prompt = bool(parsed.turns) and parsed.turns[-1][0] == "assistant" and not parsed.turns[-1][1].strip()
        if is_prompt and self._has("answer"):
            parsed.turns.pop()  # the label of the answer, with which a prompt ends
        if parsed.turns and parsed.turns[-1][0] == "assistant":
            return [parsed]
        key = self._choose_key("answer")
        if key is None:
            return [parsed]
        answers = self._read_answers(key, parsed)
        self.used.add(key)
        if not answers:
            parsed.turns.append(("assistant", ""))  # an answer that is empty is an empty turn
            return [parsed]
        policy = self.parser.source.answers
        if policy == "join":
            answers = ["\n".join(answers)]
        elif policy == "first":
            parsed.left_out["other_answer"] += sum(map(count_characters, answers[1:]))
            answers = answers[:1]
        dialogues = [Parsed([*parsed.turns, ("assistant", answer)]) for answer in answers]
        dialogues[0].left_out, dialogues[0].ignored = parsed.left_out, parsed.ignored
        for dialogue in dialogues[1:]:
            # The question is read once and written into every dialogue.
            dialogue.left_out["repeated_question"] -= sum(count_characters(text) for _, text in parsed.turns)
        return dialogues

    def _read_answers(self, key: str, parsed: Parsed) -> list[str]:
        value = self.fields[key]
        nested = parse_nested(value) if isinstance(value, str) else value
        if isinstance(value, str) and not (isinstance(nested, list) and all(isinstance(i, Mapping) for i in nested)):
            return [value]  # a text in brackets is a text
        if isinstance(value, str):
            parsed.left_out["markup"] += count_characters(value) - count_leaves(nested)
        if not isinstance(nested, list):
            if isinstance(nested, Mapping):
                nested = [nested]
            else:
                return [text] if (text := to_text(value)) is not None else []
        answers = []
        for item in nested:
            if isinstance(item, Mapping):
                content = next((name for name in find_names(item, "content") if isinstance(item[name], str)), None)
                content = content or next((n for n in find_names(item, "answer") if isinstance(item[n], str)), None)
                if content is None:
                    raise BrokenRecordError(Reason.WRONG_TYPE)
                answers.append(item[content])
                for name, other in item.items():
                    if name != content:
                        parsed.ignore(f"{key}.{name}", other)
            else:
                answers.append(to_text(item) or "")
        return [answer for answer in answers if answer.strip()]

    # Fields.

    def _has(self, name: str) -> bool:
        return any(not _is_empty(self.fields.get(key)) for key in self.plan.keys[name])

    def _choose_key(self, name: str, required_type: type | None = None) -> str | None:
        """Return the first key of a field that is not used and not empty, or the first that is there at all."""
        keys = [
            key
            for key in self.plan.keys[name]
            if key in self.fields
            and key not in self.used
            and (required_type is None or isinstance(self.fields[key], required_type))
        ]
        return next((key for key in keys if not _is_empty(self.fields[key])), keys[0] if keys else None)

    def _take(self, name: str, required_type: type | None = None) -> str | None:
        declared = getattr(self.declared, name, None)
        keys = list(self.plan.keys[name]) if isinstance(declared, tuple) else [self._choose_key(name, required_type)]
        texts = []
        for key in keys:
            if key is None or key not in self.fields or _is_empty(self.fields[key]):
                continue
            text = to_text(self.fields[key])
            if text is not None:
                self.used.add(key)
                texts.append(text)
        return "\n".join(texts) if texts else None

    def _take_question(self) -> list[str]:
        declared = self.declared.question
        if isinstance(declared, tuple):
            text = self._take("question")
            return [text] if text else []
        key = self._choose_key("question")
        if key is None or _is_empty(self.fields[key]):
            return []
        value = self.fields[key]
        if isinstance(value, list):
            # Several wordings of one question: the first is asked.
            value = _get_first_text(value)
            if value is None:
                return []
            self.asked = key
        self.used.add(key)
        texts = [to_text(value) or ""]
        # In Alpaca-style records, input continues instruction.
        if declared is None and key.lower().rpartition(".")[2] in {"instruction", "instruct"}:
            follow = next((k for k in self.plan.keys["question"] if k.lower().rpartition(".")[2] == "input"), None)
            if follow and isinstance(self.fields[follow], str) and self.fields[follow].strip():
                self.used.add(follow)
                texts.append(self.fields[follow])
        return texts

    def read_label(self, name: str) -> str | None:
        """Return the record's id, department or subdepartment."""
        declared = getattr(self.declared, name)
        keys = self.plan.keys[name] if isinstance(declared, tuple) else self.plan.keys[name]
        if isinstance(declared, tuple):
            texts = [text for key in keys if (text := to_text_or_none(self.fields.get(key)))]
            present = tuple(key for key in keys if key in self.fields and key not in self.used)
            self.used.update(present)
            self.used_labels[name] = present
            return "\n".join(texts).strip() or None
        for key in keys:
            if key in self.fields and key not in self.used:
                text = (to_text_or_none(self.fields[key]) or "").strip()
                if text:
                    self.used.add(key)
                    self.used_labels[name] = (key,)
                    return text
        return None

    def ignore_rest(self, parsed: Parsed) -> None:
        """Count the fields that were not read."""
        texts = {content for _, content in parsed.turns}
        for key, value in self.fields.items():
            if key in self.used:
                self._count_unread_variants(key, value, parsed)
            elif isinstance(value, str) and value in texts and value.strip():
                parsed.left_out["duplicate_field"] += count_characters(value)
            elif key in self.plan.keys["title"] and isinstance(value, str):
                parsed.left_out["title"] += count_characters(value)
            else:
                parsed.ignore(key, value)

    def _count_unread_variants(self, key: str, value: Any, parsed: Parsed) -> None:
        if key == self.asked:
            variants = count_leaves(value) - count_characters(_get_first_text(value) or "")
            if variants:
                parsed.left_out["other_wording"] += variants

    def _list_candidates(self) -> list[str]:
        return [
            key
            for name in ("messages", "text", "question", "answer")
            for key in self.plan.keys[name]
            if not _is_empty(self.fields.get(key))
        ]


def _flatten(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record with the fields of objects inside it under dotted names."""
    if not any(isinstance(value, Mapping) for value in record.values()):
        return record
    return dict(_iter_flat(record, "", _NESTING))


def _iter_flat(record: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith("$"):
            # MongoDB's extended JSON: {"$oid": …}, {"$numberLong": …}, {"$date": …}.
            yield f"{prefix}{key}", next(iter(value.values()))
        elif isinstance(value, Mapping) and value and depth:
            yield from _iter_flat(value, f"{prefix}{key}.", depth - 1)
        else:
            yield f"{prefix}{key}", value


def _add_left_out(dialogue: Dialogue, left_out: Mapping[str, int]) -> Dialogue:
    for reason, characters in left_out.items():
        dialogue.left_out[reason] = dialogue.left_out.get(reason, 0) + characters
    return dialogue


def _to_dialogue(parsed: Parsed) -> Dialogue:
    return Dialogue(None, None, None, parsed.turns, parsed.left_out, parsed.ignored)


def _are_pairs(items: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the objects of a list are questions with their answers, each a record of its own."""
    return all(find_names(item, "question") and find_names(item, "answer") for item in items)


def _has_text(value: Any) -> bool:
    return isinstance(value, str | list | Mapping)


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip()) or value != value


def _lacks_speakers(items: list[Any]) -> bool:
    """Return whether a list holds texts in objects that name no speaker."""
    return bool(items) and all(
        isinstance(item, Mapping) and find_names(item, "content") and not find_names(item, "role") for item in items
    )


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _iter_texts(item)


def _get_first_text(value: Any) -> str | None:
    return next(_iter_texts(value), None)


def to_text_or_none(value: Any) -> str | None:
    """Return a label's text, or None if it is of a type that has none."""
    try:
        return to_text(value)
    except BrokenRecordError:
        return None
