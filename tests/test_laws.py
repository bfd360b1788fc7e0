"""The five laws, over every stage."""

from __future__ import annotations

import pickle

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal

from cmtmed import lineage
from cmtmed.errors import StageError
from cmtmed.messages import count_dialogue_characters
from cmtmed.schema import TRACE
from cmtmed.stage import CorpusStage, Stage, columns
from cmtmed.stages import STAGES, stage_class
from tests.support.dialogues import doctor, table, tables, user
from tests.support.stages import take_decision

CAREFUL = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def apply_stage(stage, rows, decided_on=None):
    """Apply a stage to all rows, the decision of a corpus stage taken over ``decided_on``."""
    batch = rows.select(list(stage.reads))
    if isinstance(stage, CorpusStage):
        return stage.apply(batch, take_decision(stage, rows if decided_on is None else decided_on))
    return stage.apply(batch)


@pytest.fixture(params=STAGES)
def stage(request):
    return stage_class(request.param)()


@CAREFUL
@given(rows=tables())
def test_same_height_and_only_what_is_declared(stage, rows):
    after = apply_stage(stage, rows)
    assert after.height == rows.height
    assert dict(after.schema) == dict(stage.writes)


@CAREFUL
@given(first=tables(), second=tables())
def test_a_batch_is_the_sum_of_its_parts(stage, first, second):
    second = second.with_columns(pl.format("u/{}", "source_id").alias("id"))
    together = pl.concat([first, second])
    batches = [apply_stage(stage, batch, decided_on=together) for batch in (first, second)]
    assert_frame_equal(apply_stage(stage, together), pl.concat(batches))


@CAREFUL
@given(rows=tables())
def test_idempotent(stage, rows):
    once = rows.with_columns(apply_stage(stage, rows).get_columns())
    # A row that was dropped is not given to a stage again.
    kept = once.filter(pl.col("drop_reason").is_null())
    twice = apply_stage(stage, kept, decided_on=rows)
    written = [name for name in stage.writes if name != "left_out"]
    assert_frame_equal(twice.select(written), kept.select(written))
    if "left_out" in stage.writes:
        assert twice["left_out"].list.len().sum() == 0


@CAREFUL
@given(rows=tables())
def test_no_character_is_lost_without_an_entry(stage, rows):
    rows = rows.with_columns(pl.lit([], dtype=TRACE).alias("trace"))
    decision = take_decision(stage, rows) if isinstance(stage, CorpusStage) else None
    after, stats = lineage.apply_stage(stage, rows, decision)
    recorded = after["trace"].list.eval(pl.element().struct.field("characters")).list.sum().to_numpy()
    lost = count_dialogue_characters(rows["messages"]) - count_dialogue_characters(after["messages"])
    assert recorded.tolist() == lost.tolist()
    assert stats.left_out.total() == lost.sum()


@CAREFUL
@given(rows=tables())
def test_deterministic_and_picklable(stage, rows):
    copy = pickle.loads(pickle.dumps(stage))
    assert copy == stage
    assert_frame_equal(apply_stage(copy, rows), apply_stage(stage, rows))


@CAREFUL
@given(first=tables(), second=tables())
def test_a_decision_does_not_depend_on_batches(stage, first, second):
    if not isinstance(stage, CorpusStage):
        pytest.skip("decides about one dialogue at a time")
    second = second.with_columns(pl.format("u/{}", "source_id").alias("id"))
    assert_frame_equal(take_decision(stage, pl.concat([first, second])), take_decision(stage, first, second))


class _Shrinks(Stage):
    reads = columns("messages")
    writes = columns("messages")

    def apply(self, batch):
        return batch.head(0)


class _WritesMore(Stage):
    reads = columns("messages")
    writes = columns("drop_reason")

    def apply(self, batch):
        return batch.select("messages", pl.lit(None, dtype=pl.String).alias("drop_reason"))


@pytest.mark.parametrize(
    ("breaking_stage", "message"),
    [(_Shrinks(), "received 1 rows and returned 0"), (_WritesMore(), "return exactly the declared columns")],
)
def test_a_stage_that_breaks_its_contract_is_named(breaking_stage, message):
    with pytest.raises(StageError, match=message) as refusal:
        lineage.apply_stage(breaking_stage, table([user("头痛"), doctor("多久了？")]))
    assert breaking_stage.name() in str(refusal.value)
    assert "头痛" not in str(refusal.value)
