"""Words that a regular expression requires of a text, derived from the expression itself.

A text in which ``(?:下载|安装).{0,16}(?:APP|客户端)`` matches holds 下载 or 安装, and APP or 客户端. Looking for words
is far cheaper than matching, so that patterns are tried only where their words stand. The construction is that of Cox
("Regular Expression Matching with a Trigram Index", 2012), with whole words in place of trigrams.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import product
from typing import Final, NamedTuple

Node = tuple[object, object]
Words = frozenset[str]

_MAX_WORDS: Final = 256
"""A part of a pattern that stands for more words than this is cut."""
_MAX_CHARACTERS: Final = 24
"""A class of more characters than this may be any."""
_NOTHING: Final = frozenset([""])


class _Part(NamedTuple):
    """What a part of a pattern requires.

    Attributes:
        exact: everything that it matches, or None if that is too much.
        required: of each of these sets, every match holds a word.
    """

    exact: Words | None
    required: tuple[Words, ...]


_ANYTHING: Final = _Part(None, ())
_EMPTY: Final = _Part(_NOTHING, ())


def find_required_words(pattern: str) -> list[tuple[Words, ...]]:
    """Find the words without which a pattern matches nowhere.

    Args:
        pattern: a pattern for `re`, not one that ignores case; what lookaround requires is not looked at.

    Returns:
        Alternatives, one of which holds for every text with a match: sets of words, of each of which the text holds at
        least one. An alternative without sets requires nothing.

    >>> [list(map(sorted, required)) for required in find_required_words("下载.{0,9}[Aa]pp|点击")]
    [[['下载'], ['App', 'app']], [['点击']]]
    """
    nodes = list(import_module("re._parser").parse(pattern))
    return [_describe_sequence(branch).required for branch in _list_alternatives(nodes)]


def _list_alternatives(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    if len(nodes) == 1:
        branches = _list_branches(nodes[0])
        if len(branches) > 1 or str(nodes[0][0]) == "SUBPATTERN":
            return [alternative for branch in branches for alternative in _list_alternatives(branch)]
    return [nodes]


def _list_branches(node: Node) -> list[Sequence[Node]]:
    operation, arguments = str(node[0]), node[1]
    if operation == "BRANCH" and isinstance(arguments, tuple):
        return [list(branch) for branch in arguments[1]]
    return [list(arguments[3])] if operation == "SUBPATTERN" and isinstance(arguments, tuple) else []


def _describe_sequence(nodes: Iterable[Node]) -> _Part:
    required: list[Words] = []
    current, is_whole = _NOTHING, True
    for node in nodes:
        part = _describe_node(node)
        if part.exact is not None and len(current) * len(part.exact) <= _MAX_WORDS:
            current = frozenset(map("".join, product(current, part.exact)))
            continue
        required += [current, *part.required]
        current, is_whole = (part.exact or _NOTHING), False
    sets = tuple(words for words in dict.fromkeys([*required, current]) if "" not in words)
    return _Part(current if is_whole else None, sets)


def _describe_node(node: Node) -> _Part:
    operation, arguments = str(node[0]), node[1]
    if operation == "LITERAL" and isinstance(arguments, int):
        return _describe_words(frozenset([chr(arguments)]))
    if operation == "IN" and isinstance(arguments, list):
        return _describe_class(arguments)
    if operation in {"AT", "ASSERT", "ASSERT_NOT"}:
        return _EMPTY
    if operation in {"BRANCH", "SUBPATTERN"}:
        return _unite([_describe_sequence(branch) for branch in _list_branches(node)])
    if operation in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"} and isinstance(arguments, tuple):
        least, most, body = arguments
        once = _describe_sequence(body)
        if int(most) == 1 and once.exact is not None:
            return _describe_words(once.exact | (_NOTHING if int(least) == 0 else frozenset()))
        return _Part(None, once.required if int(least) else ())
    return _ANYTHING


def _describe_words(words: Words) -> _Part:
    return _Part(words, () if "" in words else (words,))


def _describe_class(members: Sequence[Node]) -> _Part:
    characters: set[str] = set()
    for kind, value in members:
        if str(kind) == "LITERAL" and isinstance(value, int):
            characters.add(chr(value))
        elif str(kind) == "RANGE" and isinstance(value, tuple) and value[1] - value[0] < _MAX_CHARACTERS:
            characters.update(map(chr, range(value[0], value[1] + 1)))
        else:
            return _ANYTHING
    return _describe_words(frozenset(characters)) if len(characters) <= _MAX_CHARACTERS else _ANYTHING


def _unite(branches: Sequence[_Part]) -> _Part:
    """Return what alternatives have in common: a word of the rarest set of one of them."""
    exact = [branch.exact for branch in branches]
    union = frozenset().union(*(words or () for words in exact))
    if None not in exact and len(union) <= _MAX_WORDS:
        return _describe_words(union)
    if not all(branch.required for branch in branches):
        return _ANYTHING
    rarest = (min(branch.required, key=estimate_share) for branch in branches)
    return _Part(None, (frozenset().union(*rarest),))


def estimate_share(words: Words) -> float:
    """Estimate how many texts hold one of some words; only the order of estimates matters."""
    return sum(0.1 ** len(word) for word in words)
