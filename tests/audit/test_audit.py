"""The audit of a build: detectors, the estimate, the sample and its verdicts, the statement, the command."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmtmed
from cmtmed.anonymize import TYPES
from cmtmed.audit import audit as audit_module
from cmtmed.audit import audit_build, read_audit
from cmtmed.audit.build_screening import describe_redaction
from cmtmed.audit.detectors import DETECTORS, DETECTORS_BY_NAME, MASK
from cmtmed.audit.residual import NONE, Stratum, allocate_sample, clopper_pearson_interval, estimate_residual
from cmtmed.audit.review import read_sampled_turns, record_verdict
from cmtmed.audit.sample import Turn, TurnSampler, hash_turns
from cmtmed.audit.screening import find_suspect_spans, mask_spans, screen_turns
from cmtmed.audit.standards import SAFE_HARBOR
from cmtmed.audit.statement import render_statement
from cmtmed.builds.manifest import Manifest, PipelineRecord
from cmtmed.errors import DatasetError, UsageError
from cmtmed.resources import bundled
from tests.support.dialogues import FRAGMENTS

# Detector → texts it has to suspect. Names, numbers and places are invented.
GOLDEN = {
    "email": ["发我邮箱 guo_test01@example.invalid", "lixx艾特qq.com", "zhao88 at mail dot com"],
    "url": ["看这里 www.example.invalid", "http://example.invalid/a", "qingheyy点com上有"],
    "house": ["送到青禾路88号", "3栋2单元", "楼内105室等您", "胜利桥东213号"],
    "date": [
        "从2005年3月25起吃药",
        "补充(2011-05-0519:36:43)",
        "20040826尿道口发炎",
        "出生日期：83年5月",
        "二〇一九年三月五日手术",
        "2009年12.28感冒",
    ],
    "age90": ["奶奶93岁了", "爷爷九十五岁", "一百零二岁", "今年九十六了", "94Y，跌倒"],
    "handle": [
        "加我扣1817257500",
        "薇信号：ab-cdef",
        "搜索我sxwabc",
        "卫星wang_88",
        "抖音号是xiaoyu2024",
        "取药码：889901",
    ],
    "number": ["编一个 4839201 也行", "数字１２３４５６７８"],
    "spoken_number": ["幺三八零零一三八零零零", "①三八⓪⓪一三八", "我的是一 三 九 二 二 三 三 四"],
    "spaced_number": ["1 3 8 0 0 1 3 8", "138 0013 8000"],
    "code": ["档案 ZY2023001", "京A·12345", "192.168.10.2", "我是15床的家属"],
    "hospital": ["在青岛海慈医院看的", "转到协和了", "清河县李家屯卫生院", "厦门的武警医院"],
    "residence": ["我家住在柳河县", "老家在清河村", "我是清源县的"],
    "place": ["湖北青石县", "青禾小区3号", "王家沟村三组的"],
    "organisation": ["河北青禾制药有限公司", "上海第九中学"],
    "labelled_name": ["姓名：柳如眉", "我叫费思源", "家属签字：卞德海", "臧文静，女，40岁"],
    "titled_name": ["韦元强院长做的", "小匡护士", "汪大夫您好", "感谢高医生"],
    "foreign_name": ["患者买买提·阿不都", "Dr. Brown"],
    "name": ["我们单位的王刚得了乙肝", "，李秀兰，", "我妈妈韩淑珍一直咳", "宝宝叫沈若溪", "慕容雪来过"],
    "titled_word": ["请问璩医生在吗", "逄大夫让我来的", "亓技师"],
    "hospital_word": ["在康民诊所打针", "达州医院", "301医院"],
    "organisation_word": ["在启明星幼儿园", "锦绣物业"],
}
# Ordinary sentences of consultations, none of which identifies anybody.
INNOCENT = [
    "谢谢医生，我会去当地三甲医院的神经内科复查的。",
    "建议到正规医院检查，遵循医生的建议，不要自行停药。",
    "血常规：白细胞 5.6×10⁹/L，血红蛋白 128g/L，血小板 230。",
    "HBV-DNA定量2.5E7，大三阳，转氨酶78。",
    "右肾囊肿约40*36*28mm，边界清。",
    "桂枝10g，金银花15g，白术12g，陈皮6g，王不留行10g。",
    "孩子6周岁，发烧38.5度，咳嗽三天。",
    "祝您早日康复，祝健康。",
    "刚上幼儿园，昨天公司体检查出脂肪肝。",
    "走路时右腿麻，尿路感染，信号通路。",
    "国药准字H20053301的药都可以，每天3次，一次2片，饭后。",
    "患者怀孕20周，医生说孩子偏小。",
    "2020年开始吃药，上个月停的。",
    "主任医师说不用手术，护士给换的药。",
]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOLDEN.items() for text in texts])
def test_detectors_suspect_what_they_should(name, text):
    assert screen_turns(pl.Series([text]))[name].to_list() == [True]
    assert find_suspect_spans(text, [name])


def test_every_detector_has_golden_cases():
    assert set(GOLDEN) == set(DETECTORS_BY_NAME)
    assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)
    assert NONE not in DETECTORS_BY_NAME
    assert all(0 < detector.prior < 1 and detector.english and detector.chinese for detector in DETECTORS)


@pytest.mark.parametrize("text", INNOCENT)
def test_ordinary_sentences_are_not_suspected(text):
    assert screen_turns(pl.Series([text]))["stratum"].to_list() == [NONE]


@given(
    st.lists(
        st.sampled_from([*FRAGMENTS, *INNOCENT, *(text for texts in GOLDEN.values() for text in texts)]), max_size=4
    )
)
def test_patterns_mean_the_same_to_polars_and_to_re(pieces):
    text = "".join(pieces)
    row = screen_turns(pl.Series([text], dtype=pl.String))
    for detector in DETECTORS:
        assert row[detector.name][0] == bool(detector.find_spans(text)), detector.name
    first = next((detector.name for detector in DETECTORS if row[detector.name][0]), NONE)
    assert row["stratum"][0] == first


def test_what_was_replaced_is_not_suspected():
    texts = pl.Series(["电话[电话]，我叫费思源，住[地址]", None, "加我微信abc_123456"])
    spans = pl.DataFrame({"text": [0, 2], "start": [9, 4], "end": [12, 14]})
    covered = mask_spans(texts, spans)
    assert covered.str.len_chars().to_list() == [len(texts[0]), 0, len(texts[2])]
    assert covered[2] == "加我微信" + MASK * 10
    assert screen_turns(covered)["stratum"].to_list() == [NONE] * 3
    assert screen_turns(texts.fill_null(""))["stratum"].to_list() != [NONE] * 3


# Limits from tables of the exact binomial interval, 95 % but for the last.
@pytest.mark.parametrize(
    ("leaks", "read", "confidence", "low", "high"),
    [
        (0, 10, 0.95, 0.0, 0.30850),
        (1, 10, 0.95, 0.00253, 0.44502),
        (10, 20, 0.95, 0.27196, 0.72804),
        (5, 100, 0.95, 0.01643, 0.11283),
        (10, 10, 0.95, 0.69150, 1.0),
        (0, 3000, 0.90, 0.0, 0.00099808),
    ],
)
def test_clopper_pearson(leaks, read, confidence, low, high):
    assert clopper_pearson_interval(leaks, read, confidence) == pytest.approx((low, high), abs=6e-6)


def test_nothing_found_is_no_proof():
    """One stratum, 300 read, none leaks: the rule of three with two-sided limits."""
    residual = estimate_residual({NONE: Stratum(100_000, 0.001, 300, 0)})
    assert (residual.status, residual.estimate, residual.low) == ("read", 0.0, 0.0)
    assert residual.high == pytest.approx(-np.log(0.025) / 300, rel=0.01)


def test_a_stratum_that_was_read_whole_has_no_interval():
    residual = estimate_residual({"date": Stratum(12, 0.8, 12, 11), NONE: Stratum(8, 0.001, 8, 0)})
    assert (residual.estimate, residual.low, residual.high) == pytest.approx((11 / 20, 11 / 20, 11 / 20))


def test_unread_and_half_read_samples_say_so():
    strata = {"date": Stratum(10, 0.8), "name": Stratum(90, 0.1), NONE: Stratum(900, 0.001)}
    residual = estimate_residual(strata)
    assert (residual.status, residual.low) == ("unread", 0.0)
    assert (residual.estimate, residual.high) == pytest.approx(
        (0.017, 0.1)
    )  # 8 + 9 expected and 100 suspected of 1,000
    half_read = estimate_residual(strata | {"date": Stratum(10, 0.8, 10, 8)})
    assert half_read.status == "partial"
    assert half_read.low == pytest.approx(0.008)
    assert half_read.high == pytest.approx(0.998)  # two turns are known to be fine
    assert estimate_residual({}).status == "unread"


@pytest.mark.parametrize(
    ("turns", "leaking"),
    [((50_000, 200, 30, 20), (50, 8, 9, 10)), ((1000,) * 6, (10,) * 6), ((20_000, 100), (250, 0)), ((5000,), (100,))],
)
def test_the_interval_covers_the_truth(turns, leaking):
    """At least 95 of 100 samples give an interval that holds the true share."""
    rng = np.random.default_rng(11)
    names = [NONE, *(f"s{number}" for number in range(1, len(turns)))]
    strata = {name: Stratum(count, 0.001 if name == NONE else 0.2) for name, count in zip(names, turns, strict=True)}
    numbers = allocate_sample(strata, 200)
    truth = sum(leaking) / sum(turns)
    covered = 0
    for _ in range(400):
        read = {
            name: Stratum(
                stratum.turns,
                stratum.prior,
                numbers[name],
                int(rng.hypergeometric(leak_count, stratum.turns - leak_count, numbers[name])),
            )
            for (name, stratum), leak_count in zip(strata.items(), leaking, strict=True)
        }
        residual = estimate_residual(read)
        assert residual.low <= residual.estimate <= residual.high
        covered += residual.low <= truth <= residual.high
    assert covered >= 0.95 * 400


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.builds(Stratum, st.integers(0, 500), st.floats(0.001, 0.9)),
        max_size=6,
    ),
    st.integers(1, 400),
)
def test_allocation_takes_what_is_there(strata, size):
    numbers = allocate_sample(strata, size)
    assert set(numbers) == set(strata)
    for name, number in numbers.items():
        assert min(10, strata[name].turns) <= number <= strata[name].turns
    floors = sum(min(10, stratum.turns) for stratum in strata.values())
    total = sum(stratum.turns for stratum in strata.values())
    assert sum(numbers.values()) == min(total, max(size, floors))


def test_the_sample_does_not_depend_on_the_order_of_rows():
    ids = pl.Series([f"t/{number // 2}" for number in range(400)])
    message = pl.Series([number % 2 for number in range(400)], dtype=pl.UInt32)
    stratum = pl.Series(["date" if number % 40 == 0 else NONE for number in range(400)])
    order = np.random.default_rng(5).permutation(400)
    sampler, shuffled_sampler = TurnSampler(50, 7), TurnSampler(50, 7)
    sampler.add(ids, message, stratum)
    for rows in np.array_split(order, 7):
        shuffled_sampler.add(ids.gather(rows), message.gather(rows), stratum.gather(rows))
    sample = sampler.draw({"date": 5, NONE: 30})
    assert sample == shuffled_sampler.draw({"date": 5, NONE: 30})
    assert len(sample) == 35
    assert set(sample) <= set(sampler.draw({"date": 8, NONE: 50}))
    assert {name for _, name in sample[:8]} == {"date", NONE}, "all strata progress alike"


def test_keys_are_uniform():
    keys = hash_turns(pl.Series([f"t/{number}" for number in range(500)]), np.arange(500), 0) / 2.0**64
    assert 0.45 < keys.mean() < 0.55
    assert len(set(keys)) == 500
    assert (
        keys.tolist()
        != (hash_turns(pl.Series([f"t/{number}" for number in range(500)]), np.arange(500), 1) / 2**64).tolist()
    )


SECRET = "幺三九二二三三四四五五"
PLANTED = {
    3: f"记一下我的号{SECRET}",
    7: "[/b]我们单位的王刚得了乙肝\\[red]",
    11: "从2005年3月25起吃药",
    15: "加我扣1817257500",
}
NO_REDACTION = {
    "name": "bare",
    "sources": [{"name": "crawl"}],
    "stages": ["merge_turns"],
}


def crawl(folder):
    records = [
        {
            "id": number,
            "question": f"孩子发烧{number}天，最高39度，{PLANTED.get(number, '要不要去医院')}？",
            "answer": f"孩子多大了？先观察{number}天，精神不好再去儿科。",
        }
        for number in range(40)
    ]
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (folder / "crawl.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture
def built(tmp_path):
    crawl(tmp_path)
    cmtmed.build(cmtmed.Pipeline.parse(NO_REDACTION), [tmp_path / "crawl.jsonl"], tmp_path / "out")
    return tmp_path / "out"


def files(out):
    return {path.name: path.read_bytes() for path in sorted((out / "audit").iterdir())}


def test_planted_leaks_are_suspected(built):
    content = audit_build(built).content
    assert content["counts"] == {"dialogues": 40, "turns": 80}
    assert content["splits"]["crossing"] == 0
    assert 0 < content["splits"]["questions"] <= 40
    turns = {stratum["detector"]: stratum["turns"] for stratum in content["strata"] if stratum["turns"]}
    assert turns == {"spoken_number": 1, "name": 1, "date": 1, "handle": 1, NONE: 76}
    assert content["residual"]["per_thousand_turns"]["high"] == pytest.approx(1000 * 4 / 80)
    assert content["residual"]["status"] == "unread"


def test_reading_gives_an_estimate(built):
    audit = audit_build(built, size=60)
    for sampled_turn in read_sampled_turns(audit):
        leaks = any(secret in sampled_turn.text for secret in PLANTED.values())
        assert leaks == bool(sampled_turn.spans)
        record_verdict(audit, sampled_turn.turn, "leak" if leaks else "fine")
    residual = audit_build(built, size=60).residual
    assert (residual["status"], residual["read"], residual["leaks"]) == ("read", 60, 4)
    figures = residual["per_thousand_turns"]
    assert figures["estimate"] == pytest.approx(50.0)  # 4 of 80
    assert figures["low"] <= 50 <= figures["high"] < 120
    assert residual["per_thousand_dialogues"]["estimate"] == pytest.approx(100.0)
    assert read_sampled_turns(audit_build(built, size=60), unread=True) == []


def test_no_text_in_any_file(built):
    audit = audit_build(built)
    record_verdict(audit, read_sampled_turns(audit)[0].turn, "leak")
    audit_build(built)
    assert set(files(built)) == {"audit.json", "privacy.md", "sample.jsonl", "verdicts.jsonl"}
    for name, content in files(built).items():
        text = content.decode("utf-8")
        for secret in (*PLANTED.values(), SECRET, "王刚", "1817257500", "孩子", "发烧"):
            assert secret not in text, name


def test_the_same_audit_gives_the_same_bytes_and_looks_once(built, monkeypatch):
    first = audit_build(built, size=20)
    record_verdict(first, read_sampled_turns(first)[0].turn, "fine")
    content = audit_build(built, size=20).content
    before = files(built)
    monkeypatch.setattr(audit_module, "screen_build", None)
    assert audit_build(built, size=20).content == content
    assert files(built) == before
    monkeypatch.undo()
    assert audit_build(built, size=20, seed=1).content["residual"]["status"] in {"unread", "partial"}
    audit_build(built, size=20)
    assert files(built) == before


def test_the_content_follows_its_schema(built):
    schema = json.loads(bundled("schemas/audit.v1.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(audit_build(built).content)
    done = audit_build(built, size=60)
    record_verdict(done, read_sampled_turns(done)[0].turn, "leak")
    validator.validate(audit_build(built, size=60).content)
    validator.validate(json.loads((built / "audit" / "audit.json").read_text(encoding="utf-8")))


def test_an_audit_of_other_dialogues_is_refused(built):
    with pytest.raises(DatasetError, match="run cmtmed audit"):
        read_audit(built)
    audit_build(built)
    assert read_audit(built).content["counts"]["dialogues"] == 40
    file = next(built.glob("dialogues/train/*.arrow"))
    file.write_bytes(file.read_bytes().replace("孩子".encode(), "小孩".encode()))
    with pytest.raises(DatasetError, match="have changed since the audit"):
        read_audit(built)
    audit_build(built)
    read_audit(built)


def test_verdicts_on_other_dialogues_do_not_count(built):
    done = audit_build(built)
    record_verdict(done, read_sampled_turns(done)[0].turn, "leak")
    assert audit_build(built).residual["read"] == 1
    file = next(built.glob("dialogues/train/*.arrow"))
    file.write_bytes(file.read_bytes().replace("孩子".encode(), "小孩".encode()))
    assert audit_build(built).residual["read"] == 0


def test_verdicts_from_a_file(built, tmp_path):
    audit = audit_build(built)
    turns = [sampled_turn.turn for sampled_turn in read_sampled_turns(audit, 3)]
    path = tmp_path / "mine.jsonl"
    rows = [{"id": turn.id, "message": turn.message, "verdict": "fine"} for turn in turns]
    path.write_text("\n".join(map(json.dumps, [*rows, {**rows[0], "verdict": "leak"}])), encoding="utf-8")
    residual = audit_build(built, verdicts=path).residual
    assert (residual["read"], residual["leaks"]) == (3, 1), "the last verdict on a turn counts"
    before = files(built)
    assert audit_build(built, verdicts=path).residual == residual
    assert files(built) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "crawl/999", "message": 0, "verdict": "fine"}, "1 verdicts are on turns that are not in the sample"),
        ({"id": "crawl/1", "message": 0, "verdict": "leek"}, "did you mean 'leak'"),
        ({"id": "crawl/1", "verdict": "leak"}, "line 1: not of the form"),
        (["crawl/1"], "line 1: not of the form"),
    ],
)
def test_verdicts_that_are_none(built, tmp_path, line, message):
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(line), encoding="utf-8")
    audit_build(built)
    before = files(built)
    with pytest.raises(UsageError, match=message):
        audit_build(built, verdicts=path)
    assert files(built) == before
    with pytest.raises(UsageError, match=r"nothing\.jsonl"):
        audit_build(built, verdicts=tmp_path / "nothing.jsonl")


def test_dropped_rows_on_request(tmp_path):
    crawl(tmp_path)
    pipeline = {**NO_REDACTION, "stages": [{"drop_by_length": {"min_chars": 43}}]}
    out = tmp_path / "out"
    counts = cmtmed.build(cmtmed.Pipeline.parse(pipeline), [tmp_path / "crawl.jsonl"], out).counts
    assert counts["kept"]
    assert counts["dropped"]
    assert audit_build(out).content["counts"]["dialogues"] == counts["kept"]
    whole = audit_build(out, dropped=True)
    assert whole.content["counts"]["dialogues"] == 40
    assert len(read_sampled_turns(whole)) == 80
    assert "已发布及被剔除的对话" in (out / "audit" / "privacy.md").read_text(encoding="utf-8")


def test_a_build_of_nothing(tmp_path):
    (tmp_path / "crawl.jsonl").write_text('{"question": "a"', encoding="utf-8")
    cmtmed.build(cmtmed.Pipeline.parse(NO_REDACTION), [tmp_path / "crawl.jsonl"], tmp_path / "out")
    done = audit_build(tmp_path / "out")
    assert done.content["counts"] == {"dialogues": 0, "turns": 0}
    assert read_sampled_turns(done) == []


def test_bad_usage(built, tmp_path):
    with pytest.raises(UsageError, match="size is 0"):
        audit_build(built, size=0)
    with pytest.raises(DatasetError, match="holds no finished build"):
        audit_build(tmp_path / "nowhere")


def test_the_statement_says_what_was_not_done(built):
    audit_build(built)
    statement = (built / "audit" / "privacy.md").read_text(encoding="utf-8")
    assert "nothing was replaced" in statement
    assert "未替换任何标识符" in statement
    assert "Nobody has read the sample" in statement
    assert "| looked for |" not in statement
    for name in ("《个人信息保护法》第七十三条", "GB/T 35273-2020", "GB/T 37964-2019", "45 CFR 164.514(b)(2)(i)"):
        assert name in statement


def test_the_statement_follows_the_pipeline(built):
    content = audit_build(built).content
    content["redaction"] = {"stage": True, "kept": ["HOSPITAL", "PHONE"]}
    content["identifiers"] = {"DATE": {"generalize": 3}, "PERSON": {"tag": 2, "pseudonym": 1}}
    statement = render_statement(content)
    assert "Left in the text on purpose**: HOSPITAL, PHONE." in statement
    assert "| PERSON [姓名] | 2 | 1 | 0 |" in statement
    assert "Safe Harbor does not provide for shifted dates" in statement
    assert "| D | Telephone numbers | **not looked for** |" in statement
    assert "| F | E-mail addresses | looked for | EMAIL |" in statement
    assert "de-identification, not anonymization" in statement


def test_safe_harbor_has_eighteen_categories():
    assert [category.letter for category in SAFE_HARBOR] == list("ABCDEFGHIJKLMNOPQR")

    assert {identifier_type for category in SAFE_HARBOR for identifier_type in category.types} == set(TYPES)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (
            {"actions": {"PHONE": "tag", "HOSPITAL": "tag"}, "default_action": "keep"},
            [kind for kind in TYPES if kind not in {"PHONE", "HOSPITAL"}],
        ),
        ({}, []),
        ({"actions": {"ORG": "keep", "PERSON": "pseudonym"}, "default_action": "tag"}, ["ORG"]),
        ({"actions": {}, "default_action": "tag"}, []),
    ],
)
def test_types_that_are_kept_are_read_from_the_manifest(options, kept):
    pipeline = PipelineRecord(name="clinic", fingerprint="0" * 64, stages=[{"redact_identifiers": options}])
    manifest = Manifest.model_construct(pipeline=pipeline)
    assert describe_redaction(manifest) == {"stage": True, "kept": kept}


def run(*arguments, cwd, text=None):
    return subprocess.run(
        [sys.executable, "-m", "cmtmed.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        input=text,
    )


def test_the_command_shows_text_only_when_asked(built):
    completed = run("audit", "out", cwd=built.parent)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "spoken_number" in completed.stdout
    assert "Nobody has read the sample" in completed.stdout
    assert "nothing was replaced" in completed.stdout
    assert "孩子" not in completed.stdout
    shown = run("audit", "out", "--show", "80", cwd=built.parent).stdout
    assert f"⟦{SECRET}⟧" in shown
    assert "[/b]我们单位⟦的王刚得了⟧乙肝\\[red]" in shown
    content = json.loads(run("audit", "out", "--json", cwd=built.parent).stdout)
    assert content == read_audit(built).content
    silent = run("audit", "out", "--quiet", cwd=built.parent)
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")


def test_the_review_is_taken_up_where_it_stopped(built):
    first = run("audit", "out", "--review", cwd=built.parent, text="y\nwhat\nn\ns\nq\n")
    assert first.returncode == 0, first.stderr
    assert "1 of 80" in first.stdout
    assert read_audit(built).residual["read"] == 2
    assert read_audit(built).residual["leaks"] == 1
    verdicts = (built / "audit" / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["verdict"] for line in verdicts] == ["leak", "fine"]
    second = run("audit", "out", "--review", cwd=built.parent, text="n\n" * 78)
    assert "1 of 78" in second.stdout
    assert "The whole sample has been read." in second.stdout
    assert read_audit(built).residual["status"] == "read"
    assert "still identify somebody (95% interval" in second.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("audit", "nowhere"), 1, "holds no finished build"),
        (("audit", "out", "--size", "0"), 2, "--size"),
        (("audit", "out", "--review", "--json"), 2, "--review asks questions"),
        (("audit", "out", "--verdicts", "missing.jsonl"), 2, "missing.jsonl"),
    ],
)
def test_exit_codes(built, arguments, code, message):
    done = run(*arguments, cwd=built.parent)
    assert done.returncode == code
    assert message in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_turns_are_compared_by_place():
    assert Turn("a/1", 0) == Turn("a/1", 0)
    assert {Turn("a/1", 0): "fine"}[Turn("a/1", 0)] == "fine"
