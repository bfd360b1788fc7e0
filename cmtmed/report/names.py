"""What the names that a build holds mean, in English and Chinese.

A name that is not known here, such as that of a stage of the user's own, is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from cmtmed.anonymize import LABELS

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


class Both(NamedTuple):
    """The same words in both languages."""

    en: str
    zh: str

    def told(self, language: Language) -> str:
        """Return them in one."""
        return self.zh if language == "zh" else self.en


STAGES: Final[Mapping[str, Both]] = {
    "normalize_text": Both("normalize_text", "规范文本"),
    "drop_boilerplate": Both("drop_boilerplate", "去除广告套话"),
    "merge_turns": Both("merge_turns", "合并轮次"),
    "drop_by_length": Both("drop_by_length", "按长度筛选"),
    "drop_benchmark_overlap": Both("drop_benchmark_overlap", "排除测试集重合"),
    "redact_identifiers": Both("redact_identifiers", "去标识"),
    "tag_inquiries": Both("tag_inquiries", "标注问诊"),
    "keep_proactive": Both("keep_proactive", "保留主动问诊"),
    "sample_proactive": Both("sample_proactive", "主动问诊抽样"),
    "drop_duplicates": Both("drop_duplicates", "去重"),
    "assign_split": Both("assign_split", "划分数据集"),
}
REASONS: Final[Mapping[str, Both]] = {
    "boilerplate": Both("boilerplate", "广告套话"),
    "empty": Both("empty", "内容为空"),
    "one_speaker": Both("one_speaker", "只有一方发言"),
    "unanswered": Both("unanswered", "无人回答"),
    "too_few_turns": Both("too_few_turns", "轮次过少"),
    "too_many_turns": Both("too_many_turns", "轮次过多"),
    "too_short": Both("too_short", "过短"),
    "too_long": Both("too_long", "过长"),
    "exact_duplicate": Both("exact_duplicate", "完全重复"),
    "near_duplicate": Both("near_duplicate", "近似重复"),
    "contained": Both("contained", "被更长者包含"),
    "same_question": Both("same_question", "同一提问"),
    "not_proactive": Both("not_proactive", "缺少主动问诊"),
    "sampled_out": Both("sampled_out", "未抽中"),
    "empty_file": Both("empty_file", "空文件"),
    "truncated_stream": Both("truncated_stream", "文件不完整"),
    "undecodable": Both("undecodable", "无法解码"),
    "mixed_encoding": Both("mixed_encoding", "编码混杂"),
    "record_too_long": Both("record_too_long", "记录过长"),
    "invalid_json": Both("invalid_json", "JSON 有误"),
    "not_a_record": Both("not_a_record", "不是记录"),
    "ragged_row": Both("ragged_row", "行列不齐"),
    "unbalanced_quotes": Both("unbalanced_quotes", "引号不配对"),
    "missing_field": Both("missing_field", "缺少字段"),
    "wrong_type": Both("wrong_type", "类型不符"),
    "unknown_role": Both("unknown_role", "说话人不明"),
    "no_dialogue": Both("no_dialogue", "页面无对话"),
    "no_source": Both("no_source", "无对应来源"),
    "damaged_file": Both("damaged_file", "文件损坏"),
}
SLOTS: Final[Mapping[str, Both]] = {
    "symptom": Both("symptom", "症状"),
    "duration": Both("duration", "时间"),
    "history": Both("history", "病史"),
    "medication": Both("medication", "用药"),
    "exam": Both("exam", "检查"),
    "allergy": Both("allergy", "过敏"),
    "lifestyle": Both("lifestyle", "生活习惯"),
    "demographics": Both("demographics", "基本信息"),
    "other": Both("other", "其他"),
}
IDENTIFIERS: Final[Mapping[str, Both]] = {kind: Both(kind, label.strip("[]")) for kind, label in LABELS.items()}
SPLITS: Final[Mapping[str, Both]] = {
    "train": Both("train", "训练集"),
    "validation": Both("validation", "验证集"),
    "test": Both("test", "测试集"),
}
ACTIONS: Final[Mapping[str, Both]] = {
    "tag": Both("replaced by a tag", "以标签替换"),
    "pseudonym": Both("replaced by a pseudonym", "以假名替换"),
    "generalize": Both("made less exact", "已泛化"),
    "drop_dialogue": Both("the reason to drop the dialogue", "因此丢弃对话"),
    "keep": Both("left as it is", "保留原样"),
}
DEEDS: Final[Mapping[str, Both]] = {
    "dropped": Both("dropped", "丢弃"),
    "edited": Both("edited", "修改文本"),
    "tagged": Both("tagged", "标注"),
}
COLUMNS: Final[Mapping[str, Both]] = {
    "messages": Both("messages", "正文"),
    "department": Both("department", "科室"),
    "subdepartment": Both("subdepartment", "亚科室"),
    "inquiries": Both("inquiries", "问诊句"),
    "identifiers": Both("identifiers", "标识符"),
    "cluster": Both("cluster", "重复组"),
    "split": Both("split", "数据集划分"),
}
KINDS: Final[Mapping[str, Mapping[str, Both]]] = {
    "stage": STAGES,
    "reason": REASONS,
    "slot": SLOTS,
    "identifier": IDENTIFIERS,
    "split": SPLITS,
    "action": ACTIONS,
    "deed": DEEDS,
    "column": COLUMNS,
}

_WHY: Final = re.compile(r"the kept one has more (turns|questions of the doctor|characters): (\d+), this one (\d+)")
_MORE: Final = {"turns": "轮次", "questions of the doctor": "医生提问", "characters": "字数"}
_REST: Final = {
    "the kept one goes on where this one ends": "保留者在此对话结束后仍有后续",
    "the kept one has the lesser id": "保留者编号在前",
}


def named(kind: str, name: str) -> Both:
    """Return what a name means in both languages.

    >>> named("slot", "exam").zh, named("stage", "my_stage").zh, named("reason", "identifier:PHONE").zh
    ('检查', 'my_stage', '含标识符：电话')
    """
    before, colon, after = name.partition(":")
    if kind == "reason" and colon and before == "identifier":
        return Both(name, f"含标识符：{named('identifier', after).zh}")
    if kind == "reason" and colon and before == "overlap":
        return Both(name, f"与测试集重合：{after}")
    return KINDS[kind].get(name, Both(name, name))


def why(told: str) -> Both:
    """Return why one dialogue of a cluster was kept, as `cmtmed.engine.clusters` says it, in both languages.

    >>> why("the kept one has more turns: 4, this one 2").zh
    '保留者轮次更多：4，此对话 2'
    """
    found = _WHY.fullmatch(told)
    if found:
        return Both(told, f"保留者{_MORE[found[1]]}更多：{found[2]}，此对话 {found[3]}")
    return Both(told, _REST.get(told, told))
