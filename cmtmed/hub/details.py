"""The part of a card that no build or run can know: who publishes, under which terms, and whom to contact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeVar, get_args

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
        raise ValueError("contains control characters")
    if "<!-- cmtmed:" in text:
        raise ValueError("contains a marker of the card, <!-- cmtmed:…")
    return text


Text = Annotated[str, Field(max_length=20_000), AfterValidator(_printable)]


class Details(BaseModel):
    """What people write into the card of a dataset or a model, read from YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: ClassVar[tuple[str, ...]] = ("pretty_name", "authors", "contact")
    """Fields without which the gate refuses."""
    example: ClassVar[str] = "examples/card.yaml"
    """A bundled file to copy."""

    pretty_name: Text = Field(default="", description="A readable name. Required.")
    authors: tuple[Text, ...] = Field(default=(), description="Who publishes it. Required.")
    contact: Text = Field(
        default="", description="Where to report what still identifies somebody, and to ask for removal. Required."
    )
    summary: Text = Field(default="", description="A paragraph in English on top of the card.")
    summary_zh: Text = Field(default="", description="The same in Chinese.")
    intended_use: Text = Field(default="", description="Added to the section on intended use.")
    limits: Text = Field(default="", description="Added to the section on limits.")
    license: str | None = Field(default=None, description="Licence of the whole, if it differs from the sources' own.")
    year: int | None = Field(default=None, ge=2000, le=2100, description="Year of publication, for the citation.")
    citation: Text = Field(default="", description="BibTeX; generated from authors, name and year if left out.")
    homepage: HttpUrl | None = Field(default=None, description="Where to read more.")
    tags: tuple[str, ...] = Field(default=(), description="Additional tags on the Hub.")
    gate_prompt: Text = Field(
        default="", description="Terms that people agree to before they get access, if it is gated."
    )

    def empty_fields(self) -> list[str]:
        """Return the required fields that are empty or hold a placeholder."""
        values = {name: getattr(self, name) or "" for name in self.required}
        return [name for name, value in values.items() if not any(map(is_filled_in, _as_texts(value)))]


_Details = TypeVar("_Details", bound=Details)


def load_details(model: type[_Details], card: str | Path | Mapping[str, Any] | None) -> _Details:
    """Return the details of a card, from a YAML file, from plain values, or empty ones.

    Raises:
        UsageError: the file cannot be read, or a field is unknown or wrong.
    """
    if card is None:
        return model()
    return parse_details(model, dict(card)) if isinstance(card, Mapping) else read_details(model, card)


def read_details(model: type[_Details], path: str | Path) -> _Details:
    """Read the details of a card from a YAML file.

    Raises:
        UsageError: the file cannot be read, is not YAML, or holds an unknown or wrong field.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(
            f"cannot read {str(path)!r}: {reason}; cmtmed path {model.example} prints the path of an example"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise UsageError(f"{str(path)!r} is not YAML{line}; quote texts that contain a colon or a hash") from None
    if not isinstance(content, dict):
        raise UsageError(f"{str(path)!r} holds no fields; cmtmed path {model.example} prints the path of an example")
    return parse_details(model, content, str(path))


def parse_details(model: type[_Details], content: dict[str, Any], name: str = "card") -> _Details:
    """Validate details that come as plain values.

    Raises:
        UsageError: a field is unknown or wrong; the message names it.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            suggestion = did_you_mean(str(problem["loc"][-1]), _field_names(model, problem["loc"]))
            raise UsageError(f"{name}: unknown field {field!r}; {suggestion}") from None
        raise UsageError(f"{name}: {field}: {problem['msg']}") from None


def _field_names(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the fields of the model that a location lies in: of ``sources.clinic.titel`` those of a source."""
    if len(location) > 1:
        values = get_args(model.model_fields[str(location[0])].annotation)
        if values and isinstance(values[-1], type) and issubclass(values[-1], BaseModel):
            return list(values[-1].model_fields)
    return list(model.model_fields)


def _as_texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def is_filled_in(text: str) -> bool:
    """Return whether a text is neither empty nor a placeholder."""
    return not _PLACEHOLDER.fullmatch(text)
