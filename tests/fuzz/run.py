"""Read many damaged files: ``python -m tests.fuzz.run --inputs 20000 --seed 0``.

Inputs follow from their seeds alone. A worker process reads some hundred of them, so that a crash of the interpreter
costs one seed and is told of. Prints what was tried and what failed; exits with 1 if anything did.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.check import HangError, check_input, make_input

CHUNK = 500


def run_seeds(first, last):
    """Check the inputs of some seeds; print one line for each failure, and the counts at the end."""
    counts = Counter()
    with tempfile.TemporaryDirectory(prefix="cmtmed-fuzz-") as folder:
        for seed in range(first, last):
            print("seed", seed, flush=True)
            try:
                kind, name, rows, entries = check_input(seed, Path(folder))
            except (Exception, HangError) as error:  # noqa: BLE001 (all of them are findings)
                frame = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(frame.filename).name}:{frame.lineno}"
                print(
                    "fail",
                    seed,
                    make_input(seed)[0],
                    type(error).__name__,
                    place,
                    str(error)[:200],
                    sep="\t",
                    flush=True,
                )
                continue
            counts[kind, [*name.split("."), "none"][1], bool(rows), bool(entries)] += 1
    for key, number in counts.items():
        print("count", *key, number, sep="\t")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", type=int, nargs=2)
    arguments = parser.parse_args()
    if arguments.worker:
        run_seeds(*arguments.worker)
        return 0
    started = time.monotonic()
    failures, counts = [], Counter()
    last = arguments.seed + arguments.inputs
    first = arguments.seed
    while first < last:
        end = min(first + CHUNK, last)
        command = [sys.executable, "-m", "tests.fuzz.run", "--worker", str(first), str(end)]
        worker = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = worker.stdout.splitlines()
        failures += [line for line in lines if line.startswith("fail\t")]
        for line in lines:
            if line.startswith("count\t"):
                _, *key, number = line.split("\t")
                counts[tuple(key)] += int(number)
        if worker.returncode:
            # The counts of this worker are lost; the seed on which it died is not.
            crashed = max(int(line.split()[1]) for line in lines if line.startswith("seed "))
            failures.append(f"fail\t{crashed}\t{make_input(crashed)[0]}\tcrash\texit {worker.returncode}")
            end = crashed + 1
        first = end
        print(
            f"{first - arguments.seed:,} inputs, {len(failures)} failures, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    print("\n".join(failures))
    print(f"{'kind':8} {'format':8} {'only dialogues':>15} {'both':>8} {'only quarantine':>16} {'nothing':>8}")
    for kind, suffix in sorted({key[:2] for key in counts}):
        cells = [
            counts[kind, suffix, rows, entries]
            for rows, entries in (("True", "False"), ("True", "True"), ("False", "True"), ("False", "False"))
        ]
        print(f"{kind:8} {suffix:8} {cells[0]:15,} {cells[1]:8,} {cells[2]:16,} {cells[3]:8,}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
