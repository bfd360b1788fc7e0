"""Near-duplicates: bit-equal to datasketch, exact where it counts, the same whatever the order."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtmed
from cmtmed.dedup.cluster import cluster_texts, clusters_of, rank_longest_first
from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.duplicate_pairs import near_duplicates
from cmtmed.dedup.graph import label_components, pick_representatives
from cmtmed.dedup.lsh import choose_bands
from cmtmed.dedup.minhash import signatures
from cmtmed.dedup.ngram_overlap import hash_ngrams, ngram_containment
from cmtmed.dedup.shingle import hash_texts, shingle_hash
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.texts import Texts
from cmtmed.errors import UsageError
from tests.support.texts import change_characters, random_texts

quick = settings(max_examples=60)
signs = st.text(alphabet="头痛三天发烧，。 \n𠮷🙂é12３", max_size=40)


def shingles(text, n=5):
    stripped = "".join(text.split())
    return {stripped[start : start + n] for start in range(len(stripped) - n + 1)}


def jaccard(first, second):
    return len(first & second) / len(first | second) if first | second else 0.0


@quick
@given(
    st.lists(signs, max_size=4),
    st.sampled_from([1, 2, 5, 7]),
    st.sampled_from([4, 6, 128]),
    st.integers(0, 9),
    st.sampled_from(["affine32", "legacy"]),
)
def test_signatures_are_those_of_datasketch(texts, ngram, num_perm, seed, scheme):
    computed = signatures(pl.Series(texts, dtype=pl.String), ngram=ngram, num_perm=num_perm, seed=seed, scheme=scheme)
    for text, signature in zip(texts, computed, strict=True):
        reference = MinHash(num_perm=num_perm, seed=seed, hashfunc=shingle_hash, scheme=scheme)
        reference.update_batch(shingle.encode() for shingle in shingles(text, ngram))
        assert signature.tolist() == reference.hashvalues.tolist()


@pytest.mark.parametrize("scheme", ["affine32", "legacy"])
def test_long_texts_are_signed_as_short_ones_are(scheme):
    """Texts longer than what the kernel hashes at a time, with white space and signs of every width at the seams."""
    generator = random.Random(4)
    text = "".join(generator.choices("头痛发烧三天，。x9é𠮷🙂 \u3000\n", k=20_000))
    computed = signatures(pl.Series([text]), scheme=scheme, num_perm=16)[0]
    reference = MinHash(num_perm=16, hashfunc=shingle_hash, scheme=scheme)
    reference.update_batch(shingle.encode() for shingle in shingles(text))
    assert computed.tolist() == reference.hashvalues.tolist()
    plain, stripped, changed = hash_texts(pl.Series([text, "".join(text.split()), text[:-9] + "痛" + text[-8:]]))
    assert plain == stripped != changed


def make_corpus(count, seed=0, length=200):
    """Return random texts, and changed copies of half of them with similarities from 0.5 to 1."""
    generator = random.Random(seed)
    texts = random_texts(count, seed, length)
    return texts + [change_characters(text, generator.randint(0, 14), generator) for text in texts[: count // 2]]


def compare_all_pairs(texts, threshold):
    sets = [shingles(text) for text in texts]
    return {
        (a, b): value
        for a in range(len(texts))
        for b in range(a + 1, len(texts))
        if (value := jaccard(sets[a], sets[b])) >= threshold
    }


@pytest.mark.parametrize("threshold", [0.7, 0.8, 0.9])
def test_pairs_are_exact_and_nearly_all_are_found(threshold):
    texts = make_corpus(300)
    expected = compare_all_pairs(texts, threshold)
    pairs = {(a, b): value for a, b, value in near_duplicates(texts, threshold).iter_rows()}
    assert len(expected) > 30
    assert set(pairs) <= set(expected)
    assert len(pairs) >= 0.99 * len(expected)
    for pair, value in pairs.items():
        assert value == pytest.approx(expected[pair], abs=1e-12)


@quick
@given(st.lists(signs, max_size=12), st.sampled_from([0.5, 0.8, 1.0]))
def test_no_pair_is_below_the_threshold_and_copies_are_always_found(texts, threshold):
    sets = [shingles(text) for text in texts]
    stripped = ["".join(text.split()) for text in texts]
    matches = near_duplicates(texts, threshold)
    for a, b, value in matches.iter_rows():
        assert a < b
        assert value == 1.0 if stripped[a] == stripped[b] else jaccard(sets[a], sets[b]) == pytest.approx(value)
        assert value >= threshold
    pairs = set(matches.select("a", "b").iter_rows())
    for a in range(len(texts)):
        for b in range(a + 1, len(texts)):
            assert ((a, b) in pairs) == (stripped[a] == stripped[b] != "") or len(stripped[a]) >= 5


def group_rows(labels, order):
    groups = {}
    for position, label in zip(order, labels, strict=True):
        groups.setdefault(label, set()).add(position)
    return {frozenset(group) for group in groups.values()}


def test_clusters_do_not_depend_on_the_order_of_rows():
    texts = make_corpus(200) + ["同一句话说了很多遍很多遍"] * 40
    order = list(range(len(texts)))
    expected = group_rows(clusters_of(texts), order)
    for seed in range(3):
        random.Random(seed).shuffle(order)
        shuffled = [texts[index] for index in order]
        clusters = clusters_of(shuffled, threads=seed + 1)
        assert group_rows(clusters, order) == expected
        assert {texts[index] for index in clusters_of(texts)} == {shuffled[index] for index in clusters}


def test_clusters_do_not_depend_on_where_sketches_are(tmp_path):
    texts = Texts.from_column(pl.Series(make_corpus(200)))
    config = MinHashConfig()
    expected = clusters_of(texts).tolist()
    for chunks in (
        [texts],
        [Texts.from_column(pl.Series(make_corpus(200)).slice(start, 37)) for start in range(0, 300, 37)],
    ):
        sharded = Texts(chunk for shard in chunks for chunk in shard.chunks)
        store = SignatureStore.from_texts(sharded, config, tmp_path)
        assert cluster_texts(sharded, store, config, rank_longest_first(store))[0].tolist() == expected


def test_a_chain_does_not_become_one_cluster(caplog):
    """Each text shares most of its characters with the next, and nothing with the last."""
    generator = random.Random(1)
    stream = "".join(
        generator.choices(
            "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后", k=400
        )
    )
    texts = [stream[start : start + 200] for start in range(0, 200, 8)]
    sets = [shingles(text) for text in texts]
    with caplog.at_level("INFO", logger="cmtmed.dedup"):
        labels = clusters_of(texts, 0.8)
    messages = [record.getMessage() for record in caplog.records if "chains" in record.getMessage()]
    assert len(messages) == 1
    assert messages[0].endswith(f"the largest, {len(texts)} texts, became {len(set(labels.tolist()))} clusters")
    assert 1 < len(set(labels.tolist())) < len(texts)
    for index, representative in enumerate(labels):
        assert labels[representative] == representative
        assert jaccard(sets[index], sets[representative]) >= 2 * 0.8 - 1
    representatives = sorted(set(labels.tolist()))
    assert not any(jaccard(sets[a], sets[b]) >= 0.8 for a in representatives for b in representatives if a < b)


@quick
@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30).map(
        lambda links: [(a, b) for a, b in links if a != b]
    ),
    st.permutations(range(20)),
)
def test_the_guard_leaves_no_linked_pair_and_nobody_far_from_home(links, rank):
    best = pick_representatives([a for a, _ in links], [b for _, b in links], rank)
    neighbours = {node: {node} for node in range(20)}
    for a, b in links:
        neighbours[a].add(b)
        neighbours[b].add(a)
    for node in range(20):
        assert best[best[node]] == best[node]
        assert rank[best[node]] <= rank[node]
        assert any(best[node] in neighbours[neighbour] for neighbour in neighbours[node])
    kept = set(best.tolist())
    assert not any(second in neighbours[first] for first in kept for second in kept if first != second)


def test_signatures_do_not_depend_on_threads_or_chunks():
    texts = pl.Series(make_corpus(50), dtype=pl.String)
    chunked = pl.concat([texts.head(7), texts.slice(7, 30), texts.slice(37)], rechunk=False)
    assert chunked.n_chunks() == 3
    expected = signatures(texts, threads=1)
    assert (signatures(chunked, threads=3) == expected).all()
    assert (signatures(texts.slice(10, 5)) == expected[10:15]).all()


def test_short_and_empty_texts_never_flow_together():
    texts = ["", " ", "嗯", "好", "嗯 ", "谢谢", "谢 谢", "好的谢谢", ""]
    assert near_duplicates(texts).select("a", "b").rows() == [(2, 4), (5, 6)]
    assert clusters_of(texts).tolist() == [0, 1, 2, 3, 2, 5, 5, 7, 8]


def test_many_copies_stay_linear():
    texts = ["同一个问题问了很多很多遍"] * 5000 + ["另一个问题，只问了一遍"]
    pairs = near_duplicates(texts)
    assert pairs.height < 5000 * 100
    assert set(pairs["a"].to_list() + pairs["b"].to_list()) == set(range(5000))
    assert clusters_of(texts).tolist() == [0] * 5000 + [5000]


@pytest.mark.parametrize(
    "texts",
    [
        [""] * 50,
        ["  \n", "\u3000"],
        ["一个人的咨询，没有别人的"],
        ["。。。。。。？！", "……，，，、、、"],
        ["头痛", "头疼"],
    ],
    ids=["all empty", "white space", "one text", "only punctuation", "shorter than a shingle"],
)
def test_corpora_without_duplicates(texts):
    assert near_duplicates(texts).height == 0
    assert clusters_of(texts).tolist() == list(range(len(texts)))


def test_shingles_longer_than_every_text_leave_equal_texts():
    texts = ["头痛三天了", "头痛三天了", "头痛四天了"]
    assert near_duplicates(texts, ngram=50).select("a", "b").rows() == [(0, 1)]
    assert clusters_of(texts, ngram=50).tolist() == [0, 0, 2]


def test_a_hundred_thousand_copies_are_not_quadratic():
    texts = pa.array(
        ["同一段咨询，被抓取了十万遍，一个字也没有变"] * 100_000 + ["另一段咨询，只抓取了一遍，和谁都不像"]
    )
    assert clusters_of(texts).tolist() == [0] * 100_000 + [100_000]
    almost = pa.array(
        [f"同一段很长的咨询，被抓取了很多很多遍，只有末尾的编号不一样，别的都一样{number}" for number in range(20_000)]
    )
    assert len(set(clusters_of(almost, 0.7).tolist())) < 10


def test_texts_of_fifty_megabytes():
    generator = np.random.default_rng(1)
    text = generator.integers(0x4E00, 0x9FA0, 50_000_000 // 3).astype("<u4").tobytes().decode("utf-32-le")
    pairs = near_duplicates([text, "短的一段，和长的没有关系", text[:-100_000]])
    assert pairs.select("a", "b").rows() == [(0, 2)]
    assert pairs["jaccard"][0] == pytest.approx(1 - 100_000 / len(text), abs=1e-3)


def test_a_changed_number_is_another_text_at_threshold_one():
    texts = ["每天两次，每次５mg，饭后服用，连续七天", "每天两次，每次15mg，饭后服用，连续七天"]
    assert near_duplicates(texts, threshold=1.0).height == 0
    assert near_duplicates(texts, threshold=0.5).height == 1


def test_white_space_does_not_count_and_characters_beyond_the_basic_plane_do():
    first, reflowed, changed = hash_texts(pl.Series(["𠮷野家🙂 头痛", "𠮷野家🙂\n头痛\u3000", "吉野家🙂头痛"]))
    assert first == reflowed != changed


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_reach_the_recall(threshold):
    bands, rows = choose_bands(threshold, 128, 0.998)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.998 or rows == 1


@quick
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_components_are_named_by_their_smallest(links):
    labels = label_components([a for a, _ in links], [b for _, b in links], 20)
    expected = list(range(20))
    for _ in range(20):
        for a, b in links:
            expected[a] = expected[b] = min(expected[a], expected[b])
    assert labels.tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: near_duplicates(["a"], threshold=0), "threshold is 0; it must be a Jaccard similarity above 0"),
        (lambda: near_duplicates(["a"], threshold=1.5), r"threshold is 1\.5"),
        (lambda: near_duplicates(["a", None]), r"texts\[1\] has type NoneType; pass a list of str"),
        (lambda: near_duplicates(pl.Series([1])), "texts have type Int64"),
        (lambda: near_duplicates(["a"], ngram=0), "ngram is 0"),
        (lambda: near_duplicates(["a"], num_perm=1), "num_perm is 1"),
        (lambda: near_duplicates(["a", "\ud83d"]), "lone surrogate at character 0"),
        (lambda: signatures(pl.Series(["a"]), scheme="sha1"), "unknown scheme 'sha1'; available: affine32, legacy"),
    ],
)
def test_bad_calls(call, message):
    with pytest.raises(UsageError, match=message):
        call()


def test_public_face():
    assert cmtmed.near_duplicates([]).schema == {"a": pl.UInt32, "b": pl.UInt32, "jaccard": pl.Float64}


@quick
@given(st.lists(signs, max_size=4), st.lists(signs, max_size=4), st.sampled_from([1, 3, 13]))
def test_containment_is_the_share_of_known_grams(reference_texts, texts, n):
    _, hashes = hash_ngrams(pl.Series(reference_texts, dtype=pl.String), n=n)
    reference_ngrams = set().union(*(shingles(text, n) for text in reference_texts)) if reference_texts else set()
    assert len(set(hashes.tolist())) == len(reference_ngrams)
    shares = ngram_containment(pl.Series(texts, dtype=pl.String), np.unique(hashes), n=n)
    for text, value in zip(texts, shares, strict=True):
        stripped = "".join(text.split())
        ngrams = [stripped[start : start + n] for start in range(len(stripped) - n + 1)]
        assert value == pytest.approx(
            sum(ngram in reference_ngrams for ngram in ngrams) / len(ngrams) if ngrams else 0.0
        )
