"""A fixed piece of work by which speeds of one run are divided, so that they can be compared between machines.

It does what this library's stages do, with the standard library and NumPy alone: it scans Chinese text with a regular
expression, counts characters in a dictionary, hashes shingles, and sorts and adds integers. It never changes; a change
would make every recorded figure void.
"""

from __future__ import annotations

import hashlib
import random
import re
import time

import numpy as np

CHARACTERS = 800_000
ROUNDS = 3


def measure() -> float:
    """Return the processor seconds of the fixed work: the least of three rounds."""
    draw = random.Random(0)
    text = "".join(draw.choices("患者医生您好头痛发热咳嗽三天了请问要吃什么药一二三0123456789，。？", k=CHARACTERS))
    return min(_work(text) for _ in range(ROUNDS))


def _work(text: str) -> float:
    started = time.process_time()
    counts: dict[str, int] = {}
    for character in text:
        counts[character] = counts.get(character, 0) + 1
    for match in re.finditer("[0-9]{3,}|[一二三]{2,}(?=天)|请问[^，。？]{0,9}？", text):
        counts[match.group()] = counts.get(match.group(), 0) + match.start()
    for start in range(0, CHARACTERS, 5):
        hashlib.blake2b(text[start : start + 9].encode(), digest_size=8).digest()
    values = np.random.default_rng(0).integers(0, 1 << 40, 4_000_000, dtype=np.int64)
    np.sort(values * 6364136223846793005 % 1_000_003)
    return time.process_time() - started


if __name__ == "__main__":
    print(f"{measure():.3f} s")
