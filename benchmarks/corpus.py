"""Make a large crawl out of real turns, for benchmarks.

Turns of ``../shared/data`` are recombined into dialogues of nine turns on average, about 650 characters each. In
every sentence one character is replaced by another, because a corpus of that size would not repeat a sentence a
hundred times, and a sentence that it did repeat would be taken for canned. Planted near-duplicates are copies with
a few characters changed.
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


def turns() -> tuple[list[str], list[str]]:
    """Return all patient turns and all doctor turns of the multi-turn test set."""
    patient, doctor = [], []
    for item in json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        for asked, answered in [*item.get("history", ()), [item.get("instruction"), item.get("output")]]:
            if asked and answered:
                patient.append(asked)
                doctor.append(answered)
    return patient, doctor


def dialogues(count: int, seed: int = 0) -> Iterator[list[str]]:
    """Yield ``count`` dialogues, patient first, of nine turns on average."""
    draw = random.Random(seed)
    patient, doctor = turns()
    earlier: list[list[str]] = []
    for _ in range(count):
        if earlier and draw.random() < DUPLICATES:
            yield [changed(turn, draw, every=200) for turn in draw.choice(earlier)]
            continue
        made = []
        for _ in range(draw.choice((4, 5))):
            made += [changed(draw.choice(patient), draw), changed(draw.choice(doctor), draw)]
        if len(earlier) < 1000:
            earlier.append(made)
        yield made


def changed(text: str, draw: random.Random, every: int = 0) -> str:
    """Replace one character in each sentence, or one in ``every``."""
    pieces = (
        [text[at : at + every] for at in range(0, len(text), every)] if every else re.split("(?<=[。！？；，\n])", text)
    )
    out = []
    for piece in pieces:
        places = [at for at, sign in enumerate(piece) if "\u4e00" <= sign <= "\u9fff"]
        if places:
            at = draw.choice(places)
            piece = piece[:at] + draw.choice(COMMON) + piece[at + 1 :]  # noqa: PLW2901
        out.append(piece)
    return "".join(out)


def write(folder: Path, count: int, seed: int = 0) -> int:
    """Write a crawl of JSON lines in several files; return its size in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [(folder / f"part{number}.jsonl").open("w", encoding="utf-8") for number in range(FILES)]
    for number, made in enumerate(dialogues(count, seed)):
        pairs = [made[at : at + 2] for at in range(0, len(made), 2)]
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
