"""Score and time the search for identifiers, beside presidio with Chinese patterns and jionlp.

``python benchmarks/anonymize.py`` prints, all tools in the same run:

- quality on ``tests/data/identifiers_dev.jsonl`` and ``identifiers_blind.jsonl``: exact and overlap F1, F2, texts in
  which an identifier leaks, clean texts touched, look-alikes touched; for a peer also over the types it knows only.
  The development set was read while the rules were written and shows what they can express, no more. Of the blind
  set the open half counts likewise; the sealed half is printed as totals only.
- speed on one core, in texts a second, on texts dense with identifiers and on ordinary turns (``../shared/data``):
  steady state, and the whole process from a file of texts to a file of spans.

The peers are no dependencies. What is not installed is left out with a message; to keep them apart from the project,
``python -m venv peers``, ``peers/bin/pip install presidio-analyzer jionlp``, ``--peer-python peers/bin/python``.

``--texts N`` dense texts, ``--ordinary N`` ordinary ones; ``--peer-texts N`` as many as a peer gets of each, whose
whole process is then reckoned for all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

Spans = list[tuple[int, int, str]]
Finder = Callable[[list[str]], list[Spans]]


def cmtmed() -> Finder:
    """Find with this library."""
    from cmtmed.anonymize import find_identifiers

    return find_identifiers


def presidio() -> Finder:
    r"""Find with presidio-analyzer: what of its own works on Chinese, and patterns as one writes them for it.

    Its own recognizers of e-mail, URL and IP end words at ``\b`` or take Chinese characters for letters, and so find
    nothing, or too much, beside Chinese text; patterns of the same form stand in for them. Its models of Chinese come
    from no package index; without one it knows no names. The threshold is its default, 0: context words, which need a
    model too, would only raise scores.
    """
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, DateRecognizer, PhoneRecognizer

    day = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    octet = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
    # A lower score than that of the form which it may lie within.
    patterns = {
        "ID_CARD": [(rf"(?<!\d)[1-9]\d{{5}}{day}\d{{3}}[\dXx](?![\dA-Za-z])", 0.9)],
        "PHONE": [
            (r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", 0.7),
            (r"(?<!\d)(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}[- ]?)\d{7,8}(?!\d)", 0.6),
        ],
        "BANK_CARD": [(r"(?<!\d)62\d{2}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)", 0.7)],
        "EMAIL": [(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", 0.8)],
        "URL": [(r"(?:https?://|www\.)[A-Za-z0-9./?=&#%_~:+-]+", 0.8)],
        "IP": [(rf"(?<![\d.])(?:{octet}\.){{3}}{octet}(?![\d.])", 0.6)],
        "DATE": [(r"(?<!\d)(?:19|20)\d{2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?[日号]", 0.6)],
        "PLATE": [
            (r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•]?[A-Z0-9]{5,6}(?!\w)", 0.6)
        ],
        "PASSPORT": [(r"(?<![A-Za-z0-9])[EeGgDdSsPp]\d{8}(?!\d)", 0.5)],
        "QQ": [(r"(?<=[qQ]{2}[号:： ]{0,3})[1-9]\d{4,10}(?!\d)", 0.6)],
        "WECHAT": [(r"(?<=微信[号:： ]{0,3})[A-Za-z][A-Za-z0-9_-]{5,19}", 0.6)],
    }
    mine = [
        PatternRecognizer(kind, name=kind, supported_language="zh", patterns=[Pattern(kind, *one) for one in forms])
        for kind, forms in patterns.items()
    ]
    its = [
        CreditCardRecognizer(supported_language="zh", supported_entity="BANK_CARD"),
        DateRecognizer(supported_language="zh", supported_entity="DATE"),
        PhoneRecognizer(supported_language="zh", supported_entity="PHONE", supported_regions=("CN",)),
    ]
    engine = AnalyzerEngine(
        registry=RecognizerRegistry([*mine, *its], supported_languages=["zh"]),
        nlp_engine=NoOpNlpEngine([{"lang_code": "zh", "model_name": "none"}]),
        supported_languages=["zh"],
    )

    def one(text: str) -> Spans:
        found = sorted(engine.analyze(text, language="zh"), key=lambda result: -result.score)
        return outermost((result.start, result.end, result.entity_type) for result in found)

    return lambda texts: [one(text) for text in texts]


def jionlp() -> Finder:
    """Find with the eight extractors of jionlp that tell offsets; its readers of names and places tell none."""
    import jionlp

    extractors = {
        "ID_CARD": jionlp.extract_id_card,
        "PHONE": jionlp.extract_phone_number,
        "EMAIL": jionlp.extract_email,
        "URL": jionlp.extract_url,
        "IP": jionlp.extract_ip_address,
        "PLATE": jionlp.extract_motor_vehicle_licence_plate,
        "WECHAT": jionlp.extract_wechat_id,
        "QQ": jionlp.extract_qq,
    }

    def one(text: str) -> Spans:
        return outermost(
            (*found["offset"], kind) for kind, extract in extractors.items() for found in extract(text, detail=True)
        )

    return lambda texts: [one(text) for text in texts]


def outermost(spans: Iterable[tuple[int, int, str]]) -> Spans:
    """Drop a span within another, or equal to an earlier one, as anonymizers do before they replace."""
    given = list(dict.fromkeys(spans))
    return [
        (start, end, kind)
        for place, (start, end, kind) in enumerate(given)
        if not any(
            left <= start and end <= right and ((left, right) != (start, end) or other < place)
            for other, (left, right, _) in enumerate(given)
            if other != place
        )
    ]


TOOLS = {"cmtmed": cmtmed, "presidio": presidio, "jionlp": jionlp}
KNOWS = {
    "presidio": ["PHONE", "ID_CARD", "BANK_CARD", "WECHAT", "QQ", "EMAIL", "URL", "IP", "DATE", "PLATE", "PASSPORT"],
    "jionlp": ["PHONE", "ID_CARD", "WECHAT", "QQ", "EMAIL", "URL", "IP", "PLATE"],
}
MISSING = 3


def run(tool: str, source: Path, out: Path) -> None:
    """In a process of its own: find in the texts of a file, write spans, and the seconds that finding took."""
    texts = json.loads(source.read_text(encoding="utf-8"))
    try:
        finder = TOOLS[tool]()
    except ImportError:
        raise SystemExit(MISSING) from None
    # What is compiled or read at first use is part of the whole process, not of the steady state.
    finder(texts[:200])
    started = time.perf_counter()
    found = finder(texts)
    seconds = time.perf_counter() - started
    out.write_text(json.dumps({"seconds": seconds, "spans": found}), encoding="utf-8")


def whole_process(tool: str, python: str, source: Path, out: Path) -> tuple[float, float, list[Spans]] | None:
    """Return wall seconds, steady seconds and spans; None if the tool is not installed."""
    one_core = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable if tool == "cmtmed" else python, __file__, "--run", tool, str(source), str(out)]
    started = time.perf_counter()
    status = subprocess.run(command, env=os.environ | one_core, check=False, stdout=subprocess.DEVNULL).returncode
    wall = time.perf_counter() - started
    if status == MISSING:
        return None
    if status:
        raise SystemExit(f"{tool} failed with status {status}")
    told = json.loads(out.read_text(encoding="utf-8"))
    return wall, told["seconds"], [[(start, end, kind) for start, end, kind in spans] for spans in told["spans"]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--ordinary", type=int, default=60_000)
    parser.add_argument("--peer-texts", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter that has the peers")
    parser.add_argument("--skip-speed", action="store_true")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        tool, source, out = options.run
        run(tool, Path(source), Path(out))
        return
    with tempfile.TemporaryDirectory() as folder:
        tools = quality(options, Path(folder))
        if not options.skip_speed:
            speed(options, Path(folder), tools)


def quality(options: argparse.Namespace, folder: Path) -> list[str]:
    """Print the scores of every tool on every labelled set; return the tools that are installed."""
    import utterances
    from cmtmed.anonymize.detect.recognizers import RECOGNIZERS

    sets: dict[str, list[dict[str, Any]]] = {}
    for name in ("dev", "blind"):
        for row in utterances.labelled(name):
            sets.setdefault(f"{name}, {row['half']}", []).append(row)
    sets["examples of what is no identifier, from our recognizers"] = [
        {"text": text, "spans": [], "kind": "lookalike"}
        for text in dict.fromkeys(text for one in RECOGNIZERS.values() for text in one.lookalikes)
    ]
    rows = [row for part in sets.values() for row in part]
    source, out = folder / "texts.json", folder / "spans.json"
    source.write_text(json.dumps([row["text"] for row in rows]), encoding="utf-8")
    found: dict[str, list[Spans]] = {}
    for tool in TOOLS:
        told = whole_process(tool, options.peer_python, source, out)
        if told is None:
            print(f"{tool} is not installed: left out; see --help")
        else:
            found[tool] = told[2]
    at = 0
    for name, part in sets.items():
        print(f"\n{name}: {len(part)} texts, {sum(bool(row['spans']) for row in part)} with identifiers")
        for tool, spans in found.items():
            print(scores(tool, part, spans[at : at + len(part)]))
            if tool in KNOWS and any(row["spans"] for row in part):
                for other in (tool, "cmtmed"):
                    print(scores(other, part, found[other][at : at + len(part)], KNOWS[tool], f" on {tool}'s types"))
        at += len(part)
    return list(found)


def scores(
    tool: str, rows: list[dict[str, Any]], spans: list[Spans], kinds: list[str] | None = None, of: str = ""
) -> str:
    """Return a line of scores, over some types only if they are named."""
    from cmtmed.anonymize import Share, evaluate

    def few(given: Iterable[Any]) -> Spans:
        return [(start, end, kind) for start, end, kind in given if kinds is None or kind in kinds]

    report = evaluate(
        [few(row["spans"]) for row in rows], [few(one) for one in spans], texts=[row["text"] for row in rows]
    )
    alike = [bool(few(one)) for row, one in zip(rows, spans, strict=True) if row.get("kind") == "lookalike"]
    line = f"{tool + of:<30}"
    if report.leaking_texts.of:
        exact, overlap = report.exact, report.overlap
        line += (
            f" exact F1 {exact.f1:.3f} F2 {exact.f2:.3f} (P {exact.precision:.3f} R {exact.recall:.3f})"
            f"  overlap F1 {overlap.f1:.3f}  leak {report.leaking_texts}"
        )
    if alike and kinds is None:
        line += f"  look-alikes touched {Share(sum(alike), len(alike))}"
    if kinds is None and len(alike) < len(rows):
        line += f"  clean touched {report.touched_texts}"
    return line


def speed(options: argparse.Namespace, folder: Path, tools: list[str]) -> None:
    """Print texts a second and ratios."""
    import utterances

    sets = {"dense": utterances.dense(options.texts), "ordinary": utterances.ordinary(options.ordinary)}
    for name, texts in sets.items():
        if not texts:
            print(f"\n{name}: no texts, ../shared/data is not here")
            continue
        length = sum(map(len, texts)) / len(texts)
        print(f"\n{name}: {len(texts):,} texts of {length:.0f} characters, one core")
        steady: dict[str, float] = {}
        whole: dict[str, float] = {}
        for tool in tools:
            given = texts if tool == "cmtmed" else texts[: options.peer_texts]
            (source := folder / "texts.json").write_text(json.dumps(given), encoding="utf-8")
            runs = [
                whole_process(tool, options.peer_python, source, folder / "spans.json")
                for _ in range(options.runs if tool == "cmtmed" else 1)
            ]
            times = [(wall, finding) for wall, finding, _ in filter(None, runs)]
            finding = median(one for _, one in times) / len(given)
            start = median(wall - one for wall, one in times)
            steady[tool], whole[tool] = 1 / finding, len(texts) / (start + finding * len(texts))
            print(
                f"{tool:<9} steady {steady[tool]:>9,.0f} texts/s {steady[tool] * length / 1e6:7.2f} M characters/s"
                f"   whole process {whole[tool]:>9,.0f} texts/s (start {start:.1f} s; {len(given):,} texts given)",
                flush=True,
            )
        for tool in tools[1:]:
            print(
                f"cmtmed is {steady['cmtmed'] / steady[tool]:.1f} times as fast as {tool}, "
                f"{whole['cmtmed'] / whole[tool]:.1f} times as a whole process"
            )


if __name__ == "__main__":
    main()
