"""Record what a benchmark measures, and compare it with what was reached before.

A benchmark calls `record` for each figure that must not fall. ``python benchmarks/figures.py`` (``make bench``) runs
all benchmarks, or those that it is given, and compares their figures with ``benchmarks/figures.json``; it names what
fell and exits with status 1 if anything did. ``--update`` writes the measured figures instead: an improvement is
recorded so that it stays reached.

Machines, and the same machine on two days, differ by more than a factor of two. So no figure is a time or a speed:
speeds are ratios to a peer, or to `calibration.measure`, in the same run. Scores, counts and memory are
recorded as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).resolve().parent
RECORDED = FOLDER / "figures.json"
VARIABLE = "CMTMED_BENCHMARK_FIGURES"
"""Environment variable: file to which the figures of a run are appended, a JSON object a line."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "anonymize": (),
    "build": (),
    "containment": (),
    "inquiries": (),
    "inspection": (),
    "near_duplicates": ("--skip-million",),
    "out_of_core": ("--texts", "100000", "200000"),
    "reading": (),
    "report": ("--dialogues", "20000"),
    "training": ("--skip-ppo",),
}
"""The benchmarks of ``make bench`` and their options. Longer runs are started by hand."""

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Figure:
    """One figure, which way is better, and the share by which two runs of the same code may differ."""

    name: str
    value: float
    better: Better
    slack: float


@dataclass(frozen=True)
class Comparison:
    """A recorded figure beside the one of this run; either may be missing."""

    name: str
    recorded: Figure | None
    measured: Figure | None

    @property
    def verdict(self) -> str:
        """``fell``, ``rose``, ``same``, ``new``, or ``missing`` where this run did not measure it."""
        if self.measured is None:
            return "missing"
        if self.recorded is None:
            return "new"
        gain = self.measured.value - self.recorded.value
        if self.recorded.better == "lower":
            gain = -gain
        margin = self.recorded.slack * abs(self.recorded.value) + 1e-9
        if gain < -margin:
            return "fell"
        return "rose" if gain > margin else "same"


def record(name: str, value: float, *, better: Better = "higher", slack: float = 0.0) -> None:
    """Append a figure to the file that ``CMTMED_BENCHMARK_FIGURES`` names; without the variable nothing happens.

    Parameters
    ----------
    name
        ``benchmark.what``: one name for one figure, whatever the machine.
    value
        A ratio within the run, a score, a count, or GiB; never seconds.
    better
        Which way is better.
    slack
        Share of the recorded value by which a run may be worse without having fallen: 0 where a figure is exact.
    """
    path = os.environ.get(VARIABLE)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(Figure(name, round(float(value), 4), better, slack))) + "\n")


def read_recorded(path: Path = RECORDED) -> dict[str, Figure]:
    """Return the recorded figures by name."""
    if not path.exists():
        return {}
    return {name: Figure(name, **fields) for name, fields in json.loads(path.read_text("utf-8")).items()}


def write_recorded(figures: dict[str, Figure], path: Path = RECORDED) -> None:
    """Write figures, sorted by name."""
    rows = {
        name: {"value": figure.value, "better": figure.better, "slack": figure.slack}
        for name, figure in sorted(figures.items())
    }
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def run_benchmark(name: str) -> list[Figure]:
    """Run one benchmark in a process of its own and return its figures.

    Raises:
    ------
    SystemExit
        If the benchmark fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.jsonl"
        command = [sys.executable, str(FOLDER / f"{name}.py"), *COMMANDS[name]]
        status = subprocess.run(command, check=False, env={**os.environ, VARIABLE: str(path)}).returncode
        if status:
            raise SystemExit(f"benchmarks/{name}.py failed with status {status}")
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [Figure(**json.loads(line)) for line in lines]


def compare(recorded: dict[str, Figure], measured: dict[str, Figure], benchmarks: list[str]) -> list[Comparison]:
    """Return a comparison for every figure of the given benchmarks."""
    names = sorted(name for name in recorded | measured if name.split(".")[0] in benchmarks)
    return [Comparison(name, recorded.get(name), measured.get(name)) for name in names]


def print_comparisons(comparisons: list[Comparison]) -> None:
    """Print a table: name, recorded and measured value, verdict."""
    width = max((len(comparison.name) for comparison in comparisons), default=0)
    print(f"\n{'figure':<{width}} {'recorded':>10} {'measured':>10}")
    for comparison in comparisons:
        values = (
            f"{figure.value:>10g}" if figure else f"{'-':>10}" for figure in (comparison.recorded, comparison.measured)
        )
        print(f"{comparison.name:<{width}} {' '.join(values)}  {comparison.verdict}")


def main() -> None:
    """Run, compare, and write or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="*", metavar="NAME", help=f"default: all of {', '.join(COMMANDS)}")
    parser.add_argument("--update", action="store_true", help="write the measured figures to figures.json")
    options = parser.parse_args()
    unknown = set(options.benchmarks) - set(COMMANDS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(COMMANDS)}")
    benchmarks = options.benchmarks or list(COMMANDS)
    measured: dict[str, Figure] = {}
    for name in benchmarks:
        print(f"\n== {name}", flush=True)
        measured |= {figure.name: figure for figure in run_benchmark(name)}
    recorded = read_recorded()
    comparisons = compare(recorded, measured, benchmarks)
    print_comparisons(comparisons)
    if options.update:
        write_recorded(recorded | measured)
        return
    fallen = [comparison.name for comparison in comparisons if comparison.verdict == "fell"]
    if fallen:
        raise SystemExit(f"{len(fallen)} figures fell: {', '.join(fallen)}")


if __name__ == "__main__":
    main()
