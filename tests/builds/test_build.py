"""The typed handle of a finished build: contents, tables and refusals."""

from __future__ import annotations

import json
import shutil

import jsonschema
import pytest

from cmtmed.builds import Build, BuildReport, Manifest
from cmtmed.errors import DatasetError
from cmtmed.resources import bundled


@pytest.fixture
def copy(demo, tmp_path):
    """Return a copy of the demo build that a test may damage."""
    return shutil.copytree(demo, tmp_path / "build")


@pytest.mark.parametrize(("file", "artifact"), [("manifest", Manifest), ("report", BuildReport)])
def test_artifacts_survive_reading_and_writing(demo, file, artifact):
    content = json.loads((demo / f"{file}.json").read_text(encoding="utf-8"))
    assert artifact.read(demo).to_dict() == content
    schema = json.loads(bundled(f"schemas/{file}.v1.json").read_text(encoding="utf-8"))
    jsonschema.validate(content, schema, jsonschema.Draft202012Validator)


def test_tables_are_read_in_batches(demo):
    build = Build.open(demo)
    counts = build.manifest.counts
    assert sum(batch.height for batch in build.iter_batches()) == counts["kept"]
    assert sum(batch.height for batch in build.iter_batches("dropped", ["id"])) == counts["dropped"]
    assert sum(batch.height for batch in build.iter_batches("quarantine")) == counts["quarantined"]
    train = list(build.iter_batches("sft", ["messages"], split="train"))
    assert sum(batch.height for batch in train) == build.manifest.views["sft"]["train"]
    assert {tuple(batch.columns) for batch in train} == {("messages",)}


def test_stage_options_are_those_of_the_pipeline(demo):
    build = Build.open(demo)
    assert build.stage_options("drop_duplicates")["threshold"] == 0.8
    assert build.stage_options("keep_proactive") is None
    assert next(iter(build.manifest.options_by_stage)) == "normalize_text"


def test_the_digest_depends_on_content_only(demo, copy):
    before = Build.open(demo).digest()
    assert Build.open(copy).digest() == before
    assert Build.open(copy).digest("dialogues", "dropped") != before
    path = Build.open(copy).paths()[0]
    path.write_bytes(path.read_bytes() + b"\0")
    assert Build.open(copy).digest() != before


def test_files_are_hashed_as_they_were_written(demo):
    build = Build.open(demo)
    assert {file.path for file in build.files} == {
        path.relative_to(demo).as_posix() for path in demo.rglob("*.arrow") if not path.name.startswith("cache-")
    }


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda manifest: manifest.pop("counts"), "lacks counts"),
        (lambda manifest: manifest["counts"].pop("kept"), "lacks counts.kept"),
        (lambda manifest: manifest["counts"].update(kept=-1), "counts.kept"),
        (lambda manifest: manifest.update(seed="早上"), "seed"),
        (lambda manifest: manifest.update(version=7), "version 7, but this cmtmed reads version 1"),
        (lambda manifest: manifest.update(format="other"), "not a manifest of cmtmed"),
        (lambda manifest: manifest["pipeline"]["stages"].append({}), r"pipeline\.stages\.\d+"),
    ],
)
def test_a_damaged_manifest_is_refused_by_name(copy, damage, reason):
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    damage(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DatasetError, match=reason) as error:
        Build.open(copy)
    assert "早上" not in str(error.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000])
def test_what_is_no_json_object_is_refused(copy, content):
    (copy / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        Build.open(copy)
    (copy / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"report\.json"):
        BuildReport.read(copy)


def test_a_directory_without_a_build_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no finished build"):
        Build.open(tmp_path)


def test_damaged_and_unknown_tables_are_refused(copy):
    build = Build.open(copy)
    with pytest.raises(DatasetError, match="has no column 'message'"):
        list(build.iter_batches(columns=["message"]))
    path = build.paths()[0]
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DatasetError, match="is damaged"):
        list(build.iter_batches())
