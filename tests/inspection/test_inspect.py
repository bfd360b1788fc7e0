"""`cmtmed inspect`: its proposals, unedited, read crawls right whose names say nothing."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import cmtmed
from cmtmed.cli import app
from cmtmed.errors import InputError
from cmtmed.io.read import read_file
from cmtmed.pipeline import Pipeline
from tests.support.crawls import CASES, DIALOGUES, make_crawls
from tests.support.more_crawls import make_more_crawls

CRAWLS = make_crawls() | make_more_crawls()
DATA = Path(__file__).parents[3] / "shared" / "data"


def read_with(pipeline_text, folder, files):
    path = folder / "proposed.yaml"
    path.write_text(pipeline_text, encoding="utf-8")
    sources = Pipeline.load(path).sources
    return [
        [(message["role"], message["content"]) for message in messages]
        for file in files
        for batch in read_file(file, sources)
        for messages in batch.dialogues["messages"].to_list()
    ]


def count_turns(dialogues):
    return Counter(
        (place, role, "".join(text.split())) for dialogue in dialogues for place, (role, text) in enumerate(dialogue)
    )


def score(gold, dialogues):
    expected, actual = count_turns(gold), count_turns(dialogues)
    return 2 * (expected & actual).total() / (expected.total() + actual.total())


@pytest.mark.parametrize("name", CRAWLS)
def test_a_proposal_reads_what_names_do_not_tell(name, tmp_path):
    text, gold = CRAWLS[name]
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    inspection = cmtmed.inspect(file)
    assert score(gold, read_with(inspection.pipeline, tmp_path, [file])) == 1.0, inspection.pipeline


def test_a_directory_of_unlike_files_gets_a_source_for_each_form(tmp_path):
    crawl = tmp_path / "crawl"
    crawl.mkdir()
    names = ("no_header.csv", "codes.jsonl", "letters.txt", "sides.html")
    for name in names:
        (crawl / name).write_text(CRAWLS[name][0], encoding="utf-8")
    (crawl / "more.jsonl").write_text(CRAWLS["codes.jsonl"][0], encoding="utf-8")
    (crawl / "LICENSE").write_text("free", encoding="utf-8")
    inspection = cmtmed.inspect([crawl])
    assert len(inspection.groups) == len(names)
    files = sorted(crawl.glob("*.*"))
    gold = [d for file in files for d in (CRAWLS.get(file.name) or CRAWLS["codes.jsonl"])[1]]
    assert score(gold, read_with(inspection.pipeline, tmp_path, files)) == 1.0


def test_files_that_nothing_but_their_content_tells_apart(tmp_path):
    for name, crawl in (("a.txt", "letters.txt"), ("b.txt", "blocks.txt")):
        (tmp_path / name).write_text(CRAWLS[crawl][0], encoding="utf-8")
    inspection = cmtmed.inspect([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert sorted(source.match for source in inspection.sources) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16"])
def test_the_encoding_is_written_down(encoding, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(CRAWLS["unknown_keys.jsonl"][0].encode(encoding, "ignore"))
    (group,) = cmtmed.inspect(file).groups
    assert group.source.encoding.startswith(encoding[:4])
    assert group.facts["encoding"]


def test_large_files_are_sampled(tmp_path):
    file = tmp_path / "large.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        for number in range(20_000):
            turns = CASES[number % len(CASES)][2]
            stream.write(
                json.dumps({"xx": f"{number}号：{turns[0]}", "yy": f"{turns[3]}{number}天后复诊。"}, ensure_ascii=False)
                + "\n"
            )
    (group,) = cmtmed.inspect(file).groups
    assert group.records <= 1000
    assert group.source.fields.question == "xx"
    assert group.source.fields.answer == "yy"


@pytest.mark.parametrize("name", ["empty.csv", "blank.txt", "noise.json", "prose.txt", "cut.jsonl.gz", "bytes.bin"])
def test_what_cannot_be_read_is_said(name, tmp_path):
    contents = {
        "empty.csv": b"",
        "blank.txt": b" \n\n ",
        "noise.json": b'{"a": [1, 2, {"b": ',
        "prose.txt": "高血压是一种常见的慢性病。\n合理用药很重要。".encode(),
        "cut.jsonl.gz": gzip.compress(CRAWLS["codes.jsonl"][0].encode())[:40],
        "bytes.bin": bytes(range(256)) * 4,
    }
    file = tmp_path / name
    file.write_bytes(contents[name])
    inspection = cmtmed.inspect(file)
    assert inspection.groups[0].doubts
    assert Pipeline.parse(yaml.safe_load(inspection.pipeline)).sources


def test_a_missing_input_is_an_error(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        cmtmed.inspect(tmp_path / "none.csv")


def test_examples_are_text_only_where_asked_for(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(CRAWLS["codes.jsonl"][0], encoding="utf-8")
    inspection = cmtmed.inspect(file)
    said = [text for dialogue in DIALOGUES for _, text in dialogue]
    hidden = json.dumps(inspection.to_dict(), ensure_ascii=False)
    assert not any(text in hidden for text in said)
    assert any(text in json.dumps(inspection.to_dict(examples=True), ensure_ascii=False) for text in said)


def test_the_command_writes_a_pipeline_that_builds(tmp_path):
    file = tmp_path / "utterances.csv"
    file.write_text(CRAWLS["utterances.csv"][0], encoding="utf-8")
    out = tmp_path / "mine.yaml"
    result = CliRunner().invoke(app, ["inspect", str(file), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "proposed pipeline" in result.output
    assert CASES[0][2][0] in result.output
    built = cmtmed.build(out, [file], tmp_path / "out")
    assert built.counts["kept"] == len(CASES)
    assert CliRunner().invoke(app, ["inspect", str(file), "--out", str(out)]).exception is not None


def test_json_of_the_command(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(CRAWLS["no_header.csv"][0], encoding="utf-8")
    result = CliRunner().invoke(app, ["inspect", str(file), "--json"])
    (group,) = json.loads(result.output)["groups"]
    assert group["source"]["header"] == "none"
    assert CASES[0][2][0] not in result.output


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent")
@pytest.mark.parametrize("name", ["toyhom/internal_medicine.gb18030.txt", "huatuogpt/med_dialog_100.json"])
def test_real_files_that_names_do_not_tell(name):
    (group,) = cmtmed.inspect(DATA / name).groups
    assert group.completeness > 0.95
    assert group.voice > 0.8
