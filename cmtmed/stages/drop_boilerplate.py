"""Remove what the platform wrote: adverts, canned disclaimers, picture placeholders, sentences repeated too often."""

from __future__ import annotations

from typing import ClassVar, Final

import polars as pl
from pydantic import Field, PositiveInt

from cmtmed.dedup.shingle import hash_texts
from cmtmed.messages import Turns, flatten, nest
from cmtmed.stage import CorpusStage, columns
from cmtmed.text.boilerplate import CUES, PLACEHOLDER, remove_boilerplate
from cmtmed.text.canned import QUANTITY, CannedRule
from cmtmed.text.sentences import sentences, split

_QUESTION: Final = r"[?？吗呢么][\s。！!.”\"』」）)]*$"
_PARTITION_ROWS: Final = 4_000_000


class DropBoilerplate(CorpusStage):
    """Remove platform text from turns, and drop dialogues that contain nothing else (``boilerplate``).

    There are three kinds of evidence. Rules recognize adverts and disclaimers by their wording and remove them
    anywhere. Placeholders such as [图片] are removed inside a sentence. And a statistic finds what no rule knows: a
    sentence at the start or end of a turn that occurs under very many *different* questions is canned; it is removed
    if something else remains of the turn. Counting questions instead of dialogues keeps a dialogue that was crawled
    fifty times from looking like fifty uses of its sentences. Questions are never canned: what a doctor asks every
    patient is what this library is here to keep. Neither is a sentence that names a quantity, such as a dose
    (每次两片), a temperature or a laboratory value; the rules for adverts and disclaimers do not remove one either.
    """

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("messages", "drop_reason")

    min_dialogues: PositiveInt = Field(
        default=20, description="Minimum number of different questions under which a canned sentence occurs …"
    )
    min_share: float = Field(default=0.001, ge=0, le=1, description="… and minimum share of the corpus.")
    min_chars: PositiveInt = Field(default=12, description="Shorter sentences are never canned.")
    edge: PositiveInt = Field(
        default=2, description="Number of sentences at the start and end of a turn that may be canned."
    )

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return a hash of each sentence that could be canned, with a hash of the dialogue's first turn.

        One additional row per dialogue, with sentence null, counts the corpus.
        """
        turns = flatten(batch["messages"])
        first = turns.content.gather(turns.first[turns.count > 0])
        questions = hash_texts(first).rename("question").to_frame()
        corpus = questions.select(pl.lit(None, dtype=pl.UInt64).alias("sentence"), "question")
        question_of_turn = questions["question"].to_numpy().repeat(turns.count[turns.count > 0])
        position, total = pl.int_range(pl.len()).over("text"), pl.len().over("text")
        at_edge = (position < self.edge) | (position >= total - self.edge)
        candidates = self._select_candidates(sentences(turns.content).filter((total > 1) & at_edge))
        uses = pl.DataFrame(
            {
                "sentence": hash_texts(candidates["sentence"]),
                "question": pl.Series(question_of_turn, dtype=pl.UInt64).gather(candidates["text"]),
            }
        ).unique(maintain_order=True)
        return pl.concat([corpus, uses])

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return the hashes of canned sentences: one column ``sentence``."""
        rows, dialogues = (
            sketches.select(pl.len(), pl.col("sentence").is_null().sum().alias("dialogues")).collect().row(0)
        )
        rule = CannedRule(self.min_dialogues, self.min_share)
        partitions = 1 + rows // _PARTITION_ROWS
        # By ranges of the hash, so that memory does not grow with the corpus.
        partition_of = pl.col("sentence") % partitions
        canned = [
            rule.select(sketches.filter(partition_of == partition), ["question"], dialogues).collect()
            for partition in range(partitions)
        ]
        return pl.concat(canned).sort("sentence")

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Remove boilerplate from all turns of the batch."""
        turns = flatten(batch["messages"])
        texts = turns.content
        while texts.str.contains(PLACEHOLDER).any():
            texts = texts.str.replace_all(PLACEHOLDER, "")
        has_cue = texts.str.contains_any(list(CUES)).fill_null(value=False)
        canned: dict[int, set[str]] = {index: set() for index in has_cue.arg_true()}
        if decision.height:
            candidates = self._select_candidates(sentences(texts))
            matches = candidates.filter(hash_texts(candidates["sentence"]).is_in(decision["sentence"].implode()))
            for index, sentence in matches.select("text", "sentence").iter_rows():
                canned.setdefault(index, set()).add(sentence)
        indexes = sorted(canned)
        cleaned = [_clean_turn(text, canned[index]) for index, text in zip(indexes, texts.gather(indexes), strict=True)]
        if indexes:
            texts = texts.clone().scatter(indexes, cleaned)
        return _build_verdict(batch["messages"], turns, texts)

    def _select_candidates(self, table: pl.DataFrame) -> pl.DataFrame:
        """Keep the sentences that may be canned: long enough, no question, no quantity."""
        sentence = pl.col("sentence")
        return table.filter(
            (sentence.str.len_chars() >= self.min_chars)
            & ~sentence.str.contains(_QUESTION)
            & ~sentence.str.contains(QUANTITY)
        )


def _clean_turn(text: str, canned: set[str]) -> str:
    """Remove boilerplate and the canned sentences from one turn."""
    rows = [
        (text[start:end], remove_boilerplate(text[start:end]), _space_after(text, end)) for start, end in split(text)
    ]
    kept = [(cleaned, space) for sentence, cleaned, space in rows if cleaned and sentence not in canned]
    # A turn that is nothing but canned is what the doctor said; without it the patient would go unanswered.
    kept = kept or [(cleaned, space) for _, cleaned, space in rows if cleaned]
    if [cleaned for cleaned, _ in kept] == [sentence for sentence, _, _ in rows]:
        return text
    return "".join(cleaned + space for cleaned, space in kept).strip()


def _space_after(text: str, end: int) -> str:
    """Return the white space that follows a sentence."""
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    return text[end:after]


def _build_verdict(before: pl.Series, turns: Turns, texts: pl.Series) -> pl.DataFrame:
    """Drop dialogues in which the patient or the doctor had words and has none left."""
    sides = pl.DataFrame([turns.dialogue, turns.role]).with_columns(
        (turns.content.fill_null("").str.strip_chars() != "").alias("had_text"),
        (texts.fill_null("").str.strip_chars() != "").alias("has_text"),
    )
    emptied = (
        sides.filter(pl.col("role") != "system")
        .group_by("dialogue", "role")
        .agg(pl.col("had_text").any(), pl.col("has_text").any())
        .filter(pl.col("had_text") & ~pl.col("has_text"))["dialogue"]
    )
    rows = pl.DataFrame({"before": before, "after": nest(turns.with_content(texts))}).with_row_index("dialogue")
    dropped = pl.col("dialogue").is_in(emptied.implode())
    return rows.select(
        pl.when(dropped).then("before").otherwise("after").alias("messages"),
        pl.when(dropped).then(pl.lit("boilerplate")).otherwise(pl.lit(None, dtype=pl.String)).alias("drop_reason"),
    )
