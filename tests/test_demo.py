"""The example crawl: what became of every dialogue is what its author expected."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest
from datasets import load_from_disk

import cmtmed
from cmtmed.resources import bundled

EXPECTED = json.loads(bundled("examples/crawl/expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, cmtmed.build(bundled("examples/demo.yaml"), [bundled("examples/crawl")], out)


@pytest.fixture(scope="module")
def rows(built):
    out, _ = built
    kept = [row for part in cmtmed.load(out, view="dialogues").values() for row in part]
    found = {row["id"]: row for row in [*kept, *load_from_disk(str(out / "dropped"))]}
    return {row["source_id"]: row for row in found.values()}


def test_every_dialogue_is_kept_or_dropped_as_expected(rows):
    wrong = {
        key: (told["expect"], rows[key]["drop_reason"])
        for key, told in EXPECTED["dialogues"].items()
        if (None if told["expect"] == "kept" else told["expect"]) != rows[key]["drop_reason"]
    }
    assert wrong == {}
    assert len(rows) == len(EXPECTED["dialogues"])


def test_duplicates_point_at_what_was_kept(rows):
    for key, told in EXPECTED["dialogues"].items():
        if told["expect"] in {"exact_duplicate", "near_duplicate"}:
            kept = next(row for row in rows.values() if row["id"] == rows[key]["cluster"])
            assert kept["drop_reason"] is None
            assert kept["source_id"] == told["of"]


def test_broken_records_are_in_quarantine(built):
    out, report = built
    told = [(row["file"], row["reason"]) for row in load_from_disk(str(out / "quarantine"))]
    assert sorted(told) == sorted((file, reason) for file, reasons in EXPECTED["broken"].items() for reason in reasons)
    assert report.counts["read"] == len(EXPECTED["dialogues"]) + len(told)


def test_planted_identifiers_are_gone(rows):
    """Most planted identifiers are found with their type; which ones are not is no secret."""
    planted, found = Counter(), Counter()
    for key, told in EXPECTED["dialogues"].items():
        types = Counter(span["type"] for span in rows[key]["identifiers"])
        planted.update(told["marks"])
        found.update(types & Counter(told["marks"]))
    assert planted.total() >= 40
    assert found.total() >= 0.9 * planted.total()


def test_questions_are_counted_as_a_reader_counts_them(rows):
    kept = [key for key, told in EXPECTED["dialogues"].items() if told["expect"] == "kept"]
    told = sum(EXPECTED["dialogues"][key]["inquiries"] for key in kept)
    found = sum(len(rows[key]["inquiries"]) for key in kept)
    same = sum(EXPECTED["dialogues"][key]["inquiries"] == len(rows[key]["inquiries"]) for key in kept)
    assert abs(found - told) <= 0.1 * told
    assert same >= 0.8 * len(kept)


def test_doses_survive(rows):
    text = "".join(turn["content"] for row in rows.values() for turn in row["messages"])
    for sign in ("⁹", "①", "½", "℃"):
        assert sign in text, f"{sign} stands in the crawl and must stand in the result"
    assert "\ufffd" not in text
    assert "\u200b" not in text


def test_the_crawl_is_what_its_sources_render(tmp_path):
    """``examples/crawl`` is what ``make_crawl.py`` writes from ``examples/dialogues``."""
    script = bundled("examples/make_crawl.py")
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    assert json.loads((tmp_path / "expected.json").read_text(encoding="utf-8")) == EXPECTED
    for name in ("clinic_qa.csv", "sharegpt.json", "transcripts_big5.txt"):
        assert (tmp_path / name).read_bytes() == bundled(f"examples/crawl/{name}").read_bytes()
