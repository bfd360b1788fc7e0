"""Where a crawl comes from: a declaration, read from YAML, of which files hold what and in which form."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator

from cmtmed.schema import Role

FieldName = str | tuple[str, ...]

# ruff: noqa: E501 (the table below reads best in long lines)

# Who is meant by a speaker's name, in the crawls seen so far. YAML adds to it.
ROLE_ALIASES: Final[Mapping[Role, tuple[str, ...]]] = {
    "user": (
        "user", "human", "patient", "患者", "病人", "用户", "家属", "患者家属", "病人家属", "提问者", "咨询者", "网友", "问", "q", "question",
        "asker", "client", "家屬", "患者家屬", "病人家屬", "用戶", "網友", "提問者", "諮詢者", "問", "提問", "患者提问", "患者咨询", "患者追问", "追问", "提问", "病患", "求助者",
    ),
    "assistant": (
        "assistant", "gpt", "bot", "chatgpt", "model", "doctor", "dr", "医生", "大夫", "医师", "专家", "药师", "护士", "答", "a", "answer",
        "医生回答", "医生回复", "回答", "回复", "主任", "主治医生", "主治医师", "主任医师", "副主任医师", "住院医师", "客服医生", "助理医生", "医生建议",
        "醫生", "醫師", "專家", "藥師", "護士", "醫生回答", "醫生回覆", "主治醫師", "主任醫師",
    ),
    "system": ("system", "系统", "系統"),
}  # fmt: skip


class Strict(BaseModel):
    """A part of a declaration: no unknown keys, no changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fields(Strict):
    """Names of the fields of a record. Where several are named, their texts are joined by a line break.

    Fields that are not named are looked for under the names that crawls commonly use.
    """

    id: str | None = Field(default=None, description="The record's own id.")
    department: FieldName | None = Field(default=None, description="The department.")
    subdepartment: FieldName | None = Field(default=None, description="A finer department.")
    question: FieldName | None = Field(default=None, description="The patient's turn, or the last one after a history.")
    answer: FieldName | None = Field(default=None, description="The doctor's turn, or the last one after a history.")
    history: str | None = Field(default=None, description="List of earlier [patient, doctor] pairs.")
    messages: str | None = Field(default=None, description="List of turns, each with a speaker and a text.")
    role: str | None = Field(default=None, description="Within a turn: who speaks.")
    content: str | None = Field(default=None, description="Within a turn: what is said.")
    text: str | None = Field(default=None, description="One text with a speaker's name before each turn.")


class Transcript(Strict):
    """A text file of dialogues in which each turn begins with its speaker's name and a colon."""

    separator: str = Field(
        default="auto",
        description="What parts two dialogues: ``blank`` lines, ``rule`` lines (---, ===, ***), a regular expression "
        "for a whole line, or ``auto``: rules if there are any, else blank lines.",
    )
    headers: Mapping[str, str] = Field(
        default={"department": "科室|科別|科别|department", "id": "编号|編號|序号|id|ID"},
        description="Regular expressions for the names of header lines, such as 科室：内科, by column.",
    )


class Blocks(Strict):
    """A text file of records whose lines have fixed meanings."""

    lines: tuple[str, ...] = Field(default=("question", "answer"), min_length=1, description="What each line holds.")


class Html(Strict):
    """HTML pages, taken apart by CSS selectors."""

    dialogue: str = Field(default="body", description="One dialogue.")
    turn: str = Field(default="", description="Within a dialogue: one turn.")
    role: str = Field(
        default="@class",
        description="Within a turn: who speaks; a selector, ``@attribute``, or ``selector@attribute``.",
    )
    text: str = Field(default="", description="Within a turn: what is said; empty means all its text.")
    id: str = Field(default="", description="Within a dialogue: its id; a selector with or without ``@attribute``.")
    department: str = Field(default="", description="Within a dialogue: the department.")


class Source(Strict):
    """Which files and records are this source's, and how they are read."""

    name: str = Field(pattern=r"^[^/\s~]+$", description="Becomes the column ``source`` and the first part of ids.")
    match: str = Field(default="*", description="Glob over the file's name, or over its path if it holds a slash.")
    license: str | None = Field(default=None, description="Becomes the column ``license``.")
    having: tuple[str, ...] = Field(
        default=(),
        description="Only records that hold these fields are this source's; the next source may take others.",
    )
    format: Literal["auto", "csv", "tsv", "jsonl", "json", "parquet", "arrow", "transcript", "blocks", "html"] = Field(
        default="auto", description="File format; ``auto`` goes by the file's name, then by its content."
    )
    compression: Literal["auto", "none", "gzip", "zstd", "zip"] = Field(
        default="auto", description="What the file is packed in; ``auto`` looks at its first bytes."
    )
    encoding: str = Field(
        default="auto",
        description="Such as utf-8, gb18030, big5, utf-16. ``auto`` detects it; either way bytes that do not decode "
        "send their record to quarantine.",
    )
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, description="Of CSV, if not comma or tab.")
    shape: Literal["auto", "single_turn", "history", "conversations", "messages", "prefixed"] = Field(
        default="auto", description="How a record holds its dialogue; ``auto`` goes by the fields that are there."
    )
    fields: Fields = Field(default=Fields(), description="Names of the record's fields.")
    roles: Mapping[Role, tuple[str, ...]] = Field(
        default={}, description="Further names for the patient (user), the doctor (assistant) and the system."
    )
    transcript: Transcript = Field(
        default=Transcript(), description="For format ``transcript`` and shape ``prefixed``."
    )
    blocks: Blocks = Field(default=Blocks(), description="For format ``blocks``.")
    html: Html = Field(default=Html(), description="For format ``html``.")
    null_values: tuple[str, ...] = Field(
        default=("", "nan", "NaN", "None", "none", "null", "NULL", "N/A", "无"),
        description="Departments that mean that there is none.",
    )
    max_record_bytes: PositiveInt = Field(
        default=64 * 2**20, description="A longer record goes to quarantine without being read."
    )

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, encoding: str) -> str:
        if encoding == "auto":
            return encoding
        try:
            "".encode(encoding)
        except LookupError:
            raise ValueError(
                f"unknown encoding {encoding!r}; use a name such as utf-8, gb18030, big5, utf-16"
            ) from None
        return encoding

    def matches(self, path: PurePath) -> bool:
        """Say whether a file is this source's."""
        told = path.as_posix() if "/" in self.match else path.name
        return fnmatch.fnmatchcase(told, self.match) or (
            "/" in self.match and fnmatch.fnmatchcase(told, f"*/{self.match}")
        )

    def role_table(self) -> dict[str, Role]:
        """Return all known speakers' names, in lower case, with their roles."""
        return {
            name.lower(): role for role in ROLE_ALIASES for name in (*ROLE_ALIASES[role], *self.roles.get(role, ()))
        }
