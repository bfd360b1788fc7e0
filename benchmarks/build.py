"""Time the whole `cmtmedqa` pipeline, from raw crawl to Arrow datasets, as a whole process.

``python benchmarks/build.py`` builds recombined real dialogues beside two others on the same 10,000 rows: data-juicer
with nine operators of the same kind and two processes (``peers/data_juicer.yaml``), and a plain script of
`datasets.map`, OpenCC and datasketch. Each runs three times, in turn, and the medians are compared. Then it builds
100,000 and prints dialogues per second as a ratio to data-juicer's, peak memory of all processes together, and
processor seconds per stage, divided by `calibration.measure` of the same run; the cost per dialogue at 300,000 over
that at 30,000; and `import cmtmed` over `import polars`. ``--dialogues N`` only builds that number; ``--skip-peers``
leaves out the others, ``--skip-growth`` the builds of 30,000 and 300,000.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import calibration
import psutil
from figures import record
from peers import FOLDER as PEERS
from peers import prepare_environment

from corpus import write_crawl

PEER_ROWS = 10_000
RUNS = 3
LARGE = 100_000


@dataclass(frozen=True)
class Build:
    """What a build cost: wall seconds and the peak memory of its processes, and its report."""

    dialogues: int
    seconds: float
    peak_gib: float
    report: dict[str, Any]

    @property
    def speed(self) -> float:
        """Dialogues per second."""
        return self.dialogues / self.seconds


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


def measure_build(count: int, folder: Path) -> Build:
    """Build ``count`` dialogues, print the cost, and return it."""
    size = write_crawl(folder / f"crawl{count}", count)
    command = [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(folder / f"crawl{count}")]
    seconds, peak, output = measure_command([*command, "--out", str(folder / f"out{count}"), "--json"])
    report = json.loads(output)
    print(
        f"{count:>9,} dialogues, {size / 1e6:.0f} MB: {seconds:6.1f} s  {count / seconds:7,.0f} dialogues/s  "
        f"peak {peak / 2**30:.2f} GiB  kept {report['counts']['kept']:,}",
        flush=True,
    )
    return Build(count, seconds, peak / 2**30, report)


def print_stages(build: Build) -> None:
    """Print elapsed seconds per phase and processor seconds per stage, and record the latter per calibration loop."""
    print("  elapsed: " + "  ".join(f"{name} {value:.1f} s" for name, value in build.report["seconds"].items()))
    unit = calibration.measure()
    print(f"  processor seconds, all workers together (calibration loop: {unit:.3f} s)")
    for stage in build.report["stages"]:
        print(f"    {stage['stage']:<24}{stage['seconds']:8.2f}{stage['seconds'] / unit:8.1f} loops")
        loops_per_100k = stage["seconds"] / unit * 100_000 / build.dialogues
        record(f"build.loops_per_100k.{stage['stage']}", loops_per_100k, better="lower", slack=0.25)


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


def compare_with_peers(folder: Path) -> float:
    """Run data-juicer, the plain script and the pipeline in turn on the same rows; return data-juicer's rows/s."""
    write_crawl(folder / "peer", PEER_ROWS)
    rows = [
        json.loads(line)
        for path in sorted((folder / "peer").iterdir())
        for line in path.read_text("utf-8").splitlines()
    ]
    merged, joined = folder / "peer.jsonl", folder / "joined.jsonl"
    merged.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    with joined.open("w", encoding="utf-8") as file:
        for row in rows:
            turns = [turn for pair in row["history"] for turn in pair] + [row["instruction"], row["output"]]
            file.write(json.dumps({"text": "\n".join(turns)}, ensure_ascii=False) + "\n")
    juicer = prepare_environment("data_juicer") / "dj-process"
    seconds: dict[str, list[float]] = {"data-juicer": [], "plain script": [], "cmtmed": []}
    for run in range(RUNS):
        out = folder / f"run{run}"
        commands = {
            "data-juicer": [
                *(str(juicer), "--config", str(PEERS / "data_juicer.yaml"), "--dataset_path", str(joined)),
                *("--export_path", str(out / "juicer" / "rows.jsonl"), "--ds_cache_dir", str(out / "juicer-cache")),
            ],
            "plain script": [sys.executable, "-c", PLAIN_SCRIPT, str(merged), str(out / "cache"), str(out / "plain")],
            "cmtmed": [
                *(sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(folder / "peer"), "--quiet"),
                *("--out", str(out / "ours")),
            ],
        }
        out.mkdir()
        for name, command in commands.items():
            seconds[name].append(measure_command(command)[0])
    medians = {name: median(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name:<13}{PEER_ROWS:>7,} dialogues: {value:6.1f} s  {PEER_ROWS / value:7,.0f} dialogues/s", flush=True)
    for name, label in (("data-juicer", "data_juicer"), ("plain script", "plain_script")):
        ratio = medians[name] / medians["cmtmed"]
        print(f"  {ratio:.1f} times as fast as {name}")
        record(f"build.speed_over_{label}", ratio, slack=0.12)
    return PEER_ROWS / medians["data-juicer"]


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
    record("build.import_over_polars", cmtmed / polars, better="lower", slack=0.15)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, help="build this number and nothing else")
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--skip-growth", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.dialogues:
            print_stages(measure_build(options.dialogues, folder))
            return
        compare_imports()
        peer_speed = None if options.skip_peers else compare_with_peers(folder)
        large = measure_build(LARGE, folder)
        print_stages(large)
        record("build.peak_gib_at_100k", large.peak_gib, better="lower", slack=0.05)
        record("build.kept_at_100k", large.report["counts"]["kept"], better="higher")
        if peer_speed:
            ratio = large.speed / peer_speed
            print(f"  {ratio:.1f} times data-juicer's dialogues per second at {PEER_ROWS:,}")
            record("build.speed_at_100k_over_data_juicer", ratio, slack=0.12)
        if not options.skip_growth:
            small, huge = measure_build(30_000, folder), measure_build(300_000, folder)
            growth = small.speed / huge.speed
            print(f"cost per dialogue at 300,000 over that at 30,000: {growth:.2f}")
            record("build.cost_at_300k_over_30k", growth, better="lower", slack=0.1)


if __name__ == "__main__":
    main()
