"""The turns of a batch while platform text is removed from them, with the characters removed by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from cmtmed.text.boilerplate import clean_text
from cmtmed.text.characters import count_characters
from cmtmed.text.form_labels import remove_labels
from cmtmed.text.platform_candidates import find_candidates

_QUOTATION_MARKS: Final = '”"」》'


class TurnCleaning:
    """Texts of all turns of a batch, and what was removed from each.

    Attributes:
        texts: text per turn, as far as it was cleaned.
        removed: turn to characters removed, by reason; turns that nothing was removed from are absent. The counts are
            replaced and never changed, because copies share them.
    """

    def __init__(self, texts: pl.Series, dialogue: pl.Series) -> None:
        """Begin with all turns of a batch as they are.

        Args:
            texts: text per turn (String).
            dialogue: index within the batch of the dialogue that each turn belongs to.
        """
        self.texts = texts
        self.removed: dict[int, Counter[str]] = {}
        self._dialogue = dialogue
        indexes = dialogue.to_numpy()
        self._first = np.searchsorted(indexes, indexes, side="left")
        self._last = np.searchsorted(indexes, indexes, side="right")

    def copy(self) -> TurnCleaning:
        """Return a copy that later removals leave alone."""
        other = TurnCleaning(self.texts, self._dialogue)
        other.removed = self.removed.copy()
        return other

    def apply_rules(self, rows: Sequence[int]) -> None:
        """Remove placeholders, platform text and form labels from some turns."""
        before = self.texts
        # A label may stand before platform text, and platform text before a label.
        while rows:
            texts = self.texts if len(rows) == len(self.texts) else self.texts.gather(list(rows))
            candidates = find_candidates(texts)
            indexes = np.flatnonzero(candidates.platform | candidates.labels)
            cleaned: dict[int, str] = {}
            for index, text in zip(indexes.tolist(), texts.gather(indexes).to_list(), strict=True):
                row = rows[index]
                removed = Counter(self.removed.get(row))
                shortened = text
                if candidates.platform[index]:
                    shortened = clean_text(text, removed, partial(self._join_others, before, row))
                if candidates.labels[index] or shortened != text:
                    shortened = remove_labels(shortened, removed)
                if shortened != text:
                    cleaned[row], self.removed[row] = shortened, removed
            self._scatter(cleaned)
            rows = list(cleaned)

    def _join_others(self, texts: pl.Series, row: int) -> str:
        """Return what else was said in the dialogue of a turn that quotes something."""
        text = texts[row]
        if not any(mark in text for mark in _QUOTATION_MARKS):
            return ""
        return "\n".join(texts[self._first[row] : self._last[row]].drop_nulls().to_list()).replace(text, "")

    def remove_canned(self, cleaned: dict[int, str]) -> list[int]:
        """Replace texts by what is left of them without canned units; return the turns that changed."""
        rows = list(cleaned)
        changed = {}
        for row, text in zip(rows, self.texts.gather(rows), strict=True):
            if cleaned[row] != text:
                changed[row] = cleaned[row]
                counts = Counter(self.removed.get(row))
                counts["canned"] += count_characters(text) - count_characters(cleaned[row])
                self.removed[row] = counts
        self._scatter(changed)
        return list(changed)

    def restore(self, other: TurnCleaning, rows: Sequence[int]) -> None:
        """Take some turns back to the state of another cleaning."""
        for row in rows:
            self.removed.pop(row, None)
            if row in other.removed:
                self.removed[row] = other.removed[row]
        self._scatter(dict(zip(rows, other.texts.gather(list(rows)), strict=True)))

    def count_removed(self) -> pl.DataFrame:
        """Return the characters removed: columns ``dialogue``, ``reason``, ``characters``."""
        turns = sorted(self.removed)
        rows = [
            (dialogue, reason, characters)
            for row, dialogue in zip(turns, self._dialogue.gather(turns), strict=True)
            for reason, characters in self.removed[row].items()
        ]
        schema = {"dialogue": pl.UInt32, "reason": pl.String, "characters": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _scatter(self, texts: dict[int, str]) -> None:
        if texts:
            self.texts = self.texts.clone().scatter(list(texts), list(texts.values()))
