"""Files are written whole or not at all, and hashed as they are."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.artifacts import HashedFile, hash_file, read_json, replace_atomically, write_json, write_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=VALUES)
def test_json_survives(value, tmp_path_factory):
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert read_json(path) == value
    assert [file.name for file in path.parent.iterdir()] == ["value.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "旧")

    def fail():
        with replace_atomically(path) as partial:
            partial.write_text("新", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text(encoding="utf-8") == "旧"
    assert list(tmp_path.iterdir()) == [path]


def test_checksums_are_of_the_bytes(tmp_path):
    path = tmp_path / "sub" / "文件.bin"
    path.parent.mkdir()
    path.write_bytes(b"\x00" * 3_000_000)
    expected = hashlib.sha256(b"\x00" * 3_000_000).hexdigest()
    assert hash_file(path) == expected
    assert HashedFile.of(path, tmp_path) == HashedFile("sub/文件.bin", 3_000_000, expected)
    assert HashedFile.of(path).path == path.as_posix()


def test_too_deep_json_is_a_value_error(tmp_path):
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000, encoding="utf-8")
    with pytest.raises(ValueError, match=r"nested|Expecting"):
        read_json(path)
