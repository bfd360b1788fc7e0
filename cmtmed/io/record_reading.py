"""Reading of one record's dialogues from its fields: layout by layout, and what stands beside the turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cmtmed.io.field_names import find_names, normalize_name
from cmtmed.io.message_keys import read_label
from cmtmed.io.numbered_fields import list_series, pair_declared, pair_numbered
from cmtmed.io.parsed import Parsed
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_fields import FieldPlan
from cmtmed.io.record_histories import RecordWithHistory
from cmtmed.io.record_values import BrokenRecordError, parse_nested, to_text
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.speaker_words import are_alternating
from cmtmed.io.table_header import MADE_UP
from cmtmed.io.turn_values import TurnParser
from cmtmed.schema import Role
from cmtmed.source import Source


class RecordReading(RecordWithHistory):
    """One record while its dialogues are read from it."""

    def __init__(
        self, fields: Mapping[str, Value], plan: FieldPlan, source: Source, labels: SpeakerLabels, turns: TurnParser
    ) -> None:
        super().__init__(fields, plan, source, labels, turns)
        self.reason: Reason | None = None

    def read(self) -> list[Parsed]:
        """Return the record's dialogues, at least one."""
        shape = self.source.shape
        if shape in {"messages", "conversations", "alternating"}:
            return self.frame_turns(self._require_turns("messages", alternating=shape == "alternating"))
        if shape == "prefixed":
            return self.frame_turns(self._require_turns("text", alternating=False))
        if shape == "history":
            return self.frame_turns(self.read_history(required=True), follows_history=True)
        if shape == "single_turn":
            return self._read_pairs()
        for read in (
            self._find_messages,
            self._find_history,
            self._find_transcript,
            self._find_replies,
            self._find_rounds,
            self._read_pairs_or_nothing,
            self._find_text,
            self._find_any_turns,
            self._find_numbered_turns,
        ):
            dialogues = read()
            if dialogues:
                return dialogues
        reason = Reason.NO_DIALOGUE if self.list_candidates() else Reason.MISSING_FIELD
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
            is_general = normalize_name(key) in _GENERAL
            parsed = self.turns.parse(value, path=key, alternating=not is_general and are_alternating(nested))
            if parsed:
                self.used.add(key)
                return self.frame_turns(parsed)
        return []

    def _find_history(self) -> list[Parsed]:
        has_history = any(self.fields.get(key) for key in self.plan.keys["history"])
        if not has_history:
            return []
        return self.frame_turns(self.read_history(required=False), follows_history=True)

    def _find_transcript(self) -> list[Parsed]:
        """Read a text under a name of dialogues; under a more general name it may as well be a question."""
        keys = [key for key in self.plan.keys["messages"] if normalize_name(key) not in _GENERAL]
        return self._read_transcript(keys)

    def _find_rounds(self) -> list[Parsed]:
        """Read questions and answers in numbered fields, or in two lists of the same length."""
        names = pair_numbered(self.fields)
        declared = (self.declared.question, self.declared.answer)
        if isinstance(declared[0], str) and isinstance(declared[1], str):
            names = pair_declared(declared[0], declared[1], self.fields)
        rounds = [(self.fields[q], self.fields[a], q, a) for q, a in names]
        question, answer = self.choose_key("question"), self.choose_key("answer")
        if question and answer and not rounds:
            asked, answered = self.fields[question], self.fields[answer]
            if _are_texts(asked) and _are_texts(answered) and len(asked) == len(answered) > 1:
                rounds = [(q, a, question, answer) for q, a in zip(asked, answered, strict=True)]
        parsed = Parsed()
        for asked, answered, *keys in rounds:
            self.used.update(keys)
            texts = (to_text(asked) or "", to_text(answered) or "")
            parsed.turns += [(role, text) for role, text in zip(_SIDES, texts, strict=True) if text.strip()]
        return self.frame_turns([parsed]) if parsed.turns else []

    def _find_any_turns(self) -> list[Parsed]:
        """Read a list of turns under a name that says nothing: objects with a speaker and a text, or texts in turn."""
        for key, value in self.fields.items():
            nested = parse_nested(value) if isinstance(value, str) else value
            if not isinstance(nested, list) or len(nested) < 2 or key in self.used:
                continue
            are_objects = all(isinstance(item, Mapping) for item in nested)
            are_messages = are_objects and (
                all(map(self.turns.find_plan, nested)) or self.turns.find_codes(nested) is not None
            )
            if are_messages or are_alternating(nested):
                parsed = self.turns.parse(value, path=key, alternating=not are_messages)
                if len(parsed) == 1:
                    self.used.add(key)
                    return self.frame_turns(parsed)
        return []

    def _find_replies(self) -> list[Parsed]:
        """Read a list under any name in which both sides speak, if need be below the question that it replies to."""
        for key, value in self.fields.items():
            nested = parse_nested(value) if isinstance(value, str) and value[:1] == "[" else value
            if not isinstance(nested, list) or len(nested) < 2 or not all(isinstance(i, Mapping) for i in nested):
                continue
            plans = [(item, self.turns.find_plan(item)) for item in nested]
            if all(plan for _, plan in plans) and self._have_both_sides(plans):
                parsed = self.turns.parse(value, path=key)
                self.used.add(key)
                return self.frame_turns(parsed)
        return []

    def _have_both_sides(self, plans: Sequence[tuple[Mapping[str, Value], tuple[str, str] | None]]) -> bool:
        """Return whether both sides speak in messages, by names or by codes."""
        texts: dict[str, list[Value]] = defaultdict(list)
        for item, plan in plans:
            if plan:
                texts[read_label(item.get(plan[0]))].append(item.get(plan[1]))
        try:
            return set(_SIDES) <= set(self.turns.assign_roles(texts).values())
        except BrokenRecordError:
            return False

    def _find_numbered_turns(self) -> list[Parsed]:
        """Read turns that stand in numbered fields: ``u1, u2, …`` with a speaker in each, or in turn."""
        keys_of_texts = [key for key, value in self.fields.items() if isinstance(value, str)]
        for keys in list_series(key for key in keys_of_texts if not MADE_UP.fullmatch(key)):
            texts = [self.fields[key] for key in keys if self.fields[key].strip()]
            named = self.turns.parse_named(texts)
            parsed = [named] if named else []
            if not parsed and are_alternating(texts):
                parsed = self.turns.parse(list(texts), path=keys[0], alternating=True)
            if len(parsed) == 1 and len(parsed[0].turns) > 1:
                self.used.update(keys)
                return self.frame_turns(parsed)
        return []

    def _read_pairs_or_nothing(self) -> list[Parsed]:
        names = ("question", "answer", "opening")
        if any(map(self.has, names)) or any(key in self.fields for key in self.plan.keys["question"]):
            return self._read_pairs()
        return []

    def _read_pairs(self) -> list[Parsed]:
        if not any(key in self.fields for name in ("question", "answer", "opening") for key in self.plan.keys[name]):
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        return self.frame_turns([Parsed()])

    def _find_text(self) -> list[Parsed]:
        return self._read_transcript(dict.fromkeys((*self.plan.keys["messages"], *self.plan.keys["text"])))

    def _read_transcript(self, keys: Iterable[str]) -> list[Parsed]:
        for key in keys:
            value = self.fields.get(key)
            if not isinstance(value, str):
                continue
            parsed = self.turns.parse_transcript(value)
            # One side alone is a dialogue if the text begins with its label; in the middle it may be part of the text.
            if parsed and (_has_both_sides(parsed) or self.labels.line.match(value.lstrip())):
                self.used.add(key)
                return self.frame_turns([parsed])
        return []

    def _require_turns(self, name: str, *, alternating: bool) -> list[Parsed]:
        key = next((key for key in self.plan.keys[name] if self.fields.get(key) is not None), None)
        if key is None:
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        value = self.fields[key]
        if isinstance(value, str) and name == "messages" and value.strip()[:1] == "[" and parse_nested(value) is None:
            raise BrokenRecordError(Reason.INVALID_JSON)
        parsed = self.turns.parse(value, path=key, alternating=alternating)
        if not parsed:
            if isinstance(value, list) and not value:
                parsed = [Parsed()]
            else:
                raise BrokenRecordError(Reason.NO_DIALOGUE if isinstance(value, str) else Reason.WRONG_TYPE)
        self.used.add(key)
        return parsed


def _has_both_sides(parsed: Parsed) -> bool:
    return {"user", "assistant"} <= {role for role, _ in parsed.turns}


def _are_texts(value: Value) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_SIDES: Final[tuple[Role, Role]] = ("user", "assistant")
_GENERAL: Final = frozenset({"content", "contents", "text", "data", "records", "qa", "qalist"})
"""Names of texts that may be anything."""


def _lacks_speakers(items: list[Value]) -> bool:
    """Return whether a list holds texts in objects that name no speaker."""
    return bool(items) and all(
        isinstance(item, Mapping) and find_names(item, "content") and not find_names(item, "role") for item in items
    )
