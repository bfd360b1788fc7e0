"""Sources of a crawl: which files belong to them and how their records are read, declared in YAML."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator

from cmtmed.patterns import (
    HeaderPattern,
    LabelPattern,
    LinePattern,
    OptionalSelector,
    Selector,
    Separator,
    ValueSelector,
)
from cmtmed.schema import Role
from cmtmed.text.speaker_names import create_role_table

FieldName = str | tuple[str, ...]


_NO_ENCODINGS: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
)
"""Codecs of Python that no file is written in."""


class Strict(BaseModel):
    """Base of the declarations: frozen, and unknown keys are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fields(Strict):
    """Field names of a record. If several are given, their texts are joined with a line break.

    Fields not given here are searched under the names common in crawls.
    """

    id: str | None = Field(default=None, description="The record's own id.")
    department: FieldName | None = Field(default=None, description="The department.")
    subdepartment: FieldName | None = Field(default=None, description="A finer department.")
    title: FieldName | None = Field(
        default=None, description="A title; it opens the patient's turn where no field asks the question."
    )
    opening: FieldName | None = Field(
        default=None, description="The patient's description or self-report, which stands before all turns."
    )
    question: FieldName | None = Field(default=None, description="The patient's turn; with a history, the last one.")
    answer: FieldName | None = Field(default=None, description="The doctor's turn; with a history, the last one.")
    history: str | None = Field(
        default=None, description="List of earlier turns: pairs, messages, or texts that alternate."
    )
    messages: str | None = Field(
        default=None,
        description="List of turns: messages with a speaker and a text, pairs, labelled texts; also as JSON or Python "
        "text in a table.",
    )
    role: str | None = Field(default=None, description="Within a turn: the speaker.")
    content: str | None = Field(default=None, description="Within a turn: the text.")
    text: str | None = Field(default=None, description="The whole dialogue as one text, each turn after its speaker.")
    system: str | None = Field(default=None, description="A system prompt, which stands before all turns.")


class Transcript(Strict):
    """A text file of dialogues in which each turn begins with its speaker's name and a colon."""

    separator: Separator = Field(
        default="auto",
        description="Separator between dialogues: ``blank`` lines, ``rule`` lines (---, ===, ***), every ``line``, a "
        "regular expression for a whole line, or ``auto``: whichever gives the most dialogues with both speakers.",
    )
    label: LabelPattern = Field(
        default="",
        description="Regular expression for the labels at which turns begin, where the usual ones are not: its group "
        "``speaker`` is the name, as in ``^(?P<speaker>\\S+) \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d$``; a group ``user``, "
        "``assistant`` or ``system`` says the role. ``^`` is the beginning of a line. Without these groups the "
        "speakers alternate. It serves transcripts in fields of records as well.",
    )
    headers: Mapping[str, HeaderPattern] = Field(
        default={"department": "科室|科別|科别|department", "id": "编号|編號|序号|id|ID"},
        description="Regular expressions for the names of header lines, such as 科室：内科 or id=7, by column.",
    )
    preamble: Literal["auto", "opening", "leave_out"] = Field(
        default="auto",
        description="What the text above the first speaker is: the patient's ``opening`` turn, or nothing of the "
        "dialogue; ``auto`` takes it as the opening where the doctor speaks first or where it fills in a form "
        "(病情描述：…).",
    )
    ignore: tuple[LinePattern, ...] = Field(
        default=(),
        description="Regular expressions for whole lines that are no part of the dialogue, such as headings.",
    )
    end: tuple[LinePattern, ...] = Field(
        default=(),
        description="Regular expressions for whole lines with which the dialogue ends; what follows up to the next "
        "separator is left out.",
    )


class Blocks(Strict):
    """A text file of records with a fixed number of lines each."""

    lines: tuple[str, ...] = Field(default=("question", "answer"), min_length=1, description="The field on each line.")


class Html(Strict):
    """HTML pages, parsed with CSS selectors."""

    dialogue: Selector = Field(default="body", description="Selector of a dialogue.")
    turn: OptionalSelector = Field(
        default="",
        description="Within a dialogue: selector of a turn; empty if the "
        "dialogue's text is a transcript with speakers' labels in it.",
    )
    role: ValueSelector = Field(
        default="@class",
        description="Within a turn: the speaker, as a selector, ``@attribute``, or ``selector@attribute``.",
    )
    text: OptionalSelector = Field(
        default="",
        description="Within a turn: the text; empty means all text of the turn but the speaker's name before it.",
    )
    opening: OptionalSelector = Field(
        default="",
        description="Within a dialogue: the patient's description outside the turns, which stands before them.",
    )
    id: ValueSelector = Field(
        default="", description="Within a dialogue: its id, as a selector with or without ``@attribute``."
    )
    department: ValueSelector = Field(default="", description="Within a dialogue: the department.")


class Source(Strict):
    """The files and records that belong to a source, and how to read them."""

    name: str = Field(pattern=r"^[^/\s~]+$", description="Value of the column ``source`` and prefix of ids.")
    match: str = Field(default="*", description="Glob for the file name, or for the path if it contains a slash.")
    license: str | None = Field(default=None, description="Value of the column ``license``.")
    having: tuple[str, ...] = Field(
        default=(),
        description="Only records with these fields belong to the source; others are left to the next source.",
    )
    format: Literal[
        "auto", "csv", "tsv", "xlsx", "jsonl", "json", "parquet", "arrow", "transcript", "blocks", "html"
    ] = Field(default="auto", description="File format; ``auto`` detects it from the file name, then from the content.")
    compression: Literal["auto", "none", "gzip", "bzip2", "xz", "zstd", "zip", "tar"] = Field(
        default="auto", description="Compression; ``auto`` detects it from the first bytes."
    )
    encoding: str = Field(
        default="auto",
        description="Text encoding, such as utf-8, gb18030, big5, utf-16; ``auto`` detects it. Either way, records "
        "with undecodable bytes are quarantined.",
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Delimiter of a table: a character, or a word or mark such as ``<sep>``; detected if not given.",
    )
    header: Literal["auto", "first", "none"] = Field(
        default="auto", description="Whether the ``first`` row of a table names its columns."
    )
    columns: tuple[str, ...] = Field(
        default=(), description="Names of a table's columns, in place of those in its header or where it has none."
    )
    shape: Literal["auto", "single_turn", "history", "conversations", "messages", "alternating", "prefixed"] = Field(
        default="auto",
        description="Layout of the dialogue in a record; ``auto`` detects it from the fields present. ``alternating``: "
        "texts without speakers, patient and doctor in turn.",
    )
    group_by: FieldName | Literal["auto", "file", "none"] = Field(
        default="auto",
        description="Where each record is one turn: the field, or fields, that the turns of a dialogue have in common, "
        "or ``file`` if a file is one dialogue; ``auto`` detects it from the first records.",
    )
    order_by: str | None = Field(
        default=None,
        description="With ``group_by``: the field by which turns are sorted; otherwise they stay as they are.",
    )
    only: Mapping[str, tuple[str, ...]] = Field(
        default={},
        description="With ``group_by``: values of a field that a row must have to be a turn, such as the type of a "
        "text message; other rows are left out.",
    )
    answers: Literal["each", "first", "join"] = Field(
        default="each",
        description="What several answers to one question become: a dialogue each, the first alone, or one.",
    )
    ignore_fields: tuple[str, ...] = Field(
        default=(), description="Fields that are left out on purpose: no warning names them."
    )
    ignore_speakers: tuple[str, ...] = Field(
        default=(), description="Speakers whose turns are left out, such as a platform's assistant."
    )
    fields: Fields = Field(default=Fields(), description="Names of the record's fields.")
    roles: Mapping[Role, tuple[str, ...]] = Field(
        default={}, description="Additional speaker names for the patient (user), the doctor (assistant), the system."
    )
    first_speaker: Literal["user", "assistant"] | None = Field(
        default=None,
        description="Role of the speaker who opens a dialogue where names say nothing, such as nicknames or account "
        "numbers; the others are the other side. By default such a dialogue cannot be read.",
    )
    transcript: Transcript = Field(
        default=Transcript(), description="For format ``transcript`` and shape ``prefixed``."
    )
    blocks: Blocks = Field(default=Blocks(), description="For format ``blocks``.")
    html: Html = Field(default=Html(), description="For format ``html``.")
    null_values: tuple[str, ...] = Field(
        default=("", "nan", "NaN", "None", "none", "null", "NULL", "N/A", "无"),
        description="Values of the department that mean it is unknown.",
    )
    max_record_bytes: PositiveInt = Field(
        default=64 * 2**20, description="Longer records are quarantined without being read."
    )

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, encoding: str) -> str:
        if encoding == "auto":
            return encoding
        try:
            is_text = "".encode(encoding) is not None and encoding.lower() not in _NO_ENCODINGS
        except (LookupError, UnicodeError, ValueError):
            is_text = False
        if not is_text:
            raise ValueError("no encoding of text has this name; use auto, utf-8, gb18030, big5 or utf-16")
        return encoding

    def matches(self, path: PurePath) -> bool:
        """Check whether a file belongs to this source."""
        name = path.as_posix() if "/" in self.match else path.name
        return fnmatch.fnmatchcase(name, self.match) or (
            "/" in self.match and fnmatch.fnmatchcase(name, f"*/{self.match}")
        )

    def role_table(self) -> dict[str, Role]:
        """Map all known speaker names, in lower case, to their roles; what the source declares wins."""
        return create_role_table(self.roles)
