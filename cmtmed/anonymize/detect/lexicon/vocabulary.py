"""Word lists as they are best read and changed: words between spaces."""

from __future__ import annotations


def vocabulary(listed: str) -> tuple[str, ...]:
    """Return the words of a list.

    >>> vocabulary("先生 女士")
    ('先生', '女士')
    """
    return tuple(listed.split())
