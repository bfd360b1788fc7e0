"""The picture of a card: how many dialogues each stage left, and how many it dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

FILE: Final = "figures/stages.png"
_KEPT, _DROPPED = "#2f6f9f", "#d98b4a"
_ROW: Final = 26
"""Height of a stage's bar with its gap, pixels."""


def picture(report: Mapping[str, Any]) -> bytes:
    """Draw the dialogues that were left and dropped by each stage, from the report of a build.

    Returns:
        A PNG, the same bytes for the same report and libraries.
    """
    import altair as alt
    import vl_convert

    order = [one["stage"] for one in report["stages"]]
    rows = []
    for place, one in enumerate(report["stages"]):
        dropped = sum(one["dropped"].values())
        left = _left(report, place)
        rows += [
            {"stage": one["stage"], "what": "left", "dialogues": left, "order": 0},
            {"stage": one["stage"], "what": "dropped", "dialogues": dropped, "order": 1},
        ]
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=560, height=_ROW * len(order))
        .mark_bar()
        .encode(
            y=alt.Y("stage:N", sort=order, title=None),
            x=alt.X("dialogues:Q", title="dialogues", axis=alt.Axis(format=",d", tickMinStep=1)),
            color=alt.Color(
                "what:N", title=None, scale=alt.Scale(domain=["left", "dropped"], range=[_KEPT, _DROPPED]),
                legend=alt.Legend(orient="top"),
            ),
            order=alt.Order("order:Q"),
        )
        .configure_view(stroke=None)
        .configure(background="white")
    )  # fmt: skip
    drawn: bytes = vl_convert.vegalite_to_png(chart.to_dict(), scale=2)
    return drawn


def _left(report: Mapping[str, Any], place: int) -> int:
    """Return dialogues that were not dropped by the first stages, up to and with this one."""
    gone = sum(sum(one["dropped"].values()) for one in report["stages"][: place + 1])
    return int(report["before"]["dialogues"]) - gone
