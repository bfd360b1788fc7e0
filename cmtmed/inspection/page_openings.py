"""What a patient wrote above the talk on a page: an element outside the turns that every dialogue has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cmtmed.inspection.page_texts import list_selectors
from cmtmed.inspection.question_pages import parse_pages
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.trial import Trial, is_valid, read_samples
from cmtmed.inspection.voice import mean_voice
from cmtmed.io.html import get_text
from cmtmed.text.characters import count_characters

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_LEAST: Final = 3
_EVERY: Final = 0.8
_CANDIDATES: Final = 4
_CHARACTERS: Final = 8
_LINKED: Final = 0.3
_GAIN: Final = 0.002
_ASIDE: Final = frozenset({"a", "nav", "footer", "header", "form", "button", "option", "title"})


def add_opening(samples: Sequence[Sample], trial: Trial) -> Trial:
    """Return a trial whose dialogues begin with what the patient wrote outside the turns, if pages have that."""
    html = trial.source.html
    if trial.source.format != "html" or not html.turn or html.opening or len(trial.dialogues) < _LEAST:
        return trial
    trees = parse_pages(samples, trial.source.encoding)
    dialogues = [tree.css(html.dialogue) for tree in trees]
    best = trial
    for scope, nodes in _list_scopes(trees, dialogues, html.dialogue):
        for opening in _list_openings(nodes, html.turn):
            changed = html.model_copy(update={"opening": opening, "dialogue": scope})
            source = trial.source.model_copy(update={"html": changed})
            if not is_valid(source):
                continue
            candidate = read_samples(samples, source, speech=trial.speech)
            is_same = len(candidate.dialogues) == len(trial.dialogues)
            if is_same and candidate.score > best.score + _GAIN and candidate.characters > best.characters:
                best = candidate
    return best


def _list_scopes(
    trees: Sequence[LexborHTMLParser], dialogues: Sequence[Sequence[LexborNode]], selector: str
) -> list[tuple[str, list[LexborNode]]]:
    """Return the elements of the dialogues, and those around them that hold one dialogue each, with their selectors."""
    if all(len(nodes) == 1 for nodes in dialogues):
        return [("body", [tree.body for tree in trees if tree.body is not None])]
    nodes = [node for found in dialogues for node in found]
    scopes = [(selector, nodes)]
    around = [node.parent for node in nodes if node.parent is not None and node.parent.tag != "body"]
    if len({parent.mem_id for parent in around}) == len(nodes):
        scopes.append((list_selectors(around[0])[0], around))
    return scopes


def _list_openings(scopes: Sequence[LexborNode], turn: str) -> list[str]:
    """Return the selectors of elements that stand once in most dialogues, outside the turns, with a text of its own."""
    texts: dict[str, list[str]] = defaultdict(list)
    for scope in scopes:
        turns = {node.mem_id for node in scope.css(turn)}
        for node in scope.css("*"):
            if node.mem_id != scope.mem_id and not _touches(node, turns):
                text = get_text(node, "")
                linked = sum(count_characters(link.text() or "") for link in node.css("a"))
                if text and linked <= _LINKED * count_characters(text):
                    for selector in list_selectors(node):
                        texts[selector].append(text)
    kept = {
        selector: found
        for selector, found in texts.items()
        if _EVERY * len(scopes) <= len(found) <= len(scopes)
        and len(set(found)) >= _EVERY * len(found)
        and sum(map(count_characters, found)) >= _CHARACTERS * len(found)
    }
    distinct = {tuple(found): selector for selector, found in reversed(kept.items())}
    ranked = sorted(distinct.items(), key=lambda item: (mean_voice(item[0]), item[1]))
    return [selector for _, selector in ranked[:_CANDIDATES]]


def _touches(node: LexborNode, turns: set[int]) -> bool:
    """Return whether an element is aside of the page's text, is in a turn, or contains one."""
    if node.tag in _ASIDE or any(inner.mem_id in turns for inner in node.css("*")):
        return True
    return any(parent.mem_id in turns or parent.tag in _ASIDE for parent in _iter_parents(node))


def _iter_parents(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent
