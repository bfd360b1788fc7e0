"""Score and time the search for doctors' questions, compared with three baselines, on labelled turns.

``python benchmarks/inquiries.py`` reads ``tests/data/inquiries_dev.jsonl`` (spans of inquiries in turns of
``../shared/data``, no texts) and prints, by source and half, precision, recall and F1 of turns and of sentences, and
the accuracy of slots; then how many sentences that only look like questions are ignored (they end in a question mark or
contain a question word, but are no inquiry), and turns per second on one core. The ``open`` half was read while the
rules were written, the ``sealed`` half was not, and only its totals are printed. ``--errors`` lists the errors of the
open half, with their text. ``--plot FILE.svg`` draws how often doctors' turns ask in CMtMedQA_test, by position in the
dialogue and by department (needs matplotlib).

In the baselines, a sentence is an inquiry if it ends in a question mark, if it contains a question word, or either.
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

import calibration
from figures import record

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".." / "shared" / "data"
LABELS = ROOT / "tests" / "data" / "inquiries_dev.jsonl"
QUESTION_MARK = r"[?？][”’』」》）)\"' ]*$"
QUESTION_WORDS = "吗|呢|么|什么|啥|多久|多少|多大|几|有没有|有无|是否|是不是|哪|怎么|如何|何时"

Spans = list[tuple[int, int, str]]


class Turn(NamedTuple):
    """A labelled doctor's turn."""

    source: str
    half: str
    text: str
    gold: Spans


class Metrics(NamedTuple):
    """Precision, recall and F1."""

    precision: float
    recall: float
    f1: float


def read_turns() -> list[Turn]:
    """Read the labelled turns, with their texts from the shared data."""
    cmtmedqa = json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8"))
    remedi = [
        json.loads(line)
        for line in (DATA / "remedi" / "doctor_acts_dev.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    turns = []
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label["source"] == "remedi":
            text = remedi[label["row"]]["doctor"]
        else:
            row = cmtmedqa[label["row"]]
            text = [*row.get("history", ()), [row["instruction"], row["output"]]][label["turn"]][1]
        turns.append(Turn(label["source"], label["half"], text, [tuple(span) for span in label["inquiries"]]))
    return turns


def find_with_cmtmed(texts: list[str]) -> list[Spans]:
    """Return the inquiries that this library finds."""
    from cmtmed import find_inquiries

    return [[tuple(inquiry) for inquiry in inquiries] for inquiries in find_inquiries(texts)]


def make_baseline(pattern: str) -> Callable[[list[str]], list[Spans]]:
    """Return a finder of the sentences that match a pattern."""
    from cmtmed.inquiry.clauses import sentences

    regex = re.compile(pattern)

    def find_sentences(texts: list[str]) -> list[Spans]:
        return [
            [(start, end, "other") for start, end in sentences(text) if regex.search(text[start:end])] for text in texts
        ]

    return find_sentences


TOOLS = {
    "cmtmed": find_with_cmtmed,
    "question mark": make_baseline(QUESTION_MARK),
    "question words": make_baseline(QUESTION_WORDS),
    "either": make_baseline(f"{QUESTION_MARK}|{QUESTION_WORDS}"),
}


def score(turns: list[Turn], predictions: list[Spans]) -> tuple[Metrics, Metrics, float]:
    """Return the metrics of turns and of sentences, and the accuracy of slots."""
    turn_counts, sentence_counts, slots = Counter[str](), Counter[str](), Counter[bool]()
    for turn, spans in zip(turns, predictions, strict=True):
        turn_counts[_classify(bool(turn.gold), bool(spans))] += 1
        matches = set()
        for start, end, slot in turn.gold:
            hits = [span for span in spans if span[0] < end and start < span[1]]
            sentence_counts[_classify(gold=True, predicted=bool(hits))] += 1
            matches.update(hits)
            if hits:
                slots[hits[0][2] == slot] += 1
        sentence_counts["fp"] += sum(span not in matches for span in spans)
    return _compute_metrics(turn_counts), _compute_metrics(sentence_counts), slots[True] / max(slots.total(), 1)


def count_ignored(turns: list[Turn], predictions: list[Spans]) -> dict[str, tuple[int, int]]:
    """Count the sentences that look like questions but are no inquiry: those ignored, and all of them."""
    from cmtmed.inquiry.clauses import sentences

    patterns = {
        "a question mark": re.compile(QUESTION_MARK),
        "a question mark or word": re.compile(f"{QUESTION_MARK}|{QUESTION_WORDS}"),
    }
    counts = dict.fromkeys(patterns, (0, 0))
    for turn, spans in zip(turns, predictions, strict=True):
        for start, end in sentences(turn.text):
            if _overlaps(turn.gold, start, end):
                continue
            for name, pattern in patterns.items():
                if pattern.search(turn.text[start:end]):
                    ignored, total = counts[name]
                    counts[name] = (ignored + (not _overlaps(spans, start, end)), total + 1)
    return counts


def _overlaps(spans: Spans, start: int, end: int) -> bool:
    return any(span[0] < end and start < span[1] for span in spans)


def _classify(gold: bool, predicted: bool) -> str:  # noqa: FBT001
    return ("tp" if predicted else "fn") if gold else ("fp" if predicted else "tn")


def _compute_metrics(counts: Counter[str]) -> Metrics:
    precision = counts["tp"] / max(counts["tp"] + counts["fp"], 1)
    recall = counts["tp"] / max(counts["tp"] + counts["fn"], 1)
    return Metrics(precision, recall, 2 * precision * recall / max(precision + recall, 1e-9))


def print_scores(turns: list[Turn]) -> None:
    """Print the scores of all tools, by half and source."""
    for half in ("open", "sealed"):
        half_turns = [turn for turn in turns if turn.half == half]
        for source in ("cmtmedqa", "remedi", "all"):
            selection = [turn for turn in half_turns if source in {turn.source, "all"}]
            asking = sum(bool(turn.gold) for turn in selection)
            print(f"\n{half}, {source}: {len(selection)} turns, {asking} of them ask")
            for name, find_spans in TOOLS.items():
                turn, sentence, slot = score(selection, find_spans([turn.text for turn in selection]))
                line = "   ".join(
                    f"{unit} P {metrics.precision:.3f} R {metrics.recall:.3f} F1 {metrics.f1:.3f}"
                    for unit, metrics in (("turn", turn), ("sentence", sentence))
                )
                print(f"{name:<15} {line}   " + (f"slot {slot:.3f}" if name == "cmtmed" else ""))
                if name == "cmtmed":
                    record(f"inquiries.{half}.{source}.turn_f1", turn.f1)
                    record(f"inquiries.{half}.{source}.sentence_f1", sentence.f1)
                    record(f"inquiries.{half}.{source}.slot", slot)
        counts = count_ignored(half_turns, find_with_cmtmed([turn.text for turn in half_turns]))
        for look, (ignored, total) in counts.items():
            print(f"no inquiry, but {look}: {ignored} of {total} ignored, {ignored / max(total, 1):.3f}")
            record(f"inquiries.{half}.ignored.{look.replace(' ', '_')}", ignored)


def print_errors(turns: list[Turn]) -> None:
    """Print the inquiries that are missed and those that are found wrongly."""
    for turn, spans in zip(turns, find_with_cmtmed([turn.text for turn in turns]), strict=True):
        for label, subject, other in (("missed", turn.gold, spans), ("false", spans, turn.gold)):
            for start, end, slot in subject:
                if not _overlaps(other, start, end):
                    print(f"{label:<8} {turn.source:<9} {slot:<12} {turn.text[start:end]}")


def print_speed(turns: list[Turn]) -> None:
    """Print turns per second of processor time."""
    texts = [turn.text for turn in turns] * 30
    find_with_cmtmed(texts[:100])
    started = time.process_time()
    find_with_cmtmed(texts)
    seconds = time.process_time() - started
    length = sum(map(len, texts)) / len(texts)
    print(f"\n{len(texts) / seconds:,.0f} turns/s of {length:.0f} characters, processor time")
    record("inquiries.turns_per_loop", len(texts) / seconds * calibration.measure(), slack=0.15)


def read_turns_with_department() -> list[tuple[str, int, str]]:
    """Return every doctor's turn of CMtMedQA_test with its position in the dialogue and its department."""
    rows: list[dict[str, Any]] = json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8"))
    return [
        (answer, position, row["cate1"])
        for row in rows
        if "instruction" in row
        for position, (_, answer) in enumerate([*row.get("history", ()), [row["instruction"], row["output"]]])
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="print the errors of the open half")
    parser.add_argument("--plot", type=Path, help="draw the figure instead")
    options = parser.parse_args()
    if options.plot:
        from inquiry_figure import draw_figure

        turns = read_turns_with_department()
        asks = [bool(spans) for spans in find_with_cmtmed([text for text, _, _ in turns])]
        draw_figure([(ask, *turn[1:]) for ask, turn in zip(asks, turns, strict=True)], options.plot)
        return
    labelled_turns = read_turns()
    print_scores(labelled_turns)
    if options.errors:
        print_errors([turn for turn in labelled_turns if turn.half == "open"])
    print_speed(labelled_turns)


if __name__ == "__main__":
    main()
