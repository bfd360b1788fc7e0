"""One pass over many texts for many patterns at once.

The patterns' sequences (see `cmtmed.text.scan.sequences`) are looked for together: of each sequence the rarest pair of
neighbouring characters is its anchor, and a text is read once, pair by pair, with one machine word for 64 sequences.
Only where an anchor stands is the rest of the sequence compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.scan.character_sets import ANY, AT_EDGE, EDGE, SetTable, unite
from cmtmed.text.scan.sequences import CharacterSequence, derive_sequences

POSSIBLE: Final = 1
"""The text holds what every match requires; the pattern itself must decide."""
EXACT: Final = 2
"""The text matches."""


@dataclass(frozen=True)
class _Entry:
    rule: int
    sequence: CharacterSequence
    anchor: int
    first: int
    second: int


class Scanner:
    """Patterns compiled for a common pass.

    Args:
        patterns: patterns for Polars; one that requires nothing that could be looked for is possible everywhere.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        table = SetTable()
        everything = table.add(unite(ANY, AT_EDGE))
        entries: list[_Entry] = []
        self._open = np.zeros(len(patterns), dtype=bool)
        for rule, pattern in enumerate(patterns):
            sequences = derive_sequences(pattern, table)
            self._open[rule] = sequences is None
            for sequence in sequences or ():
                sets = (*sequence.sets, everything)
                places = range(max(1, len(sequence.sets) - 1))
                share = table.estimate_share
                anchor = min(places, key=lambda place: share(sets[place]) * share(sets[place + 1]))
                entries.append(_Entry(rule, sequence, anchor, sets[anchor], sets[anchor + 1]))
        # Anchors of frequent characters together, so that rare ones leave whole words empty.
        entries.sort(key=lambda entry: (round(table.estimate_share(entry.first), 2), table.ranges[entry.first]))
        self._class_of, self._members = _classify_characters(table)
        self._rules = len(patterns)
        self._build_masks(entries)

    def _build_masks(self, entries: Sequence[_Entry]) -> None:
        words = -(-len(entries) // 64)
        bits = np.zeros((words * 64, self._members.shape[1]), dtype=bool)
        bits[: len(entries)] = self._members[[entry.first for entry in entries]]
        first_masks = _pack_bits(bits)
        bits[: len(entries)] = self._members[[entry.second for entry in entries]]
        self._second_masks = _pack_bits(bits)
        classes, self._word_of = np.nonzero(first_masks)
        self._words = first_masks[classes, self._word_of]
        self._starts = np.searchsorted(classes, np.arange(first_masks.shape[0] + 1))
        sizes = [len(entry.sequence.sets) for entry in entries]
        self._sets = np.array([number for entry in entries for number in entry.sequence.sets], dtype=np.int32)
        self._sequences = np.array(
            [
                (entry.rule, EXACT if entry.sequence.is_exact else POSSIBLE, entry.anchor, base, size)
                for entry, base, size in zip(entries, np.cumsum([0, *sizes])[:-1], sizes, strict=True)
            ],
            dtype=np.int64,
        ).reshape(-1, 5)

    def scan(self, texts: pl.Series) -> npt.NDArray[np.uint8]:
        """Look for all patterns in all texts.

        Args:
            texts: String without nulls.

        Returns:
            For each text and pattern 0 (no match), `POSSIBLE` or `EXACT`, shape (texts, patterns).
        """
        from cmtmed.text.scan.kernel import scan_texts

        found = np.zeros((len(texts), self._rules), dtype=np.uint8)
        array = texts.to_arrow()
        _, offset_buffer, data_buffer = array.cast("large_string").buffers()
        offsets = np.frombuffer(offset_buffer, dtype=np.int64)[: len(texts) + 1]
        data = np.frombuffer(data_buffer or b"\0", dtype=np.uint8)
        scan_texts(
            data,
            offsets,
            self._class_of,
            self._class_of[EDGE],
            self._starts,
            self._words,
            self._word_of,
            self._second_masks,
            self._sequences,
            self._sets,
            self._members,
            found,
        )
        found[:, self._open] = POSSIBLE
        return found


def _pack_bits(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Pack rows of bits (sequences, classes) into words, shape (classes, words)."""
    packed = np.packbits(bits.T, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64)


def _classify_characters(table: SetTable) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
    """Number the classes of characters that no set tells apart.

    Returns:
        The class of each code point and of the edge, and which set has which class, shape (sets, classes).
    """
    ends = {code for ranges in table.ranges for first, last in ranges for code in (first, last + 1)}
    bounds = np.array(sorted({0, EDGE, EDGE + 1, *ends}))
    firsts = [np.array([a for a, _ in ranges]) for ranges in table.ranges]
    lasts = [np.array([b + 1 for _, b in ranges]) for ranges in table.ranges]
    change = np.zeros((len(table.ranges), len(bounds)), dtype=np.int8)
    for number, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        change[number, np.searchsorted(bounds, first)] += 1
        change[number, np.searchsorted(bounds, last)] -= 1
    held = np.cumsum(change[:, :-1], axis=1, dtype=np.int8).astype(bool)
    packed = np.packbits(held, axis=0).T
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, index, class_of_span = np.unique(keys, return_index=True, return_inverse=True)
    class_of = np.repeat(class_of_span.astype(np.uint16), np.diff(bounds))
    return class_of, np.ascontiguousarray(held[:, index])
