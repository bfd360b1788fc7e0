"""Deduplicate more dialogues than fit into memory, under a memory limit, and fit how memory and time grow.

``python benchmarks/out_of_core.py`` writes 250,000, 500,000 and 1,000,000 texts of about 850 characters (real turns,
recombined, a third of them altered copies) and runs the engine of `drop_duplicates` over each, whole process, with
the kernel refusing more private memory than ``--limit-gib`` (``RLIMIT_DATA``). It prints dialogues per second, the
peak of private memory (what is mapped from files can be taken back at any time and does not count), and the straight
line through the peaks: so many bytes a dialogue on top of a fixed amount.

``--texts N …`` other sizes; ``--folder DIR`` where files go (5 GB for a million).
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

BLOCK = 50_000
BATCH = 20_000


def write(path: Path, count: int) -> None:
    """Write texts as the stage hands them to its engine; each block has originals and copies of its own."""
    import polars as pl
    import pyarrow as pa

    import planted

    writer = None
    with pa.OSFile(str(path), "wb") as sink:
        for start in range(0, count, BLOCK):
            batch_texts = planted.texts(min(BLOCK, count - start), seed=start)
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


def run(path: Path, limit: int) -> None:
    """Deduplicate one file under a limit and print what it cost."""
    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    import polars as pl
    import pyarrow as pa

    from cmtmed.dedup.config import MinHashConfig
    from cmtmed.dedup.duplicates import DuplicateRules, find_duplicates
    from cmtmed.dedup.warmup import load_kernels

    load_kernels()

    def batches() -> Iterator[pl.DataFrame]:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield pl.DataFrame(pl.from_arrow(reader.get_batch(number)))

    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            status = Path("/proc/self/status").read_text(encoding="utf-8")
            peak[0] = max(peak[0], int(status.split("RssAnon:")[1].split()[0]) * 1024)

    watching = threading.Thread(target=watch)
    watching.start()
    started = time.perf_counter()
    try:
        duplicates = find_duplicates(batches, DuplicateRules(MinHashConfig(), folder=path.parent))
    finally:
        done.set()
        watching.join()
    dropped = duplicates["drop_reason"].drop_nulls().len()
    print(f"{time.perf_counter() - started:.2f} {peak[0]} {dropped}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, nargs="+", default=[250_000, 500_000, 1_000_000])
    parser.add_argument("--limit-gib", type=float, default=3.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run(Path(options.run[0]), int(options.run[1]))
        return
    import numpy as np

    limit, measurements = int(options.limit_gib * 2**30), []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for count in options.texts:
            path = Path(folder) / "texts.arrow"
            write(path, count)
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
        print(f"peak memory = {fixed / 2**30:.2f} GiB + {slope:.0f} bytes a dialogue")
        print(f"10,000,000 dialogues: {(fixed + 1e7 * slope) / 2**30:.1f} GiB")
        print(
            f"cost per dialogue at {rows[-1]:,.0f}: {seconds[-1] * rows[0] / rows[-1] / seconds[0]:.2f} times that at "
            f"{rows[0]:,.0f}"
        )


if __name__ == "__main__":
    main()
