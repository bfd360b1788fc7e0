"""What a pattern requires of a text, derived from the pattern itself: sequences of character sets.

A text with a match holds one of the sequences, character by character. Short patterns are sequences already
(``王医生``, ``[0-9]床``); longer ones are cut at their gaps (``病.{0,80}史``), and the part that is rarer in Chinese
text is kept. The construction is that of necessary literals (Cox, "Regular Expression Matching with a Trigram Index",
2012), with character sets in place of letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from cmtmed.text.scan.character_sets import (
    ANY,
    AT_EDGE,
    Ranges,
    SetTable,
    add_case_variants,
    build_category,
    complement,
    unite,
)

MAX_LENGTH: Final = 24
"""Longest sequence; what follows is not required."""
_MAX_ALTERNATIVES: Final = 6000
"""A pattern that stands for more sequences than this is cut."""
_MAX_WORDS: Final = 24
"""Of more words than this only the characters at each place are kept, if the words are rare."""
_RARE: Final = 5e-4
"""Estimated share of places with such characters up to which words are rare."""
_MAX_REPEATED: Final = 100
"""A repetition that stands for more is required in part."""
_MAX_LEEWAY: Final = 12
"""A repetition with more leeway than this has a gap."""
_FEW: Final = 3
"""Repeats of an unbounded repetition that are told apart."""
_COMMON: Final = 0.3
"""Share of places from which on a repeated set says nothing."""
_GAP: Final = -1
"""In place of a set: any number of any characters."""
_IGNORECASE: Final = 2

Node = tuple[object, object]


class CharacterSequence(NamedTuple):
    """Consecutive characters of a text.

    Attributes:
        sets: numbers of the sets that they belong to, one after another.
        is_exact: whether every text that holds the sequence holds a match.
    """

    sets: tuple[int, ...]
    is_exact: bool = True


Alternatives = list[CharacterSequence]
_EMPTY: Final = CharacterSequence(())
_ANYTHING: Final = CharacterSequence((_GAP,), is_exact=False)
_UNKNOWN: Final = CharacterSequence((), is_exact=False)


def derive_sequences(pattern: str, table: SetTable, edges: str | None = "") -> Alternatives | None:
    r"""Derive the sequences of which a text with a match of ``pattern`` holds at least one.

    Args:
        pattern: a pattern for `re`; what lookaround and references require is not looked at.
        table: where the character sets are kept.
        edges: characters at which a text may be cut before the pattern is matched, so that ``^`` and ``$`` match there,
            and one of them may stand for another; None if it may be cut anywhere.

    Returns:
        The sequences, or None if the pattern requires nothing that could be looked for.

    >>> [sequence.is_exact for sequence in derive_sequences("[0-9] ?床|住院.{40}号", SetTable())]
    [True, True, False]
    """
    parsed = import_module("re._parser").parse(pattern)
    return _Derivation(table, edges).derive(list(parsed), ignore_case=bool(parsed.state.flags & _IGNORECASE))


def list_last_characters(words: str) -> str:
    """List the characters with which the words of an alternation can end.

    >>> list_last_characters("爸爸?|[老大]妈")
    '妈爸'
    """
    table = SetTable()
    nodes = list(import_module("re._parser").parse(words))
    expanded = _Derivation(table).expand(nodes)
    ranges = unite(*(table.ranges[sequence.sets[-1]] for sequence in expanded))
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


class _Derivation:
    """The derivation of one pattern's sequences."""

    def __init__(self, table: SetTable, edges: str | None = "") -> None:
        self._table = table
        self._any = table.add(ANY)
        self._edges = None if edges is None else unite(AT_EDGE, ((ord(edge), ord(edge)) for edge in edges))

    def derive(self, nodes: Sequence[Node], *, ignore_case: bool) -> Alternatives | None:
        expanded = {self._choose_segment(sequence) for sequence in self._expand_whole(nodes, ignore_case=ignore_case)}
        return None if any(not sequence.sets for sequence in expanded) else self._merge(expanded)

    def expand(self, nodes: Sequence[Node]) -> Alternatives:
        """Return all sequences of an alternation, optional ends included."""
        return self._expand_sequence(nodes, ignore_case=False)

    def _choose_segment(self, sequence: CharacterSequence) -> CharacterSequence:
        """Return the rarest part of a sequence between two gaps, without what any character satisfies."""
        segments: list[tuple[int, ...]] = [()]
        for number in sequence.sets:
            if number == _GAP:
                segments.append(())
            else:
                segments[-1] = (*segments[-1], number)
        segments = [self._strip(segment)[:MAX_LENGTH] for segment in segments]
        best = segments[0] if len(segments) == 1 else min(segments, key=self._estimate_share)
        return CharacterSequence(best, sequence.is_exact and best == sequence.sets)

    def _strip(self, sets: tuple[int, ...]) -> tuple[int, ...]:
        while sets and sets[0] == self._any:
            sets = sets[1:]
        while sets and sets[-1] == self._any:
            sets = sets[:-1]
        return sets

    def _merge(self, sequences: Iterable[CharacterSequence]) -> Alternatives:
        """Join sequences that differ in one place only: 医生 and 医师 become 医[生师]."""
        current = set(sequences)
        length = max((len(sequence.sets) for sequence in current), default=0)
        for place in reversed(range(length)):
            groups: dict[tuple[object, ...], list[CharacterSequence]] = {}
            for sequence in current:
                sets = sequence.sets
                has_set = len(sets) > place and sets[place] != _GAP
                key = (sequence.is_exact, sets[:place], sets[place + 1 :]) if has_set else sequence
                groups.setdefault(key, []).append(sequence)
            if len(groups) == len(current):
                continue
            current = set()
            for members in groups.values():
                sets = members[0].sets
                if len(members) > 1:
                    union = self._table.unite(frozenset(member.sets[place] for member in members))
                    sets = (*sets[:place], union, *sets[place + 1 :])
                current.add(CharacterSequence(sets, members[0].is_exact))
        return sorted(current)

    def _blur(self, alternatives: Alternatives) -> Alternatives:
        """Replace many rare words of one length by the characters at each place: 欧阳 and 上官 by [欧上][阳官]."""
        blurred: Alternatives = []
        for length in sorted({len(sequence.sets) for sequence in alternatives}):
            words = [sequence for sequence in alternatives if len(sequence.sets) == length]
            has_gap = any(_GAP in sequence.sets for sequence in words)
            if len(words) > _MAX_WORDS and not has_gap:
                places = zip(*(word.sets for word in words), strict=True)
                sets = tuple(self._table.unite(frozenset(members)) for members in places)
                if self._estimate_share(sets) <= _RARE:
                    words = [CharacterSequence(sets, is_exact=False)]
            blurred += words
        return blurred

    def _expand_whole(self, nodes: Sequence[Node], *, ignore_case: bool) -> Alternatives:
        """Expand a whole pattern: what is optional or repeated at its ends is not needed for a match."""
        if len(nodes) == 1 and str(nodes[0][0]) == "BRANCH":
            branches = _list_branches(nodes[0])
            return [sequence for branch in branches for sequence in self._expand_whole(branch, ignore_case=ignore_case)]
        if len(nodes) == 1 and str(nodes[0][0]) == "SUBPATTERN":
            body, nested = _open_group(nodes[0], ignore_case=ignore_case)
            return self._expand_whole(body, ignore_case=nested)
        if nodes:
            # At either end, what is only looked at is required like what is matched.
            nodes = [_include_lookaround(nodes[0], behind=True), *nodes[1:]]
            nodes = [*nodes[:-1], _include_lookaround(nodes[-1], behind=False)]
        return self._expand_sequence(_drop_optional_ends(list(nodes)), ignore_case=ignore_case)

    def _expand_sequence(self, nodes: Sequence[Node], *, ignore_case: bool) -> Alternatives:
        """Return the alternatives of nodes that follow one another."""
        parts: list[Alternatives] = [[_EMPTY]]
        for node in nodes:
            expanded = self._expand_node(node, ignore_case=ignore_case)
            if expanded == [_ANYTHING]:
                parts.append([_EMPTY])
            elif len(parts[-1]) * len(expanded) <= _MAX_ALTERNATIVES:
                parts[-1] = [_join(left, right) for left in parts[-1] for right in expanded]
            else:
                parts.append(expanded)
        if len(parts) == 1:
            return parts[0]
        choices = [[self._choose_segment(sequence) for sequence in part] for part in parts]
        best = min(choices, key=lambda part: sum(self._estimate_share(sequence.sets) for sequence in part))
        return [CharacterSequence((_GAP, *sequence.sets, _GAP), is_exact=False) for sequence in best]

    def _expand_node(self, node: Node, *, ignore_case: bool) -> Alternatives:
        """Return the alternatives of one node."""
        operation = str(node[0])
        if operation == "AT":
            is_edge = self._edges is not None and "BOUNDARY" not in str(node[1])
            return [CharacterSequence((self._table.add(self._edges),)) if self._edges and is_edge else _UNKNOWN]
        if operation in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
            return [CharacterSequence((self._table.add(self._add_edges(_read_set(node, ignore_case=ignore_case))),))]
        if operation == "BRANCH":
            expanded: Alternatives = []
            for branch in _list_branches(node):
                expanded += self._expand_sequence(branch, ignore_case=ignore_case)
            return self._blur(self._merge(expanded))
        if operation == "SUBPATTERN":
            body, nested = _open_group(node, ignore_case=ignore_case)
            return self._expand_sequence(body, ignore_case=nested)
        if operation in {"ASSERT", "ASSERT_NOT"}:
            return [_UNKNOWN]
        bounds = _get_bounds(node)
        return [_ANYTHING] if bounds is None else self._repeat(*bounds, ignore_case=ignore_case)

    def _add_edges(self, ranges: Ranges) -> Ranges:
        """Add all edges to a set that has one of them."""
        edges = self._edges or AT_EDGE
        if edges == AT_EDGE or all(unite(ranges, (edge,)) != ranges for edge in edges[:-1]):
            return ranges
        return unite(ranges, edges)

    def _repeat(self, least: int, most: int, body: Sequence[Node], *, ignore_case: bool) -> Alternatives:
        once = self._expand_sequence(body, ignore_case=ignore_case)
        is_bounded = most - least <= _MAX_LEEWAY and most <= MAX_LENGTH
        if not is_bounded and (len(once) > 1 or _GAP in once[0].sets or self._estimate_share(once[0].sets) > _COMMON):
            return [_ANYTHING]
        highest = most if is_bounded else least + _FEW
        repeated = [_EMPTY]
        alternatives: Alternatives = [_EMPTY] if least == 0 else []
        for count in range(1, highest + 1):
            if len(repeated) * len(once) + len(alternatives) > _MAX_REPEATED and count > 1:
                return [*alternatives, *(_join(sequence, _ANYTHING) for sequence in repeated)]
            repeated = [_join(left, right) for left in repeated for right in once]
            if count >= least:
                alternatives += repeated
        return alternatives if is_bounded else [*alternatives, *(_join(each, _ANYTHING) for each in repeated)]

    def _estimate_share(self, sets: tuple[int, ...]) -> float:
        """Estimate at how many places of a Chinese text a sequence occurs; only the order of estimates matters."""
        share = 1.0
        for number in sets:
            share *= self._table.estimate_share(number)
        return share


def _join(left: CharacterSequence, right: CharacterSequence) -> CharacterSequence:
    return CharacterSequence(left.sets + right.sets, left.is_exact and right.is_exact)


def _drop_optional_ends(nodes: list[Node]) -> list[Node]:
    for end in (0, -1):
        while nodes and (bounds := _get_bounds(nodes[end])) is not None:
            least, _, body = bounds
            if least:
                nodes[end] = (nodes[end][0], (least, least, body))
                break
            del nodes[end]
    return nodes


def _include_lookaround(node: Node, *, behind: bool) -> Node:
    """Turn lookbehind at the beginning of a pattern, or lookahead at its end, into a group."""
    operation, arguments = str(node[0]), node[1]
    if not isinstance(arguments, tuple):
        return node
    if operation == "ASSERT" and (arguments[0] < 0) == behind:
        return "SUBPATTERN", (None, 0, 0, list(arguments[1]))
    index = 0 if behind else -1
    if operation in {"BRANCH", "SUBPATTERN"}:
        bodies = [list(body) for body in (arguments[1] if operation == "BRANCH" else [arguments[-1]])]
        for body in filter(None, bodies):
            body[index] = _include_lookaround(body[index], behind=behind)
        return operation, ((arguments[0], bodies) if operation == "BRANCH" else (*arguments[:-1], bodies[0]))
    return node


def _get_bounds(node: Node) -> tuple[int, int, Sequence[Node]] | None:
    if str(node[0]) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"} and isinstance(node[1], tuple):
        least, most, body = node[1]
        return int(least), int(most), body
    return None


def _list_branches(node: Node) -> Sequence[Sequence[Node]]:
    return node[1][1] if isinstance(node[1], tuple) else ()


def _open_group(node: Node, *, ignore_case: bool) -> tuple[Sequence[Node], bool]:
    _, added, removed, body = node[1] if isinstance(node[1], tuple) else (None, 0, 0, ())
    return body, (ignore_case or bool(added & _IGNORECASE)) and not removed & _IGNORECASE


def _read_set(node: Node, *, ignore_case: bool) -> Ranges:
    operation, arguments = str(node[0]), node[1]
    if operation == "ANY":
        return complement(((10, 10),))
    if isinstance(arguments, int):
        literal: Ranges = ((arguments, arguments),)
        cased = add_case_variants(literal) if ignore_case else literal
        return complement(cased) if operation == "NOT_LITERAL" else cased
    items = arguments if isinstance(arguments, list) else []
    ranges: list[tuple[int, int]] = []
    for kind, value in items:
        if str(kind) == "LITERAL":
            ranges.append((value, value))
        elif str(kind) == "RANGE":
            ranges.append(value)
        elif str(kind) == "CATEGORY":
            ranges += build_category(str(value))
    united = unite(ranges)
    cased = add_case_variants(united) if ignore_case else united
    return complement(cased) if items and str(items[0][0]) == "NEGATE" else cased
