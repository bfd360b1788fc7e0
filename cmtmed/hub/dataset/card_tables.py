"""Tables of a dataset card, computed from manifest, report and label scan of a build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cmtmed.builds import Build
from cmtmed.builds.clusters import list_clusters
from cmtmed.hub.dataset.configs import CONFIGS
from cmtmed.hub.dataset.details import DatasetDetails, SourceDetails
from cmtmed.hub.dataset.label_scan import LabelScan
from cmtmed.hub.licenses import look_up
from cmtmed.hub.staging import PublishedFile
from cmtmed.stats import MIN_DEPARTMENT_DIALOGUES, StageStats, TableStats

_MAX_DEPARTMENTS: Final = 20
_MAX_TURNS: Final = 5
_DUPLICATE_REASONS: Final = ("exact_duplicate", "near_duplicate", "contained")

Row = dict[str, Any]
"""A row of a table by column; templates read it."""


def list_stages(stages: Sequence[StageStats], dialogues: int) -> list[Row]:
    """Return the dialogues that each stage received, dropped and kept.

    A stage may also process dialogues that an earlier one dropped; only those still kept are counted, so that the
    figures never rise from one stage to the next.

    Args:
        stages: what each stage did, in order.
        dialogues: as read, before the first stage.
    """
    rows = []
    for stage in stages:
        dropped = sum(stage.dropped.values())
        rows.append({
            "stage": stage.stage, "received": dialogues, "edited": stage.edited, "dropped": dropped,
            "reasons": stage.dropped, "kept": dialogues - dropped,
        })  # fmt: skip
        dialogues -= dropped
    return rows


def list_sources(build: Build, labels: LabelScan, details: DatasetDetails) -> list[Row]:
    """Return the sources with their licences, and the dialogues read and kept of each."""
    before, after = build.report.before.sources, build.report.after.sources
    rows = []
    for name in sorted({*before, *after}):
        source = details.sources.get(name, SourceDetails())
        rows.append({
            "title": source.title or name,
            "url": str(source.url) if source.url else "",
            "about": source.about,
            "licenses": sorted({license_ for origin, license_ in labels.licenses if origin == name and license_}),
            "read": before.get(name, 0),
            "kept": after.get(name, 0),
        })  # fmt: skip
    return rows


def describe_license(details: DatasetDetails, labels: LabelScan) -> dict[str, str]:
    """Return the sentence on the licence of the whole, in ``english`` and ``chinese``."""
    if details.license:
        return {
            "english": f"The dataset as a whole is published under {details.license}.",
            "chinese": f"本数据集整体以 {details.license} 发布。",
        }
    missing = sum(labels.unlicensed.values())
    names = [license_.spdx if (license_ := look_up(name)) else name for name in labels.known_licenses]
    if len(names) == 1 and not missing:
        return {
            "english": f"The dataset is published under {names[0]}, like its sources.",
            "chinese": f"本数据集与其来源相同，以 {names[0]} 发布。",
        }
    return {
        "english": "Each dialogue remains under the licence of its source, given in the column `license`."
        + (f" **{missing:,} dialogues have no licence.**" if missing else ""),
        "chinese": "每个对话沿用其来源的许可证，见 `license` 列。"
        + (f"**{missing:,} 个对话没有许可证。**" if missing else ""),
    }


def split_departments(dialogues: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Return departments with enough dialogues to be named, the largest first, and the dialogues of all others.

    >>> split_departments({"内科": 40, "某科": 3, "": 7})
    ({'内科': 40}, 10)
    """
    ranked = sorted(dialogues.items(), key=lambda item: (-item[1], item[0]))
    large = {name: count for name, count in ranked if name and count >= MIN_DEPARTMENT_DIALOGUES}
    return large, sum(dialogues.values()) - sum(large.values())


def list_departments(after: TableStats) -> list[Row]:
    """Return the largest departments with the share of doctors' turns that ask; the last row sums up all others."""
    departments, _ = split_departments(after.departments)
    largest = dict(list(departments.items())[:_MAX_DEPARTMENTS])
    rows: list[Row] = [
        {
            "name": name,
            "dialogues": count,
            "share": _ratio(after.department_asking[name], after.department_turns[name]),
        }
        for name, count in largest.items()
    ]
    remaining = [name for name in after.departments if name not in largest]
    if not rows or not remaining:
        return rows
    dialogues, asking, turns = (
        sum(counts[name] for name in remaining)
        for counts in (after.departments, after.department_asking, after.department_turns)
    )
    return [*rows, {"name": "others, and unknown · 其他及未知", "dialogues": dialogues, "share": _ratio(asking, turns)}]


def compare_with_crawl(before: TableStats, after: TableStats) -> list[dict[str, str]]:
    """Return figures of the crawl beside those of the published dialogues, named in English and Chinese."""

    def mean(total: int, count: int) -> str:
        return f"{total / count:.1f}" if count else "–"

    def turn_length(role: str) -> Callable[[TableStats], str]:
        return lambda stats: mean(stats.characters[role], stats.turns[role])

    rows: list[tuple[str, str, Callable[[TableStats], str]]] = [
        ("dialogues", "对话", lambda stats: f"{stats.dialogues:,}"),
        ("turns", "轮次", lambda stats: f"{stats.turns.total():,}"),
        ("turns per dialogue", "每个对话的轮次", lambda stats: mean(stats.turns.total(), stats.dialogues)),
        ("characters per turn, patient", "患者每轮字数", turn_length("user")),
        ("characters per turn, doctor", "医生每轮字数", turn_length("assistant")),
        ("characters", "字数", lambda stats: f"{stats.characters.total():,}"),
    ]
    return [
        {"name": name, "chinese": chinese, "before": value(before), "after": value(after)}
        for name, chinese, value in rows
    ]


def summarize_duplicates(build: Build) -> Row:
    """Return how duplicates were defined, and how many there were."""
    options = build.stage_options("drop_duplicates")
    if options is None:
        return {"stage": False}
    clusters = list_clusters(build.root)
    drops = build.manifest.drops
    reasons = {name: drops[name] for name in _DUPLICATE_REASONS if drops.get(name)}
    return {
        "stage": True,
        "threshold": options.get("threshold", 0.8),
        "ngram": options.get("ngram", 5),
        "reasons": reasons,
        "dropped": sum(reasons.values()),
        "clusters": clusters.height,
        "largest": clusters["size"].max() if clusters.height else 0,
    }


def summarize_inquiries(build: Build) -> Row:
    """Return how often doctors ask, by turn index and slot."""
    after = build.report.after
    turns, asking = (
        {int(index): count for index, count in counts.items()} for counts in (after.doctor_turns, after.asking_turns)
    )
    rows: list[Row] = [
        {"label": str(index + 1), "turns": turns[index], "asking": asking.get(index, 0)}
        for index in range(_MAX_TURNS)
        if turns.get(index)
    ]
    later = [index for index in turns if index >= _MAX_TURNS]
    if later:
        rows.append({
            "label": f"{_MAX_TURNS + 1} and later · 及以后",
            "turns": sum(turns[index] for index in later),
            "asking": sum(asking.get(index, 0) for index in later),
        })  # fmt: skip
    for row in rows:
        row["share"] = _ratio(row["asking"], row["turns"])
    return {
        "stage": build.stage_options("tag_inquiries") is not None,
        "turns": rows,
        "slots": after.inquiries,
        "total": after.inquiries.total(),
        "share": _ratio(sum(asking.values()), sum(turns.values())),
        "first_share": _ratio(asking.get(0, 0), turns.get(0, 0)),
    }


def list_splits(files: Sequence[PublishedFile]) -> list[Row]:
    """Return rows, files and bytes of every split of every config."""
    rows: dict[tuple[str, str], Row] = {}
    for file in files:
        key = (file.config, file.split)
        row = rows.setdefault(key, {"config": file.config, "split": file.split, "rows": 0, "files": 0, "bytes": 0})
        row["rows"] += file.rows
        row["files"] += 1
        row["bytes"] += file.bytes
    order = list(CONFIGS)
    return sorted(rows.values(), key=lambda row: order.index(row["config"]))


def _ratio(count: int, total: int) -> float:
    return count / total if total else 0.0
