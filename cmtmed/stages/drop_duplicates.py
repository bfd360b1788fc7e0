"""Keep one dialogue of each cluster of exact and near-duplicates."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
import polars as pl
from pydantic import Field, PositiveInt, field_validator

from cmtmed.dedup.cluster import components
from cmtmed.dedup.minhash import signatures
from cmtmed.dedup.pairs import clusters_of
from cmtmed.dedup.shingle import text_hashes
from cmtmed.stage import CorpusStage, columns

Rule = Literal["most_turns", "most_inquiries", "longest", "first"]
_EXACT: Final = "exact_duplicate"
_NEAR: Final = "near_duplicate"
_QUESTION: Final = "same_question"


class DropDuplicates(CorpusStage):
    """Drop all but one dialogue of every cluster (``exact_duplicate``, ``near_duplicate``, ``same_question``).

    Two dialogues are near-duplicates when the true Jaccard similarity of their sets of character 5-grams, white space
    removed, reaches the threshold: MinHash (Broder 1997) proposes, an exact comparison decides before anything is
    joined. Digits are never normalized away: at threshold 1.0 another dose is another dialogue. ``cluster`` of every
    member is the id of the dialogue that was kept.
    """

    reads: ClassVar = columns("id", "messages", "inquiries", "cluster")
    writes: ClassVar = columns("cluster", "drop_reason")

    threshold: float = Field(default=0.8, gt=0, le=1, description="Least Jaccard similarity of a near-duplicate.")
    ngram: PositiveInt = Field(default=5, description="Characters per shingle.")
    num_perm: PositiveInt = Field(default=128, description="Length of a signature.")
    seed: int = Field(default=1, ge=0, description="Another seed gives other signatures.")
    keep: tuple[Rule, ...] = Field(
        default=("most_turns", "most_inquiries", "longest", "first"),
        description="Which dialogue of a cluster is kept: the rules in this order, each deciding what the one before "
        "left open.",
    )
    same_question: Literal["keep_all", "keep_best"] = Field(
        default="keep_all",
        description="What happens to dialogues that begin with the same patient turn but go on differently.",
    )

    @field_validator("keep")
    @classmethod
    def _ends_in_a_decision(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if not rules or rules[-1] != "first" or len(set(rules)) < len(rules):
            raise ValueError("name each rule once and end with 'first', which alone leaves nothing open")
        return rules

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return per dialogue its text, its signature, its first patient turn and what the keep rules compare."""
        content = pl.element().struct.field("content").fill_null("")
        asked = pl.element().filter(pl.element().struct.field("role") == "user").struct.field("content")
        rows = batch.select(
            "id",
            pl.col("messages").list.eval(content).list.join("").str.replace_all(r"\s", "").alias("text"),
            pl.col("messages").list.eval(asked).list.first().str.replace_all(r"\s", "").alias("question"),
            pl.col("messages").list.len().alias("turns"),
            pl.col("inquiries").list.len().alias("asks"),
        )
        made = signatures(rows["text"], ngram=self.ngram, num_perm=self.num_perm, seed=self.seed)
        signature = pl.Series("signature", made, dtype=pl.Array(pl.UInt32, self.num_perm))
        return rows.with_columns(signature)

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return ``id``, ``cluster`` and ``drop_reason`` of the dialogues that have a duplicate."""
        texts = sketches.select("text").collect()["text"]
        made = sketches.select("signature").collect()["signature"].to_numpy()
        label = clusters_of(
            texts, self.threshold, ngram=self.ngram, signatures=np.ascontiguousarray(made.reshape(-1, self.num_perm))
        )
        rows = (
            sketches.select("id", "turns", "asks", "question", pl.col("text").str.len_chars().alias("chars"))
            .collect()
            .with_columns(text_hashes(texts).alias("text"), pl.Series("label", label), pl.Series("near", label))
            .with_row_index("first")
        )
        if self.same_question == "keep_best":
            rows = _joined(rows)
        return self._verdicts(rows.filter(pl.len().over("label") > 1))

    def _verdicts(self, rows: pl.DataFrame) -> pl.DataFrame:
        better = {
            "most_turns": -pl.col("turns").cast(pl.Int64),
            "most_inquiries": -pl.col("asks").cast(pl.Int64),
            "longest": -pl.col("chars").cast(pl.Int64),
            "first": pl.col("first").cast(pl.Int64),
        }
        ranked = rows.sort("label", *(better[rule] for rule in self.keep)).with_columns(
            pl.col("id").first().over("label").alias("cluster"),
            pl.col("text").first().over("label").alias("kept_text"),
            pl.int_range(pl.len()).over("label").alias("rank"),
            pl.col("near").first().over("label").alias("kept_near"),
        )
        reason = (
            pl.when(pl.col("rank") == 0)
            .then(pl.lit(None, dtype=pl.String))
            .when(pl.col("text") == pl.col("kept_text"))
            .then(pl.lit(_EXACT))
            .when(pl.col("near") != pl.col("kept_near"))
            .then(pl.lit(_QUESTION))
            .otherwise(pl.lit(_NEAR))
        )
        return ranked.sort("first").select("id", "cluster", reason.alias("drop_reason"))


def _joined(rows: pl.DataFrame) -> pl.DataFrame:
    """Join clusters whose dialogues begin with the same patient turn."""
    asked = rows.filter(pl.col("question").fill_null("") != "")
    links = asked.select("label", pl.col("label").first().over("question").alias("other")).unique()
    merged = components(links["label"].to_numpy(), links["other"].to_numpy(), rows.height)
    return rows.with_columns(pl.Series("label", merged).gather(rows["label"]))
