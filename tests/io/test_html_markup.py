"""Markup of all kinds: a page and a field of the same markup become one text."""

from __future__ import annotations

import re

import pytest

import cmtmed
from tests.support.reading import read_all

MARKUP = {
    "power": ("白细胞10<sup>9</sup>/L", "白细胞10⁹/L"),
    "power with blanks": ("10<sup> 12 </sup>/L", "10¹²/L"),
    "negative power": ("10<sup>-3</sup>mol", "10⁻³mol"),
    "power with attributes": ('10<sup class="u" style=color:red>9</sup>/L', "10⁹/L"),
    "emphasis in a power": ("10<sup><b>9</b></sup>/L", "10⁹/L"),
    "index": ("CO<sub>2</sub>偏高", "CO₂偏高"),
    "capitals": ("H<SUB>2</SUB>O<BR>每日<B>一</B>次", "H₂O\n每日一次"),
    "line break": ("头晕<br>恶心<br/>乏力", "头晕\n恶心\n乏力"),
    "line break with attributes": ('头晕<br clear="all" />恶心', "头晕\n恶心"),
    "paragraphs": ("<p>头晕</p><p>恶心</p>", "头晕\n恶心"),
    "divisions": ("<div>头晕<div>恶心</div></div>", "头晕\n恶心"),
    "items": ("<ul><li>头晕</li><li>恶心</li></ul>", "头晕\n恶心"),
    "cells": ("<table><tr><td>白细胞</td><td>8.1</td></tr><tr><td>血小板</td><td>210</td></tr></table>", "白细胞 8.1\n血小板 210"),
    "head cells": ("<table><tr><th>项目</th><th>结果</th></tr><tr><td>血糖</td><td>5.6</td></tr></table>", "项目 结果\n血糖 5.6"),
    "caption": ("<table><caption>血常规</caption><tr><td>白细胞</td><td>8.1</td></tr></table>", "血常规\n白细胞 8.1"),
    "definitions": ("<dl><dt>用法</dt><dd>每日一次</dd></dl>", "用法\n每日一次"),
    "nested inline": ("<span>每日<em>一<strong>次</strong></em></span>", "每日一次"),
    "emphasis of one letter": ("<u>忌</u><s>酒</s><i>后</i>", "忌酒后"),
    "font and link": ('<font color="red">忌酒</font>，见<a href="http://x.invalid">说明书</a>', "忌酒，见说明书"),
    "named entities": ("血压&lt;140且&gt;90，A&amp;B超&nbsp;", "血压<140且>90，A&B超"),
    "numbered entities": ("体温37&#8451;，37&#x2103;", "体温37℃，37℃"),
    "comment": ("头晕<!-- 广告\n二 > 三 -->恶心", "头晕恶心"),
    "script": ("头晕<script>var a='<p>x</p>';</script>恶心", "头晕恶心"),
    "style": ("头晕<style>.a{color:red}</style>恶心", "头晕恶心"),
    "noscript": ("头晕<noscript>请启用脚本</noscript>恶心", "头晕恶心"),
    "template": ("头晕<template>模板</template>恶心", "头晕恶心"),
    "preformatted": ("<pre>早 1片\n晚 2片</pre>", "早 1片\n晚 2片"),
    "text area": ("<textarea>头晕\n恶心</textarea>", "头晕\n恶心"),
    "word break": ("阿莫<wbr>西林", "阿莫西林"),
    "soft hyphen": ("阿莫&shy;西林&#8203;胶囊", "阿莫西林胶囊"),
    "ruby": ("<ruby>眩<rp>(</rp><rt>xuàn</rt><rp>)</rp></ruby>晕", "眩(xuàn)晕"),
    "details": ("<details><summary>用法</summary>每日一次</details>", "用法\n每日一次"),
    "quotation": ("他说<q>头晕</q>了", "他说头晕了"),
    "input": ('体温<input value="38">度', "体温 度"),
    "image": ('见图<img src="a.jpg" alt="x">如上', "见图 如上"),
    "options": ("<select><option>男</option><option>女</option></select>", "男 女"),
    "headings and rules": ("<h3>病情</h3>头晕<hr>恶心", "病情\n头晕\n恶心"),
    "sections": ("<section>头晕</section><article>恶心</article>", "头晕\n恶心"),
    "indented source": ("<p>\n   头晕\n</p>\n<p>\n  恶心\n</p>", "头晕\n恶心"),
    "comparisons": ("体温<38度，血压>140", "体温<38度，血压>140"),
    "deleted and inserted": ("<del>旧</del><ins>新</ins>方案", "旧新方案"),
}  # fmt: skip


def squeeze_lines(text):
    """Return a text without blank lines: between blocks a field keeps one, a page none."""
    return re.sub(r"\n+", "\n", text)


@pytest.mark.parametrize("form", MARKUP)
def test_a_page_and_a_field_agree(tmp_path, form):
    markup, expected = MARKUP[form]
    assert squeeze_lines(cmtmed.normalize([markup])[0]) == expected
    turn = '<div class="t" data-role="{}">{}</div>'
    page = (
        f'<html><body><div class="d">{turn.format("患者", markup)}{turn.format("医生", "先观察。")}</div></body></html>'
    )
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    (dialogue,), quarantined = read_all(path, html={"dialogue": ".d", "turn": ".t", "role": "@data-role"})
    assert quarantined == []
    texts = cmtmed.normalize([text for _, text in dialogue])
    assert [squeeze_lines(text) for text in texts] == [expected, "先观察。"]
    assert [role for role, _ in dialogue] == ["u", "a"]
