"""The earlier turns of a record, above the question that is asked last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cmtmed.io.parsed import Parsed
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_fields import FieldPlan, is_empty, squeeze
from cmtmed.io.record_framing import FramedRecord
from cmtmed.io.record_values import BrokenRecordError, count_leaves, parse_nested, says_nothing
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.turn_values import TurnParser
from cmtmed.source import Source
from cmtmed.text.characters import count_characters


class RecordWithHistory(FramedRecord):
    """A record whose last question and answer may have earlier turns above them."""

    def __init__(
        self, fields: Mapping[str, Value], plan: FieldPlan, source: Source, labels: SpeakerLabels, turns: TurnParser
    ) -> None:
        super().__init__(fields, plan, source, labels)
        self.turns = turns

    def read_history(self, *, required: bool) -> list[Parsed]:
        """Return the earlier turns as one dialogue, without any if there is no history; ``required`` forbids that."""
        for key in self.plan.keys["history"]:
            if key not in self.fields:
                continue
            value = self.fields[key]
            if is_empty(value) or _holds_no_text(value):
                self.used.add(key)
                return [Parsed(left_out=Counter(placeholder=count_leaves(value)))]
            if not isinstance(value, list | str):
                raise BrokenRecordError(Reason.WRONG_TYPE)
            if isinstance(value, str) and not required and self._asks(key):
                return [Parsed()]
            parsed = self.turns.parse(value, path=key, alternating=True)
            if len(parsed) != 1:
                raise BrokenRecordError(Reason.WRONG_TYPE if isinstance(value, list) else Reason.NO_DIALOGUE)
            self.used.add(key)
            self._remove_repeated_question(parsed[0])
            return parsed
        if required:
            raise BrokenRecordError(Reason.MISSING_FIELD, tuple(self.fields))
        return [Parsed()]

    def _asks(self, key: str) -> bool:
        """Make a context without turns the question, where an answer follows it and nothing else asks."""
        text = self.fields[key]
        if self.has("question") or self.has("opening") or not self.has("answer") or self.turns.parse(text, path=key):
            return False
        self.plan = FieldPlan({**self.plan.keys, "question": (key,)})
        return True

    def _remove_repeated_question(self, history: Parsed) -> None:
        """Remove the last turn of a history that repeats the question asked after it."""
        key = self.choose_key("question", required_type=str)
        if key is None or not history.turns or history.turns[-1][0] != "user":
            return
        text = history.turns[-1][1]
        if text.strip() and squeeze(text) == squeeze(self.fields[key]):
            history.left_out["duplicate_turn"] += count_characters(text)
            history.turns.pop()


def _holds_no_text(value: Value) -> bool:
    """Return whether a history is none: 无, ``None``, or lists, written or not, in which nothing stands."""
    if not isinstance(value, str):
        return not count_leaves(value)
    if says_nothing(value):
        return True
    nested = parse_nested(value)
    return nested is not None and not count_leaves(nested)
