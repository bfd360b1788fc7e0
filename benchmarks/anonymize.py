"""Score and time the search for identifiers, compared with presidio (with Chinese patterns) and jionlp.

``python benchmarks/anonymize.py`` prints, for all tools in the same run:

- quality on ``tests/data/identifiers_dev.jsonl`` and ``identifiers_blind.jsonl``: exact and overlap F1, F2, texts in
  which an identifier leaks, clean texts changed, look-alikes changed; for a peer also over the types that it supports.
  The development set was read while the rules were written, so it only shows what they can express. The same is true of
  the open half of the blind set; of its sealed half, only totals are printed.
- speed on one core, in texts per second, on texts dense with identifiers and on ordinary turns (``../shared/data``):
  in steady state, and for the whole process from a file of texts to a file of spans.

The peers are not dependencies. A tool that is not installed is skipped with a message. To keep the peers out of the
project's environment: ``python -m venv peers``, ``peers/bin/pip install presidio-analyzer jionlp``,
``--peer-python peers/bin/python``.

``--texts N`` sets the number of dense texts and ``--ordinary N`` that of ordinary ones. Peers get ``--peer-texts N`` of
each, and their whole-process time is extrapolated to all texts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import calibration
from figures import record

from identifier_finders import FINDERS, SUPPORTED_TYPES, Spans

NOT_INSTALLED = 3
"""Exit code of a tool whose package is missing."""


def find_in_file(tool: str, source: Path, out: Path) -> None:
    """Find identifiers in the texts of a file; write the spans and the seconds that finding took.

    Runs in a process of its own.
    """
    texts = json.loads(source.read_text(encoding="utf-8"))
    try:
        find_identifiers = FINDERS[tool]()
    except ImportError:
        raise SystemExit(NOT_INSTALLED) from None
    # Compilation and loading at first use belong to the whole process, not to the steady state.
    find_identifiers(texts[:200])
    started = time.perf_counter()
    spans = find_identifiers(texts)
    seconds = time.perf_counter() - started
    out.write_text(json.dumps({"seconds": seconds, "spans": spans}), encoding="utf-8")


def run_tool(tool: str, python: str, source: Path, out: Path) -> tuple[float, float, list[Spans]] | None:
    """Return wall seconds, steady-state seconds and spans of a tool; None if it is not installed."""
    one_core = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable if tool == "cmtmed" else python, __file__, "--run", tool, str(source), str(out)]
    started = time.perf_counter()
    status = subprocess.run(command, env=os.environ | one_core, check=False, stdout=subprocess.DEVNULL).returncode
    wall = time.perf_counter() - started
    if status == NOT_INSTALLED:
        return None
    if status:
        raise SystemExit(f"{tool} failed with status {status}")
    result = json.loads(out.read_text(encoding="utf-8"))
    return wall, result["seconds"], [[(start, end, type_) for start, end, type_ in spans] for spans in result["spans"]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--ordinary", type=int, default=60_000)
    parser.add_argument("--peer-texts", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter of the environment with the peers")
    parser.add_argument("--skip-speed", action="store_true")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        tool, source, out = options.run
        find_in_file(tool, Path(source), Path(out))
        return
    with tempfile.TemporaryDirectory() as folder:
        tools = measure_quality(options, Path(folder))
        if not options.skip_speed:
            measure_speed(options, Path(folder), tools)


def measure_quality(options: argparse.Namespace, folder: Path) -> list[str]:
    """Print the scores of every tool on every labelled set; return the tools that are installed."""
    import utterances
    from cmtmed.anonymize.detect.recognizers import RECOGNIZERS

    rows_by_set = utterances.group_by_half("dev", "blind")
    lookalikes = dict.fromkeys(text for recognizer in RECOGNIZERS.values() for text in recognizer.lookalikes)
    rows_by_set["look-alikes of our recognizers"] = [
        {"text": text, "spans": [], "kind": "lookalike"} for text in lookalikes
    ]
    source, out = folder / "texts.json", folder / "spans.json"
    texts = [row["text"] for rows in rows_by_set.values() for row in rows]
    source.write_text(json.dumps(texts), encoding="utf-8")
    spans_by_tool: dict[str, list[Spans]] = {}
    for tool in FINDERS:
        result = run_tool(tool, options.peer_python, source, out)
        if result is None:
            print(f"{tool} is not installed and is skipped; see --help")
        else:
            spans_by_tool[tool] = result[2]
    start = 0
    for name, rows in rows_by_set.items():
        print(f"\n{name}: {len(rows)} texts, {sum(bool(row['spans']) for row in rows)} with identifiers")
        spans_of_set = {tool: spans[start : start + len(rows)] for tool, spans in spans_by_tool.items()}
        for tool, spans in spans_of_set.items():
            print(format_scores(tool, rows, spans))
            if tool == "cmtmed":
                record_scores(name.replace(" ", "_"), rows, spans)
            if tool in SUPPORTED_TYPES and any(row["spans"] for row in rows):
                for compared in (tool, "cmtmed"):
                    label = f"{compared} on {tool}'s types"
                    print(format_scores(label, rows, spans_of_set[compared], SUPPORTED_TYPES[tool]))
        start += len(rows)
    return list(spans_by_tool)


def record_scores(name: str, rows: list[dict[str, Any]], spans: list[Spans]) -> None:
    """Record the scores of this library on one set."""
    from cmtmed.anonymize import evaluate_identifiers

    report = evaluate_identifiers([row["spans"] for row in rows], spans, texts=[row["text"] for row in rows])
    lookalikes = [bool(found) for row, found in zip(rows, spans, strict=True) if row.get("kind") == "lookalike"]
    if report.leaking_texts.of:
        record(f"anonymize.{name}.exact_f1", report.exact.f1)
        record(f"anonymize.{name}.overlap_f1", report.overlap.f1)
        record(f"anonymize.{name}.leaking_texts", report.leaking_texts.count, better="lower")
    record(f"anonymize.{name}.lookalikes_changed", sum(lookalikes), better="lower")


def format_scores(label: str, rows: list[dict[str, Any]], spans: list[Spans], types: list[str] | None = None) -> str:
    """Return a line of scores, over all identifier types or over some."""
    from cmtmed.anonymize import Share, evaluate_identifiers

    def select_types(spans: Iterable[Any]) -> Spans:
        return [(start, end, type_) for start, end, type_ in spans if types is None or type_ in types]

    predictions = [select_types(text_spans) for text_spans in spans]
    report = evaluate_identifiers(
        [select_types(row["spans"]) for row in rows], predictions, texts=[row["text"] for row in rows]
    )
    lookalikes = [bool(spans) for row, spans in zip(rows, predictions, strict=True) if row.get("kind") == "lookalike"]
    line = f"{label:<30}"
    if report.leaking_texts.of:
        exact, overlap = report.exact, report.overlap
        line += (
            f" exact F1 {exact.f1:.3f} F2 {exact.f2:.3f} (P {exact.precision:.3f} R {exact.recall:.3f})"
            f"  overlap F1 {overlap.f1:.3f}  leak {report.leaking_texts}"
        )
    if lookalikes and types is None:
        line += f"  look-alikes changed {Share(sum(lookalikes), len(lookalikes))}"
    if types is None and len(lookalikes) < len(rows):
        line += f"  clean changed {report.touched_texts}"
    return line


def measure_speed(options: argparse.Namespace, folder: Path, tools: list[str]) -> None:
    """Print texts per second and the ratios between tools."""
    import utterances

    texts_by_set = {
        "dense": utterances.make_dense(options.texts),
        "ordinary": utterances.read_ordinary(options.ordinary),
    }
    source = folder / "texts.json"
    for name, texts in texts_by_set.items():
        if not texts:
            print(f"\n{name}: no texts, because ../shared/data does not exist")
            continue
        length = sum(map(len, texts)) / len(texts)
        print(f"\n{name}: {len(texts):,} texts of {length:.0f} characters, one core")
        steady_rates: dict[str, float] = {}
        process_rates: dict[str, float] = {}
        for tool in tools:
            sample = texts if tool == "cmtmed" else texts[: options.peer_texts]
            source.write_text(json.dumps(sample), encoding="utf-8")
            runs = [
                run_tool(tool, options.peer_python, source, folder / "spans.json")
                for _ in range(options.runs if tool == "cmtmed" else 1)
            ]
            times = [(wall, steady) for wall, steady, _ in filter(None, runs)]
            seconds_per_text = median(steady for _, steady in times) / len(sample)
            startup = median(wall - steady for wall, steady in times)
            steady_rates[tool] = 1 / seconds_per_text
            process_rates[tool] = len(texts) / (startup + seconds_per_text * len(texts))
            characters = steady_rates[tool] * length / 1e6
            print(
                f"{tool:<9} steady {steady_rates[tool]:>9,.0f} texts/s {characters:7.2f} M characters/s   "
                f"whole process {process_rates[tool]:>9,.0f} texts/s "
                f"(startup {startup:.1f} s; measured on {len(sample):,} texts)",
                flush=True,
            )
        record(f"anonymize.{name}.texts_per_loop", steady_rates["cmtmed"] * calibration.measure(), slack=0.15)
        for tool in tools[1:]:
            record(f"anonymize.{name}.speed_over_{tool}", steady_rates["cmtmed"] / steady_rates[tool], slack=0.2)
            print(
                f"cmtmed is {steady_rates['cmtmed'] / steady_rates[tool]:.1f} times as fast as {tool}, "
                f"{process_rates['cmtmed'] / process_rates[tool]:.1f} times for the whole process"
            )


if __name__ == "__main__":
    main()
