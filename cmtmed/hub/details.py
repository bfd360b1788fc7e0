"""What a card needs and no build can know: who publishes, where the dialogues come from, whom to write to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from cmtmed.errors import UsageError, did_you_mean

REQUIRED: Final = ("pretty_name", "collected", "authors", "contact")
"""Fields without which the gate lets nothing through."""
_PLACEHOLDER: Final = re.compile(
    r"[\s\u200b-\u200d\ufeff]*(?:(?:todo|tbd|tba|fixme|待补充|待填写|待定)\b.*|xxx+|unknown|\.{2,}|…+|-+|n/?a|none|\?+|未知|无|暂无"
    r"|<[^<>]*>|\[?more information needed\]?)?[\s\u200b-\u200d\ufeff]*[.。]?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("holds control characters")
    if "<!-- cmtmed:" in text:
        raise ValueError("holds a marker of the card, <!-- cmtmed:…")
    return text


Text = Annotated[str, Field(max_length=20_000), AfterValidator(_printable)]


class SourceDetails(BaseModel):
    """A source of the build, as readers of the card should know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text = Field(default="", description="Its name for people.")
    url: HttpUrl | None = Field(default=None, description="Where it can be found.")
    about: Text = Field(default="", description="One sentence: what it holds, how it was taken.")


class CardDetails(BaseModel):
    """The part of a dataset card that people write, read from YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pretty_name: Text = Field(default="", description="Name of the dataset for people. Required.")
    collected: Text = Field(
        default="",
        description="How and when the dialogues were collected, and on what legal ground they are published. Required.",
    )
    authors: tuple[Text, ...] = Field(default=(), description="Who publishes it. Required.")
    contact: Text = Field(
        default="", description="Where to report what still identifies somebody, and to ask for removal. Required."
    )
    summary: Text = Field(default="", description="A paragraph in English on top of the card.")
    summary_zh: Text = Field(default="", description="The same in Chinese.")
    intended_use: Text = Field(default="", description="Added to the section on intended use.")
    limits: Text = Field(default="", description="Added to the section on limits.")
    license: str | None = Field(
        default=None, description="Licence of the whole, if it is to be another than the sources' own."
    )
    year: int | None = Field(default=None, ge=2000, le=2100, description="Year of publication, for the citation.")
    citation: Text = Field(default="", description="BibTeX; written from authors, name and year if left out.")
    homepage: HttpUrl | None = Field(default=None, description="Where to read more.")
    tags: tuple[str, ...] = Field(default=(), description="Further tags on the Hub.")
    sources: dict[str, SourceDetails] = Field(default={}, description="By the name of the source in the pipeline.")
    gate_prompt: Text = Field(default="", description="What people agree to before they get access to a gated dataset.")

    def empty_fields(self) -> list[str]:
        """Return the required fields that hold nothing, or a placeholder."""
        values = {name: getattr(self, name) for name in REQUIRED}
        return [name for name, value in values.items() if not any(map(_says_something, _texts(value)))]


def read_details(path: str | Path) -> CardDetails:
    """Read the details of a card from a YAML file.

    Raises:
        UsageError: the file cannot be read, is no YAML, or holds an unknown or wrong field.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"cannot read {str(path)!r}: {reason}; cmtmed path examples/card.yaml shows one") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise UsageError(f"{str(path)!r} is no YAML{where}; quote texts that hold a colon or a hash") from None
    if not isinstance(content, dict):
        raise UsageError(f"{str(path)!r} holds no fields; cmtmed path examples/card.yaml shows some")
    return parse_details(content, str(path))


def parse_details(content: dict[str, Any], name: str = "card") -> CardDetails:
    """Check details that come as plain values.

    Raises:
        UsageError: a field is unknown or wrong; the message names it.
    """
    try:
        return CardDetails.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            within = SourceDetails if first["loc"][0] == "sources" else CardDetails
            near = did_you_mean(str(first["loc"][-1]), within.model_fields)
            raise UsageError(f"{name}: unknown field {place!r}; {near}") from None
        raise UsageError(f"{name}: {place}: {first['msg']}") from None


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _says_something(text: str) -> bool:
    return not _PLACEHOLDER.fullmatch(text)
