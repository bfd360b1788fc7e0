"""From the file to the views: whose words they are, and what became of every character."""

from __future__ import annotations

import json

import cmtmed
from cmtmed.pipeline import Pipeline

RECORDS = [
    {
        "id": "inside",
        "messages": [
            {"role": "患者", "content": "楼主：我胃疼三天了，晚上更厉害。版主：吃过什么药？楼主：吃过一次奥美拉唑。"},
            {"role": "系统", "content": "本次咨询已结束，如需继续请重新下单"},
            {"role": "医生", "content": "版主：建议做个胃镜看看，饮食清淡一些。"},
        ],
    },
    {
        "id": "opened",
        "messages": [
            {"role": "医生", "content": "您好，请问孩子发烧几天了？最高多少度？"},
            {"role": "患者", "content": "两天，最高三十九度二，吃了布洛芬"},
            {"role": "系统", "content": "患者上传了图片"},
            {"role": "医生", "content": "先物理降温，多喝水，注意观察精神。"},
            {"role": "患者", "content": "好的，谢谢"},
        ],
    },
]


def test_turns_from_the_file_to_the_views(tmp_path):
    crawl = tmp_path / "chat.jsonl"
    crawl.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS), encoding="utf-8")
    sources = [{"name": "forum", "roles": {"user": ["楼主"], "assistant": ["版主"]}}]
    pipeline = Pipeline.parse({"name": "turns", "extends": "cmtmedqa", "sources": sources})
    cmtmed.build(pipeline, [crawl], tmp_path / "out", workers=1)
    sft = {row["id"]: row for split in cmtmed.load(tmp_path / "out", view="sft").values() for row in split}
    inside, opened = sft["forum/inside"], sft["forum/opened"]
    assert [turn["role"] for turn in inside["messages"]] == ["user", "assistant", "user", "assistant"]
    assert inside["messages"][1]["content"] == "吃过什么药？"
    assert inside["messages"][3]["content"] == "建议做个胃镜看看，饮食清淡一些。"
    assert [turn["role"] for turn in opened["messages"]] == ["assistant", "user", "assistant"]
    assert opened["weights"] == [0, 0, 1]
    prompts = {row["id"]: row for split in cmtmed.load(tmp_path / "out", view="prompts").values() for row in split}
    assert prompts["forum/opened"]["message"] == 2
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    left_out = next(stage["left_out"] for stage in report["stages"] if stage["stage"] == "merge_turns")
    assert left_out["speaker"] == 4 * len("楼主：")
    assert left_out["trailing_turn"] == len("好的，谢谢")
    assert left_out["system_turn"] >= len("患者上传了图片")
