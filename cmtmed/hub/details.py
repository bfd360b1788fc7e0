"""What a card needs and no build or run can know: who publishes, where it all comes from, whom to write to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from cmtmed.errors import UsageError, did_you_mean

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


class Details(BaseModel):
    """What people write into the card of a dataset or a model, read from YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: ClassVar[tuple[str, ...]] = ("pretty_name", "authors", "contact")
    """Fields without which the gate lets nothing through."""
    example: ClassVar[str] = "examples/card.yaml"
    """A bundled file to copy."""

    pretty_name: Text = Field(default="", description="Its name for people. Required.")
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
    gate_prompt: Text = Field(default="", description="What people agree to before they get access, if it is gated.")

    def empty_fields(self) -> list[str]:
        """Return the required fields that hold nothing, or a placeholder."""
        values = {name: getattr(self, name) or "" for name in self.required}
        return [name for name, value in values.items() if not any(map(says_something, _texts(value)))]


class CardDetails(Details):
    """The part of a dataset card that people write."""

    required: ClassVar[tuple[str, ...]] = ("pretty_name", "collected", "authors", "contact")

    collected: Text = Field(
        default="",
        description="How and when the dialogues were collected, and on what legal ground they are published. Required.",
    )
    sources: dict[str, SourceDetails] = Field(default={}, description="By the name of the source in the pipeline.")


_Details = TypeVar("_Details", bound=Details)


def details_of(kind: type[_Details], card: str | Path | Mapping[str, Any] | None) -> _Details:
    """Return the details of a card, from a YAML file, from plain values, or empty ones.

    Raises:
        UsageError: the file cannot be read, or a field is unknown or wrong.
    """
    if card is None:
        return kind()
    return parse_details(kind, dict(card)) if isinstance(card, Mapping) else read_details(kind, card)


def read_details(kind: type[_Details], path: str | Path) -> _Details:
    """Read the details of a card from a YAML file.

    Raises:
        UsageError: the file cannot be read, is no YAML, or holds an unknown or wrong field.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"cannot read {str(path)!r}: {reason}; cmtmed path {kind.example} shows one") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise UsageError(f"{str(path)!r} is no YAML{where}; quote texts that hold a colon or a hash") from None
    if not isinstance(content, dict):
        raise UsageError(f"{str(path)!r} holds no fields; cmtmed path {kind.example} shows some")
    return parse_details(kind, content, str(path))


def parse_details(kind: type[_Details], content: dict[str, Any], name: str = "card") -> _Details:
    """Check details that come as plain values.

    Raises:
        UsageError: a field is unknown or wrong; the message names it.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            within: type[BaseModel] = SourceDetails if first["loc"][0] == "sources" else kind
            near = did_you_mean(str(first["loc"][-1]), within.model_fields)
            raise UsageError(f"{name}: unknown field {place!r}; {near}") from None
        raise UsageError(f"{name}: {place}: {first['msg']}") from None


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def says_something(text: str) -> bool:
    """Say whether a text is more than nothing or a placeholder."""
    return not _PLACEHOLDER.fullmatch(text)
