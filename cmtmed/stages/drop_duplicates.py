"""Keep one dialogue of each cluster of exact and near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Literal

import polars as pl
from pydantic import Field, PositiveInt, field_validator

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.corpus import KeepRule, summarize_dialogues
from cmtmed.dedup.duplicates import DuplicateRules, find_duplicates
from cmtmed.stage import CorpusStage, columns

_BATCH: Final = 20_000


class DropDuplicates(CorpusStage):
    """Keep one dialogue of each cluster (``exact_duplicate``, ``near_duplicate``, ``contained``, ``same_question``).

    Two dialogues are near-duplicates when the true Jaccard similarity of their sets of character 5-grams, white
    space and canned sentences removed, reaches the threshold: MinHash (Broder 1997) proposes pairs, and an exact
    comparison decides before any are joined. A dialogue with which a longer one begins word for word, or nearly all of
    which a longer one holds, is dropped too. Digits are never normalized away: at threshold 1.0 a different dose makes
    a different dialogue. ``cluster`` of every member is the id of the dialogue that was kept; no two kept dialogues are
    near-duplicates.
    """

    reads: ClassVar = columns("id", "messages", "inquiries", "cluster")
    writes: ClassVar = columns("cluster", "drop_reason")

    threshold: float = Field(default=0.8, gt=0, le=1, description="Minimum Jaccard similarity of a near-duplicate.")
    ngram: PositiveInt = Field(default=5, description="Characters per shingle.")
    num_perm: PositiveInt = Field(default=128, description="Length of a signature.")
    seed: int = Field(default=1, ge=0, description="Seed of the signatures.")
    keep: tuple[KeepRule, ...] = Field(
        default=("most_turns", "most_inquiries", "longest", "first"),
        description="Which dialogue of a cluster is kept: the rules in this order, each deciding what the previous one "
        "left open. ``first`` is the dialogue with the lowest id.",
    )
    containment: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Minimum share of a dialogue's shingles in a longer one, at least ``threshold``; 0 drops none.",
    )
    ignore_canned: bool = Field(default=True, description="Whether canned sentences are ignored in comparisons.")
    canned_dialogues: PositiveInt = Field(
        default=20, description="Minimum number of different questions under which a canned sentence occurs …"
    )
    canned_share: float = Field(default=0.001, ge=0, le=1, description="… and minimum share of the corpus.")
    same_question: Literal["keep_all", "keep_best"] = Field(
        default="keep_all",
        description="What happens to dialogues that begin with the same patient turn but go on differently.",
    )

    @field_validator("keep")
    @classmethod
    def _check_keep(cls, rules: tuple[KeepRule, ...]) -> tuple[KeepRule, ...]:
        if not rules or rules[-1] != "first" or len(set(rules)) < len(rules):
            raise ValueError("list each rule at most once and end with 'first', the only rule that always decides")
        return rules

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return for each dialogue its text, its question and the values that the keep rules compare."""
        return batch.select(
            "id", *summarize_dialogues(pl.col("messages")), pl.col("inquiries").list.len().alias("asks")
        )

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return ``id``, ``cluster`` and ``drop_reason`` of the dialogues that have a duplicate."""
        rows = sketches.select(pl.len()).collect().item()

        def batches() -> Iterator[pl.DataFrame]:
            for start in range(0, max(rows, 1), _BATCH):
                yield sketches.slice(start, _BATCH).collect()

        rules = DuplicateRules(
            config=MinHashConfig(self.threshold, self.ngram, self.num_perm, self.seed),
            keep=self.keep,
            # At threshold 1 a changed number is another dialogue, also at the end of a longer one.
            containment=max(self.containment, self.threshold) if self.containment else None,
            canned_dialogues=self.canned_dialogues,
            canned_share=self.canned_share if self.ignore_canned else None,
            same_question=self.same_question == "keep_best",
        )
        return find_duplicates(batches, rules)
