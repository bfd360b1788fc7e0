"""A card, ``README.md``: metadata for the Hub, and text from a template that may be replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmtmed.errors import UsageError
from cmtmed.hub.repository import RepoType
from cmtmed.hub.sections import merge_sections
from cmtmed.markdown import escape_markdown, format_code

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class CardFormat:
    """What all dataset cards, or all model cards, have in common.

    Attributes:
        repo_type: ``dataset`` or ``model``.
        template: the bundled template.
        sections: those of the bundled template.
        metadata_keys: keys of the metadata in their order; they are ours even if left out. All others follow.
        tags: that are set anew with every version.
    """

    repo_type: RepoType
    template: str
    sections: frozenset[str]
    metadata_keys: tuple[str, ...]
    tags: frozenset[str] = frozenset()


def write_card(
    card_format: CardFormat,
    variables: Mapping[str, Any],
    metadata: Mapping[str, Any],
    *,
    present: bytes | None = None,
    template: Path | None = None,
) -> str:
    """Write the card of a version.

    Args:
        card_format: of a dataset or a model.
        variables: everything that the template may use, ``repo`` and ``details`` among it.
        metadata: for the YAML block in front.
        present: the card that is on the Hub; what people added to its text and metadata stays.
        template: a custom Jinja template; it may extend the bundled one.

    Raises:
        UsageError: the template is broken, or the present card is.
    """
    from huggingface_hub import DatasetCardData, ModelCardData

    repo = variables["repo"]
    present_text, present_metadata = _parse_card(present, repo) if present is not None else (None, {})
    rendered = _render_template(card_format, variables, template)
    text = merge_sections(present_text, rendered, f"README.md of {repo!r}", card_format.sections)
    keep_gate = not variables["details"].gate_prompt
    merged = _merge_metadata(card_format, present_metadata, metadata, keep_gate=keep_gate)
    try:
        data = (DatasetCardData if card_format.repo_type == "dataset" else ModelCardData)(**merged)
    except Exception:  # noqa: BLE001 (any error concerns what somebody wrote on the Hub)
        raise _metadata_error(repo) from None
    return f"---\n{data.to_yaml(original_order=list(card_format.metadata_keys)).rstrip()}\n---\n{text.lstrip()}"


def _parse_card(present: bytes, repo: str) -> tuple[str, dict[str, Any]]:
    """Return text, with line feeds only, and metadata of a card on the Hub."""
    from huggingface_hub import RepoCard

    try:
        content = present.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        card = RepoCard(content, ignore_metadata_errors=False)
        metadata = card.data.to_dict()
    except Exception:  # noqa: BLE001 (YAML's errors quote the text, and all mean the same here)
        raise _metadata_error(repo) from None
    metadata.pop("ignore_metadata_errors", None)
    return card.text, metadata


def _metadata_error(repo: str) -> UsageError:
    return UsageError(f"the metadata of the card of {repo!r} cannot be read; correct README.md there, or remove it")


def _merge_metadata(
    card_format: CardFormat, present: Mapping[str, Any], ours: Mapping[str, Any], *, keep_gate: bool
) -> dict[str, Any]:
    """Return our metadata and what people added: their keys, their tags, and optionally their terms of access."""
    tags = present.get("tags") or []
    tags = {str(tag) for tag in ([tags] if isinstance(tags, str) else tags)} - card_format.tags
    added = {
        key: value
        for key, value in present.items()
        if key not in {*ours, *card_format.metadata_keys} or (keep_gate and key.startswith("extra_gated"))
    }
    return {**ours, "tags": sorted({*ours["tags"], *tags}), **added}


def check_template(card_format: CardFormat, template: Path) -> None:
    """Make sure, before anything is prepared, that a template exists and can be parsed.

    Raises:
        UsageError: it is missing, has the name of the bundled one, or cannot be parsed.
    """
    with _translate_template_errors(template):
        _load_template(card_format, template)


def _render_template(card_format: CardFormat, variables: Mapping[str, Any], template: Path | None) -> str:
    with _translate_template_errors(template):
        return _load_template(card_format, template).render(**variables)


def _load_template(card_format: CardFormat, template: Path | None) -> jinja2.Template:
    import jinja2

    loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("cmtmed.hub", "templates")]
    name = card_format.template
    if template is not None:
        if not template.is_file():
            raise UsageError(f"{str(template)!r} is not a file; give a Jinja template for the card")
        loaders.append(jinja2.FileSystemLoader(template.parent))
        name = template.name
        if name == card_format.template:
            raise UsageError(f"{name} is the name of the bundled template; rename yours")
    # Markdown, not HTML: text from a crawl goes through the filter md.
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders), undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )  # fmt: skip
    environment.filters |= {
        "number": format_number, "percent": format_percent, "size": format_size, "tally": format_tally,
        "md": escape_markdown, "code": format_code,
    }  # fmt: skip
    return environment.get_template(name)


@contextmanager
def _translate_template_errors(template: Path | None) -> Iterator[None]:
    """Translate whatever a custom template raises into an error that names it."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        if template is None:
            raise
        line = getattr(error, "lineno", None)
        raise UsageError(
            f"the template {template.name!r} cannot be used{f' (line {line})' if line else ''}: "
            f"{type(error).__name__}: {error}"
        ) from None


def format_number(value: int) -> str:
    """Return a number with thousands separated."""
    return f"{value:,}"


def format_percent(value: float) -> str:
    """Return a share from 0 to 1 as a percentage."""
    return f"{100 * value:.1f} %"


def format_size(value: float) -> str:
    """Return bytes in the largest fitting unit."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def format_tally(counts: Mapping[str, int]) -> str:
    """Return counts as text, the largest first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{format_code(name)} {count:,}" for name, count in ranked)
