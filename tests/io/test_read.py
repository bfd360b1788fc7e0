"""Any crawl is read: formats, packings, encodings, shapes; and what cannot be read goes to quarantine."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cmtmed.errors import InputError
from cmtmed.io.crawl_files import match_files
from cmtmed.io.quarantine import RAW_BYTES, Reason
from cmtmed.io.read import read_file
from cmtmed.source import Source
from tests.support.dialogues import SHARED, needs_real_data
from tests.support.reading import read_all

PAIRS = [
    ("头痛三天，吃了布洛芬，还有点恶心", "发烧吗？\n最高多少度？"),
    ('他说"没事"，可是一直咳嗽', "有痰吗，什么颜色？"),
]


EXPECTED = [[("u", question), ("a", answer)] for question, answer in PAIRS]


def csv_text(delimiter=","):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([("id", "question", "answer"), *((f"r{n}", *pair) for n, pair in enumerate(PAIRS))])
    return out.getvalue()


def records():
    return [{"id": f"r{n}", "question": question, "answer": answer} for n, (question, answer) in enumerate(PAIRS)]


def jsonl_text():
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records()) + "\n"


def array_text():
    return json.dumps(records(), ensure_ascii=False, indent=2)


def transcript_text():
    return "\n\n".join(f"科室：内科\n患者：{question}\n医生：{answer}" for question, answer in PAIRS) + "\n"


def html_text():
    turns = "".join(
        f'<div class="c"><p class="turn patient">{question}</p><p class="turn doctor">{answer}</p></div>'.replace(
            "\n", "<br>"
        )
        for question, answer in PAIRS
    )
    return f"<html><head><title>x</title><script>var a = '<p class=turn>';</script></head><body>{turns}</body></html>"


HTML = {"html": {"dialogue": "div.c", "turn": "p.turn", "role": "@class"}}
TEXTS = {
    "crawl.csv": (csv_text(), {}),
    "crawl.jsonl": (jsonl_text(), {}),
    "crawl.json": (array_text(), {}),
    "crawl.txt": (transcript_text(), {}),
    "crawl.html": (html_text(), HTML),
}
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be")


def encode(text, encoding):
    return text.translate(TO_BIG5).encode(encoding) if encoding == "big5" else text.encode(encoding)


# Big5 has no simplified characters.
TO_BIG5 = str.maketrans("头天还有点恶发烧吗没颜么", "頭天還有點惡發燒嗎沒顏麼")


def translate(dialogues, encoding):
    if encoding != "big5":
        return dialogues
    return [[(role, text.translate(TO_BIG5)) for role, text in turns] for turns in dialogues]


@pytest.mark.parametrize("declared", [False, True], ids=["detected", "declared"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TEXTS)
def test_text_formats_in_every_encoding(tmp_path, name, encoding, declared):
    text, options = TEXTS[name]
    try:
        data = encode(text, encoding)
    except UnicodeEncodeError:
        pytest.skip("not all characters of the case exist in Big5")
    (tmp_path / name).write_bytes(data)
    declared_options = {**options, "encoding": encoding} if declared else options
    assert read_all(tmp_path / name, **declared_options) == (translate(EXPECTED, encoding), [])


def pack(data, packing, name):
    if packing == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"inside/{name}", data)
        return out.getvalue()
    return gzip.compress(data) if packing == "gz" else zstandard.compress(data)


@pytest.mark.parametrize("packing", ["gz", "zst", "zip"])
@pytest.mark.parametrize("name", TEXTS)
def test_text_formats_in_every_packing(tmp_path, name, packing):
    text, options = TEXTS[name]
    path = tmp_path / f"{name}.{packing}"
    path.write_bytes(pack(text.encode(), packing, name))
    assert read_all(path, **options) == (EXPECTED, [])


def test_several_gzip_streams_are_one_file(tmp_path):
    first, second = jsonl_text().splitlines(keepends=True)
    (tmp_path / "crawl.jsonl.gz").write_bytes(gzip.compress(first.encode()) + gzip.compress(second.encode()))
    assert read_all(tmp_path / "crawl.jsonl.gz") == (EXPECTED, [])


def test_members_of_an_archive_in_order_of_name(tmp_path):
    lines = jsonl_text().splitlines()
    with zipfile.ZipFile(tmp_path / "crawl.zip", "w") as archive:
        archive.writestr("b.jsonl", lines[1])
        archive.writestr("a.jsonl", lines[0])
        archive.writestr("__MACOSX/._a.jsonl", b"\x00")
    assert read_all(tmp_path / "crawl.zip") == (EXPECTED, [])


@pytest.mark.parametrize("file_format", ["parquet", "arrow file", "arrow stream"])
def test_columnar_formats(tmp_path, file_format):
    table = pa.Table.from_pylist(records())
    path = tmp_path / ("crawl.parquet" if file_format == "parquet" else "crawl.arrow")
    if file_format == "parquet":
        pq.write_table(table, path)
    else:
        open_writer = pa.ipc.new_file if file_format == "arrow file" else pa.ipc.new_stream
        with open_writer(str(path), table.schema) as writer:
            writer.write_table(table)
    assert read_all(path) == (EXPECTED, [])


def test_tsv_has_no_quoting(tmp_path):
    (tmp_path / "crawl.tsv").write_text('id\tquestion\tanswer\n1\t他说"没事\t发烧吗\n', encoding="utf-8")
    assert read_all(tmp_path / "crawl.tsv") == ([[("u", '他说"没事'), ("a", "发烧吗")]], [])


BLOCKS = "头痛,吃了药\n发烧吗？\n\n\n咳嗽\n有痰吗？\n"


def test_blocks_of_lines(tmp_path):
    (tmp_path / "crawl.txt").write_bytes(BLOCKS.encode("gb18030"))
    dialogues_and_quarantine = read_all(tmp_path / "crawl.txt", format="blocks")
    assert dialogues_and_quarantine == (
        [[("u", "头痛,吃了药"), ("a", "发烧吗？")], [("u", "咳嗽"), ("a", "有痰吗？")]],
        [],
    )


def test_transcripts_parted_by_rules_may_hold_blank_lines(tmp_path):
    text = "编号：7\n科别：儿科\n患者：发烧\n\n两天了\n医生（主治）：多大了？\n-----\n病人：咳嗽\n大夫：几天了？\n"
    (tmp_path / "crawl.txt").write_text(text, encoding="utf-8")
    (batch,) = read_file(tmp_path / "crawl.txt", [Source(name="s")])
    assert batch.dialogues["id"].to_list() == ["s/7", "s/crawl.txt:2"]
    assert batch.dialogues["department"].to_list() == ["儿科", None]
    assert [turn["content"] for turn in batch.dialogues["messages"][0]] == ["发烧\n\n两天了", "多大了？"]


SHAPES = {
    "single turn": {"ask": "头痛", "answer": "几天了"},
    "single turn in Chinese": {"问": "头痛", "答": "几天了"},
    "instruction and output": {"instruction": "头痛", "input": "", "output": "几天了"},
    "lists of one": {"instruction": ["头痛"], "output": ["几天了"]},
    "patient and doctor": {"patient": "头痛", "doctor": "几天了", "acts": ["Inquire"]},
    "sharegpt": {"conversations": [{"from": "human", "value": "头痛"}, {"from": "gpt", "value": "几天了"}]},
    "messages": {"messages": [{"role": "user", "content": "头痛"}, {"role": "assistant", "content": "几天了"}]},
    "turns": {"turns": [{"role": "patient", "content": "头痛"}, {"role": "doctor", "content": "几天了"}]},
    "messages as JSON text": {
        "messages": '[{"role": "患者", "content": "头痛"}, {"role": "医生", "content": "几天了"}]'
    },
    "prefixed": {"dialogue": "患者：头痛\n医生：几天了"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_told_by_their_fields(tmp_path, shape):
    (tmp_path / "crawl.jsonl").write_text(json.dumps(SHAPES[shape]), encoding="utf-8")
    assert read_all(tmp_path / "crawl.jsonl") == ([[("u", "头痛"), ("a", "几天了")]], [])


def test_history_comes_before_the_last_pair(tmp_path):
    record = {"history": [["一", "二"], ["三", "四"]], "instruction": "五", "input": "", "output": "六", "cate1": "nan"}
    (tmp_path / "crawl.json").write_text(json.dumps([record]), encoding="utf-8")
    (batch,) = read_file(tmp_path / "crawl.json", [Source(name="s")])
    assert [turn["content"] for turn in batch.dialogues["messages"][0]] == list("一二三四五六")
    assert batch.dialogues["department"].to_list() == [None]


def test_declared_fields_and_roles(tmp_path):
    record = {"nr": 5, "标题": "头痛", "描述": "三天了", "回信": "多大了", "科": "儿科"}
    (tmp_path / "crawl.jsonl").write_text(json.dumps(record), encoding="utf-8")
    fields = {"id": "nr", "question": ["标题", "描述"], "answer": "回信", "department": "科"}
    (batch,) = read_file(tmp_path / "crawl.jsonl", [Source(name="s", license="MIT", fields=fields)])
    (row,) = batch.dialogues.to_dicts()
    assert (row["id"], row["source_id"], row["license"], row["department"]) == ("s/5", "5", "MIT", "儿科")
    assert row["messages"][0]["content"] == "头痛\n三天了"
    turns = {"messages": [{"role": "小助手", "content": "几天了"}]}
    (tmp_path / "crawl.jsonl").write_text(json.dumps(turns), encoding="utf-8")
    assert read_all(tmp_path / "crawl.jsonl", roles={"assistant": ["小助手"]}) == ([[("a", "几天了")]], [])


def test_the_first_source_that_fits_takes_the_record(tmp_path):
    records = [{"instruct": "一", "output": "二"}, {"question": "三", "answer": "四"}]
    (tmp_path / "crawl.json").write_text(json.dumps(records), encoding="utf-8")
    sources = [Source(name="safety", having=["instruct"]), Source(name="rest")]
    (batch,) = read_file(tmp_path / "crawl.json", sources)
    assert batch.dialogues["source"].to_list() == ["safety", "rest"]


class TestBadInput:
    """Nothing is lost, nothing is guessed, and the build goes on."""

    @pytest.mark.parametrize("data", [b"", b" \n\n", b"\xef\xbb\xbf"])
    def test_empty_file(self, tmp_path, data):
        (tmp_path / "crawl.jsonl").write_bytes(data)
        assert read_all(tmp_path / "crawl.jsonl") == ([], [("byte 1", Reason.EMPTY_FILE)])

    def test_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"input '.*nowhere\.csv' does not exist; pass files"):
            match_files([tmp_path / "nowhere.csv"], [Source(name="s")])

    def test_a_pattern_that_matches_nothing(self, tmp_path):
        with pytest.raises(InputError, match=r"no file of '.*\*\.csv' matches a source; check the pattern"):
            match_files([tmp_path / "*.csv"], [Source(name="s")])

    def test_a_file_that_no_source_takes(self, tmp_path):
        (tmp_path / "crawl.csv").write_text("", encoding="utf-8")
        with pytest.raises(
            InputError, match=r"no source matches '.*crawl\.csv'; the pipeline's sources match '\*\.json'"
        ):
            match_files([tmp_path / "crawl.csv"], [Source(name="s", match="*.json")])

    def test_wrong_encoding_declared(self, tmp_path):
        (tmp_path / "crawl.csv").write_bytes(csv_text().encode("gb18030"))
        dialogues, quarantined = read_all(tmp_path / "crawl.csv", encoding="utf-8")
        assert dialogues == []
        assert {reason for _, reason in quarantined} == {Reason.UNDECODABLE}

    def test_utf8_inside_another_encoding(self, tmp_path):
        lines = [line.encode("gb18030") for line in jsonl_text().splitlines()]
        lines.insert(
            1, json.dumps({"question": "老人夜里腿抽筋怎么办", "answer": "多大年纪"}, ensure_ascii=False).encode()
        )
        (tmp_path / "crawl.jsonl").write_bytes(b"\n".join(lines * 3))
        dialogues, quarantined = read_all(tmp_path / "crawl.jsonl", encoding="gb18030")
        assert dialogues == EXPECTED * 3
        assert quarantined == [(f"line {n}", Reason.MIXED_ENCODING) for n in (2, 5, 8)]

    def test_another_encoding_inside_utf8(self, tmp_path):
        lines = [line.encode() for line in jsonl_text().splitlines()]
        lines.insert(1, '{"question": "老人夜里腿抽筋"}'.encode("gb18030"))
        (tmp_path / "crawl.jsonl").write_bytes(b"\n".join(lines))
        assert read_all(tmp_path / "crawl.jsonl") == (EXPECTED, [("line 2", Reason.UNDECODABLE)])

    @pytest.mark.parametrize("packing", ["gz", "zst"])
    def test_truncated_stream(self, tmp_path, packing):
        lines = [json.dumps({"question": f"第{n}问{zlib.crc32(b'%d' % n)}", "answer": "答"}) for n in range(5000)]
        data = pack("\n".join(lines).encode(), packing, "")
        path = tmp_path / f"crawl.jsonl.{packing}"
        path.write_bytes(data[: len(data) // 2])
        dialogues, quarantined = read_all(path)
        assert [reason for _, reason in quarantined] == [Reason.TRUNCATED_STREAM]
        assert 0 < len(dialogues) < 5000
        assert dialogues[-1][0][1].startswith(f"第{len(dialogues) - 1}问")

    def test_broken_archive(self, tmp_path):
        data = pack(jsonl_text().encode(), "zip", "a.jsonl")
        (tmp_path / "crawl.zip").write_bytes(data[: len(data) // 2])
        assert read_all(tmp_path / "crawl.zip") == ([], [("line 1", Reason.TRUNCATED_STREAM)])

    def test_a_line_of_200_megabytes_costs_no_memory(self, tmp_path):
        path = tmp_path / "crawl.jsonl"
        with path.open("wb") as out:
            out.write(jsonl_text().encode())
            for _ in range(200):
                out.write(b"x" * 1_000_000)
            out.write(b"\n" + jsonl_text().encode())
        code = """
import resource, sys
from pathlib import Path
from cmtmed.io.read import read_file
from cmtmed.source import Source
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(batch,) = read_file(Path(sys.argv[1]), [Source(name="s", max_record_bytes=2**22)])
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
row = batch.quarantined.row(0, named=True)
print(batch.dialogues.height, row["position"], row["reason"], row["raw_bytes"], len(row["raw"]), grown // 1024)
"""
        process = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        read_rows, _, line, reason, size, kept, grown = process.stdout.split()
        assert (read_rows, line, reason, int(size), int(kept)) == ("4", "3", "record_too_long", 200_000_000, RAW_BYTES)
        assert int(grown) < 64

    def test_an_array_element_that_is_too_long(self, tmp_path):
        records = [
            {"question": "一", "answer": "二"},
            {"question": "长" * 5000, "answer": "二"},
            {"question": "三", "answer": "四"},
        ]
        (tmp_path / "crawl.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.json", max_record_bytes=1000)
        assert [turns[0][1] for turns in dialogues] == ["一", "三"]
        assert quarantined == [("record 2", Reason.RECORD_TOO_LONG)]

    def test_nul_bytes(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(b"question,answer\nab\x00c,d\n")
        assert read_all(tmp_path / "a.csv") == ([[("u", "ab\x00c"), ("a", "d")]], [])
        (tmp_path / "b.jsonl").write_bytes(
            b'{"question": "a\\u0000b", "answer": "c"}\n{"question": "a\x00", "answer": "c"}\n'
        )
        assert read_all(tmp_path / "b.jsonl") == ([[("u", "a\x00b"), ("a", "c")], [("u", "a\x00"), ("a", "c")]], [])

    def test_ragged_rows(self, tmp_path):
        text = "question,answer\n头痛,几天了\n咳嗽\n发烧,多少度,多余\n\n胸闷,多久了\n"
        (tmp_path / "crawl.csv").write_text(text, encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.csv")
        assert [turns[0][1] for turns in dialogues] == ["头痛", "胸闷"]
        assert quarantined == [("line 3", Reason.RAGGED_ROW), ("line 4", Reason.RAGGED_ROW)]

    def test_quotes(self, tmp_path):
        text = 'question,answer\n他说"没事",几天了\n"头痛\n三天了",几天了\n"没有结束,几天了\n咳嗽,有痰吗\n'
        (tmp_path / "crawl.csv").write_text(text, encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.csv")
        assert [turns[0][1] for turns in dialogues] == ['他说"没事"', "头痛\n三天了", '"没有结束', "咳嗽"]
        assert quarantined == []

    def test_mixed_types_in_one_field(self, tmp_path):
        answers = ["几天了", 3, 3.5, True, ["一", "二"], None, {"a": 1}, [1]]
        lines = [json.dumps({"question": "头痛", "answer": answer}) for answer in answers]
        (tmp_path / "crawl.jsonl").write_text("\n".join(lines), encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.jsonl")
        replies = [turns[1][1] for turns in dialogues if len(turns) == 2]
        assert replies == ["几天了", "3", "3.5", "true", "一", "二", "", "1"]
        assert quarantined == [("line 7", Reason.WRONG_TYPE)]

    def test_a_record_that_holds_no_dialogue_is_quarantined_alone(self, tmp_path):
        (tmp_path / "crawl.jsonl").write_text(jsonl_text() + json.dumps({"url": "x"}), encoding="utf-8")
        assert read_all(tmp_path / "crawl.jsonl") == (EXPECTED, [("line 3", Reason.MISSING_FIELD)])

    def test_one_speaker_is_read(self, tmp_path):
        (tmp_path / "crawl.jsonl").write_text('{"question": "在吗"}', encoding="utf-8")
        assert read_all(tmp_path / "crawl.jsonl") == ([[("u", "在吗")]], [])

    def test_a_broken_element_does_not_take_the_array_with_it(self, tmp_path):
        text = (
            '[{"question": "一", "answer": "二"}, {"question": "三", "answer": }, {"question": "五", "answer": "六"}]'
        )
        (tmp_path / "crawl.json").write_text(text, encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.json")
        assert [turns[0][1] for turns in dialogues] == ["一", "五"]
        assert quarantined == [("record 2", Reason.INVALID_JSON)]

    def test_brackets_that_close_nothing(self, tmp_path):
        (tmp_path / "crawl.json").write_text('[}, {"question": "一", "answer": "二"}, 5, "x", }}]', encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.json")
        assert [turns[0][1] for turns in dialogues] == ["一"]
        reasons = [
            Reason.INVALID_JSON,
            Reason.NOT_A_RECORD,
            Reason.NOT_A_RECORD,
            Reason.INVALID_JSON,
            Reason.INVALID_JSON,
        ]
        assert [reason for _, reason in quarantined] == reasons

    def test_an_array_cut_short(self, tmp_path):
        (tmp_path / "crawl.json").write_text(array_text()[:-30], encoding="utf-8")
        assert read_all(tmp_path / "crawl.json") == (EXPECTED[:1], [("record 2", Reason.INVALID_JSON)])

    def test_pages_and_transcripts_without_dialogue(self, tmp_path):
        (tmp_path / "a.html").write_text("<html><body>404</body></html>", encoding="utf-8")
        assert read_all(tmp_path / "a.html", **HTML) == ([], [("byte 1", Reason.NO_DIALOGUE)])
        (tmp_path / "b.txt").write_text("今天天气很好。\n", encoding="utf-8")
        assert read_all(tmp_path / "b.txt") == ([], [("line 1", Reason.NO_DIALOGUE)])

    def test_damaged_parquet(self, tmp_path):
        (tmp_path / "crawl.parquet").write_bytes(b"PAR1 is all that is left")
        assert read_all(tmp_path / "crawl.parquet") == ([], [("record 1", Reason.DAMAGED_FILE)])

    def test_a_record_of_no_source(self, tmp_path):
        (tmp_path / "crawl.jsonl").write_text(jsonl_text(), encoding="utf-8")
        dialogues, quarantined = read_all(tmp_path / "crawl.jsonl", having=["instruct"])
        assert dialogues == []
        assert quarantined == [("line 1", Reason.NO_SOURCE), ("line 2", Reason.NO_SOURCE)]

    def test_quarantine_keeps_the_bytes(self, tmp_path):
        (tmp_path / "crawl.jsonl").write_bytes(b'{"question": \n' + jsonl_text().encode())
        (batch,) = read_file(tmp_path / "crawl.jsonl", [Source(name="s")])
        assert batch.quarantined.to_dicts() == [
            {
                "file": "crawl.jsonl",
                "position": "line 1",
                "reason": "invalid_json",
                "raw": b'{"question": ',
                "raw_bytes": 13,
            }
        ]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
quick = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@quick
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), st.sampled_from(["jsonl", "json", "csv", "parquet"]))
def test_what_is_written_is_what_is_read(tmp_path, pairs, file_format):
    path = tmp_path / f"crawl.{file_format}"
    records = [{"question": question, "answer": answer} for question, answer in pairs]
    if file_format == "csv":
        # A line break of CSV is \\n here; other line separators are text.
        pairs = [tuple(text.replace("\r", "") for text in pair) for pair in pairs]
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("question", "answer"), *pairs])
        path.write_bytes(out.getvalue().encode())
    elif file_format == "parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        content = (
            json.dumps(records, ensure_ascii=False) if file_format == "json" else "\n".join(map(json.dumps, records))
        )
        path.write_bytes(content.encode())
    dialogues, quarantined = read_all(path)
    assert quarantined == []
    read = [[(role, text if text.strip() else "") for role, text in dialogue] for dialogue in dialogues]
    assert read == [
        [("u", question if question.strip() else ""), ("a", answer if answer.strip() else "")]
        for question, answer in pairs
    ]


# Mostly the signs that formats are made of, so that strange combinations of them come up.
debris = st.lists(st.sampled_from([*'[]{}",:\\<>=\n\t ', "患者：", "\ufeff", '"q": 1', "<p>"]), max_size=40).map(
    lambda parts: "".join(parts).encode()
)


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=300),
        debris,
        debris.map(lambda data: b"[" + data),
        st.binary(max_size=60).map(lambda data: b"\xff\xfe" + "[{".encode("utf-16-le") + data),
    ),
    st.sampled_from(["csv", "tsv", "jsonl", "json", "txt", "html", "parquet"]),
)
@example(b"\x00\x00\x00\x00\x00\x00\x16Y\x80\x00\x00", "json")  # UTF-16 that ends within a unit
@example(b"\xff\xfe[\x00{\x00\x00\xd8A\x00", "json")  # half a surrogate pair
def test_no_bytes_can_crash_a_reader(tmp_path, data, file_format):
    path = tmp_path / f"crawl.{file_format}"
    path.write_bytes(data)
    dialogues, quarantined = read_all(path)
    assert isinstance(dialogues, list)
    assert all(reason in set(Reason) for _, reason in quarantined)


@needs_real_data
@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("zhongjing/CMtMedQA_test.json", 1144),
        ("zhongjing/huatuo26M_test.json", 6000),
        ("toyhom/internal_medicine.gb18030.csv", 7644),
        ("remedi/doctor_acts_dev.jsonl", 533),
        ("disc_medllm/scored_dialogues.jsonl", 1879),
        ("disc_medllm/test_examples.jsonl", 163),
        ("medicalgpt/medical_sft_1K_format.jsonl", 1000),
    ],
)
def test_real_files_need_no_declaration(file, rows):
    dialogues, quarantined = read_all(Path(SHARED) / file)
    assert (len(dialogues), quarantined) == (rows, [])
