"""Loading the compiled kernels beforehand, and saying what the first call on a machine costs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from cmtmed.dedup.compilation import watch
from cmtmed.dedup.links import Method, join, longest_first
from cmtmed.dedup.shingle import Chunk, Texts
from cmtmed.dedup.sketches import Sketches


@dataclass(frozen=True)
class Loaded:
    """What `load_kernels` did.

    Attributes:
        seconds: that it took in all.
        compiled: kernels that were compiled, 0 where the cache had them.
        compile_seconds: that compilation took.
    """

    seconds: float
    compiled: int
    compile_seconds: float


def load_kernels() -> Loaded:
    """Load the kernels that near-duplicates need, or compile them where no cache holds them yet.

    Optional: every function loads what it needs. Call it to know what the first call costs, or to load in a thread
    while data is being read.
    """
    started, seen = time.perf_counter(), watch()
    before = seen.kernels, seen.seconds
    # Two similar texts, laid out by hand: going through a list of Python strings would import pandas.
    raw = "头痛三天没有发烧呢吗头痛三天没有发烧呢".encode()
    texts = Texts([Chunk.over(np.frombuffer(raw, dtype=np.uint8), np.array([0, 30, len(raw)], dtype=np.int64))])
    method = Method(0.5)
    sketches = Sketches.of(texts, method)
    join(texts, sketches, method, longest_first(sketches))
    return Loaded(time.perf_counter() - started, seen.kernels - before[0], seen.seconds - before[1])
