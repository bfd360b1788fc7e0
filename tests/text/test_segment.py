"""Words and parts of speech."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.text import segment
from cmtmed.text.segment import tag_words, words


def test_words():
    assert words("高血压患者头痛三天") == ["高血压", "患者", "头痛", "三天"]
    assert words("") == []


def test_tags_carry_places():
    tagged = tag_words("我住在北京，王小明医生您好")
    assert ("北京", "ns", 3, 5) in tagged
    assert [(word, flag) for word, flag, _, _ in tagged if flag == "nr"] == [("王小明", "nr")]


@settings(max_examples=150)
@given(text=st.text(max_size=30) | st.text(alphabet="头痛三天3.5℃ \n\r\tabc，。🙂", max_size=30))
def test_words_tile_the_text(text):
    assert "".join(words(text)) == text
    assert all(text[start:end] == word for word, _, start, end in tag_words(text))
    assert sum(end - start for _, _, start, end in tag_words(text)) == len(text)


def test_threads_share_one_tagger(monkeypatch):
    built = []
    monkeypatch.setattr(segment, "_TAGGER", [])
    original = segment._build_tagger
    monkeypatch.setattr(segment, "_build_tagger", lambda: built.append(1) or original())
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(words, ["高血压怎么治疗"] * 16))
    assert results == [["高血压", "怎么", "治疗"]] * 16
    assert len(built) == 1


def test_jieba_is_quiet_and_leaves_no_file(tmp_path):
    code = (
        "import sys; from cmtmed.text.segment import words; assert 'jieba' not in sys.modules; "
        "assert words('头痛三天') == ['头痛', '三天']"
    )
    process = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "TMP": str(tmp_path)},
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (process.stdout, process.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []
