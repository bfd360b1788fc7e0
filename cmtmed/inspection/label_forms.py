r"""Forms of speakers' labels, found by how the lines of a text begin.

A label is a name between marks: ``求诊人 -> ``, ``[00:12] 发言人1：``, ``2021-03-16 13:18 木木`` on a line of its own.
Lines are reduced to their form (name, time, number, marks); a form that many lines share, and whose names recur, is one
of labels. Whoever the names are, the form becomes a regular expression.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cmtmed.inspection.measures import SAID

# ruff: noqa: E501 (patterns read best in one line)

_DATE: Final = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/]\d{1,2}|(?:\d{4}年)?\d{1,2}月\d{1,2}日)"
_CLOCK: Final = r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:[.,]\d{1,6})?"
STAMP: Final = rf"(?:{_DATE}(?:[ T　]{{1,2}}{_CLOCK})?(?:\+\d\d:?\d\d|Z)?|(?:[上下]午)?{_CLOCK})"
"""A date, a time, or both."""
_TITLE: Final = r"(?:[ 　](?:主任|副主任|主治|住院|执业|值班)?(?:医师|医生|大夫|药师|护士|主任|教授|专家))"
_WORD: Final = r"@?[^\W\d][\w·•.@-]{0,15}?"
_DETAIL: Final = r"[ ]?[（(\[<][^（()）\[\]<>\n]{1,24}[）)\]>]"
_TOKEN: Final = re.compile(
    rf"(?P<T>{STAMP})|(?P<W>@?[^\W\d][\w·•@-]{{0,15}}(?:{_TITLE}|[ ]\d{{1,2}}(?=[ \t　]|$))?)(?P<D>{_DETAIL})?|(?P<N>\d{{1,6}})|(?P<S>[ \t　]+)|(?P<P>[^\w\s])"
)
_ENDS: Final = frozenset("，。？！、；,;?!…“”\"'‘’%℃")
"""Marks of sentences, which stand in no label."""
_SHOWN: Final = 90
_MAX_PARTS: Final = 9
_SHARE: Final = 0.3
_LEAST: Final = 4
_FEW_NAMES: Final = 12
_RECURRING: Final = 0.7
_RECURRING_BARE: Final = 0.5
_OFTEN: Final = 0.1
_COVERED: Final = 0.97
_MAX_LEAD: Final = 4
_WIDER: Final = 1.2
_CANDIDATES: Final = 4


@dataclass
class LabelForm:
    """A form of labels.

    Attributes:
        parts: name (``W``, or ``V`` without the number behind it), time (``T``), number (``N``), blanks (``_``) and
            marks in order; ``~`` is any number and marks before the name, ``$`` the end of the line.
        names: number of labels for each name.
        blocks: for each name the numbers of the blocks between blank lines that it stands in.
        has_details: whether a name may have something in brackets behind it.
    """

    parts: tuple[str, ...]
    names: Counter[str] = field(default_factory=Counter)
    blocks: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    has_details: bool = False

    @property
    def few_names(self) -> list[str]:
        """The names that nearly all labels have, if these are few and of many dialogues, the longest first."""
        # Without marks a line that is what somebody says looks like a name too.
        least, share = (2, _COVERED) if self.has_marks else (_OFTEN * self.names.total(), _RECURRING_BARE)
        most = [name for name, count in self.names.most_common(_FEW_NAMES) if count >= least]
        covered = sum(self.names[name] for name in most)
        are_spread = len(self.names) <= 2 or all(len(self.blocks[name]) > 1 for name in most)
        is_covered = covered >= share * self.names.total() and are_spread and len(most) > 1
        return sorted(most, key=lambda name: (-len(name), name)) if is_covered else []

    @property
    def has_marks(self) -> bool:
        """Whether something other than blanks stands beside the name."""
        return not {*self.parts} <= {"W", "V", "_", "$", "~"}

    def to_pattern(self) -> str:
        """Return a regular expression that matches the labels, with the group ``speaker``."""
        word = "|".join(map(re.escape, self.few_names)) or f"{_WORD}{_TITLE}?"
        name = rf"(?P<speaker>{word})"
        detail = rf"(?:{_DETAIL})?" if self.has_details else ""
        pieces = {
            "W": name + detail,
            "V": name + r"\d{0,6}" + detail,
            "T": STAMP,
            "N": r"\d{1,6}",
            "$": r"[ \t　]*(?:\n|$)",
            "_": r"[ \t　]+",
            "~": r"[ \t　]*(?:[^\w\s]?\d{0,4}[^\w\s]{1,2})?[ \t　]*",
        }
        first, *rest = self.parts
        pattern = r"[ \t　]*" if first == "_" else pieces.get(first, re.escape(first))
        pattern += "".join(pieces.get(part, re.escape(part)) for part in rest)
        return f"^{pattern}" + ("" if self.parts[-1] in ("$", "_") else r"[ \t　]*")


def find_forms(texts: Iterable[str]) -> list[LabelForm]:
    r"""Return the forms that lines of texts begin with, the most frequent and most specific first.

    >>> [form.to_pattern() for form in find_forms(["甲 -> 头痛三天了\n乙 -> 发烧吗？\n甲 -> 没有\n乙 -> 多喝水"])]
    ['^(?P<speaker>乙|甲)[ \\t　]+\\->[ \\t　]+']
    """
    forms: dict[tuple[str, ...], LabelForm] = {}
    lines, block = 0, 0
    for text in texts:
        block += 1
        for line in text.split("\n"):
            if not line.strip():
                block += 1
                continue
            lines += 1
            for parts, name, has_details in _list_forms(line):
                for variant, label in _list_variants(parts, name):
                    form = forms.setdefault(variant, LabelForm(variant))
                    form.names[label] += 1
                    form.blocks[label].add(block)
                    form.has_details |= has_details
    least = max(_LEAST, _SHARE * lines / 2)
    frequent = [form for form in forms.values() if form.names.total() >= least and _recurs(form)]
    ranked = sorted(frequent, key=lambda form: (-form.names.total(), -len(form.parts), form.parts))
    strict = [form for form in ranked if not _is_wide(form)]
    most = max((form.names.total() for form in strict), default=0)
    are_named = any(form.few_names for form in strict)
    # A wider form is of use only if it matches more labels than a stricter one, or fewer names.
    chosen = [
        form
        for form in ranked
        if not _is_wide(form) or form.names.total() > _WIDER * most or (form.few_names and not are_named)
    ]
    return sorted(chosen, key=lambda form: not form.few_names)[:_CANDIDATES]


def _is_wide(form: LabelForm) -> bool:
    return form.parts[0] == "~" or "V" in form.parts


def _recurs(form: LabelForm) -> bool:
    """Return whether most labels have a name that others have too, and there are at least two names."""
    if all(SAID.search(name) for name, count in form.names.items() if count > 1):
        return False
    recurring = sum(count for count in form.names.values() if count > 1)
    least = _RECURRING if form.has_marks else _RECURRING_BARE
    return len(form.names) > 1 and recurring >= least * form.names.total()


def _list_variants(parts: tuple[str, ...], name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield a form, and the wider ones: whatever stands before the name, and without the number behind it."""
    yield parts, name
    number = parts.index("W")
    head, tail = parts[:number], parts[number + 1 :]
    if "T" not in head and len(head) <= _MAX_LEAD:
        yield ("~", "W", *tail), name
        stem = name.rstrip("0123456789")
        if stem:
            yield ("~", "V", *tail), stem


def _list_forms(line: str) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield the forms that a line may begin with, the name in each, and whether details stand behind it."""
    parts: list[str] = []
    name, has_details = "", False
    position = 0
    while position < min(len(line), _SHOWN) and len(parts) < _MAX_PARTS:
        match = _TOKEN.match(line, position)
        if match is None:
            return
        kind = match.lastgroup or ""
        text = match.group()
        if kind in {"W", "D"}:
            if name:
                return
            name, has_details, kind = match["W"].strip(), match["D"] is not None, "W"
        elif kind == "S":
            kind = "\t" if text == "\t" else "_"
        elif kind == "P":
            if text in _ENDS:
                return
            kind = text
        parts.append(kind)
        position = match.end()
        rest = line[position:]
        # Behind the name, marks and blanks end the label where something else begins.
        if name and kind not in {"W", "N"} and rest.strip() and _begins_text(rest):
            yield tuple(parts), name, has_details
    if name and not line[position:].strip() and (len(parts) > 1 or len(name) <= _FEW_NAMES):
        yield (*parts, "$"), name, has_details


def _begins_text(rest: str) -> bool:
    """Return whether what follows is neither a mark nor a blank, so that it may be what is said."""
    return rest[0].isalnum() or rest[0] in '“"《（(【[「『' or rest[0] in _ENDS
