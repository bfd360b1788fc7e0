"""Builds of crawls in which names find no dialogue: by the inspection's proposal, recorded and repeatable."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path

import pytest

import cmtmed
from cmtmed.builds import Build
from cmtmed.inspection import resolution
from cmtmed.inspection.resolution import resolve_sources
from cmtmed.io.crawl_files import match_files
from cmtmed.pipeline import Pipeline
from cmtmed.source import Source
from tests.support.unseen import make_unseen

UNSEEN = make_unseen()
UNKNOWN = ("interleaved_flag", "question_pages")
"""Crawls in which names find nothing."""
OPEN = (Source(name="crawl"),)


def write_crawl(name, folder):
    folder.mkdir(parents=True)
    for file, text in UNSEEN[name][0].items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def build(crawl, out, **options):
    pipeline = Pipeline.parse({"name": "plain", "stages": ["normalize_text"]})
    return cmtmed.build(pipeline, [crawl], out, **{"workers": 1, **options})


def read_kept(out):
    rows = [row for batch in Build.open(out).iter_batches("dialogues") for row in batch.iter_rows(named=True)]
    return Counter(tuple((turn["role"], "".join(turn["content"].split())) for turn in row["messages"]) for row in rows)


def expect(name):
    return Counter(tuple((role, "".join(text.split())) for role, text in dialogue) for dialogue in UNSEEN[name][1])


def read_files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.arrow"))} | {
        Path("manifest.json"): (folder / "manifest.json").read_bytes()
    }


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_build_reads_what_names_do_not_find(name, tmp_path):
    report = build(write_crawl(name, tmp_path / "crawl"), tmp_path / "out")
    assert read_kept(tmp_path / "out") == expect(name)
    assert {warning.code for warning in report.warnings} >= {"proposed_source"}
    assert report.counts["quarantined"] == 0


def test_the_proposal_is_announced_and_recorded_without_text(tmp_path, caplog):
    crawl = write_crawl("interleaved_flag", tmp_path / "crawl")
    with caplog.at_level(logging.INFO, logger="cmtmed.engine"):
        report = build(crawl, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    (source,) = manifest["proposed_sources"]
    assert source["fields"] == {"role": "flag", "content": "words"}
    assert source["roles"] == {"user": ["0"], "assistant": ["1"]}
    (warning,) = [warning for warning in report.warnings if warning.code == "proposed_source"]
    assert "role: flag, content: words" in warning.message
    assert "cmtmed inspect INPUT --out my.yaml" in warning.message
    assert warning.message.split("what they hold: ")[1].split("; look")[0] in caplog.text
    texts = [text for dialogue in UNSEEN["interleaved_flag"][1] for _, text in dialogue]
    written = json.dumps(report.to_dict(), ensure_ascii=False) + json.dumps(manifest, ensure_ascii=False) + caplog.text
    assert not any(text in written for text in texts)


def test_the_recorded_source_reads_the_same(tmp_path):
    crawl = write_crawl("interleaved_flag", tmp_path / "crawl")
    build(crawl, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    declared = {"name": "plain", "sources": manifest["proposed_sources"], "stages": ["normalize_text"]}
    report = cmtmed.build(Pipeline.parse(declared), [crawl], tmp_path / "again", workers=1)
    assert read_kept(tmp_path / "again") == read_kept(tmp_path / "out")
    assert "proposed_source" not in {warning.code for warning in report.warnings}


def test_workers_and_a_second_run_change_no_byte(tmp_path):
    crawl = write_crawl("interleaved_flag", tmp_path / "crawl")
    write_crawl("question_pages", crawl / "pages")
    build(crawl, tmp_path / "one")
    build(crawl, tmp_path / "two", workers=2)
    assert read_files(tmp_path / "one") == read_files(tmp_path / "two")


def test_an_interrupted_build_resumes_with_the_same_proposal(tmp_path, monkeypatch):
    crawl = write_crawl("interleaved_flag", tmp_path / "crawl")
    build(crawl, tmp_path / "whole")

    def stop(phase, completed, total):
        del completed, total
        if phase == "emit":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(crawl, tmp_path / "out", progress=stop)
    build(crawl, tmp_path / "out")
    assert read_files(tmp_path / "out") == read_files(tmp_path / "whole")


def test_in_a_mixed_folder_each_form_is_read_by_its_own_source(tmp_path):
    crawl = write_crawl("interleaved_flag", tmp_path / "crawl")
    write_crawl("question_pages", crawl / "pages")
    records = [{"question": f"孩子发烧{n}天了怎么办？", "answer": f"建议查血常规，{n}天后复诊。"} for n in range(1, 6)]
    (crawl / "known.jsonl").write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records), encoding="utf-8")
    build(crawl, tmp_path / "out")
    known = Counter((("user", r["question"]), ("assistant", r["answer"])) for r in records)
    assert read_kept(tmp_path / "out") == expect("interleaved_flag") + expect("question_pages") + known
    resolved = resolve_sources(match_files([crawl], OPEN), OPEN)
    assert [source.match for source in resolved.sources][-1] == "*"
    assert not any(proposal.source.matches(crawl / "known.jsonl") for proposal in resolved.proposed)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"第{n}条 感冒要不要吃药" for n in range(40)),
        "名称,规格,价格\n" + "\n".join(f"甘草片,{n}片,{n}元" for n in range(1, 40)),
        json.dumps([{"name": f"项目{n}", "count": n} for n in range(40)], ensure_ascii=False),
    ],
    ids=["questions alone", "price list", "counts"],
)
def test_what_is_no_dialogue_stays_in_quarantine_with_a_reason(text, tmp_path):
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "a.txt").write_text(text, encoding="utf-8")
    report = build(tmp_path / "crawl", tmp_path / "out")
    assert report.counts["kept"] == 0
    (warning,) = [warning for warning in report.warnings if warning.code == "unknown_layout"]
    assert "cmtmed inspect" in warning.message
    assert warning.counts == {"files": 1}
    assert "proposed_sources" not in json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))


def test_speakers_called_by_their_own_names_are_not_declared(tmp_path):
    rows = [
        f"{n},{who},{text}"
        for n in range(12)
        for who, text in (
            ("李秀英", f"我头痛{n + 1}天了，怎么办？"), ("赵建国", "头晕吗？血压多少？"),
            ("李秀英", "有点晕，血压没量"), ("赵建国", f"建议先测血压，口服布洛芬{n + 1}天，注意休息。"),
        )
    ]  # fmt: skip
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["k,w,t", *rows]), encoding="utf-8")
    resolved = resolve_sources([file], OPEN)
    assert resolved.proposed == ()
    assert [files for _, files in resolved.unknown] == [1]
    assert "李秀英" not in str(resolved)


@pytest.mark.parametrize(
    "declared", [{"fields": {"question": "words"}}, {"shape": "messages"}, {"format": "csv"}, {"having": ["words"]}]
)
def test_a_declared_layout_is_never_overruled(declared, tmp_path):
    crawl = write_crawl("interleaved_flag", tmp_path / "crawl")
    sources = (Source.model_validate({"name": "mine", **declared}),)
    assert resolve_sources(match_files([crawl], sources), sources).sources == sources


def test_files_that_names_read_are_looked_at_and_nothing_more(tmp_path, monkeypatch):
    for n in range(500):
        record = {"question": f"咳嗽{n}天怎么办？", "answer": "建议多喝水，必要时查胸片。"}
        (tmp_path / f"{n}.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    looked = []
    sample_file = resolution.sample_file
    monkeypatch.setattr(
        resolution, "sample_file", lambda file, *a, **o: looked.append(file) or sample_file(file, *a, **o)
    )
    monkeypatch.setattr(resolution, "choose_source", None)
    assert resolve_sources(sorted(tmp_path.iterdir()), OPEN).sources == OPEN
    assert len(looked) == 12
