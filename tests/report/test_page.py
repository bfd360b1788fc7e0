"""The page about a build, as a reader sees it: in a real browser, by pointer and keyboard, with hostile dialogues."""

from __future__ import annotations

import json
import re
import zlib
from contextlib import suppress

import pytest

import cmtmed
from cmtmed.builds import Build
from cmtmed.report import palette
from cmtmed.report.labels import LANGUAGES
from cmtmed.report.palette import compute_contrast
from cmtmed.report.sampling import sample_dialogues
from cmtmed.report.summarize import summarize_build
from tests.support.browser import launch_browser, needs_browser, visit
from tests.support.files import write_json_lines
from tests.support.reports import HOSTILE, SOURCE

pytestmark = needs_browser


@pytest.fixture(scope="module")
def chromium():
    with launch_browser() as started:
        yield started


@pytest.mark.parametrize(("width", "theme", "language"), [(1400, "light", "en-US"), (390, "dark", "zh-CN")])
def test_it_opens_without_an_error_and_without_the_network(chromium, page, width, theme, language):
    with visit(chromium, page, width=width, theme=theme, language=language) as tab:
        assert tab.errors == []
        assert tab.requests == [page.absolute().as_uri()]
        charts = tab.page.locator("[data-chart]")
        assert charts.count() == 13
        for index in range(charts.count()):
            marks = charts.nth(index).locator("svg .mark-rect path, svg .mark-text text")
            assert marks.count() >= 2, charts.nth(index).get_attribute("data-chart")
            assert charts.nth(index).locator("svg").bounding_box()["width"] > 250
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
        assert tab.page.locator(".dialogue").count() == 10


def test_language_and_theme_change_everything(chromium, page):
    with visit(chromium, page) as tab:
        colour = "getComputedStyle(document.documentElement).backgroundColor"
        light, english = tab.page.evaluate(colour), tab.read_text("#flow")
        bar = tab.page.locator("[data-chart=asking] .mark-rect path").first
        fill = bar.get_attribute("fill")
        tab.page.click("#theme")
        tab.wait_for_charts("en dark")
        assert tab.page.evaluate(colour) != light
        assert bar.get_attribute("fill") != fill
        assert fill == palette.LIGHT["accent"]
        tab.page.click("#language")
        tab.wait_for_charts("zh dark")
        chinese = tab.read_text("#flow")
        assert "From crawl to corpus" in english
        assert "near_duplicate" in english
        assert "从爬取到语料" in chinese
        assert "近似重复" in chinese
        assert "near_duplicate" not in chinese
        assert tab.page.get_attribute("html", "lang") == "zh-Hans"
        assert tab.read_text("#browse label[for=search]") == "全文搜索"
        assert "患者" in tab.read_text("#dialogues")
        for _ in range(2):  # faster than charts are drawn
            tab.page.evaluate("for (const id of ['theme', 'language']) document.getElementById(id).click()")
        tab.wait_for_charts("zh dark")
        assert tab.page.locator("[data-chart] svg").count() == tab.page.locator("[data-chart]").count()
        assert tab.errors == []


def test_search_and_filters_find_what_is_there(chromium, page, demo):
    with visit(chromium, page) as tab:
        results = tab.page.locator("#browse .results").first
        assert results.inner_text() == "1–10 of 202"
        ticks = [row for row in sample_dialogues(Build.open(demo), 1000) if "蜱虫" in str(row["messages"])]
        assert 0 < len(ticks) < 10
        tab.page.fill("#search", "蜱虫")
        tab.wait_for_count(".dialogue", len(ticks))
        assert "蜱虫" in tab.page.locator(".dialogue").first.inner_text()
        assert tab.page.evaluate("CSS.highlights.get('search').size") >= 1
        tab.page.fill("#search", "没有人会这样说")
        tab.wait_for_count(".dialogue", 0)
        assert results.inner_text() == "No dialogue in the sample matches."
        tab.page.click("#clear")
        tab.wait_for_count(".dialogue", 10)
        drops = json.loads((demo / "manifest.json").read_text(encoding="utf-8"))["drops"]
        for reason, number in drops.items():
            tab.page.select_option("[data-filter=reason]", f"={reason}")
            assert results.inner_text() == f"1–{min(number, 10)} of {number}"
            for outcome in tab.page.locator(".dialogue .outcome").all_inner_texts():
                assert outcome == f"dropped: {reason}"
        tab.page.select_option("[data-filter=reason]", "")
        tab.page.select_option("[data-filter=outcome]", "=kept")
        tab.page.select_option("[data-filter=type]", "=PHONE")
        assert tab.page.locator(".dialogue .redacted", has_text="电话").count() >= 1
        tab.page.select_option("[data-filter=type]", "-")
        assert tab.page.locator(".dialogue .redacted").count() == 0


def test_pages_tips_and_links(chromium, page):
    with visit(chromium, page, width=390) as tab:
        first = tab.page.locator(".dialogue header .id").first.inner_text()
        tab.page.click("#browse [data-step='1'] >> nth=0")
        assert tab.page.locator(".dialogue header .id").first.inner_text() != first
        # The pointer rests among the dialogues, left of what is said there: no mark gets below it and tells of itself.
        tab.page.mouse.move(tab.page.locator("#dialogues").bounding_box()["x"] + 2, 450)
        mark = tab.page.locator(".dialogue mark.asks").first
        mark.focus()
        assert tab.read_text("#tip").startswith("Asks about: ")
        # Focus moves the page below the pointer, and the tip has to come along.
        tab.page.evaluate("scrollBy(0, 60)")
        tab.wait_for_frames()
        tip_box, mark_box = tab.page.locator("#tip").bounding_box(), mark.bounding_box()
        assert abs(tip_box["y"] - mark_box["y"] - mark_box["height"] - 16) < 2
        tab.page.keyboard.press("Escape")
        assert tab.page.locator("#tip").is_hidden()
        assert "Doctor turns with a question" in tab.read_tip(
            tab.page.locator("[data-chart=asking] .mark-rect path").first
        )
        tab.page.evaluate("scrollBy(0, 60)")  # what it tells of is no longer under the pointer
        tab.page.wait_for_selector("#tip", state="hidden")
    with visit(chromium, page, fragment="#sharegpt/a043") as tab:
        linked = tab.page.locator(".dialogue.linked")
        assert linked.locator("header .id").first.inner_text() == "sharegpt/a043"
        assert linked.bounding_box()["y"] < 900
        linked.locator("summary").click()
        assert "normalize_text" in linked.inner_text() or "tag_inquiries" in linked.inner_text()


def list_highlights(tab):
    """Return the texts that the search highlights, in lower case."""
    ranges = tab.page.evaluate("[...(CSS.highlights.get('search') ?? [])].map(String)")
    return [text.lower() for text in ranges]


def test_hostile_text_stays_text(chromium, hostile, tmp_path):
    page = cmtmed.write_report(hostile, tmp_path / "page.html")
    with visit(chromium, page) as tab:
        state = "[window.hacked, document.querySelectorAll('img, iframe, object, embed, b, svg[onload]').length]"
        for language in ("en light", "zh light"):
            tab.wait_for_charts(language)
            for element in tab.page.locator("#browse select:enabled").all():
                assert "<img" not in element.inner_html().replace("&lt;img", "")
            while tab.page.locator("#browse [data-step='1'][aria-disabled=false]").count():
                tab.page.click("#browse [data-step='1'] >> nth=0")
            assert tab.page.evaluate(state) == [None, 0]
            tab.page.click("#language")
        for text in HOSTILE:
            word = re.sub(r"\s.*", "", text)
            tab.page.fill("#search", word)
            tab.wait_until(lambda word=word: set(list_highlights(tab)) == {word.lower()})
            shown_texts = tab.page.locator(".dialogue .text").all_text_contents()
            assert any(text in shown_text for shown_text in shown_texts), text
        bars = tab.page.locator("[data-chart=sources], [data-chart=departments]").locator(".mark-rect path")
        tips = []
        for bar in bars.all():
            if bar.bounding_box()["width"] < 1:
                continue  # nothing of it was kept
            tips.append(tab.read_tip(bar, force=True))
        assert any(SOURCE in tip for tip in tips)
        assert any("onmouseover" in tip for tip in tips)
        assert "onmouseover" in tab.page.locator("[data-chart=departments]").inner_text()
        assert tab.page.evaluate(state) == [None, 0]
        assert tab.page.evaluate("document.scripts.length") == 4
        assert set(tab.page.evaluate("[...document.links].map((link) => link.protocol + link.pathname)")) == {
            f"file:{page.absolute().as_uri().removeprefix('file://')}"
        }
        isolated = (
            "[...document.querySelectorAll('.text bdi, .id')].map((element) => getComputedStyle(element).unicodeBidi)"
        )
        assert set(tab.page.evaluate(isolated)) == {"isolate"}
        assert (tab.errors, tab.dialogs, len(tab.requests)) == ([], [], 1)
        assert "Not redacted." in tab.page.locator("[role=alert]").inner_text() or "未脱敏" in tab.text("[role=alert]")


NATIVE = ("constructor", "toString", "__proto__", "hasOwnProperty", "valueOf")


def test_names_that_every_object_has_are_names(chromium, tmp_path):
    files = [
        write_json_lines(
            tmp_path / f"{name}.jsonl",
            [
                {
                    "id": f"{number}",
                    "department": name,
                    "question": f"头痛{number}{name}",
                    "answer": f"多久了？{number}",
                }
                for number in range(10)
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
    with visit(chromium, cmtmed.write_report(tmp_path / "out")) as tab:
        assert tab.errors == []
        for chart in ("sources", "departments"):
            figure = tab.page.locator(f"[data-chart={chart}]")
            assert sorted(figure.locator(".role-axis-label text").all_text_contents()) == sorted(NATIVE)
        assert tab.page.locator("[data-chart]:not(:has(svg))").count() == 0
        for name in NATIVE:
            tab.page.select_option("[data-filter=department]", f"={name}")
            assert tab.read_text("#browse .results >> nth=0") == "1–10 of 10"


def test_a_chart_that_cannot_be_drawn_says_so_and_stops_no_other(chromium, page, tmp_path):
    damaged = tmp_path / "broken.html"
    content = page.read_text(encoding="utf-8")
    assert content.count('"sources":{"layer":') == len(LANGUAGES)
    damaged.write_text(content.replace('"sources":{"layer":', '"sources":{"layers":'), encoding="utf-8")
    with visit(chromium, damaged) as tab:
        assert tab.read_text("[data-chart=sources]") == "This chart could not be drawn."
        assert tab.page.locator("[data-chart]:has(svg)").count() == 12


def test_paper_is_light_and_the_screen_dark_again(chromium, page, tmp_path):
    with visit(chromium, page, theme="dark") as tab:
        tab.page.pdf(path=tmp_path / "page.pdf")
        tab.wait_for_charts("en dark")
    inks = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", (tmp_path / "page.pdf").read_bytes(), flags=re.DOTALL):
        with suppress(zlib.error):
            for channels in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", zlib.decompress(stream)):
                inks.add("#" + "".join(f"{round(255 * float(channel)):02x}" for channel in channels))
    assert {palette.LIGHT[name] for name in ("ink", "accent", "asks", "redacted", "doctor", "strong")} <= inks
    assert not inks & {palette.DARK[name] for name in ("ink", "accent", "asks", "paper", "strong")}


def test_what_a_reader_chose_stays(chromium, page):
    with visit(chromium, page, fragment="#sharegpt/a043") as tab:
        tab.page.locator(".dialogue.linked summary").click()
        tab.page.click("#language")
        tab.wait_for_charts("zh light")
        card = tab.page.locator(".dialogue", has_text="sharegpt/a043").first
        assert "标注问诊：标注（问诊句）" in card.inner_text()
        tab.page.click("#theme")
        tab.page.reload()
        tab.wait_for_charts("zh dark")
        # The address says already where the link leads.
        while tab.page.locator(".dialogue.linked").count():
            tab.page.click("#browse [data-step='1'] >> nth=0")
        tab.page.evaluate("document.body.append(Object.assign(document.createElement('a'), {href: location.hash}))")
        tab.page.evaluate("document.body.lastChild.click()")
        tab.wait_for_count(".dialogue.linked", 1)


def test_the_keyboard_stays_where_it_was(chromium, page):
    with visit(chromium, page) as tab:
        tab.page.select_option("[data-filter=reason]", "=exact_duplicate")
        for turn in ("1", "-1"):
            button = tab.page.locator(f"#browse [data-step='{turn}'] >> nth=0")
            button.focus()
            tab.page.keyboard.press("Enter")
            assert button.get_attribute("aria-disabled") == "true"
            assert tab.page.evaluate("document.activeElement.dataset.step") == turn
        assert tab.read_text("#browse .results >> nth=0") == "1–8 of 8"


def test_search_knows_no_widths(chromium, page):
    with visit(chromium, page) as tab:
        tab.page.fill("#search", "155CM")
        tab.wait_for_count(".dialogue", 1)
        assert list_highlights(tab) == ["155cm"]


def test_without_script_the_page_says_so_and_shows_its_numbers(page, chromium):
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(page.absolute().as_uri())
    assert plain.locator("noscript").bounding_box()["y"] < plain.locator("h1").bounding_box()["y"]
    assert plain.locator("noscript").inner_text().count("JavaScript") == len(LANGUAGES)
    for hidden in ("#theme", "#language", "#filters"):
        assert plain.locator(hidden).is_hidden()
    context.close()


def test_long_words_do_not_make_a_phone_scroll_sideways(chromium, tmp_path):
    word = "Wwwwwwwwww" * 40
    records = [
        {"id": f"{word}{number}", "department": word, "question": f"{word}头痛{number}", "answer": f"多久了？{word}"}
        for number in range(12)
    ]
    file = write_json_lines(tmp_path / "crawl.jsonl", [*records, records[0]])
    pipeline = {"name": word, "extends": "cmtmedqa", "sources": [{"name": word}]}
    cmtmed.build(cmtmed.Pipeline.parse(pipeline), [file], tmp_path / "out", workers=1)
    with visit(chromium, cmtmed.write_report(tmp_path / "out"), width=390) as tab:
        tab.page.evaluate("for (const element of document.querySelectorAll('details')) element.open = true")
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
        assert tab.errors == []


def test_the_policy_stops_what_would_get_through(chromium, page, tmp_path):
    """Even markup that some mistake let into the page neither runs nor fetches."""
    content = page.read_text(encoding="utf-8")
    planted = '<img src="https://evil.invalid/x.png" onerror="window.hacked = 1"><script>window.hacked = 2</script>'
    injected = tmp_path / "broken.html"
    injected.write_text(content.replace('<main id="top">', f'<main id="top">{planted}'), encoding="utf-8")
    with visit(chromium, injected) as tab:
        assert tab.page.evaluate("window.hacked") is None
        tab.wait_until(lambda: len(tab.errors) >= 2)  # refused, and said so
        assert not [address for address in tab.requests if "evil" in address and address.startswith("http:")]


def test_no_text_renders_too(chromium, canaries, tmp_path):
    page = cmtmed.write_report(canaries, tmp_path / "without.html", text=False)
    with visit(chromium, page, width=390, language="zh-CN") as tab:
        assert tab.errors == []
        assert "本页只有统计数字" in tab.read_text(".head")
        assert tab.page.locator("#dialogues, #filters, .pair").count() == 0
        assert tab.page.locator("[data-chart=departments]").inner_text().count("其余 3 个科室") == 1


@pytest.mark.parametrize("line", ['{"question": "疼", "answer": "哪"}', '{"question": "疼'])
def test_a_build_that_kept_nothing_makes_a_page(chromium, tmp_path, line):
    (tmp_path / "crawl.jsonl").write_text(line, encoding="utf-8")
    cmtmed.build("cmtmedqa", [tmp_path / "crawl.jsonl"], tmp_path / "out", workers=1)
    with visit(chromium, cmtmed.write_report(tmp_path / "out")) as tab:
        assert tab.errors == []
        assert "No duplicates were found." in tab.read_text("#duplicates")
        assert ("All records were readable." in tab.read_text("#flow")) == line.endswith("}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_of_the_heat_map_can_be_read(chromium, page, demo, theme):
    """Computed from what was drawn, since the inks are chosen by expressions of the chart."""
    with visit(chromium, page, theme=theme) as tab:
        cells, numbers = tab.page.evaluate(
            """() => ["rect path", "text text"].map((mark) =>
                [...document.querySelectorAll(`[data-chart=slots] .role-mark.mark-${mark}`)].map((element) => {
                    const box = element.getBoundingClientRect();
                    const colour = getComputedStyle(element).fill;
                    return [(box.left + box.right) / 2, (box.top + box.bottom) / 2, colour, element.textContent];
                }))"""
        )
        numbers = [number for number in numbers if number[3]]
        assert len(numbers) > 10
        inks = set()
        for x, y, ink, label in numbers:
            ground = min(cells, key=lambda cell: abs(cell[0] - x) + abs(cell[1] - y))[2]
            colours = [
                "#" + "".join(f"{int(channel):02x}" for channel in re.findall(r"\d+", colour)[:3])
                for colour in (ink, ground)
            ]
            assert compute_contrast(*colours) >= 4.5, (label, colours)
            inks.add(ink)
        assert len(inks) == 2
        rare_cells = tab.page.locator("[data-chart=slots] path[stroke-dasharray]")
        assert rare_cells.count() == len(
            summarize_build(Build.open(demo)).after.inquiries
        )  # the fourth turn, of one dialogue
        assert re.search(r"All turns\s+1$", tab.read_tip(rare_cells.first))
