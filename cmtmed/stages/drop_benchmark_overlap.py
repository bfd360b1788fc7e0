"""Keep test sets out of training data."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl
from pydantic import Field, PositiveInt

from cmtmed.dedup.first_question import find_first_questions
from cmtmed.dedup.ngram_overlap import hash_ngrams, ngram_containment
from cmtmed.dedup.shingle import hash_texts
from cmtmed.messages import flatten
from cmtmed.stage import CorpusStage, columns


class DropBenchmarkOverlap(CorpusStage):
    """Drop dialogues that contain text of a test set (``overlap:<source>``).

    Test sets are sources of the same build, named in ``test_sources``; their own dialogues are never dropped here. A
    dialogue overlaps when its first question is that of a test dialogue (as `assign_split` compares them, at any
    length), or when enough of the character n-grams of one of its patient turns, or of the whole dialogue, occur in the
    test set. N-grams that occur in many test dialogues are common phrases and are ignored.
    """

    reads: ClassVar = columns("id", "source", "messages", "identifiers")
    writes: ClassVar = columns("drop_reason")
    optional: ClassVar = frozenset({"identifiers"})

    test_sources: tuple[str, ...] = Field(default=(), description="Sources that are test sets.")
    ngram: PositiveInt = Field(default=13, description="Characters per n-gram, white space removed.")
    threshold: float = Field(default=0.6, gt=0, le=1, description="Minimum share of n-grams in the test set.")
    min_chars: PositiveInt = Field(default=20, description="Shorter texts are ignored.")
    common: PositiveInt = Field(
        default=3, description="N-grams that occur in more test dialogues than this are common phrases."
    )

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the first questions and n-grams of the test dialogues: ``source``, ``dialogue``, ``gram``, ``whole``.

        ``gram`` is a hash of the n-gram or, where ``whole`` is true, of the question.
        """
        schema = pl.Schema({"source": pl.String, "dialogue": pl.String, "gram": pl.UInt64, "whole": pl.Boolean})
        tests = batch.filter(pl.col("source").is_in(self.test_sources))
        if tests.is_empty():
            return pl.DataFrame(schema=schema)
        turns = flatten(tests["messages"])
        text, gram = hash_ngrams(turns.content.fill_null(""), n=self.ngram)
        rows = turns.dialogue.gather(pl.Series(text))
        grams = pl.DataFrame([tests["source"].gather(rows), tests["id"].gather(rows).alias("dialogue")]).with_columns(
            pl.Series("gram", gram), whole=pl.lit(value=False)
        )
        question = find_first_questions(tests["messages"], tests["identifiers"])
        questions = pl.DataFrame([tests["source"], tests["id"].alias("dialogue"), hash_texts(question).alias("gram")])
        questions = questions.with_columns(whole=pl.lit(value=True)).filter(question.is_not_null())
        return pl.concat([grams.unique(maintain_order=True), questions]).cast(schema)

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return what identifies a test set: ``source``, ``gram`` and ``whole``, sorted."""
        return (
            sketches.group_by("source", "gram", "whole")
            .agg(pl.col("dialogue").n_unique())
            .filter(pl.col("whole") | (pl.col("dialogue") <= self.common))
            .select("source", "gram", "whole")
            .sort("source", "gram", "whole")
            .collect()
        )

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Set ``drop_reason`` of the dialogues that overlap; the first test set by name wins."""
        reason = pl.Series("drop_reason", [None] * batch.height, dtype=pl.String)
        if decision.is_empty() or batch.is_empty():
            return reason.to_frame()
        turns = flatten(batch["messages"])
        texts = turns.content.fill_null("")
        dialogue_text = batch.select(
            pl.col("messages").list.eval(pl.element().struct.field("content").fill_null("")).list.join("\n")
        ).to_series()
        long_turn = (turns.role == "user") & (texts.str.len_chars() >= self.min_chars)
        long_dialogue = dialogue_text.str.len_chars() >= self.min_chars
        is_test = batch["source"].is_in(self.test_sources)
        question = find_first_questions(batch["messages"], batch["identifiers"])
        question_hash = hash_texts(question)
        for (source,), group in decision.group_by("source", maintain_order=True):
            grams = group.filter(~pl.col("whole"))["gram"].to_numpy()
            shares_question = question.is_not_null() & question_hash.is_in(group.filter("whole")["gram"].implode())
            overlapping = turns.dialogue.filter(long_turn).filter(
                pl.Series(ngram_containment(texts.filter(long_turn), grams, n=self.ngram) >= self.threshold)
            )
            dialogue_overlaps = (
                pl.Series(ngram_containment(dialogue_text, grams, n=self.ngram) >= self.threshold) & long_dialogue
            )
            turn_overlaps = np.zeros(batch.height, dtype=bool)
            turn_overlaps[overlapping.to_numpy()] = True
            overlaps = pl.Series(turn_overlaps) | dialogue_overlaps | shares_question
            mask = overlaps & ~is_test & reason.is_null()
            reason = reason.zip_with(~mask, pl.Series([f"overlap:{source}"]).new_from_index(0, batch.height))
        return reason.rename("drop_reason").to_frame()
