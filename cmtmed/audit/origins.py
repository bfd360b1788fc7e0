"""Where the verdicts of an audit come from, in the words of cards and statements."""

from __future__ import annotations

from collections.abc import Sequence

from cmtmed.audit.content import AuditContent, Origin
from cmtmed.markdown import escape_markdown

ENGLISH, ZH = 0, 1


def describe_origins(audit: AuditContent, language: int) -> str:
    """Say how many verdicts there are, how they came, by whom and when, in one or more sentences.

    Only of what was typed at a terminal or on a page does this library know that a person has read it.
    """
    return (" ", "")[language].join(_describe_origin(origin, language) for origin in audit["verdicts"])


def _describe_origin(origin: Origin, language: int) -> str:
    turns, days = origin["turns"], origin["first"]
    if origin["first"] != origin["last"]:
        days = f"{origin['first']} {('to', '至')[language]} {origin['last']}"
    readers = (", ", "、")[language].join(map(escape_markdown, origin["readers"]))
    noun = "turn" if turns == 1 else "turns"
    if origin["method"] == "file":
        readers = readers and ("according to the file by ", "据文件所述由 ")[language] + readers
        note = _format_note([readers, days], language)
        return (
            (
                f"The verdicts on {turns:,} {noun} came from a file{note}; whether a person read the turns is not "
                "recorded."
            ),
            f"{turns:,} 轮的判断来自文件{note}，是否经人工阅读没有记录。",
        )[language]
    note = _format_note([readers, days], language)
    where = {"terminal": ("at a terminal", "在终端"), "page": ("on a page", "在网页上")}[origin["method"]][language]
    return (f"A person read {turns:,} {noun} {where}{note}.", f"人工{where}阅读 {turns:,} 轮{note}。")[language]


def _format_note(details: Sequence[str], language: int) -> str:
    note = ("; ", "；")[language].join(filter(None, details))
    return (f" ({note})", f"（{note}）")[language] if note else ""
