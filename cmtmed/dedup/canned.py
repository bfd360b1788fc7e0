"""Canned sentences: sentences in so many dialogues that they say nothing about their similarity.

Greetings, thanks, disclaimers and adverts make short dialogues look alike. A sentence is canned when it occurs under
many different questions (the rule is `cmtmed.text.canned.CannedRule`). Questions are compared in three places,
beginning, middle and end, and have to differ in two of them: altered copies of one dialogue share most of at least two,
and questions that end in the same phrase do not. A sentence that names a quantity is never canned, whatever its
frequency: another dose is another dialogue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.shingle import hash_texts
from cmtmed.dedup.texts import Chunk, UInt64s
from cmtmed.dedup.threads import run_in_threads
from cmtmed.text.canned import DIGIT_RANGES, NUMERALS, PAIRED_UNITS, UNITS, CannedRule

_MIN_CHARS: Final = 6
_QUESTION_FIELDS: Final = ("beginning", "middle", "end")

_MAX_SAMPLE: Final = 200_000
"""Maximum number of dialogues counted; larger corpora are sampled by the hash of the text."""


def _to_codes(characters: str) -> npt.NDArray[np.int64]:
    return np.array([ord(character) for character in characters], dtype=np.int64)


_CHARACTERS: Final = (
    _to_codes("。！？；…!?;\n"),
    _to_codes(NUMERALS),
    _to_codes(UNITS),
    np.array([[ord(character) for character in unit] for unit in PAIRED_UNITS], dtype=np.int64),
    np.array([[ord(first), ord(last)] for first, last in DIGIT_RANGES], dtype=np.int64),
)
"""The tables that the kernels read: ends of sentences, and what names a quantity."""

_BLOCK_BYTES: Final = 2**21


@dataclass
class SentenceCounts:
    """Counts of the different questions under which sentences occur, added chunk after chunk.

    Attributes:
        texts: total number of texts; of more than 200,000 a sample is counted.
    """

    texts: int
    _sampled: int = 0
    _tables: list[pl.DataFrame] = field(default_factory=list)

    def add(self, chunk: Chunk, hashes: UInt64s, questions: UInt64s) -> None:
        """Count the sentences of a chunk of texts.

        Args:
            chunk: the texts, no two of them equal.
            hashes: hash of each text.
            questions: question hashes of each text, from `hash_questions`.
        """
        from cmtmed.dedup.kernels.sentences import hash_sentences

        stride = -(-self.texts // _MAX_SAMPLE)
        in_sample = hashes % np.uint64(max(1, stride)) == 0
        self._sampled += int(in_sample.sum())
        results: list[UInt64s] = []
        run_in_threads(
            lambda start, end: results.append(
                hash_sentences(chunk.data, chunk.offsets, start, end, _MIN_CHARS, _CHARACTERS)
            ),
            chunk.split_ranges(_BLOCK_BYTES),
        )
        for sentences, owners in results:
            rows = owners.astype(np.int64)
            sampled = in_sample[rows]
            columns = {name: questions[rows[sampled], index] for index, name in enumerate(_QUESTION_FIELDS)}
            self._tables.append(pl.DataFrame({"sentence": sentences[sampled], **columns}))

    def select_canned(self, min_texts: int, min_share: float) -> UInt64s:
        """Return the hashes of canned sentences.

        Args:
            min_texts: minimum number of texts that hold a canned sentence.
            min_share: minimum share of the texts that hold it.
        """
        if not self._tables:
            return np.zeros(0, dtype=np.uint64)
        rule = CannedRule(min_texts, min_share, different_per_dialogue=0.3, different_per_required=0.5)
        uses = pl.concat(self._tables).unique().lazy()
        return rule.select(uses, _QUESTION_FIELDS, self._sampled).collect()["sentence"].sort().to_numpy()


def blank_canned(chunk: Chunk, canned: UInt64s) -> Chunk:
    """Return the texts with white space, which shingles skip, in place of their canned sentences."""
    from cmtmed.dedup.kernels.hashing import fill_table
    from cmtmed.dedup.kernels.sentences import blank_sentences

    if len(canned) == 0 or len(chunk) == 0:
        return chunk
    table = np.zeros(1 << max(6, int(2 * len(canned)).bit_length()), dtype=np.uint64)
    fill_table(canned, table)
    out = np.empty(max(1, int(chunk.offsets[-1] - chunk.offsets[0])), dtype=np.uint8)
    run_in_threads(
        lambda start, end: blank_sentences(chunk.data, chunk.offsets, start, end, _MIN_CHARS, _CHARACTERS, table, out),
        chunk.split_ranges(_BLOCK_BYTES),
    )
    return Chunk.from_buffers(out, chunk.offsets - chunk.offsets[0])


def hash_questions(questions: pl.Series, chars: int = 8) -> UInt64s:
    """Return hashes of a few characters of questions, punctuation and white space removed.

    Returns:
        Array of shape (questions, 3): at the beginning, in the middle, at the end.
    """
    bare = questions.fill_null("").str.replace_all(r"[\s\p{P}]", "")
    middle = pl.DataFrame({"bare": bare}).select(
        pl.col("bare").str.slice(pl.col("bare").str.len_chars().cast(pl.Int64) // 2 - chars // 2, chars)
    )
    excerpts = (bare.str.head(chars), middle.to_series(), bare.str.tail(chars))
    return np.stack([hash_texts(excerpt).to_numpy() for excerpt in excerpts], axis=1)
