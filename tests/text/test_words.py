"""Words are found in one pass, and no text that a pattern matches is left out by looking for words first."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.text.form_labels import ANY_LABEL
from cmtmed.text.platform_candidates import find_candidates
from cmtmed.text.platform_rules import CARD, PLACEHOLDER, QUOTED_QUESTION, RULES
from cmtmed.text.words import WordSets
from cmtmed.text.words.pattern_filter import PatternFilter
from cmtmed.text.words.required import find_required_words

PATTERNS = [*(pattern for rule in RULES for pattern in rule.patterns), PLACEHOLDER, CARD, QUOTED_QUESTION, ANY_LABEL]
CHARACTERS = "ab医生头痛é\U00020000\n "
words = st.text(CHARACTERS, min_size=1, max_size=4)
texts = st.lists(st.none() | st.text(CHARACTERS, max_size=12), min_size=1, max_size=6)


@pytest.fixture(autouse=True, scope="module")
def load_kernel():
    """Load the compiled search, so that few texts are searched with it too."""
    import_module("cmtmed.text.kernels.words")


@given(st.lists(st.frozensets(words, max_size=5), min_size=1, max_size=70), texts)
def test_each_set_is_found_where_a_word_of_it_stands(sets, batch):
    expected = [[any(word in (text or "") for word in members) for text in batch] for members in sets]
    assert WordSets(sets).mark(pl.Series(batch, dtype=pl.String)).tolist() == expected


@given(st.frozensets(words, max_size=3), texts)
def test_ranges_of_characters_are_words(members, batch):
    sets = WordSets([members, ["b"]], {0: [("医", "生"), ("é", "é")]})
    expected = [
        [any(word in (text or "") for word in members) or bool(re.search("[医-生é]", text or "")) for text in batch],
        ["b" in (text or "") for text in batch],
    ]
    assert sets.mark(pl.Series(batch, dtype=pl.String)).tolist() == expected


def test_few_texts_are_searched_without_the_kernel_and_give_the_same():
    code = (
        "import sys, polars as pl; from cmtmed.text.words import WordSets\n"
        "sets = WordSets([('头痛', '发热'), 'a'], {1: [('三', '三')]})\n"
        "few = sets.mark(pl.Series(['头痛三天', None, 'a'])); assert 'numba' not in sys.modules\n"
        "many = sets.mark(pl.Series(['头痛三天', None, 'a'] * 50)); assert 'numba' in sys.modules\n"
        "print(few.tolist() == many[:, :3].tolist() == [[True, False, False], [True, False, True]])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


@pytest.mark.parametrize(
    "pattern", ["头痛", "[甲乙]方.{0,4}丙?丁+", "(?:a|bc)(?:d|e?f)", "x*y|^z$", "[^a]b", r"r(?=\d)."]
)
@given(data=st.data())
def test_a_match_holds_the_required_words(pattern, data):
    match = data.draw(st.from_regex(pattern, alphabet=st.characters(codec="utf-8")))
    alternatives = find_required_words(pattern)
    assert any(all(any(word in match for word in members) for members in sets) for sets in alternatives)


def test_patterns_that_require_nothing_are_tried_everywhere():
    assert [] in map(list, find_required_words("a?|b"))
    assert PatternFilter([r"\d", "a"]).find(pl.Series(["3", "b", None])).tolist() == [[True, False, False], [False] * 3]


@given(st.data())
def test_no_text_that_a_rule_changes_is_left_out(data):
    pattern = data.draw(st.sampled_from(PATTERNS))
    written = st.from_regex(pattern.replace("(?=", "(?:"), fullmatch=True, alphabet=st.characters(codec="utf-8"))
    before = data.draw(st.sampled_from(("", "头痛。", "头痛！", "\n")))
    after = data.draw(st.sampled_from(("", "\n好") if "$" in pattern else ("", "。", "\n好", "好")))
    text = before + data.draw(written) + after
    # Python takes the separators \x1c to \x1f for white space, and Polars does not.
    platform, labels = find_candidates(pl.Series([re.sub("[\x1c-\x1f]", " ", text)]))
    assert labels[0] if pattern == ANY_LABEL else platform[0]


def test_the_filter_finds_what_the_patterns_find():
    batch = pl.Series(["请下载某某APP", "见病历", "多喝水", "您的咨询已结束", "以上建议仅供参考"])
    patterns = [pattern.replace("(?=", "(?:") for rule in RULES for pattern in rule.patterns]
    found = PatternFilter(patterns).find(batch)
    assert found.tolist() == [batch.str.contains(pattern).to_list() for pattern in patterns]
    assert np.flatnonzero(found.any(axis=0)).tolist() == [0, 1, 3, 4]
