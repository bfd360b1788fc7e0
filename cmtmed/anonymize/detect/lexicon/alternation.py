"""Alternations that share prefixes: ``re`` would otherwise try the words of a long list one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable


def alternation(words: Iterable[str]) -> str:
    """Build a pattern that matches the longest of ``words`` at a position.

    >>> alternation(["河北", "河南", "河"])
    '(?:河(?:北|南)?)'
    """
    suffixes_by_head: dict[str, list[str]] = {}
    for word in words:
        suffixes_by_head.setdefault(word[0], []).append(word[1:])
    branches = []
    for head, suffixes in sorted(suffixes_by_head.items()):
        non_empty = [suffix for suffix in suffixes if suffix]
        suffix_pattern = alternation(non_empty) if non_empty else ""
        branches.append(re.escape(head) + suffix_pattern + ("?" if suffix_pattern and "" in suffixes else ""))
    return f"(?:{'|'.join(branches)})"
