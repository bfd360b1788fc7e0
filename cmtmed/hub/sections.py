"""Sections of a card: those that are generated stand between markers, and everything else belongs to people.

A marker is a Markdown comment, ``<!-- cmtmed:begin counts -->`` and ``<!-- cmtmed:end counts -->``, which the Hub does
not show. A new version replaces what stands between them and touches nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from cmtmed.errors import UsageError

_MARKER: Final = re.compile(r"^[ \t]*<!--[ \t]*cmtmed:(begin|end)[ \t]+([a-z_]+)[ \t]*-->[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """A piece of a card's text.

    Attributes:
        name: of the generated section; empty for what people wrote.
        text: of a section with its markers; joined in order, pieces give the whole text.
    """

    name: str
    text: str


def split(text: str, where: str = "the card") -> list[Piece]:
    r"""Cut a card at its markers.

    Args:
        text: Markdown without the metadata in front.
        where: names the card in errors.

    Raises:
        UsageError: a marker has no partner, stands inside another section, or names a section twice.

    >>> [piece.name for piece in split("a\n<!-- cmtmed:begin x -->\nb\n<!-- cmtmed:end x -->\nc")]
    ['', 'x', '']
    """
    pieces: list[Piece] = []
    at, opened, start = 0, "", 0
    for marker in _MARKER.finditer(text):
        kind, name = marker.groups()
        if kind == "begin":
            if opened or name in {piece.name for piece in pieces}:
                raise _broken(where, name)
            if marker.start() > at:
                pieces.append(Piece("", text[at : marker.start()]))
            opened, start = name, marker.start()
        else:
            if name != opened:
                raise _broken(where, name)
            pieces.append(Piece(name, text[start : marker.end()]))
            opened, at = "", marker.end()
    if opened:
        raise _broken(where, opened)
    if at < len(text):
        pieces.append(Piece("", text[at:]))
    return pieces


def merge(present: str | None, rendered: str, where: str = "the card", ours: Collection[str] = ()) -> str:
    """Put a newly generated card into the one that is there.

    Args:
        present: the card of the last version, None if there is none.
        rendered: the newly generated one.
        where: names the present card in errors.
        ours: sections that are gone where they are not generated any more; others of that name are people's.

    Returns:
        What people wrote, unchanged and in its order; every generated section as it is now, each at the place that it
        had. A section that is new stands behind the one before which it was generated.

    Raises:
        UsageError: the markers of a card are damaged.
    """
    new = [piece for piece in split(rendered, "the template") if piece.name or piece.text.strip()]
    if present is None or not present.strip():
        return rendered
    texts = {piece.name: piece.text for piece in new if piece.name}
    merged = [
        Piece(piece.name, texts[piece.name]) if piece.name in texts else piece
        for piece in split(present, where)
        if piece.name in texts or piece.name not in ours
    ]
    before = ""
    for name, text in texts.items():
        if name not in {piece.name for piece in merged}:
            place = _behind(merged, before)
            merged.insert(place, Piece(name, text))
        before = name
    return _joined(merged)


def _behind(pieces: Sequence[Piece], name: str) -> int:
    places = [place for place, piece in enumerate(pieces) if name and piece.name == name]
    return places[0] + 1 if places else len(pieces)


def _joined(pieces: Sequence[Piece]) -> str:
    """Join pieces so that every marker begins a line, and an empty line parts a section from what is before it."""
    text = ""
    for piece in pieces:
        if piece.name and text and not text.endswith("\n\n"):
            text += "\n" if text.endswith("\n") else "\n\n"
        elif not piece.name and text and not piece.text.startswith("\n"):
            text += "\n"
        text += piece.text
    return text if text.endswith("\n") else text + "\n"


def _broken(where: str, name: str) -> UsageError:
    return UsageError(
        f"{where}: the markers of section {name!r} do not belong together; each section needs one "
        f"<!-- cmtmed:begin {name} --> and one <!-- cmtmed:end {name} --> behind it, and none inside another"
    )
