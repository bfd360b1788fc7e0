"""`cmtmed inspect` on crawls by kind: proposals, unedited, read every dialogue, and a build takes them."""

from __future__ import annotations

import pytest

import cmtmed
from cmtmed.io.read import read_file
from cmtmed.pipeline import Pipeline
from cmtmed.source import Source
from tests.support.unseen import make_unseen

CRAWLS = {name: crawl for name, crawl in make_unseen().items() if name not in ("labelled_endings", "keyed_turns")}
BUILT = ("interleaved_flag", "short_labels_in_one_line", "numbered_columns", "question_pages", "unknown_tab_labels")


def merge_turns(dialogues):
    """Neighbouring turns of one side are one; white space does not count."""
    merged = []
    for dialogue in dialogues:
        turns = []
        for role, text in dialogue:
            squeezed = "".join(text.split())
            if turns and turns[-1][0] == role:
                turns[-1] = (role, turns[-1][1] + squeezed)
            elif role != "system":
                turns.append((role, squeezed))
        merged.append(turns)
    return sorted(merged)


def read_dialogues(files, sources):
    return [
        [(message["role"], message["content"]) for message in messages]
        for file in files
        for batch in read_file(file, sources)
        for messages in batch.dialogues["messages"].to_list()
    ]


def write_crawl(name, folder):
    folder.mkdir()
    for file, text in CRAWLS[name][0].items():
        (folder / file).write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("name", CRAWLS)
def test_a_proposal_reads_every_dialogue(name, tmp_path):
    files = write_crawl(name, tmp_path / "crawl")
    inspection = cmtmed.inspect(tmp_path / "crawl")
    (tmp_path / "proposed.yaml").write_text(inspection.pipeline, encoding="utf-8")
    dialogues = read_dialogues(files, Pipeline.load(tmp_path / "proposed.yaml").sources)
    assert merge_turns(dialogues) == merge_turns(CRAWLS[name][1]), inspection.pipeline


@pytest.mark.parametrize("name", BUILT)
def test_a_proposal_builds(name, tmp_path):
    write_crawl(name, tmp_path / "crawl")
    pipeline = tmp_path / "proposed.yaml"
    pipeline.write_text(cmtmed.inspect(tmp_path / "crawl").pipeline, encoding="utf-8")
    assert cmtmed.build(pipeline, [tmp_path / "crawl"], tmp_path / "out").counts["kept"] == len(CRAWLS[name][1])


def test_names_that_suffice_are_kept(tmp_path):
    """Where names alone read everything, the proposal reads the same."""
    for name in ("upper_case_notices", "replies_of_both", "unknown_beside_known"):
        files = write_crawl(name, tmp_path / name)
        by_names = merge_turns(read_dialogues(files, [Source(name="crawl")]))
        proposed = merge_turns(read_dialogues(files, cmtmed.inspect(tmp_path / name).sources))
        gold = merge_turns(CRAWLS[name][1])
        assert sum(turns in gold for turns in proposed) >= sum(turns in gold for turns in by_names)
