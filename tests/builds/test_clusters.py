"""Clusters of duplicates of a finished build: listed, opened, and sampled without opening them whole."""

from __future__ import annotations

import json

import pytest

import cmtmed
from cmtmed.builds.clusters import find_cluster, list_clusters, sample_members
from cmtmed.errors import UsageError


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A build with a cluster of nine, one of two, and dialogues that stand alone."""
    folder = tmp_path_factory.mktemp("clusters")
    tail = "医生您好，这种情况已经持续了一段时间，请问需要做哪些检查，平时应该注意些什么，谢谢您。"
    questions = [
        f"头痛三天了，有点恶心，昨天还吐过一次，没有发烧。{tail}{'请问' if number % 2 else ''}" for number in range(9)
    ]
    questions += [f"咳嗽一周，痰是黄的，晚上咳得睡不着觉，胸口也有点闷。{tail}"] * 2
    questions += ["膝盖疼了两个月，上下楼明显，早上起来发僵。", "皮肤起红疹两天，很痒，越抓越多，吃了海鲜以后起的。"]
    lines = [
        {"id": f"r{number}", "question": question, "answer": "您好，做过什么检查吗？先观察，注意休息。"}
        for number, question in enumerate(questions)
    ]
    crawl = folder / "crawl.jsonl"
    crawl.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    cmtmed.build("cmtmedqa", [crawl], folder / "out", workers=1)
    return folder / "out"


def test_clusters_are_listed_by_size(out):
    assert list_clusters(out)["size"].to_list() == [9, 2]


def test_a_sample_is_what_opening_gives(out):
    table = list_clusters(out)
    sampled = sample_members(out, table["cluster"].to_list(), 100)
    assert list(sampled) == table["cluster"].to_list()
    for name, members in sampled.items():
        assert members == find_cluster(out, name)


def test_a_sample_is_bounded_and_the_same_each_time(out):
    (largest, _) = list_clusters(out)["cluster"]
    first, *others = sample_members(out, [largest], 3)[largest]
    assert first.dialogue["id"] == largest
    assert len(others) == 3
    assert {member.dialogue["id"] for member in others} < {
        member.dialogue["id"] for member in find_cluster(out, largest)
    }
    assert sample_members(out, [largest], 3)[largest] == [first, *others]


def test_dialogues_without_duplicates(out):
    with pytest.raises(UsageError, match="has no duplicate"):
        find_cluster(out, "crawl/r12")
    with pytest.raises(UsageError, match="no dialogue 'crawl/r99'"):
        find_cluster(out, "crawl/r99")
