"""Speakers' names: the roles they stand for, and the turns they introduce in a text."""

from __future__ import annotations

import re

from cmtmed.schema import Role
from cmtmed.source import Source


class Speakers:
    """The speakers' names of a source."""

    def __init__(self, source: Source) -> None:
        self._roles = source.role_table()
        names = "|".join(re.escape(name) for name in sorted(self._roles, key=len, reverse=True))
        self.pattern = re.compile(rf"\s*(?P<speaker>{names})(?:[（(][^（()）\n]{{1,12}}[）)])?\s*[:：]", re.IGNORECASE)
        """Matches a name, optional details in brackets and a colon, at the start of a line."""

    def find_role(self, name: str) -> Role | None:
        """Return the role that a name stands for, or None if the name is unknown."""
        return self._roles.get(name) or self._roles.get(name.strip().rstrip("：:").rstrip().lower())

    def split_turns(self, text: str) -> list[dict[str, str]]:
        """Split a text with a speaker's name before each turn into turns; empty if it names no speaker.

        Text before the first name belongs to no turn; a line without a name continues the turn before it.
        """
        turns: list[dict[str, str]] = []
        for line in text.splitlines():
            match = self.pattern.match(line)
            if match:
                turns.append({"role": match["speaker"], "content": line[match.end() :]})
            elif turns:
                turns[-1]["content"] += "\n" + line
        return [{**turn, "content": turn["content"].strip()} for turn in turns]
