"""Replace identifiers by a tag, a surrogate or a generalization, or drop the dialogue."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import ClassVar, Self

import numpy as np
import polars as pl
from pydantic import ConfigDict, Field, field_validator, model_validator

from cmtmed.anonymize import LABELS, TYPES, find
from cmtmed.anonymize.replace.actions import Action, check_actions, complete_actions, needs_key
from cmtmed.anonymize.replace.corpus_values import CorpusValues, hash_values
from cmtmed.anonymize.replace.generalization import generalize_value
from cmtmed.anonymize.replace.secret_key import fingerprint_key, read_key
from cmtmed.anonymize.replace.substitution import replace_spans
from cmtmed.anonymize.replace.surrogates.dialogue import Mention, SurrogateGenerator
from cmtmed.messages import Turns, flatten, nest, nest_rows
from cmtmed.schema import IDENTIFIERS
from cmtmed.stage import CorpusStage, columns

_CONTEXT = 8
"""Characters around a name that may show the sex of the person."""


class RedactIdentifiers(CorpusStage):
    """Find identifiers of twenty types and replace each, by default by its tag, as in [电话].

    Each type has its action. ``tag``: [电话]. ``pseudonym``: another value of the same type, the same one wherever
    the value occurs in the build. ``generalize``: dates are shifted by one offset per dialogue, 92岁 becomes
    90岁以上, an address its province, an institution its category; values that cannot be generalized are tagged.
    ``drop_dialogue``: drop the dialogue (``identifier:PHONE``). ``keep``: leave the value as it is.

    ``identifiers`` records type, position and action of each, never the original. A name found once in a dialogue
    is found everywhere in it. Rows that an earlier stage dropped are redacted too: they are kept on disk. Where there
    are pseudonyms, the values of the whole corpus are collected first, as keyed digests, and none becomes a pseudonym.
    """

    # The key itself may be given by mistake where the name of its variable belongs.
    model_config = ConfigDict(hide_input_in_errors=True)

    reads: ClassVar = columns("id", "messages", "identifiers", "drop_reason")
    writes: ClassVar = columns("messages", "identifiers", "drop_reason")
    covers_dropped: ClassVar = True

    actions: dict[str, Action] = Field(
        default={},
        description="Action by identifier type, such as {PERSON: pseudonym, HOSPITAL: keep}.",
        json_schema_extra={"propertyNames": {"enum": list(TYPES)}},
    )
    default_action: Action = Field(
        default="tag", description="Action of all other types; where it makes no sense for a type, generalize or tag."
    )
    key_variable: str = Field(
        default="CMTMED_KEY",
        description="Environment variable that holds the secret key of pseudonyms and shifted dates, 16 characters "
        "or more.",
    )

    @field_validator("actions", mode="before")
    @classmethod
    def _check_actions(cls, actions: object) -> object:
        if isinstance(actions, dict):
            check_actions(actions)
        return actions

    @model_validator(mode="after")
    def _check_key_variable(self) -> Self:
        # After all fields, so that the message of `Pipeline.load` does not quote the value either.
        if not re.fullmatch("[A-Z_][A-Z0-9_]*", self.key_variable):
            raise ValueError("key_variable must be the name of an environment variable, such as CMTMED_KEY")
        return self

    def check_requirements(self) -> str | None:
        """Read the key if anything depends on it, and return its fingerprint."""
        return fingerprint_key(read_key(self.key_variable)) if needs_key(self._action_by_type) else None

    @property
    def _action_by_type(self) -> dict[str, Action]:
        return complete_actions(self.actions, self.default_action)

    @property
    def sees_corpus(self) -> bool:
        """Whether surrogates are drawn, which must match no value in the whole corpus."""
        return "pseudonym" in (
            action for identifier_type, action in self._action_by_type.items() if identifier_type != "DATE"
        )

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the digests of the values in the batch; none where no surrogate is drawn."""
        if not self.sees_corpus or batch.is_empty():
            return pl.DataFrame(schema={"digest": pl.UInt64})
        turns = flatten(batch["messages"])
        recorded = _read_recorded(batch["identifiers"], turns.first)
        matches = find(turns.content, turns.dialogue, protected=recorded if recorded.height else None)
        texts = turns.content.gather(matches["text"])
        spans = zip(matches["type"], texts, matches["start"], matches["end"], strict=True)
        return hash_values(
            read_key(self.key_variable),
            ((identifier_type, text[start:end]) for identifier_type, text, start, end in spans),
        ).to_frame()

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return every digest once, sorted."""
        return sketches.unique().sort("digest").collect()

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Redact all turns of the batch."""
        actions = self._action_by_type
        key = read_key(self.key_variable) if needs_key(actions) else None
        surrogates = SurrogateGenerator(key, CorpusValues(key, decision["digest"])) if key is not None else None
        turns = flatten(batch["messages"])
        recorded = _read_recorded(batch["identifiers"], turns.first)
        matches = find(turns.content, turns.dialogue, protected=recorded if recorded.height else None)
        matches = matches.with_columns(
            pl.col("type").replace_strict(actions, return_dtype=pl.String).alias("action"),
            turns.dialogue.gather(matches["text"]).alias("dialogue"),
        ).filter(pl.col("action") != "keep")
        if matches.is_empty():
            return batch.select(*self.writes)
        reasons = _find_drop_reasons(matches)
        replacements = _draw_replacements(matches, turns, batch["id"], set(reasons["dialogue"]), surrogates)
        tags = pl.Series(replacements, dtype=pl.String).is_null()
        new_values = [
            value if value is not None else LABELS[identifier_type]
            for value, identifier_type in zip(replacements, matches["type"], strict=True)
        ]
        texts, new_spans = replace_spans(turns.content, matches, new_values)
        new_spans = new_spans.with_columns(
            pl.when(tags).then(pl.lit("tag")).otherwise(matches["action"]).alias("action")
        )
        spans = pl.concat([_shift_spans(recorded, matches, new_spans), new_spans], how="vertical_relaxed")
        new_reasons = batch.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("dialogue")).join(
            reasons, on="dialogue", how="left", maintain_order="left"
        )["reason"]
        return pl.DataFrame(
            [
                nest(turns.with_content(texts)),
                _merge_spans(batch.height, turns, spans),
                batch["drop_reason"].fill_null(new_reasons),
            ]
        )


def _find_drop_reasons(matches: pl.DataFrame) -> pl.DataFrame:
    """Return the number of each dialogue to be dropped and its first reason in reading order."""
    return (
        matches.filter(pl.col("action") == "drop_dialogue")
        .unique("dialogue", keep="first", maintain_order=True)
        .select("dialogue", pl.format("identifier:{}", "type").alias("reason"))
    )


def _draw_replacements(
    matches: pl.DataFrame, turns: Turns, ids: pl.Series, dropped: set[int], surrogates: SurrogateGenerator | None
) -> list[str | None]:
    """Return the replacement of each span, None for its tag; dropped dialogues get tags only."""
    replacements: list[str | None] = [None] * matches.height
    rows = (
        matches.with_row_index("index")
        .select("dialogue", "index", "text", "start", "end", "type", "action")
        .iter_rows()
    )
    for dialogue, group in groupby(rows, key=itemgetter(0)):
        if dialogue in dropped:
            continue
        indexes: list[int] = []
        mentions: list[Mention] = []
        for _, index, text, start, end, identifier_type, action in group:
            content = turns.content[text]
            if action == "pseudonym" or (action == "generalize" and identifier_type == "DATE"):
                context = content[max(0, start - _CONTEXT) : start], content[end : end + _CONTEXT]
                indexes.append(index)
                mentions.append(Mention(identifier_type, content[start:end], *context))
            elif action == "generalize":
                replacements[index] = generalize_value(identifier_type, content[start:end])
        if mentions and surrogates:
            first = int(turns.first[dialogue])
            dialogue_text = "\n".join(turns.content[first : first + int(turns.count[dialogue])].fill_null("").to_list())
            for index, value in zip(indexes, surrogates.generate(ids[dialogue], mentions, dialogue_text), strict=True):
                replacements[index] = value
    return replacements


def _read_recorded(identifiers: pl.Series, first: np.ndarray) -> pl.DataFrame:
    """Return the spans that an earlier redaction recorded, with the number of their text among all turns."""
    count = identifiers.list.len().to_numpy()
    spans = identifiers.explode(empty_as_null=False).struct.unnest()
    text = pl.Series("text", np.repeat(first, count).astype(np.uint32)) + spans["message"]
    return spans.with_columns(text).select("text", "start", "end", "type", "action")


def _shift_spans(recorded: pl.DataFrame, matches: pl.DataFrame, new_spans: pl.DataFrame) -> pl.DataFrame:
    """Move recorded spans to their positions after this redaction.

    Args:
        recorded: spans in the old texts.
        matches: the replaced spans in the old texts, sorted by text and start.
        new_spans: the same spans, row by row, in the new texts.
    """
    growth = (
        matches.select("text", "end")
        .with_columns(
            (
                (new_spans["end"].cast(pl.Int64) - new_spans["start"])
                - (matches["end"].cast(pl.Int64) - matches["start"])
            ).alias("by")
        )
        .with_columns(pl.col("by").cum_sum().over("text"))
    )
    joined = recorded.sort("text", "start").join_asof(
        growth, left_on="start", right_on="end", by="text", strategy="backward", check_sortedness=False
    )
    shift = pl.col("by").fill_null(0)
    return joined.select(
        "text",
        (pl.col("start").cast(pl.Int64) + shift).cast(pl.UInt32).alias("start"),
        (pl.col("end").cast(pl.Int64) + shift).cast(pl.UInt32).alias("end"),
        "type",
        "action",
    )


def _merge_spans(height: int, turns: Turns, spans: pl.DataFrame) -> pl.Series:
    """Sort all spans into reading order, one list per dialogue."""
    spans = spans.sort("text", "start")
    count = np.bincount(turns.dialogue.gather(spans["text"]).to_numpy(), minlength=height).astype(np.int64)
    rows = spans.select(turns.message.gather(spans["text"]), "start", "end", "type", "action")
    return nest_rows(rows, count).cast(IDENTIFIERS).rename("identifiers")
