"""Turns from any value: messages, pairs, labelled or alternating texts, and the same as JSON or Python text.

Crawls nest a dialogue's turns in many ways. `TurnParser.parse` recognizes the way by the value's own form, so that
``messages``, ``history``, ``conversation`` and a list that is the whole record are read by the same code. Every
character of the value ends in a turn or in `Parsed.left_out`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from cmtmed.io.message_keys import MessageKeys, read_label
from cmtmed.io.parsed import Parsed
from cmtmed.io.preamble import clean_preamble, is_form
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_values import BrokenRecordError, count_leaves, parse_nested, to_text
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SIDES, SpeakerLabels
from cmtmed.io.text_objects import find_text_key
from cmtmed.schema import Role
from cmtmed.text.characters import count_characters


class TurnParser(MessageKeys):
    """Parses values into turns, with the speakers' names of one source."""

    def __init__(
        self, labels: SpeakerLabels, role: str | None = None, content: str | None = None, preamble: str = "auto"
    ) -> None:
        super().__init__(labels, role, content)
        self._preamble = preamble
        self._is_dotted = any("." in name for name in (role, content) if name)

    def parse(self, value: Value, *, path: str, alternating: bool = False) -> list[Parsed]:
        """Parse a value into one dialogue, or into several where it lists whole dialogues.

        Args:
            value: the value.
            path: its dotted path, under which fields in it that are not read are counted.
            alternating: read texts without speakers as patient, doctor, patient, ….

        Returns:
            No dialogue if the value has no form of turns.

        Raises:
            BrokenRecordError: a speaker's name is unknown, or a text in a turn is of a wrong type.
        """
        if isinstance(value, str):
            nested = parse_nested(value)
            if nested is not None:
                dialogues = self.parse(nested, path=path, alternating=alternating)
                if dialogues:
                    dialogues[0].left_out["markup"] += count_characters(value) - count_leaves(nested)
                return dialogues
            transcript = self.parse_transcript(value)
            return [transcript] if transcript else []
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            named = self.parse_named(value) if len(value) > 1 else None
            return [named] if named else self._parse_texts(value, alternating=alternating)
        if isinstance(value, Mapping):
            return self.parse([value], path=path) if self.is_turn(value) else []
        if not isinstance(value, list) or not value:
            return []
        return self._parse_list(value, path, alternating=alternating)

    def parse_transcript(self, text: str) -> Parsed | None:
        """Divide a text with speakers' labels into turns; None if it has none."""
        transcript = self.labels.split(text)
        if not transcript.turns:
            return None
        parsed = Parsed([(turn.role, turn.content) for turn in transcript.turns], transcript.left_out)
        self._place_preamble(transcript.preamble, parsed)
        return parsed

    def parse_named(self, texts: Sequence[str]) -> Parsed | None:
        """Read texts that each begin with one of two names and a colon; None if they do not.

        Of two names that say nothing the first to speak is the patient's.
        """
        matches = [_NAMED.match(text) for text in texts]
        if None in matches:
            return None
        named = [match for match in matches if match is not None]
        roles = {match["name"]: self.find_role(match["name"]) for match in named}
        if len(roles) != 2:
            return None
        sides = {role for role in roles.values() if role in SIDES}
        for name in [name for name, role in roles.items() if role is None]:
            side = next((side for side in SIDES if side not in sides), None)
            roles[name] = side
            sides |= {side} if side else set()
        if set(roles.values()) != set(SIDES):
            return None
        parsed = Parsed()
        for text, match in zip(texts, named, strict=True):
            role = roles[match["name"]]
            if role is not None:
                parsed.turns.append((role, text[match.end() :].strip()))
            parsed.left_out["speaker"] += count_characters(match.group())
        return parsed

    def _place_preamble(self, preamble: str, parsed: Parsed) -> None:
        """Make the text above the first label the patient's opening turn, or leave it out.

        By default it is one where the doctor speaks first, or where it fills in a form (病情描述：…): then the
        doctor answers it.
        """
        text, left_out = clean_preamble(preamble)
        parsed.left_out += left_out
        if not text:
            return
        is_opening = self._preamble == "opening" or (
            self._preamble == "auto" and (is_form(text) or (bool(parsed.turns) and parsed.turns[0][0] == "assistant"))
        )
        if is_opening:
            parsed.turns.insert(0, ("user", text))
        else:
            parsed.left_out["preamble"] += count_characters(text)

    def _parse_list(self, items: list[Value], path: str, *, alternating: bool) -> list[Parsed]:
        if self._is_dotted:
            items = [flatten(item) if isinstance(item, Mapping) else item for item in items]
        if all(isinstance(item, Mapping) for item in items):
            if all(self.is_turn(item) for item in items):
                return [self._parse_messages(items, path)]
            return [self._parse_messages(items, path, codes)] if (codes := self.find_codes(items)) else []
        if all(isinstance(item, str) or item is None for item in items):
            return self._parse_texts([item or "" for item in items], alternating=alternating)
        if all(isinstance(item, list) for item in items):
            if all(len(item) == 2 and not isinstance(item[1], list | Mapping) for item in items):
                return [self._parse_pairs(items)]
            dialogues = [
                self.parse(item, path=path, alternating=alternating and len(item) > 1) for item in items if item
            ]
            return [dialogue for parsed in dialogues for dialogue in parsed] if all(dialogues) else []
        return []

    def _parse_texts(self, texts: list[str], *, alternating: bool) -> list[Parsed]:
        divided = [self.labels.split(text) for text in texts if text.strip()]
        if divided and divided[0].turns and not divided[0].preamble.strip():
            parsed = Parsed()
            for transcript in divided:
                if transcript.preamble.strip() and parsed.turns:
                    # A text without a label continues the turn before it.
                    role, content = parsed.turns[-1]
                    parsed.turns[-1] = (role, f"{content}\n{transcript.preamble.strip()}")
                parsed.turns += [(turn.role, turn.content) for turn in transcript.turns]
                parsed.left_out += transcript.left_out
            return [parsed]
        if not alternating:
            return []
        roles: tuple[Role, Role] = ("user", "assistant")
        return [Parsed([(roles[index % 2], text) for index, text in enumerate(texts)], has_labels=False)]

    def _parse_pairs(self, pairs: list[list[Value]]) -> Parsed:
        parsed = Parsed()
        for first, second in pairs:
            role = self.labels.find_role(first) if isinstance(first, str) else None
            if role is not None:
                parsed.turns.append((role, to_text(second) or ""))
                parsed.left_out["speaker"] += count_characters(first)
            else:
                parsed.turns += [("user", to_text(first) or ""), ("assistant", to_text(second) or "")]
        return parsed

    def _parse_messages(
        self,
        messages: list[Mapping[str, Value]],
        path: str,
        codes: tuple[str, str, dict[str, Role | None]] | None = None,
    ) -> Parsed:
        parsed = Parsed()
        plans = [self.find_plan(message) if codes is None else codes[:2] for message in messages]
        texts: dict[str, list[Value]] = defaultdict(list)
        for message, plan in zip(messages, plans, strict=True):
            if plan:
                texts[read_label(message[plan[0]])].append(message.get(plan[1]))
        roles = self.assign_roles(texts) if codes is None else {label: codes[2][label.lower()] for label in texts}
        for message, plan in zip(messages, plans, strict=True):
            keys = tuple(message)
            if plan is None:
                self._add_named_turns(message, parsed, path)
                continue
            role_key, content_key = plan
            label = read_label(message[role_key])
            role = roles.get(label)
            content = self._read_content(message.get(content_key), parsed, f"{path}.{content_key}")
            if role is None:
                parsed.left_out["ignored_speaker"] += count_characters(content)
            else:
                parsed.turns.append((role, content))
            parsed.left_out["speaker"] += count_characters(label)
            if len(keys) > 2:
                for key in keys:
                    if key not in plan:
                        parsed.ignore(f"{path}.{key}", message[key])
        return parsed

    def _add_named_turns(self, message: Mapping[str, Value], parsed: Parsed, path: str) -> None:
        """Add the turns of a message that is keyed by its speakers, such as ``{"human": …, "assistant": …}``."""
        for key, value in message.items():
            role = self.name_role(key)
            if role is None:
                parsed.ignore(f"{path}.{key}", value)
            elif value is not None:
                parsed.turns.append((role, self._read_content(value, parsed, f"{path}.{key}")))

    def _read_content(self, content: Value, parsed: Parsed, path: str) -> str:
        """Return a turn's text; of content parts the texts, and what else they hold is left out."""
        if isinstance(content, Mapping):
            content = [content]
        if not isinstance(content, list) or all(isinstance(part, str) for part in content):
            return to_text(content) or ""
        texts = []
        for part in content:
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, Mapping):
                text_keys = {key for key in part if key in _PART_TEXTS or (key == part.get("type") and "text" in key)}
                text_keys = text_keys or {find_text_key(part)}
                for key, value in part.items():
                    if isinstance(value, str) and key in text_keys:
                        texts.append(value)
                    elif key in _PARTS and isinstance(value, list):
                        texts.append(self._read_content(value, parsed, f"{path}.{key}"))
                    else:
                        parsed.ignore(f"{path}.{key}", value)
            else:
                raise BrokenRecordError(Reason.WRONG_TYPE)
        return "\n".join(texts)


_NAMED: Final = re.compile(r"\s*[【\[(（]?(?P<name>[^\s:：，。,【】\[\]()（）]{1,8})[】\])）]?\s*[:：]")
_PARTS: Final = frozenset({"parts", "content", "contents"})
_PART_TEXTS: Final = frozenset({"text", "content", "value"})
