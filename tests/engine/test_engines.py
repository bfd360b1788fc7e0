"""The engine protocol: engines are chosen by name, and a second engine gives the same rows."""

from __future__ import annotations

import json

import polars as pl
import pytest

import cmtmed
from cmtmed.builds import Build
from cmtmed.cli import main
from cmtmed.engine import build as build_module
from cmtmed.engine import local
from cmtmed.engine.protocol import EngineResult
from cmtmed.errors import UsageError
from cmtmed.io.read import read_file
from cmtmed.lineage import apply_stage
from cmtmed.schema import complete
from cmtmed.stage import CorpusStage
from cmtmed.stats import ReadingStats, TableStats


class InMemoryEngine:
    """The smallest engine: one table, one process, no intermediate files. It expects unique ids."""

    def __init__(self, workers=None):
        self.workers = workers

    def run(self, job):
        batches = [batch for file in job.files for batch in read_file(file, job.pipeline.sources)]
        rows = complete(pl.concat([batch.dialogues for batch in batches]))
        before = TableStats.from_rows(rows)
        reading = sum((batch.stats for batch in batches), ReadingStats())
        all_stats = []
        for stage in job.pipeline.stages:
            decision = None
            if isinstance(stage, CorpusStage) and stage.sees_corpus:
                covered = rows if stage.covers_dropped else rows.filter(pl.col("drop_reason").is_null())
                decision = stage.decide(stage.sketch(covered.select(list(stage.reads))).lazy())
            rows, stats = apply_stage(stage, rows, decision)
            all_stats.append(stats)
        quarantined = [batch.quarantined for batch in batches if batch.quarantined.height]
        return EngineResult([rows], quarantined, before, reading, all_stats, read_seconds=0.0, stage_seconds=0.0)


@pytest.fixture
def crawl(tmp_path):
    records = [
        {
            "id": number,
            "question": f"孩子发烧{37 + number / 10:.1f}度，咳嗽{number}天了怎么办？",
            "answer": f"您好，请问第{number}位孩子多大了？先物理降温，每{number + 4}小时量一次体温。",
        }
        for number in range(30)
    ]
    records.append({**records[3], "id": 30})
    lines = [json.dumps(record, ensure_ascii=False) for record in records] + ["{broken"]
    path = tmp_path / "crawl.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def read_tables(out):
    build = Build.open(out)
    tables = ("dialogues", "dropped", "quarantine", "pretrain", "sft", "prompts")
    return {table: pl.concat(build.iter_batches(table)).to_dicts() for table in tables}


def test_a_second_engine_gives_the_same_rows(crawl, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "SHARD_ROWS", 7)
    monkeypatch.setattr(build_module, "ENGINES", {**build_module.ENGINES, "memory": InMemoryEngine})
    first = cmtmed.build("cmtmedqa", [crawl], tmp_path / "local")
    second = cmtmed.build("cmtmedqa", [crawl], tmp_path / "memory", engine="memory", workers=3)
    assert read_tables(tmp_path / "local") == read_tables(tmp_path / "memory")
    manifests = [Build.open(tmp_path / name).manifest.to_dict() for name in ("local", "memory")]
    assert [{**manifest, "files": []} for manifest in manifests] == [{**manifests[0], "files": []}] * 2
    assert (first.counts, first.before, first.after) == (second.counts, second.before, second.after)
    assert (first.characters, first.reading, first.warnings) == (second.characters, second.reading, second.warnings)
    assert [(stage.stage, stage.rows, stage.edited, stage.dropped) for stage in first.stages] == [
        (stage.stage, stage.rows, stage.edited, stage.dropped) for stage in second.stages
    ]


def test_an_interrupted_build_is_not_resumed_by_another_engine(crawl, tmp_path, monkeypatch):
    class InterruptedEngine(InMemoryEngine):
        def run(self, job):
            (job.workspace.root / "leftover").touch()
            raise KeyboardInterrupt

    engines = {**build_module.ENGINES, "interrupted": InterruptedEngine}
    monkeypatch.setattr(build_module, "ENGINES", engines)
    with pytest.raises(KeyboardInterrupt):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out", engine="interrupted")
    leftover = tmp_path / ".out.building" / "leftover"
    assert leftover.exists()
    monkeypatch.setattr(local.WorkerPool, "run", lambda *_: pytest.fail("resumed") if leftover.exists() else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")


def test_an_unknown_engine_is_refused_with_the_names_that_exist(crawl, tmp_path, monkeypatch, capsys):
    with pytest.raises(UsageError, match="unknown engine 'loca'; available: local"):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out", engine="loca")
    command = ["cmtmed", "build", "cmtmedqa", str(crawl), "--out", str(tmp_path / "out"), "--engine", "spark"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "unknown engine 'spark'; available: local" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
