"""Matching many patterns in one pass decides as `re` does, one pattern and one text at a time."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.anonymize.detect.canonical import CanonicalText, build_fold_pattern
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.text.scan import PatternSet
from cmtmed.text.scan.character_sets import SetTable
from cmtmed.text.scan.sequences import MAX_LENGTH, derive_sequences

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
HINTS = sorted({hint for recognizer in RECOGNIZERS.values() for hint, _ in recognizer.patterns_by_hint})
ALPHABET = "王医生床号12aA，\n🐧"

ATOMS = st.sampled_from(["王", "医", "a", ".", "[王医]", "[^医\\n]", "[0-9]", "(?i:a)", "\\s", "🐧"])
BOUNDS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{0,2}", "{1,30}", "{3,}"])


@st.composite
def patterns(draw):
    """Draw a pattern without lookaround."""
    branches = []
    for _ in range(draw(st.integers(1, 3))):
        pieces = []
        for _ in range(draw(st.integers(1, 4))):
            atom = draw(ATOMS)
            if draw(st.booleans()):
                atom = f"(?:{atom}{draw(ATOMS)}|{draw(ATOMS)})"
            pieces.append(atom + draw(BOUNDS))
        branches.append(draw(st.sampled_from(["", "", "^"])) + "".join(pieces) + draw(st.sampled_from(["", "", "$"])))
    return "|".join(branches)


@given(st.lists(patterns(), min_size=1, max_size=4), st.lists(st.text(ALPHABET, max_size=12), max_size=6))
@settings(deadline=None)
def test_one_pass_decides_as_re_does(drawn: list[str], texts: list[str]) -> None:
    pattern_set = PatternSet(drawn)
    together = pattern_set.match_together(pl.Series(texts, dtype=pl.String))
    expected = [[re.search(pattern.replace("$", r"\Z"), text) is not None for pattern in drawn] for text in texts]
    assert together.tolist() == expected
    assert np.array_equal(together, pattern_set.match_one_by_one(texts))


@pytest.mark.parametrize(
    ("pattern", "lengths"),
    [
        ("王医生|李医生", [3]),  # [王李]医生
        ("[0-9]{1,2}床?", [1]),  # one digit is enough
        ("住院.{0,2}号", [3, 4, 5]),
        ("患者.{40}病", [2]),  # cut at the gap
        ("病" + "[0-9]" * 40, [MAX_LENGTH]),
        (".*", None),
    ],
)
def test_sequences_say_what_a_pattern_requires(pattern: str, lengths: list[int] | None) -> None:
    derived = derive_sequences(pattern, SetTable())
    assert (derived and sorted({len(sequence.sets) for sequence in derived})) == lengths


# Pieces of the hints themselves, so that drawn texts come close to matches.
PIECES = sorted({piece for hint in HINTS for piece in re.findall(r"[\u4e00-\u9fff]{1,4}|[A-Za-z]{2,5}", hint)})


@given(st.lists(st.lists(st.sampled_from([*PIECES, "1", "38", " ", "：", "，", "\n"]), max_size=12), max_size=40))
@settings(deadline=None, max_examples=60)
def test_no_hint_is_lost_in_drawn_texts(drawn: list[list[str]]) -> None:
    texts = ["".join(pieces) for pieces in drawn]
    hints = load_hints()
    assert np.array_equal(hints.match_together(pl.Series(texts, dtype=pl.String)), hints.match_one_by_one(texts))


@pytest.mark.skipif(not DATA.exists(), reason="needs the real data in ../shared/data")
def test_no_hint_is_lost_in_real_texts() -> None:
    rows = json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8"))
    texts = [row["instruction"] for row in rows if row.get("instruction")][:400]
    texts += (Path(__file__).parents[1] / "data" / "identifiers_dev.jsonl").read_text(encoding="utf-8").splitlines()
    hints = load_hints()
    assert np.array_equal(hints.match_together(pl.Series(texts)), hints.match_one_by_one(texts))


@cache
def load_hints() -> PatternSet:
    """Return the hints of all recognizers, compiled once."""
    return PatternSet([*HINTS, build_fold_pattern()])


REQUIRED = sorted({required for recognizer in RECOGNIZERS.values() for _, required in recognizer.patterns_by_hint})[1:]


def test_what_checks_require_loses_no_name() -> None:
    """Names with surnames and characters of every weight, in every surrounding that a check knows."""
    surnames, given = "王李高向于祝揭常", "伟宝珠学的药小"
    names = [surname + first + second for surname in surnames for first in given for second in ["", *given]]
    names += ["欧阳", "欧阳娜", "古丽·买买提"]
    frames = [
        "{}医生",
        "请{}主任看看",
        "，{}大夫好",
        "我妈{}住院",
        "我是{}，",
        "身份证上是{}，",
        "和{}说",
        "告诉{}今年5岁",
    ]
    texts = [frame.format(name) for frame in frames for name in names]
    required = PatternSet([], REQUIRED).match_together(pl.Series(texts))
    for recognizer in RECOGNIZERS.values():
        for pattern in recognizer.patterns:
            if pattern.required:
                found = [any(True for _ in recognizer.scan(CanonicalText(text), [pattern])) for text in texts]
                assert any(found)
                assert not (np.array(found) & ~required[:, REQUIRED.index(pattern.required)]).any()


def test_tables_are_kept_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    texts = pl.Series(["王医生", "医生"])
    first = PatternSet(["[王李]医生"]).match_together(texts)
    (saved,) = tmp_path.glob("*.npz")
    assert PatternSet(["[王李]医生"]).match_together(texts).tolist() == first.tolist() == [[True], [False]]
    saved.write_bytes(b"damaged")
    assert PatternSet(["[王李]医生"]).match_together(texts).tolist() == first.tolist()
