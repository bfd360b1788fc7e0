"""Candidate sources for HTML pages: elements that repeat are turns, and what differs between them is the speaker."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cmtmed.inspection.page_texts import list_selectors, propose_page_texts
from cmtmed.inspection.question_pages import parse_pages
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.speakers import assign_roles, declare_variants
from cmtmed.io.html import get_text
from cmtmed.source import Html, Source

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_PAGES: Final = 10
_TURN_SELECTORS: Final = 8
_MANY: Final = 6.0
_ENOUGH: Final = 12
_COMPARED_NODES: Final = 60
_INNER_SELECTORS: Final = 30
_PLACED: Final = frozenset({"td", "span", "div", "p", "b", "strong"})
_ROLE_SELECTORS: Final = 6
_MAX_VALUES: Final = 12
_MAX_NAME: Final = 16
_MANY_NAMES: Final = 3
_PAIRED: Final = 0.8
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_NO_TURNS: Final = frozenset({"html", "head", "body", "script", "style", "option", "br", "hr", "img", "input"})


@dataclass
class _Turns:
    """Elements that match one selector, with the selector of what contains them."""

    selector: str
    container: str
    nodes: list[LexborNode] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    containers: int = 0
    characters: int = 0


def propose_pages(samples: Sequence[Sample], base: Source) -> Iterator[Source]:
    """Yield candidate sources for pages."""
    trees = parse_pages(samples[:_PAGES], base.encoding)
    yield from propose_page_texts(trees, base)
    candidates: dict[tuple[str, str], _Turns] = {}
    for tree in trees:
        if tree.body is not None:
            _collect_turns(tree.body, candidates)
    ranked = sorted(candidates.values(), key=_rank_turns, reverse=True)
    simple = [turns for turns in ranked if "," not in turns.selector]
    listed = [turns for turns in ranked if "," in turns.selector]
    ranked = [*simple[:_TURN_SELECTORS], *listed[:_TURN_SELECTORS]]
    for turns in ranked:
        yield from _propose_selectors(turns, base)


def _rank_turns(turns: _Turns) -> float:
    """Return how likely elements are turns: they hold much of the text, in several pieces each."""
    return turns.characters * min(len(turns.nodes) / turns.containers, _MANY) * min(len(turns.nodes), _ENOUGH)


def _collect_turns(body: LexborNode, candidates: dict[tuple[str, str], _Turns]) -> None:
    """Add the children of every element that has several alike, by selector."""
    for parent in {node.mem_id: node for node in (body, *body.css("*"))}.values():
        children = [child for child in parent.iter() if child.tag not in _NO_TURNS and _HAN.search(child.text() or "")]
        if len(children) < 2:
            continue
        selectors: dict[str, list[LexborNode]] = defaultdict(list)
        for child in children:
            for selector in list_selectors(child):
                selectors[selector].append(child)
        if len({child.tag for child in children}) == 2:
            first, second = sorted({child.tag or "" for child in children})
            selectors[f"{first}, {second}"] = children
        alternating = [s for s, nodes in selectors.items() if "." in s and len(nodes) < len(children)]
        for first, second in itertools.combinations(alternating[:6], 2):
            selectors[f"{first}, {second}"] = [c for c in children if c in selectors[first] or c in selectors[second]]
        # Of selectors of the same elements the first by class, then by several classes, then by tag alone.
        by_rank = sorted(selectors, key=lambda selector: ("." in selector, "," not in selector))
        distinct = {tuple(child.mem_id for child in selectors[selector]): selector for selector in by_rank}
        for selector in distinct.values():
            nodes = selectors[selector]
            if len(nodes) > 1:
                container = "body" if parent.tag == "body" else list_selectors(parent)[0]
                turns = candidates.setdefault((container, selector), _Turns(selector, container))
                turns.nodes += nodes
                turns.numbers += [turns.containers] * len(nodes)
                turns.containers += 1
                turns.characters += sum(len((node.text() or "").strip()) for node in nodes)


def _propose_selectors(turns: _Turns, base: Source) -> Iterator[Source]:
    for expression, values in _list_role_expressions(turns):
        for text in _list_text_selectors(turns, expression):
            spoken: dict[str, list[str]] = defaultdict(list)
            for node, value in zip(turns.nodes, values, strict=True):
                spoken[value].append(get_text(node, text))
            html = Html(dialogue=turns.container, turn=turns.selector, role=expression, text=text)
            source = base.model_copy(update={"format": "html", "html": html})
            if len(spoken) <= _MAX_VALUES:
                yield from declare_variants(source, assign_roles(spoken))
            else:
                yield from (source.model_copy(update={"first_speaker": side}) for side in ("user", "assistant"))


def _list_role_expressions(turns: _Turns) -> list[tuple[str, list[str]]]:
    """Return expressions for the speaker, with the value for every turn; their values are few and recur."""
    expressions: list[tuple[str, list[str]]] = []
    tokens = [set((node.attributes.get("class") or "").split()) for node in turns.nodes]
    shared = set.intersection(*tokens)
    expressions.append(("@class", [next(iter(sorted(own - shared)), "") for own in tokens]))
    attributes = Counter(
        name for node in turns.nodes for name in node.attributes if name not in {"class", "id", "style"}
    )
    expressions += [(f"@{name}", [node.attributes.get(name) or "" for node in turns.nodes]) for name in attributes]
    expressions.append(("@tag", [node.tag or "" for node in turns.nodes]))
    for selector in _list_inner_selectors(turns):
        matches = [node.css_first(selector) for node in turns.nodes]
        if any(match is None for match in matches):
            continue
        expressions.append((selector, [get_text(match, "") if match else "" for match in matches]))
        for name in ("class", "alt", "title", "data-role", "src"):
            values = [(match.attributes.get(name) or "") if match else "" for match in matches]
            expressions.append((f"{selector}@{name}", values))
    named = [(e, values) for e, values in expressions if _are_speakers(values, turns)]
    return named[:_ROLE_SELECTORS]


def _are_speakers(values: Sequence[str], turns: _Turns) -> bool:
    """Return whether values are few and recur, or are two or three in nearly every dialogue, as nicknames are."""
    counts = Counter(values)
    if not all(0 < len(value) <= _MAX_NAME for value in counts) or len(counts) < 2:
        return False
    if len(counts) <= min(_MAX_VALUES, max(2, len(values) // 2)):
        return True
    dialogues: dict[int, list[str]] = defaultdict(list)
    for number, value in zip(turns.numbers, values, strict=True):
        dialogues[number].append(value)
    paired = sum(2 <= len(set(names)) <= _MANY_NAMES and len(names) > len(set(names)) for names in dialogues.values())
    return paired >= _PAIRED * len(dialogues)


def _list_inner_selectors(turns: _Turns) -> list[str]:
    """Return the selectors of elements that most turns contain, by tag and class or by position.

    Of selectors that match the same texts only the first is returned: a class tells more than a tag.
    """
    counts: Counter[str] = Counter()
    for node in turns.nodes:
        inner = [child for child in node.css("*") if child != node]
        named = {selector for child in inner for selector in list_selectors(child)}
        placed = {
            f"{child.tag}:nth-child({number})"
            for number, child in enumerate(node.iter(), start=1)
            if child.tag in _PLACED
        }
        counts.update(named | placed)
    common = [selector for selector, count in counts.items() if count >= 0.9 * len(turns.nodes)]
    common.sort(key=lambda selector: ("." not in selector, ":" in selector, selector))
    by_texts: dict[tuple[str, ...], str] = {}
    for selector in common[:_INNER_SELECTORS]:
        texts = tuple(get_text(node, selector) for node in turns.nodes[:_COMPARED_NODES])
        by_texts.setdefault(texts, selector)
    return list(by_texts.values())


def _list_text_selectors(turns: _Turns, role: str) -> list[str]:
    """Return selectors of a turn's text: one that holds all words besides the speaker's name, or several to try."""
    nodes = turns.nodes[:_COMPARED_NODES]
    name = role if "@" not in role else ""
    words = [_count_words(node, "") - (_count_words(node, name) if name else 0) for node in nodes]
    shares: dict[str, float] = {}
    for selector in _list_inner_selectors(turns):
        if selector == name:
            continue
        shares[selector] = sum(_count_words(node, selector) for node in nodes) / max(1, sum(words))
    whole = [selector for selector, share in shares.items() if 0.99 <= share <= 1.001]
    if whole:
        return whole[:1]
    partial = sorted((s for s, share in shares.items() if 0.4 <= share <= 1.001), key=lambda s: -shares[s])
    return ["", *partial[:2]]


def _count_words(node: LexborNode, selector: str) -> int:
    """Return the number of Chinese characters in what a selector matches: times, numbers and marks are no words."""
    return len(_HAN.findall(get_text(node, selector)))
