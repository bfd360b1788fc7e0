"""What was read of a value: turns, and the characters that were left out of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cmtmed.io.record_values import count_leaves
from cmtmed.io.records import Value
from cmtmed.schema import Role

Turn = tuple[Role, str]
"""Role and text."""


@dataclass
class Parsed:
    """Turns, and what was left out of them.

    Attributes:
        turns: role and text of each turn, in order.
        left_out: characters that stand in no turn, by reason.
        ignored: characters of fields that were not read, by the field's dotted path.
        has_labels: whether the speakers were named; alternating texts name none.
    """

    turns: list[Turn] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    has_labels: bool = True

    def add(self, other: Parsed) -> None:
        """Append another parsed value."""
        self.turns += other.turns
        self.left_out += other.left_out
        self.ignored += other.ignored

    def ignore(self, path: str, value: Value) -> None:
        """Count a value as not read; the turns of a record that is a list have no name in the path."""
        characters = count_leaves(value)
        if characters:
            self.ignored[path.removeprefix(".")] += characters
            self.left_out["ignored_field"] += characters
