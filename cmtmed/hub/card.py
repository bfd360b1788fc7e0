"""The dataset card: metadata that the Hub reads, and text from a template that anybody may replace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import UsageError
from cmtmed.hub.details import CardDetails
from cmtmed.hub.facts import CONFIGS, default_config
from cmtmed.hub.licenses import hub_name
from cmtmed.hub.sections import merge
from cmtmed.hub.shards import PublishedFile

if TYPE_CHECKING:
    import jinja2

TEMPLATE: Final = "dataset_card.md.jinja"
_CATEGORIES: Final = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"),
)  # fmt: skip
_TAGS: Final = ("medical", "dialogue", "doctor-patient", "conversational", "cmtmed")
_PROMPT: Final = (
    "These are conversations of patients with doctors. I will not try to identify anybody, I will report what still "
    "identifies somebody, and I will not pass the data on without these terms."
)
_FIRST: Final = (
    "pretty_name", "language", "license", "task_categories", "size_categories", "tags", "annotations_creators",
    "language_creators", "multilinguality", "source_datasets", "extra_gated_prompt", "extra_gated_fields", "configs",
)  # fmt: skip
"""The order of the metadata's keys; all others follow."""
OURS: Final = frozenset({
    "summary", "overridden", "configs", "load", "sources", "counts", "duplicates", "inquiries", "departments",
    "privacy", "use", "citation", "build",
})  # fmt: skip
"""Sections of the bundled template."""
_PLAIN: Final = re.compile(r"[\w:.-]+")
_MARKDOWN: Final = str.maketrans({
    **{character: f"\\{character}" for character in r"\`*_{}[]()#+!|~$"},
    "<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " ",
})  # fmt: skip


def card(
    facts: Mapping[str, Any],
    metadata: Mapping[str, Any],
    *,
    present: bytes | None = None,
    template: Path | None = None,
) -> str:
    """Write the card of a version, ``README.md``.

    Args:
        facts: from `cmtmed.hub.facts.facts`.
        metadata: from `metadata`.
        present: the card that is on the Hub; what people wrote into it stays, in text and metadata.
        template: a Jinja template of one's own; it may extend ``dataset_card.md.jinja``.

    Raises:
        UsageError: the template is broken, or the present card is.
    """
    from huggingface_hub import DatasetCardData

    text, known = _read(present, facts["repo"]) if present is not None else (None, {})
    whole = merge(text, _rendered(facts, template), f"README.md of {facts['repo']!r}", OURS)
    data = DatasetCardData(**_joined(known, metadata, theirs=not facts["details"].gate_prompt))
    return f"---\n{data.to_yaml(original_order=list(_FIRST)).rstrip()}\n---\n{whole.lstrip()}"


def _read(present: bytes, repo: str) -> tuple[str, dict[str, Any]]:
    """Return text and metadata of a card that stands on the Hub, with line ends as they are written here."""
    from huggingface_hub import DatasetCard

    try:
        told = present.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        there = DatasetCard(told, ignore_metadata_errors=False)
        known = there.data.to_dict()
    except Exception:  # noqa: BLE001 (YAML's errors quote the text, and all mean the same here)
        raise UsageError(
            f"the metadata of the card of {repo!r} cannot be read; mend README.md there, or remove it"
        ) from None
    known.pop("ignore_metadata_errors", None)
    return there.text, known


def metadata(
    facts: Mapping[str, Any], files: Sequence[PublishedFile], details: CardDetails, out: Path
) -> dict[str, Any]:
    """Return the metadata of the card, as the Hub's documentation names it.

    Args:
        facts: from `cmtmed.hub.facts.facts`.
        files: the data files.
        details: what people wrote.
        out: directory of the build; its tables know their features.
    """
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    licenses = sorted({hub_name(name) for name in facts["licenses"]})
    size = facts["counts"]["kept"]
    data = DatasetCardData(
        language=["zh"],
        license=licenses[0] if len(licenses) == 1 else licenses,
        pretty_name=details.pretty_name,
        task_categories=["text-generation", "question-answering"],
        size_categories=[next((name for limit, name in _CATEGORIES if size < limit), "n>1T")],
        annotations_creators=["machine-generated"],
        language_creators=["found"],
        multilinguality=["monolingual"],
        source_datasets=["original"],
        tags=sorted({*_TAGS, *details.tags}),
    )
    configs, infos = {}, {}
    first = default_config(files)
    for name in CONFIGS:
        splits = list(dict.fromkeys(one.split for one in files if one.config == name))
        if splits:
            paths = [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits]
            configs[name] = {"data_files": paths, **({"default": True} if name == first else {})}
            infos[name] = _info(out, name, splits, files)
    DatasetInfosDict(infos).to_dataset_card_data(data)
    MetadataConfigs(configs).to_dataset_card_data(data)
    told: dict[str, Any] = data.to_dict()
    # The Hub shows them where the repository is gated, which may be decided any day.
    told["extra_gated_prompt"] = details.gate_prompt or _PROMPT
    told["extra_gated_fields"] = {"Affiliation": "text", "Purpose": "text", "I agree to these terms": "checkbox"}
    return told


def _info(out: Path, config: str, splits: Sequence[str], files: Sequence[PublishedFile]) -> Any:
    from datasets import DatasetInfo, SplitDict, SplitInfo

    info = DatasetInfo.from_directory(str(out / config / splits[0]))
    rows = {split: [one for one in files if (one.config, one.split) == (config, split)] for split in splits}
    sizes = {split: sum(file.stat().st_size for file in (out / config / split).glob("*.arrow")) for split in splits}
    told = SplitDict(dataset_name=config)
    for split in splits:
        told.add(SplitInfo(split, num_bytes=sizes[split], num_examples=sum(one.rows for one in rows[split])))
    return DatasetInfo(
        features=info.features,
        splits=told,
        download_size=sum(one.bytes for part in rows.values() for one in part),
        dataset_size=sum(sizes.values()),
        config_name=config,
    )


def _joined(known: Mapping[str, Any], ours: Mapping[str, Any], *, theirs: bool) -> dict[str, Any]:
    """Return our metadata, with what people added to it: their keys, their tags, and if wanted their gate's prompt."""
    tags = known.get("tags") or []
    tags = [tags] if isinstance(tags, str) else tags
    gate = "extra_gated" if theirs else "\0"
    added = {key: value for key, value in known.items() if key not in ours or key.startswith(gate)}
    return {**ours, "tags": sorted({*ours["tags"], *map(str, tags)}), **added}


def check_template(template: Path) -> None:
    """Make sure, before anything is prepared, that a template is there and is one.

    Raises:
        UsageError: it is missing, takes the name of the bundled one, or cannot be parsed.
    """
    with _told(template):
        _template(template)


def _rendered(facts: Mapping[str, Any], template: Path | None) -> str:
    with _told(template):
        return _template(template).render(**facts)


def _template(template: Path | None) -> jinja2.Template:
    import jinja2

    loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("cmtmed.hub", "templates")]
    name = TEMPLATE
    if template is not None:
        if not template.is_file():
            raise UsageError(f"{str(template)!r} is no file; give a Jinja template for the card")
        loaders.append(jinja2.FileSystemLoader(template.parent))
        name = template.name
        if name == TEMPLATE:
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
