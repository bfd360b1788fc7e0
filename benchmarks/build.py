"""Time the whole `cmtmedqa` pipeline, raw crawl to Arrow datasets, whole process.

``python benchmarks/build.py`` builds 100,000 recombined real dialogues and prints dialogues per second, peak memory
of all processes together and seconds per stage; then the same at 30,000 and 300,000, the ratio of the costs per
dialogue, the ratio to a plain script of `datasets.map`, OpenCC and datasketch on the same rows, and the time of
`import cmtmed` beside `import polars`. ``--dialogues N`` runs one size only.
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

from corpus import write

PEER_ROWS = 2_000


def measured(command: list[str]) -> tuple[float, int, str]:
    """Run a command; return wall seconds, peak bytes of its process tree (PSS), and what it printed."""
    peak = 0
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    printed, _ = process.communicate()
    seconds = time.perf_counter() - started
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with exit code {process.returncode}")
    return seconds, peak, printed


def tree_memory(pid: int) -> int:
    """Return the proportional set size of a process and all its children, in bytes."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def build(count: int, folder: Path, *, stages: bool) -> float:
    """Build ``count`` dialogues, print what it cost, return seconds per dialogue."""
    size = write(folder / f"crawl{count}", count)
    command = [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(folder / f"crawl{count}")]
    seconds, peak, printed = measured([*command, "--out", str(folder / f"out{count}"), "--json"])
    report = json.loads(printed)
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


PEER = """
import json, re, sys
from datasets import load_dataset
from datasketch import MinHash, MinHashLSH
from opencc import OpenCC
convert = OpenCC("t2s").convert
rows = load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
def clean(row):
    turns = [turn for pair in row["history"] for turn in pair] + [row["instruction"], row["output"]]
    turns = [re.sub(r"\\\\s+", " ", convert(turn)) for turn in turns]
    return {"text": "\\\\n".join(re.sub(r"1[3-9][0-9]{9}", "[phone]", turn) for turn in turns)}
rows = rows.map(clean, remove_columns=rows.column_names)
lsh, kept = MinHashLSH(threshold=0.8, num_perm=128), []
for place, text in enumerate(rows["text"]):
    sketch = MinHash(num_perm=128)
    sketch.update_batch({text[at:at + 5].encode() for at in range(len(text) - 4)})
    if not lsh.query(sketch):
        lsh.insert(str(place), sketch)
        kept.append(place)
rows.select(kept).save_to_disk(sys.argv[3])
"""


def peer(folder: Path) -> None:
    """Run the plain script and this pipeline on the same rows, and print the ratio."""
    write(folder / "peer", PEER_ROWS * 5)
    merged = folder / "peer.jsonl"
    merged.write_text("".join(path.read_text("utf-8") for path in sorted((folder / "peer").iterdir())), "utf-8")
    plain = [
        sys.executable,
        "-c",
        PEER.replace("\\\\", "\\"),
        str(merged),
        str(folder / "cache"),
        str(folder / "plain"),
    ]
    ours = [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(folder / "peer"), "--quiet"]
    theirs, _, _ = measured(plain)
    mine, _, _ = measured([*ours, "--out", str(folder / "ours")])
    print(
        f"plain script (datasets.map, OpenCC, one regex, datasketch) on {PEER_ROWS * 5:,}: {theirs:.1f} s; "
        f"cmtmed, whole pipeline: {mine:.1f} s; ratio {theirs / mine:.1f}"
    )


def imports() -> None:
    """Compare `import cmtmed` with `import polars`, whole process, in turn."""
    took: dict[str, list[float]] = {"cmtmed": [], "polars": []}
    for _ in range(7):
        for name, times in took.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            times.append(time.perf_counter() - started)
    ours, theirs = median(took["cmtmed"]), median(took["polars"])
    print(f"import cmtmed {ours:.3f} s, import polars {theirs:.3f} s: ratio {ours / theirs:.2f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, help="one size instead of 100,000, 30,000 and 300,000")
    chosen = parser.parse_args().dialogues
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen:
            build(chosen, folder, stages=True)
            return
        imports()
        peer(folder)
        build(100_000, folder, stages=True)
        small, large = build(30_000, folder, stages=False), build(300_000, folder, stages=False)
        print(f"cost per dialogue at 300,000 over that at 30,000: {large / small:.2f}")


if __name__ == "__main__":
    main()
