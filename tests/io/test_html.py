"""Pages: the text of an element is what normalization makes of the same markup."""

from __future__ import annotations

import pytest

import cmtmed
from cmtmed.io.quarantine import Reason
from tests.support.reading import read_rows, read_text

SELECTORS = {"html": {"dialogue": "div.thread", "turn": "div.post", "role": "b", "text": "div.text"}}
MARKUP = {
    "paragraphs": "<p>每次5片</p><p>2次</p>",
    "a line break": "每次5片<br>2次",
    "a closed line break": "每次5片<br/>2次",
    "blocks": "<div>每次5片</div><div>2次</div>",
    "a list": "<ul><li>白细胞12</li><li>5天后复查</li></ul>",
    "cells": "<table><tr><td>白细胞</td><td>12</td><td>5</td></tr></table>",
    "rows": "<table><tr><td>每次</td></tr><tr><td>5片</td></tr></table>",
    "header cells": "<table><tr><th>药</th><th>剂量</th></tr><tr><td>布洛芬</td><td>5ml</td></tr></table>",
    "headings": "<h3>建议</h3>多喝水",
    "superscript": "血小板150×10<sup>9</sup>/L",
    "negative superscript": "10<sup>-3</sup>",
    "subscript": "SpO<sub>2</sub> 98%",
    "source line breaks": "这两天头有点\n   晕，要不要\n   去医院",
    "inline elements": "体温<b>38.5</b>度<span>左右</span>",
    "entities": "血压&lt;140，体温&gt;38&nbsp;度",
    "a script": "有痰吗？<script>track('x')</script>",
    "a style": "<style>.a{color:red}</style>有痰吗？",
    "a comment": "有痰吗？<!-- 12 -->",
    "a definition list": "<dl><dt>诊断</dt><dd>感冒</dd></dl>",
    "an image": "看图<img src='x.png'>5天",
    "nested lists": "<ol><li>一<ul><li>二</li></ul></li><li>三</li></ol>",
    "a component": "<x-text>多喝水</x-text>，<o:p>休息</o:p>",
    "a select": "<select><option>1片</option><option>2片</option></select>",
}


def page(question, answer="多喝水"):
    return (
        "<html><head><title>问诊</title></head><body><div class='nav'>首页</div><div class='thread'>"
        f"<div class='post'><b>患者</b><div class='text'>{question}</div></div>"
        f"<div class='post'><b>医生</b><div class='text'>{answer}</div></div></div></body></html>"
    )


@pytest.mark.parametrize("name", [name for name in MARKUP if name not in {"a component", "source line breaks"}])
def test_an_element_reads_as_the_same_markup_in_a_field(tmp_path, name):
    (dialogue,), quarantined = read_text(tmp_path, "page.html", page(MARKUP[name]), **SELECTORS)
    assert quarantined == []
    # Normalization keeps one blank line between paragraphs.
    read, field = (text.split("\n") for text in cmtmed.normalize([dialogue[0][1], MARKUP[name]]))
    assert [line for line in read if line] == [line for line in field if line]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("paragraphs", "每次5片\n2次"),
        ("cells", "白细胞 12 5"),
        ("superscript", "血小板150×10⁹/L"),
        ("source line breaks", "这两天头有点 晕，要不要 去医院"),
        ("a script", "有痰吗？"),
        ("a component", "多喝水，休息"),
        ("entities", "血压<140，体温>38 度"),
    ],
)
def test_golden_texts(tmp_path, name, text):
    (dialogue,), _ = read_text(tmp_path, "page.html", page(MARKUP[name]), **SELECTORS)
    assert " ".join(dialogue[0][1].replace("\xa0", " ").split(" ")).replace("  ", " ") == text


def test_all_matches_of_the_text_are_joined_in_order(tmp_path):
    question = "头痛三天</div><div class='note'>广告</div><div class='text'>吃过布洛芬"
    (dialogue,), _ = read_text(tmp_path, "page.html", page(question), **SELECTORS)
    assert dialogue[0] == ("u", "头痛三天\n吃过布洛芬")


def test_a_page_without_selectors_is_read_as_a_transcript(tmp_path):
    text = "<html><body><p>患者：头痛三天</p><p>医生：量过血压吗？</p></body></html>"
    assert read_text(tmp_path, "page.html", text) == ([[("u", "头痛三天"), ("a", "量过血压吗？")]], [])
    assert read_text(tmp_path, "page.html", "<html><body><p>头痛</p></body></html>") == (
        [],
        [("byte 1", Reason.NO_DIALOGUE)],
    )


def test_ids_and_departments(tmp_path):
    text = page("头痛三天").replace("<div class='thread'>", "<div class='thread' data-id='7'><i>内科</i>")
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    (row,) = read_rows(tmp_path / "page.html", html={**SELECTORS["html"], "id": "@data-id", "department": "i"})
    assert (row["source_id"], row["department"]) == ("7", "内科")
