"""The labels of a source's speakers, and those of texts that the usual grammar does not divide.

Some labels are too weak to be believed by themselves: a name alone on its line, ``医生>``, 医生说：, a code such as
``A:``. They count where they divide a text into turns of both sides and the usual labels do not.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from cmtmed.io.declared_labels import split_by_pattern
from cmtmed.io.field_names import holds_field
from cmtmed.io.line_cuts import LineCutter
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.schema import Role
from cmtmed.source import Source
from cmtmed.text.characters import count_characters
from cmtmed.text.speaker_labels import LabelGrammar, LabelledTurn, Transcript

__all__ = ["LabelledTurn", "SpeakerLabels", "Transcript"]

_SIDES: Final[tuple[Role, Role]] = ("user", "assistant")
_DATE: Final = r"\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?"
_CLOCK: Final = r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_STAMP: Final = rf"[\[(（【]?(?:{_DATE}(?:[ T　]*{_CLOCK})?|{_CLOCK})[\])）】]?"
_LEAD: Final = (
    rf"^[ \t　]*(?:第[ ]*\d+[ ]*[轮次回][ ]*[-:：]?[ ]*)?(?:\d{{1,3}}[.、)）][ ]*)?(?:{_STAMP}[ \t　]*)?"
    r"(?:(?:[^\w\s【\[「『<《〔（(。？！，、“\"‘']{1,6})[ \t　]*)?"
)
_CODE_NAME: Final = r"[A-Za-z]|[\u4e00-\u9fff]{1,4}"
_UNKNOWN: Final = re.compile(rf"{_LEAD}(?P<name>{_CODE_NAME})[ \t　]*[:：]", re.MULTILINE)
_MARKS: Final = re.compile(r"[|｜#/\\;；]{1,4}$")
_CODES: Final[Mapping[str, Role]] = {"p": "user", "d": "assistant"}


_BREAKS: Final = re.compile(r"[ \t]*(?:<br[ ]*/?>|</?(?:p|div|li|tr)(?:[ ][^<>]*)?>)[ \t]*", re.IGNORECASE)
"""Markup between the lines of a transcript."""
_TEMPLATES: Final = (
    (re.compile(r"(?:<s>|\[BOS\])?[ \t]*\[INST\][ \t]*", re.IGNORECASE), "\n<|user|>"),
    (re.compile(r"[ \t]*\[/INST\][ \t]*", re.IGNORECASE), "\n<|assistant|>"),
    (re.compile(r"<reserved_(?:106|102)>|<(?:_user|usr|human_start)>"), "\n<|user|>"),
    (re.compile(r"<reserved_(?:107|103)>|<(?:_bot|bot_start)>"), "\n<|assistant|>"),
    (re.compile(
        r"<\|(?!(?:start_header_id|end_header_id|im_start|im_end)\|)"
        r"[^|<>\s]*(?:end|start|begin|eos|bos|eot|eom|pad)[^|<>\s]*\|>"
    ), ""),
    (re.compile(r"<｜[^｜<>]*(?:end|begin|start)[^｜<>]*｜>|<_end>|<eod>|</?s>(?=\s*\Z)"), ""),
)  # fmt: skip
"""Marks of models' chat templates that no speaker's name stands in."""
_SYSTEM: Final = re.compile(r"(?P<label>\n<\|user\|>\s*)<<SYS>>(?P<system>.*?)<</SYS>>\s*", re.DOTALL)
_HEADING: Final = re.compile(r"^[ \t]*#{2,6}[ ]*(?P<name>[^\n#:：]{1,12}?)[ ]*[:：]?[ \t]*$", re.MULTILINE)


def _name_template_roles(text: str) -> str:
    """Write the marks of chat templates and the headings of prompts (``### 问题``) as tags of roles."""
    for pattern, tag in _TEMPLATES:
        text = pattern.sub(tag, text)
    return _SYSTEM.sub(r"<|system|>\g<system>\g<label>", text)


def _find_heading_role(name: str) -> Role | None:
    """Return whose text stands below a prompt's heading, by the name of a field or of a side."""
    if holds_field([name], "answer"):
        return "assistant"
    if holds_field([name], "question"):
        return "user"
    if name in _SYSTEM_HEADINGS:
        return "system"
    return find_role_by_words(name)


_SYSTEM_HEADINGS: Final = frozenset({"系统", "指令", "任务", "角色", "system", "System"})


class SpeakerLabels(LabelGrammar):
    """The speakers' names that a source declares, beside the usual ones, and the labels that they form."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.role_table(), source.ignore_speakers)
        self._declared = {name.lower() for names in source.roles.values() for name in names}
        self.first_speaker: Role | None = source.first_speaker
        """Role of the first speaker of a dialogue where names say nothing."""
        self._cutter = LineCutter(source.transcript)
        self._pattern = re.compile(source.transcript.label, re.MULTILINE) if source.transcript.label else None
        names = [re.escape(name) for name in self.names if len(name) > 1 or name in self._declared]
        known = "|".join(names)
        short = "|".join(re.escape(name) for name in self.names if len(name) == 1)
        patient = r"[\u4e00-\u9fff]{1,2}(?:女士|先生|小姐)"
        doctor = r"[\u4e00-\u9fff]{1,3}(?:主任|副主任|主治)?(?:医生|大夫|医师|主任|教授)"
        if self._pattern is not None:
            self.line = self.anywhere = self._pattern
        self._closing = re.compile(rf"</(?:{known})>", re.IGNORECASE)
        self._weak = re.compile(
            rf"{_LEAD}(?:#{{2,6}}[ ]*)?[〔《（(＜<『]?(?P<name>{known}|{patient}|{doctor}|[pd])[〕》）)＞>』]?[ \t　]*"
            r"(?:(?:说|问|答|道|回答|回复|表示)?[ ]*[:：]|[>＞|｜\t]|——|(?<=[〕》）)＞>』])|(?=\n|\Z))",
            re.IGNORECASE | re.MULTILINE,
        )
        self._loose = re.compile(
            rf"(?P<name>(?:{known})|(?:(?<=[。？！?!；;…~～\s|｜#/])|\A)(?:{short}))[ \t　]*[:：]|"
            rf"【(?P<framed>{known})】",
            re.IGNORECASE,
        )

    def split(self, text: str) -> Transcript:
        """Divide a text into turns; without any label everything is preamble."""
        text, left_out = self._cutter.cut(text, self.line)
        transcript = self._split_lines(text)
        transcript.left_out += left_out
        return transcript

    def _split_lines(self, text: str) -> Transcript:
        if self._pattern is not None:
            return split_by_pattern(text, self._pattern, self.name_role, self.is_ignored, self.first_speaker)
        plain = text
        if "<" in text:
            plain = _BREAKS.sub("\n", self._closing.sub("", text))
        if "[/INST]" in plain or "<" in plain or "#" in plain:
            plain = _name_template_roles(plain)
        transcript = self._choose_division(plain)
        if plain is not text and transcript.turns:
            transcript.left_out["markup"] += count_characters(text) - count_characters(plain)
        elif plain is not text:
            transcript.preamble = text
        return transcript

    def name_role(self, name: str) -> Role | None:
        """Return the role of a name as it stands, or by the words in it."""
        return self.find_role(name) or find_role_by_words(name)

    def _choose_division(self, text: str) -> Transcript:
        usual = super().split(text)
        if _has_both(usual):
            return self._split_loosely(text, usual)
        for split in (self._split_by_headings, self._split_weakly, self._split_loosely, self._split_by_codes):
            candidate = split(text, usual)
            if _has_both(candidate):
                return candidate
        return usual

    def _split_by_headings(self, text: str, usual: Transcript) -> Transcript:
        """Divide a prompt by its headings: ``### 问题``, ``### 医生回答：``."""
        matches = list(_HEADING.finditer(text)) if "##" in text else []
        roles = [self.find_role(match["name"]) or _find_heading_role(match["name"]) for match in matches]
        return usual if None in roles else self._divide(text, matches, roles)

    def _split_weakly(self, text: str, usual: Transcript) -> Transcript:
        del usual
        matches = list(self._weak.finditer(text))
        return self._divide(text, matches, [self._find_weak_role(match["name"]) for match in matches])

    def _find_weak_role(self, name: str) -> Role | None:
        if name.endswith(("女士", "先生", "小姐")):
            return "user"
        return self.find_role(name) or _CODES.get(name.lower())

    def _split_loosely(self, text: str, usual: Transcript) -> Transcript:
        """Divide a text by labels anywhere in it, if they alternate and are more than the usual ones."""
        if not any(mark in text for mark in ":：】"):
            return usual
        matches = list(self._loose.finditer(text))
        roles = [self.find_role(match["name"] or match["framed"]) for match in matches]
        alternates = all(role != other for role, other in itertools.pairwise(roles))
        is_begun = bool(matches) and not text[: matches[0].start()].strip(' \t\n　"“-*#.0123456789[]【】()（）:：')
        # Two labels alone may be how somebody writes, unless one of them opens the text.
        enough = len(usual.turns) if usual.turns and not _has_both(usual) else max(2, len(usual.turns))
        if len(matches) <= enough or not alternates or not is_begun:
            return usual
        return self._strip_marks(self._divide(text, matches, roles))

    @staticmethod
    def _strip_marks(transcript: Transcript) -> Transcript:
        """Leave out the mark that stands between all turns: ``||``, ``###``."""
        ends = {match.group() for turn in transcript.turns[:-1] if (match := _MARKS.search(turn.content))}
        if len(ends) == 1 and all(turn.content.endswith(tuple(ends)) for turn in transcript.turns[:-1]):
            mark = ends.pop()
            for number, turn in enumerate(transcript.turns):
                if turn.content.endswith(mark):
                    transcript.left_out["markup"] += count_characters(mark)
                    transcript.turns[number] = replace(turn, content=turn.content.removesuffix(mark).rstrip())
        return transcript

    def _split_by_codes(self, text: str, usual: Transcript) -> Transcript:
        """Divide a text by names that say nothing: one beside a known side, or two that alternate.

        Of two codes the first to speak is the patient's.
        """
        matches = list(_UNKNOWN.finditer(text))
        names = Counter(match["name"].lower() for match in matches)
        roles = {name: self.find_role(name) for name in names}
        codes = [name for name in names if len(name) == 1 and name not in self._declared]
        if len(codes) == 2 and "q" not in codes and not (usual.roles - {"assistant"} and roles[codes[0]]):
            # A beside B is no answer.
            roles |= dict(zip(codes, _SIDES, strict=True))
        unknown = [name for name in names if roles[name] is None]
        sides = {role for role in roles.values() if role in _SIDES}
        if len(sides) == 1 and len(unknown) == 1 and 2 * names[unknown[0]] >= sum(names.values()) - names[unknown[0]]:
            roles[unknown[0]] = next(side for side in _SIDES if side not in sides)
        elif unknown:
            return usual
        turns = [roles[match["name"].lower()] for match in matches]
        changes = sum(role != other for role, other in itertools.pairwise(turns))
        if len(matches) < 3 or 2 * changes < len(matches):
            return usual
        return self._divide(text, matches, turns)

    def _divide(self, text: str, matches: list[re.Match[str]], roles: list[Role | None]) -> Transcript:
        transcript = Transcript()
        if not matches:
            return transcript
        transcript.preamble = text[: matches[0].start()]
        ends = [match.start() for match in matches[1:]] + [len(text)]
        for match, end, role in zip(matches, ends, roles, strict=True):
            content = text[match.end() : end]
            transcript.left_out["speaker"] += count_characters(match.group())
            if role is None:
                transcript.left_out["ignored_speaker"] += count_characters(content)
                continue
            transcript.turns.append(LabelledTurn(role, match["name"] or "", content.strip()))
        return transcript


def _has_both(transcript: Transcript) -> bool:
    return {"user", "assistant"} <= transcript.roles
