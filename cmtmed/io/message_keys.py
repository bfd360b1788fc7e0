"""Which keys of a message hold its speaker and its text, and which role each speaker has."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from cmtmed.io.declared_labels import assign_opening_roles
from cmtmed.io.field_names import DOCTORS, PATIENTS, find_names, guess_field, normalize_name, split_words
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_values import BrokenRecordError, to_text
from cmtmed.io.records import Value
from cmtmed.io.speaker_labels import SIDES, SpeakerLabels
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.schema import Role
from cmtmed.text.han import HAN

_PLANS: Final = 1000
"""Combinations of keys that are kept; messages with ever new keys do not fill the memory."""


class MessageKeys:
    """Finds the speaker and the text of messages, with the speakers' names of one source."""

    def __init__(self, labels: SpeakerLabels, role: str | None = None, content: str | None = None) -> None:
        self.labels = labels
        self._declared = (role, content)
        self._plans: dict[tuple[str, ...], tuple[str, str] | None] = {}

    def is_turn(self, message: Mapping[str, Value]) -> bool:
        """Return whether an object is a message, or is keyed by those who speak."""
        if self.find_plan(message) is not None:
            return True
        roles = {self.name_role(key) for key, value in message.items() if isinstance(value, str | list)}
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

    def find_codes(self, messages: Sequence[Mapping[str, Value]]) -> tuple[str, str, dict[str, Role | None]] | None:
        """Return the keys and roles of messages whose speakers are codes: ``type: 0``, ``is_doctor: true``.

        One message does not tell that a number stands for a speaker; two or three that alternate over a list do.
        """
        keys = [key for key in messages[0] if all(key in message for message in messages)] if len(messages) > 1 else []
        content = next(
            (
                key
                for key in dict.fromkeys((*find_names(keys, "content"), *keys))
                if all(isinstance(message[key], str) for message in messages)
                and any(_HAN.search(message[key]) for message in messages)
            ),
            None,
        )
        for key in keys if content else []:
            flag = _find_flag_side(key)
            if flag is None and key not in find_names(keys, "role") and not _ROLE_WORDS.search(normalize_name(key)):
                continue
            labels = {
                read_label(message[key]).lower() for message in messages if _CODE.fullmatch(read_label(message[key]))
            }
            if len(labels) not in {2, 3} or not all(_CODE.fullmatch(read_label(message[key])) for message in messages):
                continue
            if flag is not None and len(labels) == 2:
                sides = [next(side for side in SIDES if side != flag), flag]
                return key, content or "", dict(zip(sorted(labels), sides, strict=True))
            if all(label.isdigit() for label in labels):
                texts = {
                    label: [m[content or ""] for m in messages if read_label(m[key]).lower() == label]
                    for label in sorted(labels)
                }
                return key, content or "", self.assign_roles(texts)
        return None

    def name_role(self, key: str) -> Role | None:
        """Return whose text stands under a key that names a side."""
        role = self.labels.find_role(key)
        if role is None and find_names([key], "question"):
            return "user"
        if role is None and find_names([key], "answer"):
            return "assistant"
        return role

    def assign_roles(self, names: Mapping[str, Collection[Value]]) -> dict[str, Role | None]:
        """Return the role of each speaker of one dialogue, given what each says; None for one whose turns are left out.

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
            notices = [name for name in names if len(names) > len(SIDES) and _are_notices(names[name])][:1]
            codes = [*sorted((name for name in names if name not in notices), key=int), *notices]
            return dict(zip(codes, (*SIDES, "system"), strict=False))
        sides = {role for role in roles.values() if role in SIDES}
        if unknown and (not sides or (len(sides) == 1 and len(unknown) > 1)):
            raise BrokenRecordError(Reason.UNKNOWN_ROLE)
        for name in unknown:
            roles[name] = next((side for side in SIDES if side not in sides), None)
        return roles


def read_label(speaker: Value) -> str:
    """Return a speaker's name as text."""
    return speaker if isinstance(speaker, str) else to_text(speaker) or ""


def _are_notices(texts: Collection[Value]) -> bool:
    """Return whether what a speaker says are a platform's notices."""
    said = [text for text in (find_content(text) for text in texts) if text]
    return bool(said) and 2 * sum(_NOTICE.search(text) is not None for text in said) > len(said)


def find_content(content: Value) -> str | None:
    """Return the text of a message's content, which may be an object or a list of parts; None if it has none."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return next((text for part in parts if isinstance(part, Mapping) for text in part.values() if _is_text(text)), None)


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and _HAN.search(value) is not None


_NOTICE: Final = re.compile(
    r"已?接诊|(?:问诊|咨询|会话|对话|订单|服务)(?:已经?)?(?:开始|结束|关闭|完成|超时|取消)|对方已?|已(?:上传|发送|支付|退款|关闭|开具|加入|"
    r"提交|添加|撤回|查看|购买|评价)|系统|温馨提示|请(?:描述|等待|耐心|您?对)|自动|剩余|评价|撤回"
)


def _find_flag_side(key: str) -> Role | None:
    """Return the side that a flag says yes to: ``is_doctor``, ``fromPatient``, 是否医生."""
    words = split_words(key)
    if not words or words[0] not in _FLAGS | DOCTORS | PATIENTS:
        name = normalize_name(key)
        return find_role_by_words(name.removeprefix("是否")) if name.startswith("是否") else None
    sides = {"assistant" for word in words if word in DOCTORS} | {"user" for word in words if word in PATIENTS}
    return SIDES["assistant" in sides] if words[0] in _FLAGS and len(sides) == 1 else None


_FLAGS: Final = frozenset({"is", "from", "by", "if"})
_CODE: Final = re.compile(r"\d{1,2}|true|false", re.IGNORECASE)
_ROLE_WORDS: Final = re.compile(r"(?:role|speaker|sender|talker|角色|说话人|发送人|身份)(?:type|name|code)?$")
_CONTENT_WORDS: Final = re.compile(r"(?:content|text|utterance|sentence|msg|message|words|内容|文本|语句)$")
_HAN: Final = re.compile(rf"[{HAN}]{{2}}")
_NAME_CHARACTERS: Final = 24
_WEAK: Final = frozenset({"id", "name", "type"})
"""Names that hold a speaker only where their value is one."""
