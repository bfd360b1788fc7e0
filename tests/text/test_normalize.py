"""Script and characters together, and the public function."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtmed
from cmtmed.errors import UsageError
from cmtmed.text.normalize import normalize_series
from tests.support.dialogues import SHARED, needs_real_data
from tests.text.test_chinese import mixed
from tests.text.test_unicode import dirty


def test_a_dirty_traditional_row():
    raw = "\ufeff<p>醫生您好！！！我３８．５℃，白細胞１２×10⁹/L，&#30332;燒三天,吃①5㎎的葯　</p>"
    assert cmtmed.normalize([raw]) == ["医生您好！我38.5℃，白细胞12×10⁹/L，发烧三天，吃①5mg的药"]


def test_script_can_be_chosen():
    assert cmtmed.normalize(["發烧"], script="keep") == ["發烧"]
    assert cmtmed.normalize(["发烧"], script="traditional") == ["發燒"]


def test_nothing_in_nothing_out():
    assert cmtmed.normalize([]) == []
    assert cmtmed.normalize(["", " \n"]) == ["", ""]


def test_nulls_stay_in_a_column():
    after = normalize_series(pl.Series("content", ["Ａ", None, "藥"]))
    assert (after.name, after.to_list()) == ("content", ["A", None, "药"])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["好", None], "texts[1] has type NoneType"),
        ([b"\xba\xc3"], "texts[0] has type bytes"),
        (["好", "好", 3.5], "texts[2] has type float"),
        ("好", "texts is a str"),
        (["\ud800疼"], "texts[0] contains a lone surrogate"),
    ],
)
def test_what_is_no_text_is_named(texts, message):
    with pytest.raises(UsageError) as refusal:
        cmtmed.normalize(texts)
    assert message in str(refusal.value)
    assert "疼" not in str(refusal.value)


@pytest.mark.parametrize(
    "call",
    [lambda script: cmtmed.normalize(["好"], script), lambda script: normalize_series(pl.Series(["好"]), script)],
)
def test_an_unknown_script_is_answered_with_the_nearest(call):
    with pytest.raises(UsageError, match="did you mean 'simplified'"):
        call("simplifed")


@settings(max_examples=150)
@given(
    text=st.lists(dirty | mixed, max_size=4).map("".join),
    script=st.sampled_from(["simplified", "traditional", "keep"]),
)
def test_normalizing_twice_is_normalizing_once(text, script):
    once = cmtmed.normalize([text], script)
    assert cmtmed.normalize(once, script) == once


@needs_real_data
@pytest.mark.parametrize("script", ["simplified", "traditional"])
def test_real_text_is_stable_and_keeps_its_digits(script):
    records = json.loads((SHARED / "zhongjing" / "huatuo26M_test.json").read_text("utf-8"))
    texts = pl.Series([text for record in records[:2000] for text in (*record["instruction"], *record["output"])])
    texts = texts.filter(~texts.str.contains(r"[<&]"))
    after = normalize_series(texts, script)
    assert normalize_series(after, script).equals(after)
    folded = texts.str.replace_many([chr(0xFF10 + value) for value in range(10)], [str(value) for value in range(10)])
    assert after.str.replace_all(r"[^0-9]", "").equals(folded.str.replace_all(r"[^0-9]", ""))


def test_no_file_is_opened_without_an_encoding():
    # Windows would read it as GBK.
    code = "import cmtmed; from cmtmed.text.segment import words; cmtmed.normalize(['藥']); words('头痛')"
    subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning", "-c", code],
        env={**os.environ, "PYTHONUTF8": "0"},
        check=True,
        timeout=60,
    )
