"""Triples of a knowledge graph as text: one document a head, a sentence or more a relation.

Sentence patterns are data (``trainers/triples.yaml``). Which of a relation's patterns is taken follows from a hash of
head and relation, so that a graph always gives the same text, and every pattern occurs.
"""

from __future__ import annotations

import hashlib
import logging
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

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
        relations: relation to its patterns, each with ``{head}`` and ``{tail}``.
        generic: patterns of any other relation, with ``{relation}`` too.
    """

    relations: dict[str, tuple[str, ...]]
    generic: tuple[str, ...]


def load_patterns(path: str = "") -> Patterns:
    """Read sentence patterns.

    Args:
        path: a YAML file; empty for the bundled one.

    Raises:
        UsageError: it cannot be read, or a pattern has no place for head and tail, or for something else.
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
        {str(name): _patterns(value, f"{file}: {name}") for name, value in relations.items()},
        _patterns(content["generic"], f"{file}: generic", "relation"),
    )


def _patterns(value: Any, where: str, *more: str) -> tuple[str, ...]:
    patterns = (value,) if isinstance(value, str) else value
    if not isinstance(patterns, list | tuple) or not patterns or not all(isinstance(one, str) for one in patterns):
        raise UsageError(f"{where}: give one pattern or a list of patterns")
    for pattern in patterns:
        try:
            fields = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
        except ValueError as error:
            raise UsageError(f"{where}: {pattern!r} is no pattern: {error}") from None
        strange = sorted(fields - set(_FIELDS))
        if strange:
            raise UsageError(f"{where}: {pattern!r} has the field {strange[0]!r}; {did_you_mean(strange[0], _FIELDS)}")
        for field in ("head", "tail", *more):
            if field not in fields:
                raise UsageError(f"{where}: {pattern!r} has no place for {{{field}}}; put it in")
    return tuple(patterns)


def write_sentence(head: str, relation: str, tails: Iterable[str], patterns: Patterns) -> str:
    """Say that a head stands in a relation to some tails.

    >>> patterns = Patterns({"就诊科室": ("{head}一般挂{tail}。",)}, ("{head}的{relation}是{tail}。",))
    >>> write_sentence("偏头痛", "就诊科室", ["神经内科"], patterns)
    '偏头痛一般挂神经内科。'
    >>> write_sentence("偏头痛", "诱因", ["熬夜", "饮酒"], patterns)
    '偏头痛的诱因是熬夜、饮酒。'
    """
    known = patterns.relations.get(relation, patterns.generic)
    drawn = int.from_bytes(hashlib.sha256(f"{head}\x1f{relation}".encode()).digest()[:8], "big") % len(known)
    return known[drawn].format(head=head, relation=relation, tail="、".join(tails))


def verbalize(triples: Iterable[Triple], patterns: Patterns, limit: int, name: str) -> Iterator[str]:
    """Turn triples into documents.

    All triples of a head come together wherever they stand, so the triples are held in memory; equal ones count once.

    Args:
        triples: in any order.
        patterns: how relations are said.
        limit: characters of the longest document; a head with more to say of gets several.
        name: what messages call the source.

    Yields:
        A document or more for each head, heads and relations in the order in which they first occur.
    """
    heads: dict[str, dict[str, dict[str, None]]] = {}
    unknown: Counter[str] = Counter()
    for head, relation, tail in triples:
        tails = heads.setdefault(head, {}).setdefault(relation, {})
        if tail not in tails and relation not in patterns.relations:
            unknown[relation] += 1
        tails[tail] = None
    if unknown:
        told = ", ".join(relation for relation, _ in unknown.most_common(_SHOWN))
        log.warning(
            "%s: %d triples of %d relations have no pattern of their own and take the generic one: %s%s; "
            "add patterns with triples: FILE",
            name,
            unknown.total(),
            len(unknown),
            told,
            ", …" if len(unknown) > _SHOWN else "",
        )
    for head, relations in heads.items():
        text = ""
        for relation, tails in relations.items():
            told_of = list(tails)
            for start in range(0, len(told_of), _TAILS):
                said = write_sentence(head, relation, told_of[start : start + _TAILS], patterns)
                if text and len(text) + len(said) > limit:
                    yield text
                    text = ""
                text += said
        yield text
