"""Canned sentences: what stands in so many dialogues that it says nothing about their likeness.

Greetings, thanks, disclaimers and adverts make short dialogues look alike. A sentence is canned when it stands under
many different questions. Questions are compared at three places, beginning, middle and end, and have to differ at two
of them: altered copies of one dialogue share most of at least two, and questions that end in the same phrase do not.
A sentence that names a quantity (a digit, or a Chinese numeral before a unit) is never canned, whatever its frequency:
another dose is another dialogue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.shingle import Chunk, UInt64s, in_threads, text_hashes

_LEAST_CHARS: Final = 6
_SHARE: Final = 0.3
"""Least share of different questions among the dialogues that a canned sentence stands in."""

_PLACES: Final = ("beginning", "middle", "end")

_SAMPLE: Final = 200_000
"""Dialogues that are counted, drawn by the hash of their text."""


def _codes(signs: str) -> npt.NDArray[np.int64]:
    return np.array([ord(sign) for sign in signs], dtype=np.int64)


_SIGNS: Final = (
    _codes("。！？；…!?;\n"),
    _codes("零一二两三四五六七八九十百半"),
    _codes("次片粒颗丸支瓶袋包滴勺毫微克升单国个天日周月年岁度小分格针杯贴倍成％%"),
)
_BLOCK: Final = 2**21


@dataclass
class SentenceCounts:
    """Under how many different questions sentences stand, counted chunk after chunk.

    Attributes:
        texts: how many there are in all; of more than 200,000 a sample is counted.
    """

    texts: int
    _counted: int = 0
    _parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, chunk: Chunk, hashes: UInt64s, questions: UInt64s) -> None:
        """Count the sentences of some texts.

        Args:
            chunk: the texts, no two of them equal.
            hashes: of the texts.
            questions: of the texts, as `question_places` gives them.
        """
        from cmtmed.dedup.kernels_dialogue import sentence_hashes

        share = -(-self.texts // _SAMPLE)
        drawn = hashes % np.uint64(max(1, share)) == 0
        self._counted += int(drawn.sum())
        found: list[UInt64s] = []
        in_threads(
            lambda start, end: found.append(
                sentence_hashes(chunk.data, chunk.offsets, start, end, _LEAST_CHARS, _SIGNS)
            ),
            chunk.blocks(_BLOCK),
        )
        for sentence, text in found:
            row = text.astype(np.int64)[drawn[text.astype(np.int64)]]
            sentence = sentence[drawn[text.astype(np.int64)]]  # noqa: PLW2901
            places = {name: questions[row, place] for place, name in enumerate(_PLACES)}
            self._parts.append(pl.DataFrame({"sentence": sentence, **places}))

    def canned(self, min_texts: int, min_share: float) -> UInt64s:
        """Return the hashes of canned sentences: in at least so many texts, and at least so large a share of them."""
        if not self._parts:
            return np.zeros(0, dtype=np.uint64)
        needed = max(min_texts, min_share * self._counted)
        found = (
            pl.concat(self._parts)
            .unique()
            .group_by("sentence")
            .agg(pl.len(), pl.concat_list(pl.col(name).n_unique() for name in _PLACES).list.median().alias("different"))
            .filter(pl.col("len") >= needed)
            .filter(pl.col("different") >= pl.max_horizontal(_SHARE * pl.col("len"), needed / 2))
        )
        return found["sentence"].sort().to_numpy()


def without_canned(chunk: Chunk, canned: UInt64s) -> Chunk:
    """Return the texts with white space, which shingles pass over, in place of their canned sentences."""
    from cmtmed.dedup.kernels_dialogue import blank_canned
    from cmtmed.dedup.kernels_overlap import fill_table

    if len(canned) == 0 or len(chunk) == 0:
        return chunk
    table = np.zeros(1 << max(6, int(2 * len(canned)).bit_length()), dtype=np.uint64)
    fill_table(canned, table)
    out = np.empty(max(1, int(chunk.offsets[-1] - chunk.offsets[0])), dtype=np.uint8)
    in_threads(
        lambda start, end: blank_canned(chunk.data, chunk.offsets, start, end, _LEAST_CHARS, _SIGNS, table, out),
        chunk.blocks(_BLOCK),
    )
    return Chunk.over(out, chunk.offsets - chunk.offsets[0])


def question_places(questions: pl.Series, chars: int = 8) -> UInt64s:
    """Return hashes of a few characters of questions, punctuation and white space removed.

    Returns:
        Array of shape (questions, 3): at the beginning, in the middle, at the end.
    """
    bare = questions.fill_null("").str.replace_all(r"[\s\p{P}]", "")
    middle = pl.DataFrame({"bare": bare}).select(
        pl.col("bare").str.slice(pl.col("bare").str.len_chars().cast(pl.Int64) // 2 - chars // 2, chars)
    )
    parts = (bare.str.head(chars), middle.to_series(), bare.str.tail(chars))
    return np.stack([text_hashes(part).to_numpy() for part in parts], axis=1)
