"""The page's charts as Vega-Lite specifications. They refer to styles and ranges of the theme, never to colours.

Every chart is a function of the summary and a language; it is None if there is nothing to show, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import altair as alt

from cmtmed.report import chart_elements as elements
from cmtmed.report.inquiry_charts import chart_asking, chart_slots
from cmtmed.report.labels import Language, get_label
from cmtmed.report.summary import BuildSummary
from cmtmed.report.texts import translate

MAX_COLOURS: Final = 8
"""Number of drop reasons that have their own colour."""
LENGTHS: Final = ("dialogue_turns", "dialogue_characters", "patient_characters", "doctor_characters")


def build_specifications(
    summary: BuildSummary, sizes: Sequence[tuple[str, int]], language: Language
) -> dict[str, dict[str, object]]:
    """Return the specifications of all charts that have something to show, by the id of their container in the page.

    Args:
        summary: of the build.
        sizes: clusters of duplicates by size.
        language: of titles, labels and tooltips.
    """
    text = partial(translate, language)
    charts = {
        "flow": chart_flow(summary, language),
        "drops": elements.make_ranking(
            [(_label_reason(name, summary, language), count) for name, count in _select_main_drops(summary).items()],
            text("drops_chart"), text("reason"), text("dropped"), coloured=True,
        ),
        "quarantine": elements.make_ranking(
            [(get_label("reason", name).in_language(language), count) for name, count in summary.quarantine.items()],
            text("quarantine_chart"), text("reason"), text("records"), style="unread",
        ),
        **{name: chart_histogram(summary.lengths(name) or (), name, language) for name in LENGTHS},
        "sources": chart_sources(summary, language),
        "departments": chart_departments(summary, language),
        "asking": chart_asking(summary, language),
        "slots": chart_slots(summary, language),
        "identifiers": elements.make_ranking(
            [
                (get_label("identifier", name).in_language(language), round(rate, 2))
                for name, _, rate in summary.identifiers
            ],
            text("identifiers_chart"), text("type"), text("per_thousand"),
        ),
        "sizes": elements.make_ranking(sizes, text("sizes_chart"), text("size"), text("clusters")),
    }  # fmt: skip
    return {name: elements.to_specification(chart) for name, chart in charts.items() if chart is not None}


def chart_flow(summary: BuildSummary, language: Language) -> elements.AnyChart | None:
    """Return a bar per stage of the dialogues that remain, ending in coloured segments for those dropped, by reason."""
    total = summary.before.dialogues
    if not total:
        return None
    text = partial(translate, language)
    steps = [(text("step_read"), total, 0)]
    steps += [
        (_label_stage(step.stage, language), step.remaining, sum(step.dropped.values())) for step in summary.steps
    ]
    main = _select_main_drops(summary)
    keys = {name: elements.make_key(index, _label_reason(name, summary, language)) for index, name in enumerate(main)}
    rows = [
        {"step": index, "name": name, "remaining": remaining, "dropped": f"−{dropped:,}" if dropped else ""}
        for index, (name, remaining, dropped) in enumerate(steps)
    ]
    segments = []
    for index, step in enumerate(summary.steps, start=1):
        end = step.remaining
        for reason, count in step.dropped.items():
            colour_key = reason if reason in main else ""
            segments.append(
                {
                    "step": index,
                    "name": rows[index]["name"],
                    "key": keys[colour_key],
                    "from": end,
                    "to": end + count,
                    "reason": _label_reason(colour_key, summary, language),
                    "count": count,
                }
            )
            end += count
    y = alt.Y("step:O", axis=None)
    x = alt.Scale(domain=[0, total], nice=False, zero=True)
    height, offset = {"band": 0.34}, 9
    tooltip = [
        alt.Tooltip("name:N", title=text("stage")),
        alt.Tooltip("remaining:Q", title=text("remaining"), format=","),
    ]
    base = alt.Chart(elements.inline_data(rows)).encode(y=y, tooltip=tooltip)
    bars = base.mark_bar(style="after", height=height, yOffset=offset).encode(
        x=alt.X("remaining:Q", scale=x, axis=None)
    )
    names = base.mark_text(align="left", dy=-7, limit=210).encode(x=alt.value(0), text="name:N")
    counts = base.mark_text(align="right", dy=-7).encode(x=alt.value("width"), text=alt.Text("remaining:Q", format=","))
    losses = base.mark_text(align="right", dy=-7, dx=-68, style="dropped").encode(
        x=alt.value("width"), text="dropped:N"
    )
    layers: list[alt.Chart] = [bars, names, counts, losses]
    if segments:
        ends = alt.Chart(elements.inline_data(segments)).mark_bar(height=height, yOffset=offset)
        layers.insert(
            1,
            ends.encode(
                y=y,
                x=alt.X("from:Q", scale=x, axis=None),
                x2="to:Q",
                color=alt.Color("key:N", scale=alt.Scale(domain=list(keys.values())), legend=None),
                tooltip=[
                    alt.Tooltip("name:N", title=text("stage")),
                    alt.Tooltip("reason:N", title=text("reason")),
                    alt.Tooltip("count:Q", title=text("dropped"), format=","),
                ],
            ),
        )
    return elements.set_size(alt.layer(*layers), text("flow_chart"), 42 * len(rows))


def chart_histogram(rows: Sequence[tuple[str, int, int]], name: str, language: Language) -> elements.AnyChart | None:
    """Return a distribution after cleaning, in front of that before cleaning."""
    if not rows:
        return None
    text = partial(translate, language)
    data = elements.inline_data(
        [
            {"bin": label, "least": label.split("–")[0], "before": before, "after": after}
            for label, before, after in rows
        ]
    )
    tooltip = [
        alt.Tooltip("bin:N", title=text(name)),
        alt.Tooltip("before:Q", title=text("before"), format=","),
        alt.Tooltip("after:Q", title=text("after"), format=","),
    ]
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False, labelSeparation=4)
    x = alt.X("least:O", sort=[row[0].split("–")[0] for row in rows], title=None, axis=axis)
    base = alt.Chart(data).encode(x=x, tooltip=tooltip)
    before = base.mark_bar(style="before", width={"band": 0.9}).encode(y=elements.make_number_axis("before"))
    after = base.mark_bar(style="after", width={"band": 0.5}).encode(y=elements.make_number_axis("after"))
    return elements.set_size(before + after, text(name), 170)


def chart_sources(summary: BuildSummary, language: Language) -> elements.AnyChart | None:
    """Return the dialogues kept of each source, in front of those read."""
    rows = summary.sources[:40]
    if not rows:
        return None
    text = partial(translate, language)
    data = elements.inline_data(
        [
            {"key": elements.make_key(index, name), "name": name, "before": before, "count": after}
            for index, (name, before, after) in enumerate(rows)
        ]
    )
    lengths = [(name, before) for name, before, _ in rows]
    tooltip = [
        alt.Tooltip("name:N", title=text("source")),
        alt.Tooltip("before:Q", title=text("read"), format=","),
        alt.Tooltip("count:Q", title=text("kept"), format=","),
    ]
    base = alt.Chart(data).encode(y=elements.make_name_axis(), tooltip=tooltip)
    before = base.mark_bar(style="before", height={"band": 0.74}).encode(x=elements.make_bar_axis(lengths, "before"))
    after = base.mark_bar(style="after", height={"band": 0.4}).encode(x=elements.make_bar_axis(lengths))
    counts = base.mark_text(align="left", dx=6).encode(
        x=elements.make_bar_axis(lengths, "before"), text=alt.Text("count:Q", format=",")
    )
    return elements.set_size(before + after + counts, text("sources_chart"), 26 * len(rows))


def chart_departments(summary: BuildSummary, language: Language) -> elements.AnyChart | None:
    """Return the dialogues kept of each named department, and of all others together."""
    text = partial(translate, language)
    ranked, (other_count, count, rate) = summary.departments
    rows = [(name or text("unknown"), dialogues, share) for name, dialogues, share in ranked]
    if other_count:
        rows.append((text("other_departments").format(count=other_count), count, rate))
    if not rows:
        return None
    data = elements.inline_data(
        [
            {"key": elements.make_key(index, name), "name": name, "count": dialogues, "share": round(share, 4)}
            for index, (name, dialogues, share) in enumerate(rows)
        ]
    )
    tooltip = [
        alt.Tooltip("name:N", title=text("department")),
        alt.Tooltip("count:Q", title=text("dialogues"), format=","),
        alt.Tooltip("share:Q", title=text("asking_share"), format=".1%"),
    ]
    axis = elements.make_bar_axis([(name, dialogues) for name, dialogues, _ in rows])
    base = alt.Chart(data).encode(y=elements.make_name_axis(), x=axis, tooltip=tooltip)
    bars = base.mark_bar(height={"band": 0.62})
    return elements.set_size(bars + elements.label_bars(base, ","), text("departments_chart"), 26 * len(rows))


def _select_main_drops(summary: BuildSummary) -> dict[str, int]:
    """Return the counts of the drop reasons that have a colour; all others together have the key ``""``."""
    if len(summary.drops) <= MAX_COLOURS:
        return dict(summary.drops)
    main = dict(list(summary.drops.items())[: MAX_COLOURS - 1])
    return {**main, "": sum(summary.drops.values()) - sum(main.values())}


def _label_reason(name: str, summary: BuildSummary, language: Language) -> str:
    if not name and len(summary.drops) > MAX_COLOURS:
        return translate(language, "other_reasons")
    return get_label("reason", name).in_language(language)


def _label_stage(name: str, language: Language) -> str:
    return get_label("stage", name).in_language(language)
