"""Triples of a knowledge graph as text: a document per head, one or more sentences per relation.

Sentence patterns are data (``trainers/triples.yaml``). A hash of head and relation chooses among the patterns of a
relation, so that a graph always gives the same text, and every pattern occurs.
"""

from __future__ import annotations

import hashlib
import logging
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.resources import bundled

log = logging.getLogger("cmtmed.training")

BUNDLED: Final = "trainers/triples.yaml"
_FIELDS: Final = ("head", "relation", "tail")
_TAILS: Final = 12
_SHOWN: Final = 5


class Triple(NamedTuple):
    """``head`` stands in ``relation`` to ``tail``."""

    head: str
    relation: str
    tail: str


class Patterns(NamedTuple):
    """Sentence patterns.

    Attributes:
        relations: patterns of each relation, with ``{head}`` and ``{tail}``.
        generic: patterns of any other relation, with ``{relation}`` too.
    """

    relations: dict[str, tuple[str, ...]]
    generic: tuple[str, ...]


def load_patterns(path: str = "") -> Patterns:
    """Read sentence patterns.

    Args:
        path: a YAML file; empty for the bundled one.

    Raises:
        UsageError: it cannot be read, or a pattern has no field for head and tail, or one for something else.
    """
    file = Path(path) if path else bundled(BUNDLED)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the patterns {str(file)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not YAML ({type(error).__name__})") from error
    if not isinstance(content, dict) or set(content) != {"generic", "relations"}:
        raise UsageError(f"{file}: patterns are a mapping with generic: [pattern, …] and relations: {{name: pattern}}")
    relations = content["relations"]
    if not isinstance(relations, dict):
        raise UsageError(f"{file}: relations is a mapping of relation: pattern or [pattern, …]")
    return Patterns(
        {str(name): _parse_patterns(value, f"{file}: {name}") for name, value in relations.items()},
        _parse_patterns(content["generic"], f"{file}: generic", "relation"),
    )


def _parse_patterns(value: object, section: str, *required: str) -> tuple[str, ...]:
    patterns = (value,) if isinstance(value, str) else value
    if not isinstance(patterns, list | tuple) or not patterns or not all(isinstance(text, str) for text in patterns):
        raise UsageError(f"{section}: give one pattern or a list of patterns")
    for pattern in patterns:
        try:
            fields = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
        except ValueError as error:
            raise UsageError(f"{section}: {pattern!r} is not a pattern: {error}") from None
        unknown = sorted(fields - set(_FIELDS))
        if unknown:
            raise UsageError(
                f"{section}: {pattern!r} has the field {unknown[0]!r}; {did_you_mean(unknown[0], _FIELDS)}"
            )
        for field in ("head", "tail", *required):
            if field not in fields:
                raise UsageError(f"{section}: {pattern!r} does not contain {{{field}}}; add it")
    return tuple(patterns)


def write_sentence(head: str, relation: str, tails: Iterable[str], patterns: Patterns) -> str:
    """Write the sentence that a head stands in a relation to some tails.

    >>> patterns = Patterns({"就诊科室": ("{head}一般挂{tail}。",)}, ("{head}的{relation}是{tail}。",))
    >>> write_sentence("偏头痛", "就诊科室", ["神经内科"], patterns)
    '偏头痛一般挂神经内科。'
    >>> write_sentence("偏头痛", "诱因", ["熬夜", "饮酒"], patterns)
    '偏头痛的诱因是熬夜、饮酒。'
    """
    candidates = patterns.relations.get(relation, patterns.generic)
    digest = hashlib.sha256(f"{head}\x1f{relation}".encode()).digest()
    index = int.from_bytes(digest[:8], "big") % len(candidates)
    return candidates[index].format(head=head, relation=relation, tail="、".join(tails))


def verbalize(triples: Iterable[Triple], patterns: Patterns, limit: int, name: str) -> Iterator[str]:
    """Turn triples into documents.

    All triples of a head come together wherever they stand, so the triples are held in memory; equal ones count once.

    Args:
        triples: in any order.
        patterns: sentence patterns.
        limit: of the longest document, in characters; a head with more sentences gets several.
        name: what messages call the source.

    Yields:
        One or more documents per head, heads and relations in the order in which they first occur.
    """
    heads: dict[str, dict[str, dict[str, None]]] = {}
    without_pattern: Counter[str] = Counter()
    for head, relation, tail in triples:
        tails = heads.setdefault(head, {}).setdefault(relation, {})
        if tail not in tails and relation not in patterns.relations:
            without_pattern[relation] += 1
        tails[tail] = None
    _warn_about_generic(without_pattern, name)
    for head, relations in heads.items():
        text = ""
        for relation, tails in relations.items():
            all_tails = list(tails)
            for start in range(0, len(all_tails), _TAILS):
                sentence = write_sentence(head, relation, all_tails[start : start + _TAILS], patterns)
                if text and len(text) + len(sentence) > limit:
                    yield text
                    text = ""
                text += sentence
        yield text


def _warn_about_generic(relations: Counter[str], name: str) -> None:
    if relations:
        listing = ", ".join(relation for relation, _ in relations.most_common(_SHOWN))
        log.warning(
            "%s: %d triples of %d relations have no pattern of their own and use the generic one: %s%s; "
            "add patterns with triples: FILE",
            name,
            relations.total(),
            len(relations),
            listing,
            ", …" if len(relations) > _SHOWN else "",
        )
