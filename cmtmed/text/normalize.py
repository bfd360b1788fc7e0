"""Normalization of characters and script, as the pipeline and `cmtmed.normalize` apply it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import polars as pl

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.text.chinese import convert
from cmtmed.text.conversion import Script
from cmtmed.text.suspects import Suspects, find_suspects
from cmtmed.text.unicode import clean, repeat_until_stable


def normalize(texts: list[str], script: Script = "simplified") -> list[str]:
    """Normalize texts: HTML, width, invisible characters, punctuation, white space, script.

    Explicit tables, never NFKC: 10⁹/L, ①5mg and ½ keep their meaning, and no digit changes its value. Normalizing
    twice changes nothing more.

    Args:
        texts: any number of texts.
        script: ``simplified``, ``traditional``, or ``keep``.

    Returns:
        The normalized texts, in order.

    Raises:
        UsageError: an item is not a string, or the script is unknown.

    >>> normalize(["白細胞１２.５×10⁹/L，綜合徵！！！"])
    ['白细胞12.5×10⁹/L，综合征！']
    """
    _check_script(script)
    if isinstance(texts, str):
        raise UsageError("texts is a str; pass a list: normalize([text])")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{index}] has type {type(text).__name__}; pass a list of str")
        if not text.isascii() and _has_surrogate(text):
            raise UsageError(f"texts[{index}] contains a lone surrogate; decode its source with errors='replace'")
    return normalize_series(pl.Series("texts", texts, dtype=pl.String), script).to_list()


def normalize_series(
    texts: pl.Series,
    script: Script = "simplified",
    sides: Sequence[pl.Series] = (),
    suspects: Suspects | None = None,
) -> pl.Series:
    """Normalize a column of texts; null stays null. See `normalize`.

    Args:
        texts: String.
        script: see `normalize`.
        sides: which texts are of one side of a dialogue and of one dialogue, see `cmtmed.text.script.find_traditional`;
            empty where the script of each text is decided by the text.
        suspects: the texts that may change, if they are known.

    Raises:
        UsageError: the script is unknown.
    """
    _check_script(script)
    if suspects is None:
        suspects = find_suspects(texts, script)
    # Cleaning comes first, because a character may hide in an entity or a compatibility form; what conversion changes
    # is cleaned again, until both agree.
    cleaned = clean(texts, suspects.unclean)
    foreign = suspects.foreign.copy()
    rows = np.flatnonzero(suspects.unclean)
    foreign[rows] = find_suspects(cleaned.gather(rows), script).foreign
    converted = convert(cleaned, script, sides, foreign)
    if converted is cleaned:
        return cleaned
    changed = converted.ne_missing(cleaned).arg_true()
    if changed.is_empty():
        return cleaned
    settled = repeat_until_stable(clean(converted.gather(changed)), lambda part: clean(convert(part, script)))
    return converted.clone().scatter(changed, settled)


def _check_script(script: Script) -> None:
    if script not in get_args(Script):
        raise UsageError(f"unknown script {script!r}; {did_you_mean(str(script), get_args(Script))}")


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
