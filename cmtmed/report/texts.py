"""Sentences and captions of the page, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cmtmed.report.labels import Bilingual, Language

# ruff: noqa: E501 (the table below reads best in long lines)
TEXTS: Final[Mapping[str, Bilingual]] = {
    "title": Bilingual("Corpus report", "语料报告"),
    "sections": Bilingual("Page sections", "页内导航"),
    "language": Bilingual("中文", "English"),
    "language_help": Bilingual("切换到中文", "Switch to English"),
    "dark": Bilingual("Dark", "深色"),
    "light": Bilingual("Light", "浅色"),
    "no_script": Bilingual(
        "Charts and the dialogue browser need JavaScript, which is disabled.",
        "图表和对话浏览功能需要 JavaScript，但当前浏览器已将其禁用。",
    ),
    "not_drawn": Bilingual("This chart could not be drawn.", "图表绘制失败。"),
    # Punctuation
    "comma": Bilingual(", ", "，"),
    "semicolon": Bilingual("; ", "；"),
    "colon": Bilingual(": ", "："),
    "brackets": Bilingual("{before} ({inside})", "{before}（{inside}）"),
    # Navigation
    "to_flow": Bilingual("Flow", "清洗过程"),
    "to_accounting": Bilingual("Text", "文字"),
    "to_lengths": Bilingual("Lengths", "长度"),
    "to_departments": Bilingual("Departments", "科室"),
    "to_inquiries": Bilingual("Questions", "问诊"),
    "to_identifiers": Bilingual("Identifiers", "标识符"),
    "to_duplicates": Bilingual("Duplicates", "重复"),
    "to_browse": Bilingual("Dialogues", "对话"),
    "to_inputs": Bilingual("Inputs", "输入"),
    # Header
    "not_redacted": Bilingual("Not redacted.", "未脱敏。"),
    "not_redacted_text": Bilingual(
        "The pipeline has no redact_identifiers stage, so this page shows dialogues as crawled. They may contain names, telephone numbers and addresses of patients. Do not share this page.",
        "流程中没有 redact_identifiers 阶段，本页所示对话均为原始爬取内容，可能包含患者的姓名、电话和住址。请勿传播本页。",
    ),
    "not_redacted_no_text": Bilingual(
        "The pipeline has no redact_identifiers stage. This page contains no dialogues, but the dataset contains every identifier that was in the crawl.",
        "流程中没有 redact_identifiers 阶段。本页不含对话，但数据集保留了爬取内容中的全部标识符。",
    ),
    "kept_types": Bilingual("Not everything was redacted.", "脱敏不完整。"),
    "kept_types_text": Bilingual(
        "The pipeline is configured to keep these identifier types unchanged, and the dialogues on this page show them: {types}.",
        "按流程配置，以下类型的标识符不做脱敏，在本页对话中以原文显示：{types}。",
    ),
    "kept_types_no_text": Bilingual(
        "The pipeline is configured to keep these identifier types unchanged: {types}. This page contains no dialogues.",
        "按流程配置，以下类型的标识符不做脱敏：{types}。本页不含对话。",
    ),
    "holds_text": Bilingual(
        "This page contains dialogues. Share it with the same care as the dataset, or use --no-text to write a page without them.",
        "本页包含对话内容，请像对待数据集一样谨慎分享；使用 --no-text 可生成不含对话的页面。",
    ),
    "holds_no_text": Bilingual(
        "This page contains counts only: no dialogues and no dialogue ids.",
        "本页只有统计数字，不含任何对话或对话编号。",
    ),
    "read": Bilingual("read", "读取"),
    "kept": Bilingual("kept", "保留"),
    "dropped": Bilingual("dropped", "剔除"),
    "quarantined": Bilingual("unreadable", "无法读取"),
    "records": Bilingual("records", "条记录"),
    "before": Bilingual("before cleaning", "清洗前"),
    "after": Bilingual("after cleaning", "清洗后"),
    "dialogues": Bilingual("Dialogues", "对话"),
    "turns": Bilingual("Turns", "轮次"),
    "patient_turns": Bilingual("Patient turns", "患者轮次"),
    "doctor_turns": Bilingual("Doctor turns", "医生轮次"),
    "characters": Bilingual("Characters", "字数"),
    "questions": Bilingual("Doctors' questions", "医生问诊句"),
    "redactions": Bilingual("Redacted identifiers", "已脱敏的标识符"),
    "fingerprint": Bilingual("Fingerprint", "指纹"),
    "table": Bilingual("Show as table", "以表格显示"),
    "unknown": Bilingual("(unknown)", "（未注明）"),
    # Flow
    "flow": Bilingual("From crawl to corpus", "从爬取到语料"),
    "flow_text": Bilingual(
        "The coloured end of a bar shows the dialogues that the stage dropped, in the colours of the reasons below.",
        "条形末端的彩色段表示该阶段剔除的对话，颜色与下方的剔除原因一致。",
    ),
    "flow_chart": Bilingual("Dialogues remaining after each stage", "各阶段后剩余的对话"),
    "step_read": Bilingual("dialogues read", "读取的对话"),
    "stage": Bilingual("Stage", "阶段"),
    "remaining": Bilingual("Remaining", "剩余"),
    "edited": Bilingual("Edited", "修改"),
    "reason": Bilingual("Reason", "原因"),
    "count": Bilingual("Count", "数量"),
    "share": Bilingual("Share", "占比"),
    "drops_chart": Bilingual("Dropped dialogues by reason", "剔除的对话（按原因）"),
    "other_reasons": Bilingual("all other reasons", "其余原因"),
    "no_drops": Bilingual("No dialogue was dropped.", "没有剔除任何对话。"),
    "quarantine_chart": Bilingual("Unreadable records by reason", "无法读取的记录（按原因）"),
    "no_quarantine": Bilingual("All records were readable.", "所有记录均可读取。"),
    # Accounting
    "accounting": Bilingual("What became of the text", "文字去向"),
    "accounting_text": Bilingual(
        "Every character that was read is in a kept or dropped dialogue, or was left out for one of these reasons; white space is not counted. A negative number is text that was added, or that stands in several dialogues.",
        "读取的每个字要么保留在对话中，要么随对话剔除，要么因下列原因略去；空白不计。负数表示新增的文字，或同时写入多个对话的文字。",
    ),
    "step": Bilingual("Step", "步骤"),
    "in_kept": Bilingual("in kept dialogues", "在保留的对话中"),
    "in_dropped": Bilingual("in dropped dialogues", "在剔除的对话中"),
    "nothing_left_out": Bilingual("Nothing was left out.", "没有略去任何文字。"),
    "warning_part_of_the_crawl": Bilingual("Only a part of the crawl was read:", "只读取了部分爬取内容："),
    "warning_input_changed": Bilingual(
        "Inputs changed after they had been read; the build holds what they were before:",
        "有些输入文件在读取之后发生了变化，构建结果是变化之前的内容：",
    ),
    "warning_missing_field": Bilingual(
        "Records in which no field is known to hold a dialogue have these fields:",
        "未能识别对话字段的记录含有以下字段：",
    ),
    "files": Bilingual("files", "文件"),
    "warning_proposed_source": Bilingual(
        "Names find no dialogue in some files, which were read by what they hold:",
        "有些文件按名称找不到对话，已按内容读取：",
    ),
    "warning_unknown_layout": Bilingual(
        "Neither names nor contents show dialogues for certain in some files:",
        "有些文件按名称和内容都不能确定有对话：",
    ),
    "warning_unread_fields": Bilingual("Fields that were not read:", "未读取的字段："),
    "warning_lost_to_one_reason": Bilingual(
        "More than half of the records were lost to one reason:", "超过一半的记录因同一原因丢失："
    ),
    "warning_text_left_out": Bilingual(
        "More than 5 % of the text was left out of the dialogues:", "超过 5 % 的文字未进入对话："
    ),
    "warning_identifying_labels": Bilingual(
        "Labels beside the text look like identifiers of people:", "文本之外的标签疑似个人标识："
    ),
    # Lengths
    "lengths": Bilingual("Turns and lengths", "轮次与长度"),
    "lengths_text": Bilingual(
        "Wide bars: {before}; narrow bars: {after}. Each bar covers all lengths up to the next label; bin widths grow roughly geometrically.",
        "宽条为{before}，窄条为{after}。每个条形包含到下一个刻度为止的所有长度，区间宽度大致按等比增长。",
    ),
    "dialogue_turns": Bilingual("Turns per dialogue", "每个对话的轮次数"),
    "dialogue_characters": Bilingual("Characters per dialogue", "每个对话的字数"),
    "patient_characters": Bilingual("Characters per patient turn", "患者每轮字数"),
    "doctor_characters": Bilingual("Characters per doctor turn", "医生每轮字数"),
    "not_recorded": Bilingual(
        "The version of cmtmed that made this build did not record this statistic. Build again to see it.",
        "生成此构建的 cmtmed 版本尚未记录该统计项，重新构建后即可查看。",
    ),
    "empty": Bilingual("Nothing to show.", "没有可显示的内容。"),
    "range": Bilingual("Range", "区间"),
    # Departments
    "departments": Bilingual("Sources and departments", "来源与科室"),
    "departments_text": Bilingual(
        "Department names are taken from the crawl. Departments with fewer than {least} dialogues, and all beyond the {most} largest, are grouped together.",
        "科室名称沿用爬取内容中的写法；对话不足 {least} 个的科室，以及前 {most} 名之外的科室合并统计。",
    ),
    "sources_chart": Bilingual("Dialogues by source", "各来源的对话数"),
    "departments_chart": Bilingual("Kept dialogues by department", "各科室保留的对话数"),
    "source": Bilingual("Source", "来源"),
    "department": Bilingual("Department", "科室"),
    "other_departments": Bilingual("{count} others", "其余 {count} 个科室"),
    "asking_share": Bilingual("Doctor turns with a question", "含问诊的医生轮次占比"),
    # Inquiries
    "inquiries": Bilingual("When and what doctors ask", "医生何时问、问什么"),
    "inquiries_text": Bilingual(
        "Share of doctor turns that contain at least one question for clinical information, by the position of the turn among the doctor turns of its dialogue. Dashed cells are based on fewer than {least} turns.",
        "至少包含一句临床问诊的医生轮次所占比例，按该轮次是医生在对话中的第几轮统计。虚线框表示依据的轮次不足 {least} 个。",
    ),
    "asking_chart": Bilingual("Doctor turns with a question, by position", "各轮含问诊的比例"),
    "slots_chart": Bilingual("Doctor turns asking about each topic, by position (%)", "各轮问及各项信息的比例（%）"),
    "position": Bilingual("Doctor turn", "医生第几轮"),
    "slot": Bilingual("Asks about", "问及"),
    "all_turns_count": Bilingual("All turns", "总轮次"),
    "asking": Bilingual("With a question", "含问诊轮次"),
    "not_tagged": Bilingual("This build has no tagged questions.", "此构建中没有标注问诊句。"),
    # Identifiers
    "identifiers": Bilingual("Redacted identifiers", "已脱敏的标识符"),
    "identifiers_text": Bilingual(
        "Identifiers found and redacted in the kept dialogues. Identifiers that were missed are not counted here; run cmtmed audit to look for them.",
        "在保留的对话中识别并脱敏的标识符。漏识别的标识符不在统计之内，可用 cmtmed audit 检查。",
    ),
    "identifiers_chart": Bilingual("Redactions per 1,000 turns", "每千轮次的脱敏数"),
    "type": Bilingual("Type", "类型"),
    "per_thousand": Bilingual("Per 1,000 turns", "每千轮次"),
    "no_identifiers": Bilingual(
        "No identifiers were redacted in the kept dialogues.", "保留的对话中没有脱敏过的标识符。"
    ),
    # Duplicates
    "duplicates": Bilingual("Duplicates", "重复对话"),
    "duplicates_text": Bilingual(
        "{clusters} clusters of duplicates: one dialogue of each was kept, {dropped} were dropped.",
        "共有 {clusters} 组重复对话，每组保留一个，共剔除 {dropped} 个。",
    ),
    "sizes_chart": Bilingual("Clusters by number of dialogues", "重复组按对话数的分布"),
    "size": Bilingual("Dialogues", "对话数"),
    "clusters": Bilingual("Clusters", "组数"),
    "clusters_shown": Bilingual(
        "The largest clusters and a sample of the others, with the kept dialogue on the left and differences highlighted. Each text is cut off after {length} characters; at most {members} comparisons are shown per cluster.",
        "列出最大的几组和抽取的其他若干组：左侧为保留的对话，差异处以高亮标出。每段文本最多显示 {length} 字，每组最多比较 {members} 个对话。",
    ),
    "cluster_size": Bilingual("{size} dialogues", "{size} 个对话"),
    "jaccard": Bilingual("Jaccard {value}", "Jaccard {value}"),
    "inside": Bilingual("{value} of its text is in the kept dialogue", "{value} 的内容见于保留的对话"),
    "more_members": Bilingual("{count} more not shown.", "另有 {count} 个未显示。"),
    "cut_text": Bilingual("Cut after {length} characters.", "仅显示前 {length} 字。"),
    "no_duplicates": Bilingual("No duplicates were found.", "没有发现重复对话。"),
    # Dialogues
    "browse": Bilingual("Browse dialogues", "浏览对话"),
    "browse_text": Bilingual(
        "{shown} of {total} dialogues, sampled by a hash of their ids to include every drop reason, split and source. Dialogues are cut after {length} characters.",
        "从 {total} 个对话中按编号哈希抽取 {shown} 个，涵盖各种剔除原因、数据划分和来源。每个对话最多显示 {length} 字。",
    ),
    "browse_all": Bilingual(
        "All {total} dialogues, ordered by a hash of their ids. Dialogues are cut after {length} characters.",
        "全部 {total} 个对话，按编号哈希排序。每个对话最多显示 {length} 字。",
    ),
    "no_text": Bilingual("This page was written without dialogues.", "本页生成时未包含对话。"),
    "search": Bilingual("Search", "全文搜索"),
    "search_help": Bilingual("Text or id of a dialogue", "对话内容或编号"),
    "outcome": Bilingual("Kept or dropped", "保留或剔除"),
    "split": Bilingual("Split", "划分"),
    "has_inquiry": Bilingual("Doctor asks about", "医生问及"),
    "has_identifier": Bilingual("Redacted identifier", "已脱敏的标识符"),
    "all": Bilingual("all", "全部"),
    "any": Bilingual("any", "任意"),
    "no_value": Bilingual("none", "无"),
    "reset": Bilingual("Clear filters", "清除筛选"),
    "filters": Bilingual("Filters", "筛选"),
    "results": Bilingual("{from}–{to} of {count}", "第 {from}–{to} 个，共 {count} 个"),
    "no_results": Bilingual("No dialogue in the sample matches.", "样本中没有符合条件的对话。"),
    "previous": Bilingual("Previous", "上一页"),
    "next": Bilingual("Next", "下一页"),
    "patient": Bilingual("Patient", "患者"),
    "doctor": Bilingual("Doctor", "医生"),
    "system": Bilingual("System", "系统"),
    "trace": Bilingual("Processing history", "处理记录"),
    "left_out_entry": Bilingual("{reason}: {count} characters", "{reason}：{count} 字"),
    "no_changes": Bilingual("No stage changed this dialogue.", "各阶段均未改动此对话。"),
    "all_turns": Bilingual("Show all {count} turns", "显示全部 {count} 轮"),
    "some_turns": Bilingual("Show {count} of {total} turns", "显示 {total} 轮中的 {count} 轮"),
    "cut": Bilingual(
        "Cut after {shown} of {total} characters. cmtmed explain shows the whole dialogue.",
        "全文共 {total} 字，仅显示前 {shown} 字。可用 cmtmed explain 查看全文。",
    ),
    "asks_about": Bilingual("Asks about: {slot}", "问及：{slot}"),
    "redaction": Bilingual("{type}, {action}", "{type}，{action}"),
    "duplicate_of": Bilingual("Duplicate of", "与之重复："),
    "link": Bilingual("Link to this dialogue", "指向此对话的链接"),
    # Footer
    "inputs": Bilingual("Inputs and versions", "输入与版本"),
    "inputs_text": Bilingual("Files and software that the build was made with.", "构建所用的文件和软件。"),
    "file": Bilingual("File", "文件"),
    "bytes": Bilingual("Bytes", "字节"),
    "more_files": Bilingual("{count} more", "另有 {count} 个"),
    "seed": Bilingual("Seed", "随机种子"),
    "footer": Bilingual(
        "Written by cmtmed report. Self-contained: nothing is fetched from the network. Charts by Vega-Lite.",
        "由 cmtmed report 生成；本页为单个文件，无需联网。图表采用 Vega-Lite。",
    ),
}


def translate(language: Language, key: str) -> str:
    """Return a text of the page in one language."""
    return TEXTS[key].in_language(language)
