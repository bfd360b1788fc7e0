"""Sets of words, looked up in many texts at once.

Most texts of a crawl hold nothing that a rule changes, and words tell which: a rule that needs one of a few words is
tried only where one stands. All words of all rules are looked up in one pass over the text (Aho and Corasick,
"Efficient string matching", 1975), so that its cost does not grow with the number of rules.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

_ENDS_WORD: Final = 1 << 15
"""Bit of a state in which a word ends."""
_NO_RANGES: Final[Mapping[int, Sequence[tuple[str, str]]]] = {}
_FEW: Final = 64
"""Up to so many texts are searched in Python: loading the compiled kernel takes longer."""


@dataclass(frozen=True)
class Automaton:
    """The words of all sets, compiled; see `cmtmed.text.kernels.words.mark_texts`."""

    class_of: npt.NDArray[np.uint16]
    class_masks: npt.NDArray[np.uint64]
    following: npt.NDArray[np.uint16]
    state_masks: npt.NDArray[np.uint64]
    every: npt.NDArray[np.uint64]


class WordSets:
    """Sets of words that are looked up together.

    Args:
        sets: the words of each set; none of them empty.
        ranges: first and last character of ranges that belong to a set as words of one character, by the number of the
            set; no character is in two of them.
    """

    def __init__(
        self, sets: Sequence[Iterable[str]], ranges: Mapping[int, Sequence[tuple[str, str]]] = _NO_RANGES
    ) -> None:
        self._sets = tuple(_drop_longer(frozenset(words)) for words in sets)
        self._ranges = ranges

    def mark(self, texts: pl.Series) -> npt.NDArray[np.bool_]:
        """Find out which sets each text holds a word of.

        Args:
            texts: String; null holds none.

        Returns:
            One Boolean per set and text, shape (sets, texts).

        >>> WordSets([("头痛", "发热"), ("天",)]).mark(pl.Series(["头痛三天", "咳嗽两天", None])).tolist()
        [[True, False, False], [True, True, False]]
        """
        if len(texts) <= _FEW and "cmtmed.text.kernels.words" not in sys.modules:
            rows = [[self._holds(text or "", number) for text in texts] for number in range(len(self._sets))]
            return np.array(rows, dtype=np.bool_).reshape(len(self._sets), len(texts))
        from cmtmed.text.kernels.words import mark_texts

        automaton = self.automaton
        data, offsets = view_texts(texts)
        found = np.zeros((len(texts), len(automaton.every)), dtype=np.uint64)
        mark_texts(
            data,
            offsets,
            automaton.class_of,
            automaton.class_masks,
            automaton.following,
            automaton.state_masks,
            automaton.every,
            found,
        )
        marks = np.empty((len(self._sets), len(texts)), dtype=np.bool_)
        columns = np.ascontiguousarray(found.T)
        for number in range(len(self._sets)):
            np.not_equal(columns[number // 64] & _bit(number), 0, out=marks[number])
        return marks

    def _holds(self, text: str, number: int) -> bool:
        ranges = self._ranges.get(number, ())
        return (
            not self._characters[number].isdisjoint(text)
            or any(word in text for word in self._sets[number] if len(word) > 1)
            or any(first <= character <= last for first, last in ranges for character in text)
        )

    @cached_property
    def _characters(self) -> list[frozenset[str]]:
        return [frozenset(word for word in words if len(word) == 1) for words in self._sets]

    @cached_property
    def automaton(self) -> Automaton:
        """The words compiled for the kernels."""
        integers = max(1, -(-len(self._sets) // 64))
        longer = sorted({character for words in self._sets for word in words if len(word) > 1 for character in word})
        class_of, members = self._classify_characters(longer)
        children, ends = _build_trie(self._sets, class_of)
        following, state_masks = _link_states(children, _pack_sets(ends, integers), len(members))
        class_masks = _pack_sets(members, integers)
        ends_word = np.take(state_masks.any(axis=1), following) | class_masks.any(axis=1)
        following[ends_word] |= _ENDS_WORD
        every = _pack_sets([range(len(self._sets))], integers)[0]
        return Automaton(class_of, class_masks, following, state_masks, every)

    def _classify_characters(self, longer: Sequence[str]) -> tuple[npt.NDArray[np.uint16], list[Collection[int]]]:
        """Return the class of each code point, and the sets that hold each class as a word.

        Characters that are in no longer word share a class if they belong to the same sets.
        """
        owners: dict[str, set[int]] = {character: set() for character in longer}
        for number, words in enumerate(self._sets):
            for word in words:
                if len(word) == 1:
                    owners.setdefault(word, set()).add(number)
        class_of = np.zeros(0x110000, dtype=np.uint16)
        shared: dict[frozenset[int], int] = {}
        for number, ranges in self._ranges.items():
            for first, last in ranges:
                class_of[ord(first) : ord(last) + 1] = shared.setdefault(
                    frozenset([number]), len(longer) + len(shared) + 1
                )
        for character, numbers in owners.items():
            numbers.update(self._list_ranges(character))
        classes = {character: number for number, character in enumerate(longer, start=1)}
        for character in owners.keys() - classes.keys():
            classes[character] = shared.setdefault(frozenset(owners[character]), len(longer) + len(shared) + 1)
        class_of[[ord(character) for character in classes]] = list(classes.values())
        return class_of, [(), *(owners[character] for character in longer), *shared]

    def _list_ranges(self, character: str) -> list[int]:
        return [
            number
            for number, ranges in self._ranges.items()
            if any(first <= character <= last for first, last in ranges)
        ]


def view_texts(texts: pl.Series) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the UTF-8 of texts, one after another, and where each begins; a null is empty."""
    array = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    if array.null_count:
        array = array.fill_null("")
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data if data is not None and data.size else b"\0", dtype=np.uint8), starts


def _drop_longer(words: frozenset[str]) -> tuple[str, ...]:
    """Drop the words that hold another one."""
    lengths = {len(word) for word in words}
    return tuple(
        word
        for word in sorted(words)
        if not any(
            word[start : start + length] in words
            for length in lengths
            if length < len(word)
            for start in range(len(word) - length + 1)
        )
    )


def _bit(number: int) -> np.uint64:
    return np.uint64(1 << number % 64)


def _pack_sets(members: Sequence[Collection[int]], integers: int) -> npt.NDArray[np.uint64]:
    """Return sets of numbers as masks, shape (sets, integers)."""
    masks = np.zeros((len(members), integers), dtype=np.uint64)
    for row, numbers in enumerate(members):
        for number in numbers:
            masks[row, number // 64] |= _bit(number)
    return masks


def _build_trie(
    sets: Sequence[Iterable[str]], class_of: npt.NDArray[np.uint16]
) -> tuple[list[dict[int, int]], list[list[int]]]:
    """Return the children of each state by class, and the sets of the longer words that end there.

    State 0 stands before a word.
    """
    children: list[dict[int, int]] = [{}]
    ends: list[list[int]] = [[]]
    for number, words in enumerate(sets):
        for word in words:
            if len(word) == 1:
                continue
            state = 0
            for character in word:
                state = children[state].setdefault(int(class_of[ord(character)]), len(children))
                if state == len(children):
                    children.append({})
                    ends.append([])
            ends[state].append(number)
    return children, ends


def _link_states(
    children: Sequence[dict[int, int]], masks: npt.NDArray[np.uint64], columns: int
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint64]]:
    """Return the next state by state and class, and the sets with a word that ends in each state."""
    following = np.zeros((len(children), columns), dtype=np.uint16)
    # Where no word goes on, the longest end of what was read that begins a word does.
    pending = deque([(0, 0)])
    while pending:
        state, shorter = pending.popleft()
        if state:
            following[state] = following[shorter]
            masks[state] |= masks[shorter]
        for character, child in children[state].items():
            pending.append((child, int(following[shorter, character]) if state else 0))
            following[state, character] = child
    return following, masks
