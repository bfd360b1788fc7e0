"""Random texts, and copies of them with some characters changed."""

from __future__ import annotations

import random

COMMON = "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方"
"""Frequent characters, of which random texts are made."""


def random_texts(count, seed=0, length=150):
    """Return texts of random characters, the same for the same seed."""
    generator = random.Random(seed)
    return ["".join(generator.choices(COMMON, k=length)) for _ in range(count)]


def change_characters(text, count, generator):
    """Return a copy of a text in which ``count`` characters were drawn anew."""
    characters = list(text)
    for position in generator.sample(range(len(text)), count):
        characters[position] = generator.choice(COMMON)
    return "".join(characters)
