"""Delimiters of tables: one character, or a word or mark that divides every line into the same number of cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.io.table_cells import Dialect, split_cells
from cmtmed.text.han import HAN

_CHARACTERS: Final = (",", "\t", ";", "|", "^", "\x01")
_WORD: Final = re.compile(
    r"<[/\w|-]{1,12}>|\[[A-Za-z_]{2,12}\]|\{[A-Za-z_]{2,12}\}|(?<=[ \t])[A-Z_]{2,12}(?=[ \t])|"
    r"([|@#$%&^*~+=¦‖§¶:-])\1+|(?:\|[@#$%&^*~+=-])+\||[\x01-\x08\x0e-\x1f]|(?<=[ \t])[|@#$%&^*~+=/\\¦‖§¶-](?=[ \t])"
)
"""What may stand between cells: a tag, a word in capitals by itself, a mark again and again or between blanks, or a
control character."""
_EVEN: Final = 0.9
"""Least share of the lines with the same number of cells."""
_HAN: Final = re.compile(rf"[{HAN}]")


def detect_delimiter(lines: Sequence[str], default: str) -> str:
    """Return the delimiter that divides most lines into the same number of cells, at least two."""

    def score(delimiter: str) -> tuple[float, bool, int]:
        counts = Counter(len(split_cells(line, Dialect(delimiter))) for line in lines)
        cells, frequency = max(((n, f) for n, f in counts.items() if n > 1), key=lambda item: item[1], default=(1, 0))
        header = len(split_cells(lines[0], Dialect(delimiter))) == cells
        return (round(frequency / max(1, len(lines)), 1) + header * (cells > 1), delimiter == default, cells)

    if not lines:
        return default
    best = max(_CHARACTERS, key=score)
    word = find_word_delimiter(lines)
    # The character may stand within a cell of every line, as between two departments.
    return word if word and (best in word or score(best)[2] <= lines[0].count(word)) else best


def find_word_delimiter(lines: Sequence[str]) -> str | None:
    """Return the word or mark of several characters between the cells of every line; None if there is none.

    It stands in all lines equally often: at least twice, so that there are three cells. What stands between two texts
    alone may as well be how somebody writes.

    >>> find_word_delimiter(["1 <sep> 头痛 <sep> 多久了", "2 <sep> 咳嗽 <sep> 有痰吗", "3 <sep> 腹泻 <sep> 几次"])
    '<sep>'
    """
    written = [line for line in lines if line.strip()]
    if len(written) < 3 or sum(1 for line in written if _HAN.search(line)) < _EVEN * len(written):
        return None
    found = [delimiter for delimiter in _list_words(written) if _divides_evenly(delimiter, written)]
    return max(found, key=lambda delimiter: (written[0].count(delimiter), len(delimiter)), default=None)


def _list_words(lines: Sequence[str]) -> Iterator[str]:
    """Yield what stands in the first line and in the last one and may divide both."""
    first, last = ({match.group() for match in _WORD.finditer(line)} for line in (lines[0], lines[-2]))
    yield from sorted(first & last)


def _divides_evenly(delimiter: str, lines: Sequence[str]) -> bool:
    counts = Counter(line.count(delimiter) for line in lines)
    number, frequency = counts.most_common(1)[0]
    return number > 1 and frequency >= _EVEN * len(lines)
