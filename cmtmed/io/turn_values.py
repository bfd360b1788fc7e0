"""Turns from any value: messages, pairs, labelled or alternating texts, and the same as JSON or Python text.

Crawls nest a dialogue's turns in many ways. `TurnParser.parse` recognizes the way by the value's own form, so that
``messages``, ``history``, ``conversation`` and a list that is the whole record are read by the same code. Every
character of the value ends in a turn or in `Parsed.left_out`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from cmtmed.io.declared_labels import assign_opening_roles
from cmtmed.io.field_names import find_names, guess_field, normalize_name
from cmtmed.io.parsed import Parsed
from cmtmed.io.preamble import clean_preamble, is_form
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_fields import flatten
from cmtmed.io.record_values import BrokenRecordError, count_leaves, parse_nested, to_text
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.schema import Role
from cmtmed.text.characters import count_characters
from cmtmed.text.han import HAN

_PLANS: Final = 1000
"""Combinations of keys that are kept; messages with ever new keys do not fill the memory."""


class TurnParser:
    """Parses values into turns, with the speakers' names of one source."""

    def __init__(
        self, labels: SpeakerLabels, role: str | None = None, content: str | None = None, preamble: str = "auto"
    ) -> None:
        self.labels = labels
        self._preamble = preamble
        self._declared = (role, content)
        self._is_dotted = any("." in name for name in self._declared if name)
        self._plans: dict[tuple[str, ...], tuple[str, str] | None] = {}

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
            return self.parse([value], path=path) if self._is_turn(value) else []
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
        sides = {role for role in roles.values() if role in _SIDES}
        for name in [name for name, role in roles.items() if role is None]:
            side = next((side for side in _SIDES if side not in sides), None)
            roles[name] = side
            sides |= {side} if side else set()
        if set(roles.values()) != set(_SIDES):
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
            return [self._parse_messages(items, path)] if all(self._is_turn(item) for item in items) else []
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

    def _parse_messages(self, messages: list[Mapping[str, Value]], path: str) -> Parsed:
        parsed = Parsed()
        plans = [self.find_plan(message) for message in messages]
        names = [self._read_label(message[plan[0]]) for message, plan in zip(messages, plans, strict=True) if plan]
        roles = self._assign_roles(list(dict.fromkeys(names)))
        for message, plan in zip(messages, plans, strict=True):
            keys = tuple(message)
            if plan is None:
                self._add_named_turns(message, parsed, path)
                continue
            role_key, content_key = plan
            label = self._read_label(message[role_key])
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

    @staticmethod
    def _read_label(speaker: Value) -> str:
        return speaker if isinstance(speaker, str) else to_text(speaker) or ""

    def _assign_roles(self, names: Sequence[str]) -> dict[str, Role | None]:
        """Return the role of each speaker of one dialogue; None for one whose turns are left out.

        One unknown name beside one known side is the other side. Beside both sides it is neither.

        Raises:
            BrokenRecordError: a name is unknown, and so is who it may be.
        """
        roles: dict[str, Role | None] = {}
        unknown = []
        for name in names:
            role = self.labels.find_role(name) or find_role_by_words(name)
            if role is None and not self.labels.is_ignored(name):
                unknown.append(name)
            else:
                roles[name] = None if self.labels.is_ignored(name) else role
        if self.labels.first_speaker is not None and unknown:
            given = [name for name in names if name not in roles or roles[name] is not None]
            known = [roles.get(name) for name in given]
            roles |= assign_opening_roles(given, known, self.labels.first_speaker)
            unknown = [name for name in unknown if roles[name] is None]
        if not any(roles.values()) and unknown and all(name.isdigit() for name in names) and len(names) in {2, 3}:
            # 0 and 1, 1 and 2: the patient comes first; a third code is that of notices.
            return dict(zip(sorted(names, key=int), (*_SIDES, "system"), strict=False))
        sides = {role for role in roles.values() if role in _SIDES}
        if unknown and (not sides or (len(sides) == 1 and len(unknown) > 1)):
            raise BrokenRecordError(Reason.UNKNOWN_ROLE)
        for name in unknown:
            roles[name] = next((side for side in _SIDES if side not in sides), None)
        return roles

    def _add_named_turns(self, message: Mapping[str, Value], parsed: Parsed, path: str) -> None:
        """Add the turns of a message that is keyed by its speakers, such as ``{"human": …, "assistant": …}``."""
        for key, value in message.items():
            role = self._name_role(key)
            if role is None:
                parsed.ignore(f"{path}.{key}", value)
            elif value is not None:
                parsed.turns.append((role, self._read_content(value, parsed, f"{path}.{key}")))

    def _name_role(self, key: str) -> Role | None:
        role = self.labels.find_role(key)
        if role is None and find_names([key], "question"):
            return "user"
        if role is None and find_names([key], "answer"):
            return "assistant"
        return role

    def _is_turn(self, message: Mapping[str, Value]) -> bool:
        if self.find_plan(message) is not None:
            return True
        roles = {self._name_role(key) for key, value in message.items() if isinstance(value, str | list)}
        return bool(roles & {"user", "assistant"})

    def find_plan(self, message: Mapping[str, Value]) -> tuple[str, str] | None:
        """Return the keys of a message's speaker and text, or None if it has not both."""
        keys = tuple(message)
        if keys not in self._plans:
            if len(self._plans) > _PLANS:
                self._plans.clear()
            self._plans[keys] = self._make_plan(message)
        return self._plans[keys]

    def _make_plan(self, message: Mapping[str, Value]) -> tuple[str, str] | None:
        declared_role, declared_content = self._declared
        roles = [declared_role] if declared_role else find_names(message, "role")
        contents = [declared_content] if declared_content else find_names(message, "content")
        contents += [] if declared_content else [key for key in message if _CONTENT_WORDS.search(normalize_name(key))]
        roles += [] if declared_role else [key for key in message if _ROLE_WORDS.search(normalize_name(key))]
        # ``id`` and ``name`` hold the speaker only where their value is one.
        role = next((key for key in roles if key in message and self.is_speaker(message[key])), None)
        if role is None:
            role = next(
                (key for key in roles if key in message and (key == declared_role or key.lower() not in _WEAK)),
                None,
            )
        if role is None and not declared_role:
            role = next(
                (key for key, value in message.items() if isinstance(value, str) and self.is_speaker(value)), None
            )
        if role and not contents:
            # What a turn's text is called may be what an answer is called, or nothing known.
            contents = [key for key in message if guess_field(key) in {"answer", "question"}]
            contents += [key for key, value in message.items() if isinstance(value, str) and _HAN.search(value)]
        content = next((key for key in contents if key in message and key != role), None)
        return (role, content) if role and content else None

    def find_role(self, value: Value) -> Role | None:
        """Return the role of a speaker by the name or the words in it; None if the value names no speaker."""
        label = value if isinstance(value, str) else to_text(value) if isinstance(value, int) else None
        if label is None or len(label) > _NAME_CHARACTERS:
            return None
        return self.labels.find_role(label) or find_role_by_words(label)

    def is_speaker(self, value: Value) -> bool:
        """Return whether a value is a known speaker's name."""
        return self.find_role(value) is not None or (isinstance(value, str) and self.labels.is_ignored(value))

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
                for key, value in part.items():
                    if isinstance(value, str) and (
                        key in _PART_TEXTS or (key.endswith("text") and key == part.get("type"))
                    ):
                        texts.append(value)
                    else:
                        parsed.ignore(f"{path}.{key}", value)
            else:
                raise BrokenRecordError(Reason.WRONG_TYPE)
        return "\n".join(texts)


_NAMED: Final = re.compile(r"\s*[【\[(（]?(?P<name>[^\s:：，。,【】\[\]()（）]{1,8})[】\])）]?\s*[:：]")
_SIDES: Final[tuple[Role, Role]] = ("user", "assistant")
_ROLE_WORDS: Final = re.compile(r"(?:role|speaker|sender|talker|角色|说话人|发送人|身份)(?:type|name|code)?$")
_CONTENT_WORDS: Final = re.compile(r"(?:content|text|utterance|sentence|msg|message|words|内容|文本|语句)$")
_HAN: Final = re.compile(rf"[{HAN}]{{2}}")
_NAME_CHARACTERS: Final = 24
_PART_TEXTS: Final = frozenset({"text", "content", "value"})
_WEAK: Final = frozenset({"id", "name", "type"})
"""Names that hold a speaker only where their value is one."""
