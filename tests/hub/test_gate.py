"""The gate: one build that passes, and each reason not to, alone."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

import cmtmed
from cmtmed.audit import audit_build
from cmtmed.audit.review import read_sampled_turns, record_verdict
from cmtmed.builds import Build
from cmtmed.errors import DatasetError, InputError, UsageError
from cmtmed.hub.dataset.checks import check_build
from cmtmed.hub.dataset.details import DatasetDetails
from cmtmed.hub.dataset.label_scan import scan_labels
from cmtmed.hub.dataset.package import hash_tables
from cmtmed.hub.details import parse_details, read_details
from cmtmed.hub.gate import CHECKS, Acknowledgement
from tests.support.files import write_json_lines
from tests.support.published import CARD, LINES, TEST, audit_and_review, build_small

DETAILS = parse_details(DatasetDetails, CARD)
NOTHING = Acknowledgement()


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    return audit_and_review(build_small(tmp_path_factory.mktemp("good")))


def run_checks(out, details=DETAILS, acknowledgement=NOTHING, *, hashed_ids=False):
    build = Build.open(out)
    files = hash_tables(build, ["sft", "pretrain", "prompts", "dialogues"])
    return check_build(build, files, scan_labels(build, hashed_ids=hashed_ids), details, acknowledgement)


def get_only_message(objections, check):
    assert [finding.check for finding in objections] == [check], objections
    return f"{objections[0].reason}; {objections[0].way_out}"


def test_a_build_that_may_be_published(build_dir):
    assert run_checks(build_dir) == []


def test_tables_that_somebody_changed(build_dir, tmp_path):
    copy, other = tmp_path / "copy", build_small(tmp_path / "other", LINES[1:])
    shutil.copytree(build_dir, copy)
    shutil.copy(next((other / "sft" / "train").glob("*.arrow")), next((copy / "sft" / "train").glob("*.arrow")))
    message = get_only_message(run_checks(copy), "files")
    assert message.startswith("1 files differ from what was built (sft/train/data-00000-of-00001.arrow); build again")
    next((copy / "sft" / "train").glob("*.arrow")).unlink()
    assert get_only_message(run_checks(copy), "files") == message
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"]
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "without checksums" in get_only_message(run_checks(copy), "files")


def test_a_pipeline_that_redacts_nothing(tmp_path):
    held_out = {"test_sources": ["held_out"]}
    stages = [
        "merge_turns",
        {"drop_benchmark_overlap": held_out},
        "tag_inquiries",
        "drop_duplicates",
        {"assign_split": held_out},
    ]
    objections = run_checks(audit_and_review(build_small(tmp_path, stages=stages)))
    message = get_only_message(objections, "anonymization")
    assert "no stage redact_identifiers" in message
    assert "王建国" not in message


def test_types_that_are_left_on_purpose(tmp_path):
    objections = run_checks(audit_and_review(build_small(tmp_path, redact_identifiers={"actions": {"PERSON": "keep"}})))
    assert "leaves identifiers in the text: PERSON" in get_only_message(objections, "anonymization")


def test_a_question_in_two_splits(tmp_path, monkeypatch):
    """Splits by id, as an earlier version assigned them."""
    monkeypatch.setattr(
        "cmtmed.stages.assign_split.find_first_questions",
        lambda messages, _: pl.Series("question", [str(number) for number in range(len(messages))], dtype=pl.String),
    )
    answers = (
        "您好，发烧吗？先量血压，注意休息。",
        "做过头部的检查吗？疼的时候安静平卧。",
        "有没有高血压？少看手机，早点睡觉。",
    )
    lines = [{**LINES[0], "id": f"a{number}", "answer": answer} for number, answer in enumerate(answers)]
    out = audit_and_review(build_small(tmp_path, lines, assign_split={"test": 0.5, "test_sources": ["held_out"]}))
    message = get_only_message(run_checks(out), "splits")
    assert message.startswith("1 of 2 first questions stand in two splits; build again")


@pytest.mark.parametrize(("field", "way_out"), [("id", "--hash-ids"), ("department", "do not map the field")])
def test_identifiers_beside_the_text(tmp_path, field, way_out):
    lines = [dict(line) for line in LINES]
    lines[2][field] = "13800138000"
    out = audit_and_review(build_small(tmp_path, lines))
    objections = run_checks(out)
    assert {finding.check for finding in objections} == {"anonymization"}
    assert all("look like identifiers" in finding.reason for finding in objections)
    assert any(way_out in finding.way_out for finding in objections)
    assert not any("138" in str(finding) for finding in objections)
    if field == "id":
        assert run_checks(out, hashed_ids=True) == []


def test_no_audit_and_an_audit_of_other_data(build_dir, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(build_dir, copy)
    shutil.rmtree(copy / "audit")
    objections = run_checks(copy)
    assert [finding.check for finding in objections] == ["audit", "risk"], (
        "who knows of no audit need not know of the risk"
    )
    assert objections[0].reason == "no audit"
    shutil.copytree(build_dir / "audit", copy / "audit")
    assert run_checks(copy) == []
    other = build_small(tmp_path / "other", LINES[:3])
    shutil.copytree(build_dir / "audit", other / "audit")
    objections = run_checks(other)
    assert [finding.check for finding in objections] == ["audit", "risk"]
    assert "covers dialogues other than those of the build" in objections[0].reason
    assert str(objections[0]).endswith(f"; run cmtmed audit {other}")


def test_an_audit_that_nobody_read(tmp_path):
    out = build_small(tmp_path)
    audit_build(out)
    assert "nobody read it" in get_only_message(run_checks(out), "risk")


def test_more_risk_than_is_accepted(tmp_path):
    leaking = audit_and_review(build_small(tmp_path), "leak")
    message = get_only_message(run_checks(leaking, acknowledgement=Acknowledgement()), "risk")
    assert message.startswith("up to 1000.0 of 1,000 turns may still identify somebody, but --max-risk is 20; ")
    assert run_checks(leaking, acknowledgement=Acknowledgement(max_risk=1000.0)) == []


def test_rows_without_a_licence(tmp_path):
    message = get_only_message(run_checks(audit_and_review(build_small(tmp_path, terms=None))), "licenses")
    assert f"{len(LINES)} dialogues have no licence (clinic {len(LINES)})" in message
    assert "add license: to these sources" in message


def test_licences_that_do_not_go_together(tmp_path):
    out = audit_and_review(build_small(tmp_path, terms="CC-BY-NC-ND-4.0"))
    assert "does not allow modified versions" in get_only_message(run_checks(out), "licenses")


def test_a_licence_for_the_whole_that_the_sources_do_not_allow(build_dir, tmp_path):
    assert run_checks(build_dir, parse_details(DatasetDetails, {**CARD, "license": "CC-BY-NC-4.0"})) == []
    out = audit_and_review(build_small(tmp_path, terms="CC-BY-NC-4.0"))
    assert "which MIT allows" in get_only_message(
        run_checks(out, parse_details(DatasetDetails, {**CARD, "license": "MIT"})), "licenses"
    )


def test_no_test_set_was_looked_at(tmp_path):
    out = audit_and_review(build_small(tmp_path, drop_benchmark_overlap={}))
    assert "were not compared with any test set" in get_only_message(run_checks(out), "test-sets")
    clean = write_json_lines(
        tmp_path / "x.jsonl", [{"id": "x", "question": "孩子三岁，昨晚开始拉肚子，水样便五次", "answer": "发烧吗？"}]
    )
    assert run_checks(out, acknowledgement=Acknowledgement(against=(clean,))) == []


def test_training_dialogues_that_hold_text_of_a_test_set(build_dir, tmp_path):
    test_set = write_json_lines(tmp_path / "benchmark.jsonl", [LINES[0], LINES[3], *TEST])
    message = get_only_message(run_checks(build_dir, acknowledgement=Acknowledgement(against=(test_set,))), "test-sets")
    assert message.startswith("2 dialogues contain text of benchmark.jsonl"), "the split test may hold the test set"


def test_a_test_source_among_the_training_data(tmp_path):
    out = audit_and_review(build_small(tmp_path, assign_split={"test": 0.0, "validation": 0.0}))
    message = get_only_message(run_checks(out), "test-sets")
    assert "dialogues of test sets are in the training data (held_out 1)" in message


def test_a_test_set_that_cannot_be_read(build_dir, tmp_path):
    with pytest.raises(InputError):
        run_checks(build_dir, acknowledgement=Acknowledgement(against=(tmp_path / "nothing.jsonl",)))
    (tmp_path / "empty.jsonl").write_text("{broken\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no dialogue"):
        run_checks(build_dir, acknowledgement=Acknowledgement(against=(tmp_path / "empty.jsonl",)))


def test_records_in_quarantine(tmp_path):
    out = audit_and_review(build_small(tmp_path, broken_lines=2))
    message = get_only_message(run_checks(out), "quarantine")
    assert "2 records could not be read (invalid_json 2)" in message
    assert "pass --quarantined 2" in message
    assert "not 5" in get_only_message(run_checks(out, acknowledgement=Acknowledgement(quarantined=5)), "quarantine")
    assert run_checks(out, acknowledgement=Acknowledgement(quarantined=2)) == []


@pytest.mark.parametrize(
    "empty",
    ["", "  ", "TODO", "…", "[More Information Needed]", "<your name>", "待补充", "tba", "未知", "\u200b", "TODO: ask"],
)
def test_fields_of_the_card_that_say_nothing(build_dir, empty):
    for field in ("pretty_name", "collected", "contact"):
        assert get_only_message(
            run_checks(build_dir, parse_details(DatasetDetails, {**CARD, field: empty})), "card"
        ).startswith(f"not filled in: {field}")
    assert "authors" in get_only_message(
        run_checks(build_dir, parse_details(DatasetDetails, {**CARD, "authors": [empty]})), "card"
    )


def test_every_required_field_is_named(build_dir):
    message = get_only_message(run_checks(build_dir, DatasetDetails()), "card")
    assert message.startswith("not filled in: pretty_name, collected, authors, contact;")


def test_what_can_be_overridden():
    assert Acknowledgement(i_know=tuple(CHECKS)).i_know == tuple(CHECKS)
    with pytest.raises(UsageError, match="no check 'licences' to override; did you mean 'licenses'"):
        Acknowledgement(i_know=("licences",))
    for max_risk in (-1.0, float("nan")):
        with pytest.raises(UsageError, match="max_risk"):
            Acknowledgement(max_risk=max_risk)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "holds no fields"),
        ("pretty_name: [", "is not YAML"),
        ("pretty: x", r"unknown field 'pretty'; did you mean 'pretty_name'\?"),
        ("sources: {a: {titel: x}}", r"unknown field 'sources.a.titel'; did you mean 'title'\?"),
        ("year: soon", "year: Input should be a valid integer"),
        ("homepage: somewhere", "homepage: Input should be a valid URL"),
        ("authors: me", "authors"),
    ],
)
def test_details_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "card.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_details(DatasetDetails, path)


def test_details_that_are_not_there_or_not_text(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*: No such file"):
        read_details(DatasetDetails, tmp_path / "card.yaml")
    (tmp_path / "card.yaml").write_bytes("pretty_name: 对话".encode("gb18030"))
    with pytest.raises(UsageError, match="it is not UTF-8"):
        read_details(DatasetDetails, tmp_path / "card.yaml")


def test_the_bundled_example_says_nothing_until_somebody_writes_it():
    assert read_details(DatasetDetails, cmtmed.bundled("examples/card.yaml")).empty_fields() == list(
        DatasetDetails.required
    )


def test_test_sets_that_are_not_there(tmp_path):
    test_sets = {"test_sources": ["held_out", "nowhere"]}
    out = audit_and_review(build_small(tmp_path, drop_benchmark_overlap=test_sets))
    assert "sources named as test sets hold no dialogue: nowhere" in get_only_message(run_checks(out), "test-sets")


def test_an_audit_of_dropped_dialogues_too(tmp_path):
    out = build_small(tmp_path)
    report = audit_build(out, dropped=True)
    for sample in read_sampled_turns(report):
        record_verdict(report, sample.turn, "fine")
    audit_build(out, dropped=True)
    assert "without --dropped" in get_only_message(run_checks(out), "audit")


def test_verdicts_that_the_audit_does_not_count(tmp_path):
    out = audit_and_review(build_small(tmp_path))
    report = audit_build(out)
    record_verdict(report, read_sampled_turns(report)[0].turn, "leak")
    assert "it does not count them" in get_only_message(run_checks(out), "risk")
    audit_build(out)
    assert "may still identify somebody" in get_only_message(
        run_checks(out, acknowledgement=Acknowledgement(max_risk=1.0)), "risk"
    )


def test_dialogues_mended_behind_the_views(build_dir, tmp_path):
    """The audit speaks of the dialogues: whichever view is published, they must be those of the build."""
    copy, other = tmp_path / "copy", build_small(tmp_path / "other", LINES[1:])
    shutil.copytree(build_dir, copy)
    shutil.rmtree(copy / "dialogues")
    shutil.copytree(other / "dialogues", copy / "dialogues")
    with pytest.raises(DatasetError, match=r"dialogues/train/\S+ has [0-9,]+ bytes, but was built with"):
        audit_and_review(copy)
    objections = run_checks(copy)
    assert {finding.check for finding in objections} == {"files", "audit", "risk"}
    assert "dialogues/train/data-00000-of-00001.arrow" in "".join(finding.reason for finding in objections)
    assert any("the manifest lists 6 dialogues, but there are 5" in finding.reason for finding in objections)


def test_sentences_in_place_of_departments(tmp_path):
    lines = [{**LINES[0], "department": "我爸爸上个月在老家突然摔倒然后就说不出话来了"}, *LINES[1:]]
    message = get_only_message(run_checks(audit_and_review(build_small(tmp_path, lines))), "anonymization")
    assert message.startswith("1 departments are as long as sentences")


def test_names_of_files_that_identify(tmp_path):
    out = build_small(tmp_path, name="王建国_13800138000.jsonl")
    objections = run_checks(audit_and_review(out))
    assert "the names of 1 input files look like identifiers; rename them" in "".join(map(str, objections))
    assert not any("王建国" in str(finding) or "138" in str(finding) for finding in objections)
