"""Lines of a transcript that a source declares to be no part of it: headings anywhere, and all from an end on."""

from __future__ import annotations

import re
from collections import Counter

from cmtmed.source import Transcript
from cmtmed.text.characters import count_characters


class LineCutter:
    """Leaves out the lines that ``ignore`` matches, and below the first label all from one that ``end`` matches."""

    def __init__(self, declared: Transcript) -> None:
        self._ignored = [re.compile(pattern) for pattern in declared.ignore]
        self._ends = [re.compile(pattern) for pattern in declared.end]

    def cut(self, text: str, label: re.Pattern[str]) -> tuple[str, Counter[str]]:
        """Return the text without these lines, and the characters that were left out, by reason."""
        left_out: Counter[str] = Counter()
        if not self._ignored and not self._ends:
            return text, left_out
        lines = text.split("\n")
        kept: list[str] = []
        is_begun = False
        for number, line in enumerate(lines):
            if any(pattern.fullmatch(line) for pattern in self._ignored):
                left_out["heading"] += count_characters(line)
                continue
            if is_begun and any(pattern.fullmatch(line) for pattern in self._ends):
                left_out["trailing_block"] += sum(map(count_characters, lines[number:]))
                break
            is_begun = is_begun or label.search(line) is not None
            kept.append(line)
        return "\n".join(kept), left_out
