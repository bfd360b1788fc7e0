"""Tables as people really write them: delimiters of several characters, remarks above, cells of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmtmed.io.delimiters import find_word_delimiter
from cmtmed.io.read import read_file
from cmtmed.source import Source

ROWS = [
    ("7", "头痛怎么办", "右侧头痛三天，熬夜以后更重，怎么办", "先量血压，必要时做磁共振"),
    ("8", "咳嗽要拍片吗", "咳嗽两周有白痰，夜里更重，要拍片吗", "先查血常规和胸片"),
    ("9", "孩子发烧用药", "孩子两岁半，烧到39度，吃什么药", "体温超过38.5度可以用布洛芬"),
    ("10", "拉肚子怎么治", "昨天起一天拉六次水样便，怎么处理", "口服补液盐，查大便常规"),
]


def read(path: Path) -> list[list[str]]:
    """Return the turns of the dialogues that are read without a declaration."""
    return [
        [message["content"] for message in messages]
        for batch in read_file(path, [Source(name="crawl")])
        for messages in batch.dialogues["messages"].to_list()
    ]


@pytest.mark.parametrize("delimiter", [" <sep> ", "||", "@@@", "$$", " ### ", " SEP ", "[SEP]", "\x01", "|#|", "\t"])
def test_words_and_marks_divide_rows(tmp_path: Path, delimiter: str) -> None:
    """What stands in every line equally often divides it, and the title and the question stand together."""
    path = tmp_path / "rows.txt"
    path.write_text("".join(f"{delimiter.join(row)}\n" for row in ROWS), encoding="utf-8")
    assert [turns[-1] for turns in read(path)] == [row[3] for row in ROWS]
    assert all(row[2] in turns[0] for turns, row in zip(read(path), ROWS, strict=True))


@pytest.mark.parametrize(
    "lines",
    [
        ["患者：头痛--三天--了", "医生：多久--了"],
        ["头痛……三天……了", "先量血压……再说……吧", "好的……谢谢……您"],
        ["患者 - 头痛", "医生 - 多久了", "患者 - 三天"],
        ["a || b || c", "d || e || f", "g || h || i"],
    ],
)
def test_what_people_write_divides_nothing(lines: list[str]) -> None:
    """Dots and dashes of speech, a single mark between two texts, and lines without Chinese are no tables."""
    assert find_word_delimiter(lines) is None


def test_a_declared_delimiter_may_be_a_word(tmp_path: Path) -> None:
    """Two columns alone are divided where the source says so, quotes included."""
    path = tmp_path / "pairs.csv"
    path.write_text('question<=>answer\n"咳嗽<=>怎么办"<=>多喝水\n', encoding="utf-8")
    source = Source(name="crawl", delimiter="<=>")
    dialogues = [turn for batch in read_file(path, [source]) for turn in batch.dialogues["messages"].to_list()]
    assert [[message["content"] for message in messages] for messages in dialogues] == [["咳嗽<=>怎么办", "多喝水"]]


@pytest.mark.parametrize(
    "remarks", ["# 导出自咨询系统，2021年，仅供研究\n# 共4行\n", "-- 时间：2021-03\n\n", "// 内部资料\n"]
)
def test_remarks_above_the_header_are_left_out(tmp_path: Path, remarks: str) -> None:
    """Lines that begin with a mark and have other cells than the table are a heading, and are counted."""
    path = tmp_path / "rows.csv"
    table = "id,question,answer\n" + "".join(f"{number},{text},{answer}\n" for number, _, text, answer in ROWS)
    path.write_text(remarks + table, encoding="utf-8")
    assert [turns[-1] for turns in read(path)] == [row[3] for row in ROWS]
    headings = [batch.stats.left_out["heading"] for batch in read_file(path, [Source(name="crawl")])]
    assert sum(headings) == len("".join(remarks.split()))


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_unicode_text_of_a_spreadsheet_holds_quoted_lines(tmp_path: Path, line_break: str) -> None:
    """UTF-16 with tabs, saved as text: every cell in quotes may hold line breaks."""
    path = tmp_path / "rows.txt"
    rows = "".join(f'{number}\t"{title}{line_break}{text}"\t"{answer}"\r\n' for number, title, text, answer in ROWS)
    path.write_bytes(("编号\t问题\t回答\r\n" + rows).encode("utf-16"))
    assert read(path) == [[f"{row[1]}\n{row[2]}", row[3]] for row in ROWS]


def test_tables_of_databases_escape_line_breaks(tmp_path: Path) -> None:
    r"""A backslash before a line break continues a cell, and ``\N`` is no value."""
    path = tmp_path / "rows.txt"
    path.write_text(
        "".join(f"{number}\t{title}\\\n{text}\t\\N\t{answer}\n" for number, title, text, answer in ROWS), "utf-8"
    )
    assert read(path) == [[f"{row[1]}\n{row[2]}", row[3]] for row in ROWS]
    batch = next(iter(read_file(path, [Source(name="crawl")])))
    assert batch.stats.left_out["null"] == 2 * len(ROWS)
