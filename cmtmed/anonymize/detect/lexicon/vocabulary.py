"""Word lists in the form that is easiest to read and edit: words separated by whitespace."""

from __future__ import annotations


def vocabulary(words: str) -> tuple[str, ...]:
    """Split a list of words.

    >>> vocabulary("先生 女士")
    ('先生', '女士')
    """
    return tuple(words.split())
