"""Speakers' labels inside a turn whose speaker the record names.

The record is right about who speaks. A label that repeats it (患者：头痛, said by the patient) is redundant. One that
contradicts it is an address (医生：您好, said by the patient) or a quotation, and so it stays text, unless the turn
really holds several speakers: it begins with a label of its own speaker, and the other side has one too, at the start
of a line, or behind the end of a sentence if the first speaker then returns. Doctors quote lists of questions and
answers (问：… 答：…) more often than they speak them, so that such labels divide only a patient's turn that ends with a
question, as prompts do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cmtmed.schema import Role
from cmtmed.text.speaker_labels import LabelGrammar, get_name

_LIST_NAMES: Final = frozenset(
    {"问", "答", "問", "q", "a", "question", "answer", "提问", "提問", "追问", "回答", "回复", "回覆", "回復"}
)
"""Names that number questions and answers as often as they name speakers."""
_BLANKS: Final = " \t\u3000"


@dataclass
class _Label:
    """A label in a turn: where it stands, and whom it names."""

    start: int
    end: int
    name: str
    role: Role
    begins_line: bool
    is_listed: bool

    @property
    def numbers_list(self) -> bool:
        return self.name.rstrip("0123456789") in _LIST_NAMES

    @property
    def is_letter(self) -> bool:
        """Whether the name is a letter, which may as well number a list: A：…, B：…."""
        return self.name[:1].isascii() and not self.name[1:].isalpha()


def divide_turn(grammar: LabelGrammar, role: Role, text: str) -> list[tuple[Role, str]]:
    r"""Remove redundant labels from a turn, and divide it if it holds several speakers.

    Args:
        grammar: the labels.
        role: the turn's speaker according to the record.
        text: the turn.

    Returns:
        Role and text of each turn; the turn itself if its labels say nothing.

    >>> from cmtmed.text.speaker_names import create_role_table
    >>> grammar = LabelGrammar(create_role_table({}))
    >>> divide_turn(grammar, "user", "患者：头痛\n医生：多久了？\n患者：三天")
    [('user', '头痛'), ('assistant', '多久了？'), ('user', '三天')]
    >>> divide_turn(grammar, "user", "医生：您好，我头痛")
    [('user', '医生：您好，我头痛')]
    """
    pending: list[tuple[Role, str]] = [(role, text)]
    turns: list[tuple[Role, str]] = []
    while pending:
        speaker, content = pending.pop()
        divided = _divide_once(grammar, speaker, content)
        if divided is None:
            turns.append((speaker, content))
        else:
            pending += reversed(divided)
    return turns


def _divide_once(grammar: LabelGrammar, role: Role, text: str) -> list[tuple[Role, str]] | None:
    labels = list(_iter_labels(grammar, text)) if role != "system" else []
    if not labels or labels[0].role != role or text[: labels[0].start].strip():
        return None
    ends = [label.start for label in labels[1:]] + [len(text)]
    contents = [text[label.end : end].strip() for label, end in zip(labels, ends, strict=True)]
    if _name_both_sides(labels, ends_empty=not contents[-1]):
        return [(label.role, content) for label, content in zip(labels, contents, strict=True)]
    # A number behind the name may be an age: 患者54：男.
    if (
        labels[0].is_letter
        or labels[0].name[-1:].isdecimal()
        or any(label.begins_line and label.role != role for label in labels)
    ):
        return None
    return [(role, _remove_repeated(text, labels))]


def _iter_labels(grammar: LabelGrammar, text: str) -> Iterator[_Label]:
    """Yield the labels of a text; one right behind another repeats it or is part of what is said."""
    previous: _Label | None = None
    for match in grammar.find_labels(text):
        name = get_name(match)
        role = grammar.find_role(name)
        begins_line = match["inline"] is None
        if role is None:
            continue
        if previous is not None and not text[previous.end : match.start()].strip(_BLANKS):
            if role == previous.role:
                previous.end = match.end()
            continue
        if previous is not None:
            yield previous
        previous = _Label(match.start(), match.end(), name.lower(), role, begins_line, grammar.is_listed(name))
    if previous is not None:
        yield previous


def _name_both_sides(labels: Sequence[_Label], *, ends_empty: bool) -> bool:
    """Return whether the labels of a turn, the first of which names its speaker, name two who speak."""
    first_role = labels[0].role
    others = [index for index, label in enumerate(labels) if label.role not in (first_role, "system")]
    if not others:
        return False
    returns = any(label.role == first_role for label in labels[others[0] :])
    if all(label.numbers_list for label in labels):
        return first_role == "user" and returns and (labels[-1].role == first_role or ends_empty)
    is_clear = labels[others[0]].begins_line and labels[others[0]].is_listed and labels[0].is_listed
    return returns or is_clear


def _remove_repeated(text: str, labels: Sequence[_Label]) -> str:
    """Remove the first label, and its repetitions at the start of later lines."""
    repeated = [label for label in labels if label.begins_line and label.name == labels[0].name]
    starts = [0, *(label.end for label in repeated)]
    ends = [*(label.start for label in repeated), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True)).strip()
