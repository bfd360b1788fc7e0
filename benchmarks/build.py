"""Time the whole `cmtmedqa` pipeline, from raw crawl to Arrow datasets, as a whole process.

``python benchmarks/build.py`` builds 100,000 recombined real dialogues and prints dialogues per second, peak memory
of all processes together and seconds per stage; then the same at 30,000 and 300,000 and the ratio of their costs per
dialogue, the ratio to a plain script of `datasets.map`, OpenCC and datasketch on the same rows, and the time of
`import cmtmed` compared with `import polars`. ``--dialogues N`` only builds that number.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import psutil

from corpus import write_crawl

PEER_ROWS = 10_000


def measure_command(command: list[str]) -> tuple[float, int, str]:
    """Run a command; return wall seconds, peak bytes of its process tree (PSS), and its output."""
    peak = 0
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def watch_memory() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, measure_tree_memory(process.pid))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch_memory)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with exit code {process.returncode}")
    return seconds, peak, output


def measure_tree_memory(pid: int) -> int:
    """Return the proportional set size of a process and all its descendants, in bytes."""
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def measure_build(count: int, folder: Path, *, stages: bool) -> float:
    """Build ``count`` dialogues, print the cost, and return seconds per dialogue."""
    size = write_crawl(folder / f"crawl{count}", count)
    command = [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(folder / f"crawl{count}")]
    seconds, peak, output = measure_command([*command, "--out", str(folder / f"out{count}"), "--json"])
    report = json.loads(output)
    print(
        f"{count:>9,} dialogues, {size / 1e6:.0f} MB: {seconds:6.1f} s  {count / seconds:7,.0f} dialogues/s  "
        f"peak {peak / 2**30:.2f} GiB  kept {report['counts']['kept']:,}"
    )
    if stages:
        phases = "  ".join(f"{name} {value:.1f} s" for name, value in report["seconds"].items())
        print(f"  elapsed: {phases}")
        print("  processor seconds per stage, all workers together:")
        for stage in report["stages"]:
            print(f"    {stage['stage']:<24}{stage['seconds']:8.2f}")
    return seconds / count


PLAIN_SCRIPT = r"""
import json, re, sys
from datasets import load_dataset
from datasketch import MinHash, MinHashLSH
from opencc import OpenCC
convert = OpenCC("t2s").convert
rows = load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
def clean(row):
    turns = [turn for pair in row["history"] for turn in pair] + [row["instruction"], row["output"]]
    turns = [re.sub(r"\s+", " ", convert(turn)) for turn in turns]
    return {"text": "\n".join(re.sub(r"1[3-9][0-9]{9}", "[phone]", turn) for turn in turns)}
rows = rows.map(clean, remove_columns=rows.column_names)
lsh, kept = MinHashLSH(threshold=0.8, num_perm=128), []
for index, text in enumerate(rows["text"]):
    signature = MinHash(num_perm=128)
    signature.update_batch({text[start:start + 5].encode() for start in range(len(text) - 4)})
    if not lsh.query(signature):
        lsh.insert(str(index), signature)
        kept.append(index)
rows.select(kept).save_to_disk(sys.argv[3])
"""


def compare_with_plain_script(folder: Path) -> None:
    """Run the plain script and the pipeline on the same rows, and print the ratio."""
    write_crawl(folder / "peer", PEER_ROWS)
    merged = folder / "peer.jsonl"
    merged.write_text("".join(path.read_text("utf-8") for path in sorted((folder / "peer").iterdir())), "utf-8")
    plain = [sys.executable, "-c", PLAIN_SCRIPT, str(merged), str(folder / "cache"), str(folder / "plain")]
    build = [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(folder / "peer"), "--quiet"]
    plain_seconds, _, _ = measure_command(plain)
    build_seconds, _, _ = measure_command([*build, "--out", str(folder / "ours")])
    print(
        f"plain script (datasets.map, OpenCC, one regex, datasketch) on {PEER_ROWS:,}: {plain_seconds:.1f} s; "
        f"cmtmed, whole pipeline: {build_seconds:.1f} s; ratio {plain_seconds / build_seconds:.1f}"
    )


def compare_imports() -> None:
    """Compare `import cmtmed` with `import polars`, as whole processes, alternating."""
    times_by_module: dict[str, list[float]] = {"cmtmed": [], "polars": []}
    for _ in range(7):
        for name, times in times_by_module.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            times.append(time.perf_counter() - started)
    cmtmed, polars = median(times_by_module["cmtmed"]), median(times_by_module["polars"])
    print(f"import cmtmed {cmtmed:.3f} s, import polars {polars:.3f} s: ratio {cmtmed / polars:.2f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, help="one size instead of 100,000, 30,000 and 300,000")
    count = parser.parse_args().dialogues
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if count:
            measure_build(count, folder, stages=True)
            return
        compare_imports()
        compare_with_plain_script(folder)
        measure_build(100_000, folder, stages=True)
        cost_at_30k = measure_build(30_000, folder, stages=False)
        cost_at_300k = measure_build(300_000, folder, stages=False)
        print(f"cost per dialogue at 300,000 over that at 30,000: {cost_at_300k / cost_at_30k:.2f}")


if __name__ == "__main__":
    main()
