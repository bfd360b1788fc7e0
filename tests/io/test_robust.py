"""One record costs one record: damage of every kind, and the build goes on."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import resource
import subprocess
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

import cmtmed
from cmtmed.io import archives
from tests.support.dialogues import SHARED
from tests.support.reading import read_all, read_rows, read_text

PAIR = {"question": "头痛三天，要做什么检查？", "answer": "量过血压吗？"}
TURNS = [("u", PAIR["question"]), ("a", PAIR["answer"])]
LINE = json.dumps(PAIR, ensure_ascii=False) + "\n"
CASES = SHARED.parent / "cases" / "robust"


@pytest.mark.parametrize("depth", [300, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"content":', "}]")])
@pytest.mark.parametrize("form", ["line", "array", "wrapped", "field", "cell"])
def test_deep_values_cost_their_own_record(tmp_path, depth, opening, closing, form):
    deep = opening * depth + "1" + closing * depth
    field = json.dumps(PAIR, ensure_ascii=False)[:-1] + f', "extra": {deep}}}'
    text = {
        "line": f"{LINE}{deep}\n{LINE}",
        "array": f"[{LINE},{deep},{LINE}]",
        "wrapped": f'{{"data": [{LINE},{deep},{LINE}]}}',
        "field": f"{LINE}{field}\n{LINE}",
        "cell": 'question,answer,extra\n{0},\n{1},"{2}"\n{0},\n'.format(
            ",".join(PAIR.values()), ",".join(PAIR.values()), deep.replace('"', '""')
        ),
    }[form]
    name = {"line": "a.jsonl", "field": "a.jsonl", "cell": "a.csv"}.get(form, "a.json")
    dialogues, quarantined = read_text(tmp_path, name, text)
    if form == "cell":
        assert (dialogues, quarantined) == ([TURNS] * 3, [])
    else:
        assert dialogues.count(TURNS) >= 2
        assert len(dialogues) + len(quarantined) == 3


def test_cells_of_any_length_are_read(tmp_path):
    text = "头" * 420_000
    dialogues, quarantined = read_text(tmp_path, "a.csv", f'question,answer\n"{text}",好\n{text},好\n')
    assert (dialogues, quarantined) == ([[("u", text), ("a", "好")]] * 2, [])


def damage(data, at=0.6):
    position = int(len(data) * at)
    return data[:position] + bytes(byte ^ 0x5A for byte in data[position : position + 40]) + data[position + 40 :]


LINES = "".join(
    json.dumps({**PAIR, "id": number, "answer": f"{number * 7919 % 10007}天后复查。"}, ensure_ascii=False) + "\n"
    for number in range(3000)
).encode()


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress])
@pytest.mark.parametrize("change", [damage, lambda data: data[: len(data) // 2], lambda data: data + b"not compressed"])
def test_damaged_streams_are_one_entry(tmp_path, compress, change):
    _, quarantined = read_text(tmp_path, "a.jsonl.packed", change(compress(LINES)))
    assert "truncated_stream" in {reason for _, reason in quarantined}


METHODS = {
    "stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA,
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_member_of_a_zip_archive_costs_itself(tmp_path, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", METHODS[method]) as archive:
        for name in ("1.jsonl", "2.jsonl", "3.jsonl"):
            archive.writestr(name, LINES)
        second = archive.getinfo("2.jsonl")
    data = bytearray(out.getvalue())
    middle = second.header_offset + second.compress_size // 2
    data[middle : middle + 30] = b"\xff" * 30
    rows = read_text(tmp_path, "a.zip", bytes(data))
    assert len(rows[0]) >= 6000
    assert "truncated_stream" in {reason for _, reason in rows[1]}


@pytest.mark.parametrize(("offset", "value"), [(8, 99), (6, 1)], ids=["unknown method", "encrypted"])
def test_members_that_cannot_be_unpacked_are_quarantined(tmp_path, offset, value):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("1.jsonl", LINE)
        archive.writestr("2.jsonl", LINE)
    data = bytearray(out.getvalue())
    for magic, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        data[data.index(magic) + offset + shift] = value
    dialogues, quarantined = read_text(tmp_path, "a.zip", bytes(data))
    assert dialogues == [TURNS]
    assert [reason for _, reason in quarantined] == ["truncated_stream"]


def make_archive(kind, files):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "zip":
            with zipfile.ZipFile(out, "w") as archive:
                for name, data in files:
                    archive.writestr(name, data)
        else:
            with tarfile.open(fileobj=out, mode="w") as archive:
                for name, data in files:
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_of_one_name_are_both_read(tmp_path, kind):
    files = [("a.jsonl", LINE.replace("三", number).encode()) for number in "一二"]
    path = tmp_path / f"a.{kind}"
    path.write_bytes(make_archive(kind, files))
    rows = read_rows(path)
    assert [row["messages"][0]["content"][2] for row in rows] == ["一", "二"]
    assert [row["source_id"] for row in rows] == [f"a.{kind}!a.jsonl:1", f"a.{kind}!a.jsonl#2:1"]


def test_an_archive_of_many_members_is_opened_once(tmp_path, monkeypatch):
    data = make_archive("zip", [(f"{number:04d}.jsonl", LINE.encode()) for number in range(1500)])
    opened = []

    class CountedZip(zipfile.ZipFile):
        def __init__(self, *arguments, **options):
            opened.append(arguments)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(archives.zipfile, "ZipFile", CountedZip)
    dialogues, quarantined = read_text(tmp_path, "a.zip", data)
    assert (len(dialogues), quarantined) == (1500, [])
    assert len(opened) <= 2  # once to tell it from a workbook


def test_times_that_python_does_not_know_are_numbers(tmp_path):
    table = pa.table(
        {
            "question": [PAIR["question"]] * 3,
            "answer": [PAIR["answer"]] * 3,
            "day": pa.array([1, 10**9, 2], pa.int32()).view(pa.date32()),
            "time": pa.array([0, 2**62, 1]).view(pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    for name in ("a.parquet", "a.arrow"):
        assert read_all(tmp_path / name) == ([TURNS] * 3, [])
    nested = pa.table(
        {
            "question": [PAIR["question"]] * 2,
            "answer": [PAIR["answer"]] * 2,
            "at": pa.StructArray.from_arrays([pa.array([2**62, 1]).view(pa.timestamp("us"))], ["t"]),
        }
    )
    pq.write_table(nested, tmp_path / "b.parquet")
    assert read_all(tmp_path / "b.parquet") == ([TURNS], [("record 1", "wrong_type")])
    line = json.dumps({**PAIR, "time": "9999-12-31 23:59:59", "number": 2**70}) + "\n"
    assert read_text(tmp_path, "c.jsonl", line + LINE) == ([TURNS, TURNS], [])


@pytest.mark.parametrize("name", ["a\udcff.jsonl", "a\udcff.zip"])
def test_names_that_are_no_text_are_written_as_escapes(tmp_path, name):
    data = LINE.encode() + b"{broken\n"
    (tmp_path / name).write_bytes(data if name.endswith("jsonl") else make_archive("zip", [("a.jsonl", data)]))
    dialogues, quarantined = read_all(tmp_path / name)
    assert (dialogues, len(quarantined)) == ([TURNS], 1)


def test_a_child_that_dies_is_one_damaged_file(tmp_path, monkeypatch):
    pq.write_table(pa.table({"question": ["头痛"], "answer": ["多久？"]}), tmp_path / "a.parquet")
    monkeypatch.setattr("cmtmed.io.sandbox.sys.executable", "/bin/false")
    monkeypatch.setattr("cmtmed.io.sandbox._local", type("Local", (), {})())
    assert read_all(tmp_path / "a.parquet") == ([], [("record 1", "damaged_file")])


MEASURE = """
import sys
from pathlib import Path
from cmtmed.io.read import read_file
from cmtmed.source import Source
batches = [(b.dialogues.height, b.quarantined.height) for b in read_file(Path(sys.argv[1]), [Source(name="s")])]
# The system's figure for a child would include the parent that it was forked from.
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024
print(sum(a for a, _ in batches), sum(b for _, b in batches), peak)
"""


def measure_reading(path):
    """Read a file in a process of its own; return dialogues, quarantine entries and the peak of its memory in MiB."""
    limit = 4 * 2**30

    def limit_memory():
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    command = [sys.executable, "-c", MEASURE, str(path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit_memory,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_bombs_are_read_in_bounded_memory(tmp_path, suffix):
    pieces = {
        "gz": lambda data: gzip.compress(data, 9),
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "zst": zstandard.ZstdCompressor(level=19).compress,
    }
    path = tmp_path / f"a.jsonl.{suffix}"
    piece = b'{"question": "' + b"x" * (2**28)
    path.write_bytes(pieces[suffix](LINE.encode() + piece + b"\n" + LINE.encode()))
    dialogues, quarantined, peak = measure_reading(path)
    assert (dialogues, quarantined) == (2, 1)
    assert peak < 600


def test_long_broken_lines_are_read_in_bounded_memory(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(LINE.encode() * 3 + (b"{" + b"x" * 2_000_000 + b"\n") * 60 + LINE.encode(), 1))
    dialogues, quarantined, peak = measure_reading(path)
    assert (dialogues, quarantined) == (4, 60)
    assert peak < 500


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not there")
def test_a_build_of_damaged_files_goes_on(tmp_path):
    slow = {"bomb.jsonl.zst", "invalid_big_lines.jsonl.gz", "README.md"}
    files = sorted(file for file in CASES.iterdir() if file.name not in slow)
    (tmp_path / "good.jsonl").write_text(LINE, encoding="utf-8")
    cmtmed.build("cmtmedqa", [*files, tmp_path / "good.jsonl"], tmp_path / "out")
    manifest = cmtmed.Build.open(tmp_path / "out").manifest
    counts = manifest.counts
    assert counts["read"] == counts["kept"] + counts["dropped"] + counts["quarantined"]
    assert counts["kept"] > 0
    assert manifest.quarantine.keys() >= {"damaged_file", "truncated_stream"}
    assert "reader_error" not in manifest.quarantine
