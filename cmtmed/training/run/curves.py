"""Curves of a run: each metric as it was logged and smoothed, one picture a metric, drawn from ``metrics.jsonl``.

The log is continuous across interruptions, so the curves are too. Smoothed is the exponential moving average, with the
start-up bias taken out (Kingma & Ba 2015, section 3, do so for the moments of Adam).
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
    "length": "tokens an answer",
    "eos_share": "share of answers that end by themselves",
    "token_accuracy": "token accuracy",
    "learning_rate": "learning rate",
}
"""What is drawn, if it was logged."""
_ORIGINAL, _SMOOTHED, _INK, _GRID = "#9db7d5", "#1f4e8c", "#222222", "#dddddd"


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average without its start-up bias.

    Args:
        values: the series.
        weight: of what came before, 0 (the series itself) up to but not 1.

    >>> smooth([1.0, 3.0], 0.5)
    [1.0, 2.3333333333333335]
    """
    result, mean, left = [], 0.0, 1.0
    for value in values:
        mean = weight * mean + (1 - weight) * value
        left *= weight
        result.append(mean / (1 - left))
    return result


def draw_curves(root: Path, smoothing: float = 0.9) -> list[Path]:
    """Draw every metric of `TITLES` that a run logged, as ``training_loss.png`` and so on.

    Args:
        root: the run directory.
        smoothing: weight of what came before, from 0 up to 1.

    Returns:
        The files.

    Raises:
        UsageError: nothing was logged.
    """
    from matplotlib.figure import Figure

    lines = read_metrics(root)
    if not lines:
        raise UsageError(f"{str(root)!r} has logged nothing yet; curves are drawn of a run that has")
    drawn = []
    for name, title in TITLES.items():
        points = [(line["step"], line[name]) for line in lines if line.get(name) is not None]
        if not points:
            continue
        steps, values = zip(*points, strict=True)
        figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
        axes = figure.add_subplot()
        few = len(values) < _FEW
        axes.plot(steps, values, color=_ORIGINAL, linewidth=1, marker="o" if few else None, label="original")
        if not few:
            axes.plot(steps, smooth(values, smoothing), color=_SMOOTHED, linewidth=2, label="smoothed")
            axes.legend(frameon=False)
        axes.set_title(title, color=_INK)
        axes.set_xlabel("step")
        axes.grid(color=_GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        path = root / (f"training_{name}.png" if not name.startswith("eval_") else f"{name}.png")
        # Without a date the same numbers give the same bytes.
        figure.savefig(path, metadata={"Software": None})
        drawn.append(path)
    return drawn


_FEW: Final = 10
