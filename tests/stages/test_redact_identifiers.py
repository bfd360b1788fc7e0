"""The stage: what each action does to a dialogue, what is refused, and that neither key nor original is left anywhere."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import cmtmed
from cmtmed import lineage
from cmtmed.anonymize import LABELS, TYPES
from cmtmed.anonymize.replace.surrogates import dates
from cmtmed.engine import build, local, reading, tasks
from cmtmed.errors import PipelineError, StageError, UsageError
from cmtmed.stages.redact_identifiers import RedactIdentifiers
from tests.support.dialogues import doctor, table, tables, turns, user
from tests.support.files import read_bytes, write_json_lines
from tests.support.stages import run_stage, take_decision

KEY = "nobody-has-this-key-0123456789abcdef"
TALK = [
    user("王医生您好，我叫李秀兰，女，电话13800138000，2023年5月6日在邯郸市第一医院做的手术。"),
    doctor("秀兰您好，5月6日手术，2023年5月20日来复查吧。您母亲92岁，住院号0012345？"),
    user("是的，家住河北省邯郸市永年县东街村。微信13800138000。"),
]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("CMTMED_KEY", KEY)


def redact(*talks, **options):
    return run_stage(RedactIdentifiers(**options), table(*talks))


def spans(rows, number=0):
    """Return what stands at each recorded span, with its type and action."""
    row = rows.row(number, named=True)
    return [
        (row["messages"][span["message"]]["content"][span["start"] : span["end"]], span["type"], span["action"])
        for span in row["identifiers"]
    ]


def text(rows, number=0):
    return "\n".join(content for _, content in turns(rows)[number])


def test_by_default_everything_becomes_its_tag():
    rows = redact(TALK)
    assert turns(rows)[0] == [
        ("u", "[姓名]医生您好，我叫[姓名]，女，电话[电话]，[日期]在[医院]做的手术。"),
        ("a", "[姓名]您好，5月6日手术，[日期]来复查吧。您母亲[90岁以上]，住院号[病历号]？"),
        ("u", "是的，家住[地址]。微信[微信号]。"),
    ]
    assert rows["drop_reason"].to_list() == [None]
    assert {action for _, _, action in spans(rows)} == {"tag"}


def test_no_key_is_needed_for_what_needs_none(monkeypatch):
    monkeypatch.delenv("CMTMED_KEY")
    rows = redact(TALK, actions={"HOSPITAL": "generalize", "AGE90": "generalize", "ADDRESS": "generalize"})
    assert "在某市医院做的手术" in text(rows)
    assert "您母亲90岁以上，" in text(rows)
    assert "家住河北省。" in text(rows)
    assert ("河北省", "ADDRESS", "generalize") in spans(rows)


def test_pseudonyms_read_on_and_agree():
    rows = redact(TALK, default_action="pseudonym")
    (patient, reply, last) = (content for _, content in turns(rows)[0])
    match = re.fullmatch(
        r"(.)医生您好，我叫(.)(..)，女，电话(1\d{10})，(\d{4}年\d+月\d+日)在..市第一医院做的手术。", patient
    )
    assert match, patient
    assert reply.startswith(match[3] + "您好，5月6日手术，")
    assert "您母亲90岁以上，住院号0" in reply
    assert re.fullmatch(rf"是的，家住河北省..市..县..村。微信{match[4]}。", last)
    assert match[1] != match[2]
    actions = {identifier_type: action for _, identifier_type, action in spans(rows)}
    assert actions["PERSON"] == actions["DATE"] == "pseudonym"
    assert actions["AGE90"] == "generalize"


def test_dates_move_together_and_lunar_ones_are_tagged():
    talk = [user("2023年5月6日手术，2023-05-20复查，出生日期：19850312，1962年腊月初八生")]
    rows = redact(talk, actions={"DATE": "generalize"})
    assert [action for _, _, action in spans(rows)] == ["generalize", "generalize", "generalize", "tag"]
    first, second, birth, lunar = (value for value, _, _ in spans(rows))
    days = [dates.parse_date(value)[0] for value in (first, second, birth)]
    assert days[1] - days[0] == date(2023, 5, 20) - date(2023, 5, 6)
    assert days[0] - days[2] == date(2023, 5, 6) - date(1985, 3, 12)
    assert days[0] != date(2023, 5, 6)
    assert lunar == "[日期]"


def test_kept_types_stay_and_are_not_recorded():
    rows = redact(TALK, actions={"HOSPITAL": "keep", "PERSON": "keep"})
    assert text(rows).startswith("王医生您好，我叫李秀兰，女，电话[电话]，[日期]在邯郸市第一医院做的手术。")
    assert {identifier_type for _, identifier_type, _ in spans(rows)} == {
        "PHONE",
        "WECHAT",
        "DATE",
        "AGE90",
        "MRN",
        "ADDRESS",
    }


def test_drop_dialogue_names_the_first_type_and_still_redacts():
    rows = redact(
        TALK,
        [user("头痛三天了，没有发烧。"), doctor("多久了？")],
        actions={"MRN": "drop_dialogue", "ADDRESS": "drop_dialogue"},
        default_action="pseudonym",
    )
    assert rows["drop_reason"].to_list() == ["identifier:MRN", None]
    assert "住院号[病历号]" in text(rows)
    assert "李秀兰" not in text(rows)
    assert {action for _, _, action in spans(rows)} == {"tag"}
    (entry,) = rows["trace"].to_list()[0]
    assert (entry["stage"], entry["action"], entry["reason"]) == ("redact_identifiers", "dropped", "identifier:MRN")


def test_an_earlier_reason_wins():
    rows = table(TALK, TALK).with_columns(pl.Series("drop_reason", ["too_short", None]))
    stage = RedactIdentifiers(actions={"PHONE": "drop_dialogue"})
    after, stats = lineage.apply_stage(stage, rows, take_decision(stage, rows))
    assert after["drop_reason"].to_list() == ["too_short", "identifier:PHONE"]
    assert dict(stats.dropped) == {"identifier:PHONE": 1}
    assert "[电话]" in text(after)


def test_one_value_is_one_surrogate_across_dialogues_and_batches():
    talk = [user("我叫李秀兰，电话13800138000"), doctor("您好")]
    other = [user("患者姓名：李秀兰。手机138-0013-8000"), doctor("好的")]
    together = redact(talk, other, default_action="pseudonym")
    separate = redact(other, default_action="pseudonym")
    name, number = (value for value, _, _ in spans(together))
    assert [value.replace("-", "") for value, _, _ in spans(together, 1)] == [name, number]
    assert spans(separate) == spans(together, 1)


def test_no_pseudonym_is_a_value_of_another_dialogue():
    """The pseudonym that 李秀兰 gets alone is, in a larger corpus, somebody's name: so she gets another."""
    talk = [user("我叫李秀兰，微信号xiulan_1962，病历号00123456"), doctor("您好")]
    pseudonyms = [value for value, _, _ in spans(redact(talk, default_action="pseudonym"))]
    name, handle, record = pseudonyms
    other = [user(f"患者姓名：{name}，微信号{handle}，病历号{record}"), doctor("好的")]
    together = redact(talk, other, default_action="pseudonym")
    values = {value for number in (0, 1) for value, _, _ in spans(together, number)}
    assert len(values) == 6
    assert values.isdisjoint(pseudonyms)
    # Order does not matter, and neither does an earlier drop: such rows are kept on disk as well.
    reordered = table(other, talk).with_columns(pl.Series("drop_reason", ["too_short", None]))
    assert spans(run_stage(RedactIdentifiers(default_action="pseudonym"), reordered), 1) == spans(together)


def test_the_values_of_the_corpus_are_kept_as_digests_under_the_key(monkeypatch):
    stage = RedactIdentifiers(default_action="pseudonym")
    first = take_decision(stage, table(TALK))
    assert dict(first.schema) == {"digest": pl.UInt64}
    assert first.height > 5
    assert first["digest"].is_sorted()
    monkeypatch.setenv("CMTMED_KEY", KEY[::-1])
    assert not set(first["digest"]) & set(take_decision(stage, table(TALK))["digest"])


def test_only_pseudonyms_make_the_stage_look_at_the_corpus():
    """Tags and shifted days are nobody's name, so nothing is collected and no shard is written twice."""
    for options in ({}, {"default_action": "generalize"}, {"actions": {"DATE": "pseudonym"}}):
        stage = RedactIdentifiers(**options)
        assert not stage.sees_corpus
        assert take_decision(stage, table(TALK)).is_empty()
        assert len(tasks.split_segments([stage])) == 1
    assert len(tasks.split_segments([RedactIdentifiers(actions={"HOSPITAL": "pseudonym"})])) == 2
    with pytest.raises(StageError, match="call sketch and decide first"):
        lineage.apply_stage(RedactIdentifiers(actions={"HOSPITAL": "pseudonym"}), table(TALK))


def test_another_key_gives_other_surrogates(monkeypatch):
    first = redact(TALK, default_action="pseudonym")
    monkeypatch.setenv("CMTMED_KEY", KEY[::-1])
    second = redact(TALK, default_action="pseudonym")
    assert not {value for value, identifier_type, _ in spans(first) if identifier_type in {"PHONE", "MRN"}} & {
        value for value, _, _ in spans(second)
    }


def test_what_an_earlier_redaction_recorded_moves_along():
    once = redact(TALK, actions=dict.fromkeys(set(TYPES) - {"PHONE"}, "keep"), default_action="pseudonym")
    twice = run_stage(RedactIdentifiers(default_action="pseudonym"), once)
    numbers = [value for value, identifier_type, _ in spans(once) if identifier_type == "PHONE"]
    assert [value for value, identifier_type, _ in spans(twice) if identifier_type == "PHONE"] == numbers
    assert "李秀兰" not in text(twice)


# --- laws ------------------------------------------------------------------------------------------------------

CAREFUL = settings(max_examples=60, suppress_health_check=list(HealthCheck))
VALUES = {
    "PERSON": "李秀兰",
    "PHONE": "13800138000",
    "ID_CARD": "11010519491231002X",
    "BANK_CARD": "6222020000000000003",
    "HOSPITAL": "邯郸市第一医院",
    "ADDRESS": "河北省邯郸市永年县东街村",
    "ORG": "邯郸市永兴机械有限公司",
    "EMAIL": "zhang.san@qq.com",
    "DATE": "2023年5月6日",
    "PLATE": "京A12345",
    "MRN": "ZY20230015",
}
SENTENCES = [
    "我叫李秀兰。",
    "电话13800138000，",
    "身份证号11010519491231002X。",
    "卡号6222020000000000003，",
    "在邯郸市第一医院看的，",
    "家住河北省邯郸市永年县东街村。",
    "我在邯郸市永兴机械有限公司上班。",
    "发到zhang.san@qq.com吧，",
    "2023年5月6日做的手术。",
    "车牌京A12345，",
    "病案号是ZY20230015。",
    "秀兰您好，",
    "王医生，",
    "奶奶92岁了，",
    "[电话]",
    "头痛三天了。",
    "[90岁以上]",
    "李先生",
    "，",
]
talks = st.lists(
    st.lists(st.lists(st.sampled_from(SENTENCES), max_size=5).map("".join).map(user), max_size=3), max_size=3
)
choices = st.fixed_dictionaries(
    {},
    optional={
        "actions": st.dictionaries(
            st.sampled_from(["PHONE", "PERSON", "MRN", "PLATE"]), st.sampled_from(["tag", "pseudonym", "drop_dialogue"])
        ),
        "default_action": st.sampled_from(["tag", "pseudonym", "generalize", "drop_dialogue"]),
    },
)


@CAREFUL
@given(talks, choices)
def test_no_original_is_left_and_spans_hold_what_replaced_it(dialogues, options):
    rows = redact(*dialogues, **options)
    for number in range(rows.height):
        content = text(rows, number)
        assert [value for value in VALUES.values() if value in content] == []
        recorded = rows["identifiers"].to_list()[number]
        for value, identifier_type, action in spans(rows, number):
            assert (value == LABELS[identifier_type]) == (action == "tag")
        assert all(
            span["message"] < following["message"] or span["end"] <= following["start"]
            for span, following in pairwise(recorded)
        )


@CAREFUL
@given(talks, choices, st.sets(st.sampled_from(["HOSPITAL", "ADDRESS", "DATE", "ORG"])))
def test_idempotent_under_every_action(dialogues, options, kept):
    options = {**options, "actions": {**options.get("actions", {}), **dict.fromkeys(kept, "keep")}}
    once = redact(*dialogues, **options)
    stage = RedactIdentifiers(**options)
    twice = stage.apply(once.select(*stage.reads), take_decision(stage, once))
    assert_frame_equal(twice, once.select(*stage.writes))


@CAREFUL
@given(tables())
def test_idempotent_over_dirty_turns(rows):
    stage = RedactIdentifiers(default_action="pseudonym")
    decision = take_decision(stage, rows)
    once = rows.with_columns(stage.apply(rows.select(*stage.reads), decision).get_columns())
    assert_frame_equal(stage.apply(once.select(*stage.reads), decision), once.select(*stage.writes))


@CAREFUL
@given(talks, talks)
def test_a_batch_is_the_sum_of_its_parts(first_talks, second_talks):
    stage = RedactIdentifiers(default_action="pseudonym")
    first = table(*first_talks)
    second = table(*second_talks).with_columns(pl.format("u/{}", "source_id").alias("id"))
    together = pl.concat([first, second])
    decision = take_decision(stage, first, second)
    assert_frame_equal(decision, take_decision(stage, together))
    batches = [stage.apply(batch.select(*stage.reads), decision) for batch in (first, second)]
    assert_frame_equal(stage.apply(together.select(*stage.reads), decision), pl.concat(batches))


# --- what is refused -------------------------------------------------------------------------------------------


def pipeline(**options):
    return cmtmed.Pipeline.parse({"name": "p", "extends": "cmtmedqa", "options": {"redact_identifiers": options}})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"actions": {"TELEFON": "tag"}}, "unknown identifier type 'TELEFON'"),
        ({"actions": {"PERSONS": "tag"}}, "did you mean 'PERSON'"),
        ({"actions": {"PHONE": "pseudonyms"}}, "did you mean 'pseudonym'"),
        ({"actions": {"QQ": "generalize"}}, "'generalize' makes no sense for this type; possible: tag, pseudonym"),
        ({"actions": ["PHONE"]}, "expected a mapping"),
        ({"default_action": "hide"}, "default_action"),
        ({"keep": ["HOSPITAL"]}, "unknown option 'keep'"),
    ],
)
def test_wrong_choices_are_refused_when_the_pipeline_is_loaded(options, message):
    with pytest.raises(PipelineError, match=message):
        pipeline(**options)


def test_a_key_in_the_place_of_its_variable_is_not_repeated():
    with pytest.raises(PipelineError, match="key_variable must be the name") as refusal:
        pipeline(key_variable=KEY)
    assert KEY not in str(refusal.value)
    with pytest.raises(ValueError, match="key_variable must be the name") as direct_refusal:
        RedactIdentifiers(key_variable=KEY)
    assert KEY not in str(direct_refusal.value)


@pytest.mark.parametrize(
    ("value", "message"), [(None, "NO_KEY is not set"), ("short secret", "NO_KEY holds 12 characters")]
)
def test_no_row_is_read_without_a_key(tmp_path, monkeypatch, value, message):
    monkeypatch.setattr(reading, "read_file", lambda *_, **__: pytest.fail("a row was read"))
    if value:
        monkeypatch.setenv("NO_KEY", value)
    options = {"actions": {"PERSON": "pseudonym"}, "key_variable": "NO_KEY"}
    crawl = write_crawl(tmp_path)
    with pytest.raises(UsageError, match=f"{message}; set it to 16 random characters or more") as refusal:
        cmtmed.build(pipeline(**options), [crawl], tmp_path / "out")
    assert "short secret" not in str(refusal.value)
    assert not list(tmp_path.glob(".out*"))
    with pytest.raises(UsageError, match=message):
        redact(TALK, **options)


# --- whole builds ----------------------------------------------------------------------------------------------


def write_crawl(folder, count=24):
    records = [
        {
            "id": f"r{number}",
            "question": f"王医生您好，我叫李秀兰，电话138001380{number:02d}，{2000 + number}年5月6日在邯郸市第一医院做的手术，恢复{number}天了。",
            "answer": f"秀兰您好，第{number}天伤口还疼吗？体温多少？有没有{number + 3}次以上的咳嗽？",
        }
        for number in range(count)
    ]
    return write_json_lines(folder / "crawl.jsonl", records)


SECRETS = [KEY.encode(), *(word.encode() for word in ("李秀兰", "秀兰", "1380013800", "1380013801", "邯郸"))]


def test_neither_key_nor_original_stands_in_a_build_or_its_messages(tmp_path, monkeypatch, capfd, caplog):
    """With worker processes, as users run it; the work folder is looked at when the last stage is done."""
    write_crawl(tmp_path)
    (tmp_path / "p.yaml").write_text(
        "name: p\nextends: cmtmedqa\noptions:\n  redact_identifiers: {default_action: pseudonym}\n", encoding="utf-8"
    )
    emit_tables = build.emit_tables

    def copy_workspace(*arguments):
        emission = emit_tables(*arguments)
        shutil.copytree(".out.building", "work")
        return emission

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(local, "SHARD_ROWS", 5)
    monkeypatch.setattr(build, "emit_tables", copy_workspace)
    with caplog.at_level("DEBUG"):
        cmtmed.build("p.yaml", ["crawl.jsonl"], "out", workers=2)
    everything = "".join([*capfd.readouterr(), caplog.text]).encode() + read_bytes(tmp_path / "out")
    assert [secret for secret in SECRETS if secret in everything] == []
    # What was read stands in the work folder as it was read; the key stands nowhere.
    assert KEY.encode() not in read_bytes(tmp_path / "work")
    assert b"secrets" in (tmp_path / "work" / "plan.json").read_bytes()
    (last,) = {path.parent for path in (tmp_path / "work").glob("segment*/shards/*.arrow")}
    assert "第一医院".encode() in read_bytes(last)
    assert [secret for secret in SECRETS if secret in read_bytes(last)] == []
    assert not list(tmp_path.glob(".out*"))
    rows = [row for split in cmtmed.load(tmp_path / "out", "dialogues").values() for row in split]
    assert len({re.search("我叫(...)，", row["messages"][0]["content"])[1] for row in rows}) == 1
    assert len({re.search(r"电话(\d{11})", row["messages"][0]["content"])[1] for row in rows}) == len(rows) > 10


def test_the_key_changes_rows_and_nothing_that_describes_the_build(tmp_path, monkeypatch):
    crawl = write_crawl(tmp_path)
    pseudonymizing = pipeline(default_action="pseudonym")
    cmtmed.build(pseudonymizing, [crawl], tmp_path / "one", workers=1)
    monkeypatch.setenv("CMTMED_KEY", KEY[::-1])
    cmtmed.build(pseudonymizing, [crawl], tmp_path / "two", workers=1)
    first, second = (json.loads((tmp_path / name / "manifest.json").read_text("utf-8")) for name in ("one", "two"))
    assert first["pipeline"] == second["pipeline"]
    assert read_bytes(tmp_path / "one" / "sft") != read_bytes(tmp_path / "two" / "sft")


def test_no_pseudonym_is_a_value_of_another_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "SHARD_ROWS", 1)
    name = spans(redact([user("我叫李秀兰，头痛三天了。"), doctor("您好")], default_action="pseudonym"))[0][0]
    complaints = [("李秀兰", "头痛三天了，晚上更厉害"), (name, "左膝盖上下楼梯疼了半年")]
    records = [
        {"question": f"医生您好，我叫{patient}，{complaint}。", "answer": f"{complaint}，之前做过什么检查？"}
        for patient, complaint in complaints
    ]
    crawl = write_json_lines(tmp_path / "crawl.jsonl", records)
    report = cmtmed.build(pipeline(default_action="pseudonym"), [crawl], tmp_path / "out", workers=1)
    assert report.counts["kept"] == 2
    texts = [
        row["messages"][0]["content"] for split in cmtmed.load(tmp_path / "out", "dialogues").values() for row in split
    ]
    names = {re.search("我叫(...)，", text)[1] for text in texts}
    assert len(names) == 2
    assert names.isdisjoint({"李秀兰", name})


class _Killed(BaseException):
    """Stands for a kill."""


def kill(*_arguments):
    raise _Killed


def test_a_build_does_not_go_on_under_another_key(tmp_path, monkeypatch):
    crawl = write_crawl(tmp_path)
    pseudonymizing = pipeline(default_action="pseudonym")
    monkeypatch.setattr(build, "emit_tables", kill)
    with pytest.raises(_Killed):
        cmtmed.build(pseudonymizing, [crawl], tmp_path / "out", workers=1)
    monkeypatch.undo()
    monkeypatch.setenv("CMTMED_KEY", KEY[::-1])
    cmtmed.build(pseudonymizing, [crawl], tmp_path / "out", workers=1)
    cmtmed.build(pseudonymizing, [crawl], tmp_path / "whole", workers=1)
    assert read_bytes(tmp_path / "out" / "dialogues") == read_bytes(tmp_path / "whole" / "dialogues")


def test_a_build_goes_on_under_the_same_key(tmp_path, monkeypatch):
    crawl = write_crawl(tmp_path)
    pseudonymizing = pipeline(default_action="pseudonym")
    with monkeypatch.context() as patched:
        patched.setattr(build, "emit_tables", kill)
        with pytest.raises(_Killed):
            cmtmed.build(pseudonymizing, [crawl], tmp_path / "out", workers=1)
    monkeypatch.setattr(reading, "read_file", lambda *_, **__: pytest.fail("read again"))
    assert cmtmed.build(pseudonymizing, [crawl], tmp_path / "out", workers=1).counts["kept"] > 10
