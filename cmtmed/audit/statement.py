"""The privacy statement for the dataset card, in Chinese and English, from the figures of an audit alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cmtmed.anonymize import LABELS, TYPES
from cmtmed.audit.detectors import DETECTORS_BY_NAME
from cmtmed.audit.residual import NONE
from cmtmed.audit.standards import CHINESE, COVERAGE, SAFE_HARBOR, Category, Coverage

ENGLISH, ZH = 0, 1
_ACTIONS: Final = ("tag", "pseudonym", "generalize")
_HASHED_IDS: Final = (
    (
        "- Columns `id` and `source_id` are keyed hashes: they tell dialogues apart and do not lead back to the "
        "records of the source."
    ),
    "- `id`、`source_id` 列为带密钥的散列值，仅用于区分对话，无法据此查到来源记录。",
)
_PLAIN_IDS: Final = (
    (
        "- Columns `id` and `source_id` carry the record numbers of the source: whoever has the source can look a "
        "dialogue up."
    ),
    "- `id`、`source_id` 列带有来源的记录编号，持有来源者可据此查到原对话。",
)
_COMBINATIONS: Final = (
    (
        "- Age, sex, place, illness and story can identify somebody together. Do not try to, and report what you find "
        "to whoever published the dataset."
    ),
    "- 年龄、性别、地域、病情与经历组合起来仍可能识别个人。请勿尝试识别；如发现残留，请告知数据集发布者。",
)
_PUBLISH_HASHED: Final = (
    "- If nobody is to look dialogues up by their record numbers, publish with `--hash-ids`.",
    "- 如不希望他人凭来源的记录编号查到原对话，发布时请加 `--hash-ids`。",
)
_KEEP_QUARANTINE: Final = (
    "- `quarantine/` of the build holds records as they were crawled, with nothing replaced. Do not publish it.",
    "- 构建目录中的 `quarantine/` 保存未经处理的原始记录，不得发布。",
)
_UNITS: Final = (("per_thousand_turns", "turns", "轮"), ("per_thousand_dialogues", "dialogues", "个对话"))


def render_statement(
    audit: Mapping[str, Any], *, hashed_ids: bool = False, level: int = 2, with_builder_notes: bool = True
) -> str:
    """Write the statement as Markdown.

    Args:
        audit: what ``audit/audit.json`` holds.
        hashed_ids: whether the dataset is published with keyed hashes instead of ids.
        level: of its headings.
        with_builder_notes: whether to end with what whoever builds the dataset should know before publishing it; a
            published card leaves these out.

    Returns:
        The Chinese text, then the English one. No text of any dialogue.
    """
    lines: list[str] = []
    for language in (ZH, ENGLISH):
        lines += [*_statement(audit, language, hashed_ids, "#" * level), ""]
        if with_builder_notes:
            lines += [*_list_builder_notes(language, hashed_ids, "#" * level), ""]
    return "\n".join(lines)


def _statement(audit: Mapping[str, Any], language: int, hashed_ids: bool, heading: str) -> list[str]:  # noqa: FBT001
    def say(english: str, chinese: str) -> str:
        return (english, chinese)[language]

    counts = audit["counts"]
    scope = say("published dialogues", "已发布的对话")
    if audit["scope"]["dropped"]:
        scope = say("published and dropped dialogues", "已发布及被剔除的对话")
    return [
        f"{heading} " + say("Privacy", "隐私声明"),
        "",
        say(
            f"Audited: {counts['dialogues']:,} dialogues, {counts['turns']:,} turns ({scope}).",
            f"审计范围：{counts['dialogues']:,} 个对话，{counts['turns']:,} 轮（{scope}）。",
        )
        + say(
            " Direct identifiers were replaced; this is de-identification, not anonymization.",
            "直接标识符已替换；这是去标识化，不是匿名化。",
        )
        * audit["redaction"]["stage"],
        "",
        f"{heading}# " + say("What was replaced", "已处理的标识符"),
        "",
        *_replaced(audit, language),
        "",
        f"{heading}# " + say("What may be left", "可能的残留"),
        "",
        *_left(audit, language),
        "",
        f"{heading}# " + say("Standards", "相关标准"),
        "",
        *_table(
            [say("Standard", "标准"), say("What is and is not covered", "对应与未覆盖")],
            [[name[language], told[language]] for name, told in CHINESE],
        ),
        "",
        say(
            "HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i). “Looked for” does not say that everything was found, and Safe "
            "Harbor asks in (ii) that the publisher has no actual knowledge that what is left could identify somebody.",
            "HIPAA 安全港，45 CFR 164.514(b)(2)(i)。“查找”不表示全部找到；第 (ii) 款另要求发布者并不实际知晓"
            "剩余信息可识别个人。",
        ),
        "",
        *_table(
            ["", say("Identifier", "标识符"), say("Here", "本数据集"), say("Types", "类型"), ""],
            [_category(category, audit, language, hashed_ids) for category in SAFE_HARBOR],
        ),
        "",
        *_shifted(audit, language),
        f"{heading}# " + say("What users should know", "使用须知"),
        "",
        (_HASHED_IDS if hashed_ids else _PLAIN_IDS)[language],
        _COMBINATIONS[language],
    ]


def _replaced(audit: Mapping[str, Any], language: int) -> list[str]:
    redaction = audit["redaction"]
    if not redaction["stage"]:
        none = (
            "**The pipeline has no stage `redact_identifiers`: nothing was replaced.**",
            "**处理流程中没有 `redact_identifiers`：未替换任何标识符。**",
        )
        return [none[language]]
    lines = _table(
        [("Type", "类型")[language], *_ACTIONS],
        [
            [f"{kind} {LABELS[kind]}", *(f"{actions.get(action, 0):,}" for action in _ACTIONS)]
            for kind, actions in audit["identifiers"].items()
        ],
    )
    unseen = [kind for kind in TYPES if kind not in audit["identifiers"] and kind not in redaction["kept"]]
    if unseen:
        lines += ["", ("Looked for and not found: ", "查找但未发现：")[language] + ", ".join(unseen) + "."]
    if redaction["kept"]:
        left = ("**Left in the text on purpose**: ", "**有意保留在文本中**：")[language]
        lines += ["", left + ", ".join(redaction["kept"]) + "."]
    return lines


def _left(audit: Mapping[str, Any], language: int) -> list[str]:
    residual, sentences = audit["residual"], []
    for name, unit, chinese in _UNITS:
        figures = {key: f"{value:,.1f}" for key, value in residual[name].items()}
        if residual["status"] == "unread":
            told = (
                (
                    f"Turns suspected per 1,000 {unit}: {figures['high']}; as far as suspicion of that kind was right "
                    f"elsewhere, {figures['estimate']} of them identify somebody."
                ),
                (
                    f"每 1,000 {chinese}中可疑的轮次：{figures['high']}；按同类可疑在其他语料中的命中率估计，"
                    f"其中 {figures['estimate']} 轮含标识符。"
                ),
            )
        else:
            told = (
                (
                    f"Turns in which something identifying is left, per 1,000 {unit}: {figures['estimate']} "
                    f"({residual['confidence']:.0%} confidence interval {figures['low']} to {figures['high']})."
                ),
                (
                    f"每 1,000 {chinese}中仍含标识符的轮次：{figures['estimate']}"
                    f"（{residual['confidence']:.0%} 置信区间 {figures['low']}"
                    f" 至 {figures['high']}）。"
                ),
            )
        sentences.append(f"- {told[language]}")
    rows = [
        [_about(one["detector"], language), *(f"{one[key]:,}" for key in ("turns", "drawn", "read", "leaks"))]
        for one in audit["strata"]
        if one["turns"]
    ]
    head = (
        ("Suspected for", "Turns", "Drawn", "Read", "Of these with something left"),
        ("可疑原因", "轮次", "抽样", "已读", "其中有残留"),
    )[language]
    return [_status(residual, language), "", *sentences, "", *_table(list(head), rows)]


def _status(residual: Mapping[str, Any], language: int) -> str:
    if residual["status"] == "unread":
        return (
            (
                "**Nobody has read the sample.** The figures are what a second, looser pass suspects, and no bound: "
                "what no detector suspects is not in them."
            ),
            (
                "**抽样尚无人阅读。** 以下数字来自第二遍较宽松的检测，只是可疑数，不是上限：未被任何检测器怀疑的内容"
                "不在其中。"
            ),
        )[language]
    read, leaks = residual["read"], residual["leaks"]
    told = (
        (
            f"A person read {read:,} turns, drawn at random from suspected and unsuspected ones; {leaks:,} of them "
            "still identify somebody."
        ),
        f"从可疑与不可疑的轮次中随机抽样，人工阅读 {read:,} 轮，其中 {leaks:,} 轮仍含标识符。",
    )[language]
    if residual["status"] == "partial":
        told += (
            " Of some kinds nothing was read yet; they count as anything between nothing and all.",
            "部分类别尚未阅读，按从零到全部计入区间。",
        )[language]
    return told


def _about(detector: str, language: int) -> str:
    if detector == NONE:
        return ("nothing", "不可疑")[language]
    known = DETECTORS_BY_NAME.get(detector)
    return (known.english, known.chinese)[language] if known else detector


def _category(
    category: Category,
    audit: Mapping[str, Any],
    language: int,
    hashed_ids: bool,  # noqa: FBT001
) -> list[str]:
    redaction = audit["redaction"]
    gone = [kind for kind in category.types if redaction["stage"] and kind not in redaction["kept"]]
    coverage: Coverage = category.coverage
    if category.types and not gone:
        coverage = "no"
    elif len(gone) < len(category.types) and coverage == "yes":
        coverage = "partly"
    return [
        category.letter,
        category.name[language],
        COVERAGE[coverage][language],
        ", ".join(gone),
        (category.hashed_note if hashed_ids and category.hashed_note else category.note)[language],
    ]


def _shifted(audit: Mapping[str, Any], language: int) -> list[str]:
    actions = audit["identifiers"].get("DATE", {})
    if not (actions.get("generalize") or actions.get("pseudonym")):
        return []
    return [
        (
            (
                "Some dates were moved, not removed. Safe Harbor knows no moved dates; under HIPAA such data needs an "
                "expert's determination (164.514(b)(1))."
            ),
            "部分日期经平移而非删除。安全港不包含日期平移；依 HIPAA 此类数据需专家认定（164.514(b)(1)）。",
        )[language],
        "",
    ]


def _list_builder_notes(language: int, hashed_ids: bool, heading: str) -> list[str]:  # noqa: FBT001
    notes = [_KEEP_QUARANTINE] if hashed_ids else [_PUBLISH_HASHED, _KEEP_QUARANTINE]
    title = ("For the publisher", "致发布者")[language]
    return [f"{heading}# {title}", "", *(note[language] for note in notes)]


def _table(head: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
