"""BibTeX entry of a published version."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.hub.details import Details
from cmtmed.hub.repository import RepoType
from cmtmed.hub.staging import Version

_HUB_URL: Final = "https://huggingface.co"
"""Public address of the Hub: not the mirror through which somebody published."""


def repository_url(repo: str, repo_type: RepoType) -> str:
    """Return the public address of a repository.

    >>> repository_url("org/dialogues", "dataset")
    'https://huggingface.co/datasets/org/dialogues'
    """
    return f"{_HUB_URL}/datasets/{repo}" if repo_type == "dataset" else f"{_HUB_URL}/{repo}"


def write_citation(details: Details, version: Version, repo_type: RepoType) -> str:
    """Return the BibTeX that people wrote, or an entry from authors, name, year and address."""
    if details.citation:
        return details.citation
    organisation, name = version.repo.split("/", maxsplit=1)
    fields = {
        # Inner braces keep the capitals; authors are often organisations, whose names must not be taken apart.
        "title": f"{{{_escape_bibtex(details.pretty_name or version.repo)}}}",
        "author": " and ".join(f"{{{_escape_bibtex(author)}}}" for author in details.authors),
        "year": str(details.year or ""),
        "publisher": "Hugging Face",
        "version": version.tag,
        "url": f"{repository_url(version.repo, repo_type)}/tree/{version.tag}",
    }
    key = "_".join(filter(None, [_to_key(organisation), _to_key(name), fields["year"]]))
    lines = [f"  {field} = {{{value}}}," for field, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _to_key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _escape_bibtex(text: str) -> str:
    """Return text without the characters that would end a field, or the code block that shows it."""
    return " ".join(text.translate({ord(character): None for character in "{}`\\"}).split())
