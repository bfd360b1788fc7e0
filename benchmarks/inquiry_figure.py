"""Figure of how often doctors' turns ask, by position in the dialogue and by department."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

LAST_POSITION = 6
"""Later turns are counted with the turn at this position."""
MIN_TURNS = 100
"""Departments with fewer turns are left out."""
DEPARTMENTS = {
    "皮肤科": "dermatology",
    "皮肤性病科": "dermatology, venereal",
    "外科": "surgery",
    "儿科": "paediatrics",
    "整形美容": "plastic surgery",
    "妇产科": "obstetrics",
    "五官科": "eyes, ears, teeth",
    "中医科": "Chinese medicine",
    "肿瘤科": "oncology",
    "内科": "internal medicine",
    "男科": "andrology",
    "传染病科": "infections",
    "心理科": "psychology",
    "家居健康": "home health",
}


def draw_figure(turns: list[tuple[bool, int, str]], file: Path) -> None:
    """Draw the share of asking turns, and print it.

    Args:
        turns: for each doctor's turn, whether it asks, its position in the dialogue and its department.
        file: the SVG file to write.
    """
    asks_by_position: list[list[bool]] = [[] for _ in range(LAST_POSITION + 1)]
    asks_by_department: dict[str, list[bool]] = defaultdict(list)
    for asks, position, department in turns:
        asks_by_position[min(position, LAST_POSITION)].append(asks)
        if department in DEPARTMENTS:
            asks_by_department[DEPARTMENTS[department]].append(asks)
    shares = [sum(group) / max(len(group), 1) for group in asks_by_position]
    departments = sorted(
        (sum(group) / len(group), name, len(group))
        for name, group in asks_by_department.items()
        if len(group) >= MIN_TURNS
    )
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    by_position, by_department = figure.subplots(1, 2, width_ratios=(1, 1.4))
    by_position.bar(range(len(shares)), shares, color="tab:blue")
    by_position.set_xticks(range(len(shares)), [*map(str, range(1, len(shares))), f"{len(shares)}+"])
    by_position.set(xlabel="doctor's turn", ylabel="share of turns that ask")
    by_department.barh(
        [f"{name} ({count})" for _, name, count in departments],
        [share for share, _, _ in departments],
        color="tab:blue",
    )
    by_department.set(xlabel="share of turns that ask (turns in brackets)")
    for axes, axis in ((by_position, "y"), (by_department, "x")):
        axes.grid(axis=axis, alpha=0.25)
        axes.set_axisbelow(b=True)
    # Without a salt, the ids in the file differ each time.
    with mpl.rc_context({"svg.hashsalt": "cmtmed"}):
        figure.savefig(file, metadata={"Date": None})
    print("by turn:", [f"{share:.3f} of {len(group)}" for share, group in zip(shares, asks_by_position, strict=True)])
    print("by department:", [f"{name} {share:.3f} of {count}" for share, name, count in reversed(departments)])
