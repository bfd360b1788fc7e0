"""`cmtmed inspect` on crawls by kind: proposals, unedited, read every dialogue, and a build takes them."""

from __future__ import annotations

import pytest

import cmtmed
from cmtmed.io.read import read_file
from cmtmed.pipeline import Pipeline
from cmtmed.source import Source
from tests.support.unseen import make_unseen

CRAWLS = {name: crawl for name, crawl in make_unseen().items() if name != "keyed_turns"}
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


def inspect_crawl(name, folder):
    write_crawl(name, folder)
    (group,) = cmtmed.inspect(folder).groups
    return group


def test_speakers_are_counted_by_the_names_in_the_files(tmp_path):
    group = inspect_crawl("interleaved_flag", tmp_path / "codes")
    assert {(s.name, s.turns, s.role) for s in group.speakers} == {("0", 24, "user"), ("1", 24, "assistant")}
    group = inspect_crawl("coded_notices", tmp_path / "notices")
    assert {(s.name, s.turns, s.role) for s in group.speakers} == {
        ("c", 24, "user"), ("s", 24, "assistant"), ("n", 24, "left out")
    }  # fmt: skip


def test_names_of_one_dialogue_are_folded(tmp_path):
    group = inspect_crawl("changing_nicknames", tmp_path / "names")
    assert {(s.name, s.turns, s.role) for s in group.speakers} == {
        ("周医生", 8, "assistant"), ("吴主任", 8, "assistant"), ("郑医师", 8, "assistant"), ("12 more names", 24, "user")
    }  # fmt: skip


def test_facts_name_id_dates_headings_and_trailing_blocks(tmp_path):
    facts = inspect_crawl("interleaved_flag", tmp_path / "rows").facts
    assert facts["likely id"].startswith("field k; in 12 of 12 dialogues")
    assert facts["dates"] == "when: 2020-09-13 to 2020-09-13, in milliseconds"
    assert "用药" in inspect_crawl("bracketed_sections", tmp_path / "sections").facts["headings"]
    group = inspect_crawl("labelled_endings", tmp_path / "endings")
    assert "trailing blocks" in group.facts
    assert group.left_out["trailing_block"] > 0


def test_parts_of_an_answer_are_no_trailing_blocks(tmp_path):
    """Labels by which a doctor divides an answer stay, although most last turns have them."""
    dialogues = "\n\n".join(
        f"患者：头痛{n}天了，怎么办？\n医生：您好。\n病情分析：考虑紧张性头痛。\n指导意见：注意休息，{n}天后复诊。"
        for n in range(1, 9)
    )
    (tmp_path / "a.txt").write_text(dialogues, encoding="utf-8")
    (group,) = cmtmed.inspect(tmp_path / "a.txt").groups
    assert not group.source.transcript.end
    assert "trailing blocks" not in group.facts
