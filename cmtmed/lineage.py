"""Apply one stage to one table, enforce the stage contract, and record what the stage did.

The table is compared before and after, each changed row gets an entry in its ``trace``, and the counts go into
`StageStats`. An entry holds the stage, the action (``dropped``, ``edited`` the text, ``tagged`` other columns), the
reason (the drop reason, or the columns that changed) and the number of characters that the dialogue lost. What a stage
reports in ``left_out`` gets entries of its own, with the action ``left_out``; the rest of the change is the edit. The
characters before a stage are therefore always those after it and those of its entries.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import polars as pl

from cmtmed.errors import StageError
from cmtmed.messages import count_dialogue_characters, nest_rows
from cmtmed.schema import DIALOGUE, LEFT_OUT, TRACE
from cmtmed.stage import AnyStage, CorpusStage, Stage
from cmtmed.stats import StageStats


def apply_stage(
    stage: AnyStage, rows: pl.DataFrame, decision: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, StageStats]:
    """Apply a stage to every row it covers.

    Args:
        stage: a `Stage`, or a `CorpusStage` together with its decision.
        rows: a complete dialogue table.
        decision: the result of `CorpusStage.decide`; None for a stage that does not see the corpus.

    Returns:
        The table, with the same rows in the same order, and the stage's statistics.

    Raises:
        StageError: the height, columns or types returned differ from what the stage declares, or it reports text left
            out of a dialogue whose text it did not change.
    """
    started = time.process_time()
    kept = rows["drop_reason"].is_null()
    all_rows = stage.covers_dropped or bool(kept.all())
    batch = rows if all_rows else rows.filter(kept)
    result = _call_stage(stage, batch.select(list(stage.reads)), decision)
    _check_contract(stage, batch.height, result)
    left_out = result["left_out"] if "left_out" in result.columns else _create_empty_lists(batch.height)
    result = result.drop("left_out", strict=False)
    updated = batch.with_columns(result.get_columns())
    dropped = updated["drop_reason"].is_not_null() & batch["drop_reason"].is_null()
    changed = {name: result[name].ne_missing(batch[name]) for name in result.columns if name != "drop_reason"}
    edited = changed.get("messages", pl.repeat(value=False, n=batch.height, dtype=pl.Boolean, eager=True))
    characters = _count_lost_characters(stage, batch, result, edited, left_out)
    entries, changed_count = _create_entries(stage, result, changed, dropped, characters)
    # Many stages leave every row of a batch unchanged; skip the rewrite of the trace then.
    if changed_count:
        removals = left_out.to_frame().select(_to_entries(stage.name()))
        updated = updated.with_columns(_join_entries([updated["trace"], entries, removals.to_series()]).alias("trace"))
    reasons = Counter(updated.filter(dropped)["drop_reason"].to_list())
    stats = StageStats(
        stage.name(),
        batch.height,
        changed_count - reasons.total(),
        reasons,
        time.process_time() - started,
        _sum_left_out(left_out, int(characters.sum())),
    )
    return updated if all_rows else _merge_dropped(rows, kept, updated), stats


def _call_stage(stage: AnyStage, batch: pl.DataFrame, decision: pl.DataFrame | None) -> pl.DataFrame:
    if isinstance(stage, CorpusStage):
        if decision is None and not stage.sees_corpus:
            decision = stage.decide(stage.sketch(batch.clear()).lazy())
        if decision is None:
            raise StageError(f"stage {stage.name()!r} has no decision yet; call sketch and decide first")
        return stage.apply(batch, decision)
    if isinstance(stage, Stage):
        return stage.apply(batch)
    raise StageError(f"stage {stage.name()!r} is neither a Stage nor a CorpusStage; subclass one of them")


def _check_contract(stage: AnyStage, height: int, result: pl.DataFrame) -> None:
    if result.height != height:
        raise StageError(
            f"stage {stage.name()!r} received {height} rows and returned {result.height}; "
            "set drop_reason instead of removing rows"
        )
    if dict(result.schema) != dict(stage.writes):
        raise StageError(
            f"stage {stage.name()!r} declares the columns {_format_columns(stage.writes)} "
            f"but returned {_format_columns(result.schema)}; return exactly the declared columns"
        )


def _format_columns(schema: object) -> str:
    return ", ".join(f"{name}: {dtype}" for name, dtype in dict(schema).items())  # type: ignore[call-overload]


def _create_entries(
    stage: AnyStage,
    after: pl.DataFrame,
    changed: Mapping[str, pl.Series],
    dropped: pl.Series,
    characters: pl.Series,
) -> tuple[pl.Series, int]:
    """Return a list of zero or one trace entries per row, and the number of rows with an entry.

    ``changed`` says for each column which rows the stage changed.
    """
    any_change = reduce(pl.Series.__or__, changed.values(), dropped)
    empty_text = pl.lit("", dtype=pl.String)
    column_names: list[pl.Expr] = [pl.when(mask).then(pl.lit(name)) for name, mask in changed.items()] or [empty_text]
    edited = changed.get("messages", pl.Series([False]))
    reason = after["drop_reason"] if "drop_reason" in after.columns else empty_text
    entry = pl.struct(
        pl.lit(stage.name()).alias("stage"),
        pl.when(dropped)
        .then(pl.lit("dropped"))
        .when(edited)
        .then(pl.lit("edited"))
        .otherwise(pl.lit("tagged"))
        .alias("action"),
        pl.when(dropped)
        .then(reason)
        .otherwise(pl.concat_str(*column_names, separator=" ", ignore_nulls=True))
        .alias("reason"),
        characters.alias("characters"),
    )
    entry_list = pl.when(any_change).then(pl.concat_list(entry)).otherwise(pl.lit([], dtype=TRACE))
    entries = pl.select(entry_list.alias("trace")).to_series() if after.height else pl.Series([], dtype=TRACE)
    return entries, int(any_change.sum())


def _join_entries(traces: Sequence[pl.Series]) -> pl.Series:
    """Join several traces row by row; several times as fast as `polars.concat_list`."""
    counts = [trace.list.len().fill_null(0).to_numpy() for trace in traces]
    values = pl.concat([trace.cast(TRACE).explode(empty_as_null=False, keep_nulls=False) for trace in traces])
    rows = np.concatenate([np.repeat(np.arange(len(count)), count) for count in counts])
    in_order = values.gather(np.argsort(rows, kind="stable")).struct.unnest()
    return nest_rows(in_order, np.sum(counts, axis=0, dtype=np.int64)).cast(TRACE)


def _count_lost_characters(
    stage: AnyStage, before: pl.DataFrame, after: pl.DataFrame, edited: pl.Series, left_out: pl.Series
) -> pl.Series:
    """Return how many characters each edited dialogue lost, apart from those that the stage reports as left out."""
    lost = np.zeros(before.height, dtype=np.int64)
    if edited.any():
        rows = edited.arg_true()
        lost[rows] = count_dialogue_characters(before["messages"].gather(rows))
        lost[rows] -= count_dialogue_characters(after["messages"].gather(rows))
    reported = left_out.list.eval(pl.element().struct.field("characters")).list.sum().fill_null(0).to_numpy()
    if reported[~edited.to_numpy()].any():
        raise StageError(
            f"stage {stage.name()!r} reports text left out of a dialogue whose text it did not change; "
            "return an empty list in left_out for such dialogues"
        )
    return pl.Series("characters", lost - reported)


def _to_entries(name: str) -> pl.Expr:
    """Convert ``left_out`` to trace entries."""
    element = pl.element().struct
    return (
        pl.col("left_out")
        .list.eval(
            pl.struct(
                pl.lit(name).alias("stage"),
                pl.lit("left_out").alias("action"),
                element.field("reason").alias("reason"),
                element.field("characters").alias("characters"),
            )
        )
        .cast(TRACE)
    )


def _create_empty_lists(height: int) -> pl.Series:
    return pl.select(pl.repeat(pl.lit([], dtype=LEFT_OUT), height, dtype=LEFT_OUT).alias("left_out")).to_series()


def _sum_left_out(left_out: pl.Series, edited: int) -> Counter[str]:
    """Add up the characters that a stage left out, by reason; ``edited`` is what its other edits took away."""
    removals = left_out.explode(empty_as_null=False, keep_nulls=False).struct.unnest()
    totals = removals.group_by("reason").agg(pl.col("characters").sum())
    counts = Counter(dict(totals.iter_rows()))
    counts["edited"] += edited
    return Counter({reason: count for reason, count in counts.items() if count})


def _merge_dropped(rows: pl.DataFrame, kept: pl.Series, updated: pl.DataFrame) -> pl.DataFrame:
    positions = pl.int_range(rows.height, eager=True)
    order = pl.concat([positions.filter(kept), positions.filter(~kept)]).arg_sort()
    return pl.concat([updated.select(list(DIALOGUE)), rows.filter(~kept).select(list(DIALOGUE))])[order]
