"""Score and time the search for doctors' questions, beside two baselines, on turns that people have labelled.

``python benchmarks/inquiries.py`` reads ``tests/data/inquiries_dev.jsonl`` (places of inquiries in turns of
``../shared/data``, no texts) and prints, per source and part, precision, recall and F1 of turns and of sentences, and
how often the slot is right; then how many of the sentences that only look like questions are left alone (they end in a
question mark or hold a question word and are no inquiry), and turns a second on one core. What is ``open`` was read
while rules were written, what is ``sealed`` was not: of it totals are printed. ``--errors`` lists the errors of the
open part, with their text.
``--plot FILE.svg`` draws how often doctors' turns ask in CMtMedQA_test, by their place in the dialogue and by
department (needs matplotlib).

Baselines: a sentence asks if it ends in a question mark; if it holds a question word.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".." / "shared" / "data"
LABELS = ROOT / "tests" / "data" / "inquiries_dev.jsonl"
MARKED = r"[?？][”’』」》）)\"' ]*$"
CUE_WORDS = "吗|呢|么|什么|啥|多久|多少|多大|几|有没有|有无|是否|是不是|哪|怎么|如何|何时"

Spans = list[tuple[int, int, str]]


class Turn(NamedTuple):
    """A labelled doctor's turn."""

    source: str
    half: str
    text: str
    gold: Spans
    doubt: bool


def turns() -> list[Turn]:
    """Read the labelled turns, their texts from the shared data."""
    cmtmedqa = json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8"))
    remedi = [
        json.loads(line)
        for line in (DATA / "remedi" / "doctor_acts_dev.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    found = []
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if told["source"] == "remedi":
            text = remedi[told["row"]]["doctor"]
        else:
            row = cmtmedqa[told["row"]]
            text = [*row.get("history", ()), [row["instruction"], row["output"]]][told["turn"]][1]
        found.append(
            Turn(told["source"], told["half"], text, [tuple(span) for span in told["inquiries"]], told["doubt"])
        )
    return found


def ours(texts: list[str]) -> list[Spans]:
    """Return what this library finds."""
    from cmtmed import find_inquiries

    return [[tuple(one) for one in found] for found in find_inquiries(texts)]


def baseline(pattern: str) -> Callable[[list[str]], list[Spans]]:
    """Return a finder of the sentences that match a pattern."""
    from cmtmed.inquiry.clauses import sentences

    searched = re.compile(pattern)

    def find(texts: list[str]) -> list[Spans]:
        return [
            [(start, end, "other") for start, end in sentences(text) if searched.search(text[start:end])]
            for text in texts
        ]

    return find


TOOLS = {
    "cmtmed": ours,
    "question mark": baseline(MARKED),
    "question words": baseline(CUE_WORDS),
    "either": baseline(f"{MARKED}|{CUE_WORDS}"),
}


def score(told: list[Turn], found: list[Spans]) -> dict[str, Any]:
    """Count turns, sentences and slots."""
    turn, sentence, slots = Counter[str](), Counter[str](), Counter[bool]()
    for one, spans in zip(told, found, strict=True):
        turn[_kind(bool(one.gold), bool(spans))] += 1
        met = set()
        for start, end, slot in one.gold:
            hits = [span for span in spans if span[0] < end and start < span[1]]
            sentence[_kind(gold=True, found=bool(hits))] += 1
            met.update(hits)
            if hits:
                slots[hits[0][2] == slot] += 1
        sentence["fp"] += sum(span not in met for span in spans)
    return {"turn": _measures(turn), "sentence": _measures(sentence), "slot": slots[True] / max(slots.total(), 1)}


def left_alone(told: list[Turn], found: list[Spans]) -> dict[str, tuple[int, int]]:
    """Count sentences that are no inquiry and end in a question mark, or hold a question word: left alone, all."""
    from cmtmed.inquiry.clauses import sentences

    looks = {"question mark": re.compile(MARKED), "question mark or word": re.compile(f"{MARKED}|{CUE_WORDS}")}
    counts = {name: [0, 0] for name in looks}
    for one, spans in zip(told, found, strict=True):
        for start, end in sentences(one.text):
            if not _meets(one.gold, start, end):
                for name, pattern in looks.items():
                    if pattern.search(one.text[start:end]):
                        counts[name][0] += not _meets(spans, start, end)
                        counts[name][1] += 1
    return {name: (alone, total) for name, (alone, total) in counts.items()}


def _meets(spans: Spans, start: int, end: int) -> bool:
    return any(span[0] < end and start < span[1] for span in spans)


def _kind(gold: bool, found: bool) -> str:  # noqa: FBT001
    return ("tp" if found else "fn") if gold else ("fp" if found else "tn")


def _measures(count: Counter[str]) -> tuple[float, float, float]:
    precision = count["tp"] / max(count["tp"] + count["fp"], 1)
    recall = count["tp"] / max(count["tp"] + count["fn"], 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="print the errors of the open part")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    if options.plot:
        plot(options.plot)
        return
    told = turns()
    for half in ("open", "sealed"):
        for source in ("cmtmedqa", "remedi", "all"):
            chosen = [one for one in told if one.half == half and source in {one.source, "all"}]
            asking = sum(bool(one.gold) for one in chosen)
            print(f"\n{half}, {source}: {len(chosen)} turns, {asking} of them ask")
            for name, tool in TOOLS.items():
                got = score(chosen, tool([one.text for one in chosen]))
                line = "   ".join(
                    f"{unit} P {p:.3f} R {r:.3f} F1 {f:.3f}" for unit in ("turn", "sentence") for p, r, f in [got[unit]]
                )
                print(f"{name:<15} {line}   " + (f"slot {got['slot']:.3f}" if name == "cmtmed" else ""))
        chosen = [one for one in told if one.half == half]
        for look, (alone, total) in left_alone(chosen, ours([one.text for one in chosen])).items():
            print(f"no inquiry, but {look}: {alone} of {total} left alone, {alone / max(total, 1):.3f}")
    if options.errors:
        errors([one for one in told if one.half == "open"])
    texts = [one.text for one in told] * 30
    ours(texts[:100])
    started = time.process_time()
    ours(texts)
    seconds = time.process_time() - started
    size = sum(map(len, texts)) / len(texts)
    print(f"\n{len(texts) / seconds:,.0f} turns/s of {size:.0f} characters, processor time")


def errors(told: list[Turn]) -> None:
    """Print what is missed and what is invented."""
    for one, spans in zip(told, ours([one.text for one in told]), strict=True):
        for start, end, slot in one.gold:
            if not any(span[0] < end and start < span[1] for span in spans):
                print(f"missed   {one.source:<9} {slot:<12} {one.text[start:end]}")
        for start, end, slot in spans:
            if not any(span[0] < end and start < span[1] for span in one.gold):
                print(f"invented {one.source:<9} {slot:<12} {one.text[start:end]}")


DEPARTMENTS = {
    "皮肤科": "dermatology",
    "皮肤性病科": "dermatology, venereal",
    "外科": "surgery",
    "儿科": "paediatrics",
    "整形美容": "plastic surgery",
    "妇产科": "obstetrics",
    "五官科": "eyes, ears, teeth",
    "中医科": "Chinese medicine",
    "肿瘤科": "oncology",
    "内科": "internal medicine",
    "男科": "andrology",
    "传染病科": "infections",
    "心理科": "psychology",
    "家居健康": "home health",
}


def plot(file: Path) -> None:
    """Draw the rate of asking turns by place and by department."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "cmtmed"
    from matplotlib import pyplot as plt

    texts, places, departments = [], [], []
    for row in json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        if "instruction" in row:
            for place, (_, told) in enumerate([*row.get("history", ()), [row["instruction"], row["output"]]]):
                texts.append(told)
                places.append(place)
                departments.append(DEPARTMENTS.get(row["cate1"], row["cate1"]))
    asks = [bool(found) for found in ours(texts)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=(1, 1.4))
    by_place = [[ask for ask, at in zip(asks, places, strict=True) if min(at, 6) == place] for place in range(7)]
    left.bar(range(7), [sum(part) / max(len(part), 1) for part in by_place], color="tab:blue")
    left.set_xticks(range(7), [*map(str, range(1, 7)), "7+"])
    left.set(xlabel="doctor's turn", ylabel="share of turns that ask")
    told = {
        name: [ask for ask, department in zip(asks, departments, strict=True) if department == name]
        for name in set(departments)
    }
    large = sorted(
        (
            (sum(part) / len(part), name, len(part))
            for name, part in told.items()
            if len(part) >= 100 and name.isascii()
        ),
    )
    right.barh([f"{name} ({count})" for _, name, count in large], [share for share, _, _ in large], color="tab:blue")
    right.set(xlabel="share of turns that ask (turns in brackets)")
    for axes, axis in ((left, "y"), (right, "x")):
        axes.grid(axis=axis, alpha=0.25)
        axes.set_axisbelow(b=True)
    figure.savefig(file, metadata={"Date": None})
    print("by turn:", [f"{sum(part) / max(len(part), 1):.3f} of {len(part)}" for part in by_place])
    print("by department:", [f"{name} {share:.3f} of {count}" for share, name, count in reversed(large)])


if __name__ == "__main__":
    main()
