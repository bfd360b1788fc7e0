"""One pass over many texts for many patterns at once.

The patterns' sequences (see `cmtmed.text.scan.sequences`) are looked for together: of each sequence the rarest pair of
neighbouring characters is its anchor, and a text is read once, pair by pair, with one machine word for 64 sequences.
Only where an anchor stands is the rest of the sequence compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.scan.character_sets import ANY, AT_EDGE, EDGE, SetTable, unite
from cmtmed.text.scan.sequences import CharacterSequence, derive_sequences
from cmtmed.text.scan.table_cache import load_tables, save_tables

POSSIBLE: Final = 1
"""The text holds what every match requires; the pattern itself must decide."""
EXACT: Final = 2
"""The text matches."""


@dataclass(frozen=True)
class ScanTables:
    """Compiled patterns.

    Attributes:
        spans: first code point of each run of characters of one class, and the end of the last run.
        span_classes: the class of each run.
        members: which set has which class, shape (sets, classes).
        starts: where the words of each class begin in ``words``, and where the last ones end.
        words: sequences whose anchor begins with a class, a bit for each, class after class; words of zeros are left
            out.
        word_of: number of each of these words among those of a row of ``second_masks``.
        second_masks: sequences whose anchor goes on with a class, shape (classes, words).
        sequences: rule, exactness, place of the anchor, first set and number of sets of each sequence, shape (n, 5).
        sets: numbers of the sets of all sequences, one after another.
        is_open: for each pattern whether it requires nothing that could be looked for.
    """

    spans: npt.NDArray[np.int64]
    span_classes: npt.NDArray[np.uint16]
    members: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]
    word_of: npt.NDArray[np.int64]
    second_masks: npt.NDArray[np.uint64]
    sequences: npt.NDArray[np.int64]
    sets: npt.NDArray[np.int32]
    is_open: npt.NDArray[np.bool_]

    @classmethod
    def build(cls, patterns: Sequence[str], edges: Sequence[str | None]) -> Self:
        """Compile patterns; see `Scanner`."""
        table = SetTable()
        everything = table.add(unite(ANY, AT_EDGE))
        entries: list[_Entry] = []
        is_open = np.zeros(len(patterns), dtype=bool)
        for rule, (pattern, edge) in enumerate(zip(patterns, edges, strict=True)):
            sequences = derive_sequences(pattern, table, edge)
            is_open[rule] = sequences is None
            entries += [_find_anchor(rule, sequence, table, everything) for sequence in sequences or ()]
        # Anchors of frequent characters together, so that rare ones leave whole words empty.
        entries.sort(key=lambda entry: (round(table.estimate_share(entry.first), 2), entry.first))
        spans, span_classes, members = _classify_characters(table)
        first_masks = _pack_bits(members[[entry.first for entry in entries]])
        classes, word_of = np.nonzero(first_masks)
        sizes = [len(entry.sequence.sets) for entry in entries]
        bases = np.cumsum([0, *sizes])[:-1].tolist()
        rows = [
            (entry.rule, EXACT if entry.sequence.is_exact else POSSIBLE, entry.anchor, base, size)
            for entry, base, size in zip(entries, bases, sizes, strict=True)
        ]
        return cls(
            spans=spans,
            span_classes=span_classes,
            members=members,
            starts=np.searchsorted(classes, np.arange(len(first_masks) + 1)),
            words=first_masks[classes, word_of],
            word_of=word_of,
            second_masks=_pack_bits(members[[entry.second for entry in entries]]),
            sequences=np.array(rows, dtype=np.int64).reshape(-1, 5),
            sets=np.array([number for entry in entries for number in entry.sequence.sets], dtype=np.int32),
            is_open=is_open,
        )


@cache
def _read_sources() -> str:
    """Return the source from which tables follow: when it changes, tables on disk are out of date."""
    return "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in _SOURCES)


_SOURCES: Final = ("character_sets.py", "sequences.py", "scanner.py")


class Scanner:
    """Patterns compiled for a common pass.

    Args:
        patterns: patterns; one that requires nothing that could be looked for is possible everywhere.
        edges: for each pattern the edges besides those of the text, see `derive_sequences`; none by default.
    """

    def __init__(self, patterns: Sequence[str], edges: Sequence[str | None] | None = None) -> None:
        all_edges = [""] * len(patterns) if edges is None else edges
        key = [_read_sources(), *patterns, *(repr(edge) for edge in all_edges)]
        arrays = load_tables(key)
        if arrays is None:
            tables = ScanTables.build(patterns, all_edges)
            save_tables(key, astuple(tables))
        else:
            tables = ScanTables(*arrays)
        self._tables = tables
        self._class_of = np.repeat(tables.span_classes, np.diff(tables.spans))

    def scan(self, texts: pl.Series) -> npt.NDArray[np.uint8]:
        """Look for all patterns in all texts.

        Args:
            texts: String without nulls.

        Returns:
            For each text and pattern 0 (no match), `POSSIBLE` or `EXACT`, shape (texts, patterns).
        """
        from cmtmed.text.scan.kernel import scan_texts

        tables = self._tables
        found = np.zeros((len(texts), len(tables.is_open)), dtype=np.uint8)
        _, offset_buffer, data_buffer = texts.to_arrow().cast("large_string").buffers()
        scan_texts(
            np.frombuffer(data_buffer or b"\0", dtype=np.uint8),
            np.frombuffer(offset_buffer, dtype=np.int64)[: len(texts) + 1],
            self._class_of,
            self._class_of[EDGE],
            tables.starts,
            tables.words,
            tables.word_of,
            tables.second_masks,
            tables.sequences,
            tables.sets,
            tables.members,
            found,
        )
        found[:, tables.is_open] = POSSIBLE
        return found


@dataclass(frozen=True)
class _Entry:
    """A sequence of a rule, with the place of its anchor and the sets of the anchor's two characters."""

    rule: int
    sequence: CharacterSequence
    anchor: int
    first: int
    second: int


def _find_anchor(rule: int, sequence: CharacterSequence, table: SetTable, everything: int) -> _Entry:
    sets = (*sequence.sets, everything)
    shares = [table.estimate_share(number) for number in sets]
    anchor = min(range(max(1, len(sequence.sets) - 1)), key=lambda place: shares[place] * shares[place + 1])
    return _Entry(rule, sequence, anchor, sets[anchor], sets[anchor + 1])


def _pack_bits(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Pack rows of bits, shape (sequences, classes), into words, shape (classes, words)."""
    padding = np.zeros((-len(bits) % 64, bits.shape[1]), dtype=bool)
    packed = np.packbits(np.concatenate([bits, padding]).T, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64)


def _classify_characters(
    table: SetTable,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
    """Number the classes of characters that no set tells apart.

    Returns:
        The runs of characters of one class (see `ScanTables`), their classes, and which set has which class.
    """
    ends = {code for ranges in table.ranges for first, last in ranges for code in (first, last + 1)}
    bounds = np.array(sorted({0, EDGE, EDGE + 1, *ends}))
    change = np.zeros((len(table.ranges), len(bounds)), dtype=np.int8)
    for number, ranges in enumerate(table.ranges):
        limits = np.array(ranges, dtype=np.int64).reshape(-1, 2)
        change[number, np.searchsorted(bounds, limits[:, 0])] += 1
        change[number, np.searchsorted(bounds, limits[:, 1] + 1)] -= 1
    held = np.cumsum(change[:, :-1], axis=1, dtype=np.int8).astype(bool)
    keys = np.ascontiguousarray(np.packbits(held, axis=0).T)
    _, index, classes = np.unique(
        keys.view(np.dtype((np.void, keys.shape[1]))).ravel(), return_index=True, return_inverse=True
    )
    return bounds, classes.astype(np.uint16), np.ascontiguousarray(held[:, index])
