"""The privacy statement for the dataset card, in Chinese and English, from the figures of an audit alone."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize import LABELS, TYPES
from cmtmed.audit.content import AuditContent
from cmtmed.audit.detectors import DETECTORS_BY_NAME
from cmtmed.audit.origins import ENGLISH, ZH, describe_origins
from cmtmed.audit.residual import NONE
from cmtmed.audit.standards_section import format_table, render_standards

_ACTIONS: Final = ("tag", "pseudonym", "generalize")
_HASHED_IDS: Final = (
    (
        "- The columns `id` and `source_id` are keyed hashes: they tell dialogues apart and do not lead back to the "
        "records of the source."
    ),
    "- `id`、`source_id` 列为带密钥的散列值，仅用于区分对话，无法据此查到来源记录。",
)
_PLAIN_IDS: Final = (
    (
        "- The columns `id` and `source_id` carry the record numbers of the source: anyone who has the source can look "
        "a dialogue up."
    ),
    "- `id`、`source_id` 列带有来源的记录编号，持有来源者可据此查到原对话。",
)
_COMBINATIONS: Final = (
    (
        "- Age, sex, place, illness and story can together identify a person. Do not attempt to identify anyone, and "
        "report any identifier that you find to the publisher of the dataset."
    ),
    "- 年龄、性别、地域、病情与经历组合起来仍可能识别个人。请勿尝试识别；如发现残留，请告知数据集发布者。",
)
_PUBLISH_HASHED: Final = (
    "- If nobody should be able to look dialogues up by their record numbers, publish with `--hash-ids`.",
    "- 如不希望他人凭来源的记录编号查到原对话，发布时请加 `--hash-ids`。",
)
_KEEP_QUARANTINE: Final = (
    "- The build's `quarantine/` holds records as they were crawled, with nothing replaced. Do not publish it.",
    "- 构建目录中的 `quarantine/` 保存未经处理的原始记录，不得发布。",
)


def render_statement(
    audit: AuditContent, *, hashed_ids: bool = False, level: int = 2, with_builder_notes: bool = True
) -> str:
    """Render the privacy statement as Markdown.

    Args:
        audit: what ``audit/audit.json`` holds.
        hashed_ids: whether the dataset is published with keyed hashes instead of ids.
        level: heading level of its title.
        with_builder_notes: whether to end with notes for the publisher, which a published card leaves out.

    Returns:
        The Chinese text, then the English one. No text of any dialogue.
    """
    lines: list[str] = []
    for language in (ZH, ENGLISH):
        lines += [*_render_language(audit, language, hashed_ids=hashed_ids, heading="#" * level), ""]
        if with_builder_notes:
            lines += [*_list_builder_notes(language, hashed_ids=hashed_ids, heading="#" * level), ""]
    return "\n".join(lines)


def _render_language(audit: AuditContent, language: int, *, hashed_ids: bool, heading: str) -> list[str]:
    def pick(english: str, chinese: str) -> str:
        return (english, chinese)[language]

    counts = audit["counts"]
    scope = pick("published dialogues", "已发布的对话")
    if audit["scope"]["dropped"]:
        scope = pick("published and dropped dialogues", "已发布及被剔除的对话")
    return [
        f"{heading} " + pick("Privacy", "隐私声明"),
        "",
        pick(
            f"Audited: {counts['dialogues']:,} dialogues, {counts['turns']:,} turns ({scope}).",
            f"审计范围：{counts['dialogues']:,} 个对话，{counts['turns']:,} 轮（{scope}）。",
        )
        + pick(
            " Direct identifiers were replaced; this is de-identification, not anonymization.",
            "直接标识符已替换；这是去标识化，不是匿名化。",
        )
        * audit["redaction"]["stage"],
        "",
        f"{heading}# " + pick("What was replaced", "已处理的标识符"),
        "",
        *_list_replaced(audit, language),
        "",
        f"{heading}# " + pick("What may remain", "可能的残留"),
        "",
        *_describe_residual(audit, language),
        "",
        *render_standards(audit, language, hashed_ids=hashed_ids, heading=heading),
        f"{heading}# " + pick("What users should know", "使用须知"),
        "",
        (_HASHED_IDS if hashed_ids else _PLAIN_IDS)[language],
        _COMBINATIONS[language],
    ]


def _list_replaced(audit: AuditContent, language: int) -> list[str]:
    redaction = audit["redaction"]
    if not redaction["stage"]:
        nothing = (
            "**The pipeline has no stage `redact_identifiers`: nothing was replaced.**",
            "**处理流程中没有 `redact_identifiers`：未替换任何标识符。**",
        )
        return [nothing[language]]
    lines = format_table(
        [("Type", "类型")[language], *_ACTIONS],
        [
            [f"{identifier_type} {LABELS[identifier_type]}", *(f"{actions.get(action, 0):,}" for action in _ACTIONS)]
            for identifier_type, actions in audit["identifiers"].items()
        ],
    )
    absent = [
        identifier_type
        for identifier_type in TYPES
        if identifier_type not in audit["identifiers"] and identifier_type not in redaction["kept"]
    ]
    if absent:
        lines += ["", ("Looked for but not found: ", "查找但未发现：")[language] + ", ".join(absent) + "."]
    if redaction["kept"]:
        heading = ("**Left in the text on purpose**: ", "**有意保留在文本中**：")[language]
        lines += ["", heading + ", ".join(redaction["kept"]) + "."]
    return lines


def _describe_residual(audit: AuditContent, language: int) -> list[str]:
    residual = audit["residual"]
    sentences = []
    for rates, unit, chinese in (
        (residual["per_thousand_turns"], "turns", "轮"),
        (residual["per_thousand_dialogues"], "dialogues", "个对话"),
    ):
        figures = {key: f"{value:,.1f}" for key, value in rates.items()}
        if residual["status"] == "unread":
            sentence = (
                (
                    f"Suspected turns per 1,000 {unit}: {figures['high']}; judging by how often such suspicion was "
                    f"right in other corpora, {figures['estimate']} of them identify somebody."
                ),
                (
                    f"每 1,000 {chinese}中可疑的轮次：{figures['high']}；按同类可疑在其他语料中的命中率估计，"
                    f"其中 {figures['estimate']} 轮含标识符。"
                ),
            )
        else:
            sentence = (
                (
                    f"Turns that still contain an identifier, per 1,000 {unit}: {figures['estimate']} "
                    f"({residual['confidence']:.0%} confidence interval {figures['low']} to {figures['high']})."
                ),
                (
                    f"每 1,000 {chinese}中仍含标识符的轮次：{figures['estimate']}"
                    f"（{residual['confidence']:.0%} 置信区间 {figures['low']}"
                    f" 至 {figures['high']}）。"
                ),
            )
        sentences.append(f"- {sentence[language]}")
    rows = [
        [
            _name_detector(stratum["detector"], language),
            *(f"{count:,}" for count in (stratum["turns"], stratum["drawn"], stratum["read"], stratum["leaks"])),
        ]
        for stratum in audit["strata"]
        if stratum["turns"]
    ]
    head = (
        ("Suspected because of", "Turns", "Drawn", "Read", "Of these, leaking"),
        ("可疑原因", "轮次", "抽样", "已读", "其中有残留"),
    )[language]
    return [_describe_status(audit, language), "", *sentences, "", *format_table(list(head), rows)]


def _describe_status(audit: AuditContent, language: int) -> str:
    residual = audit["residual"]
    if residual["status"] == "unread":
        return (
            (
                "**Nobody has read the sample.** The figures are what a second, looser pass suspects. They are not an "
                "upper bound: what no detector suspects is not included."
            ),
            (
                "**抽样尚无人阅读。** 以下数字来自第二遍较宽松的检测，只是可疑数，不是上限：未被任何检测器怀疑的内容"
                "不在其中。"
            ),
        )[language]
    leaks = residual["leaks"]
    sentence = (
        (
            f"Turns were drawn at random from suspected and unsuspected ones. {describe_origins(audit, language)} "
            f"{leaks:,} of these turns still {'identifies' if leaks == 1 else 'identify'} somebody."
        ),
        f"从可疑与不可疑的轮次中随机抽样。{describe_origins(audit, language)}其中 {leaks:,} 轮仍含标识符。",
    )[language]
    if residual["status"] == "partial":
        sentence += (
            " Nothing has been read of some strata yet; they count as anything from none to all of their turns.",
            "部分类别尚未阅读，按从零到全部计入区间。",
        )[language]
    return sentence


def _name_detector(detector: str, language: int) -> str:
    if detector == NONE:
        return ("nothing", "不可疑")[language]
    entry = DETECTORS_BY_NAME.get(detector)
    return (entry.english, entry.chinese)[language] if entry else detector


def _list_builder_notes(language: int, *, hashed_ids: bool, heading: str) -> list[str]:
    notes = [_KEEP_QUARANTINE] if hashed_ids else [_PUBLISH_HASHED, _KEEP_QUARANTINE]
    title = ("For the publisher", "致发布者")[language]
    return [f"{heading}# {title}", "", *(note[language] for note in notes)]
