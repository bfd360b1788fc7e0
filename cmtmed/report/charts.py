"""The page's charts, specified in Altair. They name styles and ranges of the theme and no colour.

Each chart is a function of the facts and of a language; one that would be empty is None, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import altair as alt

from cmtmed.report import marks
from cmtmed.report.facts import Facts
from cmtmed.report.names import Language, named
from cmtmed.report.words import WORDS
from cmtmed.stats import MIN_DEPARTMENT_DIALOGUES

COLOURS: Final = 8
"""Drop reasons that have a colour of their own."""
LENGTHS: Final = ("dialogue_turns", "dialogue_characters", "patient_characters", "doctor_characters")


def specifications(facts: Facts, sizes: Sequence[tuple[str, int]], language: Language) -> dict[str, dict[str, Any]]:
    """Return the Vega-Lite specification of every chart that has something to show, by its place in the page.

    Args:
        facts: figures of the build.
        sizes: clusters of duplicates by size.
        language: of titles, labels and tooltips.
    """
    say = partial(_word, language)
    made = {
        "flow": flow(facts, language),
        "drops": marks.ranking(
            [(_reason(name, facts, language), count) for name, count in _main_drops(facts).items()],
            say("drops_chart"), say("reason"), say("dropped"), coloured=True,
        ),
        "quarantine": marks.ranking(
            [(named("reason", name).told(language), count) for name, count in facts.quarantine.items()],
            say("quarantine_chart"), say("reason"), say("records"), style="unread",
        ),
        **{name: histogram(facts.lengths(name) or (), name, language) for name in LENGTHS},
        "sources": sources(facts, language),
        "departments": departments(facts, language),
        "asking": asking(facts, language),
        "slots": slots(facts, language),
        "identifiers": marks.ranking(
            [(named("identifier", name).told(language), round(rate, 2)) for name, _, rate in facts.identifiers],
            say("identifiers_chart"), say("type"), say("per_thousand"),
        ),
        "sizes": marks.ranking(sizes, say("sizes_chart"), say("size"), say("clusters")),
    }  # fmt: skip
    return {name: marks.plain(chart) for name, chart in made.items() if chart is not None}


def flow(facts: Facts, language: Language) -> alt.LayerChart | None:
    """Return what is left after each stage as bars one below the other, and what went as their coloured ends."""
    read = facts.before.dialogues
    if not read:
        return None
    say = partial(_word, language)
    told = [(say("step_read"), read, 0)]
    told += [(_stage(step.stage, language), step.left, sum(step.dropped.values())) for step in facts.steps]
    main = _main_drops(facts)
    keys = {name: marks.key(at, _reason(name, facts, language)) for at, name in enumerate(main)}
    rows = [
        {"step": at, "name": name, "left": left, "gone": f"−{gone:,}" if gone else ""}
        for at, (name, left, gone) in enumerate(told)
    ]
    pieces = []
    for at, step in enumerate(facts.steps, start=1):
        end = step.left
        for reason, count in step.dropped.items():
            known = reason if reason in main else ""
            pieces.append({"step": at, "name": rows[at]["name"], "key": keys[known], "from": end, "to": end + count,
                           "reason": _reason(known, facts, language), "count": count})  # fmt: skip
            end += count
    y = alt.Y("step:O", axis=None)
    x = alt.Scale(domain=[0, read], nice=False, zero=True)
    bar: dict[str, Any] = {"height": {"band": 0.34}, "yOffset": 9}
    tips = [alt.Tooltip("name:N", title=say("stage")), alt.Tooltip("left:Q", title=say("left"), format=",")]
    base = alt.Chart(marks.data(rows)).encode(y=y, tooltip=tips)
    left = base.mark_bar(style="after", **bar).encode(x=alt.X("left:Q", scale=x, axis=None))
    words = base.mark_text(align="left", dy=-7, limit=210).encode(x=alt.value(0), text="name:N")
    numbers = base.mark_text(align="right", dy=-7).encode(x=alt.value("width"), text=alt.Text("left:Q", format=","))
    gone = base.mark_text(align="right", dy=-7, dx=-68, style="dropped").encode(x=alt.value("width"), text="gone:N")
    layers: list[Any] = [left, words, numbers, gone]
    if pieces:
        ends = alt.Chart(marks.data(pieces)).mark_bar(**bar)
        layers.insert(
            1,
            ends.encode(
                y=y,
                x=alt.X("from:Q", scale=x, axis=None),
                x2="to:Q",
                color=alt.Color("key:N", scale=alt.Scale(domain=list(keys.values())), legend=None),
                tooltip=[
                    alt.Tooltip("name:N", title=say("stage")),
                    alt.Tooltip("reason:N", title=say("reason")),
                    alt.Tooltip("count:Q", title=say("dropped"), format=","),
                ],
            ),
        )
    return marks.sized(alt.layer(*layers), say("flow_chart"), 42 * len(rows))


def histogram(rows: Sequence[tuple[str, int, int]], name: str, language: Language) -> alt.LayerChart | None:
    """Return a distribution after cleaning, in front of that before."""
    if not rows:
        return None
    say = partial(_word, language)
    data = marks.data(
        [{"bin": bin_, "least": bin_.split("–")[0], "before": before, "after": after} for bin_, before, after in rows]
    )
    tips = [
        alt.Tooltip("bin:N", title=say(name)),
        alt.Tooltip("before:Q", title=say("before"), format=","),
        alt.Tooltip("after:Q", title=say("after"), format=","),
    ]
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False, labelSeparation=4)
    x = alt.X("least:O", sort=[row[0].split("–")[0] for row in rows], title=None, axis=axis)
    base = alt.Chart(data).encode(x=x, tooltip=tips)
    before = base.mark_bar(style="before", width={"band": 0.9}).encode(y=marks.number_axis("before"))
    after = base.mark_bar(style="after", width={"band": 0.5}).encode(y=marks.number_axis("after"))
    return marks.sized(before + after, say(name), 170)


def sources(facts: Facts, language: Language) -> alt.LayerChart | None:
    """Return the dialogues of each source, kept in front of read."""
    rows = facts.sources[:40]
    if not rows:
        return None
    say = partial(_word, language)
    data = marks.data(
        [
            {"key": marks.key(at, name), "name": name, "before": before, "count": after}
            for at, (name, before, after) in enumerate(rows)
        ]
    )
    lengths = [(name, before) for name, before, _ in rows]
    tips = [
        alt.Tooltip("name:N", title=say("source")),
        alt.Tooltip("before:Q", title=say("read"), format=","),
        alt.Tooltip("count:Q", title=say("kept"), format=","),
    ]
    base = alt.Chart(data).encode(y=marks.names(), tooltip=tips)
    before = base.mark_bar(style="before", height={"band": 0.74}).encode(x=marks.room(lengths, "before"))
    after = base.mark_bar(style="after", height={"band": 0.4}).encode(x=marks.room(lengths))
    told = base.mark_text(align="left", dx=6).encode(
        x=marks.room(lengths, "before"), text=alt.Text("count:Q", format=",")
    )
    return marks.sized(before + after + told, say("sources_chart"), 26 * len(rows))


def departments(facts: Facts, language: Language) -> alt.LayerChart | None:
    """Return the kept dialogues of each department that is named, and of all others together."""
    say = partial(_word, language)
    named_ones, (others, count, rate) = facts.departments
    rows = [(name or say("unknown"), dialogues, share) for name, dialogues, share in named_ones]
    if others:
        rows.append((say("rest_departments").format(count=others), count, rate))
    if not rows:
        return None
    data = marks.data(
        [
            {"key": marks.key(at, name), "name": name, "count": dialogues, "share": round(share, 4)}
            for at, (name, dialogues, share) in enumerate(rows)
        ]
    )
    tips = [
        alt.Tooltip("name:N", title=say("department")),
        alt.Tooltip("count:Q", title=say("dialogues"), format=","),
        alt.Tooltip("share:Q", title=say("asking_share"), format=".1%"),
    ]
    room = marks.room([(name, dialogues) for name, dialogues, _ in rows])
    base = alt.Chart(data).encode(y=marks.names(), x=room, tooltip=tips)
    bars = base.mark_bar(height={"band": 0.62})
    return marks.sized(bars + marks.beside(base, ","), say("departments_chart"), 26 * len(rows))


def asking(facts: Facts, language: Language) -> alt.LayerChart | None:
    """Return the share of the doctors' turns that ask, by their place."""
    rows = facts.asking
    if not sum(count for _, _, count in rows):
        return None
    say = partial(_word, language)
    data = marks.data(
        [
            {"place": at, "turns": turns, "share": round(count / turns, 4), "told": f"{_percent(count / turns) or 0}%"}
            for at, turns, count in rows
        ]
    )
    tips = [
        alt.Tooltip("place:N", title=say("place")),
        alt.Tooltip("share:Q", title=say("asking_share"), format=".1%"),
        alt.Tooltip("turns:Q", title=say("of_turns"), format=","),
    ]
    axis = alt.Axis(labelAngle=0, ticks=False)
    base = alt.Chart(data).encode(
        x=alt.X("place:O", sort=[row[0] for row in rows], title=say("place"), axis=axis),
        y=alt.Y(
            "share:Q", axis=None, scale=alt.Scale(domain=[0, 1.15 * max(count / turns for _, turns, count in rows)])
        ),
        tooltip=tips,
    )
    bars = base.mark_bar(width={"band": 0.62})
    return marks.sized(bars + base.mark_text(dy=-8).encode(text="told:N"), say("asking_chart"), 230)


def slots(facts: Facts, language: Language) -> alt.LayerChart | None:
    """Return a map of the share of the doctors' turns that ask for a slot, by slot and place.

    A share of fewer than ten turns is an outline without a shade. Whether a shade bears black or white is the theme's
    to say (``turn`` and ``dark_below``), because both themes draw one specification.
    """
    rows = facts.slots
    if not sum(count for _, _, _, count in rows):
        return None
    say = partial(_word, language)
    most = max((count / turns for _, _, turns, count in rows if turns >= MIN_DEPARTMENT_DIALOGUES), default=0) or 1
    kinds = list(dict.fromkeys(slot for slot, *_ in rows))
    data = marks.data(
        [
            {
                "key": marks.key(kinds.index(slot), named("slot", slot).told(language)),
                "slot": named("slot", slot).told(language),
                "place": at,
                "turns": turns,
                "count": count,
                "share": round(count / turns, 4),
                "shade": round(count / turns / most, 4),
                "told": _percent(count / turns),
                "few": turns < MIN_DEPARTMENT_DIALOGUES,
            }
            for slot, at, turns, count in rows
        ]
    )
    places = list(dict.fromkeys(at for _, at, *_ in rows))
    tips = [
        alt.Tooltip("slot:N", title=say("slot")),
        alt.Tooltip("place:N", title=say("place")),
        alt.Tooltip("share:Q", title=say("share"), format=".1%"),
        alt.Tooltip("count:Q", title=say("asking"), format=","),
        alt.Tooltip("turns:Q", title=say("of_turns"), format=","),
    ]
    base = alt.Chart(data).encode(
        x=alt.X("place:O", sort=places, title=say("place"), axis=alt.Axis(labelAngle=0, ticks=False, domain=False)),
        y=marks.names(),
        tooltip=tips,
    )
    size: dict[str, Any] = {"width": {"band": 0.96}, "height": {"band": 0.9}}
    shade = alt.Color("shade:Q", scale=alt.Scale(domain=[0, 1]), legend=None)
    cells = base.transform_filter("!datum.few").mark_rect(**size).encode(color=shade)
    faint = base.transform_filter("datum.few").mark_rect(style="faint_cell", fill="transparent", **size)
    layers = [cells, faint]
    for style, where in (
        ("on_light", "!datum.few && (datum.shade < turn) == dark_below"),
        ("on_dark", "!datum.few && (datum.shade < turn) != dark_below"),
        ("faint", "datum.few"),
    ):
        layers.append(base.transform_filter(where).mark_text(style=style).encode(text="told:N"))
    return marks.sized(alt.layer(*layers), say("slots_chart"), 30 * len(kinds))


def _percent(share: float) -> str:
    return "" if not share else "<1" if share < 0.01 else f"{100 * share:.0f}"


def _main_drops(facts: Facts) -> dict[str, int]:
    """Return the drop reasons that have a colour; the key of all others together is ``""``."""
    if len(facts.drops) <= COLOURS:
        return dict(facts.drops)
    main = dict(list(facts.drops.items())[: COLOURS - 1])
    return {**main, "": sum(facts.drops.values()) - sum(main.values())}


def _reason(name: str, facts: Facts, language: Language) -> str:
    if not name and len(facts.drops) > COLOURS:
        return _word(language, "other_reasons")
    return named("reason", name).told(language)


def _stage(name: str, language: Language) -> str:
    return named("stage", name).told(language)


def _word(language: Language, key: str) -> str:
    return WORDS[key].told(language)
