"""Time the readers of JSON lines and CSV beside the plainest program that reads the same files.

``python benchmarks/reading.py`` writes the 7,644 questions and answers of ``../shared/data/toyhom`` six times over, as
JSON lines of question and answer, as JSON lines of eight messages, and as CSV, and reads each with ``source: auto``
and with the standard library alone (`json.loads` a line, `csv.reader`), keeping what it reads in lists. It prints rows
per second of processor time, the least of three runs, and the ratio: what knowing encodings, forms, roles, faults and
every character left out costs.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from figures import record  # noqa: E402

from cmtmed.io.read import read_file  # noqa: E402
from cmtmed.source import Source  # noqa: E402

CRAWL = ROOT.parent / "shared" / "data" / "toyhom" / "internal_medicine.gb18030.csv"
COPIES = 6
RUNS = 3


def write_files(folder: Path) -> list[Path]:
    """Write the crawl in three forms."""
    with CRAWL.open(encoding="gb18030", newline="") as file:
        rows = list(csv.DictReader(file)) * COPIES
    pairs, messages, table = folder / "pairs.jsonl", folder / "messages.jsonl", folder / "table.csv"
    with (
        pairs.open("w", encoding="utf-8") as pair_file,
        messages.open("w", encoding="utf-8") as message_file,
        table.open("w", encoding="utf-8", newline="") as table_file,
    ):
        writer = csv.writer(table_file)
        writer.writerow(["department", "title", "ask", "answer"])
        for number, row in enumerate(rows):
            name, question, answer = str(number), row["ask"], row["answer"]
            pair = {"id": name, "department": row["department"], "question": question, "answer": answer}
            turns = [{"role": "患者", "content": question}, {"role": "医生", "content": answer}] * 4
            pair_file.write(json.dumps(pair, ensure_ascii=False) + "\n")
            message_file.write(json.dumps({"id": name, "messages": turns}, ensure_ascii=False) + "\n")
            writer.writerow([row["department"], row["title"], question, answer])
    return [pairs, messages, table]


def read_plainly(path: Path) -> int:
    """Return the number of rows that the standard library reads."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:] if path.suffix == ".csv" else [json.loads(line) for line in file]
    return len(rows)


def read_with_cmtmed(path: Path) -> int:
    """Return the number of dialogues that the readers find."""
    return sum(batch.dialogues.height for batch in read_file(path, [Source(name="crawl")]))


def measure(read: Callable[[], int]) -> tuple[int, float]:
    """Return the number of rows and the least processor seconds of several runs."""
    least, rows = float("inf"), 0
    for _ in range(RUNS):
        started = time.process_time()
        rows = read()
        least = min(least, time.process_time() - started)
    return rows, least


def main() -> None:
    """Measure and print."""
    if not CRAWL.exists():
        raise SystemExit(f"{CRAWL} does not exist: there is nothing to read")
    with tempfile.TemporaryDirectory() as name:
        for path in write_files(Path(name)):
            rows, plain = measure(partial(read_plainly, path))
            found, ours = measure(partial(read_with_cmtmed, path))
            print(
                f"{path.name:<16} {found:>7,} dialogues of {rows:,} rows  {found / ours:>9,.0f}/s   "
                f"standard library alone {rows / plain:>9,.0f}/s   ratio {plain / ours:.3f}"
            )
            record(f"reading.{path.stem}.speed_over_standard_library", plain / ours, slack=0.15)


if __name__ == "__main__":
    main()
