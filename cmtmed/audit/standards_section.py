"""The section of the privacy statement on standards: which of their requirements are covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cmtmed.audit.content import AuditContent
from cmtmed.audit.standards import CHINESE, COVERAGE, SAFE_HARBOR, Category, Coverage

_SAFE_HARBOR_NOTE: Final = (
    (
        "HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i). “Looked for” does not mean that everything was found, and Safe "
        "Harbor also requires in (ii) that the publisher has no actual knowledge that what remains could identify a "
        "person."
    ),
    (
        "HIPAA 安全港，45 CFR 164.514(b)(2)(i)。“查找”不表示全部找到；第 (ii) 款另要求发布者并不实际知晓"
        "剩余信息可识别个人。"
    ),
)


def render_standards(audit: AuditContent, language: int, *, hashed_ids: bool, heading: str) -> list[str]:
    """Render the section as lines of Markdown.

    Args:
        audit: what ``audit/audit.json`` holds.
        language: 0 for English, 1 for Chinese.
        hashed_ids: whether the dataset is published with keyed hashes instead of ids.
        heading: number signs of the statement's own heading.
    """
    return [
        f"{heading}# " + ("Standards", "相关标准")[language],
        "",
        *format_table(
            [("Standard", "标准")[language], ("What is covered and what is not", "对应与未覆盖")[language]],
            [[name[language], note[language]] for name, note in CHINESE],
        ),
        "",
        _SAFE_HARBOR_NOTE[language],
        "",
        *format_table(
            ["", ("Identifier", "标识符")[language], ("Here", "本数据集")[language], ("Types", "类型")[language], ""],
            [_format_category(category, audit, language, hashed_ids=hashed_ids) for category in SAFE_HARBOR],
        ),
        "",
        *_note_shifted_dates(audit, language),
    ]


def _format_category(
    category: Category,
    audit: AuditContent,
    language: int,
    *,
    hashed_ids: bool,
) -> list[str]:
    redaction = audit["redaction"]
    replaced = [
        identifier_type
        for identifier_type in category.types
        if redaction["stage"] and identifier_type not in redaction["kept"]
    ]
    coverage: Coverage = category.coverage
    if category.types and not replaced:
        coverage = "no"
    elif len(replaced) < len(category.types) and coverage == "yes":
        coverage = "partly"
    return [
        category.letter,
        category.name[language],
        COVERAGE[coverage][language],
        ", ".join(replaced),
        (category.hashed_note if hashed_ids and category.hashed_note else category.note)[language],
    ]


def _note_shifted_dates(audit: AuditContent, language: int) -> list[str]:
    actions = audit["identifiers"].get("DATE", {})
    if not (actions.get("generalize") or actions.get("pseudonym")):
        return []
    return [
        (
            (
                "Some dates were shifted, not removed. Safe Harbor does not provide for shifted dates; under HIPAA, "
                "such data needs an expert's determination (164.514(b)(1))."
            ),
            "部分日期经平移而非删除。安全港不包含日期平移；依 HIPAA 此类数据需专家认定（164.514(b)(1)）。",
        )[language],
        "",
    ]


def format_table(head: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Format a table as lines of Markdown."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
