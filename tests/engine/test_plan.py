"""An interrupted build resumes only if nothing has changed; otherwise it says what has, and starts over."""

from __future__ import annotations

import json

import pytest

import cmtmed
from cmtmed import Pipeline
from cmtmed.engine import plan as plan_module
from cmtmed.engine import reading, tasks
from cmtmed.engine.plan import describe_changes
from cmtmed.errors import StrictError
from tests.durability.crashes import fingerprint

STAGES = ["normalize_text", "merge_turns", {"drop_by_length": {"min_chars": 3}}]


class _Killed(BaseException):
    """Simulates a kill."""


def write_crawl(folder, count=5):
    folder.mkdir(exist_ok=True)
    for name in ("a.jsonl", "b.jsonl"):
        records = [
            {
                "id": f"{name}{number}",
                "question": f"孩子咳嗽{number}天怎么办？",
                "answer": f"先观察{number + 1}天，多喝水。",
            }
            for number in range(count)
        ]
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        (folder / name).write_text("\n".join([*lines, "{broken"]) + "\n", encoding="utf-8")
    return folder


def parse(stages=STAGES, **options):
    return Pipeline.parse({"name": "p", "stages": stages, **options})


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A build that was killed after it had read the crawl."""
    write_crawl(tmp_path / "crawl")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(tasks.lineage, "apply_stage", lambda *_: (_ for _ in ()).throw(_Killed))
        with pytest.raises(_Killed):
            cmtmed.build(parse(), ["crawl"], tmp_path / "out", workers=1)
    return tmp_path / "out"


def add_file(tmp_path, _monkeypatch):
    write_crawl(tmp_path / "crawl")
    (tmp_path / "crawl" / "c.jsonl").write_text((tmp_path / "crawl" / "a.jsonl").read_text("utf-8"), "utf-8")
    return {}


def change_file(tmp_path, _monkeypatch):
    write_crawl(tmp_path / "crawl", count=6)
    return {}


def remove_file(tmp_path, _monkeypatch):
    (tmp_path / "crawl" / "b.jsonl").unlink()
    return {}


def change_option(_tmp_path, _monkeypatch):
    return {"pipeline": parse([*STAGES[:2], {"drop_by_length": {"min_chars": 4}}])}


def change_views(_tmp_path, _monkeypatch):
    return {"pipeline": parse(views={"patient": "患者: "})}


def change_version(_tmp_path, monkeypatch):
    versions = plan_module.library_versions()
    monkeypatch.setattr(plan_module, "library_versions", lambda: {**versions, "polars": "99.0"})
    return {}


def change_reader(_tmp_path, monkeypatch):
    """A library that the manifest does not name."""
    versions = plan_module.list_library_versions()
    assert "orjson" in versions
    monkeypatch.setattr(plan_module, "list_library_versions", lambda: {**versions, "orjson": "99.0"})
    return {}


def change_code(tmp_path, monkeypatch):
    (tmp_path / "code.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(plan_module.inspect, "getfile", lambda _: str(tmp_path / "code.py"))
    return {}


def change_directory(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    write_crawl(tmp_path / "elsewhere" / "crawl", count=4)
    monkeypatch.chdir(tmp_path / "elsewhere")
    return {}


def take_sample(_tmp_path, _monkeypatch):
    return {"sample": 4}


CHANGES = {
    add_file: "input 'crawl/c.jsonl' is new",
    change_file: "input 'crawl/a.jsonl' changed, input 'crawl/b.jsonl' changed",
    remove_file: "input 'crawl/b.jsonl' is no longer there",
    change_option: "the option stages.drop_by_length.min_chars (3 → 4)",
    change_views: "the option views.patient (患者： → 患者: )",
    change_version: "another version of polars",
    change_reader: "another version of orjson",
    change_code: "changed code of cmtmed or of a stage",
    change_directory: "input 'crawl/a.jsonl' changed",
    take_sample: "another selection of records (--limit or --sample",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changes_are_named_and_start_over(interrupted, tmp_path, monkeypatch, caplog, change):
    options = change(tmp_path, monkeypatch)
    pipeline = options.pop("pipeline", parse())
    cmtmed.build(pipeline, ["crawl"], interrupted, workers=1, **options)
    assert f"the interrupted build of {interrupted} starts over, because of " in caplog.text
    assert CHANGES[change] in caplog.text
    cmtmed.build(pipeline, ["crawl"], tmp_path / "fresh", workers=1, **options)
    assert fingerprint(interrupted) == fingerprint(tmp_path / "fresh")


def test_another_key_starts_over(tmp_path, monkeypatch, caplog):
    write_crawl(tmp_path / "crawl")
    pipeline = parse([*STAGES, {"redact_identifiers": {"actions": {"PERSON": "pseudonym"}}}])
    monkeypatch.setenv("CMTMED_KEY", "a" * 32)
    with monkeypatch.context() as patch:
        patch.setattr(tasks.lineage, "apply_stage", lambda *_: (_ for _ in ()).throw(_Killed))
        with pytest.raises(_Killed):
            cmtmed.build(pipeline, [tmp_path / "crawl"], tmp_path / "out", workers=1)
    monkeypatch.setenv("CMTMED_KEY", "b" * 32)
    cmtmed.build(pipeline, [tmp_path / "crawl"], tmp_path / "out", workers=1)
    assert "because of another key of stage redact_identifiers" in caplog.text
    assert "aaaa" not in caplog.text
    assert "bbbb" not in caplog.text


@pytest.mark.parametrize("moved", [False, True])
def test_nothing_that_matters_has_changed(interrupted, tmp_path, monkeypatch, caplog, moved):
    """Other workers, and another directory with the same files, change no row."""
    if moved:
        (tmp_path / "elsewhere").mkdir()
        write_crawl(tmp_path / "elsewhere" / "crawl")
        monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(reading, "read_file", lambda *_, **__: pytest.fail("read again"))
    cmtmed.build(parse(), ["crawl"], interrupted, workers=2)
    assert "starts over" not in caplog.text


def test_strict_refuses_what_was_read_without_it(interrupted):
    with pytest.raises(StrictError, match=r"a\.jsonl: line 6: invalid_json; fix the input"):
        cmtmed.build(parse(), ["crawl"], interrupted, workers=1, strict=True)


def test_many_changes_are_cut_short():
    inputs = [[{"path": f"{name}{number}"} for number in range(9)] for name in "ab"]
    changes = describe_changes({"inputs": inputs[0]}, {"inputs": inputs[1]})
    assert changes == [*(f"input 'a{number}' is no longer there" for number in range(5)), "and 13 more changes"]


def test_a_changed_order_of_inputs_is_a_change():
    inputs = [{"path": "a"}, {"path": "b"}]
    assert describe_changes({"inputs": inputs}, {"inputs": inputs[::-1]}) == ["another order of the inputs"]
