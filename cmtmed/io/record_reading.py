"""Reading of one record's dialogues from its fields: layout by layout, and what stands beside the turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from cmtmed.io.answers import read_answers
from cmtmed.io.fast_shapes import LABEL_MARKS
from cmtmed.io.field_names import find_names, normalize_name
from cmtmed.io.parsed import Parsed, Turn
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_fields import FieldPlan, RecordFields, is_empty, squeeze
from cmtmed.io.record_values import BrokenRecordError, parse_nested
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.turn_values import TurnParser
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

_OPENING_QUESTIONS: Final = frozenset(
    {"question", "ask", "query", "问题", "提问", "咨询", "咨询内容", "问题内容", "patient"}
)
"""Names under which the patient's first words stand beside a list of turns."""


class RecordReading(RecordFields):
    """One record while its dialogues are read from it."""

    def __init__(
        self, fields: Mapping[str, Value], plan: FieldPlan, source: Source, labels: SpeakerLabels, turns: TurnParser
    ) -> None:
        super().__init__(fields, plan, source.fields)
        self.source, self.labels, self.turns = source, labels, turns
        self.reason: Reason | None = None

    def read(self) -> list[Parsed]:
        """Return the record's dialogues, at least one."""
        shape = self.source.shape
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
            parsed = self.turns.parse(value, path=key)
            if parsed:
                self.used.add(key)
                return self._frame(parsed)
        return []

    def _find_history(self) -> list[Parsed]:
        has_history = any(self.fields.get(key) for key in self.plan.keys["history"])
        if not has_history:
            return []
        return self._frame(self._read_history(required=False), follows_history=True)

    def _read_history(self, *, required: bool) -> list[Parsed]:
        for key in self.plan.keys["history"]:
            if key not in self.fields:
                continue
            value = self.fields[key]
            if is_empty(value):
                self.used.add(key)
                return [Parsed()]
            if not isinstance(value, list | str):
                raise BrokenRecordError(Reason.WRONG_TYPE)
            parsed = self.turns.parse(value, path=key, alternating=True)
            if len(parsed) != 1:
                raise BrokenRecordError(Reason.WRONG_TYPE if isinstance(value, list) else Reason.NO_DIALOGUE)
            self.used.add(key)
            return parsed
        if required:
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        return [Parsed()]

    def _read_pairs_or_nothing(self) -> list[Parsed]:
        names = ("question", "answer", "opening")
        if any(map(self.has, names)) or any(key in self.fields for key in self.plan.keys["question"]):
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
            parsed = self.turns.parse_transcript(value)
            # One side alone is a dialogue if the text begins with its label; in the middle it may be part of the text.
            if parsed and (_has_both_sides(parsed) or self.labels.line.match(value.lstrip())):
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
        parsed = self.turns.parse(value, path=key, alternating=alternating)
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
        question = self.take_question()
        opening = self.take("opening")
        if not question and opening is None and self.has("answer"):
            # Beside an answer, a field called content or text describes what a title asks.
            opening = self.take("text", required_type=str)
        title = None if question else self.take("title")
        texts = [text for text in (title, opening) if text and text.strip()]
        if len(texts) == 2 and squeeze(texts[0]) in squeeze(texts[1]):
            parsed.left_out["title"] += count_characters(texts.pop(0))
        asked = "\n".join(question)
        if asked and texts and squeeze(texts[0]) in squeeze(asked):
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
        """Divide a question that holds the whole dialogue so far, as prompts do: 问：… 答：… 问：… 答：."""
        transcript = self.labels.split(question)
        turns = transcript.turns
        is_frame = (
            bool(turns)
            and not transcript.preamble.strip()
            and turns[0].role != "assistant"
            and (len(turns) > 1 or question.lstrip()[:1] in LABEL_MARKS)
            and (turns[-1].role == "user" or not turns[-1].content)
        )
        if not is_frame:
            return [("user", question)], Counter()
        return [(turn.role, turn.content) for turn in turns if turn.content], transcript.left_out

    def _add_opening(self, parsed: Parsed) -> None:
        """Put the patient's description before the turns, unless a turn repeats it."""
        needs_question = parsed.turns[-1][0] == "assistant" and self.has("answer")
        texts = [self.take("opening")]
        if needs_question:
            parsed.turns += [("user", text) for text in self.take_question()]
        elif (key := self.choose_key("question")) and normalize_name(key) in _OPENING_QUESTIONS:
            texts += self.take_question()
        opening = "\n".join(text for text in texts if text and text.strip())
        first = next((index for index, (role, _) in enumerate(parsed.turns) if role == "user"), None)
        if not opening:
            return
        if first is not None:
            text = parsed.turns[first][1]
            if squeeze(opening) in squeeze(text):
                parsed.left_out["duplicate_field"] += count_characters(opening)
                return
            if squeeze(text) and squeeze(text) in squeeze(opening) and first == 0:
                parsed.left_out["duplicate_turn"] += count_characters(text)
                parsed.turns[0] = ("user", opening)
                return
        position = next((index for index, (role, _) in enumerate(parsed.turns) if role != "system"), 0)
        parsed.turns.insert(position, ("user", opening))

    def _add_system(self, parsed: Parsed) -> None:
        system = self.take("system", required_type=str)
        if system and system.strip():
            parsed.turns.insert(0, ("system", system))

    def _add_answers(self, parsed: Parsed) -> list[Parsed]:
        """Append the answer, or make one dialogue for each of several."""
        is_prompt = bool(parsed.turns) and parsed.turns[-1][0] == "assistant" and not parsed.turns[-1][1].strip()
        if is_prompt and self.has("answer"):
            parsed.turns.pop()  # the label of the answer, with which a prompt ends
        if parsed.turns and parsed.turns[-1][0] == "assistant":
            return [parsed]
        key = self.choose_key("answer")
        if key is None:
            return [parsed]
        answers = read_answers(self.fields[key], key, parsed)
        self.used.add(key)
        if not answers:
            parsed.turns.append(("assistant", ""))  # an answer that is empty is an empty turn
            return [parsed]
        policy = self.source.answers
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


def _has_both_sides(parsed: Parsed) -> bool:
    return {"user", "assistant"} <= {role for role, _ in parsed.turns}


def _lacks_speakers(items: list[Value]) -> bool:
    """Return whether a list holds texts in objects that name no speaker."""
    return bool(items) and all(
        isinstance(item, Mapping) and find_names(item, "content") and not find_names(item, "role") for item in items
    )
