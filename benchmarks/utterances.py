"""Utterances for the benchmark of anonymization: dense with identifiers, or ordinary."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus

SETS = Path(__file__).resolve().parents[1] / "tests" / "data"


def labelled(name: str) -> list[dict[str, Any]]:
    """Return the rows of a labelled set: text, spans, half, and the kind where the set tells it; none if absent."""
    path = SETS / f"identifiers_{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def dense(count: int, seed: int = 0) -> list[str]:
    """Return ``count`` texts that hold an identifier: those of the development set, each time with other digits."""
    draw = random.Random(seed)
    texts = [row["text"] for row in labelled("dev") if row["spans"]]
    return [
        "".join(draw.choice("0123456789") if "0" <= sign <= "9" else sign for sign in texts[at % len(texts)])
        for at in range(count)
    ]


def ordinary(count: int) -> list[str]:
    """Return up to ``count`` different real turns of patients and doctors; none where the data is absent."""
    if not corpus.DATA.is_dir():
        return []
    texts = [text for text in dict.fromkeys(_turns()) if text and text.strip()]
    random.Random(0).shuffle(texts)
    return texts[:count]


def _turns() -> Iterator[str]:
    for turns in corpus.turns():
        yield from turns
    with (corpus.DATA / "toyhom" / "internal_medicine.gb18030.csv").open(encoding="gb18030", newline="") as file:
        for row in csv.DictReader(file):
            yield from (row["title"], row["ask"], row["answer"])
    for row in json.loads((corpus.DATA / "zhongjing" / "huatuo26M_test.json").read_text(encoding="utf-8")):
        for part in (row["instruction"], row["output"]):
            yield from [part] if isinstance(part, str) else part
    with (corpus.DATA / "disc_medllm" / "scored_dialogues.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield from _strings(json.loads(line))


def _strings(value: Any) -> Iterator[str]:
    """Yield the Chinese strings within."""
    if isinstance(value, str):
        if any("\u4e00" <= sign <= "\u9fff" for sign in value):
            yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
