"""Remove what the platform wrote: adverts, canned disclaimers, picture placeholders, sentences seen too often."""

from __future__ import annotations

from typing import ClassVar, Final

import polars as pl
from pydantic import Field, PositiveInt

from cmtmed.dedup.shingle import hash_texts
from cmtmed.messages import Turns, flatten, nest
from cmtmed.stage import CorpusStage, columns
from cmtmed.text.boilerplate import CUES, PLACEHOLDER, without_boilerplate
from cmtmed.text.sentences import sentences, split

_QUESTION: Final = r"[?？吗呢么][\s。！!.”\"』」）)]*$"
_PART_ROWS: Final = 4_000_000


class DropBoilerplate(CorpusStage):
    """Remove platform text from turns, and dialogues of which nothing else is left (``boilerplate``).

    Three kinds of evidence. Rules know adverts and disclaimers by their wording and remove them anywhere.
    Placeholders such as [图片] are removed inside a sentence. And a statistic finds what no rule knows: a
    sentence at the start or end of a turn that stands under very many *different* questions is canned; it is
    removed where something else remains of the turn. Counting questions instead of dialogues keeps a dialogue
    that was crawled fifty times from looking like fifty uses of its sentences. Questions are never canned: what
    a doctor asks every patient is what this library is here to keep.
    """

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("messages", "drop_reason")

    min_dialogues: PositiveInt = Field(
        default=20, description="A canned sentence stands under at least so many different questions …"
    )
    min_share: float = Field(default=0.001, ge=0, le=1, description="… and in at least this share of the corpus.")
    min_chars: PositiveInt = Field(default=12, description="Shorter sentences are never canned.")
    edge: PositiveInt = Field(
        default=2, description="How many sentences from the start or end of a turn may be canned."
    )

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return a hash of each sentence that could be canned, with a hash of the dialogue's first turn.

        One row more per dialogue, with sentence null, counts the corpus.
        """
        turns = flatten(batch["messages"])
        first = turns.content.gather(turns.first[turns.count > 0])
        question = hash_texts(first).rename("question").to_frame()
        question = question.select(pl.lit(None, dtype=pl.UInt64).alias("sentence"), "question")
        spoken = question["question"].to_numpy().repeat(turns.count[turns.count > 0])
        place, of = pl.int_range(pl.len()).over("text"), pl.len().over("text")
        edges = sentences(turns.content).filter((of > 1) & ((place < self.edge) | (place >= of - self.edge)))
        edges = self._candidates(edges)
        found = pl.DataFrame(
            {
                "sentence": hash_texts(edges["sentence"]),
                "question": pl.Series(spoken, dtype=pl.UInt64).gather(edges["text"]),
            }
        ).unique(maintain_order=True)
        return pl.concat([question, found])

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return the hashes of canned sentences: one column ``sentence``."""
        rows, corpus = sketches.select(pl.len(), pl.col("sentence").is_null().sum().alias("corpus")).collect().row(0)
        needed = max(self.min_dialogues, self.min_share * corpus)
        parts = 1 + rows // _PART_ROWS
        # By ranges of the hash, so that memory does not grow with the corpus.
        found = [
            sketches.filter(pl.col("sentence") % parts == part)
            .group_by("sentence")
            .agg(pl.col("question").n_unique())
            .filter(pl.col("question") >= needed)
            .select("sentence")
            .collect()
            for part in range(parts)
        ]
        return pl.concat(found).sort("sentence")

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Remove boilerplate from all turns of the batch."""
        turns = flatten(batch["messages"])
        texts = turns.content
        while texts.str.contains(PLACEHOLDER).any():
            texts = texts.str.replace_all(PLACEHOLDER, "")
        suspects = texts.str.contains_any(list(CUES)).fill_null(value=False)
        canned: dict[int, set[str]] = {place: set() for place in suspects.arg_true()}
        if decision.height:
            told = self._candidates(sentences(texts))
            known = told.filter(hash_texts(told["sentence"]).is_in(decision["sentence"].implode()))
            for place, sentence in known.select("text", "sentence").iter_rows():
                canned.setdefault(place, set()).add(sentence)
        places = sorted(canned)
        cleaned = [_cleaned(text, canned[at]) for at, text in zip(places, texts.gather(places), strict=True)]
        if places:
            texts = texts.clone().scatter(places, cleaned)
        return _verdict(batch["messages"], turns, texts)

    def _candidates(self, told: pl.DataFrame) -> pl.DataFrame:
        """Keep the sentences that are long enough to be canned and ask nothing."""
        return told.filter(
            (pl.col("sentence").str.len_chars() >= self.min_chars) & ~pl.col("sentence").str.contains(_QUESTION)
        )


def _cleaned(text: str, canned: set[str]) -> str:
    spans = split(text)
    told = [(without_boilerplate(text[start:end]), text[start:end], _gap(text, end)) for start, end in spans]
    kept = [(left, gap) for left, sentence, gap in told if left and sentence not in canned]
    # A turn that is nothing but canned is what the doctor said; without it the patient would go unanswered.
    kept = kept or [(left, gap) for left, _, gap in told if left]
    if [left for left, _ in kept] == [sentence for _, sentence, _ in told]:
        return text
    return "".join(left + gap for left, gap in kept).strip()


def _gap(text: str, end: int) -> str:
    """Return the white space that follows a sentence."""
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    return text[end:after]


def _verdict(before: pl.Series, turns: Turns, texts: pl.Series) -> pl.DataFrame:
    """Drop dialogues in which a side that had words has none left."""
    left = pl.DataFrame([turns.dialogue, turns.role]).with_columns(
        (turns.content.fill_null("").str.strip_chars() != "").alias("had"),
        (texts.fill_null("").str.strip_chars() != "").alias("has"),
    )
    lost = (
        left.group_by("dialogue", "role")
        .agg(pl.col("had").any(), pl.col("has").any())
        .filter(pl.col("had") & ~pl.col("has"))["dialogue"]
    )
    rows = pl.DataFrame({"before": before, "after": nest(turns.with_content(texts))}).with_row_index("dialogue")
    gone = pl.col("dialogue").is_in(lost.implode())
    return rows.select(
        pl.when(gone).then("before").otherwise("after").alias("messages"),
        pl.when(gone).then(pl.lit("boilerplate")).otherwise(pl.lit(None, dtype=pl.String)).alias("drop_reason"),
    )
