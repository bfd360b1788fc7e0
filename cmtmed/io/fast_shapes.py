"""Fast readers of the three most common layouts: a question with its answer, the same after a history, and messages.

They are made once for each combination of fields and do what `cmtmed.io.shapes` does for any record, without looking
for what this combination cannot hold. A record that is not as simple as its fields promise is left to the general code;
a test holds both equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cmtmed.io.fast_metadata import FastMetadata, is_nothing
from cmtmed.io.parsed import Turn
from cmtmed.io.record_fields import squeeze
from cmtmed.io.record_values import says_nothing
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.turn_values import TurnParser
from cmtmed.schema import Role
from cmtmed.text.characters import count_characters

FastResult = tuple[str | None, str | None, str | None, list[Turn], dict[str, int], dict[str, int]]
"""Id, department, subdepartment, turns, characters left out by reason, characters of ignored fields by name."""
FastReader = Callable[[Mapping[str, Value]], FastResult | None]

LABEL_MARKS: Final = frozenset("<[【*#")
"""Characters with which the label of a prompt begins: ``<user>:``, ``【患者】``, ``### Instruction``."""
_LABEL_CHARACTERS: Final = 12
_SHORT: Final = 8
"""Longest text that may say that there is none."""


def make_fast_reader(
    keys: Sequence[str], plan: Mapping[str, tuple[str, ...]], shape: str, turns: TurnParser
) -> FastReader | None:
    """Return a reader of records with exactly these fields, or None if they need the general code."""
    metadata = {name: plan[name] for name in ("id", "department", "subdepartment")}
    if any(len(names) > 1 and shape != "auto" for names in metadata.values()):
        return None
    question, answer = plan["question"], plan["answer"]
    fields = {name: [key for key in plan[name] if key in keys] for name in plan}
    if fields["opening"]:
        return None
    if not fields["question"] and not fields["answer"] and len(fields["messages"]) == 1 and shape != "single_turn":
        if fields["history"] or fields["system"] or shape in {"history", "alternating", "prefixed"}:
            return None
        return _MessagesReader(keys, metadata, fields["messages"][0], fields["title"], turns)
    if shape not in {"auto", "single_turn", "history"} or len(fields["answer"]) != 1 or not fields["question"]:
        return None
    others = set(fields["messages"]) | set(fields["text"])
    if any(key.startswith(f"{fields['answer'][0]}#") for key in keys):
        return None  # a second column of that name
    if others - {fields["answer"][0], *fields["question"]} or len(question) > 2 or len(answer) > 1:
        return None
    if len(fields["title"]) > 1 or (shape == "history" and not fields["history"]):
        return None
    history = [] if shape == "single_turn" else fields["history"]
    return _PairReader(keys, metadata, fields, history, turns)


class _PairReader:
    def __init__(
        self,
        keys: Sequence[str],
        metadata: Mapping[str, tuple[str, ...]],
        fields: Mapping[str, list[str]],
        history: list[str],
        turns: TurnParser,
    ) -> None:
        self.question, self.answer = fields["question"][0], fields["answer"][0]
        self.continuation = fields["question"][1:]
        self.empty = [*self.continuation, *fields["system"]]
        self.history = history
        self.labels = turns.labels
        self.frame = make_frame_check(turns.labels)
        self.title = next(iter(fields["title"]), None)
        used = {
            self.question,
            self.answer,
            *self.empty,
            *history,
            *([self.title] if self.title and not history else []),
        }
        self.rest = FastMetadata(keys, metadata, used, fields["title"])

    def __call__(self, record: Mapping[str, Value]) -> FastResult | None:
        question, answer = record[self.question], record[self.answer]
        if type(question) is not str or type(answer) is not str or not question or not answer:
            return None
        if question.isspace() or answer.isspace() or self.frame(question):
            return None
        if (
            question.lstrip()[:1] in LABEL_MARKS
            or answer[0] in "[{"
            or not all(is_nothing(record[key]) for key in self.empty)
        ):
            return None
        turns: list[Turn] = []
        for key in self.history:
            if not is_nothing(record[key]) and not self._add_history(record[key], turns):
                return None
        if len(self.history) > 1 and turns:
            return None
        left_out: dict[str, int] = {}
        ignored: dict[str, int] = {}
        if self.title is not None and not self.history and (title := record[self.title]):
            if type(title) is not str or (
                (len(title) <= _SHORT or len(question) <= _SHORT) and (says_nothing(question) or says_nothing(title))
            ):
                return None
            if title in question or squeeze(title) in squeeze(question):
                left_out["title"] = count_characters(title)
            else:
                question = f"{title}\n{question}"
        turns.append(("user", question))
        turns.append(("assistant", answer))
        columns = self.rest.read(record, turns, left_out, ignored)
        return None if columns is None else (columns[0], columns[1], columns[2], turns, left_out, ignored)

    def _add_history(self, history: Value, turns: list[Turn]) -> bool:
        if type(history) is not list:
            return False
        for pair in history:
            if type(pair) is not list or len(pair) != 2:
                return False
            first, second = pair
            if type(first) is not str or type(second) is not str:
                return False
            if len(first) <= _LABEL_CHARACTERS and self.labels.find_role(first) is not None:
                return False
            turns.append(("user", first))
            turns.append(("assistant", second))
        return True


class _MessagesReader:
    def __init__(
        self,
        keys: Sequence[str],
        metadata: Mapping[str, tuple[str, ...]],
        key: str,
        titles: list[str],
        turns: TurnParser,
    ) -> None:
        self.key, self.turns = key, turns
        self.roles: dict[str, tuple[Role, int] | None] = {}
        self.rest = FastMetadata(keys, metadata, {key}, titles)

    def __call__(self, record: Mapping[str, Value]) -> FastResult | None:
        messages = record[self.key]
        if type(messages) is not list or not messages or type(messages[0]) is not dict or len(messages[0]) != 2:
            return None
        plan = self.turns.find_plan(messages[0])
        if plan is None:
            return None
        role_key, content_key = plan
        turns: list[Turn] = []
        label_characters = 0
        roles = self.roles
        for message in messages:
            if type(message) is not dict or len(message) != 2:
                return None
            label, content = message.get(role_key), message.get(content_key)
            if type(label) is not str or type(content) is not str:
                return None
            if label not in roles:
                if len(roles) > 1000:
                    roles.clear()
                role = self.turns.labels.find_role(label)
                roles[label] = None if role is None else (role, count_characters(label))
            known = roles[label]
            if known is None:
                return None
            turns.append((known[0], content))
            label_characters += known[1]
        left_out: dict[str, int] = {"speaker": label_characters}
        ignored: dict[str, int] = {}
        columns = self.rest.read(record, turns, left_out, ignored)
        if ignored and next((role for role, _ in turns if role != "system"), "") == "assistant":
            return None  # what the doctor answers may stand in a field whose name says nothing
        return None if columns is None else (columns[0], columns[1], columns[2], turns, left_out, ignored)


def make_frame_check(labels: SpeakerLabels) -> Callable[[str], bool]:
    """Return a check whether a text may name a doctor in a label: cheap, and never wrong when it says no."""
    names = "|".join(re.escape(name) for name in labels.names if labels.find_role(name) != "user")
    pattern = re.compile(
        rf"(?:{names}|response|医生|大夫|主任|教授|護士|护士|药师|醫)[^\n]{{0,24}}[:：>\]】*」|]|###|<\|", re.IGNORECASE
    )

    def may_hold_label(text: str) -> bool:
        # Most texts have none of the marks that end a label; looking for them one by one is faster than any pattern.
        return (
            "：" in text or ":" in text or "】" in text or "]" in text or ">" in text or "#" in text or "*" in text
            or "」" in text
        ) and pattern.search(text) is not None  # fmt: skip

    return may_hold_label
