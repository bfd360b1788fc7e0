"""Archives, compressed files and workbooks."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from cmtmed.io.quarantine import Reason
from tests.support.reading import read_rows, read_text

TEXT = "question,answer\n头痛三天,量过血压吗？\n"
EXPECTED = [[("u", "头痛三天"), ("a", "量过血压吗？")]]
PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def make_tar(files, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("packing", PACK)
def test_compressed_files(tmp_path, packing):
    data = PACK[packing](TEXT.encode())
    assert read_text(tmp_path, f"crawl.csv.{packing}", data) == (EXPECTED, [])


@pytest.mark.parametrize("packing", PACK)
def test_several_streams_in_a_row_are_one_file(tmp_path, packing):
    half = len(TEXT.encode()) // 2
    data = PACK[packing](TEXT.encode()[:half]) + PACK[packing](TEXT.encode()[half:])
    assert read_text(tmp_path, f"crawl.csv.{packing}", data) == (EXPECTED, [])


@pytest.mark.parametrize("packing", PACK)
def test_a_compressed_file_that_is_cut(tmp_path, packing):
    text = TEXT + "".join(f"问题{number}好,回答{number * 7919 % 10007}\n" for number in range(20_000))
    data = PACK[packing](text.encode())
    dialogues, quarantined = read_text(tmp_path, f"crawl.csv.{packing}", data[: len(data) // 2])
    assert len(dialogues) < 20_001
    assert quarantined[-1][1] == Reason.TRUNCATED_STREAM


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_members_of_a_tar_archive(tmp_path, mode):
    files = {"b/one.csv": TEXT.encode(), "a/two.csv": TEXT.encode("gb18030"), ".hidden": b"x", "./__MACOSX/x": b"y"}
    assert read_text(tmp_path, "crawl.tar", make_tar(files, mode)) == (EXPECTED * 2, [])


def test_a_tar_archive_that_is_cut(tmp_path):
    data = make_tar({"one.csv": TEXT.encode(), "two.csv": TEXT.encode() * 100})
    dialogues, quarantined = read_text(tmp_path, "crawl.tar", data[:2000])
    assert dialogues[:1] == EXPECTED
    assert quarantined[-1][1] == Reason.TRUNCATED_STREAM


def make_workbook(rows, sheets=1):
    cells = "".join(
        f"<row r='{y}'>"
        + "".join(f"<c r='{chr(65 + x)}{y}' t='inlineStr'><is><t>{cell}</t></is></c>" for x, cell in enumerate(row))
        + "</row>"
        for y, row in enumerate(rows, start=1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, sheets + 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f"<Types xmlns='{package}/content-types'><Default Extension='xml' ContentType='application/xml'/>"
            "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/></Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f"<Relationships xmlns='{package}/relationships'>"
            f"<Relationship Id='r1' Type='{relations}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            f"<workbook xmlns='{main}' xmlns:r='{relations}'><sheets>"
            + "".join(f"<sheet name='表{n}' sheetId='{n}' r:id='r{n}'/>" for n in numbers)
            + "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships xmlns='{package}/relationships'>"
            + "".join(
                f"<Relationship Id='r{n}' Type='{relations}/worksheet' Target='worksheets/s{n}.xml'/>" for n in numbers
            )
            + "</Relationships>",
        )
        for n in numbers:
            archive.writestr(
                f"xl/worksheets/s{n}.xml", f"<worksheet xmlns='{main}'><sheetData>{cells}</sheetData></worksheet>"
            )
    return out.getvalue()


ROWS = [("编号", "问题", "回答"), ("7", "头痛三天", "量过血压吗？")]


@pytest.mark.parametrize("name", ["crawl.xlsx", "crawl.bin"])
def test_workbooks(tmp_path, name):
    assert read_text(tmp_path, name, make_workbook(ROWS)) == (EXPECTED, [])
    assert read_text(tmp_path, name, make_workbook(ROWS, sheets=2)) == (EXPECTED * 2, [])


def test_rows_of_a_workbook_that_cannot_be_read(tmp_path):
    dialogues, quarantined = read_text(tmp_path, "crawl.xlsx", make_workbook([("网址", "日期"), ("x", "y")], sheets=2))
    assert (dialogues, quarantined) == (
        [],
        [("row 2", Reason.MISSING_FIELD), ("sheet 2 row 2", Reason.MISSING_FIELD)],
    )


def test_a_damaged_workbook(tmp_path):
    data = make_workbook(ROWS)
    assert read_text(tmp_path, "crawl.xlsx", data[: len(data) // 2])[0] == []


def make_zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def make_parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"question": ["头痛三天"], "answer": ["量过血压吗？"]}), out)
    return out.getvalue()


INNER = {
    "crawl.csv": TEXT.encode(),
    "crawl.csv.gz": gzip.compress(TEXT.encode()),
    "crawl.csv.gz.gz": gzip.compress(gzip.compress(TEXT.encode())),
    "crawl.csv.lzma": lzma.compress(TEXT.encode(), format=lzma.FORMAT_ALONE),
    "crawl.zip": make_zip({"crawl.csv": TEXT.encode()}),
    "crawl.zip.bz2": bz2.compress(make_zip({"crawl.csv": TEXT.encode()})),
    "crawl.tar.xz": make_tar({"crawl.csv": TEXT.encode()}, "w:xz"),
    "crawl.xlsx": make_workbook(ROWS),
    "crawl.parquet": make_parquet(),
}


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize(
    "pack", [lambda files: make_tar(files, "w:gz"), make_tar, make_zip], ids=["tar.gz", "tar", "zip"]
)
def test_containers_inside_containers(tmp_path, name, pack):
    assert read_text(tmp_path, name, INNER[name]) == (EXPECTED, [])
    files = {f"2019/{name}": INNER[name], "2020.csv": TEXT.encode()}
    assert read_text(tmp_path, "crawl", pack(files)) == (EXPECTED * 2, [])


def test_records_of_an_inner_archive_name_their_way(tmp_path):
    (tmp_path / "crawl.zip").write_bytes(make_zip({"2019.tar": make_tar({"a.csv": TEXT.encode()})}))
    (row,) = read_rows(tmp_path / "crawl.zip")
    assert row["source_id"] == "crawl.zip!2019.tar!a.csv:1"


@pytest.mark.parametrize("name", ["crawl.csv.gz", "crawl.zip", "crawl.parquet"])
def test_a_damaged_inner_file_costs_itself(tmp_path, name):
    data = make_tar({name: INNER[name][: len(INNER[name]) // 2], "other.csv": TEXT.encode()})
    dialogues, quarantined = read_text(tmp_path, "crawl.tar", data)
    assert dialogues == EXPECTED
    assert len(quarantined) == 1


def test_endless_containers_end(tmp_path):
    data = TEXT.encode()
    for _ in range(30):
        data = gzip.compress(data)
    dialogues, quarantined = read_text(tmp_path, "crawl.gz", data)
    assert (dialogues, len(quarantined)) == ([], 1)
