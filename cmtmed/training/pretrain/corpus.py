"""Where plain text for pretraining comes from: views of builds, and files of five kinds, read one document at a time.

=======  ==================================================================================================
format   what it holds
=======  ==================================================================================================
view     the view ``pretrain`` of a build, or the build: dialogues as text
book     plain text (.txt): cut at chapters and paragraphs
article  JSON with ``text`` or ``content``, and a ``title`` if there is one; CSV with such columns
record   clinical records: JSON with ``text``, with ``sections`` or with a field a section; CSV, a column a section
qa       questions and answers: 问/答, question/answer, ask/answer, instruction/output, as texts or lists of texts
triples  JSON or CSV of head, relation, tail (subject/predicate/object): said in sentences
=======  ==================================================================================================

JSON is lines of objects or one array of them; a folder of such files is read in order of their paths. ``auto`` tells
the format of a file by its ending and the fields of its first row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError, UsageError, did_you_mean
from cmtmed.training.pretrain import books
from cmtmed.training.pretrain.textfiles import first_character, peek_rows, read_chunks, read_records, read_table
from cmtmed.training.pretrain.triples import Patterns, Triple, verbalize
from cmtmed.training.run.settings import DataSource
from cmtmed.training.run.views import open_view

log = logging.getLogger("cmtmed.training")

FORMATS: Final = ("view", "book", "article", "record", "qa", "triples")
_TEXT: Final = ("text", "content", "正文", "内容")
_TITLE: Final = ("title", "标题", "词条", "名称", "name")
_QUESTION: Final = ("问", "question", "ask", "instruction", "query", "问题")
_ANSWER: Final = ("答", "answer", "output", "response", "回答", "答案")
_TRIPLE: Final = (("head", "subject", "头实体"), ("relation", "predicate", "关系"), ("tail", "object", "尾实体"))
_SECTIONS: Final = ("sections", "主诉", "现病史", "既往史", "chief_complaint", "history_of_present_illness")
_JSON, _TABLE, _PLAIN = (".json", ".jsonl", ".ndjson"), (".csv", ".tsv", ".tab"), (".txt", ".md")
_Row = Mapping[str, Any]


def read_documents(part: DataSource, split: str, patterns: Patterns, limit: int) -> Iterator[str]:
    """Yield the documents of a source.

    Args:
        part: the source.
        split: of a view; files are all ``train``.
        patterns: how triples are said.
        limit: characters of the longest document of a book or of triples.

    Yields:
        Texts that hold more than space.

    Raises:
        UsageError: the source is of no known kind, another view, or holds no text.
        DatasetError: a row is not what the format says, or a byte does not decode; no message quotes the text.
    """
    if part.format not in {"auto", *FORMATS}:
        raise UsageError(f"data: no format is called {part.format!r}; {did_you_mean(part.format, ['auto', *FORMATS])}")
    path = Path(part.path)
    if path.is_dir() and part.format in {"auto", "view"} and not _files(path):
        yield from _counted(open_view(path, "pretrain").get(split, {"text": []})["text"], part.label)
    elif part.format == "view":
        raise UsageError(f"{part.path!r} is no view of a build; give out/pretrain, or leave format to auto")
    elif split == "train":
        held = False
        for file in _files(path) if path.is_dir() else [path]:
            for text in _counted(_file(file, part.format, patterns, limit), file.name):
                held = True
                yield text
        if not held:
            raise UsageError(f"{part.path!r} holds no text; leave it out of data")


def has_split(part: DataSource, split: str) -> bool:
    """Say whether a source is a view with rows in that split."""
    path = Path(part.path)
    return path.is_dir() and not _files(path) and split in open_view(path, "pretrain")


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder that is no dataset."""
    if any((folder / name).is_file() for name in ("manifest.json", "dataset_dict.json", "state.json")):
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {*_JSON, *_TABLE, *_PLAIN})


def _counted(found: Iterable[str], name: str) -> Iterator[str]:
    empty = 0
    for text in found:
        if text and not text.isspace():
            # JSON can hold half of a character, which no tokenizer takes.
            yield text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        else:
            empty += 1
    if empty:
        log.info("data: %s: %d rows hold no text and are left out", name, empty)


def _file(path: Path, form: str, patterns: Patterns, limit: int) -> Iterator[str]:
    suffix = path.suffix.lower()
    known = (*_PLAIN, *_JSON, *_TABLE)
    if form == "auto" and suffix not in known:
        raise UsageError(
            f"{str(path)!r} is neither a view of a build nor a file that is read here ({', '.join(known)}); "
            "if it is text, set the format of this source"
        )
    # Corpora of JSON lines are called .txt, too.
    plain = form == "book" or (form == "auto" and suffix in _PLAIN and first_character(path) != "{")
    if plain and suffix not in {*_JSON, *_TABLE}:
        return books.split_book(read_chunks(path), limit)
    fields, rows = peek_rows(read_table(path) if suffix in _TABLE else read_records(path))
    if not fields:
        return iter(())
    if form == "auto":
        form = recognize_format(fields, path)
    if form == "book":
        raise UsageError(f"{str(path)!r} holds rows and is no book; leave format to auto")
    if form == "triples":
        _columns(fields, path)
        return verbalize(_triples(rows, path), patterns, limit, path.name)
    if form == "record":
        log.info("data: %s: records are read as they are; nothing here takes out who the patient is", path.name)
    return _each(rows, path, form)


def recognize_format(fields: Iterable[str], path: Path) -> str:
    """Return the format that the fields of a row tell.

    Args:
        fields: names of the first row.
        path: the file that messages name.

    Raises:
        UsageError: none; the message gives the fields and what to do.
    """
    there = set(fields)
    if all(there & set(names) for names in _TRIPLE):
        return "triples"
    if there & set(_QUESTION) and there & set(_ANSWER):
        return "qa"
    if there & set(_SECTIONS):
        return "record"
    if there & set(_TEXT):
        return "article"
    raise UsageError(
        f"{str(path)!r}: no format is known by the fields {', '.join(sorted(there))}; "
        f"set the format of this source to one of {', '.join(FORMATS[2:])}"
    )


def _columns(fields: Iterable[str], path: Path) -> None:
    for names in _TRIPLE:
        if not set(fields) & set(names):
            raise UsageError(
                f"{str(path)!r} has no column {names[0]} (or {', '.join(names[1:])}), and triples need head, relation "
                f"and tail; it has {', '.join(fields)}"
            )


def _each(rows: Iterator[tuple[str, _Row]], path: Path, form: str) -> Iterator[str]:
    read = _ROWS[form]
    for place, row in rows:
        try:
            yield read(row)
        except LookupError as error:
            told = ", ".join(sorted(map(str, row)))
            raise DatasetError(f"{path}: {place} has no {error.args[0]}, which {form} needs; it has {told}") from None
        except TypeError as error:
            raise DatasetError(f"{path}: {place}: {error}") from None


def _triples(rows: Iterator[tuple[str, _Row]], path: Path) -> Iterator[Triple]:
    for place, row in rows:
        try:
            head, relation, tails = (_one(row, names, names[0]) for names in _TRIPLE)
            for tail in tails if isinstance(tails, list) else [tails]:
                triple = Triple(*(_plain(value).strip() for value in (head, relation, tail)))
                if not all(triple):
                    raise TypeError("head, relation or tail is empty")
                yield triple
        except LookupError as error:
            raise DatasetError(f"{path}: {place} has no {error.args[0]}; a triple has head, relation, tail") from None
        except TypeError as error:
            raise DatasetError(f"{path}: {place}: {error}") from None


def _one(row: _Row, names: tuple[str, ...], what: str) -> Any:
    for name in names:
        if name in row:
            return row[name]
    raise LookupError(what)


def _plain(value: Any) -> str:
    """Return a text, a number as text, or a list of them one a line; nothing for null."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_plain, value)))
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    raise TypeError(f"a value is {type(value).__name__} instead of text")


def _lines(*told: str) -> str:
    return "\n".join(dict.fromkeys(one for text in told if (one := text.strip())))


def _article(row: _Row) -> str:
    text = _plain(_one(row, _TEXT, "text"))
    title = next((row[name] for name in _TITLE if name in row), "")
    return _lines(_plain(title), text) if text.strip() else ""


def _qa(row: _Row) -> str:
    question, answer = _plain(_one(row, _QUESTION, "question")), _plain(_one(row, _ANSWER, "answer"))
    # Crawls put the gist of a question into a title; Alpaca puts what it is about into `input`.
    title, more = _plain(row.get("title")), _plain(row.get("input"))
    return _lines(title, question, more, answer) if answer.strip() else ""


def _record(row: _Row) -> str:
    if "text" in row:
        return _plain(row["text"])
    sections = row.get("sections", {name: value for name, value in row.items() if name != "id"})
    if isinstance(sections, dict):
        told = [(name, _plain(value)) for name, value in sections.items()]
    elif isinstance(sections, list) and all(isinstance(one, dict) for one in sections):
        told = [(_plain(_one(one, _TITLE, "title")), _plain(_one(one, _TEXT, "text"))) for one in sections]
    else:
        raise TypeError(f"sections is {type(sections).__name__} instead of a mapping or a list of objects")
    return _lines(*(f"{name}：{text.strip()}" for name, text in told if text.strip()))


_ROWS: Final[dict[str, Callable[[_Row], str]]] = {"article": _article, "qa": _qa, "record": _record}
