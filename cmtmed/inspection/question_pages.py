"""Candidate sources for pages of one question each: elements that every page has, by what stands in them."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from cmtmed.inspection.samples import Sample
from cmtmed.inspection.voice import mean_voice, score_voice
from cmtmed.io.html import HIDDEN, decode_page, get_text
from cmtmed.source import Html, Source

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

PAGES: Final = 20
"""Pages that are looked at."""
_LEAST_PAGES: Final = 3
_EVERY: Final = 0.8
_ANSWERED: Final = 0.5
_DISTINCT: Final = 0.7
_LINKED: Final = 0.5
_CANDIDATES: Final = 4
_CARD_CHARACTERS: Final = 60
_CARDS: Final = 0.6
_RANK: Final = re.compile(r"医师|主任|教授|药师|护士长")
_ANCESTORS: Final = 3
_MIN_HAN: Final = 5
_RECURRING: Final = 0.3
_SPEECH_HAN: Final = 8
_NAME: Final = re.compile(r"-?[A-Za-z_][\w-]*")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_END: Final = re.compile(r"[，。？！?!；]")
_NO_TEXTS: Final = frozenset(
    {"html", "head", "body", "a", "option", "button", "label", "nav", "footer", "header", "form"}
)


class _Place(NamedTuple):
    """Where a text stands: the element of the turn, the class or id that names it, and what in it is the text."""

    turn: str
    attribute: str
    value: str
    text: str


@dataclass
class _Texts:
    """What stands in one place of the pages."""

    pages: set[int] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    characters: int = 0
    linked: int = 0

    @property
    def voice(self) -> float:
        return mean_voice(self.texts)

    @property
    def is_card(self) -> bool:
        """Whether most texts are a doctor's name, rank and figures."""
        cards = sum(len(text) < _CARD_CHARACTERS and _RANK.search(text) is not None for text in self.texts)
        return cards > _CARDS * len(self.texts)

    def is_speech(self, pages: int, share: float) -> bool:
        """Return whether the texts differ from page to page, are long enough, and are no links."""
        if len(self.pages) < max(2, share * pages) or self.linked > _LINKED * self.characters:
            return False
        return len(set(self.texts)) >= _DISTINCT * len(self.texts)


def parse_pages(samples: Sequence[Sample], encoding: str) -> list[LexborHTMLParser]:
    """Return the trees of the first pages, without what a browser does not show."""
    from selectolax.lexbor import LexborHTMLParser

    trees = [LexborHTMLParser(decode_page(sample.head, encoding) or "") for sample in samples[:PAGES]]
    for tree in trees:
        tree.strip_tags(list(HIDDEN))
    return [tree for tree in trees if tree.body is not None]


def propose_question_pages(samples: Sequence[Sample], base: Source) -> Iterator[Source]:
    """Yield candidate sources for pages that each hold a patient's text and answers to it."""
    trees = parse_pages(samples, base.encoding)
    if len(trees) < _LEAST_PAGES:
        return
    places: dict[_Place, _Texts] = defaultdict(_Texts)
    for number, tree in enumerate(trees):
        for node in tree.css("body *"):
            _collect_places(node, number, places)
    asked = [
        (place, found)
        for place, found in places.items()
        if len(found.texts) <= 1.5 * len(found.pages) and found.is_speech(len(trees), _EVERY) and found.voice < 0
    ]
    answered = [
        (place, found) for place, found in places.items() if found.is_speech(len(trees), _ANSWERED) and found.voice > 0
    ]
    asked = _choose_places(asked, sign=-1)
    answered = _choose_places(answered, sign=1)
    for (question, _), (answer, _) in itertools.product(asked, answered):
        if question.attribute == answer.attribute and question.value != answer.value:
            source = _make_source(question, answer, base)
            if source is not None:
                yield source


def _choose_places(places: list[tuple[_Place, _Texts]], *, sign: int) -> list[tuple[_Place, _Texts]]:
    """Return the places that sound most like one side, and those with most text; of the same texts the simplest two."""
    places = [(place, found) for place, found in places if not found.is_card]
    by_voice = sorted(places, key=lambda item: (-sign * item[1].voice, bool(item[0].text), item[0]))
    by_size = sorted(places, key=lambda item: (-item[1].characters, bool(item[0].text), item[0]))
    chosen: dict[_Place, _Texts] = {}
    for ranked in (by_voice, by_size):
        seen: Counter[tuple[str, ...]] = Counter()
        for place, found in ranked:
            texts = tuple(sorted(found.texts))
            seen[texts] += 1
            if seen[texts] <= 2 and len(seen) <= _CANDIDATES:
                chosen[place] = found
    return list(chosen.items())


def _make_source(question: _Place, answer: _Place, base: Source) -> Source | None:
    if bool(question.text) != bool(answer.text):
        return None
    text = ", ".join(dict.fromkeys((question.text, answer.text))) if question.text else ""
    turn = f"{question.turn}, {answer.turn}"
    html = Html(dialogue="body", turn=turn, role=f"@{question.attribute}", text=text)
    roles = {"user": (question.value,), "assistant": (answer.value,)}
    return base.model_copy(update={"format": "html", "html": html, "roles": roles})


def _collect_places(node: LexborNode, page: int, places: dict[_Place, _Texts]) -> None:
    """Add the text of an element under its own class or id, and under those of the elements around it."""
    if node.tag in _NO_TEXTS or any(parent.tag in _NO_TEXTS - {"body", "html"} for parent in _iter_parents(node)):
        return
    text = " ".join((node.text() or "").split())
    if len(_HAN.findall(text)) < _MIN_HAN:
        return
    linked = sum(len((link.text() or "").strip()) for link in node.css("a"))
    own = list(_list_names(node))
    found = [_Place(selector, attribute, value, "") for selector, attribute, value in own]
    inner = own[0][0] if own else str(node.tag)
    for parent in itertools.islice((p for p in _iter_parents(node) if _list_names(p)), _ANCESTORS):
        found += [_Place(selector, attribute, value, inner) for selector, attribute, value in _list_names(parent)]
    for place in found:
        texts = places[place]
        texts.pages.add(page)
        texts.texts.append(text)
        texts.characters += len(text)
        texts.linked += linked


def _iter_parents(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None and parent.tag not in {"body", "html"}:
        yield parent
        parent = parent.parent


def _list_names(node: LexborNode) -> list[tuple[str, str, str]]:
    """Return selector, attribute and value for the classes and the id of an element."""
    classes = [token for token in (node.attributes.get("class") or "").split() if _NAME.fullmatch(token)]
    names = [(f"{node.tag}.{token}", "class", token) for token in classes]
    identifier = node.attributes.get("id") or ""
    # Ids with numbers differ from page to page.
    if re.fullmatch(r"-?[A-Za-z_][A-Za-z_-]*", identifier):
        names.append((f"{node.tag}#{identifier}", "id", identifier))
    return names


def count_speech(samples: Sequence[Sample], base: Source) -> int:
    """Return the characters of what may be said on the pages: sentences that are neither links nor on many pages."""
    lines: list[set[str]] = []
    for tree in parse_pages(samples, base.encoding):
        tree.strip_tags(["a", "nav", "footer"])
        if tree.body is not None:
            lines.append(set(get_text(tree.body, "").split("\n")))
    spread = Counter(line for page in lines for line in page)
    most = max(2, _RECURRING * len(lines))
    said = [line for page in lines for line in page if spread[line] <= most and _is_said(line)]
    return sum(len("".join(line.split())) for line in said) if len(lines) >= _LEAST_PAGES else 0


def _is_said(line: str) -> bool:
    return len(_HAN.findall(line)) >= _SPEECH_HAN and (_END.search(line) is not None or score_voice(line) != 0)
