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
    kept = [row for split in cmtmed.load(out, view="dialogues").values() for row in split]
    rows_by_id = {row["id"]: row for row in [*kept, *load_from_disk(str(out / "dropped"))]}
    return {row["source_id"]: row for row in rows_by_id.values()}


def test_the_demo_begins_with_an_inspection(tmp_path):
    demo = subprocess.run(
        [sys.executable, str(bundled("examples/demo.py")), str(tmp_path / "out")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert 0 < demo.stdout.index("proposed pipeline") < demo.stdout.index("drop_duplicates")


def test_every_dialogue_is_kept_or_dropped_as_expected(rows):
    mismatches = {
        key: (dialogue["expect"], rows[key]["drop_reason"])
        for key, dialogue in EXPECTED["dialogues"].items()
        if (None if dialogue["expect"] == "kept" else dialogue["expect"]) != rows[key]["drop_reason"]
    }
    assert mismatches == {}
    assert len(rows) == len(EXPECTED["dialogues"])


def test_duplicates_point_at_what_was_kept(rows):
    for key, dialogue in EXPECTED["dialogues"].items():
        if dialogue["expect"] in {"exact_duplicate", "near_duplicate"}:
            kept = next(row for row in rows.values() if row["id"] == rows[key]["cluster"])
            assert kept["drop_reason"] is None
            assert kept["source_id"] == dialogue["of"]


def test_broken_records_are_in_quarantine(built):
    out, report = built
    records = [(row["file"], row["reason"]) for row in load_from_disk(str(out / "quarantine"))]
    assert sorted(records) == sorted(
        (file, reason) for file, reasons in EXPECTED["broken"].items() for reason in reasons
    )
    assert report.counts["read"] == len(EXPECTED["dialogues"]) + len(records)


def test_planted_identifiers_are_gone(rows):
    """Most planted identifiers are found with their type; which ones are not is no secret."""
    planted, redacted = Counter(), Counter()
    for key, dialogue in EXPECTED["dialogues"].items():
        types = Counter(span["type"] for span in rows[key]["identifiers"])
        planted.update(dialogue["marks"])
        redacted.update(types & Counter(dialogue["marks"]))
    assert planted.total() >= 40
    assert redacted.total() >= 0.9 * planted.total()


def test_questions_are_counted_as_a_reader_counts_them(rows):
    kept = [key for key, dialogue in EXPECTED["dialogues"].items() if dialogue["expect"] == "kept"]
    counts = [(EXPECTED["dialogues"][key]["inquiries"], len(rows[key]["inquiries"])) for key in kept]
    expected, tagged = (sum(column) for column in zip(*counts, strict=True))
    assert abs(tagged - expected) <= 0.1 * expected
    assert sum(first == second for first, second in counts) >= 0.8 * len(kept)


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
