"""The page's colours, light and dark: the style sheet's variables and the charts' theme come from here alone.

Text keeps a contrast of 4.5 to its ground and what charts are read by one of 3 (WCAG 2.2, AA); a test computes both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Palette = Mapping[str, str]

LIGHT: Final[Palette] = {
    "paper": "#fbfaf7",
    "panel": "#ffffff",
    "ink": "#1d2329",
    "muted": "#59636d",
    "line": "#dcd9d1",
    "accent": "#1b6b74",
    "before": "#e2dfd6",
    "edge": "#8c877b",
    "dropped": "#a63d2f",
    "doctor": "#e6f1f1",
    "asks": "#fbe7a1",
    "redacted": "#e4dff2",
    "warning": "#fbe6e2",
    "weak": "#edf2f1",
    "strong": "#175d65",
}
DARK: Final[Palette] = {
    "paper": "#14171a",
    "panel": "#1c2024",
    "ink": "#e8e5df",
    "muted": "#a5abb1",
    "line": "#363c42",
    "accent": "#67b7b9",
    "before": "#2a3036",
    "edge": "#7d848b",
    "dropped": "#e5826c",
    "doctor": "#1d3236",
    "asks": "#5a4a17",
    "redacted": "#403760",
    "warning": "#47221c",
    "weak": "#20282b",
    "strong": "#7cc9c9",
}
CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "light": ("#a63d2f", "#a86a12", "#6d5a9c", "#2f6690", "#557a24", "#8a5a44", "#b0487a", "#4f6d7a"),
    "dark": ("#e5826c", "#d9a34f", "#ad9bdc", "#73abd8", "#9cc060", "#c79e87", "#df89b3", "#93aab5"),
}
"""What tells drop reasons apart."""

FONTS: Final = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", '
    '"Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)


def theme(palette: Palette, categories: tuple[str, ...]) -> dict[str, Any]:
    """Return a Vega-Lite configuration; charts name its styles and ranges and no colour."""
    label = {"labelColor": palette["muted"], "titleColor": palette["muted"], "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": "transparent",
        # The page names its charts and gives their numbers as tables, which reads better than mark by mark.
        "aria": False,
        "font": FONTS,
        "view": {"stroke": None},
        "axis": {
            **label,
            "titleFontWeight": "normal",
            "domainColor": palette["line"],
            "gridColor": palette["line"],
            "tickColor": palette["line"],
            "labelPadding": 6,
        },
        "text": {"color": palette["ink"], "fontSize": 12},
        "bar": {"color": palette["accent"]},
        "style": {
            "before": {"color": palette["before"], "stroke": palette["edge"], "strokeWidth": 1},
            "after": {"color": palette["accent"]},
            "dropped": {"color": palette["dropped"]},
            "unread": {"color": palette["edge"]},
            "inverse": {"color": palette["paper"]},
        },
        "range": {"category": list(categories), "heatmap": [palette["weak"], palette["strong"]]},
    }


def themes() -> dict[str, dict[str, Any]]:
    """Return the charts' configuration by the name of the theme."""
    return {"light": theme(LIGHT, CATEGORIES["light"]), "dark": theme(DARK, CATEGORIES["dark"])}
