"""Building blocks of the page's charts: bars with value labels, axes, sizes. They contain no colours and no texts.

Vega looks up categories in plain objects, where a department named ``constructor`` exists already. A category's key is
therefore its index and its name, separated by an invisible character; the axis shows the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import altair as alt

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart
"""What ``alt.layer`` and its parts return."""

_SEPARATOR: Final = "\u2060"


def make_ranking(
    rows: Sequence[tuple[str, float]],
    title: str,
    label: str,
    value: str,
    *,
    coloured: bool = False,
    style: str = "after",
) -> AnyChart | None:
    """Return horizontal bars with value labels, in the order given, optionally each in its own colour."""
    if not rows:
        return None
    values = inline_data(
        [{"key": make_key(index, name), "name": name, "count": count} for index, (name, count) in enumerate(rows)]
    )
    tooltip = [
        alt.Tooltip("name:N", title=label),
        alt.Tooltip("count:Q", title=value, format=",.2~f" if any(count % 1 for _, count in rows) else ","),
    ]
    base = alt.Chart(values).encode(y=make_name_axis(), x=make_bar_axis(rows), tooltip=tooltip)
    bars = base.mark_bar(style=style, height={"band": 0.62})
    if coloured:
        domain = [make_key(index, name) for index, (name, _) in enumerate(rows)]
        bars = bars.encode(color=alt.Color("key:N", scale=alt.Scale(domain=domain), legend=None))
    return set_size(
        bars + label_bars(base, ",.3~r" if any(count % 1 for _, count in rows) else ","), title, 26 * len(rows)
    )


def inline_data(rows: Sequence[Mapping[str, object]]) -> alt.InlineData:
    """Return rows as data inside the specification."""
    return alt.InlineData(values=rows)


def make_key(index: int, name: str) -> str:
    r"""Return a category key that no JavaScript object has by default, that is unique and that sorts by index.

    >>> make_key(3, "constructor")
    '0003\u2060constructor'
    """
    return f"{index:04}{_SEPARATOR}{name}"


def make_name_axis() -> alt.Y:
    """Return an axis of the names in the keys; long names are cut, and shown in full by the tooltip."""
    expression = f"slice(datum.label, indexof(datum.label, '{_SEPARATOR}') + 1)"
    return alt.Y(
        "key:N",
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelLimit=124, labelPadding=8, labelExpr=expression),
    )


def make_number_axis(field: str) -> alt.Y:
    """Return a vertical axis of numbers."""
    return alt.Y(
        f"{field}:Q", title=None, axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d", ticks=False, domain=False)
    )


def make_bar_axis(rows: Sequence[tuple[str, float]], field: str = "count") -> alt.X:
    """Return an invisible horizontal axis with room for a value label after the longest bar."""
    return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, 1.22 * max(count for _, count in rows) or 1]))


def label_bars(base: alt.Chart, number_format: str) -> alt.Chart:
    """Return the value labels at the ends of the bars."""
    labels: alt.Chart = base.mark_text(align="left", dx=6).encode(text=alt.Text("count:Q", format=number_format))
    return labels


def set_size(chart: AnyChart, title: str, height: int) -> AnyChart:
    """Set a chart to the width of its container and ``height`` pixels, with its title for screen readers."""
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    sized_chart: AnyChart = chart.properties(
        width="container", height=height, autosize=fit, description=title, padding=0
    )
    return sized_chart


def to_specification(chart: AnyChart) -> dict[str, object]:
    """Return the Vega-Lite specification of a chart."""
    spec: dict[str, object] = chart.to_dict()
    # The page sets the theme, and the version of Vega-Lite is the one inlined in the page.
    return {name: value for name, value in spec.items() if name not in {"$schema", "config"}}
