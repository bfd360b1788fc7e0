"""What normalization removes from texts for good, and where a text has lost what cannot be restored."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.characters import count_characters
from cmtmed.text.markup import strip_markup
from cmtmed.text.mojibake import LOST, count_lost, has_lost_number, repair_mojibake, suspect_pattern
from cmtmed.text.suspects import MARKUP, find_suspects
from cmtmed.text.tables import CHARACTERS, DEBRIS

_INVISIBLE: Final = "".join(re.escape(old) for old, new in CHARACTERS.items() if not new)
# The separators \x1c to \x1f count as white space.
_CONTROL: Final = f"[{DEBRIS}{_INVISIBLE}--\ufffd\x1c-\x1f]"
_CONTROL_CHARACTER: Final = re.compile(rf"(?![\ufffd\x1c-\x1f])[{DEBRIS}{_INVISIBLE}]")


def find_losses(texts: pl.Series, garbled: npt.NDArray[np.bool_] | None = None) -> pl.DataFrame:
    """Find the texts of which something is lost, after all that can be repaired.

    Args:
        texts: String; null has lost nothing.
        garbled: those that may have, if that is known, see `cmtmed.text.suspects.find_suspects`.

    Returns:
        ``text`` (UInt32, number of the text), ``lost`` (Int64, characters that stand for lost ones), ``length`` (Int64)
        and ``number`` (Boolean, whether a digit may be lost), one row per text that lost something.

    >>> find_losses(pl.Series(["头痛三天", "头痛�天"])).rows()
    [(1, 1, 4, False)]
    """
    candidates = np.flatnonzero(find_suspects(texts).garbled if garbled is None else garbled)
    rows = candidates[texts.gather(candidates).str.contains(suspect_pattern()).fill_null(value=False).to_numpy()]
    losses = []
    for row, text in zip(rows, texts.gather(rows), strict=True):
        repaired = repair_mojibake(strip_markup(text) if "&" in text else text)
        if lost := count_lost(repaired):
            losses.append((row, lost, len(repaired), has_lost_number(repaired)))
    schema = {"text": pl.UInt32, "lost": pl.Int64, "length": pl.Int64, "number": pl.Boolean}
    return pl.DataFrame(losses, schema=schema, orient="row")


def count_removals(texts: pl.Series) -> pl.DataFrame:
    r"""Count what normalization removes from texts, by reason: ``control``, ``markup``, ``mojibake``.

    Args:
        texts: String, before normalization.

    Returns:
        ``text`` (UInt32, number of the text), ``reason`` and ``characters`` (Int64, without white space), one row per
        text and reason.

    >>> count_removals(pl.Series(["<b>头痛</b>", "三\u200b天�"])).rows()
    [(0, 'markup', 7), (1, 'control', 1), (1, 'mojibake', 1)]
    """
    rows = texts.str.contains(f"{MARKUP}|{_CONTROL}|{suspect_pattern()}").fill_null(value=False).arg_true()
    removals = []
    for row, text in zip(rows, texts.gather(rows), strict=True):
        repaired = repair_mojibake(text)
        visible = strip_markup(repaired)
        removals += [
            (row, "control", len(_CONTROL_CHARACTER.findall(visible))),
            (row, "markup", count_characters(repaired) - count_characters(visible)),
            (row, "mojibake", sum(map(len, LOST.findall(visible)))),
        ]
    schema = {"text": pl.UInt32, "reason": pl.String, "characters": pl.Int64}
    return pl.DataFrame(removals, schema=schema, orient="row").filter(pl.col("characters") != 0)
