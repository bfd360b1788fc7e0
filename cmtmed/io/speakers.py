"""Who is meant by a speaker's name, and where in a text such a name begins a turn."""

from __future__ import annotations

import re

from cmtmed.schema import Role
from cmtmed.source import Source


class Speakers:
    """The speakers' names that a source knows."""

    def __init__(self, source: Source) -> None:
        self._roles = source.role_table()
        names = "|".join(re.escape(name) for name in sorted(self._roles, key=len, reverse=True))
        self.label = re.compile(rf"\s*(?P<who>{names})(?:[（(][^（()）\n]{{1,12}}[）)])?\s*[:：]", re.IGNORECASE)
        """Matches a name, perhaps particulars in brackets, and a colon, at the start of a line."""

    def role(self, name: str) -> Role | None:
        """Return whose name it is, or None if it is nobody's."""
        return self._roles.get(name) or self._roles.get(name.strip().rstrip("：:").rstrip().lower())

    def turns(self, text: str) -> list[dict[str, str]]:
        """Take a text with a speaker's name before each turn apart; empty if it names nobody.

        What stands before the first name belongs to no turn; a line without a name goes on with the turn before it.
        """
        turns: list[dict[str, str]] = []
        for line in text.splitlines():
            found = self.label.match(line)
            if found:
                turns.append({"role": found["who"], "content": line[found.end() :]})
            elif turns:
                turns[-1]["content"] += "\n" + line
        return [{**turn, "content": turn["content"].strip()} for turn in turns]
