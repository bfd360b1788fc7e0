"""Valid crawl files of every format, from random dialogues that nobody had."""

from __future__ import annotations

import bz2
import csv
import gzip
import html
import io
import json
import lzma
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import zstandard

SUBJECTS = ("我妈妈", "孩子", "我", "我老公", "家里老人", "我女儿")
COMPLAINTS = (
    "头痛三天了",
    "咳嗽有痰",
    "饭后胃胀",
    "膝盖疼",
    "夜里睡不着",
    "手上起了小水泡",
    "血压有点高",
    "月经推迟两周",
)
ASKS = ("需要做什么检查？", "吃什么药好？", "严重吗？", "是什么原因？", "要不要去医院？")
REPLIES = (
    "发烧吗？有没有其他不适？",
    "多久了？以前有过吗？",
    "建议先查血常规。",
    "清淡饮食，多休息。",
    "可以热敷，三天后复查。",
    "量过血压吗？",
)
DEPARTMENTS = ("内科", "儿科", "骨科", "皮肤科", "妇科")
NAMES = {"user": "患者", "assistant": "医生"}


def make_dialogue(rng):
    """Return the turns of a dialogue: pairs of role and text."""
    turns = [("user", rng.choice(SUBJECTS) + rng.choice(COMPLAINTS) + "，" + rng.choice(ASKS))]
    for _ in range(rng.randint(0, 2)):
        turns += [("assistant", rng.choice(REPLIES)), ("user", rng.choice(COMPLAINTS) + "。")]
    return [*turns, ("assistant", rng.choice(REPLIES) + rng.choice(REPLIES))]


def _as_messages(rng, number, turns):
    return {"id": str(number), "messages": [{"role": role, "content": text} for role, text in turns]}


def _as_pair(rng, number, turns):
    return {"question": turns[0][1], "answer": turns[-1][1], "department": rng.choice(DEPARTMENTS)}


def _as_history(rng, number, turns):
    texts = [text for _, text in turns]
    pairs = [[q, a] for q, a in zip(texts[:-2:2], texts[1:-2:2], strict=True)]
    return {"history": pairs, "instruction": texts[-2], "output": texts[-1]}


def _as_conversations(rng, number, turns):
    names = {"user": "human", "assistant": "gpt"}
    return {"id": number, "conversations": [{"from": names[role], "value": text} for role, text in turns]}


def _as_text(rng, number, turns):
    return {"dialog": "\n".join(f"{NAMES[role]}：{text}" for role, text in turns), "score": rng.random()}


SHAPES = (_as_messages, _as_pair, _as_history, _as_conversations, _as_text)


def make_records(rng):
    """Return some records of one shape, as JSON holds them."""
    shape = rng.choice(SHAPES)
    return [shape(rng, number, make_dialogue(rng)) for number in range(rng.randint(1, 6))]


def write_json_lines(rng, records):
    """Return records as lines of JSON."""
    return "".join(json.dumps(record, ensure_ascii=rng.random() < 0.2) + "\n" for record in records).encode()


def write_json(rng, records):
    """Return records as an array, or below a key."""
    value = records if rng.random() < 0.6 else {"version": "1.0", "data": records}
    return json.dumps(value, ensure_ascii=False, indent=rng.choice((None, 1))).encode()


def write_table(rng, records):
    """Return records as a table; values that are no texts are written as JSON."""
    out = io.StringIO()
    delimiter = rng.choice(",,\t;|")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=rng.choice(("\n", "\r\n")), quoting=rng.randint(0, 1))
    writer.writerow(records[0])
    writer.writerows([_to_cell(value) for value in record.values()] for record in records)
    return out.getvalue().encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16")))


def _to_cell(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_transcript(rng, records):
    """Return dialogues as labelled lines."""
    names = rng.choice((("患者", "医生"), ("病人", "大夫"), ("问", "答"), ("A", "B")))
    header = rng.choice(("", "科室：内科\n", "ID：{number}\n"))
    blocks = [
        header.format(number=number)
        + "\n".join(f"{names[role != 'user']}{rng.choice('：:')}{text}" for role, text in make_dialogue(rng))
        for number, _ in enumerate(records)
    ]
    return rng.choice(("\n\n", "\n---\n", "\n\n\n")).join(blocks).encode(rng.choice(("utf-8", "utf-8", "gb18030")))


def write_blocks(rng, records):
    """Return dialogues of two lines each."""
    return "\n\n".join(f"{turns[0][1]}\n{turns[-1][1]}" for turns in (make_dialogue(rng) for _ in records)).encode()


def write_page(rng, records):
    """Return a page of dialogues."""
    items = "".join(
        "<div class='box'>"
        + "".join(f"<p><b>{NAMES[role]}：</b>{html.escape(text)}</p>" for role, text in make_dialogue(rng))
        + "</div>"
        for _ in records
    )
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>问诊</title></head><body>{items}</body></html>".encode()
    )


def _make_arrow_table(rng, records):
    columns = {name: [record[name] for record in records] for name in records[0]}
    table = pa.table(columns)
    if rng.random() < 0.3:
        table = table.append_column("created", pa.array([rng.randrange(2**60)] * len(records), pa.timestamp("us")))
    if rng.random() < 0.2 and "question" in columns:
        table = table.set_column(0, "question", table["question"].dictionary_encode())
    return table


def write_parquet(rng, records):
    """Return records as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(_make_arrow_table(rng, records), out, compression=rng.choice(("snappy", "zstd", "none", "gzip")))
    return out.getvalue()


def write_arrow(rng, records):
    """Return records as an Arrow file, an Arrow stream or a Feather file."""
    out = io.BytesIO()
    table = _make_arrow_table(rng, records)
    kind = rng.randrange(3)
    if kind == 0:
        pyarrow.feather.write_feather(table, out, compression=rng.choice(("lz4", "zstd", "uncompressed")))
        return out.getvalue()
    make = pa.ipc.new_file if kind == 1 else pa.ipc.new_stream
    with make(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def write_workbook(rng, records):
    """Return records as the first sheet of a workbook."""
    rows = [list(records[0]), *([_to_cell(value) for value in record.values()] for record in records)]
    cells = "".join(
        f"<row r='{y}'>"
        + "".join(
            f"<c r='{chr(65 + x)}{y}' t='inlineStr'><is><t>{html.escape(cell)}</t></is></c>"
            for x, cell in enumerate(row)
        )
        + "</row>"
        for y, row in enumerate(rows, start=1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    document = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    return make_zip(
        rng,
        {
            "[Content_Types].xml": f"<Types xmlns='{package}/content-types'><Default Extension='xml' "
            "ContentType='application/xml'/><Default Extension='rels' "
            "ContentType='application/vnd.openxmlformats-package.relationships+xml'/></Types>",
            "_rels/.rels": f"<Relationships xmlns='{package}/relationships'><Relationship Id='r1' "
            f"Type='{document}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
            "xl/workbook.xml": f"<workbook xmlns='{main}' xmlns:r='{document}'><sheets>"
            "<sheet name='S1' sheetId='1' r:id='r1'/></sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{package}/relationships'><Relationship Id='r1' "
            f"Type='{document}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>",
            "xl/worksheets/sheet1.xml": f"<worksheet xmlns='{main}'><sheetData>{cells}</sheetData></worksheet>",
        },
        methods=(zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED),
    )


FORMATS = {
    "jsonl": write_json_lines, "json": write_json, "csv": write_table, "tsv": write_table, "txt": write_transcript,
    "blocks.txt": write_blocks, "html": write_page, "parquet": write_parquet, "arrow": write_arrow,
    "feather": write_arrow, "xlsx": write_workbook,
}  # fmt: skip
"""Writers by the suffix that their files get."""


def make_zip(rng, files, methods=(zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)):
    """Return a zip archive of some files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data, compress_type=rng.choice(methods))
    return out.getvalue()


def make_tar(rng, files):
    """Return a tar archive of some files, plain or compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=rng.choice(("w", "w:gz", "w:bz2", "w:xz"))) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


STREAMS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def pack(rng, name, data):
    """Return the name and the bytes of a file that holds another one, or that file itself."""
    choice = rng.choice((None, None, None, None, "gz", "bz2", "xz", "zst", "zip", "tar", "twice"))
    if choice is None:
        return name, data
    if choice in STREAMS:
        return f"{name}.{choice}", STREAMS[choice](data)
    if choice == "twice":
        half = len(data) // 2
        suffix = rng.choice(list(STREAMS))
        return f"{name}.{suffix}", STREAMS[suffix](data[:half]) + STREAMS[suffix](data[half:])
    files = {f"d{number}/{name}": data for number in range(rng.randint(1, 3))}
    return f"{name}.{choice}", (make_zip if choice == "zip" else make_tar)(rng, files)
