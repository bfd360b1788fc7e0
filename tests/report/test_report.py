"""The page about a build, as Python makes it: what it chooses, counts and says, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import cmtmed
from cmtmed.builds import Build
from cmtmed.cli import app
from cmtmed.errors import DatasetError, OutputError, UsageError
from cmtmed.report import palette
from cmtmed.report.dialogues import split_spans, to_json_dialogue
from cmtmed.report.duplicates import compare_clusters, count_clusters, join_passages
from cmtmed.report.labels import LABELS_BY_CATEGORY, LANGUAGES
from cmtmed.report.page import to_inert_json
from cmtmed.report.palette import compute_contrast
from cmtmed.report.sampling import sample_dialogues
from cmtmed.report.summarize import summarize_build
from cmtmed.report.texts import TEXTS
from tests.support.files import write_json_lines


def test_without_a_sample_there_is_nothing_to_browse(demo, tmp_path):
    content = cmtmed.write_report(demo, tmp_path / "none.html", sample=0).read_text(encoding="utf-8")
    assert 'id="browse"' not in content
    assert 'href="#browse"' not in content
    assert 'id="duplicates"' in content


def test_the_file_names_no_host_and_no_time(page, demo, tmp_path):
    content = page.read_text(encoding="utf-8")
    own_markup = content[: content.index("<script>/*")]
    assert "http://" not in own_markup
    assert "https://" not in own_markup
    assert "default-src 'none'" in unescape(own_markup)
    assert "unsafe-eval" not in content
    second_page = tmp_path / "again.html"
    command = [sys.executable, "-m", "cmtmed.cli", "report", str(demo), "--page", str(second_page), "--quiet"]
    subprocess.run(command, check=True)
    assert second_page.read_bytes() == page.read_bytes()


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


def test_departments_are_named_from_ten_dialogues_on(canaries, demo):
    assert summarize_build(Build.open(canaries)).departments[0] == []
    departments, (other_departments, number, _) = summarize_build(Build.open(demo)).departments
    assert {count >= 10 for _, count, _ in departments} == {True}
    assert sum(count for _, count, _ in departments) + number == summarize_build(Build.open(demo)).counts["kept"]
    assert other_departments == 17


def test_warnings_name_what_was_left(demo, hostile, tmp_path):
    for out, sentence in ((demo, None), (hostile, "Not redacted.")):
        content = cmtmed.write_report(out, tmp_path / f"{out.parent.name}.html").read_text(encoding="utf-8")
        assert (f"{sentence}</bdi>" in content) == (sentence is not None)
        assert content.count('role="alert"') == (sentence is not None)
    file = write_json_lines(
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
    report = json.loads((old / "report.json").read_text(encoding="utf-8"))
    for side in ("before", "after"):
        for name in (
            "asking_slots",
            "dialogue_turns",
            "dialogue_characters",
            "patient_characters",
            "doctor_characters",
        ):
            del report[side][name]
    (old / "report.json").write_text(json.dumps(report), encoding="utf-8")
    content = cmtmed.write_report(old, sample=0).read_text(encoding="utf-8")
    assert content.count("did not record this statistic") == 5 + 1  # the words of the script hold it too
    assert 'data-chart="dialogue_turns"' not in content
    assert 'data-chart="flow"' in content


def test_the_sample_holds_one_of_everything(demo):
    total = summarize_build(Build.open(demo)).counts["kept"] + summarize_build(Build.open(demo)).counts["dropped"]
    all_rows, sample = sample_dialogues(Build.open(demo), 1000), sample_dialogues(Build.open(demo), 14)
    assert len(all_rows) == total
    assert len(sample) == 14
    for name in ("drop_reason", "split", "source"):
        assert {row[name] for row in sample} == {row[name] for row in all_rows}
    assert [row["id"] for row in sample] == [
        row["id"] for row in all_rows if row["id"] in {sampled["id"] for sampled in sample}
    ]
    assert sample_dialogues(Build.open(demo), 0) == []


def test_duplicates_side_by_side_give_both_texts(demo):
    clusters = compare_clusters(Build.open(demo), count_clusters(Build.open(demo)))
    assert len(clusters) == 12
    assert {pair.reason for cluster in clusters for pair in cluster.pairs} == {"exact_duplicate", "near_duplicate"}
    rows = {row["id"]: row for row in sample_dialogues(Build.open(demo), 1000)}
    for cluster in clusters:
        for pair in cluster.pairs:
            for passages, name in ((pair.left, cluster.kept), (pair.right, pair.id)):
                speakers = {"user": "患者：", "assistant": "医生："}
                text = "\n".join(speakers[turn["role"]] + turn["content"] for turn in rows[name]["messages"])
                assert "".join(words for _, words in passages) == text


WORDS = st.text(alphabet="头痛🙂a了", max_size=6)


@given(st.lists(st.tuples(st.sampled_from(["same", "changed"]), WORDS, WORDS), max_size=6))
def test_joining_differences_loses_nothing(passages):
    joined = join_passages(passages)
    assert ["".join(passage[side] for passage in joined) for side in (1, 2)] == [
        "".join(passage[side] for passage in passages) for side in (1, 2)
    ]
    assert all(first[0] != second[0] for first, second in pairwise(joined))


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted), max_size=3)


@given(st.text(max_size=8), SPANS, SPANS)
def test_segments_are_the_text(text, inquiries, redactions):
    segments = split_spans(
        text,
        [{"start": start, "end": end, "slot": "exam"} for start, end in inquiries],
        [{"start": start, "end": end, "type": "PHONE", "action": "tag"} for start, end in redactions],
    )
    assert "".join(segment if isinstance(segment, str) else segment["text"] for segment in segments) == text
    asking = "".join(segment["text"] for segment in segments if not isinstance(segment, str) and "slot" in segment)
    assert asking == "".join(
        character for index, character in enumerate(text) if any(start <= index < end for start, end in inquiries)
    )


def test_a_long_dialogue_is_cut_where_it_says():
    row = {
        "id": "t/1", "source": "t", "department": None, "split": "train", "cluster": None, "drop_reason": None, "trace": [],
        "messages": [{"role": "user", "content": "痛" * 30}, {"role": "assistant", "content": "好" * 30}, {"role": "user", "content": "谢"}],
        "inquiries": [{"message": 1, "start": 5, "end": 30, "slot": "exam"}], "identifiers": [],
    }  # fmt: skip
    dialogue = to_json_dialogue(row, 40)
    assert (dialogue["characters"], dialogue["cut"], len(dialogue["turns"])) == (61, 40, 2)
    assert dialogue["turns"][1]["segments"] == ["好" * 5, {"text": "好" * 5, "slot": "exam"}]
    assert to_json_dialogue(row, 100)["cut"] is None


@given(st.text())
def test_json_cannot_end_its_element(text):
    inert_json = to_inert_json({text: [text]})
    assert not set("<>&\u2028\u2029") & set(inert_json)
    assert json.loads(inert_json) == {text: [text]}


def test_contrast_is_that_of_the_standard():
    assert compute_contrast("#000000", "#ffffff") == pytest.approx(21)
    assert compute_contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("theme", "colours"), [("light", palette.LIGHT), ("dark", palette.DARK)])
def test_colours_can_be_read(monkeypatch, theme, colours):
    for ground in ("paper", "panel"):
        for ink in ("ink", "muted", "accent", "dropped"):
            assert compute_contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for mark in (colours["edge"], *palette.CATEGORIES[theme]):
            assert compute_contrast(mark, colours[ground]) >= 3, (mark, ground)
    for ground in ("doctor", "asks", "redacted", "warning", "weak"):
        assert compute_contrast(colours["ink"], colours[ground]) >= 4.5, ground
    assert compute_contrast(colours["dropped"], colours["warning"]) >= 4.5
    # It looks at a thousand shades itself, and is asked a thousand times.
    ink_switch = palette.find_ink_switch(colours)
    monkeypatch.setattr(palette, "find_ink_switch", lambda _: ink_switch)
    for step in range(1001):
        assert (
            compute_contrast(palette.choose_ink(colours, step / 1000), palette.mix_shade(colours, step / 1000)) >= 4.5
        ), step


def test_every_text_is_in_both_languages_and_used():
    for key, words in [
        *TEXTS.items(),
        *((name, label) for labels in LABELS_BY_CATEGORY.values() for name, label in labels.items()),
    ]:
        assert all(words), key
        assert set(re.findall(r"{\w+}", words.en)) == set(re.findall(r"{\w+}", words.zh)), key
    folder = Path(cmtmed.__file__).parent / "report"
    sources = "".join(
        path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.suffix in {".py", ".html", ".js"}
    )
    sections = {f"to_{key}" for key in TEXTS}  # put together in the template
    warnings = (folder.parent / "builds/warnings.py").read_text(encoding="utf-8")
    codes = {f"warning_{code}" for code in re.findall(r'code="(\w+)"', warnings)}
    assert codes == {key for key in TEXTS if key.startswith("warning_")}
    sections |= codes
    unused = [
        key
        for key in TEXTS
        if key not in sections
        and not re.search(rf"[\"'({{ ]{key}[\"',) :}}]", sources.replace(f'"{key}": Bilingual', ""))
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
    with pytest.raises(OutputError, match="is not a page written by cmtmed and was left as it is"):
        cmtmed.write_report(demo, demo / "manifest.json")
    assert (demo / "manifest.json").read_bytes() == before


def cut(folder):
    file = next(folder.glob("dialogues/train/*.arrow"))
    file.write_bytes(file.read_bytes()[:20_000])


def lose(folder):
    next(folder.glob("dropped/*.arrow")).unlink()


def miscount(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["counts"]["kept"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def strange_column(folder):
    file = next(folder.glob("dropped/*.arrow"))
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, pa.schema({"id": pa.string()})):
        pass


def no_json(folder):
    (folder / "report.json").write_text("{", encoding="utf-8")


def other_json(folder):
    (folder / "report.json").write_text('{"stages": 3}', encoding="utf-8")


def no_versions(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["versions"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("damage", [cut, lose, miscount, strange_column, no_json, other_json, no_versions])
def test_a_damaged_build_is_refused_and_leaves_no_page(demo, tmp_path, damage):
    damaged = tmp_path / "broken"
    shutil.copytree(demo, damaged, ignore=shutil.ignore_patterns("*.html"))
    damage(damaged)
    with pytest.raises(DatasetError, match=r"run cmtmed build|(?:give|pass) the directory of a build"):
        cmtmed.write_report(damaged)
    assert not [path for path in damaged.iterdir() if "report.html" in path.name]


def test_a_missing_library_is_named_with_the_way_to_get_it(demo, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(UsageError, match=r"needs altair; install them with: pip install 'cmtmed\[report\]'"):
        cmtmed.write_report(demo)


def test_the_command_says_what_it_wrote(demo, tmp_path):
    target = tmp_path / "page.html"
    arguments = ["report", str(demo), "--page", str(target), "--no-text"]
    output = CliRunner().invoke(app, arguments, catch_exceptions=False).output
    assert "contains no dialogues" in output
    output = json.loads(CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False).output)
    assert output == {"page": str(target), "bytes": target.stat().st_size, "text": False}
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
        with pytest.raises(OutputError, match="was left as it is; choose another --page"):
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
        with pytest.raises(DatasetError, match="contradict each other"):
            cmtmed.write_report(copy)
