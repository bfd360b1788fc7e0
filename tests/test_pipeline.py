"""A pipeline is checked before a row is read, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmtmed.errors import PipelineError
from cmtmed.pipeline import Pipeline
from cmtmed.resources import bundled

BUNDLED = sorted(path.stem for path in bundled("pipelines").glob("*.yaml"))


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_pipelines_load(name):
    pipeline = Pipeline.load(name)
    assert pipeline.name == name
    assert pipeline.description


WRONG = {
    "an unknown stage": (
        {"stages": ["normalise_text"]},
        r"x\.yaml: stages\[0\]: unknown stage 'normalise_text'; did you mean 'normalize_text'\?",
    ),
    "an unknown option": (
        {"stages": [{"drop_by_length": {"min_turn": 2}}]},
        r"stages\[0\]: drop_by_length: unknown option 'min_turn'; did you mean 'min_turns'\?",
    ),
    "a value of the wrong type": (
        {"stages": [{"drop_by_length": {"min_turns": "two"}}]},
        r"drop_by_length: min_turns: got 'two': .*valid integer",
    ),
    "bounds that exclude everything": (
        {"stages": [{"drop_by_length": {"min_turns": 9, "max_turns": 3}}]},
        r"min_turns \(9\) exceeds max_turns \(3\)",
    ),
    "a column that nobody wrote": (
        {"stages": ["keep_proactive"]},
        "stage 'keep_proactive' reads column 'inquiries', which no earlier stage writes",
    ),
    "an edit after offsets were recorded": (
        {"stages": ["tag_inquiries", "normalize_text"]},
        "stage 'normalize_text' edits the text after 'tag_inquiries' recorded offsets",
    ),
    "a stage twice": ({"stages": ["merge_turns", "merge_turns"]}, "occurs twice in the pipeline"),
    "no stages": ({}, r"x\.yaml: option 'stages' is missing; list them, or add 'extends: cmtmedqa'"),
    "an unknown key": (
        {"stages": ["merge_turns"], "view": {}},
        "unknown option 'view'; did you mean 'views'",
    ),
    "an unknown view": (
        {"stages": ["merge_turns"], "views": {"names": ["stf"]}},
        r"views\.names\[0\]: got 'stf': .*'sft'",
    ),
    "an unknown option of a source": (
        {"stages": ["merge_turns"], "sources": [{"name": "a", "encodng": "utf-8"}]},
        "unknown option 'sources.*encodng'; did you mean 'encoding'",
    ),
    "an entry with two stages": (
        {"stages": [{"merge_turns": {}, "drop_by_length": {}}]},
        r"stages\[0\]: expected 'stage' or 'stage: \{option: value\}', got the mapping",
    ),
    "an unknown base": ({"extends": "cmtmedq"}, "no bundled pipeline 'cmtmedq'; did you mean 'cmtmedqa'"),
    "options for a stage that is not there": (
        {"extends": "cmtmedqa", "options": {"drop_duplicate": {}}},
        "no stage 'drop_duplicate' in this pipeline; did you mean 'drop_duplicates'",
    ),
    "splits that exceed the whole": (
        {"extends": "cmtmedqa", "options": {"assign_split": {"test": 0.7, "validation": 0.6}}},
        "add up to more than 1",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case):
    content, message = WRONG[case]
    with pytest.raises(PipelineError, match=message):
        Pipeline.parse({"name": "x", **content}, location="x.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nstages: [merge_turns]\nname: y\n", r"bad\.yaml: line 3: duplicate key 'name', first in line 1"),
        ("name: [x\n", r"bad\.yaml: not valid YAML: .*line"),
        ("- merge_turns\n", r"bad\.yaml: got the list .*: expected a mapping"),
        ("", r"bad\.yaml: the file is empty: expected a mapping"),
    ],
)
def test_bad_files_are_named(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PipelineError, match=message):
        Pipeline.load(path)


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes("name: 问诊\nstages: [merge_turns]\n".encode("gb18030"))
    with pytest.raises(PipelineError, match=r"bad\.yaml: not UTF-8 at byte 6; save the file as UTF-8"):
        Pipeline.load(path)


def test_missing_files_and_names():
    with pytest.raises(PipelineError, match="does not exist; pass an existing path"):
        Pipeline.load(Path("nowhere.yaml"))
    with pytest.raises(PipelineError, match="no bundled pipeline 'single_tern'; did you mean 'single_turn'"):
        Pipeline.load("single_tern")


def test_extends_takes_over_and_overrides():
    base = Pipeline.load("cmtmedqa")
    child = Pipeline.parse({"name": "mine", "extends": "cmtmedqa", "options": {"drop_by_length": {"min_chars": 7}}})
    names = [stage.name() for stage in base.stages]
    assert [stage.name() for stage in child.stages] == names
    lengths = child.stages[names.index("drop_by_length")]
    assert lengths.options() == {**base.stages[names.index("drop_by_length")].options(), "min_chars": 7}


def test_fingerprint_follows_what_matters():
    def fingerprint(**changes):
        return Pipeline.parse({"name": "x", "stages": ["merge_turns"], **changes}).fingerprint()

    assert fingerprint() == fingerprint(description="other words")
    assert (
        len(
            {
                fingerprint(),
                fingerprint(seed=1),
                fingerprint(stages=[{"merge_turns": {"separator": " "}}]),
                fingerprint(stages=[]),
            }
        )
        == 4
    )


def test_a_seed_reaches_the_stages_that_have_one():
    pipeline = Pipeline.parse({"name": "x", "extends": "cmtmedqa", "seed": 7})
    assert pipeline.stages[-1].options()["seed"] == 7
    overridden = Pipeline.parse(
        {"name": "x", "extends": "cmtmedqa", "seed": 7, "options": {"assign_split": {"seed": 3}}}
    )
    assert overridden.stages[-1].options()["seed"] == 3
