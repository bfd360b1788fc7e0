"""Each recognizer against its own examples, checksums against published numbers, and the development set.

The development set (``data/identifiers_dev.jsonl``) was written for this project. Its half ``held_out`` was written
after the rules; on its first use they scored exact F1 .948 (P .988, R .911), with a leak in 8 of 86 texts and no
finding in 58 look-alikes. Notations that it showed to be missed were added afterwards.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cmtmed.anonymize import TYPES, evaluate_identifiers, find_identifiers
from cmtmed.anonymize.detect.names.introduced_persons import find_name_after_trigger
from cmtmed.anonymize.detect.names.titled_persons import find_name_before_title
from cmtmed.anonymize.detect.overlaps import resolve_overlaps
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.detect.recognizers.bank_card import has_valid_luhn
from cmtmed.anonymize.detect.recognizers.id_card import has_valid_checksum

DEV = Path(__file__).parents[1] / "data" / "identifiers_dev.jsonl"
BLIND = Path(__file__).parents[1] / "data" / "identifiers_blind.jsonl"


def unmark(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """Remove ``⟦…⟧`` from an example and return the marked spans."""
    text, spans, start = "", [], 0
    for token in re.split("([⟦⟧])", marked):
        if token == "⟦":
            start = len(text)
        elif token == "⟧":
            spans.append((start, len(text)))
        else:
            text += token
    return text, spans


@pytest.mark.parametrize(
    ("identifier_type", "marked"),
    [(recognizer.type, example) for recognizer in RECOGNIZERS.values() for example in recognizer.examples],
)
def test_examples_are_found_exactly(identifier_type: str, marked: str) -> None:
    text, spans = unmark(marked)
    assert spans
    identifiers = [identifier for identifier in find_identifiers([text])[0] if identifier.type == identifier_type]
    assert [(identifier.start, identifier.end) for identifier in identifiers] == spans


@pytest.mark.parametrize(
    ("identifier_type", "text"),
    [(recognizer.type, text) for recognizer in RECOGNIZERS.values() for text in recognizer.lookalikes],
)
def test_lookalikes_are_not_found(identifier_type: str, text: str) -> None:
    assert not [identifier for identifier in find_identifiers([text])[0] if identifier.type == identifier_type]


@pytest.mark.parametrize("identifier_type", TYPES)
def test_every_recognizer_has_examples_and_lookalikes(identifier_type: str) -> None:
    assert len(RECOGNIZERS[identifier_type].examples) >= 3
    assert len(RECOGNIZERS[identifier_type].lookalikes) >= 2


@pytest.mark.parametrize("identifier_type", TYPES)
def test_hints_match_what_the_patterns_match(identifier_type: str) -> None:
    """What a recognizer finds in its examples by itself, it also finds through its Polars hints."""
    for marked in RECOGNIZERS[identifier_type].examples:
        text, _ = unmark(marked)
        assert any(identifier.type == identifier_type for identifier in find_identifiers([text])[0])


def read_rows(half: str) -> list[dict]:
    rows = [json.loads(line) for line in DEV.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["half"] == half]


@pytest.mark.parametrize(("half", "min_f1"), [("tuned", 0.97), ("held_out", 0.94)])
def test_development_set(half: str, min_f1: float) -> None:
    rows = read_rows(half)
    predicted = [
        {tuple(identifier) for identifier in spans} for spans in find_identifiers([row["text"] for row in rows])
    ]
    gold = [{tuple(span) for span in row["spans"]} for row in rows]
    hits = sum(len(expected & spans) for expected, spans in zip(gold, predicted, strict=True))
    f1 = 2 * hits / (sum(map(len, gold)) + sum(map(len, predicted)))
    leaking_texts = sum(
        not get_positions(expected) <= get_positions(spans) for expected, spans in zip(gold, predicted, strict=True)
    )
    touched_texts = sum(bool(spans) for expected, spans in zip(gold, predicted, strict=True) if not expected)
    clean_texts = sum(not expected for expected in gold)
    assert f1 >= min_f1
    assert leaking_texts <= 0.05 * (len(rows) - clean_texts)
    assert touched_texts <= 0.02 * clean_texts


def get_positions(spans: set[tuple[int, int, str]]) -> set[int]:
    return {position for start, end, _ in spans for position in range(start, end)}


@pytest.mark.parametrize(("half", "min_f1", "max_leaking"), [("open", 0.91, 0.13), ("sealed", 0.78, 0.36)])
def test_blind_set(half: str, min_f1: float, max_leaking: float) -> None:
    """The set's author had not seen the rules; nobody who writes rules reads the sealed half or any failure in it."""
    rows = [row for row in map(json.loads, BLIND.read_text(encoding="utf-8").splitlines()) if row["half"] == half]
    gold = [[(start, end, identifier_type) for start, end, identifier_type in row["spans"]] for row in rows]
    report = evaluate_identifiers(gold, find_identifiers([row["text"] for row in rows]))
    assert report.total.exact.f1 >= min_f1
    assert report.leaking_texts.count <= max_leaking * report.leaking_texts.of
    assert report.touched_texts.count <= 0.015 * report.touched_texts.of


def test_development_set_covers_every_type_and_enough_lookalikes() -> None:
    rows = read_rows("tuned") + read_rows("held_out")
    assert len(rows) >= 400
    assert {identifier_type for row in rows for _, _, identifier_type in row["spans"]} == set(TYPES)
    assert sum(not row["spans"] for row in rows) >= 150


def test_identity_number_check_character() -> None:
    assert has_valid_checksum("11010519491231002X")  # the example of GB 11643-1999
    assert has_valid_checksum("440524188001010014")  # its second example
    assert not has_valid_checksum("110105194912310021")


def test_luhn() -> None:
    assert has_valid_luhn("79927398713")  # the textbook's example
    assert not any(has_valid_luhn(f"7992739871{digit}") for digit in "012456789")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("上次王", "王"),
        ("找王建国", "王建国"),
        ("和李", "李"),
        ("谢谢徐", "徐"),
        ("请欧阳娜娜", "欧阳娜娜"),
        ("谢谢", None),
        ("这张", None),
        ("主任", None),
        ("提高", None),
        ("任何", None),
        ("三周", None),
        ("关于", None),
    ],
)
def test_name_before_a_title(text: str, name: str | None) -> None:
    match = find_name_before_title(text + "医生", len(text))
    assert (text[match[0] :] if match else None) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("李娜今年28岁", "李娜"),
        ("李秀兰今年28岁", "李秀兰"),
        ("欧阳修远，男", "欧阳修远"),
        ("阿依古丽·买买提，女", "阿依古丽·买买提"),
        ("豆豆，三岁", "豆豆"),
        ("保密，谢谢", None),
        ("什么都行", None),
    ],
)
def test_name_behind_a_label(text: str, name: str | None) -> None:
    match = find_name_after_trigger(text, 0, trusted=True)
    assert (text[: match[0]] if match else None) == name


@pytest.mark.parametrize(
    ("candidates", "chosen_type"),
    [
        ([(0, 11, "PHONE", 0.85), (0, 11, "ORDER", 0.95)], "ORDER"),
        ([(0, 2, "PERSON", 0.9), (0, 6, "HOSPITAL", 0.7)], "HOSPITAL"),
    ],
)
def test_a_label_beats_a_form_and_the_longer_name_wins(
    candidates: list[tuple[int, int, str, float]], chosen_type: str
) -> None:
    assert [identifier.type for identifier in resolve_overlaps(candidates)] == [chosen_type]


def test_overlapping_readings_of_one_address_are_merged() -> None:
    assert resolve_overlaps([(0, 6, "ADDRESS", 0.7), (4, 12, "ADDRESS", 0.9)]) == [(0, 12, "ADDRESS")]
