"""Pattern for one of many words that shares their beginnings: ``re`` tries long alternations one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable


def alternation(words: Iterable[str]) -> str:
    """Return a pattern that matches the longest of ``words`` at a place.

    >>> alternation(["河北", "河南", "河"])
    '(?:河(?:北|南)?)'
    """
    tails: dict[str, list[str]] = {}
    for word in words:
        tails.setdefault(word[0], []).append(word[1:])
    branches = []
    for head, rest in sorted(tails.items()):
        longer = [tail for tail in rest if tail]
        more = alternation(longer) if longer else ""
        branches.append(re.escape(head) + more + ("?" if more and "" in rest else ""))
    return f"(?:{'|'.join(branches)})"
