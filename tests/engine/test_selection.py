"""Builds of a part of a crawl: the first records, or a uniform sample of all files."""

from __future__ import annotations

import json

import pytest

import cmtmed
from cmtmed.builds import Build
from cmtmed.engine import local
from cmtmed.errors import UsageError
from cmtmed.io.selection import SmallestHashes, find_threshold, hash_position

FILES = 5
ROWS = 40


@pytest.fixture
def crawl(tmp_path, monkeypatch):
    """Write five files of 40 records; in each, record 7 is broken. Every file is a task of its own."""
    monkeypatch.setattr(local, "GROUP_BYTES", 1)
    folder = tmp_path / "crawl"
    folder.mkdir()
    for file in range(FILES):
        lines = [
            json.dumps(
                {
                    "id": f"{file}-{number}",
                    "question": f"第{file}组第{number}位：孩子发烧{number}天，吃了{file * 7 + number}次药还不好，怎么办？",
                    "answer": f"您好，第{number}天查过血常规吗？第{file}组建议多喝水，每{number + 2}小时量体温。",
                },
                ensure_ascii=False,
            )
            for number in range(ROWS)
        ]
        lines[7] = "{broken"
        (folder / f"{file}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def build(crawl, out, **options):
    pipeline = {"name": "p", "stages": ["normalize_text"], "seed": options.pop("seed", 0)}
    report = cmtmed.build(cmtmed.Pipeline.parse(pipeline), [crawl], out, **{"workers": 1, **options})
    built = Build.open(out)
    ids = [id for batch in built.iter_batches("dialogues") for id in batch["id"].to_list()]
    return report, ids


def test_a_limit_takes_the_first_records_over_all_files(crawl, tmp_path):
    report, ids = build(crawl, tmp_path / "out", limit=ROWS + 10)
    expected = [f"crawl/0-{number}" for number in range(ROWS) if number != 7]
    expected += [f"crawl/1-{number}" for number in range(10) if number != 7]
    assert ids == expected
    assert report.counts == {"read": 50, "kept": 48, "dropped": 0, "quarantined": 2}


@pytest.mark.parametrize("size", [1, 30, 10**6])
def test_a_sample_has_its_size_and_keeps_the_order(crawl, tmp_path, size):
    report, ids = build(crawl, tmp_path / "out", sample=size)
    _, everything = build(crawl, tmp_path / "all")
    assert report.counts["read"] == min(size, FILES * ROWS)
    assert ids == [id for id in everything if id in set(ids)]


def test_a_sample_depends_on_the_seed_and_nothing_else(crawl, tmp_path, monkeypatch):
    _, first = build(crawl, tmp_path / "a", sample=30, workers=1)
    _, workers = build(crawl, tmp_path / "b", sample=30, workers=2)
    monkeypatch.setattr(local, "GROUP_BYTES", 10**9)
    _, one_task = build(crawl, tmp_path / "c", sample=30)
    _, other_seed = build(crawl, tmp_path / "d", sample=30, seed=1)
    assert first == workers == one_task
    assert first != other_seed
    assert {id.partition("/")[2][0] for id in first} == {"0", "1", "2", "3", "4"}


def test_samples_of_equal_files_are_uniform():
    """Each of 2,000 positions is drawn with the same probability: the counts of ten blocks fit a χ² test."""
    counts = [0] * 10
    for seed in range(50):
        smallest = SmallestHashes(seed, 100)
        for number in range(2000):
            smallest.takes("x", number)
        threshold = find_threshold(smallest.hashes, 100)
        for number in range(2000):
            counts[number // 200] += hash_position(seed, 0, "x", number) <= threshold
    assert sum(counts) == 5000
    assert sum((count - 500) ** 2 / 500 for count in counts) < 27.9  # p = .001 with 9 degrees of freedom


def test_manifest_and_warning_say_that_it_is_a_part(crawl, tmp_path):
    report, _ = build(crawl, tmp_path / "out", sample=30, seed=4)
    assert json.loads((tmp_path / "out/manifest.json").read_text())["selection"] == {
        "limit": None,
        "sample": 30,
        "seed": 4,
    }
    assert Build.open(tmp_path / "out").manifest.selection.sample == 30
    assert [warning.message for warning in report.warnings if warning.code == "part_of_the_crawl"] == [
        "this build holds a sample of 30 records of the crawl; build without --limit and --sample for all"
    ]
    whole, _ = build(crawl, tmp_path / "whole")
    assert "selection" not in json.loads((tmp_path / "whole/manifest.json").read_text())
    assert "part_of_the_crawl" not in {warning.code for warning in whole.warnings}


def test_an_interrupted_sample_resumes_and_another_selection_starts_over(crawl, tmp_path, monkeypatch):
    expected, _ = build(crawl, tmp_path / "expected", sample=30)
    original = local.LocalEngine._run_stages
    monkeypatch.setattr(local.LocalEngine, "_run_stages", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(crawl, tmp_path / "out", sample=30)
    workspace = tmp_path / ".out.building"
    markers = {path: path.stat().st_mtime_ns for path in workspace.rglob("done.json")}
    assert len(markers) == FILES
    with pytest.raises(KeyboardInterrupt):
        build(crawl, tmp_path / "out", sample=30)
    assert {path: path.stat().st_mtime_ns for path in workspace.rglob("done.json")} == markers
    with pytest.raises(KeyboardInterrupt):
        build(crawl, tmp_path / "out", sample=31)
    assert {path: path.stat().st_mtime_ns for path in workspace.rglob("done.json")} != markers
    monkeypatch.setattr(local.LocalEngine, "_run_stages", original)
    report, _ = build(crawl, tmp_path / "out", sample=30)
    assert report.counts == expected.counts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 5, "sample": 5}, r"limit \(5\) and sample \(5\) exclude each other; give one of the two"),
        ({"limit": 0}, "limit is 0; set it to 1 or more, or omit it"),
        ({"sample": -3}, "sample is -3; set it to 1 or more"),
    ],
)
def test_impossible_selections_are_refused(crawl, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        build(crawl, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
