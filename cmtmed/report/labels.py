"""Labels, in English and Chinese, of the names that a build contains: stages, reasons, slots, identifier types.

An unknown name, such as that of a custom stage, is its own label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from cmtmed.anonymize import LABELS

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


class Bilingual(NamedTuple):
    """A text in both languages."""

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        """Return the text in one language."""
        return self.zh if language == "zh" else self.en


STAGES: Final[Mapping[str, Bilingual]] = {
    "read": Bilingual("read", "读取"),
    "normalize_text": Bilingual("normalize_text", "规范文本"),
    "drop_boilerplate": Bilingual("drop_boilerplate", "去除广告套话"),
    "merge_turns": Bilingual("merge_turns", "合并轮次"),
    "drop_by_length": Bilingual("drop_by_length", "按长度筛选"),
    "drop_benchmark_overlap": Bilingual("drop_benchmark_overlap", "排除与测试集重叠"),
    "redact_identifiers": Bilingual("redact_identifiers", "脱敏"),
    "tag_inquiries": Bilingual("tag_inquiries", "标注问诊"),
    "keep_proactive": Bilingual("keep_proactive", "保留主动问诊"),
    "sample_proactive": Bilingual("sample_proactive", "主动问诊抽样"),
    "drop_duplicates": Bilingual("drop_duplicates", "去重"),
    "assign_split": Bilingual("assign_split", "划分数据集"),
}
REASONS: Final[Mapping[str, Bilingual]] = {
    "boilerplate": Bilingual("boilerplate", "广告套话"),
    "empty": Bilingual("empty", "内容为空"),
    "one_speaker": Bilingual("one_speaker", "只有一方发言"),
    "unanswered": Bilingual("unanswered", "无人回复"),
    "too_few_turns": Bilingual("too_few_turns", "轮次过少"),
    "too_many_turns": Bilingual("too_many_turns", "轮次过多"),
    "too_short": Bilingual("too_short", "过短"),
    "too_long": Bilingual("too_long", "过长"),
    "exact_duplicate": Bilingual("exact_duplicate", "完全重复"),
    "near_duplicate": Bilingual("near_duplicate", "近似重复"),
    "contained": Bilingual("contained", "被更长的对话包含"),
    "same_question": Bilingual("same_question", "提问相同"),
    "not_proactive": Bilingual("not_proactive", "缺少主动问诊"),
    "sampled_out": Bilingual("sampled_out", "未抽中"),
    "empty_file": Bilingual("empty_file", "空文件"),
    "truncated_stream": Bilingual("truncated_stream", "文件不完整"),
    "undecodable": Bilingual("undecodable", "无法解码"),
    "mixed_encoding": Bilingual("mixed_encoding", "编码混用"),
    "record_too_long": Bilingual("record_too_long", "记录过长"),
    "invalid_json": Bilingual("invalid_json", "JSON 有误"),
    "not_a_record": Bilingual("not_a_record", "不是记录"),
    "ragged_row": Bilingual("ragged_row", "字段数不符"),
    "unbalanced_quotes": Bilingual("unbalanced_quotes", "引号不配对"),
    "missing_field": Bilingual("missing_field", "缺少字段"),
    "wrong_type": Bilingual("wrong_type", "类型不符"),
    "unknown_role": Bilingual("unknown_role", "说话人身份不明"),
    "no_dialogue": Bilingual("no_dialogue", "页面无对话"),
    "no_source": Bilingual("no_source", "无对应来源"),
    "damaged_file": Bilingual("damaged_file", "文件损坏"),
    "reader_error": Bilingual("reader_error", "读取程序出错"),
}
LEFT_OUT: Final[Mapping[str, Bilingual]] = {
    "advert": Bilingual("adverts", "广告"),
    "canned": Bilingual("canned sentences", "套话"),
    "card": Bilingual("cards of the platform", "平台卡片"),
    "control": Bilingual("control characters", "控制字符"),
    "disclaimer": Bilingual("disclaimers", "免责声明"),
    "duplicate_column": Bilingual("columns that repeat another", "重复列"),
    "duplicate_field": Bilingual("fields that repeat a turn", "重复字段"),
    "duplicate_turn": Bilingual("turns that repeat the opening", "重复轮次"),
    "edited": Bilingual("other edits", "其他修改"),
    "empty_turn": Bilingual("turns without content", "空轮次"),
    "file_metadata": Bilingual("metadata of the file", "文件元数据"),
    "form_label": Bilingual("labels of forms", "表单标签"),
    "greeting": Bilingual("greetings of the service", "平台问候语"),
    "heading": Bilingual("headings", "小标题"),
    "ignored_field": Bilingual("fields not read", "未读取字段"),
    "ignored_speaker": Bilingual("speakers to be ignored", "忽略的说话人"),
    "leading_turn": Bilingual("doctor's turns before the patient's", "患者发言前的医生轮次"),
    "markup": Bilingual("markup", "标记"),
    "metadata": Bilingual("ids and departments", "编号与科室"),
    "mojibake": Bilingual("garbled text", "乱码"),
    "notice": Bilingual("notices of the platform", "平台通知"),
    "other_answer": Bilingual("further answers", "其他回答"),
    "other_wording": Bilingual("other wordings of the question", "问题的其他表述"),
    "outside_dialogue": Bilingual("text outside the dialogues", "对话以外的文字"),
    "outside_turns": Bilingual("text outside the turns", "轮次以外的文字"),
    "placeholder": Bilingual("placeholders", "占位符"),
    "preamble": Bilingual("text before the first speaker", "首个说话人之前的文字"),
    "rating": Bilingual("requests for ratings", "求好评"),
    "referral": Bilingual("references to records", "参见记录"),
    "repeated_field": Bilingual("fields repeated in every row", "逐行重复的字段"),
    "repeated_question": Bilingual("questions written into several dialogues", "写入多个对话的问题"),
    "speaker": Bilingual("names of speakers", "说话人标签"),
    "system_turn": Bilingual("system turns", "系统轮次"),
    "title": Bilingual("titles", "标题"),
    "trailing_block": Bilingual("blocks after the dialogue", "对话之后的内容"),
    "trailing_turn": Bilingual("patient's turns after the doctor's last", "医生最后发言后的患者轮次"),
}
"""Reasons for which characters of a record stand in no turn."""
SLOTS: Final[Mapping[str, Bilingual]] = {
    "symptom": Bilingual("symptom", "症状"),
    "duration": Bilingual("duration", "病程"),
    "history": Bilingual("history", "病史"),
    "medication": Bilingual("medication", "用药"),
    "exam": Bilingual("exam", "检查"),
    "allergy": Bilingual("allergy", "过敏"),
    "lifestyle": Bilingual("lifestyle", "生活习惯"),
    "demographics": Bilingual("demographics", "基本信息"),
    "other": Bilingual("other", "其他"),
}
IDENTIFIERS: Final[Mapping[str, Bilingual]] = {
    identifier_type: Bilingual(identifier_type, label.strip("[]")) for identifier_type, label in LABELS.items()
}
SPLITS: Final[Mapping[str, Bilingual]] = {
    "train": Bilingual("train", "训练集"),
    "validation": Bilingual("validation", "验证集"),
    "test": Bilingual("test", "测试集"),
}
ACTIONS: Final[Mapping[str, Bilingual]] = {
    "tag": Bilingual("replaced by a tag", "替换为标签"),
    "pseudonym": Bilingual("replaced by a pseudonym", "替换为假名"),
    "generalize": Bilingual("generalized", "已泛化"),
    "drop_dialogue": Bilingual("dialogue dropped because of it", "因此剔除对话"),
    "keep": Bilingual("kept unchanged", "保留原文"),
}
TRACE_ACTIONS: Final[Mapping[str, Bilingual]] = {
    "dropped": Bilingual("dropped", "剔除"),
    "edited": Bilingual("edited", "修改文本"),
    "tagged": Bilingual("tagged", "标注"),
    "left_out": Bilingual("left out", "略去"),
}
COLUMNS: Final[Mapping[str, Bilingual]] = {
    "messages": Bilingual("messages", "正文"),
    "department": Bilingual("department", "科室"),
    "subdepartment": Bilingual("subdepartment", "二级科室"),
    "inquiries": Bilingual("inquiries", "问诊句"),
    "identifiers": Bilingual("identifiers", "标识符"),
    "cluster": Bilingual("cluster", "重复组"),
    "split": Bilingual("split", "数据集划分"),
}
SIDE_LABELS: Final[Mapping[str, Bilingual]] = {
    "source_id": Bilingual("record ids", "记录编号"),
    "department": Bilingual("departments", "科室"),
    "subdepartment": Bilingual("subdepartments", "二级科室"),
    "source": Bilingual("names of sources", "数据源名称"),
    "file": Bilingual("names of input files", "输入文件名"),
}
"""What stands beside the text and may identify somebody."""
LABELS_BY_CATEGORY: Final[Mapping[str, Mapping[str, Bilingual]]] = {
    "stage": STAGES,
    "reason": REASONS,
    "slot": SLOTS,
    "identifier": IDENTIFIERS,
    "split": SPLITS,
    "action": ACTIONS,
    "trace_action": TRACE_ACTIONS,
    "column": COLUMNS,
    "left_out": LEFT_OUT,
    "label": SIDE_LABELS,
}

_COMPARISON: Final = re.compile(
    r"the kept one has more (turns|questions from the doctor|characters): (\d+), this one (\d+)"
)
_QUANTITIES: Final = {"turns": "轮次", "questions from the doctor": "医生提问", "characters": "字数"}
_OTHER_EXPLANATIONS: Final = {
    "the kept one continues where this one ends": "保留的对话在此对话结束后仍有后续",
    "the kept one has the lower id": "保留的对话编号在前",
}


def get_label(category: str, name: str) -> Bilingual:
    """Return the label of a name in both languages.

    >>> get_label("slot", "exam").zh, get_label("stage", "my_stage").zh, get_label("reason", "identifier:PHONE").zh
    ('检查', 'my_stage', '含标识符：电话')
    """
    before, colon, after = name.partition(":")
    if category == "reason" and colon and before == "identifier":
        return Bilingual(name, f"含标识符：{get_label('identifier', after).zh}")
    if category == "reason" and colon and before == "overlap":
        return Bilingual(name, f"与测试集重叠：{after}")
    return LABELS_BY_CATEGORY[category].get(name, Bilingual(name, name))


def translate_explanation(explanation: str) -> Bilingual:
    """Return the explanation why a dialogue of a cluster was kept, in both languages.

    >>> translate_explanation("the kept one has more turns: 4, this one 2").zh
    '保留的对话轮次更多：4，此对话为 2'
    """
    match = _COMPARISON.fullmatch(explanation)
    if match:
        return Bilingual(explanation, f"保留的对话{_QUANTITIES[match[1]]}更多：{match[2]}，此对话为 {match[3]}")
    return Bilingual(explanation, _OTHER_EXPLANATIONS.get(explanation, explanation))
