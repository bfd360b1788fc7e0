"""Text from a crawl made safe to show on a terminal: characters that act or hide are shown by their code points.

A crawl may hold anything: escape sequences that rename the window, write the clipboard or disguise a link; controls of
direction that turn a dose around; characters without width that hide a digit. Whoever looks at a dialogue is to see
them, and the terminal is not to obey them.
"""

from __future__ import annotations

import json
import re
from typing import Final

_INVISIBLE: Final = re.compile(
    # Controls, of C0 and C1, except the tab and the line feed, which lay out text.
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"
    # Category Cf: soft hyphen, joiners, marks and controls of direction, the byte order mark, tags.
    r"\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    # Line and paragraph separators, halves of surrogate pairs, letters and marks that show nothing.
    r"\u2028\u2029\ud800-\udfff\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]"
)


def escape_invisible(text: str) -> str:
    r"""Show every character that a terminal would obey or hide by its code point.

    Line feeds and tabs stay; everything else that is not visible becomes ``⟨U+001B⟩``. What comes out holds nothing to
    escape, so a second call changes nothing.

    >>> escape_invisible("38.5\u202e度\x1b[31m")
    '38.5⟨U+202E⟩度⟨U+001B⟩[31m'
    """
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def dump_visible_json(value: object) -> str:
    r"""Return JSON in one line that can be printed: invisible characters are escaped, and read back as they were.

    >>> dump_visible_json({"text": "38.5\u202e度"})
    '{"text": "38.5\\u202e度"}'
    """
    return _INVISIBLE.sub(lambda match: json.dumps(match[0])[1:-1], json.dumps(value, ensure_ascii=False))
