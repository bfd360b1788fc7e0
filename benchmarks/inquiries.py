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
    labelled = []
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label["source"] == "remedi":
            text = remedi[label["row"]]["doctor"]
        else:
            row = cmtmedqa[label["row"]]
            text = [*row.get("history", ()), [row["instruction"], row["output"]]][label["turn"]][1]
        labelled.append(
            Turn(label["source"], label["half"], text, [tuple(span) for span in label["inquiries"]], label["doubt"])
        )
    return labelled


def predict(texts: list[str]) -> list[Spans]:
    """Return what this library finds."""
    from cmtmed import find_inquiries

    return [[tuple(inquiry) for inquiry in inquiries] for inquiries in find_inquiries(texts)]


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
    "cmtmed": predict,
    "question mark": baseline(MARKED),
    "question words": baseline(CUE_WORDS),
    "either": baseline(f"{MARKED}|{CUE_WORDS}"),
}


def score(labelled: list[Turn], predictions: list[Spans]) -> dict[str, Any]:
    """Count turns, sentences and slots."""
    turn, sentence, slots = Counter[str](), Counter[str](), Counter[bool]()
    for labelled_turn, spans in zip(labelled, predictions, strict=True):
        turn[_outcome(bool(labelled_turn.gold), bool(spans))] += 1
        matched = set()
        for start, end, slot in labelled_turn.gold:
            hits = [span for span in spans if span[0] < end and start < span[1]]
            sentence[_outcome(gold=True, predicted=bool(hits))] += 1
            matched.update(hits)
            if hits:
                slots[hits[0][2] == slot] += 1
        sentence["fp"] += sum(span not in matched for span in spans)
    return {"turn": _measures(turn), "sentence": _measures(sentence), "slot": slots[True] / max(slots.total(), 1)}


def count_ignored(labelled: list[Turn], predictions: list[Spans]) -> dict[str, tuple[int, int]]:
    """Count sentences that are no inquiry and end in a question mark, or hold a question word: left alone, all."""
    from cmtmed.inquiry.clauses import sentences

    looks = {"question mark": re.compile(MARKED), "question mark or word": re.compile(f"{MARKED}|{CUE_WORDS}")}
    counts = {name: [0, 0] for name in looks}
    for labelled_turn, spans in zip(labelled, predictions, strict=True):
        for start, end in sentences(labelled_turn.text):
            if not _meets(labelled_turn.gold, start, end):
                for name, pattern in looks.items():
                    if pattern.search(labelled_turn.text[start:end]):
                        counts[name][0] += not _meets(spans, start, end)
                        counts[name][1] += 1
    return {name: (ignored, total) for name, (ignored, total) in counts.items()}


def _meets(spans: Spans, start: int, end: int) -> bool:
    return any(span[0] < end and start < span[1] for span in spans)


def _outcome(gold: bool, predicted: bool) -> str:  # noqa: FBT001
    return ("tp" if predicted else "fn") if gold else ("fp" if predicted else "tn")


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
    labelled = turns()
    for half in ("open", "sealed"):
        for source in ("cmtmedqa", "remedi", "all"):
            selection = [
                labelled_turn
                for labelled_turn in labelled
                if labelled_turn.half == half and source in {labelled_turn.source, "all"}
            ]
            asking = sum(bool(labelled_turn.gold) for labelled_turn in selection)
            print(f"\n{half}, {source}: {len(selection)} turns, {asking} of them ask")
            for name, tool in TOOLS.items():
                scores = score(selection, tool([labelled_turn.text for labelled_turn in selection]))
                line = "   ".join(
                    f"{unit} P {p:.3f} R {r:.3f} F1 {f:.3f}"
                    for unit in ("turn", "sentence")
                    for p, r, f in [scores[unit]]
                )
                print(f"{name:<15} {line}   " + (f"slot {scores['slot']:.3f}" if name == "cmtmed" else ""))
        selection = [labelled_turn for labelled_turn in labelled if labelled_turn.half == half]
        for look, (ignored, total) in count_ignored(
            selection, predict([labelled_turn.text for labelled_turn in selection])
        ).items():
            print(f"no inquiry, but {look}: {ignored} of {total} left alone, {ignored / max(total, 1):.3f}")
    if options.errors:
        errors([labelled_turn for labelled_turn in labelled if labelled_turn.half == "open"])
    texts = [labelled_turn.text for labelled_turn in labelled] * 30
    predict(texts[:100])
    started = time.process_time()
    predict(texts)
    seconds = time.process_time() - started
    size = sum(map(len, texts)) / len(texts)
    print(f"\n{len(texts) / seconds:,.0f} turns/s of {size:.0f} characters, processor time")


def errors(labelled: list[Turn]) -> None:
    """Print what is missed and what is invented."""
    for labelled_turn, spans in zip(labelled, predict([labelled_turn.text for labelled_turn in labelled]), strict=True):
        for start, end, slot in labelled_turn.gold:
            if not any(span[0] < end and start < span[1] for span in spans):
                print(f"missed   {labelled_turn.source:<9} {slot:<12} {labelled_turn.text[start:end]}")
        for start, end, slot in spans:
            if not any(span[0] < end and start < span[1] for span in labelled_turn.gold):
                print(f"invented {labelled_turn.source:<9} {slot:<12} {labelled_turn.text[start:end]}")


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

    texts, positions, departments = [], [], []
    for row in json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        if "instruction" in row:
            for position, (_, asks_by_department) in enumerate(
                [*row.get("history", ()), [row["instruction"], row["output"]]]
            ):
                texts.append(asks_by_department)
                positions.append(position)
                departments.append(DEPARTMENTS.get(row["cate1"], row["cate1"]))
    asks = [bool(spans) for spans in predict(texts)]
    figure, (by_turn, by_department) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=(1, 1.4))
    by_place = [
        [ask for ask, turn_index in zip(asks, positions, strict=True) if min(turn_index, 6) == position]
        for position in range(7)
    ]
    by_turn.bar(range(7), [sum(group) / max(len(group), 1) for group in by_place], color="tab:blue")
    by_turn.set_xticks(range(7), [*map(str, range(1, 7)), "7+"])
    by_turn.set(xlabel="doctor's turn", ylabel="share of turns that ask")
    asks_by_department = {
        name: [ask for ask, department in zip(asks, departments, strict=True) if department == name]
        for name in set(departments)
    }
    large = sorted(
        (
            (sum(group) / len(group), name, len(group))
            for name, group in asks_by_department.items()
            if len(group) >= 100 and name.isascii()
        ),
    )
    by_department.barh(
        [f"{name} ({count})" for _, name, count in large], [share for share, _, _ in large], color="tab:blue"
    )
    by_department.set(xlabel="share of turns that ask (turns in brackets)")
    for axes, axis in ((by_turn, "y"), (by_department, "x")):
        axes.grid(axis=axis, alpha=0.25)
        axes.set_axisbelow(b=True)
    figure.savefig(file, metadata={"Date": None})
    print("by turn:", [f"{sum(group) / max(len(group), 1):.3f} of {len(group)}" for group in by_place])
    print("by department:", [f"{name} {share:.3f} of {count}" for share, name, count in reversed(large)])


if __name__ == "__main__":
    main()
