"""Names by which crawls call the patient, the doctor and the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cmtmed.schema import Role

# ruff: noqa: E501 (the table below reads best in long lines)

ROLE_ALIASES: Final[Mapping[Role, tuple[str, ...]]] = {
    "user": (
        "user", "human", "patient", "患者", "病人", "用户", "家属", "患者家属", "病人家属", "提问者", "咨询者", "网友", "问", "q", "question", "patients", "usr", "customer",
        "asker", "client", "家屬", "患者家屬", "病人家屬", "用戶", "網友", "提問者", "諮詢者", "問", "提問", "患者提问", "患者咨询", "患者追问", "追问", "提问", "病患", "求助者", "民众", "民眾", "来访者", "來訪者", "家长", "家長", "咨询人", "患儿家属", "患儿家长", "用户提问", "病友", "提问人", "患方", "求医者", "就诊人",
    ),
    "assistant": (
        "assistant", "gpt", "bot", "chatgpt", "model", "doctor", "doctors", "dr", "physician", "agent", "医生", "大夫", "医师", "专家", "药师", "护士", "答", "a", "answer",
        "医生回答", "医生回复", "回答", "回复", "主任", "主治医生", "主治医师", "主任医师", "副主任医师", "住院医师", "客服医生", "助理医生", "医生建议",
        "醫生", "醫師", "專家", "藥師", "護士", "醫生回答", "醫生回覆", "主治醫師", "主任醫師", "医师回答", "医师回复", "专家回复", "专家回答", "助手", "值班医生", "接诊医生", "在线医生", "药剂师", "醫生回復", "回覆", "中医师", "醫護人員", "医方",
    ),
    "system": ("system", "系统", "系統", "系统消息", "系统提示", "系統訊息", "平台", "平台提示"),
}  # fmt: skip
"""Names of speakers in the crawls seen so far, by role. A source can add to them."""


def create_role_table(names: Mapping[Role, tuple[str, ...]]) -> dict[str, Role]:
    """Map the usual names, and those given, which win, to their roles; all names in lower case.

    >>> create_role_table({"user": ("楼主",)})["楼主"]
    'user'
    """
    tables: tuple[Mapping[Role, tuple[str, ...]], ...] = (ROLE_ALIASES, names)
    return {name.lower(): role for table in tables for role, aliases in table.items() for name in aliases}
