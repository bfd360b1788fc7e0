"""Chart of a dataset card: how many dialogues each stage kept and dropped."""

from __future__ import annotations

from typing import Final

from cmtmed.builds import BuildReport

CHART_FILE: Final = "figures/stages.png"
_KEPT_COLOR, _DROPPED_COLOR = "#2f6f9f", "#d98b4a"
_ROW_HEIGHT: Final = 26
"""Height of a stage's bar including its gap, in pixels."""


def draw_stage_chart(report: BuildReport) -> bytes:
    """Draw the dialogues that each stage kept and dropped, from the report of a build.

    Returns:
        A PNG, the same bytes for the same report and libraries.
    """
    import altair as alt
    import vl_convert

    order = [stage.stage for stage in report.stages]
    rows: list[dict[str, str | int]] = []
    kept = report.before.dialogues
    for stage in report.stages:
        dropped = sum(stage.dropped.values())
        kept -= dropped
        rows += [
            {"stage": stage.stage, "outcome": "kept", "dialogues": kept, "order": 0},
            {"stage": stage.stage, "outcome": "dropped", "dialogues": dropped, "order": 1},
        ]
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=560, height=_ROW_HEIGHT * len(order))
        .mark_bar()
        .encode(
            y=alt.Y("stage:N", sort=order, title=None),
            x=alt.X("dialogues:Q", title="dialogues", axis=alt.Axis(format=",d", tickMinStep=1)),
            color=alt.Color(
                "outcome:N", title=None, legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=["kept", "dropped"], range=[_KEPT_COLOR, _DROPPED_COLOR]),
            ),
            order=alt.Order("order:Q"),
        )
        .configure_view(stroke=None)
        .configure(background="white")
    )  # fmt: skip
    png: bytes = vl_convert.vegalite_to_png(chart.to_dict(), scale=2)
    return png
