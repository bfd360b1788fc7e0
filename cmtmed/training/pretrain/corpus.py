"""Plain text for pretraining: views of builds, and files in five formats, read one document at a time.

=======  ==================================================================================================
format   what it holds
=======  ==================================================================================================
view     the view ``pretrain`` of a build, or the build: dialogues as text
book     plain text (.txt): split at chapters and paragraphs
article  JSON with ``text`` or ``content``, and a ``title`` if there is one; CSV with such columns
record   clinical records: JSON with ``text``, with ``sections`` or with a field per section; CSV, a column per section
qa       questions and answers: 问/答, question/answer, ask/answer, instruction/output, as texts or lists of texts
triples  JSON or CSV of head, relation, tail (subject/predicate/object): turned into sentences
=======  ==================================================================================================

JSON is lines of objects or one array of them; the files of a folder are read in order of their paths. ``auto`` detects
the format of a file by its suffix and the fields of its first row.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cmtmed.artifacts import MANIFEST_FILE
from cmtmed.errors import DatasetError, UsageError, did_you_mean
from cmtmed.training.pretrain.books import split_book
from cmtmed.training.pretrain.rows import ANSWER_FIELDS, QUESTION_FIELDS, RENDERERS, TEXT_FIELDS, get_field, to_text
from cmtmed.training.pretrain.textfiles import Row, first_character, peek_rows, read_chunks, read_records, read_table
from cmtmed.training.pretrain.triples import Patterns, Triple, verbalize
from cmtmed.training.run.settings import DataSource
from cmtmed.training.run.views import open_view

log = logging.getLogger("cmtmed.training")

FORMATS: Final = ("view", "book", "article", "record", "qa", "triples")
_TRIPLE_FIELDS: Final = (
    ("head", "subject", "头实体"),
    ("relation", "predicate", "关系"),
    ("tail", "object", "尾实体"),
)
_RECORD_FIELDS: Final = ("sections", "主诉", "现病史", "既往史", "chief_complaint", "history_of_present_illness")
_JSON, _TABLE, _PLAIN = (".json", ".jsonl", ".ndjson"), (".csv", ".tsv", ".tab"), (".txt", ".md")


def read_documents(source: DataSource, split: str, patterns: Patterns, limit: int) -> Iterator[str]:
    """Yield the documents of a source.

    Args:
        source: the source.
        split: of a view; files are all ``train``.
        patterns: sentence patterns for triples.
        limit: of the longest document of a book or of triples, in characters.

    Yields:
        Texts that hold more than whitespace.

    Raises:
        UsageError: the format of the source is unknown, it is another view, or it holds no text.
        DatasetError: a row is not what the format says, or a byte does not decode; no message quotes the text.
    """
    if source.format not in {"auto", *FORMATS}:
        raise UsageError(
            f"data: no format is called {source.format!r}; {did_you_mean(source.format, ['auto', *FORMATS])}"
        )
    path = Path(source.path)
    if path.is_dir() and source.format in {"auto", "view"} and not _list_files(path):
        yield from _drop_empty(open_view(path, "pretrain").get(split, {"text": []})["text"], source.label)
    elif source.format == "view":
        raise UsageError(f"{source.path!r} is not a view of a build; give out/pretrain, or leave format to auto")
    elif split == "train":
        is_empty = True
        for file in _list_files(path) if path.is_dir() else [path]:
            for text in _drop_empty(_read_file(file, source.format, patterns, limit), file.name):
                is_empty = False
                yield text
        if is_empty:
            raise UsageError(f"{source.path!r} holds no text; leave it out of data")


def has_split(source: DataSource, split: str) -> bool:
    """Whether a source is a view with rows in that split."""
    path = Path(source.path)
    return path.is_dir() and not _list_files(path) and split in open_view(path, "pretrain")


def _list_files(folder: Path) -> list[Path]:
    """Return the files of a folder that is no dataset."""
    if any((folder / name).is_file() for name in (MANIFEST_FILE, "dataset_dict.json", "state.json")):
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {*_JSON, *_TABLE, *_PLAIN})


def _drop_empty(texts: Iterable[str], name: str) -> Iterator[str]:
    empty = 0
    for text in texts:
        if text and not text.isspace():
            # JSON can hold half of a surrogate pair, which no tokenizer takes.
            yield text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        else:
            empty += 1
    if empty:
        log.info("data: %s: %d rows contain no text and are left out", name, empty)


def _read_file(path: Path, file_format: str, patterns: Patterns, limit: int) -> Iterator[str]:
    suffix = path.suffix.lower()
    suffixes = (*_PLAIN, *_JSON, *_TABLE)
    if file_format == "auto" and suffix not in suffixes:
        raise UsageError(
            f"{str(path)!r} is neither a view of a build nor a file that is read here ({', '.join(suffixes)}); "
            "if it is text, set the format of this source"
        )
    # Some corpora of JSON lines are called .txt, too.
    is_plain = file_format == "book" or (file_format == "auto" and suffix in _PLAIN and first_character(path) != "{")
    if is_plain and suffix not in {*_JSON, *_TABLE}:
        return split_book(read_chunks(path), limit)
    fields, rows = peek_rows(read_table(path) if suffix in _TABLE else read_records(path))
    if not fields:
        return iter(())
    if file_format == "auto":
        file_format = detect_format(fields, path)
    if file_format == "book":
        raise UsageError(f"{str(path)!r} contains rows and is not a book; leave format to auto")
    if file_format == "triples":
        _check_triple_fields(fields, path)
        return verbalize(_read_triples(rows, path), patterns, limit, path.name)
    if file_format == "record":
        log.info("data: %s: records are read as they are; identifiers in them are not removed", path.name)
    return _render_rows(rows, path, file_format)


def detect_format(fields: Iterable[str], path: Path) -> str:
    """Return the format that has the fields of a row.

    Args:
        fields: names of the first row.
        path: the file that messages name.

    Raises:
        UsageError: there is none; the message gives the fields and what to do.
    """
    present = set(fields)
    if all(present & set(names) for names in _TRIPLE_FIELDS):
        return "triples"
    if present & set(QUESTION_FIELDS) and present & set(ANSWER_FIELDS):
        return "qa"
    if present & set(_RECORD_FIELDS):
        return "record"
    if present & set(TEXT_FIELDS):
        return "article"
    raise UsageError(
        f"{str(path)!r}: no format has the fields {', '.join(sorted(present))}; "
        f"set the format of this source to one of {', '.join(FORMATS[2:])}"
    )


def _check_triple_fields(fields: Iterable[str], path: Path) -> None:
    for names in _TRIPLE_FIELDS:
        if not set(fields) & set(names):
            raise UsageError(
                f"{str(path)!r} has no column {names[0]} (or {', '.join(names[1:])}), and triples need head, relation "
                f"and tail; it has {', '.join(fields)}"
            )


def _render_rows(rows: Iterator[tuple[str, Row]], path: Path, file_format: str) -> Iterator[str]:
    render = RENDERERS[file_format]
    for position, row in rows:
        try:
            yield render(row)
        except LookupError as error:
            present = ", ".join(sorted(map(str, row)))
            raise DatasetError(
                f"{path}: {position} has no {error.args[0]}, which {file_format} needs; it has {present}"
            ) from None
        except TypeError as error:
            raise DatasetError(f"{path}: {position}: {error}") from None


def _read_triples(rows: Iterator[tuple[str, Row]], path: Path) -> Iterator[Triple]:
    for position, row in rows:
        try:
            head, relation, tails = (get_field(row, names, names[0]) for names in _TRIPLE_FIELDS)
            for tail in tails if isinstance(tails, list) else [tails]:
                triple = Triple(*(to_text(value).strip() for value in (head, relation, tail)))
                if not all(triple):
                    raise TypeError("head, relation or tail is empty")
                yield triple
        except LookupError as error:
            raise DatasetError(
                f"{path}: {position} has no {error.args[0]}; a triple has head, relation, tail"
            ) from None
        except TypeError as error:
            raise DatasetError(f"{path}: {position}: {error}") from None
