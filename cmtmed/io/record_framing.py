"""What stands beside a record's turns: the system's text, the patient's opening, the last question, the answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from cmtmed.io.answers import read_answers
from cmtmed.io.fast_shapes import LABEL_MARKS
from cmtmed.io.field_names import normalize_name
from cmtmed.io.numbered_fields import list_numbered
from cmtmed.io.parsed import Parsed, Turn
from cmtmed.io.record_fields import FieldPlan, RecordFields, is_empty, squeeze
from cmtmed.io.record_values import says_nothing
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.speaker_words import is_sentence
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

_OPENING_QUESTIONS: Final = frozenset(
    {"question", "ask", "query", "问题", "提问", "咨询", "咨询内容", "问题内容", "patient"}
)
"""Names under which the patient's first words stand beside a list of turns."""
_PROMPTS: Final = frozenset({"instruction", "instruct", "prompt"})
"""Names under which a list of turns has the system's text beside it."""
_ASIDE: Final = re.compile(
    r"diag|dx|summar|result|conclu|advice|advise|sugg|label|tag|note|remark|comment|doctor|hosp|name|title|diseas|prescri|"
    r"url|time|date|诊断|结论|总结|小结|建议|处方|备注|标签|医院|医生|姓名|疾病|用药|评"
)
"""Words in the names of texts that are not the patient's."""
_TASK: Final = re.compile(r"\s*(?:你是|您是|作为|假设|假如|请你|请根据|请扮演|下面是|以下是|You are|Below is)")
"""How a text begins that tells a model what to do."""
_SHORT_QUESTION: Final = 60
"""Longest question in characters that may be the title of a description."""


class FramedRecord(RecordFields):
    """A record whose turns may have other texts of the dialogue beside them."""

    def __init__(self, fields: Mapping[str, Value], plan: FieldPlan, source: Source, labels: SpeakerLabels) -> None:
        super().__init__(fields, plan, source.fields)
        self.source, self.labels = source, labels

    def frame_turns(self, dialogues: list[Parsed], *, follows_history: bool = False) -> list[Parsed]:
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
        if opening is None and self.has("answer") and not (question and self.has("title")):
            # Beside an answer, a field called content or text describes what a title or a short question asks.
            opening = self._take_description("\n".join(question))
        title = self.take("title") if is_first else None
        asked = "\n".join(question)
        turns, left_out = self._divide_frame(asked) if asked else ([], Counter())
        parsed.left_out += left_out
        texts = [title, turns[0][1] if turns and turns[0][0] == "user" else None, opening]
        lead = self._join_texts([text for text in texts if text and text.strip()], parsed, title)
        if turns and turns[0][0] == "user":
            turns[0] = ("user", lead or turns[0][1])
        elif lead:
            turns.insert(0, ("user", lead))
        if not turns and is_first and any(key in self.fields for key in self.plan.keys["question"]):
            turns = [("user", "")]  # a question that is empty is an empty turn
        parsed.turns += turns

    def _take_description(self, question: str) -> str | None:
        names = ("content", "body", "内容", "內容", "message")
        key = self.choose_key("text", required_type=str)
        if key is None or (question and (normalize_name(key) not in names or len(question) > _SHORT_QUESTION)):
            return None
        return self.take("text", required_type=str)

    def _join_texts(self, texts: list[str], parsed: Parsed, title: str | None) -> str:
        """Join the patient's texts in order, without those that another one repeats."""
        kept: list[str] = []
        if len(texts) > 1 and not all(map(says_nothing, texts)):
            nothing = [text for text in texts if says_nothing(text)]
            parsed.left_out["placeholder"] += sum(map(count_characters, nothing))
            texts = [text for text in texts if not says_nothing(text)]
        for index, text in enumerate(texts):
            others = [*kept, *texts[index + 1 :]]
            if len(texts) > 1 and any(squeeze(text) in squeeze(other) for other in others):
                reason = "title" if text is title else "duplicate_field"
                parsed.left_out[reason] += count_characters(text)
            else:
                kept.append(text)
        return "\n".join(kept)

    def _divide_frame(self, question: str) -> tuple[list[Turn], Counter[str]]:
        """Divide a question that holds the whole dialogue so far, as prompts do: 问：… 答：… 问：… 答：."""
        transcript = self.labels.split(question)
        turns = transcript.turns
        preamble = transcript.preamble.strip()
        is_frame = (
            bool(turns)
            and (not preamble or _TASK.match(preamble) is not None)
            and turns[0].role != "assistant"
            # One label alone may be how somebody begins to write, unless it is a tag.
            and (len(turns) > 1 or question.lstrip()[:1] in LABEL_MARKS)
            and (turns[-1].role == "user" or not turns[-1].content)
        )
        if not is_frame:
            return [("user", question)], Counter()
        system: list[Turn] = [("system", preamble)] if preamble else []
        return system + [(turn.role, turn.content) for turn in turns if turn.content], transcript.left_out

    def _add_opening(self, parsed: Parsed) -> None:
        """Put the patient's description before the turns, unless a turn repeats it."""
        needs_question = parsed.turns[-1][0] == "assistant" and self._has_unread("answer")
        starts_with_doctor = next(role for role, _ in [*parsed.turns, ("user", "")] if role != "system") == "assistant"
        texts = [self.take("opening")]
        name = normalize_name(key) if (key := self.choose_key("question")) else ""
        if needs_question:
            parsed.turns += [("user", text) for text in self.take_question()]
        elif name and (name in _OPENING_QUESTIONS or (starts_with_doctor and name not in _PROMPTS)):
            texts += self.take_question()
        if starts_with_doctor and not any(texts):
            # The doctor answers something: what the patient wrote stands in another field.
            texts.append(self.take("text", required_type=str) or self.take("title") or self._take_only_text())
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

    def _take_only_text(self) -> str | None:
        """Return the one text in a record that no name tells and that says something, if there is no other."""
        known = {key for keys in self.plan.keys.values() for key in keys}
        keys = [
            key
            for key, value in self.fields.items()
            if isinstance(value, str) and key not in self.used | known and not _ASIDE.search(normalize_name(key))
            and is_sentence(value)
        ]  # fmt: skip
        if len(keys) != 1:
            return None
        self.used.add(keys[0])
        return str(self.fields[keys[0]])

    def _has_unread(self, name: str) -> bool:
        key = self.choose_key(name)
        return key is not None and not is_empty(self.fields[key])

    def _add_system(self, parsed: Parsed) -> None:
        system = self.take("system", required_type=str)
        if system is None and len(parsed.turns) > 1:
            key = self.choose_key("question", required_type=str)
            if key and normalize_name(key) in _PROMPTS and self.fields[key].strip():
                self.used.add(key)
                system = self.fields[key]
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
        answers = []
        unused = [name for name in self.fields if name not in self.used]
        # A declared field is that field alone.
        for name in [key] if self.declared.answer else list_numbered(key, unused):
            further = read_answers(self.fields[name], name, parsed, self.declared.content)
            repeated = [text for text in further if "#" in name and text in answers]
            parsed.left_out["duplicate_column"] += sum(map(count_characters, repeated))
            answers += [text for text in further if text not in repeated]
            self.used.add(name)
        answers = [answer for answer in answers if answer.strip()] or answers[:1]
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
