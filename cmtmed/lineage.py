"""Run one stage over one table, hold it to its contract, and write down what it did.

Stages spend no line on bookkeeping: the table is compared before and after, each changed row gets one entry
in its ``trace``, and the counts go into `StageStats`. An entry says which stage, what it did (``dropped``,
``edited`` the text, ``tagged`` other columns) and why (the drop reason, or the columns that changed).
"""

from __future__ import annotations

import time
from collections import Counter
from functools import reduce
from typing import Any

import polars as pl

from cmtmed.errors import StageError
from cmtmed.schema import DIALOGUE, TRACE
from cmtmed.stage import AnyStage, CorpusStage, Stage
from cmtmed.stats import StageStats


def apply_stage(
    stage: AnyStage, rows: pl.DataFrame, decision: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, StageStats]:
    """Apply a stage to all rows it is meant for.

    Args:
        stage: a `Stage`, or a `CorpusStage` whose decision has been made.
        rows: a complete dialogue table.
        decision: what `CorpusStage.decide` returned; None for a stage that does not look at the corpus.

    Returns:
        The table, same rows in the same order, and what happened to them.

    Raises:
        StageError: the stage returned another height, other columns or other types than it declares.
    """
    started = time.perf_counter()
    alive = rows["drop_reason"].is_null()
    everything = stage.covers_dropped or bool(alive.all())
    given = rows if everything else rows.filter(alive)
    after = _call_stage(stage, given.select(list(stage.reads)), decision)
    _check_contract(stage, given.height, after)
    done = given.with_columns(after.get_columns())
    dropped = done["drop_reason"].is_not_null() & given["drop_reason"].is_null()
    entries, changed = _create_entries(stage, given, after, dropped)
    # Nearly all batches of nearly all stages leave some rows alone, many leave all of them alone.
    if changed:
        done = done.with_columns(pl.concat_list("trace", entries).cast(TRACE).alias("trace"))
    reasons = Counter(done.filter(dropped)["drop_reason"].to_list())
    stats = StageStats(stage.name(), given.height, changed - reasons.total(), reasons, time.perf_counter() - started)
    return done if everything else _merge_dropped(rows, alive, done), stats


def _call_stage(stage: AnyStage, batch: pl.DataFrame, decision: pl.DataFrame | None) -> pl.DataFrame:
    if isinstance(stage, CorpusStage):
        if decision is None and not stage.sees_corpus:
            decision = stage.decide(stage.sketch(batch.clear()).lazy())
        if decision is None:
            raise StageError(f"stage {stage.name()!r} was run before it decided; call sketch and decide first")
        return stage.apply(batch, decision)
    if isinstance(stage, Stage):
        return stage.apply(batch)
    raise StageError(f"stage {stage.name()!r} is neither a Stage nor a CorpusStage; subclass one of them")


def _check_contract(stage: AnyStage, height: int, after: pl.DataFrame) -> None:
    if after.height != height:
        raise StageError(
            f"stage {stage.name()!r} was given {height} rows and returned {after.height}; "
            "set drop_reason instead of removing rows"
        )
    if dict(after.schema) != dict(stage.writes):
        raise StageError(
            f"stage {stage.name()!r} declares that it writes {_format_columns(stage.writes)} "
            f"and returned {_format_columns(after.schema)}; return exactly the declared columns"
        )


def _format_columns(schema: object) -> str:
    return ", ".join(f"{name}: {dtype}" for name, dtype in dict(schema).items())  # type: ignore[call-overload]


def _create_entries(
    stage: AnyStage, before: pl.DataFrame, after: pl.DataFrame, dropped: pl.Series
) -> tuple[pl.Series, int]:
    """Return one list of trace entries per row (empty or of one entry), and how many rows have one."""
    changed = {name: after[name].ne_missing(before[name]) for name in stage.writes if name != "drop_reason"}
    anything = reduce(pl.Series.__or__, changed.values(), dropped)
    nothing = pl.lit("", dtype=pl.String)
    named: list[Any] = [pl.when(mask).then(pl.lit(name)) for name, mask in changed.items()] or [nothing]
    edited = changed.get("messages", pl.Series([False]))
    reason = after["drop_reason"] if "drop_reason" in after.columns else nothing
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
        .otherwise(pl.concat_str(*named, separator=" ", ignore_nulls=True))
        .alias("reason"),
    )
    listed = pl.when(anything).then(pl.concat_list(entry)).otherwise(pl.lit([], dtype=TRACE))
    entries = before.select(listed.alias("trace")).to_series() if before.height else before["trace"]
    return entries, int(anything.sum())


def _merge_dropped(rows: pl.DataFrame, alive: pl.Series, done: pl.DataFrame) -> pl.DataFrame:
    where = pl.int_range(rows.height, eager=True)
    order = pl.concat([where.filter(alive), where.filter(~alive)]).arg_sort()
    return pl.concat([done.select(list(DIALOGUE)), rows.filter(~alive).select(list(DIALOGUE))])[order]
