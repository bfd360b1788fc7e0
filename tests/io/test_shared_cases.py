"""The inputs on which text was once lost stay right: read without a declaration, or by the unedited proposal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cmtmed
from cmtmed.pipeline import Pipeline
from cmtmed.source import Source

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT.parent / "shared" / "cases" / "reading"
sys.path.insert(0, str(ROOT / "benchmarks"))

from inspection import read_dialogues, score  # noqa: E402
from inspection_gold import read_gold  # noqa: E402

GOLD = {
    "/".join(path.parts[-2:]): path
    for path in (sorted(CASES.rglob("*")) if CASES.exists() else ())
    if path.is_file() and read_gold(path) is not None
}
pytestmark = pytest.mark.skipif(not GOLD, reason="../shared/cases/reading is absent")


@pytest.mark.parametrize("name", GOLD)
def test_cases_are_read_without_a_declaration(name: str) -> None:
    """Roles and texts of every turn are those of the reading by hand, and no character is lost."""
    gold = read_gold(GOLD[name])
    assert gold is not None
    assert score(gold, read_dialogues(GOLD[name], [Source(name="crawl")])) == (1.0, 0.0)


@pytest.mark.parametrize("name", GOLD)
def test_proposals_for_cases_are_right_unedited(name: str, tmp_path: Path) -> None:
    """What `cmtmed.inspect` proposes reads the same."""
    gold = read_gold(GOLD[name])
    assert gold is not None
    proposed = tmp_path / "proposed.yaml"
    proposed.write_text(cmtmed.inspect(GOLD[name]).pipeline, encoding="utf-8")
    assert score(gold, read_dialogues(GOLD[name], Pipeline.load(proposed).sources)) == (1.0, 0.0)
