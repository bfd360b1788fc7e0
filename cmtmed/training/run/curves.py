"""Curves of a run: each metric as it was logged and smoothed, one picture per metric, drawn from ``metrics.jsonl``.

The log is continuous across interruptions, so the curves are too. Smoothed is the exponential moving average, with the
start-up bias removed (Kingma & Ba 2015, section 3, do so for the moments of Adam).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cmtmed.errors import UsageError
from cmtmed.training.run.metrics import read_metrics

TITLES: Final[Mapping[str, str]] = {
    "loss": "training loss",
    "eval_loss": "loss on held-out data",
    "reward": "reward",
    "accuracy": "ranking accuracy",
    "eval_accuracy": "ranking accuracy on held-out prompts",
    "margin": "reward margin",
    "kl": "KL to the reference",
    "entropy": "entropy of the policy",
    "value_loss": "value loss",
    "clip_fraction": "share of clipped ratios",
    "length": "tokens per answer",
    "eos_share": "share of answers that end by themselves",
    "token_accuracy": "token accuracy",
    "learning_rate": "learning rate",
}
"""Metrics that are drawn, if they were logged, with the titles of their pictures."""
_ORIGINAL, _SMOOTHED, _INK, _GRID = "#9db7d5", "#1f4e8c", "#222222", "#dddddd"
_FEWEST_SMOOTHED: Final = 10
"""Points below which the curve is drawn with markers instead of smoothed."""


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average without its start-up bias.

    Args:
        values: the series.
        weight: of earlier values, from 0 (the series itself) up to but not 1.

    >>> smooth([1.0, 3.0], 0.5)
    [1.0, 2.3333333333333335]
    """
    smoothed, mean, bias = [], 0.0, 1.0
    for value in values:
        mean = weight * mean + (1 - weight) * value
        bias *= weight
        smoothed.append(mean / (1 - bias))
    return smoothed


def draw_curves(root: Path, smoothing: float = 0.9) -> list[Path]:
    """Draw every metric of `TITLES` that a run logged, as ``training_loss.png`` and so on.

    Args:
        root: the run directory.
        smoothing: weight of earlier values, from 0 up to but not 1.

    Returns:
        The files.

    Raises:
        UsageError: nothing was logged.
    """
    rows = read_metrics(root)
    if not rows:
        raise UsageError(f"{str(root)!r} has logged nothing yet; run it until it has")
    files = []
    for name, title in TITLES.items():
        points = [(row["step"] or 0, value) for row in rows if (value := row.get(name)) is not None]
        if points:
            path = root / (f"training_{name}.png" if not name.startswith("eval_") else f"{name}.png")
            _draw_curve(path, title, points, smoothing)
            files.append(path)
    return files


def _draw_curve(path: Path, title: str, points: Sequence[tuple[float, float]], smoothing: float) -> None:
    from matplotlib.figure import Figure

    steps, values = zip(*points, strict=True)
    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    has_line = len(values) >= _FEWEST_SMOOTHED
    axes.plot(steps, values, color=_ORIGINAL, linewidth=1, marker=None if has_line else "o", label="original")
    if has_line:
        axes.plot(steps, smooth(values, smoothing), color=_SMOOTHED, linewidth=2, label="smoothed")
        axes.legend(frameon=False)
    axes.set_title(title, color=_INK)
    axes.set_xlabel("step")
    axes.grid(color=_GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    # Without a date the same numbers give the same bytes.
    figure.savefig(path, metadata={"Software": None})
