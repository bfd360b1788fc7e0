"""The names under which crawls store the parts of a dialogue.

Names are compared without case, spaces, underscores and hyphens, and by the last component of a dotted path, so that
``Question``, ``question `` and ``data.question`` are one name. A name that is not listed is recognized by the words in
it (``医生回复内容``), unless it ends like a name of something else (``回复时间``, ``answer_id``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from cmtmed.text.han import HAN

# ruff: noqa: E501 (the table below reads best in long lines)

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "_id", "qid", "uid", "uuid", "dialogueid", "dialogid", "conversationid", "sessionid", "recordid", "编号", "序号", "对话编号", "病例编号"),
    "department": ("department", "cate1", "dept", "departmentname", "科室", "部门", "就诊科室", "一级科室", "category", "科別", "科别", "所属科室"),
    "subdepartment": ("subdepartment", "cate2", "subcategory", "subdept", "子科室", "二级科室"),
    "title": ("title", "标题", "subject", "headline", "主题", "題目", "题目", "标題", "標題", "topic", "questiontitle", "问题标题"),
    "opening": ("opening", "selfreport", "description", "desc", "chiefcomplaint", "complaint", "病情描述", "描述", "主诉", "自述", "患者自述", "病情", "详细描述", "问题描述", "疾病描述", "症状描述", "questiondesc", "questiondescription", "questiondetail", "detail", "details", "问题详情", "patientdescription", "query_desc", "主訴", "病情說明", "病情说明", "supplement", "补充说明"),
    "question": ("question", "ask", "instruction", "instruct", "query", "prompt", "q", "问", "问题", "提问", "患者", "咨询", "input", "questions", "患者提问", "患者问题", "咨询内容", "提问内容", "问题内容", "问句", "提問", "問題", "questiontext", "questioncontent", "qcontent", "qtext", "patient", "human", "user"),
    "answer": ("answer", "output", "response", "reply", "a", "答", "回答", "答案", "回复", "completion", "answers", "responses", "replies", "医生回答", "医生回复", "回答内容", "回复内容", "answertext", "answercontent", "target", "bot", "assistant", "答复", "解答", "回覆", "醫生回覆", "專家回覆", "专家回复", "医生建议", "doctoranswer", "doctorreply", "doctordiagnosis", "acontent", "atext", "建议", "指导意见", "处理意见", "诊疗意见", "advice", "医生", "doctor"),
    "history": ("history", "context", "histories", "历史", "历史对话", "chathistory", "previous"),
    "messages": ("messages", "contents", "conversations", "conversation", "turns", "dialogue", "dialog", "dialogues", "dialogs", "对话", "对话内容", "chat", "chats", "utterances", "messagelist", "dialoguelist", "对话记录", "问诊记录", "聊天记录", "對話", "對話內容", "data", "qa", "qalist", "rounds", "content", "text", "msgs", "talks", "records", "transcript"),
    "role": ("role", "from", "speaker", "who", "角色", "sender", "author", "speakerrole", "发言人", "说话人", "说话者", "identity", "side", "party", "usertype", "sendertype", "roletype", "talker", "发送者", "發言人", "id", "name", "type"),
    "content": ("content", "parts", "value", "text", "utterance", "sentence", "内容", "msg", "message", "body", "文本", "words", "utt", "发言", "內容", "消息", "txt", "originalsentence", "speech", "reply", "response", "回复", "话语", "say"),
    "text": ("text", "dialogue", "dialog", "conversation", "content", "对话", "对话内容", "transcript", "body", "内容", "內容", "input", "source", "document"),
    "system": ("system", "systemprompt", "sys", "systemmessage", "系统", "系统提示", "meta"),
    "group": ("会话", "会话号", "对话号", "订单号", "问诊号", "dialogueid", "dialogid", "sessionid", "session", "conversationid", "convid", "dialogue", "dialog", "对话编号", "会话编号", "会话id", "对话id", "threadid", "thread", "caseid", "consultid", "consultationid", "orderid", "visitid", "qid", "questionid", "topicid", "病例编号", "问诊编号", "咨询编号", "帖子编号"),
    "order": ("seq", "order", "index", "idx", "turn", "turnid", "round", "position", "sentenceid", "msgid", "messageid", "no", "floor", "序号", "轮次", "楼层", "顺序", "time", "timestamp", "createtime", "createdat", "datetime", "sendtime", "date", "时间", "发送时间", "发言时间", "回复时间"),
}  # fmt: skip
"""For each field, the names that crawls give it, most specific first."""

_WORDS: Final = (
    ("department", re.compile(r"科室|department")),
    (
        "answer",
        re.compile(
            r"回答|答复|回复|答案|解答|回覆|答覆|reply|answer|response|advice|suggestion|"
            r"(?:医生|大夫|专家|doctor|physician).*(?:说|建议|意见|内容|content|text|words|diagnosis|diagnose)$"
        ),
    ),
    ("title", re.compile(r"标题|標題|title|主题|headline")),
    (
        "opening",
        re.compile(
            r"描述|主诉|自述|自诉|病情|详情|主訴|desc|selfreport|complaint|症状|现病史|不适|medicalcase|condition"
        ),
    ),
    (
        "question",
        re.compile(
            r"提问|问题|咨询|問題|提問|諮詢|疑问|question|query|^ask|inquiry|"
            r"(?:患者|病人|用户|patient|user|asker).*(?:说|内容|ask|content|text|words)$"
        ),
    ),
    ("messages", re.compile(r"对话|會話|会话|聊天|问诊记录|dialog|conversation|messages|utterance|chat")),
)
_OTHER: Final = re.compile(
    r"(?:id|chosen|rejected|negative|time|date|count|num|number|url|link|name|score|type|tags?|label|len|length|user|author|index|status|level|"
    r"数|数量|时间|日期|链接|姓名|名称|编号|率|次数|类型|状态|用户|作者|來源|来源|标签|长度|人)$"
)
_SEPARATORS: Final = re.compile(r"[\s_\-:：*\ufeff\"'“”]+")


def normalize_name(name: str) -> str:
    """Return a field's name as it is compared.

    >>> normalize_name("data.Question_Text ")
    'questiontext'
    """
    return _SEPARATORS.sub("", name.rpartition(".")[2]).lower()


_RANKS: Final = {
    field: {name: rank for rank, name in enumerate(dict.fromkeys(_SEPARATORS.sub("", n).lower() for n in names))}
    for field, names in NAMES.items()
}
_LISTED: Final = frozenset(name for ranks in _RANKS.values() for name in ranks)


def find_names(keys: Iterable[str], field: str) -> list[str]:
    """Return the keys that may hold a field, the most likely first."""
    ranks = _RANKS[field]
    matches = [
        (ranks[name], position, key)
        for position, key in enumerate(keys)
        # Of one letter, a name counts only at the top: inside an object it may be anything.
        if (name := normalize_name(key)) in ranks and (len(name) > 1 or "." not in key or not name.isascii())
    ]
    return [key for _, _, key in sorted(matches)]


def holds_field(keys: Iterable[str], field: str) -> bool:
    """Return whether some key may hold a field, by its name or by the words in it."""
    keys = list(keys)
    return bool(find_names(keys, field)) or any(guess_field(key) == field for key in keys)


def guess_field(key: str) -> str | None:
    """Return the field that a name which is not listed stands for by its words, or None.

    >>> guess_field("医生的回复内容"), guess_field("回复时间")
    ('answer', None)
    """
    name = normalize_name(key)
    if name in _LISTED or _OTHER.search(name):
        return None
    field = next((field for field, words in _WORDS if words.search(name)), None)
    # An utterance of one side is that side's text.
    return (_guess_by_words(key) or field) if field in {None, "messages"} else field


def split_words(name: str) -> list[str]:
    """Return the words of a name in lower case, by case, underscores and script.

    >>> split_words("data.doctorReply_zh"), split_words("HTMLText")
    (['doctor', 'reply', 'zh'], ['html', 'text'])
    """
    return [word.lower() for word in _WORD.findall(name.rpartition(".")[2])]


def _guess_by_words(key: str) -> str | None:
    """Return the field of a name taken apart: its last word that is no word for a text, or the side that speaks."""
    words = split_words(key)
    head = [word for word in words if word not in _TEXTUAL]
    is_text = len(head) < len(words)
    if not head or (len(head[-1]) == 1 and not (is_text and head == words[:1])):
        return None
    name = "".join(head)
    for field in ("answer", "opening", "question", "title", "history", "department"):
        if name in _RANKS[field] and (is_text or name != key.lower()):
            return field
    if is_text and name in _TRANSLATED:
        return _TRANSLATED[name]
    for word in reversed(head):
        if word in _HEADS:
            return _HEADS[word]
    if is_text and len(set(head) & PATIENTS) + len(set(head) & DOCTORS) == 1:
        return "question" if set(head) & PATIENTS else "answer"
    return None


_WORD: Final = re.compile(rf"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[{HAN}]+")
_TEXTUAL: Final = frozenset(
    {
        "text",
        "txt",
        "content",
        "contents",
        "str",
        "string",
        "zh",
        "cn",
        "en",
        "raw",
        "body",
        "value",
        "orig",
        "original",
        "clean",
        "full",
        "main",
        "say",
        "says",
        "said",
        "utterance",
        "utt",
        "msg",
        "message",
        "words",
        "sentence",
        "sent",
        "speech",
        "neirong",
        "wenben",
        "hua",
        "shuo",
    }
)
"""Words for a text, which do not tell which one."""
_TRANSLATED: Final = {"src": "question", "source": "question", "tgt": "answer", "trg": "answer", "dst": "answer"}
"""Names of translation: what goes in and what comes out."""
_HEADS: Final = {
    "wenti": "question", "tiwen": "question", "zixun": "question", "wen": "question", "xunwen": "question",
    "huida": "answer", "huifu": "answer", "daan": "answer", "jieda": "answer", "dafu": "answer", "jianyi": "answer",
    "miaoshu": "opening", "zhusu": "opening", "bingqing": "opening", "biaoti": "title", "keshi": "department",
    "duihua": "messages", "lishi": "history", "narr": "opening", "narrative": "opening", "selfreport": "opening",
    "q": "question", "ques": "question", "qn": "question", "ans": "answer", "resp": "answer", "rep": "answer",
}  # fmt: skip
"""Words, in pinyin or abbreviated, by which the last word of a name tells the field."""
PATIENTS: Final = frozenset(
    {"patient", "pat", "user", "client", "asker", "customer", "sick", "human", "huanzhe", "bingren", "yonghu"}
)
DOCTORS: Final = frozenset(
    {"doctor", "doc", "dr", "physician", "expert", "assistant", "bot", "yisheng", "daifu", "zhuanjia", "medic"}
)
