"""Figure of the share of pairs that become candidates, by similarity: the theory, and real pairs."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.figure import Figure

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.texts import Texts

BIN_EDGES = np.arange(0.5, 1.0001, 0.025)


def draw_curve(texts: pl.Series, truth: pl.DataFrame, file: Path) -> None:
    """Draw the share of real pairs that share a band, by similarity, and the probability in theory.

    Args:
        texts: all texts.
        truth: all pairs of texts with their Jaccard similarity.
        file: the SVG file to write.
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    similarity = np.linspace(0.4, 1, 241)
    for threshold, color in ((0.7, "tab:orange"), (0.8, "tab:blue")):
        config = MinHashConfig(threshold)
        bands, rows = config.bands
        axes.plot(
            similarity,
            1 - (1 - similarity**rows) ** bands,
            color=color,
            label=f"{bands} bands of {rows}, for {threshold}",
        )
        shares = _measure_shares(texts, truth, config)
        axes.plot((BIN_EDGES[1:] + BIN_EDGES[:-1]) / 2, shares, "o", color=color, markersize=4)
        axes.axvline(threshold, color=color, linewidth=0.8, linestyle=":")
    axes.plot(
        similarity,
        1 - (1 - similarity**13) ** 9,
        color="tab:gray",
        linestyle="--",
        label="9 bands of 13, datasketch's choice for 0.8",
    )
    axes.set(
        xlabel="Jaccard similarity", ylabel="share of pairs that are compared exactly", ylim=(0, 1.02), xlim=(0.4, 1)
    )
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    axes.grid(alpha=0.25)
    # Without a salt, the ids in the file differ each time.
    with mpl.rc_context({"svg.hashsalt": "cmtmed"}):
        figure.savefig(file, metadata={"Date": None})


def _measure_shares(texts: pl.Series, truth: pl.DataFrame, config: MinHashConfig) -> np.ndarray:
    """Return the share of pairs that share a band, by bin of similarity."""
    a, b, exact = (truth[name].to_numpy() for name in ("a", "b", "jaccard"))
    bins = len(BIN_EDGES) - 1
    bin_index = np.clip(np.digitize(exact, BIN_EDGES) - 1, 0, bins - 1)
    store = SignatureStore.from_texts(Texts.from_column(texts), config)
    shares_band = np.zeros(len(a), dtype=bool)
    for band in range(config.bands[0]):
        keys = store.read_band(band)
        shares_band |= keys[a] == keys[b]
    return np.bincount(bin_index, shares_band, bins) / np.maximum(np.bincount(bin_index, minlength=bins), 1)
