"""What the page's charts are made of: bars with their number beside them, axes, sizes. No colour and no word.

Vega looks categories up in plain objects, where a department called ``constructor`` is found before it was put in.
So a category is its place in the order and its name behind a sign that cannot be seen; the axis shows the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

_SIGN: Final = "\u2060"


def ranking(
    rows: Sequence[tuple[str, float]],
    title: str,
    label: str,
    value: str,
    *,
    coloured: bool = False,
    style: str = "after",
) -> alt.LayerChart | None:
    """Return bars with their value beside them, in the order given, each in a colour of its own if that is wanted."""
    if not rows:
        return None
    told = data([{"key": key(at, name), "name": name, "count": count} for at, (name, count) in enumerate(rows)])
    tips = [
        alt.Tooltip("name:N", title=label),
        alt.Tooltip("count:Q", title=value, format=",.2~f" if any(count % 1 for _, count in rows) else ","),
    ]
    base = alt.Chart(told).encode(y=names(), x=room(rows), tooltip=tips)
    bars = base.mark_bar(style=style, height={"band": 0.62})
    if coloured:
        domain = [key(at, name) for at, (name, _) in enumerate(rows)]
        bars = bars.encode(color=alt.Color("key:N", scale=alt.Scale(domain=domain), legend=None))
    return sized(bars + beside(base, ",.3~r" if any(count % 1 for _, count in rows) else ","), title, 26 * len(rows))


def data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Return rows that stand in the specification itself."""
    return alt.InlineData(values=rows)


def key(at: int, name: str) -> str:
    r"""Return a category that no object has by itself, that no other row has, and that sorts by its place.

    >>> key(3, "constructor")
    '0003\u2060constructor'
    """
    return f"{at:04}{_SIGN}{name}"


def names() -> alt.Y:
    """Return an axis of the names behind ``key``; long ones are cut, and the tip has them whole."""
    told = f"slice(datum.label, indexof(datum.label, '{_SIGN}') + 1)"
    return alt.Y(
        "key:N", title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=124, labelPadding=8, labelExpr=told)
    )


def number_axis(field: str) -> alt.Y:
    """Return a vertical axis of numbers."""
    return alt.Y(
        f"{field}:Q", title=None, axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d", ticks=False, domain=False)
    )


def room(rows: Sequence[tuple[str, float]], field: str = "count") -> alt.X:
    """Return a horizontal axis that is not drawn, with room for a number behind the longest bar."""
    return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, 1.22 * max(count for _, count in rows) or 1]))


def beside(base: alt.Chart, form: str) -> alt.Chart:
    """Return the numbers behind the bars."""
    made: alt.Chart = base.mark_text(align="left", dx=6).encode(text=alt.Text("count:Q", format=form))
    return made


def sized(chart: Any, title: str, height: int) -> alt.LayerChart:
    """Return a chart as wide as its place and ``height`` pixels high, with its title for whoever cannot see it."""
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    made: alt.LayerChart = chart.properties(
        width="container", height=height, autosize=fit, description=title, padding=0
    )
    return made


def plain(chart: alt.LayerChart) -> dict[str, Any]:
    """Return the specification."""
    spec: dict[str, Any] = chart.to_dict()
    # The theme is the page's, and which Vega-Lite reads this is settled by what is inlined beside it.
    return {name: value for name, value in spec.items() if name not in {"$schema", "config"}}
