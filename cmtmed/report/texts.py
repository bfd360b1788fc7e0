"""Sentences and captions of the page, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cmtmed.report.labels import Bilingual, Language

# ruff: noqa: E501 (the table below reads best in long lines)
TEXTS: Final[Mapping[str, Bilingual]] = {
    "title": Bilingual("Corpus report", "语料报告"),
    "sections": Bilingual("Sections of the page", "页内导航"),
    "language": Bilingual("中文", "English"),
    "language_help": Bilingual("切换到中文", "Switch to English"),
    "dark": Bilingual("Dark", "深色"),
    "light": Bilingual("Light", "浅色"),
    "no_script": Bilingual(
        "Charts and dialogues need JavaScript, which is switched off here.",
        "图表与对话浏览需要 JavaScript，当前已被禁用。",
    ),
    "not_drawn": Bilingual("This chart could not be drawn.", "此图表无法绘制。"),
    # What stands between words
    "comma": Bilingual(", ", "，"),
    "semicolon": Bilingual("; ", "；"),
    "colon": Bilingual(": ", "："),
    "brackets": Bilingual("{before} ({inside})", "{before}（{inside}）"),
    # The navigation
    "to_flow": Bilingual("Flow", "流程"),
    "to_lengths": Bilingual("Lengths", "长度"),
    "to_departments": Bilingual("Departments", "科室"),
    "to_inquiries": Bilingual("Questions", "问诊"),
    "to_identifiers": Bilingual("Identifiers", "标识符"),
    "to_duplicates": Bilingual("Duplicates", "重复"),
    "to_browse": Bilingual("Dialogues", "对话"),
    "to_inputs": Bilingual("Inputs", "输入"),
    # The head
    "not_redacted": Bilingual("Not anonymized.", "未去标识。"),
    "not_redacted_text": Bilingual(
        "The pipeline has no stage redact_identifiers, and this page shows dialogues as they were crawled: names, telephone numbers and addresses of patients may stand in it. Do not pass it on.",
        "流水线没有 redact_identifiers（去标识）步骤，本页对话即原始抓取内容，可能含有患者的姓名、电话与住址。请勿传播。",
    ),
    "not_redacted_no_text": Bilingual(
        "The pipeline has no stage redact_identifiers. This page holds no dialogue, but the dataset holds whatever the crawl held.",
        "流水线没有 redact_identifiers（去标识）步骤。本页不含对话，但数据集仍保有原始抓取内容。",
    ),
    "kept_types": Bilingual("Not everything was redacted.", "未完全去标识。"),
    "kept_types_text": Bilingual(
        "The pipeline was told to leave these as they are, and the dialogues of this page show them: {types}.",
        "流水线按设置保留了以下类型，本页对话会显示其原文：{types}。",
    ),
    "kept_types_no_text": Bilingual(
        "The pipeline was told to leave these as they are: {types}. This page holds no dialogue.",
        "流水线按设置保留了以下类型：{types}。本页不含对话。",
    ),
    "holds_text": Bilingual(
        "This page holds dialogues. Pass it on as carefully as the dataset; --no-text makes one without.",
        "本页含有对话内容，请与数据集同样谨慎对待；--no-text 可生成不含对话的页面。",
    ),
    "holds_no_text": Bilingual(
        "This page holds counts only: no dialogue, no id of one.", "本页只含统计数字，不含任何对话及其编号。"
    ),
    "read": Bilingual("read", "读入"),
    "kept": Bilingual("kept", "保留"),
    "dropped": Bilingual("dropped", "丢弃"),
    "quarantined": Bilingual("could not be read", "无法读取"),
    "records": Bilingual("records", "条记录"),
    "before": Bilingual("as read", "读入时"),
    "after": Bilingual("as kept", "保留后"),
    "dialogues": Bilingual("Dialogues", "对话"),
    "turns": Bilingual("Turns", "轮次"),
    "patient_turns": Bilingual("Patients' turns", "患者轮次"),
    "doctor_turns": Bilingual("Doctors' turns", "医生轮次"),
    "characters": Bilingual("Characters", "字数"),
    "questions": Bilingual("Doctors' questions", "医生问诊句"),
    "redactions": Bilingual("Redacted identifiers", "已处理标识符"),
    "fingerprint": Bilingual("Fingerprint", "指纹"),
    "table": Bilingual("Numbers as a table", "以表格查看"),
    "unknown": Bilingual("(unknown)", "（未注明）"),
    # Flow
    "flow": Bilingual("From crawl to corpus", "从抓取到语料"),
    "flow_text": Bilingual(
        "What a stage dropped is the coloured end of its bar; colours are those of the reasons below.",
        "各步丢弃的部分为条形末端的彩色段，颜色与下方各原因一致。",
    ),
    "flow_chart": Bilingual("Dialogues left after each stage", "各步之后剩余对话"),
    "step_read": Bilingual("dialogues read", "读入对话"),
    "stage": Bilingual("Stage", "步骤"),
    "left": Bilingual("Left", "剩余"),
    "edited": Bilingual("Touched", "涉及"),
    "reason": Bilingual("Reason", "原因"),
    "count": Bilingual("Number", "数量"),
    "share": Bilingual("Share", "占比"),
    "drops_chart": Bilingual("Dropped dialogues by reason", "丢弃的对话，按原因"),
    "other_reasons": Bilingual("all other reasons", "其余原因"),
    "no_drops": Bilingual("No dialogue was dropped.", "没有丢弃任何对话。"),
    "quarantine_chart": Bilingual("Records that could not be read, by reason", "无法读取的记录，按原因"),
    "no_quarantine": Bilingual("Every record could be read.", "所有记录均可读取。"),
    # Lengths
    "lengths": Bilingual("Turns and lengths", "轮次与长度"),
    "lengths_text": Bilingual(
        "{before} in wide bars, {after} in narrow ones. A bar stands for all lengths up to the next; the steps grow in proportion.",
        "宽条为{before}，窄条为{after}。每条包含到下一刻度为止的所有长度，刻度近似等比。",
    ),
    "dialogue_turns": Bilingual("Turns per dialogue", "每个对话的轮次"),
    "dialogue_characters": Bilingual("Characters per dialogue", "每个对话的字数"),
    "patient_characters": Bilingual("Characters per patient's turn", "患者每轮字数"),
    "doctor_characters": Bilingual("Characters per doctor's turn", "医生每轮字数"),
    "older": Bilingual(
        "This build is older than this figure: its version of cmtmed did not count it. Build again to see it.",
        "此构建早于该统计项：当时的 cmtmed 版本未作统计。重新构建后即可查看。",
    ),
    "none": Bilingual("There is nothing to show.", "没有可显示的内容。"),
    "range": Bilingual("Range", "区间"),
    # Departments
    "departments": Bilingual("Sources and departments", "来源与科室"),
    "departments_text": Bilingual(
        "Departments are as the crawl names them; those with fewer than {least} dialogues, and all behind the largest {most}, are added up.",
        "科室沿用抓取内容的名称；不足 {least} 个对话的科室及前 {most} 名之外的科室合并计算。",
    ),
    "sources_chart": Bilingual("Dialogues by source", "各来源的对话"),
    "departments_chart": Bilingual("Kept dialogues by department", "各科室保留的对话"),
    "source": Bilingual("Source", "来源"),
    "department": Bilingual("Department", "科室"),
    "rest_departments": Bilingual("{count} others", "其余 {count} 个科室"),
    "asking_share": Bilingual("Doctors' turns that ask", "含问诊的医生轮次"),
    # Inquiries
    "inquiries": Bilingual("When doctors ask, and for what", "医生何时问、问什么"),
    "inquiries_text": Bilingual(
        "Share of the doctors' turns that hold at least one question for clinical information, by the turn's place among the doctor's turns of a dialogue. Outlined cells stand for fewer than {least} turns.",
        "医生轮次中至少含一句临床问诊的比例，按该轮在对话中属于医生第几轮统计。虚线格所依据的轮次不足 {least}。",
    ),
    "asking_chart": Bilingual("Turns that ask, by place", "各轮含问诊的比例"),
    "slots_chart": Bilingual("Turns that ask for it, %, by place", "各轮问及该项的比例（%）"),
    "place": Bilingual("Doctor's turn", "医生第几轮"),
    "slot": Bilingual("Asks for", "问及"),
    "of_turns": Bilingual("Turns in all", "总轮次"),
    "asking": Bilingual("Asking", "含问诊轮次"),
    "not_tagged": Bilingual("No question was marked in this build.", "此构建没有标注问诊句。"),
    # Identifiers
    "identifiers": Bilingual("Redacted identifiers", "已处理的标识符"),
    "identifiers_text": Bilingual(
        "What was found and replaced in the kept dialogues. It says nothing about what was not found: cmtmed audit does.",
        "在保留的对话中发现并替换的内容。未被发现的内容不在其中，请用 cmtmed audit 审计。",
    ),
    "identifiers_chart": Bilingual("Redactions per 1,000 turns", "每千轮处理次数"),
    "type": Bilingual("Type", "类型"),
    "per_thousand": Bilingual("Per 1,000 turns", "每千轮"),
    "no_identifiers": Bilingual(
        "No identifier was replaced in the kept dialogues.", "保留的对话中没有替换任何标识符。"
    ),
    # Duplicates
    "duplicates": Bilingual("Duplicates", "重复对话"),
    "duplicates_text": Bilingual(
        "{clusters} clusters of the same dialogue; {dropped} dialogues were dropped for those that were kept.",
        "共 {clusters} 组重复对话；为保留其一，丢弃 {dropped} 个。",
    ),
    "sizes_chart": Bilingual("Clusters by number of dialogues", "各组对话数分布"),
    "size": Bilingual("Dialogues", "对话数"),
    "clusters": Bilingual("Clusters", "组数"),
    "clusters_shown": Bilingual(
        "The largest clusters and some of the others, the kept dialogue on the left. What differs is marked. Texts are cut after {length} characters, clusters after {members} comparisons.",
        "列出最大的几组及其他若干组，左侧为保留的对话，差异处加以标记。文本最多显示 {length} 字，每组最多比较 {members} 次。",
    ),
    "cluster_size": Bilingual("{size} dialogues", "{size} 个对话"),
    "jaccard": Bilingual("Jaccard {value}", "Jaccard {value}"),
    "inside": Bilingual("{value} of it in the kept one", "其 {value} 见于保留者"),
    "more_members": Bilingual("{count} more are not shown.", "另有 {count} 个未显示。"),
    "cut_text": Bilingual("Cut after {length} characters.", "仅显示前 {length} 字。"),
    "no_duplicates": Bilingual("No duplicates were found.", "没有发现重复对话。"),
    # Dialogues
    "browse": Bilingual("Dialogues", "浏览对话"),
    "browse_text": Bilingual(
        "{shown} of {whole} dialogues, drawn by a hash of their ids so that every drop reason, split and source is among them. Dialogues are cut after {length} characters.",
        "共 {whole} 个对话，按编号哈希抽取 {shown} 个，涵盖各丢弃原因、划分与来源。每个对话最多显示 {length} 字。",
    ),
    "browse_all": Bilingual(
        "All {whole} dialogues, in the order of a hash of their ids. Dialogues are cut after {length} characters.",
        "全部 {whole} 个对话，按编号哈希排序。每个对话最多显示 {length} 字。",
    ),
    "no_text": Bilingual("This page was made without dialogues.", "本页生成时未包含对话。"),
    "search": Bilingual("Search the text", "全文搜索"),
    "search_help": Bilingual("Words of a dialogue, or its id", "对话中的词语，或编号"),
    "fate": Bilingual("Kept or dropped", "保留或丢弃"),
    "split": Bilingual("Split", "划分"),
    "has_inquiry": Bilingual("Doctor asks for", "医生问及"),
    "has_identifier": Bilingual("Redacted identifier", "已处理标识符"),
    "all": Bilingual("all", "全部"),
    "any": Bilingual("any", "任意"),
    "no_one": Bilingual("none", "无"),
    "reset": Bilingual("Clear filters", "清除筛选"),
    "filters": Bilingual("Filters", "筛选"),
    "found": Bilingual("{from}–{to} of {count}", "第 {from}–{to} 个，共 {count} 个"),
    "found_none": Bilingual("No dialogue of the sample fits.", "样本中没有符合条件的对话。"),
    "previous": Bilingual("Previous", "上一页"),
    "next": Bilingual("Next", "下一页"),
    "patient": Bilingual("Patient", "患者"),
    "doctor": Bilingual("Doctor", "医生"),
    "system": Bilingual("System", "系统"),
    "trace": Bilingual("What happened to it", "处理经过"),
    "untouched": Bilingual("No stage changed it.", "没有步骤改动过它。"),
    "all_turns": Bilingual("Show all {count} turns", "显示全部 {count} 轮"),
    "some_turns": Bilingual("Show {count} of {whole} turns", "显示 {whole} 轮中的 {count} 轮"),
    "cut": Bilingual(
        "Cut here: {shown} of {whole} characters are shown. cmtmed explain shows all.",
        "此处截断：显示 {shown} / {whole} 字。用 cmtmed explain 查看全文。",
    ),
    "asks": Bilingual("Asks for: {slot}", "问及：{slot}"),
    "was": Bilingual("{type}, {action}", "{type}，{action}"),
    "duplicate_of": Bilingual("Duplicate of", "重复于"),
    "link": Bilingual("Link to this dialogue", "此对话的链接"),
    # The foot
    "inputs": Bilingual("Inputs and versions", "输入与版本"),
    "inputs_text": Bilingual("What the build was made from and with.", "构建所用的文件与软件。"),
    "file": Bilingual("File", "文件"),
    "bytes": Bilingual("Bytes", "字节"),
    "more_files": Bilingual("{count} more", "另有 {count} 个"),
    "seed": Bilingual("Seed", "随机种子"),
    "foot": Bilingual(
        "One file, no network. Made by cmtmed report; charts by Vega-Lite.",
        "单一文件，无需联网。由 cmtmed report 生成，图表采用 Vega-Lite。",
    ),
}


def translate(language: Language, key: str) -> str:
    """Return a text of the page in one language."""
    return TEXTS[key].in_language(language)
