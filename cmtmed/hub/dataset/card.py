"""What a card says, as figures: taken from manifest, report, audit and files of the build, never typed in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cmtmed.artifacts import HashedFile
from cmtmed.audit.statement import render_statement
from cmtmed.builds.clusters import list_clusters
from cmtmed.hub.dataset.label_scan import Survey
from cmtmed.hub.dataset.shards import PublishedFile
from cmtmed.hub.details import CardDetails, Details
from cmtmed.hub.gate import Finding
from cmtmed.hub.licenses import NONE, lookup
from cmtmed.stats import MIN_DEPARTMENT_DIALOGUES

CONFIGS: Final = {
    "sft": "fine-tuning: `messages` (role, content), and `weights`, one a message: 0 for what is not to be learnt.",
    "pretrain": "continued pretraining: `text`, one turn a line behind its speaker's name.",
    "prompts": "reinforcement learning: `prompt`, the messages before a doctor's turn, number `message`.",
    "dialogues": "the full table: `messages`, the doctors' questions (`inquiries`: message, start, end, slot), "
    "redacted places (`identifiers`: message, start, end, type, action), department, source, licence, and what every "
    "stage did (`trace`).",
}
"""What each table is for, in the order in which cards list them."""

_DEPARTMENTS: Final = 20
_TURNS: Final = 5
_DUPLICATES: Final = ("exact_duplicate", "near_duplicate", "contained")


@dataclass(frozen=True)
class Version:
    """Which version of which dataset is published.

    Attributes:
        repo: ``organisation/name``.
        tag: the revision on the Hub.
        checksum: SHA-256 over all data files.
        build: SHA-256 over all tables of the build.
        key_mark: tells apart keys of hashed ids; empty where ids are as they are.
    """

    repo: str
    tag: str
    checksum: str
    build: str
    key_mark: str = ""


def checksum(files: Sequence[PublishedFile | HashedFile]) -> str:
    """Return the SHA-256 over the lines ``SHA-256 path`` of files, sorted by path."""
    lines = [f"{one.sha256} {one.path}\n" for one in sorted(files, key=lambda one: one.path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def build_files(out: Path, tables: Sequence[str]) -> list[HashedFile]:
    """Return the Arrow files of some tables of a build as they are now, in order of path."""
    files = [HashedFile.of(file, out) for table in tables for file in (out / table).glob("*/*.arrow")]
    return sorted(files, key=lambda file: file.path)


def facts(
    out: Path,
    version: Version,
    files: Sequence[PublishedFile],
    details: CardDetails,
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    audit: Mapping[str, Any] | None,
    found: Survey,
    overridden: Sequence[Finding],
    *,
    picture: str,
) -> dict[str, Any]:
    """Return everything that the card's template may use.

    Args:
        out: directory of the build.
        version: which version it is.
        files: the data files.
        details: what people wrote.
        manifest: of the build.
        report: of the build.
        audit: what ``audit/audit.json`` of the build holds, None if there is none of these very dialogues.
        found: what a look at the dialogues gave.
        overridden: findings that whoever publishes went past.
        picture: path of the picture in the repository.
    """
    after = report["after"]
    stages = {name: options for stage in manifest["pipeline"]["stages"] for name, options in stage.items()}
    return {
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "details": details,
        "counts": manifest["counts"],
        "turns": {"doctor": after["turns"].get("assistant", 0), "patient": after["turns"].get("user", 0)},
        "stages": report["stages"],
        "quarantine": manifest["quarantine"],
        "before_after": _before_after(report["before"], after),
        "picture": picture,
        "sources": _sources(report, found, details),
        "licenses": [details.license] if details.license else [*found.licensed, *([NONE] if found.unlicensed else [])],
        "license_note": _license_note(details, found),
        "departments": _departments(after),
        "duplicates": _duplicates(out, stages, manifest["drops"]),
        "inquiries": _inquiries(after, stages),
        "privacy": render_statement(audit, hashed_ids=bool(version.key_mark)) if audit else "",
        "configs": {name: told for name, told in CONFIGS.items() if any(one.config == name for one in files)},
        "default_config": default_config(files),
        "splits": _splits(files),
        "citation": citation(details, version, "dataset"),
        "overridden": [finding.told() for finding in overridden],
        "build": {
            "checksum": version.build,
            "pipeline": manifest["pipeline"]["name"],
            "fingerprint": manifest["pipeline"]["fingerprint"],
            "seed": manifest["seed"],
            "versions": manifest["versions"],
        },
    }


def default_config(files: Sequence[PublishedFile]) -> str:
    """Return the config that is loaded when none is named: the first of `CONFIGS` that is there."""
    there = {one.config for one in files}
    return next(name for name in CONFIGS if name in there)


def named_departments(dialogues: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Return departments with enough dialogues to be named, the largest first, and the dialogues of all others.

    >>> named_departments({"内科": 40, "某科": 3, "": 7})
    ({'内科': 40}, 10)
    """
    ranked = sorted(dialogues.items(), key=lambda item: (-item[1], item[0]))
    named = {name: count for name, count in ranked if name and count >= MIN_DEPARTMENT_DIALOGUES}
    return named, sum(dialogues.values()) - sum(named.values())


def _departments(after: Mapping[str, Any]) -> list[dict[str, Any]]:
    named, _ = named_departments(after["departments"])
    shown = dict(list(named.items())[:_DEPARTMENTS])
    rows = [
        {
            "name": name,
            "dialogues": count,
            "share": _share(after["department_asking"].get(name, 0), after["department_turns"].get(name, 0)),
        }
        for name, count in shown.items()
    ]
    rest = [name for name in after["departments"] if name not in shown]
    if not rows or not rest:
        return rows
    asking, turns = (sum(after[key].get(name, 0) for name in rest) for key in ("department_asking", "department_turns"))
    others = sum(after["departments"][name] for name in rest)
    return [*rows, {"name": "others, and none named", "dialogues": others, "share": _share(asking, turns)}]


def _sources(report: Mapping[str, Any], found: Survey, details: CardDetails) -> list[dict[str, Any]]:
    before, after = report["before"]["sources"], report["after"]["sources"]
    rows = []
    for name in sorted({*before, *after}):
        known = details.sources.get(name)
        rows.append(
            {
                "title": (known.title if known else "") or name,
                "url": str(known.url) if known and known.url else "",
                "about": known.about if known else "",
                "licenses": sorted({license_ for source, license_ in found.licenses if source == name and license_}),
                "read": before.get(name, 0),
                "kept": after.get(name, 0),
            }
        )
    return rows


def _license_note(details: CardDetails, found: Survey) -> str:
    if details.license:
        return f"The dataset as a whole is published under {details.license}."
    none = sum(found.unlicensed.values())
    missing = f" **{none:,} dialogues have no licence.**" if none else ""
    names = [one.spdx if (one := lookup(name)) else name for name in found.licensed]
    if len(names) == 1 and not none:
        return f"The dataset is published under {names[0]}, as its sources are."
    return f"Each dialogue stays under the licence of its source, told in the column `license`.{missing}"


def _before_after(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    def row(name: str, value: Any) -> dict[str, str]:
        return {"name": name, "before": value(before), "after": value(after)}

    def turns(stats: Mapping[str, Any]) -> int:
        return sum(stats["turns"].values())

    def mean(over: int, under: int) -> str:
        return f"{over / under:.1f}" if under else "–"

    return [
        row("dialogues", lambda stats: f"{stats['dialogues']:,}"),
        row("turns", lambda stats: f"{turns(stats):,}"),
        row("turns per dialogue", lambda stats: mean(turns(stats), stats["dialogues"])),
        *(
            row(
                f"characters per turn, {who}",
                lambda stats, role=role: mean(stats["characters"].get(role, 0), stats["turns"].get(role, 0)),
            )
            for who, role in (("patient", "user"), ("doctor", "assistant"))
        ),
        row("characters", lambda stats: f"{sum(stats['characters'].values()):,}"),
    ]


def _duplicates(out: Path, stages: Mapping[str, Any], drops: Mapping[str, int]) -> dict[str, Any]:
    options = stages.get("drop_duplicates")
    if options is None:
        return {"stage": False}
    clusters = list_clusters(out)
    reasons = {name: drops[name] for name in _DUPLICATES if drops.get(name)}
    largest = clusters["size"].max() if clusters.height else 0
    return {
        "stage": True,
        "threshold": options.get("threshold", 0.8),
        "ngram": options.get("ngram", 5),
        "reasons": reasons,
        "dropped": sum(reasons.values()),
        "clusters": clusters.height,
        "largest": largest,
    }


def _inquiries(after: Mapping[str, Any], stages: Mapping[str, Any]) -> dict[str, Any]:
    turns, asking = ({int(index): count for index, count in after[key].items()} for key in _BY_TURN)
    rows = [
        {"label": str(index + 1), "turns": turns[index], "asking": asking.get(index, 0)}
        for index in range(_TURNS)
        if turns.get(index)
    ]
    later = [index for index in turns if index >= _TURNS]
    if later:
        label = f"{_TURNS + 1} and later"
        rows.append(
            {
                "label": label,
                "turns": sum(turns[index] for index in later),
                "asking": sum(asking.get(index, 0) for index in later),
            }
        )
    for row in rows:
        row["share"] = _share(row["asking"], row["turns"])
    return {
        "stage": "tag_inquiries" in stages,
        "turns": rows,
        "slots": after["inquiries"],
        "total": sum(after["inquiries"].values()),
        "share": _share(sum(asking.values()), sum(turns.values())),
        "first_share": _share(asking.get(0, 0), turns.get(0, 0)),
    }


_BY_TURN: Final = ("doctor_turns", "asking_turns")


def _splits(files: Sequence[PublishedFile]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one in files:
        row = rows.setdefault(
            (one.config, one.split), {"config": one.config, "split": one.split, "rows": 0, "files": 0, "bytes": 0}
        )
        row["rows"] += one.rows
        row["files"] += 1
        row["bytes"] += one.bytes
    order = list(CONFIGS)
    return sorted(rows.values(), key=lambda row: order.index(row["config"]))


def citation(details: Details, version: Version, kind: str) -> str:
    """Return the BibTeX that people wrote, or one from authors, name and year."""
    if details.citation:
        return details.citation
    fields = {
        "title": f"{{{_bibtex(details.pretty_name or version.repo)}}}",
        "author": " and ".join(map(_bibtex, details.authors)),
        "year": str(details.year or ""),
        "howpublished": f"Hugging Face {kind} {version.repo}",
        "note": f"version {version.tag}",
    }
    key = version.repo.split("/")[-1].lower()
    told = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *told, "}"])


def _bibtex(text: str) -> str:
    """Return text without the characters that would end a field, or the block that shows it."""
    return " ".join(text.translate({ord(character): None for character in "{}`\\"}).split())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
