"""Prefixes and parents: what containment is decided from."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.dedup.containment import find_containers
from cmtmed.dedup.graph import follow_parents
from cmtmed.dedup.prefixes import MIN_CHARS, PrefixSearch
from cmtmed.dedup.shingle import hash_texts
from cmtmed.dedup.texts import Texts

WORDS = ["头痛三天了", "多久了？", "有没有发烧，", "体温３８．５℃ ", "吃了ibuprofen 0.2g\n", "𠮷", "先查血常规。"]
texts_of_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map("".join)


def find_prefix_pairs(texts, chunk_rows):
    column = pl.Series(texts, dtype=pl.String)
    lengths = np.array([len("".join(text.split())) for text in texts])
    search = PrefixSearch(hash_texts(column).to_numpy(), lengths, np.arange(len(texts)))
    for first in range(0, len(texts), chunk_rows):
        chunk = Texts.from_column(column.slice(first, chunk_rows))
        search.add(first, chunk.gather(np.arange(len(chunk))))
    prefixes, longer = search.pairs()
    return set(zip(prefixes.tolist(), longer.tolist(), strict=True))


@given(
    drawn=st.lists(texts_of_words, min_size=1, max_size=8, unique=True), cut=st.integers(0, 60), rows=st.integers(1, 5)
)
def test_all_prefixes_are_found_and_nothing_else(drawn, cut, rows):
    bare = {"".join(text.split()): text for text in [*drawn, drawn[0][:cut], drawn[-1][: cut // 2]]}
    keys, texts = list(bare), list(bare.values())
    expected = {
        (short, long)
        for short, prefix in enumerate(keys)
        for long, text in enumerate(keys)
        if len(prefix) >= MIN_CHARS and prefix != text and text.startswith(prefix)
    }
    assert find_prefix_pairs(texts, rows) == expected


def test_a_text_longer_than_a_block_has_its_prefixes():
    text = "".join(chr(0x4E00 + (index * 7919) % 20_000) for index in range(10_000))
    prefixes = [text[:length] for length in (20, 4095, 4096, 4097, 9_999)]
    found = find_prefix_pairs([text, *prefixes], 6)
    assert {short for short, longer in found if longer == 0} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("copies", [2, 70, 300])
def test_passages_of_common_phrases_are_found(copies):
    """A passage of phrases, each of which ``copies`` texts hold, and one text that holds them all in a row."""
    phrases = [f"第{number}步先复查血常规再看肝功能结果如何" * 2 for number in range(4)]
    noise = [
        f"{phrase}，编号{number}的病人另外咨询了{number * 37}号问题" for phrase in phrases for number in range(copies)
    ]
    host = "开头的话不一样。" + "".join(phrases) + "后来又说了一些别的事情，不再赘述。"
    texts = ["".join(phrases), host, *noise]
    lengths = np.array([len(text) for text in texts])
    rows = np.arange(len(texts))
    contained, containers, share = find_containers(
        Texts.from_column(pl.Series(texts)), rows, lengths, rows, threshold=0.9, min_shingles=20
    )
    assert (0, 1, 1.0) in set(zip(contained.tolist(), containers.tolist(), share.tolist(), strict=True))


@given(data=st.data(), size=st.integers(1, 12))
def test_following_parents_always_ends(data, size):
    parent = np.array(data.draw(st.lists(st.integers(0, size - 1), min_size=size, max_size=size)))
    rank = np.array(data.draw(st.permutations(range(size))))
    roots = follow_parents(parent, rank)
    assert (roots[roots] == roots).all()
    for element in range(size):
        chain = [element]
        while (successor := parent[chain[-1]]) not in chain:
            chain.append(successor)
        cycle = chain[chain.index(successor) :]
        assert roots[element] == min(cycle, key=lambda member: rank[member])
