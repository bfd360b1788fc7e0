"""Tables of any make: delimiters, headers, quotes and line breaks as programs and people write them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.io.delimiters import detect_delimiter
from cmtmed.io.quarantine import Reason
from cmtmed.io.table_cells import Dialect, split_cells
from tests.support.reading import read_all, read_rows, read_text

QUESTIONS = [f"胸口闷了{day}天，晚上睡不好怎么办" for day in range(3, 9)]
REPLIES = [f"先做心电图，{day}天后复诊" for day in range(3, 9)]
EXPECTED = [[("u", question), ("a", reply)] for question, reply in zip(QUESTIONS, REPLIES, strict=True)]
SEPARATORS = {
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "next line": "\x85",
    "vertical tab": "\x0b",
    "form feed": "\x0c",
    "file separator": "\x1c",
    "lone carriage return": "\r",
}


def table(delimiter=",", header="question,answer", line_break="\n"):
    rows = [delimiter.join(pair) for pair in zip(QUESTIONS, REPLIES, strict=True)]
    return line_break.join([header.replace(",", delimiter), *rows]) + line_break


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
@pytest.mark.parametrize("column", [0, 1], ids=["first cell", "last cell"])
def test_separators_inside_a_cell_belong_to_it(tmp_path, separator, column):
    cells = [["头痛三天", "几天了"], ["咳嗽", "有痰吗"]]
    cells[0][column] = f"前半{separator}后半"
    text = "question,answer\n" + "".join(f"{','.join(row)}\n" for row in cells)
    dialogues, quarantined = read_text(tmp_path, "crawl.csv", text)
    assert quarantined == []
    assert [[content for _, content in turns] for turns in dialogues] == cells


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_line_breaks_of_every_system(tmp_path, line_break, encoding):
    dialogues = read_text(tmp_path, "crawl.csv", table(line_break=line_break), encoding=encoding)
    assert dialogues == (EXPECTED, [])


def test_a_cell_of_any_length(tmp_path):
    reply = "多喝水。" * 100_000
    assert read_text(tmp_path, "crawl.csv", f'question,answer\n头痛,{reply}\n咳嗽,"{reply}"\n') == (
        [[("u", "头痛"), ("a", reply)], [("u", "咳嗽"), ("a", reply)]],
        [],
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
def test_delimiters_are_detected(tmp_path, delimiter, suffix):
    if suffix == "txt" and delimiter != "\t":
        pytest.skip("a text file is a table only with tabs")
    assert read_text(tmp_path, f"crawl.{suffix}", table(delimiter)) == (EXPECTED, [])


def test_commas_of_the_text_do_not_hide_the_delimiter(tmp_path):
    text = "question;answer\n" + "".join(f"头痛,{day}天,没好;再观察{day}天\n" for day in range(9))
    dialogues, quarantined = read_text(tmp_path, "crawl.csv", text)
    assert (len(dialogues), quarantined) == (9, [])


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
def test_a_line_that_declares_the_delimiter(tmp_path, line):
    assert read_text(tmp_path, "crawl.csv", f"\ufeff{line}\n{table(';')}") == (EXPECTED, [])


@pytest.mark.parametrize(
    "header", ["Question,Answer", " question , answer ", "QUESTION,Answer_Text", "提问内容,医生回复"]
)
def test_headers_as_people_write_them(tmp_path, header):
    assert read_text(tmp_path, "crawl.csv", table(header=header)) == (EXPECTED, [])


class TestHeader:
    def test_a_table_without_one_loses_no_row(self, tmp_path):
        text = table().partition("\n")[2]
        assert read_text(tmp_path, "crawl.csv", text) == (EXPECTED, [])
        assert read_text(tmp_path, "crawl.csv", text, columns=["question", "answer"]) == (EXPECTED, [])
        assert read_text(tmp_path, "crawl.csv", text, header="none", columns=["question", "answer"]) == (EXPECTED, [])

    def test_columns_replace_the_names_of_a_header(self, tmp_path):
        text = table(header="c1,c2")
        assert read_text(tmp_path, "crawl.csv", text, header="first", columns=["question", "answer"]) == (EXPECTED, [])

    def test_a_second_header_is_no_row(self, tmp_path):
        text = table(header="问题,回答").replace("\n", "\nquestion,answer\n", 1)
        assert read_text(tmp_path, "crawl.csv", text) == (EXPECTED, [])

    def test_columns_of_one_name_are_kept_apart(self, tmp_path):
        text = "question,answer,answer\n头痛,几天了,另一个回答\n"
        rows = read_rows_of(tmp_path, text)
        # Two answers to one question, as in columns with numbers.
        assert [[turn["content"] for turn in row["messages"]] for row in rows] == [
            ["头痛", "几天了"], ["头痛", "另一个回答"]
        ]  # fmt: skip

    def test_an_index_column(self, tmp_path):
        text = ",question,answer\n" + "".join(
            f"{i},{q},{a}\n" for i, (q, a) in enumerate(zip(QUESTIONS, REPLIES, strict=True))
        )
        assert read_text(tmp_path, "crawl.csv", text) == (EXPECTED, [])


def read_rows_of(tmp_path, text, **source):
    (tmp_path / "crawl.csv").write_text(text, encoding="utf-8")
    return read_rows(tmp_path / "crawl.csv", **source)


class TestQuotes:
    @pytest.mark.parametrize("later", ["", '他说"没事"', '"'], ids=["none", "inside a cell", "another stray one"])
    def test_a_stray_quote_costs_no_row(self, tmp_path, later):
        questions = list(QUESTIONS)
        questions[1] = f'"{questions[1]}'
        questions[4] += later
        text = "question,answer\n" + "".join(f"{q},{a}\n" for q, a in zip(questions, REPLIES, strict=True))
        dialogues, quarantined = read_text(tmp_path, "crawl.csv", text)
        assert quarantined == []
        assert [turns[0][1] for turns in dialogues] == questions

    def test_a_stray_quote_before_quoted_rows(self, tmp_path):
        rows = ['"头痛,几天了', *(f'"{q}","{a}"' for q, a in zip(QUESTIONS, REPLIES, strict=True))]
        dialogues, quarantined = read_text(tmp_path, "crawl.csv", "\n".join(["question,answer", *rows]))
        assert quarantined == []
        assert [turns[0][1] for turns in dialogues] == ['"头痛', *QUESTIONS]

    def test_a_quoted_cell_may_hold_rows_of_another_width(self, tmp_path):
        text = 'question,answer\n"头痛\n恶心,呕吐,发烧\n没好",几天了\n'
        assert read_text(tmp_path, "crawl.csv", text) == ([[("u", "头痛\n恶心,呕吐,发烧\n没好"), ("a", "几天了")]], [])

    def test_a_quote_that_breaks_its_row_is_quarantined_alone(self, tmp_path):
        text = 'question,answer\n"头痛,恶心,几天了\n咳嗽,有痰吗\n'
        assert read_text(tmp_path, "crawl.csv", text) == (
            [[("u", "咳嗽"), ("a", "有痰吗")]],
            [("line 2", Reason.UNBALANCED_QUOTES)],
        )


# Without the delimiter: a line with the right number of cells is taken for a row.
cells = st.text(st.sampled_from('头痛，"\n\r;1 '), max_size=8)


@settings(max_examples=200)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_what_the_csv_module_writes_is_read_as_it_was(tmp_path_factory, pairs):
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("question", "answer"), *((f"甲{a}", f"乙{b}") for a, b in pairs)])
    path = tmp_path_factory.mktemp("table") / "crawl.csv"
    path.write_bytes(out.getvalue().encode())
    dialogues, quarantined = read_all(path)
    # A carriage return before a line feed is the line break of another system.
    expected = [[("u", f"甲{a}".replace("\r\n", "\n")), ("a", f"乙{b}".replace("\r\n", "\n"))] for a, b in pairs]
    assert (dialogues, quarantined) == (expected, [])


@given(st.text(st.sampled_from('a,"; '), max_size=20))
def test_a_row_is_divided_without_loss(text):
    for delimiter in (",", ";"):
        joined = "".join(split_cells(text, Dialect(delimiter)))
        assert sorted(joined.replace('"', "")) == sorted(text.replace(delimiter, "").replace('"', "")) or '"' in text


def test_the_usual_delimiter_is_taken_where_nothing_tells():
    assert detect_delimiter([], ",") == ","
    assert detect_delimiter(["一列", "没有分隔"], "\t") == "\t"
