"""Charts of doctors' questions: how often doctors ask, and for what, by position in the dialogue."""

from __future__ import annotations

from functools import partial

import altair as alt

from cmtmed.report import chart_elements as elements
from cmtmed.report.labels import Language, get_label
from cmtmed.report.summary import BuildSummary
from cmtmed.report.texts import translate
from cmtmed.stats import MIN_DEPARTMENT_DIALOGUES


def chart_asking(summary: BuildSummary, language: Language) -> elements.AnyChart | None:
    """Return the share of doctor turns that ask, by position in the dialogue."""
    rows = summary.inquiries_by_turn
    if not sum(count for _, _, count in rows):
        return None
    text = partial(translate, language)
    data = elements.inline_data(
        [
            {
                "position": turn,
                "turns": turns,
                "share": round(count / turns, 4),
                "label": f"{_format_percent(count / turns) or 0}%",
            }
            for turn, turns, count in rows
        ]
    )
    tooltip = [
        alt.Tooltip("position:N", title=text("position")),
        alt.Tooltip("share:Q", title=text("asking_share"), format=".1%"),
        alt.Tooltip("turns:Q", title=text("all_turns_count"), format=","),
    ]
    axis = alt.Axis(labelAngle=0, ticks=False)
    base = alt.Chart(data).encode(
        x=alt.X("position:O", sort=[row[0] for row in rows], title=text("position"), axis=axis),
        y=alt.Y(
            "share:Q", axis=None, scale=alt.Scale(domain=[0, 1.15 * max(count / turns for _, turns, count in rows)])
        ),
        tooltip=tooltip,
    )
    bars = base.mark_bar(width={"band": 0.62})
    return elements.set_size(bars + base.mark_text(dy=-8).encode(text="label:N"), text("asking_chart"), 230)


def chart_slots(summary: BuildSummary, language: Language) -> elements.AnyChart | None:
    """Return a heat map of the share of doctor turns that ask for a slot, by slot and position in the dialogue.

    Shares of fewer than ten turns are outlined without a shade. The theme decides whether the text on a shade is black
    or white (``ink_switch`` and ``dark_below``), because both themes share one specification.
    """
    rows = summary.slots
    if not sum(count for _, _, _, count in rows):
        return None
    text = partial(translate, language)
    highest = max((count / turns for _, _, turns, count in rows if turns >= MIN_DEPARTMENT_DIALOGUES), default=0) or 1
    slots_in_order = list(dict.fromkeys(slot for slot, *_ in rows))
    data = elements.inline_data(
        [
            {
                "key": elements.make_key(slots_in_order.index(slot), get_label("slot", slot).in_language(language)),
                "slot": get_label("slot", slot).in_language(language),
                "position": turn,
                "turns": turns,
                "count": count,
                "share": round(count / turns, 4),
                "shade": round(count / turns / highest, 4),
                "label": _format_percent(count / turns),
                "is_rare": turns < MIN_DEPARTMENT_DIALOGUES,
            }
            for slot, turn, turns, count in rows
        ]
    )
    turns_in_order = list(dict.fromkeys(turn for _, turn, *_ in rows))
    tooltip = [
        alt.Tooltip("slot:N", title=text("slot")),
        alt.Tooltip("position:N", title=text("position")),
        alt.Tooltip("share:Q", title=text("share"), format=".1%"),
        alt.Tooltip("count:Q", title=text("asking"), format=","),
        alt.Tooltip("turns:Q", title=text("all_turns_count"), format=","),
    ]
    axis = alt.Axis(labelAngle=0, ticks=False, domain=False)
    base = alt.Chart(data).encode(
        x=alt.X("position:O", sort=turns_in_order, title=text("position"), axis=axis),
        y=elements.make_name_axis(),
        tooltip=tooltip,
    )
    width, height = {"band": 0.96}, {"band": 0.9}
    shade = alt.Color("shade:Q", scale=alt.Scale(domain=[0, 1]), legend=None)
    cells = base.transform_filter("!datum.is_rare").mark_rect(width=width, height=height).encode(color=shade)
    faint = base.transform_filter("datum.is_rare").mark_rect(
        style="faint_cell", fill="transparent", width=width, height=height
    )
    layers = [cells, faint]
    for style, condition in (
        ("on_light", "!datum.is_rare && (datum.shade < ink_switch) == dark_below"),
        ("on_dark", "!datum.is_rare && (datum.shade < ink_switch) != dark_below"),
        ("faint", "datum.is_rare"),
    ):
        layers.append(base.transform_filter(condition).mark_text(style=style).encode(text="label:N"))
    return elements.set_size(alt.layer(*layers), text("slots_chart"), 30 * len(slots_in_order))


def _format_percent(share: float) -> str:
    return "" if not share else "<1" if share < 0.01 else f"{100 * share:.0f}"
