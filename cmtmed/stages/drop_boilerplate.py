"""Remove what the platform wrote: adverts, notices, cards, form labels, placeholders, text repeated too often."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, PositiveInt

from cmtmed.dedup.shingle import hash_texts
from cmtmed.messages import Turns, flatten, nest, nest_left_out
from cmtmed.stage import CorpusStage, columns
from cmtmed.text.canned import CannedRule
from cmtmed.text.edges import Units, extract_units, remove_units
from cmtmed.text.turn_cleaning import TurnCleaning

_PARTITION_ROWS: Final = 4_000_000


class DropBoilerplate(CorpusStage):
    """Remove platform text from turns, and drop dialogues that contain nothing else (``boilerplate``).

    There are three kinds of evidence. Rules recognize platform text by its wording and remove it anywhere: adverts,
    requests for ratings, notices, cards, references to records, greetings of the service, disclaimers, placeholders
    such as [图片]. Form labels (病情描述：) are removed where the value says the same without them. And a statistic
    finds what no rule knows: text at the start or end of a turn (a sentence, its beginning up to a comma or colon, or
    its end) that occurs under very many *different* questions and speaks of the service is canned. Counting questions
    instead of dialogues keeps a dialogue that was crawled fifty times from looking like fifty uses of its sentences.

    A turn that is nothing but canned is removed if the same side says something else in the same run of turns, or
    if it opens the doctor's side and more follows; otherwise it is an answer and stays. Questions are never canned, nor
    is text that names a quantity (每次两片, 38.5℃) or the patient's care (注意休息), and neither goes with an advert
    or disclaimer beside it.
    """

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("messages", "drop_reason", "left_out")

    min_dialogues: PositiveInt = Field(
        default=20, description="Minimum number of different questions under which a canned sentence occurs …"
    )
    min_share: float = Field(default=0.001, ge=0, le=1, description="… and minimum share of the corpus.")
    min_chars: PositiveInt = Field(default=12, description="Shorter sentences and parts are never canned.")
    edge: PositiveInt = Field(
        default=2, description="Number of sentences at the start and end of a turn that may be canned."
    )

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return a hash of each text that could be canned, with a hash of the dialogue's question.

        The question is the patient's first turn with text; where the patient says nothing, it is the first turn.

        One additional row per dialogue, with sentence null, counts the corpus.
        """
        turns = flatten(batch["messages"])
        questions = hash_texts(turns.content.gather(_find_questions(turns))).rename("question").to_frame()
        corpus = questions.select(pl.lit(None, dtype=pl.UInt64).alias("sentence"), "question")
        question_of_turn = pl.Series(
            questions["question"].to_numpy().repeat(turns.count[turns.count > 0]), dtype=pl.UInt64
        )
        units = extract_units(turns.content, self.edge, self.min_chars)
        # The only words of a side are what it said, however many others said the same.
        spoken = pl.DataFrame([turns.dialogue, turns.role, turns.content]).select(
            (pl.col("content") != "").sum().over("dialogue", "role").alias("turns")
        )["turns"]
        units = units.filter(~pl.col("alone") | (spoken.gather(units["text"]) > 1))
        uses = pl.DataFrame(
            {"sentence": hash_texts(units["unit"]), "question": question_of_turn.gather(units["text"])}
        ).unique(maintain_order=True)
        return pl.concat([corpus, uses])

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return the hashes of canned texts: one column ``sentence``."""
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
        cleaning = TurnCleaning(turns.content, turns.dialogue)
        cleaning.apply_rules(range(len(turns.content)))
        by_rules = cleaning.copy()
        rows = list(range(len(turns.content))) if decision.height else []
        # What is removed may uncover more of it.
        while rows:
            rows = self._remove_canned(cleaning, rows, decision)
            cleaning.apply_rules(rows)
        if cleaning.texts is not by_rules.texts:
            cleaning.restore(by_rules, _find_answers(turns, by_rules.texts, cleaning.texts))
        return _build_verdict(batch["messages"], turns, cleaning)

    def _remove_canned(self, cleaning: TurnCleaning, rows: list[int], decision: pl.DataFrame) -> list[int]:
        """Remove canned units from some turns; return those in which there were any."""
        hashes = decision["sentence"].implode()
        texts = cleaning.texts.gather(rows)
        canned = extract_units(texts, self.edge, self.min_chars, lambda units: hash_texts(units).is_in(hashes))
        units_by_row: dict[int, Units] = {}
        for row, position, unit in canned.select("text", "kind", "unit").iter_rows():
            units_by_row.setdefault(rows[row], Units()).add(position, unit)
        texts = cleaning.texts.gather(list(units_by_row))
        return cleaning.remove_canned(
            {
                row: remove_units(text, units_by_row[row], self.edge)
                for row, text in zip(units_by_row, texts, strict=True)
            }
        )


def _find_questions(turns: Turns) -> npt.NDArray[np.int64]:
    """Return for each dialogue with turns the number of the patient's first turn with text, or of its first turn."""
    questions = turns.first.copy()
    spoken = ((turns.role == "user") & (turns.content.str.strip_chars() != "")).fill_null(value=False)
    rows = spoken.arg_true().to_numpy()
    owners, firsts = np.unique(turns.dialogue.to_numpy()[rows], return_index=True)
    questions[owners] = rows[firsts]
    return questions[turns.count > 0]


def _find_answers(turns: Turns, by_rules: pl.Series, texts: pl.Series) -> list[int]:
    """Return the turns that are nothing but canned and stay: without them a turn would have no reply.

    A canned turn goes if another turn of the same run has text left, or if it stands before the first turn with text of
    a doctor who says more. Runs are taken over system turns and turns without text.
    """
    table = pl.DataFrame(
        {
            "dialogue": turns.dialogue,
            "role": turns.role,
            "spoken": by_rules.fill_null("").str.strip_chars() != "",
            "left": texts.fill_null("").str.strip_chars() != "",
        }
    ).with_row_index("row")
    if table.filter(pl.col("spoken") & ~pl.col("left")).is_empty():
        return []
    spoken = table.filter(pl.col("spoken") & (pl.col("role") != "system")).with_columns(
        pl.struct("dialogue", "role").rle_id().alias("run")
    )
    first_left = pl.col("row").filter(pl.col("left")).min().over("dialogue", "role")
    opens = (pl.col("role") == "assistant") & (pl.col("row") < first_left)
    removable = pl.col("left").any().over("run") | opens.fill_null(value=False)
    return spoken.filter(~pl.col("left") & ~removable)["row"].to_list()


def _build_verdict(before: pl.Series, turns: Turns, cleaning: TurnCleaning) -> pl.DataFrame:
    """Drop dialogues in which the patient or the doctor had words and has none left."""
    dropped = _find_emptied(turns, cleaning)
    after = nest(turns.with_content(cleaning.texts)) if cleaning.removed else before.rename("messages")
    if dropped.any():
        after = after.zip_with(~dropped, before)
    reasons = pl.DataFrame({"dropped": dropped}).select(pl.when("dropped").then(pl.lit("boilerplate")))
    removals = cleaning.count_removed()
    kept = removals.filter(~dropped.gather(removals["dialogue"]))
    return pl.DataFrame([after, reasons.to_series().rename("drop_reason"), nest_left_out(kept, len(before))])


def _find_emptied(turns: Turns, cleaning: TurnCleaning) -> pl.Series:
    """Return for each dialogue whether a side has lost all its words."""
    touched = turns.dialogue.gather(sorted(cleaning.removed)).unique()
    rows = turns.dialogue.is_in(touched.implode()).arg_true()
    sides = pl.DataFrame([turns.dialogue.gather(rows), turns.role.gather(rows)]).with_columns(
        (turns.content.gather(rows).fill_null("").str.strip_chars() != "").alias("had_text"),
        (cleaning.texts.gather(rows).fill_null("").str.strip_chars() != "").alias("has_text"),
    )
    emptied = (
        sides.filter(pl.col("role") != "system")
        .group_by("dialogue", "role")
        .agg(pl.col("had_text").any(), pl.col("has_text").any())
        .filter(pl.col("had_text") & ~pl.col("has_text"))["dialogue"]
    )
    dropped = np.zeros(len(turns.count), dtype=np.bool_)
    dropped[emptied.to_numpy()] = True
    return pl.Series("dropped", dropped)
