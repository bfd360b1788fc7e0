"""Time near-duplicate detection and measure its recall, beside datasketch and rensa.

``python benchmarks/near_duplicates.py`` plants near-duplicates in 100,000 texts of recombined real turns, finds every
pair that is really there by an exhaustive scan, and prints for each tool, whole process from Parquet to kept ids:
texts per second, peak memory, pair recall and precision at .8; then recall and precision of `cmtmed` at other
thresholds, whether the kept set depends on row order or threads, and the cost per text at 1,000,000.

``--curve FILE.svg`` draws how many pairs of each similarity become candidates (needs matplotlib).
``--texts N`` another size; ``--skip-million`` leaves out the last part; ``--peer-texts N`` the size that the slow
peer (datasketch, one `update` per shingle) gets.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

THRESHOLD = 0.8


def keep_with_cmtmed(path: Path, threshold: float = THRESHOLD, threads: int | None = None) -> list[str]:
    """Return the ids that are kept."""
    import threading

    # The compiled kernels are loaded while the file is read.
    loading = threading.Thread(target=_load_kernels)
    loading.start()
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, pre_buffer=False)
    table = pa.Table.from_batches(list(file.iter_batches(batch_size=5000, use_threads=False)))
    loading.join()
    import numpy as np

    from cmtmed.dedup.cluster import clusters_of

    kept = clusters_of(table["text"], threshold, threads=threads)
    ids = table["id"].to_pylist()
    return [ids[index] for index in np.flatnonzero(kept == np.arange(len(kept)))]


def _load_kernels() -> None:
    from cmtmed.dedup.warmup import load_kernels

    load_kernels()


def shingles(text: str) -> list[str]:
    """Return the 5-grams of a text, white space removed."""
    bare = "".join(text.split())
    return [bare[start : start + 5] for start in range(max(1, len(bare) - 4))]


def datasketch(path: Path) -> list[str]:
    """Keep what no earlier text is similar to, one `update` per shingle, as its documentation shows."""
    import polars as pl
    from datasketch import MinHash, MinHashLSH

    index, kept = MinHashLSH(threshold=THRESHOLD, num_perm=128), []
    for name, text in pl.read_parquet(path).iter_rows():
        signature = MinHash(num_perm=128)
        for shingle in shingles(text):
            signature.update(shingle.encode())
        if not index.query(signature):
            index.insert(name, signature)
            kept.append(name)
    return kept


def rensa(path: Path) -> list[str]:
    """Keep what no earlier text is similar to, with rensa's R-MinHash and LSH of 16 bands of 8."""
    import polars as pl
    from rensa import RMinHash, RMinHashLSH

    index, kept = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=16), []
    for number, (name, text) in enumerate(pl.read_parquet(path).iter_rows()):
        signature = RMinHash(num_perm=128, seed=42)
        signature.update(shingles(text))
        if not index.query(signature):
            index.insert(number, signature)
            kept.append(name)
    return kept


TOOLS = {"cmtmed": keep_with_cmtmed, "datasketch": datasketch, "rensa": rensa}


def measure_process(tool: str, path: Path, out: Path) -> tuple[float, float]:
    """Run a tool in a process of its own; return wall seconds and peak GiB."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--run", tool, str(path), str(out)])
    if process.wait():
        raise SystemExit(f"{tool} failed with status {process.returncode}")
    seconds = time.perf_counter() - started
    # Written by the process itself: what the system reports of a child includes the parent that it was forked from.
    return seconds, float(Path(f"{out}.peak").read_text(encoding="utf-8")) / 2**20


def count_errors(kept: set[str], names: list[str], truth: list[tuple[int, int, float]]) -> tuple[int, int]:
    """Return near-duplicate pairs of which both are kept, and dropped texts that no pair speaks against."""
    remaining = sum(names[a] in kept and names[b] in kept for a, b, _ in truth)
    paired = {names[index] for a, b, _ in truth for index in (a, b)}
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
        import gc

        gc.disable()
        Path(out).write_text("\n".join(TOOLS[tool](Path(source))), encoding="utf-8")
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        Path(f"{out}.peak").write_text(status.split("VmHWM:")[1].split()[0], encoding="utf-8")
        gc.freeze()
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Run every part."""
    import polars as pl

    import planted
    from cmtmed.dedup.duplicate_pairs import near_duplicates

    path, out = folder / "texts.parquet", folder / "kept.txt"
    planted.write(path, options.texts)
    table = pl.read_parquet(path)
    names = table["id"].to_list()
    print(f"{options.texts} texts of {table['text'].str.len_chars().mean():.0f} characters")
    truth = planted.every_pair(table["text"].to_list())
    at_threshold = truth.filter(pl.col("jaccard") >= THRESHOLD - 1e-12).rows()
    peer_path = folder / "small.parquet"
    planted.write(peer_path, options.peer_texts)

    measure_process("cmtmed", path, out)  # compiles the kernels, once a machine
    cold = subprocess.run(
        [sys.executable, "-c", "from cmtmed.dedup import load_kernels; print(load_kernels().compile_seconds)"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    print(f"first call on a machine: {float(cold.stdout):.0f} s of compilation, cached from then on")
    speed = {}
    for tool, source, rows, runs in (
        ("cmtmed", path, options.texts, options.runs),
        ("rensa", path, options.texts, 1),
        ("datasketch", peer_path, options.peer_texts, 1),
    ):
        measurements = [measure_process(tool, source, out) for _ in range(runs)]
        seconds, peak = (
            median(run_seconds for run_seconds, _ in measurements),
            max(run_peak for _, run_peak in measurements),
        )
        speed[tool] = rows / seconds
        line = f"{tool:<11} {speed[tool]:>9,.0f} texts/s   {seconds:6.2f} s   {peak:5.2f} GiB"
        if source == path:
            kept = set(out.read_text(encoding="utf-8").split())
            remaining, unjustified = count_errors(kept, names, at_threshold)
            line += f"   kept {len(kept)}   pairs left {remaining} of {len(at_threshold)}"
            line += f"   dropped without a pair {unjustified}"
        print(line, flush=True)
    for peer in ("rensa", "datasketch"):
        print(f"{speed['cmtmed'] / speed[peer]:.1f} times as fast as {peer}")

    for threshold in (0.7, 0.8, 0.9):
        pairs = near_duplicates(table["text"], threshold)
        true_pairs = truth.filter(pl.col("jaccard") >= threshold - 1e-12).select(pl.col("a", "b").cast(pl.UInt32))
        hits = pairs.join(true_pairs, on=["a", "b"]).height
        print(
            f"threshold {threshold}: {true_pairs.height} pairs, recall {hits / true_pairs.height:.5f}, "
            f"precision {hits / pairs.height:.5f}"
        )

    if options.curve:
        draw_curve(table["text"], truth, options.curve)

    # Of equal texts any one may be kept: the texts are compared, not the ids.
    by_name = dict(table.iter_rows())
    expected = {by_name[name] for name in keep_with_cmtmed(path)}
    shuffled = folder / "shuffled.parquet"
    for seed, threads in ((1, 1), (2, 2), (3, 3)):
        table.sample(fraction=1.0, shuffle=True, seed=seed).write_parquet(shuffled, row_group_size=7_000 * seed)
        pairs = {by_name[name] for name in keep_with_cmtmed(shuffled, threads=threads)}
        print(f"rows shuffled, {threads} threads: same texts kept {pairs == expected}")

    if not options.skip_million:
        planted.write(path, 1_000_000)
        seconds, peak = measure_process("cmtmed", path, out)
        print(
            f"1,000,000 texts: {1e6 / seconds:,.0f} texts/s, {peak:.2f} GiB; "
            f"cost per text {speed['cmtmed'] * seconds / 1e6:.2f} times that at {options.texts:,}"
        )


def draw_curve(texts: pl.Series, truth: pl.DataFrame, file: Path) -> None:
    """Draw the share of real pairs that share a band, by similarity, beside what the theory says."""
    import matplotlib as mpl
    import numpy as np

    from cmtmed.dedup.config import MinHashConfig
    from cmtmed.dedup.signature_store import SignatureStore
    from cmtmed.dedup.texts import Texts

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "cmtmed"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    similarity = np.linspace(0.4, 1, 241)
    a, b, exact = (truth[name].to_numpy() for name in ("a", "b", "jaccard"))
    edges = np.arange(0.5, 1.0001, 0.025)
    bin_index = np.clip(np.digitize(exact, edges) - 1, 0, len(edges) - 2)
    for threshold, color in ((0.7, "tab:orange"), (0.8, "tab:blue")):
        config = MinHashConfig(threshold)
        bands, rows = config.bands
        store = SignatureStore.from_texts(Texts.from_column(texts), config)
        shares_band = np.zeros(len(a), dtype=bool)
        for band in range(bands):
            keys = store.read_band(band)
            shares_band |= keys[a] == keys[b]
        share = np.bincount(bin_index, shares_band, len(edges) - 1) / np.maximum(
            np.bincount(bin_index, minlength=len(edges) - 1), 1
        )
        axes.plot(
            similarity,
            1 - (1 - similarity**rows) ** bands,
            color=color,
            label=f"{bands} bands of {rows}, for {threshold}",
        )
        axes.plot((edges[1:] + edges[:-1]) / 2, share, "o", color=color, markersize=4)
        axes.axvline(threshold, color=color, linewidth=0.8, linestyle=":")
    axes.plot(
        similarity,
        1 - (1 - similarity**13) ** 9,
        color="tab:gray",
        linestyle="--",
        label="9 bands of 13, datasketch's choice for 0.8",
    )
    axes.set(
        xlabel="Jaccard similarity", ylabel="share of pairs that are compared exactly", ylim=(0, 1.02), xlim=(0.4, 1)
    )
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    axes.grid(alpha=0.25)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
