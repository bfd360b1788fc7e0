"""Utterances for the benchmarks of anonymization: labelled, dense with identifiers, or ordinary."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus

LABELLED_SETS = Path(__file__).resolve().parents[1] / "tests" / "data"


def read_labelled(name: str) -> list[dict[str, Any]]:
    """Return the rows of a labelled set, with text, spans, half and, in some sets, kind; none if it does not exist."""
    path = LABELLED_SETS / f"identifiers_{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def group_by_half(*names: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of labelled sets, separately for each half."""
    rows_by_half: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        for row in read_labelled(name):
            rows_by_half.setdefault(f"{name}, {row['half']}", []).append(row)
    return rows_by_half


def make_dense(count: int, seed: int = 0) -> list[str]:
    """Return ``count`` texts with identifiers: those of the development set, with other digits each time."""
    draw = random.Random(seed)
    texts = [row["text"] for row in read_labelled("dev") if row["spans"]]
    return [
        "".join(
            draw.choice("0123456789") if "0" <= character <= "9" else character
            for character in texts[index % len(texts)]
        )
        for index in range(count)
    ]


def read_ordinary(count: int) -> list[str]:
    """Return up to ``count`` different real turns of patients and doctors; none if the data does not exist."""
    if not corpus.DATA.is_dir():
        return []
    texts = [text for text in dict.fromkeys(_iter_turns()) if text and text.strip()]
    random.Random(0).shuffle(texts)
    return texts[:count]


def _iter_turns() -> Iterator[str]:
    for turns in corpus.read_turns():
        yield from turns
    with (corpus.DATA / "toyhom" / "internal_medicine.gb18030.csv").open(encoding="gb18030", newline="") as file:
        for row in csv.DictReader(file):
            yield from (row["title"], row["ask"], row["answer"])
    for row in json.loads((corpus.DATA / "zhongjing" / "huatuo26M_test.json").read_text(encoding="utf-8")):
        for field in (row["instruction"], row["output"]):
            yield from [field] if isinstance(field, str) else field
    with (corpus.DATA / "disc_medllm" / "scored_dialogues.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield from _iter_strings(json.loads(line))


def _iter_strings(value: Any) -> Iterator[str]:
    """Yield the Chinese strings in nested lists and dictionaries."""
    if isinstance(value, str):
        if any("\u4e00" <= character <= "\u9fff" for character in value):
            yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _iter_strings(item)
