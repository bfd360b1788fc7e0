"""Text from outside, such as names of sources, as Markdown that shows it literally."""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = re.compile(r"[\w:.-]+")
_ESCAPES: Final = str.maketrans({
    **{character: f"\\{character}" for character in r"\`*_{}[]()#+!|~$"},
    "<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " ",
})  # fmt: skip


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows literally, on one line.

    >>> escape_markdown("a|b <c>")
    'a\\|b &lt;c&gt;'
    """
    return str(text).translate(_ESCAPES)


def format_code(name: str) -> str:
    """Return a name as code if it is a plain word, else escaped.

    >>> format_code("drop_duplicates"), format_code("a b")
    ('`drop_duplicates`', 'a b')
    """
    return f"`{name}`" if _PLAIN.fullmatch(name) else escape_markdown(name)
