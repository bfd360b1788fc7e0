"""Speakers' labels in a text: where each turn begins and whose it is.

A transcript is text in which every turn follows its speaker's label: ``患者：``, ``医生(主治医师)：``, a time and a
name, a number and a name, ``【患者】``, ``<user>:``, ``<|im_start|>user``, ``### Response:``, or a name and a date on a
line of their own. `LabelGrammar.split` divides such a text without gaps, so that every character is part of a turn, of
the preamble, or counted under a reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from cmtmed.schema import Role
from cmtmed.text.characters import count_characters
from cmtmed.text.han import HAN

_DATE: Final = r"\d{2,4}(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月\d{1,2}日)"
_CLOCK: Final = r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_STAMP: Final = rf"[\[(（【]?(?:{_DATE}(?:[ T　]*{_CLOCK})?|{_CLOCK})[\])）】]?"
_NUMBER: Final = r"(?:\d{1,4}[.、)）:：]|[(（]\d{1,4}[)）]|\[\d{1,4}\])"
_DETAILS: Final = r"[（(\[][^（()）\[\]\n]{1,16}[）)\]]"
_LEAD: Final = rf"[ \t　]*(?:{_NUMBER}[ \t　]*)?(?:{_STAMP}[ \t　]*)?(?:(?:[-•>#]{{1,4}}|\*(?!\*))[ \t　]*)?"
# 张医生, 李主任: a doctor named in the label.
_TITLES: Final = "医生|大夫|医师|主任|教授|药师|护士|醫生|醫師|主任醫師"
_TITLED: Final = rf"(?!你是|您是|我是|他是|请问|谢谢|感谢|多谢|[听看找问去见求跟])[{HAN}]{{1,3}}(?:{_TITLES})"
"""A name before a title, and no address or instruction: 你是医生, 谢谢医生, 听医生."""
_LITERAL_BREAK: Final = re.compile(r"(?:\\r)?\\n")
_ROUND: Final = re.compile(
    r"^[ \t　]*(?:\[?(?:round|turn)[ \t]*\d+\]?|第[ \t]*\d+[ \t]*轮)[ \t　]*[:：]?[ \t　]*(?:\n|$)",
    re.IGNORECASE | re.MULTILINE,
)
_TOKENS: Final = re.compile(r"<\|(?:im_end|endoftext|end|eot_id|eos)\|>|</s>|<s>|\[/?INST\]|<eoa>|<eoh>")


@dataclass(frozen=True)
class LabelledTurn:
    """A turn of a transcript: its role, its label as written, and its text."""

    role: Role
    label: str
    content: str


@dataclass
class Transcript:
    """A text divided into turns.

    Attributes:
        preamble: the text above the first label.
        turns: the labelled turns in order.
        left_out: characters that belong to neither, by reason.
    """

    preamble: str = ""
    turns: list[LabelledTurn] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def roles(self) -> set[Role]:
        """The roles of all turns."""
        return {turn.role for turn in self.turns}


class LabelGrammar:
    """The speakers' names of a source, and the labels that they form.

    Args:
        roles: role of each speaker's name, names in lower case.
        ignored: names of speakers whose turns are left out.
    """

    def __init__(self, roles: Mapping[str, Role], ignored: Collection[str] = ()) -> None:
        self._roles = roles
        self._ignored = frozenset(name.lower() for name in ignored)
        names = sorted({*self._roles, *self._ignored}, key=len, reverse=True)
        self.names: tuple[str, ...] = tuple(names)
        """All names, in lower case."""
        label = "|".join(map(re.escape, names))
        # A name may carry what tells two of a kind apart: 患者1, 医生A, 患者家属.
        name = rf"(?P<name>(?:{label})(?:[0-9A-Za-z]{{1,2}}(?![0-9A-Za-z]))?|{_TITLED})"
        colon = rf"{name}[ \t　]*(?:{_DETAILS})?[ \t　]*(?:{_STAMP})?[ \t　]*[:：]"
        long_names = "|".join(re.escape(name) for name in names if len(name) > 1)
        framed = "|".join(
            (
                rf"【[ ]*(?P<lenticular>{label}|{_TITLED})[ ]*(?:{_DETAILS})?】[ ]*[:：]?",
                rf"\[[ ]*(?P<bracket>{label})[ ]*\][ ]*[:：]?",
                rf"「(?P<corner>{label})」[ ]*[:：]?",
                rf"\*\*(?P<bold>{label})[:：]?\*\*[ ]*[:：]?",
                rf"###[ ]*(?P<hashes>{label}|instruction|input|response)[ ]*[:：]?[ ]*(?=\n|$)",
            )
        )
        dated = rf"(?P<dated>{label}|{_TITLED})[ \t　]*(?:{_DETAILS})?[ \t　]+(?:{_STAMP})[ \t　]*(?=\n|$)"
        token = (
            rf"<\|im_start\|>[ ]*(?P<token>{label})[ ]*(?:\n|$)|<\|(?P<pipe>{label})\|>|<(?P<tag>{label})>[ ]*[:：]?"
        )
        inline = rf"(?<=[。？！?!；;…~～）)」”\"\s.])(?P<inline>{long_names})[ \t　]*(?:{_DETAILS})?[:：]"
        self.line = re.compile(rf"(?:^{_LEAD}(?:{framed}|{dated}|{colon}))|{token}", re.IGNORECASE | re.MULTILINE)
        """Matches a label at the start of a line, or a tag anywhere."""
        self.anywhere = re.compile(f"{self.line.pattern}|{inline}", re.IGNORECASE | re.MULTILINE)
        """Matches a label at the start of a line, or behind the end of a sentence."""
        self.opening_hint: str = (
            rf"(?i)^(?:[^\p{{Han}}A-Za-z]|[年月日]){{0,64}}(?:im_start\|>[ ]*)?"
            rf"(?:{label}|\p{{Han}}{{1,3}}(?:{_TITLES})|instruction|input|response)"
            r"(?:[^\n]{0,48}[:：】\]」*>]|[^\n]{0,24}\d[^\n]{0,24}(?:\n|$)|[^\n]{0,4}(?:\n|$))"
        )
        """Pattern for Polars that every text with a label at its start matches."""

    def find_role(self, name: str) -> Role | None:
        """Return the role that a name stands for, or None if the name is unknown."""
        key = name.strip().rstrip("：:").rstrip().lower()
        role = self._roles.get(name) or self._roles.get(key) or _PROMPT_ROLES.get(key)
        if role is None and key.rstrip("0123456789") != key:
            role = self._roles.get(key.rstrip("0123456789"))
        if role is None and key[-1:].isascii():
            role = self._roles.get(key[:-1])
        if role is None and re.fullmatch(_TITLED, name.strip()):
            return "assistant"
        return role

    def is_ignored(self, name: str) -> bool:
        """Return whether a speaker's turns are left out by the source's declaration."""
        return name.strip().lower() in self._ignored

    def split(self, text: str) -> Transcript:
        """Divide a text into turns; without any label everything is preamble."""
        transcript = Transcript()
        text = self._remove_frames(text, transcript)
        matches = self.find_labels(text)
        if not matches or not any(match["inline"] is None for match in matches):
            transcript.preamble = text
            return transcript
        transcript.preamble = text[: matches[0].start()]
        ends = [match.start() for match in matches[1:]] + [len(text)]
        for match, end in zip(matches, ends, strict=True):
            label = get_name(match)
            content = text[match.end() : end]
            transcript.left_out["speaker"] += count_characters(match.group())
            role = self.find_role(label)
            if role is None:
                transcript.left_out["ignored_speaker"] += count_characters(content)
            else:
                transcript.turns.append(LabelledTurn(role, label, content.strip()))
        return transcript

    def _remove_frames(self, text: str, transcript: Transcript) -> str:
        """Remove what frames turns for a model or a page: end tokens, round numbers, escaped line breaks."""
        for pattern, replacement, reason in (
            (_LITERAL_BREAK, "\n", "markup"), (_TOKENS, "\n", "markup"), (_ROUND, "", "heading"),
        ):  # fmt: skip
            removed = sum(count_characters(match.group()) for match in pattern.finditer(text))
            if removed:
                text = pattern.sub(replacement, text)
                transcript.left_out[reason] += removed
        return text

    def find_labels(self, text: str) -> list[re.Match[str]]:
        """Find the labels in a text, without those that address somebody.

        张医生：您好 is an address in a transcript whose doctor is called 医生.
        """
        matches = list(self.anywhere.finditer(text))
        plain = {self.find_role(name) for match in matches if self.is_listed(name := get_name(match))}
        return [
            match
            for match in matches
            if self.is_listed(name := get_name(match)) or self.is_ignored(name) or self.find_role(name) not in plain
        ]

    def is_listed(self, name: str) -> bool:
        """Return whether a name is known as it stands; others are known by their form, such as 张医生 or 患者1."""
        return name.lower() in self._roles


# The frames of prompts for models, in which the names stand for roles only between these marks.
_PROMPT_ROLES: Final[dict[str, Role]] = {"instruction": "user", "input": "user", "response": "assistant"}


def get_name(match: re.Match[str]) -> str:
    """Return the speaker's name in a label."""
    return next(name for name in match.groups() if name)
