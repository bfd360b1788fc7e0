"""The index on disk: what it finds, who may read while somebody writes, and what it refuses."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from datasketch import MinHash

from cmtmed.dedup import Index, near_duplicates, shingle_hash
from cmtmed.errors import DatasetError, UsageError
from tests.support.texts import change_characters, random_texts


@pytest.fixture
def index(tmp_path):
    new_index = Index.create(tmp_path / "index")
    new_index.add([f"a/{n}" for n in range(60)], random_texts(60))
    return new_index


def test_what_was_added_is_found(index):
    stored = random_texts(60)
    queries = [
        stored[3],
        " ".join(stored[7]),
        change_characters(stored[9], 2, random.Random(0)),
        random_texts(1, seed=9)[0],
        "",
    ]
    matches = index.query(queries)
    assert matches.select("row", "id").rows() == [(0, "a/3"), (1, "a/7"), (2, "a/9")]
    assert matches["equal"].to_list() == [True, True, False]
    jaccard = near_duplicates([stored[9], queries[2]], 0.5)["jaccard"][0]
    assert matches["estimate"][2] == pytest.approx(jaccard, abs=0.15)


def test_additions_are_found_by_whoever_opens_later(index):
    older_handle = Index.open(index.folder)
    index.add(pl.Series(["b/1", "b/2"]), pl.Series(random_texts(2, seed=5)))
    assert len(index) == 62
    assert len(older_handle) == 60
    assert older_handle.query(random_texts(2, seed=5)).height == 0
    assert Index.open(index.folder).query(random_texts(2, seed=5))["id"].to_list() == ["b/1", "b/2"]


def test_two_that_add_at_a_time_both_arrive(index):
    def add(number):
        Index.open(index.folder).add([f"c{number}/{n}" for n in range(5)], random_texts(5, seed=100 + number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(8)))
    reopened = Index.open(index.folder)
    assert len(reopened) == 100
    for number in range(8):
        assert reopened.query(random_texts(5, seed=100 + number)).height == 5


def test_empty_texts_are_equal_to_nothing_and_short_ones_to_themselves(tmp_path):
    short_texts = Index.create(tmp_path / "index")
    short_texts.add(["1", "2", "3"], ["", "嗯", "好的"])
    assert short_texts.query(["", "嗯", "好", " 好的"]).select("row", "id").rows() == [(1, "2"), (3, "3")]
    short_texts.add([], [])
    assert len(short_texts) == 3
    assert short_texts.query([]).schema == {
        "row": pl.UInt32,
        "id": pl.String,
        "estimate": pl.Float64,
        "equal": pl.Boolean,
    }


def test_datasketch_finds_the_same(index):
    lsh = index.to_datasketch_lsh()
    stored = random_texts(60)
    for text in (stored[3], change_characters(stored[9], 1, random.Random(0)), random_texts(1, seed=9)[0]):
        signature = MinHash(num_perm=128, hashfunc=shingle_hash, scheme="affine32")
        signature.update_batch(text[start : start + 5].encode() for start in range(len(text) - 4))
        assert sorted(lsh.query(signature)) == index.query([text])["id"].to_list()


def test_interrupted_additions_leave_the_index_as_it_was(index):
    """Killed at every system call that writes a file or renames one."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from cmtmed.dedup.index import Index\n"
        "left = int(sys.argv[2])\n"
        "def counted(real):\n"
        "    def call(*arguments, **options):\n"
        "        global left\n"
        "        left -= 1\n"
        "        if left < 0:\n"
        "            os._exit(9)\n"
        "        return real(*arguments, **options)\n"
        "    return call\n"
        "os.fsync, Path.rename, Path.replace, Path.mkdir = map(counted, (os.fsync, Path.rename, Path.replace, Path.mkdir))\n"
        "Index.open(sys.argv[1]).add(['x'], ['头痛三天了一直没有好'])\n"
    )
    for step in range(20):
        process = subprocess.run([sys.executable, "-c", script, str(index.folder), str(step)], check=False)
        reopened = Index.open(index.folder)
        assert reopened.query(random_texts(60)).height == 60
        if process.returncode == 0:
            assert len(reopened) == 61
            break
        assert process.returncode == 9
        assert len(reopened) == 60
    else:
        pytest.fail("the addition never came to its end")
    assert step >= 6


def damage_copy(folder, change):
    copy = folder.parent / "damaged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "index.json").unlink(), "holds no index: index.json is missing"),
        (lambda folder: (folder / "index.json").write_text('{"format": "cmt'), "is not valid JSON"),
        (lambda folder: (folder / "index.json").write_text('{"format": "faiss"}'), "is not an index of cmtmed"),
        (lambda folder: (folder / "index.json").write_text("[]"), "is not an index of cmtmed"),
        (
            lambda folder: (folder / "index.json").write_text(
                json.dumps({"format": "cmtmed.dedup.index", "version": 7})
            ),
            "has version 7, but this cmtmed reads 1",
        ),
        (lambda folder: os.truncate(folder / "000000" / "keys.u64", 100), r"keys\.u64' has 100 bytes instead of"),
        (lambda folder: (folder / "000000" / "ids.arrow").unlink(), r"ids\.arrow' is missing"),
    ],
)
def test_a_damaged_index_is_refused_by_name(index, change, message):
    with pytest.raises(DatasetError, match=message):
        Index.open(damage_copy(index.folder, change))


def test_bad_calls(index, tmp_path):
    with pytest.raises(UsageError, match="is not empty"):
        Index.create(index.folder)
    with pytest.raises(UsageError, match="2 ids for 1 texts"):
        index.add(["a", "b"], ["x"])
    with pytest.raises(UsageError, match="threshold is 2"):
        Index.create(tmp_path / "new", threshold=2)
    with pytest.raises(UsageError, match=r"texts\[0\] has type int"):
        index.query([3])
    assert len(Index.open(index.folder)) == 60
