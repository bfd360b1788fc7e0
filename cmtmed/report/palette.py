"""Colours of the page, light and dark: the only source of the style sheet's variables and the charts' themes.

Text has a contrast of at least 4.5 to its background, chart marks of at least 3 (WCAG 2.2, AA); a test computes both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
"""Colours of the drop reasons."""

BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
"""Text colours of a heat map: no other pair reaches a contrast of 4.5 on every shade from light to dark."""

FONTS: Final = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", '
    '"Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)


def compute_luminance(colour: str) -> float:
    """Compute the relative luminance of WCAG 2.2, 0 to 1."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def compute_contrast(colour: str, other_colour: str) -> float:
    """Compute the contrast ratio of WCAG 2.2, 1 to 21."""
    low, high = sorted((compute_luminance(colour), compute_luminance(other_colour)))
    return (high + 0.05) / (low + 0.05)


def mix_shade(palette: Palette, position: float) -> str:
    """Mix the colour of a heat map's cell.

    Args:
        palette: light or dark.
        position: 0 (weakest) to 1; mixed in sRGB, as Vega does.
    """
    weak, strong = ([int(palette[end][index : index + 2], 16) for index in (1, 3, 5)] for end in ("weak", "strong"))
    return "#" + "".join(f"{round(low + position * (high - low)):02x}" for low, high in zip(weak, strong, strict=True))


def find_ink_switch(palette: Palette) -> float:
    """Return the position between 0 and 1 at which the better text colour switches between black and white."""
    blacks = [
        compute_contrast(BLACK, mix_shade(palette, step / 1000))
        >= compute_contrast(WHITE, mix_shade(palette, step / 1000))
        for step in range(1001)
    ]
    return next((step / 1000 for step in range(1001) if blacks[step] != blacks[0]), 1.001)


def choose_ink(palette: Palette, position: float) -> str:
    """Return the text colour of a heat map's cell at a position of ``mix_shade``."""
    dark_below = compute_contrast(BLACK, palette["weak"]) >= compute_contrast(WHITE, palette["weak"])
    return BLACK if (position < find_ink_switch(palette)) == dark_below else WHITE


def build_theme(palette: Palette, categories: tuple[str, ...]) -> dict[str, object]:
    """Return a Vega-Lite configuration; charts refer to its styles and ranges, never to colours."""
    label = {"labelColor": palette["muted"], "titleColor": palette["muted"], "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": "transparent",
        # The page labels its charts and offers their numbers as tables, which screen readers handle better than marks.
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
        # Read by expressions of the heat map.
        "params": [
            {"name": "ink_switch", "value": find_ink_switch(palette)},
            {"name": "dark_below", "value": choose_ink(palette, 0) == BLACK},
        ],
        "range": {"category": list(categories), "heatmap": [palette["weak"], palette["strong"]]},
    }


def build_themes() -> dict[str, dict[str, object]]:
    """Return the charts' configurations by name of the theme."""
    return {"light": build_theme(LIGHT, CATEGORIES["light"]), "dark": build_theme(DARK, CATEGORIES["dark"])}
