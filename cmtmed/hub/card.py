"""A card, ``README.md``: metadata that the Hub reads, and text from a template that anybody may replace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import UsageError
from cmtmed.hub.sections import merge

if TYPE_CHECKING:
    import jinja2

_PLAIN: Final = re.compile(r"[\w:.-]+")
_MARKDOWN: Final = str.maketrans({
    **{character: f"\\{character}" for character in r"\`*_{}[]()#+!|~$"},
    "<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " ",
})  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What the cards of datasets have in common, or those of models.

    Attributes:
        kind: ``dataset`` or ``model``.
        template: the bundled template.
        sections: those of the bundled template.
        first: keys of the metadata in their order, which are ours also where we leave them out; all others follow.
        tags: that are set anew with every version.
    """

    kind: str
    template: str
    sections: frozenset[str]
    first: tuple[str, ...]
    tags: frozenset[str] = frozenset()


def write_card(
    form: Form,
    facts: Mapping[str, Any],
    metadata: Mapping[str, Any],
    *,
    present: bytes | None = None,
    template: Path | None = None,
) -> str:
    """Write the card of a version.

    Args:
        form: of a dataset or a model.
        facts: everything that the template may use; ``repo`` and ``details`` are among it.
        metadata: what stands in front.
        present: the card that is on the Hub; what people wrote into it stays, in text and metadata.
        template: a Jinja template of one's own; it may extend the bundled one.

    Raises:
        UsageError: the template is broken, or the present card is.
    """
    from huggingface_hub import DatasetCardData, ModelCardData

    text, known = _read(present, facts["repo"]) if present is not None else (None, {})
    whole = merge(text, _rendered(form, facts, template), f"README.md of {facts['repo']!r}", form.sections)
    joined = _joined(form, known, metadata, theirs=not facts["details"].gate_prompt)
    try:
        data = (DatasetCardData if form.kind == "dataset" else ModelCardData)(**joined)
    except Exception:  # noqa: BLE001 (whatever it is, it is what somebody wrote on the Hub)
        raise _unreadable(facts["repo"]) from None
    return f"---\n{data.to_yaml(original_order=list(form.first)).rstrip()}\n---\n{whole.lstrip()}"


def _read(present: bytes, repo: str) -> tuple[str, dict[str, Any]]:
    """Return text and metadata of a card that stands on the Hub, with line ends as they are written here."""
    from huggingface_hub import RepoCard

    try:
        told = present.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        there = RepoCard(told, ignore_metadata_errors=False)
        known = there.data.to_dict()
    except Exception:  # noqa: BLE001 (YAML's errors quote the text, and all mean the same here)
        raise _unreadable(repo) from None
    known.pop("ignore_metadata_errors", None)
    return there.text, known


def _unreadable(repo: str) -> UsageError:
    return UsageError(f"the metadata of the card of {repo!r} cannot be read; mend README.md there, or remove it")


def _joined(form: Form, known: Mapping[str, Any], ours: Mapping[str, Any], *, theirs: bool) -> dict[str, Any]:
    """Return our metadata, with what people added to it: their keys, their tags, and if wanted their gate's prompt."""
    tags = known.get("tags") or []
    tags = {str(tag) for tag in ([tags] if isinstance(tags, str) else tags)} - form.tags
    gate = "extra_gated" if theirs else "\0"
    added = {key: value for key, value in known.items() if key not in {*ours, *form.first} or key.startswith(gate)}
    return {**ours, "tags": sorted({*ours["tags"], *tags}), **added}


def check_template(form: Form, template: Path) -> None:
    """Make sure, before anything is prepared, that a template is there and is one.

    Raises:
        UsageError: it is missing, takes the name of the bundled one, or cannot be parsed.
    """
    with _told(template):
        _template(form, template)


def _rendered(form: Form, facts: Mapping[str, Any], template: Path | None) -> str:
    with _told(template):
        return _template(form, template).render(**facts)


def _template(form: Form, template: Path | None) -> jinja2.Template:
    import jinja2

    loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("cmtmed.hub", "templates")]
    name = form.template
    if template is not None:
        if not template.is_file():
            raise UsageError(f"{str(template)!r} is no file; give a Jinja template for the card")
        loaders.append(jinja2.FileSystemLoader(template.parent))
        name = template.name
        if name == form.template:
            raise UsageError(f"{name} is the name of the bundled template; give yours another one")
    # Markdown, not HTML: what comes from a crawl goes through the filter md.
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders), undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )  # fmt: skip
    environment.filters |= {
        "number": _number, "percent": _percent, "size": _size, "tally": _tally, "md": _markdown, "code": _code
    }  # fmt: skip
    return environment.get_template(name)


@contextmanager
def _told(template: Path | None) -> Iterator[None]:
    """Turn whatever a template of somebody else's raises into an error that names it."""
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


def _number(value: int) -> str:
    return f"{value:,}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _size(value: float) -> str:
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def _tally(counts: Mapping[str, int]) -> str:
    """Return counts as text, the largest first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{_code(name)} {count:,}" for name, count in ranked)


def _code(name: str) -> str:
    return f"`{name}`" if _PLAIN.fullmatch(name) else _markdown(name)


def _markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return str(text).translate(_MARKDOWN)
