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

from cmtmed.io.chat_templates import BREAKS, HEADING, find_heading_role, name_template_roles
from cmtmed.io.declared_labels import split_by_pattern
from cmtmed.io.line_cuts import LineCutter
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.schema import Role
from cmtmed.source import Source
from cmtmed.text.characters import count_characters
from cmtmed.text.han import HAN
from cmtmed.text.speaker_labels import LabelGrammar, LabelledTurn, Transcript

__all__ = ["LabelledTurn", "SpeakerLabels", "Transcript"]

SIDES: Final[tuple[Role, Role]] = ("user", "assistant")
_DATE: Final = r"\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?"
_CLOCK: Final = r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_STAMP: Final = rf"[\[(（【]?(?:{_DATE}(?:[ T　]*{_CLOCK})?|{_CLOCK})[\])）】]?"
_FLOOR: Final = r"(?:第?\d{1,4}[楼樓层]|#\d{1,4})"
_LEAD: Final = (
    r"^[ \t　]*(?:第[ ]*\d+[ ]*[轮次回][ ]*[-:：]?[ ]*)?"
    rf"(?:\d{{1,4}}[ ]*[.、)）|｜\t][ ]*|{_FLOOR}[ \t　:：]*)?(?:{_STAMP}[ \t　]*)?"
    r"(?:(?:[^\w\s【\[「『<《〔（(。？！，、“\"‘']{1,6})[ \t　]*)?"
)
_CODE_NAME: Final = rf"(?:[A-Za-z](?:[A-Za-z_ ]{{0,14}}[A-Za-z])?|[{HAN}]{{1,8}})"
_UNKNOWN: Final = re.compile(
    rf"{_LEAD}(?P<name>{_CODE_NAME})(?:\d{{1,3}}[ \t　]*(?:：|:(?!\d\d))|[ \t　]*[:：])", re.MULTILINE
)
_CODE: Final = re.compile(rf"[A-Za-z]|[{HAN}]{{1,4}}")
_STAMPED: Final = re.compile(
    rf"^[ \t　]*(?:(?P<before>[^\n:：，。？！]{{1,20}}?)[ \t　]+{_STAMP}|"
    rf"{_STAMP}[ \t　]+(?P<after>[^\n:：，。？！]{{1,20}}?))"
    r"[ \t　]*[:：]?[ \t　]*$",
    re.MULTILINE,
)
"""A line that names somebody and a time."""
_MARKS: Final = re.compile(r"[|｜#/\\;；]{1,4}$")
_CODES: Final[Mapping[str, Role]] = {"p": "user", "d": "assistant"}


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
        patient = rf"[{HAN}]{{1,2}}(?:女士|先生|小姐)"
        doctor = rf"[{HAN}]{{1,3}}(?:主任|副主任|主治)?(?:医生|大夫|医师|主任|教授)"
        if self._pattern is not None:
            self.line = self.anywhere = self._pattern
        self._closing = re.compile(rf"</(?:{known})>", re.IGNORECASE)
        self._weak = re.compile(
            rf"{_LEAD}(?:#{{2,6}}[ ]*)?[〔《（(＜<『]?(?P<name>{known}|{patient}|{doctor}|[pd])[〕》）)＞>』]?"
            rf"[ \t　]*(?:{_FLOOR}[ \t　]*)?"
            rf"(?:(?:说|问|答|道|回答|回复|表示)?[ ]*[:：]|(?:[>＞|｜\t]|-(?!>))(?:[ \t]*{_STAMP}[ \t]*[->＞|｜\t])?|"
            r"——|[-=]+>|→|=|~|(?<=[〕》）)＞>』])|(?=\n|\Z))",
            re.IGNORECASE | re.MULTILINE,
        )
        self._loose = re.compile(
            rf"(?P<name>(?:{known})|(?:(?<=[。？！?!；;…~～\s|｜#/】\])）])|\A)(?:{short}))[ \t　]*[:：]|"
            rf"[【\[〔《「『](?P<framed>{known})[】\]〕》」』][ ]*[:：]?",
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
            plain = BREAKS.sub("\n", self._closing.sub("", text))
        if "[/INST]" in plain or "<" in plain or "#" in plain:
            plain = name_template_roles(plain)
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
        for split in (
            self._split_by_headings,
            self._split_weakly,
            self._split_loosely,
            self._split_by_codes,
            self._split_by_stamps,
        ):
            candidate = split(text, usual)
            if _has_both(candidate):
                return candidate
        return usual

    def _split_by_headings(self, text: str, usual: Transcript) -> Transcript:
        """Divide a prompt by its headings: ``### 问题``, ``### 医生回答：``."""
        matches = list(HEADING.finditer(text)) if "##" in text else []
        roles = [self.find_role(match["name"]) or find_heading_role(match["name"]) for match in matches]
        if "user" not in roles:
            # What is asked stands below the task where nothing else is asked.
            roles = ["user" if role == "system" else role for role in roles]
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
        if not any(mark in text for mark in ":：】]〕》」』"):
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

        Of two codes the first to speak is the patient's. Longer names count if their words say whose they are.
        """
        if ":" not in text and "：" not in text:
            return usual
        named = [(match, match["name"].lower()) for match in _UNKNOWN.finditer(text)]
        roles = {name: self._find_role_of_code(name) for _, name in named}
        named = [(match, name) for match, name in named if roles[name] or _CODE.fullmatch(name)]
        names = Counter(name for _, name in named)
        codes = [name for name in names if len(name) == 1 and name not in self._declared]
        if len(codes) == 2 and "q" not in codes and not (usual.roles - {"assistant"} and roles[codes[0]]):
            # A beside B is no answer.
            roles |= dict(zip(codes, SIDES, strict=True))
        unknown = [name for name in names if roles[name] is None]
        sides = {roles[name] for name in names if roles[name] in SIDES}
        if len(sides) == 1 and len(unknown) == 1 and 2 * names[unknown[0]] >= sum(names.values()) - names[unknown[0]]:
            roles[unknown[0]] = next(side for side in SIDES if side not in sides)
        elif unknown:
            return usual
        turns = [roles[name] for _, name in named]
        changes = sum(role != other for role, other in itertools.pairwise(turns))
        is_begun = bool(named) and not text[: named[0][0].start()].strip()
        least = 2 if is_begun and not unknown and turns[:2] == list(SIDES) else 3
        if len(named) < least or 2 * changes < len(named):
            return usual
        return self._divide(text, [match for match, _ in named], turns)

    def _find_role_of_code(self, name: str) -> Role | None:
        return self.find_role(name) or (find_role_by_words(name) if len(name) > 1 else None)

    def _split_by_stamps(self, text: str, usual: Transcript) -> Transcript:
        """Divide a text by lines that name somebody and a time, as chats and forums print them.

        Who is who follows from the words in the names; names that say nothing are the other side of those that do.
        """
        matches = list(_STAMPED.finditer(text)) if ":" in text or "：" in text else []
        if len(matches) < 2 or text[: matches[0].start()].strip():
            return usual
        names = [match["before"] or match["after"] for match in matches]
        roles = {name: self.find_role(name) or find_role_by_words(name) for name in names}
        sides = {role for role in roles.values() if role in SIDES}
        if None in roles.values():
            if len(sides) != 1:
                return usual
            other = next(side for side in SIDES if side not in sides)
            roles = {name: role or other for name, role in roles.items()}
        return self._divide(text, matches, [roles[name] for name in names])

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
            label = next(name for name in match.groups() if name)
            transcript.turns.append(LabelledTurn(role, label, content.strip()))
        return transcript


def _has_both(transcript: Transcript) -> bool:
    return {"user", "assistant"} <= transcript.roles
