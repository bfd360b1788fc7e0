"""Replace what identifies a person: by a tag, by a surrogate, by less of it; or reject the dialogue."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import ConfigDict, Field, field_validator, model_validator

from cmtmed.anonymize import LABELS, TYPES, find
from cmtmed.anonymize.replace.actions import Action, check, completed, needs_key
from cmtmed.anonymize.replace.corpus_values import Seen, digests
from cmtmed.anonymize.replace.generalize import generalized
from cmtmed.anonymize.replace.key import mark, secret
from cmtmed.anonymize.replace.spans import substitute
from cmtmed.anonymize.replace.surrogates.dialogue import Mention, Surrogates
from cmtmed.messages import Turns, flatten, nest, nested
from cmtmed.schema import IDENTIFIERS
from cmtmed.stage import CorpusStage, columns

_CONTEXT = 8
"""Characters around a name that may tell the sex of who bears it."""


class RedactIdentifiers(CorpusStage):
    """Find identifiers of twenty types and replace each, by default by its tag, as in [电话].

    Each type has its action. ``tag``: [电话]. ``pseudonym``: another value of the same kind, the same one wherever
    the value stands in the build. ``generalize``: dates move by one offset a dialogue, 92岁 becomes 90岁以上, an
    address its province, an institution its kind; what cannot be told in general is tagged. ``drop_dialogue``:
    reject the dialogue (``identifier:PHONE``). ``keep``: leave the value alone.

    ``identifiers`` records type, place and action of each, never the original. A name found once in a dialogue
    is found everywhere in it. Rows that an earlier stage dropped are redacted too: they are kept on disk. Where there
    are pseudonyms, the values of the whole corpus are collected first, as keyed digests, and none becomes a pseudonym.
    """

    # Somebody may put the key itself where its variable's name belongs.
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
    def _sensible(cls, given: Any) -> Any:
        if isinstance(given, dict):
            check(given)
        return given

    @model_validator(mode="after")
    def _is_a_name(self) -> Self:
        # After all fields, so that the message of `Pipeline.load` does not quote the value either.
        if not re.fullmatch("[A-Z_][A-Z0-9_]*", self.key_variable):
            raise ValueError("key_variable is not the name of an environment variable, such as CMTMED_KEY")
        return self

    def ready(self) -> str | None:
        """Read the key if anything depends on it, and return its mark."""
        return mark(secret(self.key_variable)) if needs_key(self._every) else None

    @property
    def _every(self) -> dict[str, Action]:
        return completed(self.actions, self.default_action)

    @property
    def sees_corpus(self) -> bool:
        """Whether surrogates are drawn, which must be nobody's in the whole corpus."""
        return "pseudonym" in (action for kind, action in self._every.items() if kind != "DATE")

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the digests of the values that the batch holds; none where no surrogate is drawn."""
        if not self.sees_corpus or batch.is_empty():
            return pl.DataFrame(schema={"digest": pl.UInt64})
        turns = flatten(batch["messages"])
        recorded = _recorded(batch["identifiers"], turns.first)
        found = find(turns.content, turns.dialogue, taken=recorded if recorded.height else None)
        texts = turns.content.gather(found["text"])
        spans = zip(found["type"], texts, found["start"], found["end"], strict=True)
        return digests(
            secret(self.key_variable), ((kind, text[start:end]) for kind, text, start, end in spans)
        ).to_frame()

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return every digest once, sorted."""
        return sketches.unique().sort("digest").collect()

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Redact all turns of the batch."""
        every = self._every
        key = secret(self.key_variable) if needs_key(every) else None
        surrogates = Surrogates(key, Seen(key, decision["digest"])) if key is not None else None
        turns = flatten(batch["messages"])
        recorded = _recorded(batch["identifiers"], turns.first)
        found = find(turns.content, turns.dialogue, taken=recorded if recorded.height else None)
        found = found.with_columns(
            pl.col("type").replace_strict(every, return_dtype=pl.String).alias("action"),
            turns.dialogue.gather(found["text"]).alias("dialogue"),
        ).filter(pl.col("action") != "keep")
        if found.is_empty():
            return batch.select(*self.writes)
        reasons = _reasons(found)
        told = _told(found, turns, batch["id"], set(reasons["dialogue"]), surrogates)
        tags = pl.Series(told, dtype=pl.String).is_null()
        news = [new if new is not None else LABELS[kind] for new, kind in zip(told, found["type"], strict=True)]
        texts, places = substitute(turns.content, found, news)
        places = places.with_columns(pl.when(tags).then(pl.lit("tag")).otherwise(found["action"]).alias("action"))
        spans = pl.concat([_shifted(recorded, found, places), places], how="vertical_relaxed")
        new_reasons = batch.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("dialogue")).join(
            reasons, on="dialogue", how="left", maintain_order="left"
        )["reason"]
        return pl.DataFrame(
            [
                nest(turns.with_content(texts)),
                _merged(batch.height, turns, spans),
                batch["drop_reason"].fill_null(new_reasons),
            ]
        )


def _reasons(found: pl.DataFrame) -> pl.DataFrame:
    """Return for each dialogue that is to go its number and the first reason in reading order."""
    return (
        found.filter(pl.col("action") == "drop_dialogue")
        .unique("dialogue", keep="first", maintain_order=True)
        .select("dialogue", pl.format("identifier:{}", "type").alias("reason"))
    )


def _told(
    found: pl.DataFrame, turns: Turns, ids: pl.Series, dropped: set[int], surrogates: Surrogates | None
) -> list[str | None]:
    """Return what takes the place of each span, None for its tag; dialogues that go get tags only."""
    told: list[str | None] = [None] * found.height
    rows = found.with_row_index("at").select("dialogue", "at", "text", "start", "end", "type", "action").iter_rows()
    for dialogue, group in groupby(rows, key=itemgetter(0)):
        if dialogue in dropped:
            continue
        drawn: list[int] = []
        mentions: list[Mention] = []
        for _, at, text, start, end, kind, action in group:
            content = turns.content[text]
            if action == "pseudonym" or (action == "generalize" and kind == "DATE"):
                around = content[max(0, start - _CONTEXT) : start], content[end : end + _CONTEXT]
                drawn.append(at)
                mentions.append(Mention(kind, content[start:end], *around))
            elif action == "generalize":
                told[at] = generalized(kind, content[start:end])
        if mentions and surrogates:
            first = int(turns.first[dialogue])
            said = "\n".join(turns.content[first : first + int(turns.count[dialogue])].fill_null("").to_list())
            for at, new in zip(drawn, surrogates.of_dialogue(ids[dialogue], mentions, said), strict=True):
                told[at] = new
    return told


def _recorded(identifiers: pl.Series, first: np.ndarray) -> pl.DataFrame:
    """Return the spans that an earlier redaction recorded, with the number of their text among all turns."""
    count = identifiers.list.len().to_numpy()
    old = identifiers.explode(empty_as_null=False).struct.unnest()
    text = pl.Series("text", np.repeat(first, count).astype(np.uint32)) + old["message"]
    return old.with_columns(text).select("text", "start", "end", "type", "action")


def _shifted(recorded: pl.DataFrame, found: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Move recorded spans to where they stand after this redaction.

    Args:
        recorded: spans in the old texts.
        found: what was replaced in the old texts, sorted by text and start.
        places: the same spans, row by row, in the new texts.
    """
    grown = (
        found.select("text", "end")
        .with_columns(
            ((places["end"].cast(pl.Int64) - places["start"]) - (found["end"].cast(pl.Int64) - found["start"])).alias(
                "by"
            )
        )
        .with_columns(pl.col("by").cum_sum().over("text"))
    )
    moved = recorded.sort("text", "start").join_asof(
        grown, left_on="start", right_on="end", by="text", strategy="backward", check_sortedness=False
    )
    by = pl.col("by").fill_null(0)
    return moved.select(
        "text",
        (pl.col("start").cast(pl.Int64) + by).cast(pl.UInt32).alias("start"),
        (pl.col("end").cast(pl.Int64) + by).cast(pl.UInt32).alias("end"),
        "type",
        "action",
    )


def _merged(height: int, turns: Turns, spans: pl.DataFrame) -> pl.Series:
    """Put all spans into reading order, one list a dialogue."""
    spans = spans.sort("text", "start")
    count = np.bincount(turns.dialogue.gather(spans["text"]).to_numpy(), minlength=height).astype(np.int64)
    rows = spans.select(turns.message.gather(spans["text"]), "start", "end", "type", "action")
    return nested(rows, count).cast(IDENTIFIERS).rename("identifiers")
