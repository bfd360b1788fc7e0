"""Objects that stand where a text is expected: the text in them, and what is said about it or about its author."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from cmtmed.io.field_names import DOCTORS, PATIENTS, find_names, guess_field, normalize_name, split_words
from cmtmed.io.records import Value
from cmtmed.io.speaker_words import is_sentence

_ABOUT: Final = re.compile(
    r"time|date|url|link|href|img|image|id$|name|nick|title|level|rank|hosp|dept|depart|avatar|count|num|type|status|location|city|"
    r"时间|日期|链接|图|编号|姓名|昵称|职称|级别|医院|科室|头像|数$|类型|状态|地区"
)
"""Words in the names of what is said about a text."""
_PERSONS: Final = DOCTORS | PATIENTS | frozenset({"author", "member", "profile", "writer", "作者"})
_PERSONAL: Final = frozenset(
    {"name", "nickname", "hospital", "hospitalname", "doctorname", "姓名", "医院", "昵称", "rank", "职称"}
)
_TEXT_WORDS: Final = re.compile(r"(?:text|txt|content|body|内容|文本|正文)$")


def find_text_key(value: Mapping[str, Value], name: str = "") -> str | None:
    """Return the key of an object's text; None if it has none, or several.

    Args:
        value: the object.
        name: the key that it stands under; the text often has the same.
    """
    texts = [key for key, text in value.items() if isinstance(text, str) and text.strip()]
    for keys in (
        [key for key in find_names(value, "content") if isinstance(value[key], str)],
        [key for key in texts if normalize_name(key) == normalize_name(name)],
        [key for key in find_names(value, "answer") if isinstance(value[key], str)],
        [key for key in texts if _TEXT_WORDS.search(normalize_name(key))],
        [key for key in texts if guess_field(key) in {"question", "answer"}],
    ):
        if keys:
            return keys[0]
    if find_names(value, "title") or find_names(value, "opening"):
        return None
    spoken = [key for key in texts if not _ABOUT.search(normalize_name(key)) and is_sentence(value[key])]
    return spoken[0] if len(spoken) == 1 else None


def is_of_person(key: str, keys: Collection[str]) -> bool:
    """Return whether a dotted key belongs to an object about a person, whose title is a rank.

    >>> is_of_person("doctor.title", ["doctor.title"]), is_of_person("post.title", ["post.title", "post.body"])
    (True, False)
    """
    parent, _, _ = key.rpartition(".")
    if not parent:
        return False
    if set(split_words(parent)) & _PERSONS:
        return True
    siblings = {normalize_name(other) for other in keys if other.rpartition(".")[0] == parent}
    return bool(siblings & _PERSONAL)
