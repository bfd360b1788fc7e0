"""Marks of models' chat templates and headings of prompts, written as tags of roles."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.io.field_names import holds_field
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.schema import Role

BREAKS: Final = re.compile(r"[ \t]*(?:<br[ ]*/?>|</?(?:p|div|li|tr)(?:[ ][^<>]*)?>)[ \t]*", re.IGNORECASE)
"""Markup between the lines of a transcript."""
_TEMPLATES: Final = (
    (re.compile(r"(?:<s>|\[BOS\])?[ \t]*\[INST\][ \t]*", re.IGNORECASE), "\n<|user|>"),
    (re.compile(r"[ \t]*\[/INST\][ \t]*", re.IGNORECASE), "\n<|assistant|>"),
    (re.compile(r"<reserved_(?:106|102)>|<(?:_user|usr|human_start)>"), "\n<|user|>"),
    (re.compile(r"<reserved_(?:107|103)>|<(?:_bot|bot_start)>"), "\n<|assistant|>"),
    (re.compile(
        r"<\|(?!(?:start_header_id|end_header_id|im_start|im_end)\|)"
        r"[^|<>\s]*(?:end|start|begin|eos|bos|eot|eom|pad)[^|<>\s]*\|>"
    ), ""),
    (re.compile(r"<｜[^｜<>]*(?:end|begin|start)[^｜<>]*｜>|<_end>|<eod>|</?s>(?=\s*\Z)"), ""),
)  # fmt: skip
"""Marks of models' chat templates that no speaker's name stands in."""
_SYSTEM: Final = re.compile(r"(?P<label>\n<\|user\|>\s*)<<SYS>>(?P<system>.*?)<</SYS>>\s*", re.DOTALL)
HEADING: Final = re.compile(r"^[ \t]*#{2,6}[ ]*(?P<name>[^\n#:：]{1,12}?)[ ]*[:：]?[ \t]*$", re.MULTILINE)


def name_template_roles(text: str) -> str:
    """Write the marks of chat templates and the headings of prompts (``### 问题``) as tags of roles."""
    for pattern, tag in _TEMPLATES:
        text = pattern.sub(tag, text)
    return _SYSTEM.sub(r"<|system|>\g<system>\g<label>", text)


def find_heading_role(name: str) -> Role | None:
    """Return whose text stands below a prompt's heading, by the name of a field or of a side."""
    if holds_field([name], "answer"):
        return "assistant"
    if holds_field([name], "question"):
        return "user"
    if name in _SYSTEM_HEADINGS:
        return "system"
    return find_role_by_words(name)


_SYSTEM_HEADINGS: Final = frozenset({"系统", "指令", "任务", "角色", "system", "System"})
