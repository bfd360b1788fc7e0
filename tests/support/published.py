"""A small build that may be published: redacted, audited and read, licensed, compared with a test set."""

from __future__ import annotations

import cmtmed
from cmtmed.audit import audit_build
from cmtmed.audit.review import read_sampled_turns, record_verdict
from tests.support.files import write_json_lines

LINES = [
    {
        "id": "a",
        "question": "头痛三天了，有点恶心，昨天下午还吐过一次，怕光",
        "answer": "您好，发烧吗？先量血压，注意休息。",
    },
    {"id": "b", "question": "咳嗽一周，痰是黄的，晚上睡不着", "answer": "您好，几岁了？多喝温水，必要时拍胸片。"},
    {"id": "c", "question": "我叫王建国，胃胀反酸半个月，饭后更重", "answer": "您好，做过胃镜吗？清淡饮食，少食多餐。"},
    {
        "id": "d",
        "question": "膝盖疼了两个月，上下楼明显，早上起来发僵十分钟",
        "answer": "您好，肿吗？少爬楼，热敷可以缓解。",
    },
    {"id": "e", "question": "皮肤起红疹两天，很痒，越抓越多", "answer": "吃过什么特别的东西吗？先不要抓，可以冷敷。"},
]
TEST = [{"id": "t", "question": "右下腹疼了一天，按着更疼，低烧三十七度八", "answer": "恶心吗？请尽快到急诊查血常规。"}]
CARD = {
    "pretty_name": "测试对话 Test dialogues",
    "collected": "Written for the tests of this project.",
    "authors": ["The authors of cmtmed"],
    "contact": "the issue tracker of cmtmed",
    "year": 2026,
}


def build_small(folder, lines=LINES, *, terms="CC-BY-4.0", stages=None, broken_lines=0, name="crawl.jsonl", **options):
    """Build a crawl whose test set is another source."""
    main_file = write_json_lines(folder / name, lines)
    with main_file.open("a", encoding="utf-8") as file:
        file.write("{broken\n" * broken_lines)
    sources = [
        {"name": "held_out", "match": "test.jsonl", "license": "MIT"},
        {"name": "clinic", **({"license": terms} if terms else {})},
    ]
    stage_options = {
        "drop_benchmark_overlap": {"test_sources": ["held_out"]},
        "assign_split": {"test_sources": ["held_out"]},
    }
    definition = {"name": "small", "extends": "cmtmedqa", "sources": sources, "options": {**stage_options, **options}}
    if stages is not None:
        definition = {"name": "small", "sources": sources, "stages": stages}
    out = folder / "out"
    test_file = write_json_lines(folder / "test.jsonl", TEST)
    cmtmed.build(cmtmed.Pipeline.parse(definition), [main_file, test_file], out, workers=1)
    return out


def audit_and_review(out, verdict="fine"):
    """Audit a build, and read the whole sample."""
    result = audit_build(out)
    for sampled_turn in read_sampled_turns(result):
        record_verdict(result, sampled_turn.turn, verdict)
    audit_build(out)
    return out
