"""Time near-duplicate detection and measure its recall, compared with datasketch and rensa.

``python benchmarks/near_duplicates.py`` plants near-duplicates in 100,000 texts of recombined real turns, finds all
near-duplicate pairs by an exhaustive scan, and prints, for the whole process of each tool from Parquet to kept ids:
texts per second, peak memory, and the errors in what it keeps at .8. Then it prints recall and precision of `cmtmed` at
several thresholds, whether the kept texts depend on row order or threads, and the cost per text at 1,000,000.

``--curve FILE.svg`` draws how many pairs of each similarity become candidates (needs matplotlib).
``--texts N`` sets the number of texts, ``--peer-texts N`` the number for the slow peer (datasketch, one `update` per
shingle); ``--skip-million`` skips the last part.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from figures import record

if TYPE_CHECKING:
    import polars as pl

THRESHOLD = 0.8


def keep_with_cmtmed(path: Path, threshold: float = THRESHOLD, threads: int | None = None) -> list[str]:
    """Return the ids that are kept."""
    import threading

    # The compiled kernels are loaded while the file is read.
    loader = threading.Thread(target=_load_kernels)
    loader.start()
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, pre_buffer=False)
    table = pa.Table.from_batches(list(file.iter_batches(batch_size=5000, use_threads=False)))
    loader.join()
    import numpy as np

    from cmtmed.dedup.cluster import clusters_of

    representatives = clusters_of(table["text"], threshold, threads=threads)
    ids = table["id"].to_pylist()
    return [ids[index] for index in np.flatnonzero(representatives == np.arange(len(representatives)))]


def _load_kernels() -> None:
    from cmtmed.dedup.warmup import load_kernels

    load_kernels()


def make_shingles(text: str) -> list[str]:
    """Return the 5-grams of a text, white space removed."""
    compact = "".join(text.split())
    return [compact[start : start + 5] for start in range(max(1, len(compact) - 4))]


def keep_with_datasketch(path: Path) -> list[str]:
    """Keep texts that are not similar to an earlier one, with one `update` per shingle, as its documentation shows."""
    import polars as pl
    from datasketch import MinHash, MinHashLSH

    index, kept = MinHashLSH(threshold=THRESHOLD, num_perm=128), []
    for name, text in pl.read_parquet(path).iter_rows():
        signature = MinHash(num_perm=128)
        for shingle in make_shingles(text):
            signature.update(shingle.encode())
        if not index.query(signature):
            index.insert(name, signature)
            kept.append(name)
    return kept


def keep_with_rensa(path: Path) -> list[str]:
    """Keep texts that are not similar to an earlier one, with rensa's R-MinHash and LSH of 16 bands of 8."""
    import polars as pl
    from rensa import RMinHash, RMinHashLSH

    index, kept = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=16), []
    for number, (name, text) in enumerate(pl.read_parquet(path).iter_rows()):
        signature = RMinHash(num_perm=128, seed=42)
        signature.update(make_shingles(text))
        if not index.query(signature):
            index.insert(number, signature)
            kept.append(name)
    return kept


TOOLS = {"cmtmed": keep_with_cmtmed, "datasketch": keep_with_datasketch, "rensa": keep_with_rensa}


def run_tool(tool: str, path: Path, out: Path) -> None:
    """Write the ids that a tool keeps, and the peak memory of this process in KiB."""
    gc.disable()
    out.write_text("\n".join(TOOLS[tool](path)), encoding="utf-8")
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    Path(f"{out}.peak").write_text(status.split("VmHWM:")[1].split()[0], encoding="utf-8")
    gc.freeze()


def measure_process(tool: str, path: Path, out: Path) -> tuple[float, float]:
    """Run a tool in a process of its own; return wall seconds and peak GiB."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--run", tool, str(path), str(out)])
    if process.wait():
        raise SystemExit(f"{tool} failed with status {process.returncode}")
    seconds = time.perf_counter() - started
    # Reported by the process itself: the system's figure for a child includes the parent that it was forked from.
    return seconds, float(Path(f"{out}.peak").read_text(encoding="utf-8")) / 2**20


def count_errors(kept: set[str], names: list[str], pairs: list[tuple[int, int, float]]) -> tuple[int, int]:
    """Return the near-duplicate pairs of which both texts are kept, and the dropped texts that are in no pair."""
    remaining = sum(names[a] in kept and names[b] in kept for a, b, _ in pairs)
    paired = {names[index] for a, b, _ in pairs for index in (a, b)}
    return remaining, sum(name not in kept and name not in paired for name in names)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--peer-texts", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--skip-million", action="store_true")
    parser.add_argument("--curve", type=Path)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        tool, source, out = options.run
        run_tool(tool, Path(source), Path(out))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Run all parts of the benchmark."""
    import polars as pl

    import planted

    path = folder / "texts.parquet"
    planted.write_texts(path, options.texts)
    table = pl.read_parquet(path)
    print(f"{options.texts} texts of {table['text'].str.len_chars().mean():.0f} characters")
    truth = planted.find_all_pairs(table["text"].to_list())
    texts_per_second = measure_tools(options, folder, table, truth)
    measure_recall(table["text"], truth)
    if options.curve:
        from recall_curve import draw_curve

        draw_curve(table["text"], truth, options.curve)
    compare_orders(folder, table)
    if not options.skip_million:
        planted.write_texts(path, 1_000_000)
        seconds, peak = measure_process("cmtmed", path, folder / "kept.txt")
        print(
            f"1,000,000 texts: {1e6 / seconds:,.0f} texts/s, {peak:.2f} GiB; "
            f"cost per text {texts_per_second * seconds / 1e6:.2f} times that at {options.texts:,}"
        )


def measure_tools(options: argparse.Namespace, folder: Path, table: pl.DataFrame, truth: pl.DataFrame) -> float:
    """Print speed, memory and errors of all tools; return the texts per second of `cmtmed`."""
    import polars as pl

    import planted

    path, peer_path, out = folder / "texts.parquet", folder / "peer.parquet", folder / "kept.txt"
    planted.write_texts(peer_path, options.peer_texts)
    names = table["id"].to_list()
    pairs = truth.filter(pl.col("jaccard") >= THRESHOLD - 1e-12).rows()
    measure_process("cmtmed", path, out)  # compiles the kernels, once per machine
    cold_start = subprocess.run(
        [sys.executable, "-c", "from cmtmed.dedup import load_kernels; print(load_kernels().compile_seconds)"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    print(f"first call on a machine: {float(cold_start.stdout):.0f} s of compilation, cached from then on")
    speeds = {}
    for tool, source, count, runs in (
        ("cmtmed", path, options.texts, options.runs),
        ("rensa", path, options.texts, 1),
        ("datasketch", peer_path, options.peer_texts, 1),
    ):
        if importlib.util.find_spec(tool) is None:
            print(f"{tool} is not installed and is skipped")
            continue
        measurements = [measure_process(tool, source, out) for _ in range(runs)]
        seconds = median(run_seconds for run_seconds, _ in measurements)
        peak = max(run_peak for _, run_peak in measurements)
        speeds[tool] = count / seconds
        line = f"{tool:<11} {speeds[tool]:>9,.0f} texts/s   {seconds:6.2f} s   {peak:5.2f} GiB"
        if source == path:
            kept = set(out.read_text(encoding="utf-8").split())
            remaining, unjustified = count_errors(kept, names, pairs)
            line += f"   kept {len(kept)}   similar pairs left {remaining} of {len(pairs)}"
            line += f"   dropped without a similar text {unjustified}"
            if tool == "cmtmed":
                record("near_duplicates.pairs_left", remaining, better="lower")
                record("near_duplicates.dropped_without_a_pair", unjustified, better="lower")
                record("near_duplicates.peak_gib", peak, better="lower", slack=0.1)
        print(line, flush=True)
    for peer in speeds.keys() - {"cmtmed"}:
        print(f"{speeds['cmtmed'] / speeds[peer]:.1f} times as fast as {peer}")
        record(f"near_duplicates.speed_over_{peer}", speeds["cmtmed"] / speeds[peer], slack=0.15)
    return speeds["cmtmed"]


def measure_recall(texts: pl.Series, truth: pl.DataFrame) -> None:
    """Print recall and precision of pairs at several thresholds."""
    import polars as pl

    from cmtmed.dedup.duplicate_pairs import near_duplicates

    for threshold in (0.7, 0.8, 0.9):
        pairs = near_duplicates(texts, threshold)
        true_pairs = truth.filter(pl.col("jaccard") >= threshold - 1e-12).select(pl.col("a", "b").cast(pl.UInt32))
        hits = pairs.join(true_pairs, on=["a", "b"]).height
        print(
            f"threshold {threshold}: {true_pairs.height} pairs, recall {hits / true_pairs.height:.5f}, "
            f"precision {hits / pairs.height:.5f}"
        )
        record(f"near_duplicates.recall_at_{threshold}", hits / true_pairs.height)
        record(f"near_duplicates.precision_at_{threshold}", hits / pairs.height)


def compare_orders(folder: Path, table: pl.DataFrame) -> None:
    """Print whether other row orders, thread counts and row groups keep the same texts."""
    # Of equal texts any one may be kept, so texts are compared, not ids.
    text_by_id = dict(table.iter_rows())
    kept_texts = {text_by_id[name] for name in keep_with_cmtmed(folder / "texts.parquet")}
    shuffled = folder / "shuffled.parquet"
    for seed, threads in ((1, 1), (2, 2), (3, 3)):
        table.sample(fraction=1.0, shuffle=True, seed=seed).write_parquet(shuffled, row_group_size=7_000 * seed)
        texts = {text_by_id[name] for name in keep_with_cmtmed(shuffled, threads=threads)}
        print(f"rows shuffled, {threads} threads: same texts kept {texts == kept_texts}")
        record(f"near_duplicates.same_with_{threads}_threads", texts == kept_texts)


if __name__ == "__main__":
    main()
