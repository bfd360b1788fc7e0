"""Sections of a card: generated ones are enclosed in markers, and everything else belongs to people.

A marker is a Markdown comment, ``<!-- cmtmed:begin counts -->`` and ``<!-- cmtmed:end counts -->``, which the Hub does
not show. A new version replaces the text between them and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from cmtmed.errors import UsageError

_MARKER: Final = re.compile(r"^[ \t]*<!--[ \t]*cmtmed:(begin|end)[ \t]+([a-z_]+)[ \t]*-->[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A contiguous section of a card's text.

    Attributes:
        name: of the generated section; empty for text that people wrote.
        text: including the markers; joined in order, sections give the whole text.
    """

    name: str
    text: str


def split_sections(text: str, origin: str = "the card") -> list[Section]:
    r"""Split a card at its markers.

    Args:
        text: Markdown without the metadata in front.
        origin: names the card in errors.

    Raises:
        UsageError: a marker has no counterpart, is inside another section, or names a section twice.

    >>> [section.name for section in split_sections("a\n<!-- cmtmed:begin x -->\nb\n<!-- cmtmed:end x -->\nc")]
    ['', 'x', '']
    """
    sections: list[Section] = []
    end, current, start = 0, "", 0
    for match in _MARKER.finditer(text):
        boundary, name = match.groups()
        if boundary == "begin":
            if current or name in {section.name for section in sections}:
                raise _marker_error(origin, name)
            if match.start() > end:
                sections.append(Section("", text[end : match.start()]))
            current, start = name, match.start()
        else:
            if name != current:
                raise _marker_error(origin, name)
            sections.append(Section(name, text[start : match.end()]))
            current, end = "", match.end()
    if current:
        raise _marker_error(origin, current)
    if end < len(text):
        sections.append(Section("", text[end:]))
    return sections


def merge_sections(present: str | None, rendered: str, origin: str = "the card", ours: Collection[str] = ()) -> str:
    """Merge a newly generated card into the existing one.

    Args:
        present: the card of the last version, None if there is none.
        rendered: the newly generated one.
        origin: names the present card in errors.
        ours: sections that are removed if they are no longer generated; others in markers belong to people.

    Returns:
        What people wrote, unchanged and in its order; every generated section in its new wording, each where it was.
        A new section follows the one after which it was generated.

    Raises:
        UsageError: the markers of a card are damaged.
    """
    generated = {section.name: section.text for section in split_sections(rendered, "the template") if section.name}
    if present is None or not present.strip():
        return rendered
    merged = [
        Section(section.name, generated[section.name]) if section.name in generated else section
        for section in split_sections(present, origin)
        if section.name in generated or section.name not in ours
    ]
    previous = ""
    for name, text in generated.items():
        if name not in {section.name for section in merged}:
            merged.insert(_index_after(merged, previous), Section(name, text))
        previous = name
    return _join_sections(merged)


def _index_after(sections: Sequence[Section], name: str) -> int:
    indexes = [index for index, section in enumerate(sections) if name and section.name == name]
    return indexes[0] + 1 if indexes else len(sections)


def _join_sections(sections: Sequence[Section]) -> str:
    """Join sections so that every marker begins a line and an empty line precedes each generated section."""
    text = ""
    for section in sections:
        if section.name and text and not text.endswith("\n\n"):
            text += "\n" if text.endswith("\n") else "\n\n"
        elif not section.name and text and not section.text.startswith("\n"):
            text += "\n"
        text += section.text
    return text if text.endswith("\n") else text + "\n"


def _marker_error(origin: str, name: str) -> UsageError:
    return UsageError(
        f"{origin}: the markers of section {name!r} do not match; each section needs one "
        f"<!-- cmtmed:begin {name} --> followed by one <!-- cmtmed:end {name} -->, and none inside another"
    )
