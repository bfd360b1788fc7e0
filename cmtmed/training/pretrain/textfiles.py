"""Text files read in bounded memory: their encoding, their lines, JSON records and rows of CSV.

A file is UTF-8 (with or without a byte order mark), UTF-16 with one, or GB18030; which one is determined by decoding
all of it, so that nothing is replaced or guessed on the way. Memory holds one chunk, or one record.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Final

from cmtmed.errors import DatasetError, UsageError

CHUNK: Final = 2**16
LONGEST: Final = 2**26
"""Characters of the longest record; a broken one must not pull the rest of its file into memory."""
Row = Mapping[str, object]
"""A JSON object, or a row of a table by column."""
_SAMPLE: Final = 2**20
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Three characters or more of UTF-8 Chinese in a row do not occur by chance in text of another encoding.
_UTF8_RUN: Final = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf][\x80-\xbf]|\xef\xbc[\x80-\xbf]){3}")
# A fifth and more of text in either script is made of these, and hardly any of text decoded in a wrong encoding.
_COMMON: Final = frozenset(
    "的一是不了在有人我他这这個个中来來上大为為和国地到以说說时時要就出会會可也你对對生能而子那得于於着下自之年过過发發后後作里用道行所"
    "然家种種事成方多经經么么去法学學如都同现現其者此两日月见見气氣病症疼痛药藥，。、；：？！（）"
)
_SPACE: Final = re.compile(r"[\s,]*")


def detect_encoding(path: Path) -> str:
    """Return the codec that decodes all of a file.

    Raises:
        UsageError: the file cannot be read.
        DatasetError: none does; the message gives the first byte that fails.
    """
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
        for mark, codec in _MARKS:
            if sample.startswith(mark):
                return _check_encoding(path, codec)
        utf8_error = _find_undecodable(path, "utf-8")
        if utf8_error is None:
            return "utf-8"
        if _UTF8_RUN.search(sample):
            raise DatasetError(f"{path}: byte {utf8_error} is not UTF-8, unlike the rest; correct it there")
        gb18030_error = _find_undecodable(path, "gb18030")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if gb18030_error is not None:
        raise DatasetError(
            f"{path}: not UTF-8 (byte {utf8_error}) and not GB18030 (byte {gb18030_error}); convert it to UTF-8"
        )
    if not _is_chinese(sample.decode("gb18030", "ignore")):
        # GB18030 decodes nearly any bytes, Big5 among them.
        raise DatasetError(
            f"{path}: not UTF-8 (byte {utf8_error}), and as GB18030 it is not Chinese; convert it to UTF-8"
        )
    return "gb18030"


def _check_encoding(path: Path, codec: str) -> str:
    position = _find_undecodable(path, codec)
    if position is not None:
        raise DatasetError(f"{path}: byte {position} is not {codec.removesuffix('-sig').upper()}; correct it there")
    return codec


def _find_undecodable(path: Path, codec: str) -> int | None:
    """Return the position of the first byte that does not decode, None if all do."""
    decoder, offset = codecs.getincrementaldecoder(codec)(), 0
    with path.open("rb") as file:
        while True:
            raw = file.read(CHUNK)
            start = offset - len(decoder.getstate()[0])
            try:
                decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as error:
                return start + error.start
            if not raw:
                return None
            offset += len(raw)


def _is_chinese(text: str) -> bool:
    wide = [sign for sign in text if sign > "\x7f"]
    return len(wide) < 20 or sum(sign in _COMMON for sign in wide) > 0.08 * len(wide)


def read_chunks(path: Path) -> Iterator[str]:
    r"""Yield the text of a file chunk by chunk; lines end with ``\n``."""
    with path.open(encoding=detect_encoding(path)) as file:
        while text := file.read(CHUNK):
            yield text


def first_character(path: Path) -> str:
    """Return the first character that is no whitespace; empty for a file without any."""
    for text in read_chunks(path):
        if text.strip():
            return text.lstrip()[0]
    return ""


def read_records(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the objects of JSON lines, or of one JSON array, each with its position in words.

    Raises:
        DatasetError: one is no JSON object; the message gives its position and no text.
    """
    if first_character(path) == "[":
        yield from _read_array(path)
        return
    with path.open(encoding=detect_encoding(path)) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield f"line {number}", _check_object(json.loads(line), path, f"line {number}")
                except ValueError:
                    raise DatasetError(f"{path}: line {number} is not JSON; correct or remove it") from None


def _read_array(path: Path) -> Iterator[tuple[str, Row]]:
    decoder, chunks = json.JSONDecoder(), read_chunks(path)
    buffer = next(chunks).lstrip()
    start, number = 1, 1
    while True:
        space = _SPACE.match(buffer, start)
        start = space.end() if space else start
        if buffer.startswith("]", start):
            return
        position = f"element {number}"
        try:
            value, start = decoder.raw_decode(buffer, start)
        except ValueError:
            # Incomplete, or broken: twice as much is read each time, up to the longest record.
            buffer = buffer[start:]
            text = "".join(islice(chunks, 1 + len(buffer) // CHUNK))
            if not text or len(buffer) > LONGEST:
                raise DatasetError(
                    f"{path}: {position} is not JSON, or the file is truncated there; correct it"
                ) from None
            buffer, start = buffer + text, 0
            continue
        yield position, _check_object(value, path, position)
        number += 1


def _check_object(value: object, path: Path, position: str) -> Row:
    if not isinstance(value, dict):
        raise DatasetError(f"{path}: {position} holds {type(value).__name__} instead of an object")
    return value


def read_table(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a CSV or TSV file, as column to value, each with its position in words.

    Raises:
        DatasetError: a row has more fields than the header, or cannot be read.
    """
    # A discharge letter is longer than the 128 KiB that a field may have by default.
    csv.field_size_limit(LONGEST)
    has_tabs = path.suffix.lower() in {".tsv", ".tab"}
    with path.open(encoding=detect_encoding(path), newline="") as file:
        reader = csv.DictReader(file, delimiter="\t" if has_tabs else ",", restval="")
        try:
            for row in reader:
                if None in row:
                    raise DatasetError(f"{path}: line {reader.line_num} has more fields than the header; quote them")
                yield f"line {reader.line_num}", {str(name).strip(): value for name, value in row.items()}
        except csv.Error as error:
            raise DatasetError(f"{path}: line {reader.line_num} cannot be read: {error}") from None


def peek_rows(rows: Iterator[tuple[str, Row]]) -> tuple[list[str], Iterator[tuple[str, Row]]]:
    """Return the fields of the first row, and all rows; no fields if there is no row."""
    first = list(islice(rows, 1))
    return (list(first[0][1]) if first else []), chain(first, rows)
