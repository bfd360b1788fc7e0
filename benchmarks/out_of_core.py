"""Deduplicate more dialogues than fit into memory, under a memory limit, and measure how memory and time grow.

``python benchmarks/out_of_core.py`` writes 250,000, 500,000 and 1,000,000 texts of about 850 characters (recombined
real turns, a third of them altered copies) and runs everything that `drop_duplicates` does on each, in a process whose
private memory the kernel limits to ``--limit-gib`` (``RLIMIT_DATA``). It prints dialogues per second, the peak of
private memory (pages mapped from files can be reclaimed at any time and do not count), and a linear fit of the peaks: a
fixed amount plus a number of bytes per dialogue.

``--texts N …`` sets the sizes; ``--folder DIR`` the folder for the files (5 GB for a million).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from figures import record

BLOCK = 50_000
BATCH = 20_000


def write_texts(path: Path, count: int) -> None:
    """Write texts in the format in which the stage reads them; each block has its own originals and copies."""
    import polars as pl
    import pyarrow as pa

    import planted

    writer = None
    with pa.OSFile(str(path), "wb") as sink:
        for start in range(0, count, BLOCK):
            batch_texts = planted.make_texts(min(BLOCK, count - start), seed=start)
            table = pl.DataFrame(
                {"id": [f"c/{start + index}" for index in range(len(batch_texts))], "text": batch_texts}
            )
            table = table.with_columns(
                pl.col("text").str.head(40).alias("question"),
                pl.lit(8, dtype=pl.UInt32).alias("turns"),
                pl.lit(1, dtype=pl.UInt32).alias("asks"),
            )
            arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pa.ipc.new_file(sink, arrow.schema)
            writer.write_table(arrow, max_chunksize=BATCH)
        if writer:
            writer.close()


def deduplicate_file(path: Path, limit: int) -> None:
    """Deduplicate one file under a memory limit; print seconds, peak bytes and the number of dropped texts."""
    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    import polars as pl
    import pyarrow as pa

    from cmtmed.dedup.config import MinHashConfig
    from cmtmed.dedup.duplicates import DuplicateRules, find_duplicates
    from cmtmed.dedup.warmup import load_kernels

    load_kernels()

    def iter_batches() -> Iterator[pl.DataFrame]:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield pl.DataFrame(pl.from_arrow(reader.get_batch(number)))

    peak, finished = 0, threading.Event()

    def watch_memory() -> None:
        nonlocal peak
        while not finished.wait(0.02):
            status = Path("/proc/self/status").read_text(encoding="utf-8")
            peak = max(peak, int(status.split("RssAnon:")[1].split()[0]) * 1024)

    watcher = threading.Thread(target=watch_memory)
    watcher.start()
    started = time.perf_counter()
    try:
        duplicates = find_duplicates(iter_batches, DuplicateRules(MinHashConfig(), folder=path.parent))
    finally:
        finished.set()
        watcher.join()
    dropped = duplicates["drop_reason"].drop_nulls().len()
    print(f"{time.perf_counter() - started:.2f} {peak} {dropped}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, nargs="+", default=[250_000, 500_000, 1_000_000])
    parser.add_argument("--limit-gib", type=float, default=3.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        deduplicate_file(Path(options.run[0]), int(options.run[1]))
        return
    import numpy as np

    limit, measurements = int(options.limit_gib * 2**30), []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for count in options.texts:
            path = Path(folder) / "texts.arrow"
            write_texts(path, count)
            process = subprocess.run(
                [sys.executable, __file__, "--run", str(path), str(limit)], capture_output=True, text=True, check=False
            )
            if process.returncode:
                raise SystemExit(f"{count:,} texts do not fit {options.limit_gib} GiB:\n{process.stderr[-2000:]}")
            seconds, peak, dropped = (float(field) for field in process.stdout.split())
            measurements.append((count, seconds, peak))
            print(
                f"{count:>9,} texts  {count / seconds:>8,.0f}/s  {seconds:6.1f} s  {peak / 2**30:5.2f} GiB of "
                f"{options.limit_gib:g}   dropped {dropped:,.0f}",
                flush=True,
            )
    rows, seconds, peaks = np.array(measurements).T
    if len(rows) > 1:
        slope, fixed = np.polyfit(rows, peaks, 1)
        record("out_of_core.bytes_per_dialogue", slope, better="lower", slack=0.15)
        print(f"peak memory = {fixed / 2**30:.2f} GiB + {slope:.0f} bytes per dialogue")
        print(f"10,000,000 dialogues: {(fixed + 1e7 * slope) / 2**30:.1f} GiB")
        print(
            f"cost per dialogue at {rows[-1]:,.0f}: {seconds[-1] * rows[0] / rows[-1] / seconds[0]:.2f} times that at "
            f"{rows[0]:,.0f}"
        )


if __name__ == "__main__":
    main()
