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

BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
"""The inks of a heat map: of any two, only these reach 4.5 on every shade between a light and a dark one."""

FONTS: Final = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", '
    '"Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2, 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast of WCAG 2.2, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def shade(palette: Palette, at: float) -> str:
    """Return the colour of a heat map's cell.

    Args:
        palette: light or dark.
        at: 0 (weakest) to 1; mixed in sRGB, as Vega mixes.
    """
    weak, strong = ([int(palette[end][from_ : from_ + 2], 16) for from_ in (1, 3, 5)] for end in ("weak", "strong"))
    return "#" + "".join(f"{round(one + at * (other - one)):02x}" for one, other in zip(weak, strong, strict=True))


def turn(palette: Palette) -> float:
    """Return where between 0 and 1 black stops and white starts to stand out more from a shade, or the reverse."""
    blacks = [
        contrast(BLACK, shade(palette, at / 1000)) >= contrast(WHITE, shade(palette, at / 1000)) for at in range(1001)
    ]
    return next((at / 1000 for at in range(1001) if blacks[at] != blacks[0]), 1.001)


def inks(palette: Palette, at: float) -> str:
    """Return the ink of a heat map's cell; shades are as of ``shade``."""
    dark_below = contrast(BLACK, palette["weak"]) >= contrast(WHITE, palette["weak"])
    return BLACK if (at < turn(palette)) == dark_below else WHITE


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
            "on_light": {"color": BLACK},
            "on_dark": {"color": WHITE},
            "faint": {"color": palette["muted"]},
            "faint_cell": {"stroke": palette["edge"], "strokeDash": [2, 3]},
        },
        # Expressions of the heat map read these.
        "params": [
            {"name": "turn", "value": turn(palette)},
            {"name": "dark_below", "value": inks(palette, 0) == BLACK},
        ],
        "range": {"category": list(categories), "heatmap": [palette["weak"], palette["strong"]]},
    }


def themes() -> dict[str, dict[str, Any]]:
    """Return the charts' configuration by the name of the theme."""
    return {"light": theme(LIGHT, CATEGORIES["light"]), "dark": theme(DARK, CATEGORIES["dark"])}
