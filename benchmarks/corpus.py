"""A large crawl made of real turns, for benchmarks.

Turns of ``../shared/data`` are recombined into dialogues of nine turns on average, about 650 characters each. In
every sentence one character is replaced, because a real corpus of that size would not repeat a sentence a hundred
times, and repeated sentences would be treated as canned. Planted near-duplicates are copies with a few characters
changed.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
FILES = 8
DUPLICATES = 0.1
COMMON = "的了是我有一不在人这大来上个到说要就会可也你对生能子那得着下自之年过发后作里用道行所然家种"


def read_turns() -> tuple[list[str], list[str]]:
    """Return all patient turns and all doctor turns of the multi-turn test set."""
    patient, doctor = [], []
    for item in json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        for question, answer in [*item.get("history", ()), [item.get("instruction"), item.get("output")]]:
            if question and answer:
                patient.append(question)
                doctor.append(answer)
    return patient, doctor


def make_dialogues(count: int, seed: int = 0, duplicates: float = DUPLICATES) -> Iterator[list[str]]:
    """Yield ``count`` dialogues, patient first, of nine turns on average, a share of them altered copies."""
    draw = random.Random(seed)
    patient, doctor = read_turns()
    originals: list[list[str]] = []
    for _ in range(count):
        if originals and draw.random() < duplicates:
            yield [alter_passages(turn, draw, length=200) for turn in draw.choice(originals)]
            continue
        dialogue = []
        for _ in range(draw.choice((4, 5))):
            dialogue += [alter_sentences(draw.choice(patient), draw), alter_sentences(draw.choice(doctor), draw)]
        if len(originals) < 1000:
            originals.append(dialogue)
        yield dialogue


def alter_sentences(text: str, draw: random.Random) -> str:
    """Replace one character in each sentence."""
    return "".join(_alter_character(sentence, draw) for sentence in re.split("(?<=[。！？；，\n])", text))


def alter_passages(text: str, draw: random.Random, length: int) -> str:
    """Replace one character in each passage of ``length`` characters."""
    return "".join(_alter_character(text[start : start + length], draw) for start in range(0, len(text), length))


def _alter_character(text: str, draw: random.Random) -> str:
    positions = [index for index, character in enumerate(text) if "\u4e00" <= character <= "\u9fff"]
    if not positions:
        return text
    position = draw.choice(positions)
    return text[:position] + draw.choice(COMMON) + text[position + 1 :]


def write_crawl(folder: Path, count: int, seed: int = 0) -> int:
    """Write a crawl of JSON lines in several files; return its size in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [(folder / f"part{number}.jsonl").open("w", encoding="utf-8") for number in range(FILES)]
    for number, dialogue in enumerate(make_dialogues(count, seed)):
        pairs = [dialogue[start : start + 2] for start in range(0, len(dialogue), 2)]
        record = {
            "id": f"b{number}",
            "cate1": "内科",
            "history": pairs[:-1],
            "instruction": pairs[-1][0],
            "output": pairs[-1][1],
        }
        files[number * FILES // count].write(json.dumps(record, ensure_ascii=False) + "\n")
    for file in files:
        file.close()
    return sum(path.stat().st_size for path in folder.iterdir())
