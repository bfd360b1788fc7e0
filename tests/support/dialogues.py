"""Dialogues for tests: short constructors, and what hypothesis draws from."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import strategies as st

from cmtmed.io.read import read_file
from cmtmed.schema import MESSAGES, complete
from cmtmed.source import Source

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
needs_real_data = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")


QUESTION = "孩子昨天晚上开始发烧，最高三十九度二，吃了一次布洛芬以后退到三十七度八，今天早上又烧起来了，还有一点咳嗽，没有拉肚子，精神还可以"
ANSWER = (
    "您好，孩子多大了？烧的时候手脚凉不凉？可以先物理降温，多喝温水，如果超过三十八度五再吃一次退烧药，间隔不少于六小时"
)
"""A consultation long enough to have near-duplicates."""


def user(content):
    return {"role": "user", "content": content}


def doctor(content):
    return {"role": "assistant", "content": content}


def table(*dialogues, **columns):
    """Return a complete dialogue table of the given message lists."""
    height = len(dialogues)
    base = {
        "id": [f"t/{number}" for number in range(height)],
        "source": ["t"] * height,
        "source_id": [str(number) for number in range(height)],
        "messages": pl.Series(list(dialogues), dtype=MESSAGES),
    }
    return complete(
        pl.DataFrame({**base, **columns}, schema_overrides=dict.fromkeys(("id", "source", "source_id"), pl.String))
    )


def turns(rows):
    """Return what each dialogue says: a list of (role initial, content) per row."""
    return [[(message["role"][0], message["content"]) for message in messages] for messages in rows["messages"]]


def read_real_dialogues(path):
    """Read a crawl file of real dialogues into a complete dialogue table."""
    batches = [batch.dialogues for batch in read_file(path, [Source(name="real")])]
    return complete(pl.concat(batches))


# Pieces of which drawn turns are made: everything that some stage reacts to, and what looks like it.
FRAGMENTS = (
    "头痛三天了", "发烧38.5℃", "您好，", "多久了？", "有没有咳嗽", "吃过什么药吗", "谢谢医生", "我叫王建国，", "电话13800138000",
    "加微信abc_12345", "[图片]", "【语音】", "下载云舟健康APP领取优惠券。", "以上建议仅供参考，不能代替面诊。", "医生：", "患者：", "问：", "答：", "张医生：", "\n", "无", "没有", "嗯", "1",
    "  ", "！！！！", "１２３", "10⁹/L", "①5mg", "½片", "&lt;5", "<br>", "綜合徵", "乾薑", "白朮", "\u200b", "建议多喝水，注意休息。",
    "青禾市第二人民医院", "2023年5月6日", "九十二岁", "。", "？", "，", "国药准字H20050138", "需要了解一些情况。", "\u3000", "a<b", "🙂", "𠮷",
)  # fmt: skip

contents = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join),
    st.text(max_size=12),
)
messages = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "user", "assistant", "system"]), contents).map(
        lambda pair: {"role": pair[0], "content": pair[1]}
    ),
    max_size=6,
)


@st.composite
def tables(draw, max_size=5):
    """Draw a complete dialogue table, some of whose rows repeat."""
    dialogues = draw(st.lists(messages, max_size=max_size))
    copies = draw(st.lists(st.sampled_from(dialogues), max_size=2)) if dialogues else []
    return table(*dialogues, *copies)
