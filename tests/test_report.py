"""The page about a build: in a real browser, with hostile dialogues, without text, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from contextlib import suppress
from html import unescape
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import cmtmed
from cmtmed.cli import app
from cmtmed.errors import DatasetError, OutputError, UsageError
from cmtmed.report import palette
from cmtmed.report.choose import choose
from cmtmed.report.dialogues import pieces, shown
from cmtmed.report.duplicates import count, joined, side_by_side
from cmtmed.report.facts import gather
from cmtmed.report.names import KINDS, LANGUAGES
from cmtmed.report.page import as_json
from cmtmed.report.palette import contrast
from cmtmed.report.words import WORDS
from tests.browser import browser, needs_browser, visit

HOSTILE = [
    "</script><script>window.hacked = 1; alert(1)</script>头痛三天",
    '<img src=x onerror="window.hacked = 1; alert(2)">咳嗽一周',
    "<svg onload=alert(3)>胃胀，请看 javascript:alert(4) 和 https://evil.invalid/x.png",
    "膝盖疼\u202e这里的方向被改了\u202d，上下楼明显{{ 7 * 7 }}${alert(5)}",
    "<!--<script>嗓子疼--><iframe src=javascript:alert(6)></iframe>",
]
SOURCE = "<img.src=x.onerror=alert(7)>"
DEPARTMENT = "<b onmouseover=alert(8)>内科</b>\u202e"


def crawl(path, records):
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return the build of the example crawl."""
    out = tmp_path_factory.mktemp("demo") / "out"
    cmtmed.build(cmtmed.bundled("examples/demo.yaml"), [cmtmed.bundled("examples/crawl")], out, workers=1)
    return out


@pytest.fixture(scope="module")
def page(demo):
    return cmtmed.write_report(demo)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return the page of a build whose every word tries to be more than a word. Nothing cleans it: no such stage."""
    folder = tmp_path_factory.mktemp("hostile")
    records = [
        {
            "id": f"<i>{number}</i>\"'&",
            "department": DEPARTMENT,
            "question": f"{text}第{number}次",
            "answer": f"多久了？{text}",
        }
        for number in range(4)
        for text in HOSTILE
    ]
    records.append({"id": "long", "question": "很长" * 4000, "answer": HOSTILE[0]})
    file = crawl(folder / "<img src=x onerror=alert(9)>.jsonl", [*records, *records[:2]])
    tests = crawl(folder / "tests.jsonl", [{"id": "t", "question": records[0]["question"], "answer": "好"}])
    pipeline = cmtmed.Pipeline.parse(
        {
            "name": "<script>alert(10)</script>",
            "sources": [{"name": SOURCE, "match": tests.name}, {"name": "crawl"}],
            "stages": [
                {"drop_benchmark_overlap": {"test_sources": [SOURCE], "min_chars": 5}},
                "tag_inquiries",
                {"drop_duplicates": {"threshold": 1.0}},
                "assign_split",
            ],
        }
    )
    cmtmed.build(pipeline, [file, tests], folder / "out", workers=1)
    return cmtmed.write_report(folder / "out")


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@needs_browser
@pytest.mark.parametrize(("width", "theme", "language"), [(1400, "light", "en-US"), (390, "dark", "zh-CN")])
def test_it_opens_without_an_error_and_without_the_network(chromium, page, width, theme, language):
    with visit(chromium, page, width=width, theme=theme, language=language) as seen:
        assert seen.errors == []
        assert seen.requests == [page.absolute().as_uri()]
        charts = seen.page.locator("[data-chart]")
        assert charts.count() == 13
        for at in range(charts.count()):
            marks = charts.nth(at).locator("svg .mark-rect path, svg .mark-text text")
            assert marks.count() >= 2, charts.nth(at).get_attribute("data-chart")
            assert charts.nth(at).locator("svg").bounding_box()["width"] > 250
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        assert seen.page.locator(".dialogue").count() == 10


@needs_browser
def test_language_and_theme_change_everything(chromium, page):
    with visit(chromium, page) as seen:
        colour = "getComputedStyle(document.documentElement).backgroundColor"
        light, english = seen.page.evaluate(colour), seen.text("#flow")
        bar = seen.page.locator("[data-chart=asking] .mark-rect path").first
        fill = bar.get_attribute("fill")
        seen.page.click("#theme")
        seen.drawn("en dark")
        assert seen.page.evaluate(colour) != light
        assert bar.get_attribute("fill") != fill
        assert fill == palette.LIGHT["accent"]
        seen.page.click("#language")
        seen.drawn("zh dark")
        chinese = seen.text("#flow")
        assert "From crawl to corpus" in english
        assert "near_duplicate" in english
        assert "从抓取到语料" in chinese
        assert "近似重复" in chinese
        assert "near_duplicate" not in chinese
        assert seen.page.get_attribute("html", "lang") == "zh-Hans"
        assert seen.text("#browse label[for=search]") == "全文搜索"
        assert "患者" in seen.text("#dialogues")
        for _ in range(2):  # faster than charts are drawn
            seen.page.evaluate("for (const id of ['theme', 'language']) document.getElementById(id).click()")
        seen.drawn("zh dark")
        assert seen.page.locator("[data-chart] svg").count() == seen.page.locator("[data-chart]").count()
        assert seen.errors == []


@needs_browser
def test_search_and_filters_find_what_is_there(chromium, page, demo):
    with visit(chromium, page) as seen:
        found = seen.page.locator("#browse .found").first
        assert found.inner_text() == "1–10 of 202"
        ticks = [row for row in choose(demo, 1000, 202) if "蜱虫" in str(row["messages"])]
        assert 0 < len(ticks) < 10
        seen.page.fill("#search", "蜱虫")
        seen.has(".dialogue", len(ticks))
        assert "蜱虫" in seen.page.locator(".dialogue").first.inner_text()
        assert seen.page.evaluate("CSS.highlights.get('search').size") >= 1
        seen.page.fill("#search", "没有人会这样说")
        seen.has(".dialogue", 0)
        assert found.inner_text() == "No dialogue of the sample fits."
        seen.page.click("#clear")
        seen.has(".dialogue", 10)
        drops = json.loads((demo / "manifest.json").read_text(encoding="utf-8"))["drops"]
        for reason, number in drops.items():
            seen.page.select_option("[data-pick=reason]", f"={reason}")
            assert found.inner_text() == f"1–{min(number, 10)} of {number}"
            for fate in seen.page.locator(".dialogue .fate").all_inner_texts():
                assert fate == f"dropped: {reason}"
        seen.page.select_option("[data-pick=reason]", "")
        seen.page.select_option("[data-pick=fate]", "=kept")
        seen.page.select_option("[data-pick=type]", "=PHONE")
        assert seen.page.locator(".dialogue .redacted", has_text="电话").count() >= 1
        seen.page.select_option("[data-pick=type]", "-")
        assert seen.page.locator(".dialogue .redacted").count() == 0


@needs_browser
def test_pages_tips_and_links(chromium, page):
    with visit(chromium, page, width=390) as seen:
        first = seen.page.locator(".dialogue header .id").first.inner_text()
        seen.page.click("#browse [data-turn='1'] >> nth=0")
        assert seen.page.locator(".dialogue header .id").first.inner_text() != first
        mark = seen.page.locator(".dialogue mark.asks").first
        mark.focus()
        assert seen.text("#tip").startswith("Asks for: ")
        # Focus moves the page, wherever the pointer rests, and the tip has to come along.
        seen.page.evaluate("scrollBy(0, 60)")
        seen.frames()
        shown, asked = seen.page.locator("#tip").bounding_box(), mark.bounding_box()
        assert abs(shown["y"] - asked["y"] - asked["height"] - 16) < 2
        seen.page.keyboard.press("Escape")
        assert seen.page.locator("#tip").is_hidden()
        seen.page.locator("[data-chart=asking] .mark-rect path").first.hover()
        seen.frames()
        assert "Doctors' turns that ask" in seen.text("#tip")
        seen.page.evaluate("scrollBy(0, 60)")  # what it tells of is no longer under the pointer
        seen.page.wait_for_selector("#tip", state="hidden")
    with visit(chromium, page, fragment="#sharegpt/a043") as seen:
        sought = seen.page.locator(".dialogue.sought")
        assert sought.locator("header .id").first.inner_text() == "sharegpt/a043"
        assert sought.bounding_box()["y"] < 900
        sought.locator("summary").click()
        assert "normalize_text" in sought.inner_text() or "tag_inquiries" in sought.inner_text()


@needs_browser
def test_hostile_text_stays_text(chromium, hostile):
    with visit(chromium, hostile) as seen:
        state = "[window.hacked, document.querySelectorAll('img, iframe, object, embed, b, svg[onload]').length]"
        for language in ("en light", "zh light"):
            seen.drawn(language)
            for element in seen.page.locator("#browse select:enabled").all():
                assert "<img" not in element.inner_html().replace("&lt;img", "")
            while seen.page.locator("#browse [data-turn='1'][aria-disabled=false]").count():
                seen.page.click("#browse [data-turn='1'] >> nth=0")
            assert seen.page.evaluate(state) == [None, 0]
            seen.page.click("#language")
        for text in HOSTILE:
            seen.page.fill("#search", re.sub(r"\s.*", "", text))
            seen.page.wait_for_timeout(200)
            said = seen.page.locator(".dialogue .said").all_text_contents()
            assert any(text in one for one in said), text
        bars = seen.page.locator("[data-chart=sources], [data-chart=departments]").locator(".mark-rect path")
        tips = []
        for bar in bars.all():
            if bar.bounding_box()["width"] < 1:
                continue  # nothing of it was kept
            bar.hover(force=True)
            tips.append(seen.text("#tip"))
        assert any(SOURCE in tip for tip in tips)
        assert any("onmouseover" in tip for tip in tips)
        assert "onmouseover" in seen.page.locator("[data-chart=departments]").inner_text()
        assert seen.page.evaluate(state) == [None, 0]
        assert seen.page.evaluate("document.scripts.length") == 4
        assert set(seen.page.evaluate("[...document.links].map((link) => link.protocol + link.pathname)")) == {
            f"file:{hostile.absolute().as_uri().removeprefix('file://')}"
        }
        isolated = "[...document.querySelectorAll('.said bdi, .id')].map((one) => getComputedStyle(one).unicodeBidi)"
        assert set(seen.page.evaluate(isolated)) == {"isolate"}
        assert (seen.errors, seen.dialogs, len(seen.requests)) == ([], [], 1)
        assert "Not anonymized." in seen.page.locator("[role=alert]").inner_text() or "未去标识" in seen.text(
            "[role=alert]"
        )


NATIVE = ("constructor", "toString", "__proto__", "hasOwnProperty", "valueOf")


@needs_browser
def test_names_that_every_object_has_are_names(chromium, tmp_path):
    files = [
        crawl(
            tmp_path / f"{name}.jsonl",
            [
                {"id": f"{at}", "department": name, "question": f"头痛{at}{name}", "answer": f"多久了？{at}"}
                for at in range(10)
            ],
        )
        for name in NATIVE
    ]
    pipeline = {
        "name": "constructor",
        "sources": [{"name": name, "match": f"{name}.jsonl"} for name in NATIVE],
        "stages": ["tag_inquiries"],
    }
    cmtmed.build(cmtmed.Pipeline.parse(pipeline), files, tmp_path / "out", workers=1)
    with visit(chromium, cmtmed.write_report(tmp_path / "out")) as seen:
        assert seen.errors == []
        for chart in ("sources", "departments"):
            place = seen.page.locator(f"[data-chart={chart}]")
            assert sorted(place.locator(".role-axis-label text").all_text_contents()) == sorted(NATIVE)
        assert seen.page.locator("[data-chart]:not(:has(svg))").count() == 0
        for name in NATIVE:
            seen.page.select_option("[data-pick=department]", f"={name}")
            assert seen.text("#browse .found >> nth=0") == "1–10 of 10"


@needs_browser
def test_a_chart_that_cannot_be_drawn_says_so_and_stops_no_other(chromium, page, tmp_path):
    broken = tmp_path / "broken.html"
    content = page.read_text(encoding="utf-8")
    assert content.count('"sources":{"layer":') == len(LANGUAGES)
    broken.write_text(content.replace('"sources":{"layer":', '"sources":{"layers":'), encoding="utf-8")
    with visit(chromium, broken) as seen:
        assert seen.text("[data-chart=sources]") == "This chart could not be drawn."
        assert seen.page.locator("[data-chart]:has(svg)").count() == 12


@needs_browser
def test_paper_is_light_and_the_screen_dark_again(chromium, page, tmp_path):
    with visit(chromium, page, theme="dark") as seen:
        seen.page.pdf(path=tmp_path / "page.pdf")
        seen.drawn("en dark")
    inks = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", (tmp_path / "page.pdf").read_bytes(), flags=re.DOTALL):
        with suppress(zlib.error):
            for parts in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", zlib.decompress(stream)):
                inks.add("#" + "".join(f"{round(255 * float(part)):02x}" for part in parts))
    assert {palette.LIGHT[name] for name in ("ink", "accent", "asks", "redacted", "doctor", "strong")} <= inks
    assert not inks & {palette.DARK[name] for name in ("ink", "accent", "asks", "paper", "strong")}


@needs_browser
def test_what_a_reader_chose_stays(chromium, page):
    with visit(chromium, page, fragment="#sharegpt/a043") as seen:
        seen.page.locator(".dialogue.sought summary").click()
        seen.page.click("#language")
        seen.drawn("zh light")
        card = seen.page.locator(".dialogue", has_text="sharegpt/a043").first
        assert "标注问诊：标注（问诊句）" in card.inner_text()
        seen.page.click("#theme")
        seen.page.reload()
        seen.drawn("zh dark")
        # The address says already where the link leads.
        while seen.page.locator(".dialogue.sought").count():
            seen.page.click("#browse [data-turn='1'] >> nth=0")
        seen.page.evaluate("document.body.append(Object.assign(document.createElement('a'), {href: location.hash}))")
        seen.page.evaluate("document.body.lastChild.click()")
        seen.has(".dialogue.sought", 1)


@needs_browser
def test_the_keyboard_stays_where_it_was(chromium, page):
    with visit(chromium, page) as seen:
        seen.page.select_option("[data-pick=reason]", "=exact_duplicate")
        for turn in ("1", "-1"):
            button = seen.page.locator(f"#browse [data-turn='{turn}'] >> nth=0")
            button.focus()
            seen.page.keyboard.press("Enter")
            assert button.get_attribute("aria-disabled") == "true"
            assert seen.page.evaluate("document.activeElement.dataset.turn") == turn
        assert seen.text("#browse .found >> nth=0") == "1–8 of 8"


@needs_browser
def test_search_knows_no_widths(chromium, page):
    with visit(chromium, page) as seen:
        seen.page.fill("#search", "155CM")
        seen.has(".dialogue", 1)
        marked = "[...CSS.highlights.get('search')].map(String)"
        assert [one.lower() for one in seen.page.evaluate(marked)] == ["155cm"]


@needs_browser
def test_without_script_the_page_says_so_and_shows_its_numbers(page, chromium):
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(page.absolute().as_uri())
    assert plain.locator("noscript").bounding_box()["y"] < plain.locator("h1").bounding_box()["y"]
    assert plain.locator("noscript").inner_text().count("JavaScript") == len(LANGUAGES)
    for hidden in ("#theme", "#language", "#filters"):
        assert plain.locator(hidden).is_hidden()
    context.close()


def test_without_a_sample_there_is_nothing_to_browse(demo, tmp_path):
    content = cmtmed.write_report(demo, tmp_path / "none.html", sample=0).read_text(encoding="utf-8")
    assert 'id="browse"' not in content
    assert 'href="#browse"' not in content
    assert 'id="duplicates"' in content


@needs_browser
def test_long_words_do_not_make_a_phone_scroll_sideways(chromium, tmp_path):
    word = "Wwwwwwwwww" * 40
    records = [
        {"id": f"{word}{number}", "department": word, "question": f"{word}头痛{number}", "answer": f"多久了？{word}"}
        for number in range(12)
    ]
    file = crawl(tmp_path / "crawl.jsonl", [*records, records[0]])
    pipeline = {"name": word, "extends": "cmtmedqa", "sources": [{"name": word}]}
    cmtmed.build(cmtmed.Pipeline.parse(pipeline), [file], tmp_path / "out", workers=1)
    with visit(chromium, cmtmed.write_report(tmp_path / "out"), width=390) as seen:
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
        assert seen.errors == []


@needs_browser
def test_the_policy_stops_what_would_get_through(chromium, page, tmp_path):
    """Even markup that some mistake let into the page neither runs nor fetches."""
    content = page.read_text(encoding="utf-8")
    planted = '<img src="https://evil.invalid/x.png" onerror="window.hacked = 1"><script>window.hacked = 2</script>'
    broken = tmp_path / "broken.html"
    broken.write_text(content.replace('<main id="top">', f'<main id="top">{planted}'), encoding="utf-8")
    with visit(chromium, broken) as seen:
        assert seen.page.evaluate("window.hacked") is None
        assert len(seen.errors) >= 2  # refused, and said so
        assert not [address for address in seen.requests if "evil" in address and address.startswith("http:")]


def test_the_file_names_no_host_and_no_time(page, demo, tmp_path):
    content = page.read_text(encoding="utf-8")
    own = content[: content.index("<script>/*")]
    assert "http://" not in own
    assert "https://" not in own
    assert "default-src 'none'" in unescape(own)
    assert "unsafe-eval" not in content
    again = tmp_path / "again.html"
    command = [sys.executable, "-m", "cmtmed.cli", "report", str(demo), "--page", str(again), "--quiet"]
    subprocess.run(command, check=True)
    assert again.read_bytes() == page.read_bytes()


CANARIES = {
    "id": "canaryid{}",
    "department": "金丝雀科{}",
    "cate2": "金丝雀亚科{}",
    "question": "金丝雀问{}，头痛三天了，早上起来最厉害",
    "answer": "金丝雀答{}，您好，发烧吗？先量血压",
}


@pytest.fixture(scope="module")
def canaries(tmp_path_factory):
    """Return a build with a canary in every text column; nine dialogues share each department."""
    folder = tmp_path_factory.mktemp("canaries")
    records = [
        {name: frame.format(f"{number % 3}" if name in {"department", "cate2"} else f"甲乙丙丁戊{number}" * 3)
         for name, frame in CANARIES.items()}
        for number in range(27)
    ]  # fmt: skip
    records += [
        {**records[0], "id": "canaryidcopy"},
        {**records[1], "id": "canaryidshort", "question": "金丝雀短", "answer": "好"},
    ]
    file = crawl(folder / "crawl.jsonl", records)
    with file.open("a", encoding="utf-8") as stream:
        stream.write('{"question": "金丝雀坏\n')
    cmtmed.build("cmtmedqa", [file], folder / "out", workers=1)
    return folder / "out"


def test_no_text_holds_none(canaries, tmp_path):
    with_text = cmtmed.write_report(canaries, tmp_path / "with.html").read_text(encoding="utf-8")
    without = cmtmed.write_report(canaries, tmp_path / "without.html", text=False).read_text(encoding="utf-8")
    for canary in ("canaryid", "金丝雀问", "金丝雀答", "金丝雀短", "金丝雀科"):
        assert canary in with_text
    assert "canary" not in without.lower()
    assert "金丝雀" not in without
    # Nor in any of the ways in which JSON and HTML can write it.
    assert not re.search(r"\\u91d1|&#37329;|&#x91d1;|%E9%87%91", without, flags=re.IGNORECASE)
    assert '"dialogues":[]' in without


@needs_browser
def test_no_text_renders_too(chromium, canaries, tmp_path):
    page = cmtmed.write_report(canaries, tmp_path / "without.html", text=False)
    with visit(chromium, page, width=390, language="zh-CN") as seen:
        assert seen.errors == []
        assert "本页只含统计数字" in seen.text(".head")
        assert seen.page.locator("#dialogues, #filters, .pair").count() == 0
        assert seen.page.locator("[data-chart=departments]").inner_text().count("其余 3 个科室") == 1


def test_departments_are_named_from_ten_dialogues_on(canaries, demo):
    assert gather(canaries).departments[0] == []
    named, (others, number, _) = gather(demo).departments
    assert {count >= 10 for _, count, _ in named} == {True}
    assert sum(count for _, count, _ in named) + number == gather(demo).counts["kept"]
    assert others == 17


def test_warnings_name_what_was_left(demo, hostile, tmp_path):
    for out, sentence in ((demo, None), (hostile.parent, "Not anonymized.")):
        content = cmtmed.write_report(out, tmp_path / f"{out.parent.name}.html").read_text(encoding="utf-8")
        assert (f"{sentence}</bdi>" in content) == (sentence is not None)
        assert content.count('role="alert"') == (sentence is not None)
    file = crawl(
        tmp_path / "crawl.jsonl", [{"question": "我叫王建国，胃胀反酸半个月", "answer": "做过胃镜吗？清淡饮食。"}]
    )
    options = {"redact_identifiers": {"actions": {"PERSON": "keep"}}}
    pipeline = cmtmed.Pipeline.parse({"name": "p", "extends": "cmtmedqa", "options": options})
    cmtmed.build(pipeline, [file], tmp_path / "out", workers=1)
    content = cmtmed.write_report(tmp_path / "out").read_text(encoding="utf-8")
    assert "Not everything was redacted." in content
    assert "show them: PERSON." in content


def test_a_build_of_an_earlier_version_is_told_from_an_empty_one(demo, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(demo, old)
    told = json.loads((old / "report.json").read_text(encoding="utf-8"))
    for side in ("before", "after"):
        for name in (
            "asking_slots",
            "dialogue_turns",
            "dialogue_characters",
            "patient_characters",
            "doctor_characters",
        ):
            del told[side][name]
    (old / "report.json").write_text(json.dumps(told), encoding="utf-8")
    content = cmtmed.write_report(old, sample=0).read_text(encoding="utf-8")
    assert content.count("This build is older than this figure") == 5 + 1  # the words of the script hold it too
    assert 'data-chart="dialogue_turns"' not in content
    assert 'data-chart="flow"' in content


@needs_browser
@pytest.mark.parametrize("line", ['{"question": "疼", "answer": "哪"}', '{"question": "疼'])
def test_a_build_that_kept_nothing_makes_a_page(chromium, tmp_path, line):
    (tmp_path / "crawl.jsonl").write_text(line, encoding="utf-8")
    cmtmed.build("cmtmedqa", [tmp_path / "crawl.jsonl"], tmp_path / "out", workers=1)
    with visit(chromium, cmtmed.write_report(tmp_path / "out")) as seen:
        assert seen.errors == []
        assert "No duplicates were found." in seen.text("#duplicates")
        assert ("Every record could be read." in seen.text("#flow")) == line.endswith("}")


def test_the_sample_holds_one_of_everything(demo):
    whole = gather(demo).counts["kept"] + gather(demo).counts["dropped"]
    every, few = choose(demo, 1000, whole), choose(demo, 14, whole)
    assert len(every) == whole
    assert len(few) == 14
    for name in ("drop_reason", "split", "source"):
        assert {row[name] for row in few} == {row[name] for row in every}
    assert [row["id"] for row in few] == [row["id"] for row in every if row["id"] in {one["id"] for one in few}]
    assert choose(demo, 0, whole) == []


def test_duplicates_side_by_side_give_both_texts(demo):
    clusters = side_by_side(demo, count(demo))
    assert len(clusters) == 12
    assert {pair.reason for one in clusters for pair in one.pairs} == {"exact_duplicate", "near_duplicate"}
    rows = {row["id"]: row for row in choose(demo, 1000, 202)}
    for one in clusters:
        for pair in one.pairs:
            for passages, name in ((pair.left, one.kept), (pair.right, pair.id)):
                speakers = {"user": "患者：", "assistant": "医生："}
                text = "\n".join(speakers[turn["role"]] + turn["content"] for turn in rows[name]["messages"])
                assert "".join(words for _, words in passages) == text


TEXTS = st.text(alphabet="头痛🙂a了", max_size=6)


@given(st.lists(st.tuples(st.sampled_from(["same", "changed"]), TEXTS, TEXTS), max_size=6))
def test_joining_differences_loses_nothing(passages):
    told = joined(passages)
    assert ["".join(one[at] for one in told) for at in (1, 2)] == [
        "".join(one[at] for one in passages) for at in (1, 2)
    ]
    assert all(one[0] != other[0] for one, other in pairwise(told))


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted), max_size=3)


@given(st.text(max_size=8), SPANS, SPANS)
def test_pieces_are_the_text(text, asks, gone):
    told = pieces(
        text,
        [{"start": start, "end": end, "slot": "exam"} for start, end in asks],
        [{"start": start, "end": end, "type": "PHONE", "action": "tag"} for start, end in gone],
    )
    assert "".join(piece if isinstance(piece, str) else piece["text"] for piece in told) == text
    asking = "".join(piece["text"] for piece in told if not isinstance(piece, str) and "slot" in piece)
    assert asking == "".join(sign for at, sign in enumerate(text) if any(start <= at < end for start, end in asks))


def test_a_long_dialogue_is_cut_where_it_says():
    row = {
        "id": "t/1", "source": "t", "department": None, "split": "train", "cluster": None, "drop_reason": None, "trace": [],
        "messages": [{"role": "user", "content": "痛" * 30}, {"role": "assistant", "content": "好" * 30}, {"role": "user", "content": "谢"}],
        "inquiries": [{"message": 1, "start": 5, "end": 30, "slot": "exam"}], "identifiers": [],
    }  # fmt: skip
    told = shown(row, 40)
    assert (told["whole"], told["cut"], len(told["turns"])) == (61, 40, 2)
    assert told["turns"][1]["pieces"] == ["好" * 5, {"text": "好" * 5, "slot": "exam"}]
    assert shown(row, 100)["cut"] is None


@given(st.text())
def test_json_cannot_end_its_element(text):
    written = as_json({text: [text]})
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {text: [text]}


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("theme", "colours"), [("light", palette.LIGHT), ("dark", palette.DARK)])
def test_colours_can_be_read(theme, colours):
    for ground in ("paper", "panel"):
        for ink in ("ink", "muted", "accent", "dropped"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for mark in (colours["edge"], *palette.CATEGORIES[theme]):
            assert contrast(mark, colours[ground]) >= 3, (mark, ground)
    for ground in ("doctor", "asks", "redacted", "warning", "weak"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5, ground
    assert contrast(colours["dropped"], colours["warning"]) >= 4.5
    for at in range(1001):
        assert contrast(palette.inks(colours, at / 1000), palette.shade(colours, at / 1000)) >= 4.5, at


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_of_the_heat_map_can_be_read(chromium, page, theme):
    """Computed from what was drawn, since the inks are chosen by expressions of the chart."""
    with visit(chromium, page, theme=theme) as seen:
        cells, numbers = seen.page.evaluate(
            """() => ["rect path", "text text"].map((mark) =>
                [...document.querySelectorAll(`[data-chart=slots] .role-mark.mark-${mark}`)].map((one) => {
                    const box = one.getBoundingClientRect();
                    const colour = getComputedStyle(one).fill;
                    return [(box.left + box.right) / 2, (box.top + box.bottom) / 2, colour, one.textContent];
                }))"""
        )
        numbers = [one for one in numbers if one[3]]
        assert len(numbers) > 10
        inks = set()
        for x, y, ink, told in numbers:
            ground = min(cells, key=lambda cell: abs(cell[0] - x) + abs(cell[1] - y))[2]
            colours = [
                "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", one)[:3]) for one in (ink, ground)
            ]
            assert contrast(*colours) >= 4.5, (told, colours)
            inks.add(ink)
        assert len(inks) == 2
        few = seen.page.locator("[data-chart=slots] path[stroke-dasharray]")
        assert few.count() == len(gather(page.parent).after.inquiries)  # the fourth turn, of one dialogue
        few.first.hover()
        assert re.search(r"Turns in all\s+1$", seen.text("#tip"))


def test_every_word_is_said_in_both_languages_and_used():
    for key, words in [*WORDS.items(), *((name, both) for known in KINDS.values() for name, both in known.items())]:
        assert all(words), key
        assert set(re.findall(r"{\w+}", words.en)) == set(re.findall(r"{\w+}", words.zh)), key
    folder = Path(cmtmed.__file__).parent / "report"
    sources = "".join(
        path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.suffix in {".py", ".html", ".js"}
    )
    sections = {f"to_{key}" for key in WORDS}  # put together in the template
    unused = [
        key
        for key in WORDS
        if key not in sections and not re.search(rf"[\"'({{ ]{key}[\"',) :}}]", sources.replace(f'"{key}": Both', ""))
    ]
    assert unused == []
    assert LANGUAGES == ("en", "zh")


def test_what_is_no_build_is_refused(demo, tmp_path):
    with pytest.raises(DatasetError, match=r"holds no finished build"):
        cmtmed.write_report(tmp_path)
    with pytest.raises(UsageError, match="sample is -1"):
        cmtmed.write_report(demo, sample=-1)
    with pytest.raises(OutputError, match="is a directory"):
        cmtmed.write_report(demo, tmp_path)
    with pytest.raises(OutputError, match="cannot write"):
        cmtmed.write_report(demo, tmp_path / "nowhere" / "page.html")
    before = (demo / "manifest.json").read_bytes()
    with pytest.raises(OutputError, match="is no page of cmtmed and stays as it is"):
        cmtmed.write_report(demo, demo / "manifest.json")
    assert (demo / "manifest.json").read_bytes() == before


def cut(folder):
    file = next(folder.glob("dialogues/train/*.arrow"))
    file.write_bytes(file.read_bytes()[:20_000])


def lose(folder):
    next(folder.glob("dropped/*.arrow")).unlink()


def miscount(folder):
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    told["counts"]["kept"] += 1
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


def strange_column(folder):
    file = next(folder.glob("dropped/*.arrow"))
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, pa.schema({"id": pa.string()})):
        pass


def no_json(folder):
    (folder / "report.json").write_text("{", encoding="utf-8")


def other_json(folder):
    (folder / "report.json").write_text('{"stages": 3}', encoding="utf-8")


def no_versions(folder):
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del told["versions"]
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.parametrize("damage", [cut, lose, miscount, strange_column, no_json, other_json, no_versions])
def test_a_damaged_build_is_refused_and_leaves_no_page(demo, tmp_path, damage):
    broken = tmp_path / "broken"
    shutil.copytree(demo, broken, ignore=shutil.ignore_patterns("*.html"))
    damage(broken)
    with pytest.raises(DatasetError, match=r"run cmtmed build|give the directory of a build"):
        cmtmed.write_report(broken)
    assert not [path for path in broken.iterdir() if "report.html" in path.name]


def test_a_missing_library_is_named_with_the_way_to_get_it(demo, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(UsageError, match=r"needs altair; install them with: pip install 'cmtmed\[report\]'"):
        cmtmed.write_report(demo)


def test_the_command_says_what_it_wrote(demo, tmp_path):
    target = tmp_path / "page.html"
    arguments = ["report", str(demo), "--page", str(target), "--no-text"]
    told = CliRunner().invoke(app, arguments, catch_exceptions=False).output
    assert "holds no dialogue" in told
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False).output)
    assert told == {"page": str(target), "bytes": target.stat().st_size, "text": False}
    assert CliRunner().invoke(app, [*arguments, "--quiet"], catch_exceptions=False).output == ""


def test_only_an_earlier_page_is_written_over(demo, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text('how to: <meta name="generator" content="cmtmed report">', encoding="utf-8")
    empty = tmp_path / "empty.html"
    empty.touch()
    link = tmp_path / "link.html"
    link.symlink_to(notes)
    os.mkfifo(tmp_path / "pipe")
    for target in (notes, empty, link, tmp_path / "pipe"):
        with pytest.raises(OutputError, match="stays as it is; choose another --page"):
            cmtmed.write_report(demo, target, sample=0)
    assert notes.read_text(encoding="utf-8").startswith("how to")
    page = cmtmed.write_report(demo, tmp_path / "page.html", sample=0)
    assert cmtmed.write_report(demo, page, sample=0) == page


def test_counts_that_do_not_fit(demo, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(demo, copy)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    for name in ("drops", "quarantine"):
        changed = {**manifest, name: {"x": 5}}
        (copy / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(DatasetError, match="do not fit together"):
            cmtmed.write_report(copy)
