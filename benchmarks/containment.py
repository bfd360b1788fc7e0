"""Plant beginnings and passages of dialogues in a large corpus, and count those that deduplication keeps.

``python benchmarks/containment.py`` makes 100,000 dialogues of real turns of ``../shared/data``, in two ways:
``altered``, with one character replaced in each sentence, so that sentences are rare; and ``repeated``, word for word
behind the headings of a form, so that every sentence occurs in many dialogues. Into each it plants 2,000 verbatim
prefixes of other dialogues, half of them cut between turns and half within one, and 1,000 passages of whole turns from
the middle. It runs everything that `drop_duplicates` does, and prints how many planted dialogues are kept (none should
be), how many others are dropped as contained, dialogues per second, and the peak memory.

``--dialogues N`` and ``--planted N`` set the sizes.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import calibration
import polars as pl
from figures import record

import corpus
import planted
from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.duplicates import DuplicateRules, find_duplicates
from cmtmed.dedup.warmup import load_kernels

BATCH = 20_000
MIN_CHARS = 60
"""Characters of the shortest planted dialogue."""
HEADINGS = (
    "病情描述（发病时间、主要症状、就诊医院等）：",
    "曾经治疗情况和效果：没有治疗过。",
    "想得到怎样的帮助：请问应该怎样治疗？",
)

Dialogue = list[str]


def repeat_turns(count: int, seed: int = 0) -> Iterator[Dialogue]:
    """Yield dialogues of verbatim turns, the first of each behind the headings of a form."""
    draw = random.Random(seed)
    pool = planted.read_turns()
    for _ in range(count):
        dialogue = [draw.choice(pool) for _ in range(draw.choice((4, 6, 8)))]
        yield ["\n".join((HEADINGS[0] + dialogue[0], *HEADINGS[1:])), *dialogue[1:]]


def cut_between_turns(dialogue: Dialogue, draw: random.Random) -> Dialogue:
    """Return the first turns, at least two."""
    return dialogue[: draw.randrange(2, len(dialogue))]


def cut_within_turn(dialogue: Dialogue, draw: random.Random) -> Dialogue:
    """Return the first turns and a part of the next one."""
    last = draw.randrange(1, len(dialogue))
    return [*dialogue[:last], dialogue[last][: draw.randrange(1, max(2, len(dialogue[last])))]]


def cut_passage(dialogue: Dialogue, draw: random.Random) -> Dialogue:
    """Return some turns from the middle."""
    start = draw.randrange(1, len(dialogue) - 2)
    return dialogue[start : draw.randrange(start + 1, len(dialogue))]


KINDS: dict[str, Callable[[Dialogue, random.Random], Dialogue]] = {
    "cut between turns": cut_between_turns,
    "cut within a turn": cut_within_turn,
    "passage": cut_passage,
}


def plant(dialogues: list[Dialogue], count: int, seed: int = 1) -> pl.DataFrame:
    """Return the dialogues and ``count`` planted ones of each kind in random order: what the stage's sketch holds."""
    draw = random.Random(seed)
    rows = [(f"original/{number}", dialogue) for number, dialogue in enumerate(dialogues)]
    for kind, cut in KINDS.items():
        number = 0
        while number < count:
            excerpt = cut(draw.choice(dialogues), draw)
            if sum(map(len, excerpt)) >= MIN_CHARS:
                rows.append((f"{kind}/{number}", excerpt))
                number += 1
    draw.shuffle(rows)
    columns = {
        "id": [name for name, _ in rows],
        "text": ["\n".join(turns) for _, turns in rows],
        "question": [turns[0] for _, turns in rows],
        "turns": [len(turns) for _, turns in rows],
        "asks": [0] * len(rows),
    }
    return pl.DataFrame(columns, schema_overrides={"turns": pl.UInt32, "asks": pl.UInt32})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--planted", type=int, default=1_000, help="Number of planted dialogues of each kind.")
    options = parser.parse_args()
    load_kernels()
    warm_up = plant(list(corpus.make_dialogues(100)), 0)
    find_duplicates(partial(warm_up.iter_slices, BATCH), DuplicateRules(MinHashConfig()))
    for name, make in (("altered", partial(corpus.make_dialogues, duplicates=0.0)), ("repeated", repeat_turns)):
        table = plant(list(make(options.dialogues)), options.planted)
        started, busy_before = time.perf_counter(), time.process_time()
        verdicts = find_duplicates(partial(table.iter_slices, BATCH), DuplicateRules(MinHashConfig()))
        seconds, busy = time.perf_counter() - started, time.process_time() - busy_before
        dropped = verdicts.filter(pl.col("drop_reason").is_not_null()).with_columns(
            pl.col("id").str.split("/").list.first().alias("kind")
        )
        by_kind = Counter(dropped["kind"].to_list())
        contained = dropped.filter(kind="original", drop_reason="contained").height
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{name}: {table.height:,} dialogues, {table.height / seconds:,.0f}/s, {busy:.1f} s of CPU, {peak:.2f} GiB"
        )
        for kind in KINDS:
            print(f"  {kind}: {options.planted - by_kind[kind]} of {options.planted} kept")
            label = kind.replace(" ", "_")
            record(f"containment.{name}.kept.{label}", options.planted - by_kind[kind], better="lower")
        print(f"  others: {by_kind['original']:,} dropped, {contained:,} of them as contained", flush=True)
        loops_per_100k = busy / calibration.measure() * 100_000 / table.height
        record(f"containment.{name}.loops_per_100k", loops_per_100k, better="lower", slack=0.25)
        record(f"containment.{name}.peak_gib", peak, better="lower", slack=0.1)


if __name__ == "__main__":
    main()
