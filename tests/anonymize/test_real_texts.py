"""Ordinary consultation texts hold almost no identifiers; the findings in them were checked by eye."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from cmtmed.anonymize import find

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real texts (../shared/data) are missing")


def read_turns() -> list[str]:
    rows = json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8"))
    return [turn for row in rows for pair in row.get("history", []) for turn in pair]


def test_hardly_anything_is_found_in_generated_dialogues() -> None:
    texts = pl.Series(read_turns())
    matches = find(texts)
    assert matches["text"].n_unique() < 0.001 * len(texts)
    # Hospitals, and one head of department by name; 谢谢医生 occurs a thousand times.
    assert (matches["type"] == "PERSON").sum() <= 1


def test_titled_doctors_and_hospitals_of_real_questions_are_found() -> None:
    with (DATA / "toyhom" / "internal_medicine.gb18030.csv").open(encoding="gb18030", newline="") as file:
        texts = pl.Series([row["ask"] for row in csv.DictReader(file)])
    matches = find(texts)
    values = {texts[row][start:end] for row, start, end, _ in matches.iter_rows()}
    assert {"302医院", "湖南总队医院", "武警湖南总队医院", "邵逸夫医院"} & values >= {"302医院", "邵逸夫医院"}
    assert matches.height < 0.02 * len(texts)
