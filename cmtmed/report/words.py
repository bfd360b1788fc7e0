"""Every sentence and label of the page, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cmtmed.report.names import Both

# ruff: noqa: E501 (the table below reads best in long lines)
WORDS: Final[Mapping[str, Both]] = {
    "title": Both("Corpus report", "语料报告"),
    "sections": Both("Sections of the page", "页内导航"),
    "language": Both("中文", "English"),
    "language_help": Both("切换到中文", "Switch to English"),
    "dark": Both("Dark", "深色"),
    "light": Both("Light", "浅色"),
    "no_script": Both(
        "Charts and dialogues need JavaScript, which is switched off here.",
        "图表与对话浏览需要 JavaScript，当前已被禁用。",
    ),
    # The navigation
    "to_flow": Both("Flow", "流程"),
    "to_lengths": Both("Lengths", "长度"),
    "to_departments": Both("Departments", "科室"),
    "to_inquiries": Both("Questions", "问诊"),
    "to_identifiers": Both("Identifiers", "标识符"),
    "to_duplicates": Both("Duplicates", "重复"),
    "to_browse": Both("Dialogues", "对话"),
    "to_inputs": Both("Inputs", "输入"),
    # The head
    "not_redacted": Both("Not anonymized.", "未去标识。"),
    "not_redacted_text": Both(
        "The pipeline has no stage redact_identifiers, and this page shows dialogues as they were crawled: names, telephone numbers and addresses of patients may stand in it. Do not pass it on.",
        "流水线没有 redact_identifiers（去标识）步骤，本页对话即原始抓取内容，可能含有患者的姓名、电话与住址。请勿传播。",
    ),
    "not_redacted_no_text": Both(
        "The pipeline has no stage redact_identifiers. This page holds no dialogue, but the dataset holds whatever the crawl held.",
        "流水线没有 redact_identifiers（去标识）步骤。本页不含对话，但数据集仍保有原始抓取内容。",
    ),
    "kept_types": Both("Not everything was redacted.", "未完全去标识。"),
    "kept_types_text": Both(
        "The pipeline was told to leave these as they are, and the dialogues of this page show them: {types}.",
        "流水线按设置保留了以下类型，本页对话会显示其原文：{types}。",
    ),
    "kept_types_no_text": Both(
        "The pipeline was told to leave these as they are: {types}. This page holds no dialogue.",
        "流水线按设置保留了以下类型：{types}。本页不含对话。",
    ),
    "holds_text": Both(
        "This page holds dialogues. Pass it on as carefully as the dataset; --no-text makes one without.",
        "本页含有对话内容，请与数据集同样谨慎对待；--no-text 可生成不含对话的页面。",
    ),
    "holds_no_text": Both(
        "This page holds counts only: no dialogue, no id of one.", "本页只含统计数字，不含任何对话及其编号。"
    ),
    "read": Both("read", "读入"),
    "kept": Both("kept", "保留"),
    "dropped": Both("dropped", "丢弃"),
    "quarantined": Both("could not be read", "无法读取"),
    "records": Both("records", "条记录"),
    "before": Both("as read", "读入时"),
    "after": Both("as kept", "保留后"),
    "dialogues": Both("Dialogues", "对话"),
    "turns": Both("Turns", "轮次"),
    "patient_turns": Both("Patients' turns", "患者轮次"),
    "doctor_turns": Both("Doctors' turns", "医生轮次"),
    "characters": Both("Characters", "字数"),
    "questions": Both("Doctors' questions", "医生问诊句"),
    "redactions": Both("Redacted identifiers", "已处理标识符"),
    "fingerprint": Both("Fingerprint", "指纹"),
    "table": Both("Numbers as a table", "以表格查看"),
    "unknown": Both("(unknown)", "（未注明）"),
    # Flow
    "flow": Both("From crawl to corpus", "从抓取到语料"),
    "flow_text": Both(
        "What a stage dropped is the coloured end of its bar; colours are those of the reasons below.",
        "各步丢弃的部分为条形末端的彩色段，颜色与下方各原因一致。",
    ),
    "flow_chart": Both("Dialogues left after each stage", "各步之后剩余对话"),
    "step_read": Both("dialogues read", "读入对话"),
    "stage": Both("Stage", "步骤"),
    "left": Both("Left", "剩余"),
    "edited": Both("Changed", "改动"),
    "reason": Both("Reason", "原因"),
    "count": Both("Number", "数量"),
    "share": Both("Share", "占比"),
    "drops_chart": Both("Dropped dialogues by reason", "丢弃的对话，按原因"),
    "other_reasons": Both("all other reasons", "其余原因"),
    "no_drops": Both("No dialogue was dropped.", "没有丢弃任何对话。"),
    "quarantine_chart": Both("Records that could not be read, by reason", "无法读取的记录，按原因"),
    "no_quarantine": Both("Every record could be read.", "所有记录均可读取。"),
    # Lengths
    "lengths": Both("Turns and lengths", "轮次与长度"),
    "lengths_text": Both(
        "{before} in wide bars, {after} in narrow ones. A bar stands for all lengths up to the next; the steps grow in proportion.",
        "宽条为{before}，窄条为{after}。每条包含到下一刻度为止的所有长度，刻度近似等比。",
    ),
    "dialogue_turns": Both("Turns per dialogue", "每个对话的轮次"),
    "dialogue_characters": Both("Characters per dialogue", "每个对话的字数"),
    "patient_characters": Both("Characters per patient's turn", "患者每轮字数"),
    "doctor_characters": Both("Characters per doctor's turn", "医生每轮字数"),
    "older": Both(
        "This build is older than this figure: its version of cmtmed did not count it. Build again to see it.",
        "此构建早于该统计项：当时的 cmtmed 版本未作统计。重新构建后即可查看。",
    ),
    "none": Both("There is nothing to show.", "没有可显示的内容。"),
    "range": Both("Range", "区间"),
    # Departments
    "departments": Both("Sources and departments", "来源与科室"),
    "departments_text": Both(
        "Departments are as the crawl names them; those with fewer than {least} dialogues are added up.",
        "科室沿用抓取内容的名称；不足 {least} 个对话的科室合并计算。",
    ),
    "sources_chart": Both("Dialogues by source", "各来源的对话"),
    "departments_chart": Both("Kept dialogues by department", "各科室保留的对话"),
    "source": Both("Source", "来源"),
    "department": Both("Department", "科室"),
    "rest_departments": Both("{count} others", "其余 {count} 个科室"),
    "asking_share": Both("Doctors' turns that ask", "含问诊的医生轮次"),
    # Inquiries
    "inquiries": Both("When doctors ask, and for what", "医生何时问、问什么"),
    "inquiries_text": Both(
        "Share of the doctors' turns that hold at least one question for clinical information, by the turn's place among the doctor's turns of a dialogue.",
        "医生轮次中至少含一句临床问诊的比例，按该轮在对话中属于医生第几轮统计。",
    ),
    "asking_chart": Both("Turns that ask, by place", "各轮含问诊的比例"),
    "slots_chart": Both("Turns that ask for it, %, by place", "各轮问及该项的比例（%）"),
    "place": Both("Doctor's turn", "医生轮次"),
    "slot": Both("Asks for", "问及"),
    "of_turns": Both("Turns", "轮次"),
    "asking": Both("Asking", "含问诊"),
    "not_tagged": Both("No question was marked in this build.", "此构建没有标注问诊句。"),
    # Identifiers
    "identifiers": Both("Redacted identifiers", "已处理的标识符"),
    "identifiers_text": Both(
        "What was found and replaced in the kept dialogues. It says nothing about what was not found: cmtmed audit does.",
        "在保留的对话中发现并替换的内容。未被发现的内容不在其中，请用 cmtmed audit 审计。",
    ),
    "identifiers_chart": Both("Redactions per 1,000 turns", "每千轮处理次数"),
    "type": Both("Type", "类型"),
    "per_thousand": Both("Per 1,000 turns", "每千轮"),
    "no_identifiers": Both("No identifier was replaced in the kept dialogues.", "保留的对话中没有替换任何标识符。"),
    # Duplicates
    "duplicates": Both("Duplicates", "重复对话"),
    "duplicates_text": Both(
        "{clusters} clusters of the same dialogue; {dropped} dialogues were dropped for those that were kept.",
        "共 {clusters} 组重复对话；为保留其一，丢弃 {dropped} 个。",
    ),
    "sizes_chart": Both("Clusters by number of dialogues", "各组对话数分布"),
    "size": Both("Dialogues", "对话数"),
    "clusters": Both("Clusters", "组数"),
    "clusters_shown": Both(
        "The largest clusters and some of the others, the kept dialogue on the left. What differs is marked. Texts are cut after {length} characters, clusters after {members} comparisons.",
        "列出最大的几组及其他若干组，左侧为保留的对话，差异处加以标记。文本最多显示 {length} 字，每组最多比较 {members} 次。",
    ),
    "cluster_size": Both("{size} dialogues", "{size} 个对话"),
    "jaccard": Both("Jaccard {value}", "Jaccard {value}"),
    "inside": Both("{value} of it in the kept one", "其 {value} 见于保留者"),
    "more_members": Both("{count} more are not shown.", "另有 {count} 个未显示。"),
    "cut_text": Both("Cut after {length} characters.", "仅显示前 {length} 字。"),
    "no_duplicates": Both("No duplicates were found.", "没有发现重复对话。"),
    # Dialogues
    "browse": Both("Dialogues", "浏览对话"),
    "browse_text": Both(
        "{shown} of {whole} dialogues, drawn by a hash of their ids so that every drop reason, split and source is among them. Dialogues are cut after {length} characters.",
        "共 {whole} 个对话，按编号哈希抽取 {shown} 个，涵盖各丢弃原因、划分与来源。每个对话最多显示 {length} 字。",
    ),
    "browse_all": Both(
        "All {whole} dialogues, in the order of a hash of their ids. Dialogues are cut after {length} characters.",
        "全部 {whole} 个对话，按编号哈希排序。每个对话最多显示 {length} 字。",
    ),
    "no_text": Both("This page was made without dialogues.", "本页生成时未包含对话。"),
    "search": Both("Search the text", "全文搜索"),
    "search_help": Both("Words of a dialogue, or its id", "对话中的词语，或编号"),
    "fate": Both("Kept or dropped", "保留或丢弃"),
    "split": Both("Split", "划分"),
    "has_inquiry": Both("Doctor asks for", "医生问及"),
    "has_identifier": Both("Redacted identifier", "已处理标识符"),
    "all": Both("all", "全部"),
    "any": Both("any", "任意"),
    "no_one": Both("none", "无"),
    "reset": Both("Clear filters", "清除筛选"),
    "filters": Both("Filters", "筛选"),
    "found": Both("{from}–{to} of {count}", "第 {from}–{to} 个，共 {count} 个"),
    "found_none": Both("No dialogue of the sample fits.", "样本中没有符合条件的对话。"),
    "previous": Both("Previous", "上一页"),
    "next": Both("Next", "下一页"),
    "patient": Both("Patient", "患者"),
    "doctor": Both("Doctor", "医生"),
    "system": Both("System", "系统"),
    "trace": Both("What happened to it", "处理经过"),
    "untouched": Both("No stage changed it.", "没有步骤改动过它。"),
    "all_turns": Both("Show all {count} turns", "显示全部 {count} 轮"),
    "cut": Both(
        "Cut here: {shown} of {whole} characters are shown. cmtmed explain shows all.",
        "此处截断：显示 {shown} / {whole} 字。用 cmtmed explain 查看全文。",
    ),
    "asks": Both("Asks for: {slot}", "问及：{slot}"),
    "was": Both("{type}, {action}", "{type}，{action}"),
    "duplicate_of": Both("Duplicate of", "重复于"),
    "link": Both("Link to this dialogue", "此对话的链接"),
    # The foot
    "inputs": Both("Inputs and versions", "输入与版本"),
    "inputs_text": Both("What the build was made from and with.", "构建所用的文件与软件。"),
    "file": Both("File", "文件"),
    "bytes": Both("Bytes", "字节"),
    "more_files": Both("{count} more", "另有 {count} 个"),
    "seed": Both("Seed", "随机种子"),
    "foot": Both(
        "One file, no network. Made by cmtmed report; charts by Vega-Lite.",
        "单一文件，无需联网。由 cmtmed report 生成，图表采用 Vega-Lite。",
    ),
}
