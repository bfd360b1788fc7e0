"""One row of JSON or CSV as text: articles, questions and answers, clinical records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cmtmed.training.pretrain.textfiles import Row

TEXT_FIELDS: Final = ("text", "content", "正文", "内容")
QUESTION_FIELDS: Final = ("问", "question", "ask", "instruction", "query", "问题")
ANSWER_FIELDS: Final = ("答", "answer", "output", "response", "回答", "答案")
_TITLE_FIELDS: Final = ("title", "标题", "词条", "名称", "name")


def get_field(row: Row, names: tuple[str, ...], description: str) -> object:
    """Return the value of the first of several fields that a row has.

    Raises:
        LookupError: it has none; the argument is the description.
    """
    for name in names:
        if name in row:
            return row[name]
    raise LookupError(description)


def to_text(value: object) -> str:
    """Return a text, a number as text, or a list of them one per line; nothing for null.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(to_text, value)))
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    raise TypeError(f"a value is {type(value).__name__} instead of text")


def _join_lines(*texts: str) -> str:
    """Join texts that hold more than whitespace, each once."""
    return "\n".join(dict.fromkeys(stripped for text in texts if (stripped := text.strip())))


def _render_article(row: Row) -> str:
    text = to_text(get_field(row, TEXT_FIELDS, "text"))
    title = next((row[name] for name in _TITLE_FIELDS if name in row), "")
    return _join_lines(to_text(title), text) if text.strip() else ""


def _render_qa(row: Row) -> str:
    question = to_text(get_field(row, QUESTION_FIELDS, "question"))
    answer = to_text(get_field(row, ANSWER_FIELDS, "answer"))
    # Crawls put the gist of a question into a title; Alpaca puts its subject matter into `input`.
    title, context = to_text(row.get("title")), to_text(row.get("input"))
    return _join_lines(title, question, context, answer) if answer.strip() else ""


def _render_record(row: Row) -> str:
    if "text" in row:
        return to_text(row["text"])
    sections = row.get("sections", {name: value for name, value in row.items() if name != "id"})
    if isinstance(sections, dict):
        texts = [(name, to_text(value)) for name, value in sections.items()]
    elif isinstance(sections, list) and all(isinstance(section, dict) for section in sections):
        texts = [
            (
                to_text(get_field(section, _TITLE_FIELDS, "title")),
                to_text(get_field(section, TEXT_FIELDS, "text")),
            )
            for section in sections
        ]
    else:
        raise TypeError(f"sections is {type(sections).__name__} instead of a mapping or a list of objects")
    return _join_lines(*(f"{name}：{text.strip()}" for name, text in texts if text.strip()))


RENDERERS: Final[dict[str, Callable[[Row], str]]] = {
    "article": _render_article,
    "qa": _render_qa,
    "record": _render_record,
}
"""Format to the function that turns a row into a document."""
