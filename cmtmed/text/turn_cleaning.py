"""The turns of a batch while platform text is removed from them, with the characters removed by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from cmtmed.text.boilerplate import clean_text, mark_candidates
from cmtmed.text.characters import count_characters
from cmtmed.text.form_labels import mark_labelled, remove_labels


class TurnCleaning:
    """Texts of all turns of a batch, and what was removed from each.

    Attributes:
        texts: text per turn, as far as it was cleaned.
        removed: turn to characters removed, by reason; turns that nothing was removed from are absent.
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
        other.removed = {row: counts.copy() for row, counts in self.removed.items()}
        return other

    def apply_rules(self, rows: Sequence[int]) -> None:
        """Remove placeholders, platform text and form labels from some turns."""
        if not rows:
            return
        texts = self.texts if len(rows) == len(self.texts) else self.texts.gather(list(rows))
        candidates = [rows[index] for index in (mark_candidates(texts) | mark_labelled(texts)).arg_true()]
        cleaned: dict[int, str] = {}
        for row, text in zip(candidates, self.texts.gather(candidates), strict=True):
            removed = self.removed.get(row, Counter())
            shortened = self._clean_by_rules(row, text, removed)
            if shortened != text:
                cleaned[row], self.removed[row] = shortened, removed
        self._scatter(cleaned)

    def _clean_by_rules(self, row: int, text: str, removed: Counter[str]) -> str:
        others = ""
        if "”" in text or '"' in text or "」" in text or "》" in text:
            others = "\n".join(self.texts[self._first[row] : self._last[row]].drop_nulls().to_list()).replace(text, "")
        before = None
        # A label may stand before platform text, and platform text before a label.
        while text != before:
            before = text
            text = remove_labels(clean_text(text, removed, others), removed)
        return text

    def remove_canned(self, cleaned: dict[int, str]) -> list[int]:
        """Replace texts by what is left of them without canned units; return the turns that changed."""
        rows = list(cleaned)
        changed = {}
        for row, text in zip(rows, self.texts.gather(rows), strict=True):
            if cleaned[row] != text:
                changed[row] = cleaned[row]
                counts = self.removed.setdefault(row, Counter())
                counts["canned"] += count_characters(text) - count_characters(cleaned[row])
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
        rows = [
            (self._dialogue[row], reason, characters)
            for row, counts in sorted(self.removed.items())
            for reason, characters in counts.items()
        ]
        schema = {"dialogue": pl.UInt32, "reason": pl.String, "characters": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _scatter(self, texts: dict[int, str]) -> None:
        if texts:
            self.texts = self.texts.clone().scatter(list(texts), list(texts.values()))
