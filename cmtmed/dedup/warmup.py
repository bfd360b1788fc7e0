"""Loading the compiled kernels ahead of time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from cmtmed.dedup.cluster import cluster_texts, rank_longest_first
from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.kernels.compile_log import log_compilation
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.texts import Chunk, Texts


@dataclass(frozen=True)
class LoadReport:
    """What `load_kernels` did.

    Attributes:
        seconds: total time.
        compiled: number of kernels compiled, 0 if all were cached.
        compile_seconds: time spent compiling.
    """

    seconds: float
    compiled: int
    compile_seconds: float


def load_kernels() -> LoadReport:
    """Load the kernels of near-duplicate detection, compiling those that are not cached.

    Optional: every function loads what it needs. Call it to measure the cost of the first call, or to load in a thread
    while data is being read.
    """
    started, totals = time.perf_counter(), log_compilation()
    kernels_before, seconds_before = totals.kernels, totals.seconds
    # Two similar texts, laid out by hand: a list of Python strings would import pandas.
    raw = "头痛三天没有发烧呢吗头痛三天没有发烧呢".encode()
    offsets = np.array([0, 30, len(raw)], dtype=np.int64)
    texts = Texts([Chunk.from_buffers(np.frombuffer(raw, dtype=np.uint8), offsets)])
    config = MinHashConfig(0.5)
    store = SignatureStore.from_texts(texts, config)
    cluster_texts(texts, store, config, rank_longest_first(store))
    return LoadReport(time.perf_counter() - started, totals.kernels - kernels_before, totals.seconds - seconds_before)
