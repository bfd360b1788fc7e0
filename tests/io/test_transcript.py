"""Transcripts of every layout: labels, separators, headings, and what stands above and below the dialogue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.io.quarantine import Reason
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source
from cmtmed.text.characters import count_characters
from tests.support.reading import read_rows, read_text

FIRST = [
    ("u", "孩子咳嗽三天，夜里更重"),
    ("a", "有痰吗？发烧多少度？"),
    ("u", "白痰，没有发烧"),
    ("a", "先雾化两天，再来复诊。"),
]
SECOND = [("u", "腰疼一个月了，走路都疼"), ("a", "腿麻不麻？建议拍腰椎片。")]
NAMES = {"u": "患者", "a": "医生"}


def write(dialogue, line, between="\n"):
    return between.join(line(number, NAMES[role], text) for number, (role, text) in enumerate(dialogue, start=1))


LABELS = {
    "colon": lambda _, name, text: f"{name}：{text}",
    "half-width colon and a blank": lambda _, name, text: f"{name}: {text}",
    "details": lambda _, name, text: f"{name}（女，35岁）：{text}",
    "time in brackets": lambda number, name, text: f"[10:2{number}] {name}：{text}",
    "date and time before": lambda number, name, text: f"2021-03-01 10:22:1{number} {name}：{text}",
    "date and time behind": lambda number, name, text: f"{name} 2021-03-01 10:22:1{number}\n{text}",
    "time in brackets behind": lambda number, name, text: f"{name}（10:2{number}）：{text}",
    "numbers": lambda number, name, text: f"{number}. {name}：{text}",
    "Chinese numbers": lambda number, name, text: f"{number}、{name}：{text}",
    "lenticular brackets": lambda _, name, text: f"【{name}】{text}",
    "lenticular brackets and a colon": lambda _, name, text: f"【{name}】：{text}",
    "square brackets": lambda _, name, text: f"[{name}] {text}",
    "bold": lambda _, name, text: f"**{name}：** {text}",
    "on a line of its own": lambda _, name, text: f"{name}：\n{text}",
    "tags": lambda _, name, text: f"<{'user' if name == '患者' else 'bot'}>: {text}",
    "ChatML": lambda _, name, text: f"<|im_start|>{'user' if name == '患者' else 'assistant'}\n{text}<|im_end|>",
    "a named doctor": lambda _, name, text: f"{'张医生' if name == '医生' else name}：{text}",
    "traditional": lambda _, name, text: f"{'醫師' if name == '医生' else '民眾'}：{text}",
}


@pytest.mark.parametrize("layout", LABELS)
def test_labels_of_every_layout(tmp_path, layout):
    assert read_text(tmp_path, "crawl.txt", write(FIRST, LABELS[layout])) == ([FIRST], [])


@pytest.mark.parametrize("layout", [name for name in LABELS if name not in {"numbers", "Chinese numbers"}])
@pytest.mark.parametrize("separator", ["\n\n", "\n-----\n", "\n\n=====\n\n", "\n\n\n"])
def test_dialogues_between_separators(tmp_path, layout, separator):
    text = separator.join(write(dialogue, LABELS[layout]) for dialogue in (FIRST, SECOND))
    assert read_text(tmp_path, "crawl.txt", text) == ([FIRST, SECOND], [])


def test_blank_lines_between_turns_do_not_divide_a_dialogue(tmp_path):
    text = write(FIRST, LABELS["colon"], between="\n\n")
    assert read_text(tmp_path, "crawl.txt", text) == ([FIRST], [])
    two = f"{text}\n\n\n\n{write(SECOND, LABELS['colon'], between=chr(10) * 2)}"
    assert read_text(tmp_path, "crawl.txt", two) == ([FIRST, SECOND], [])


@pytest.mark.parametrize(
    "line", ["id={}", "ID: {}", "编号：{}", "【对话{}】", "第{}条", "Dialogue {}", "病例 {}：", "#{}"]
)
def test_numbered_lines_divide_dialogues_and_are_their_ids(tmp_path, line):
    if line == "#{}":
        pytest.skip("a number sign alone is no separator that can be detected")
    text = "\n".join(
        f"{line.format(n)}\n{write(d, LABELS['colon'], chr(10) * 2)}\n" for n, d in ((7, FIRST), (8, SECOND))
    )
    (tmp_path / "crawl.txt").write_text(text, encoding="utf-8")
    rows = read_rows(tmp_path / "crawl.txt")
    assert [row["source_id"] for row in rows] == ["7", "8"]
    assert [[(turn["role"][0], turn["content"]) for turn in row["messages"]] for row in rows] == [FIRST, SECOND]


def test_several_turns_in_one_line(tmp_path):
    text = "".join(f"{NAMES[role]}：{content}。" for role, content in FIRST)
    assert read_text(tmp_path, "crawl.txt", text) == ([[(role, f"{content}。") for role, content in FIRST]], [])


def test_a_doctor_who_is_addressed_does_not_speak(tmp_path):
    text = "患者：您好\n张医生：我想问一下咳嗽的事\n医生：请说，有痰吗？"
    dialogue = [("u", "您好\n张医生：我想问一下咳嗽的事"), ("a", "请说，有痰吗？")]
    assert read_text(tmp_path, "crawl.txt", text) == ([dialogue], [])


class TestAroundTheDialogue:
    PAGE = (
        "id=1\nhttps://example.invalid/page/1\n\nDescription\n病情描述： 呛咳半个月，夜里低烧\n希望获得的帮助： 需要住院吗\n\n"
        "Dialogue\n医生：\n呛咳多久了？神志清楚吗？\n病人：\n半个月，清楚的\n\nDiagnosis and suggestions\n总结： 完善胸片后复诊\n"
    )
    DIALOGUE = (("a", "呛咳多久了？神志清楚吗？"), ("u", "半个月，清楚的"))

    def test_the_complaint_above_the_doctor_opens_the_dialogue(self, tmp_path):
        opening = ("u", "病情描述： 呛咳半个月，夜里低烧\n希望获得的帮助： 需要住院吗")
        assert read_text(tmp_path, "crawl.txt", self.PAGE) == ([[opening, *self.DIALOGUE]], [])

    def test_it_is_left_out_on_request(self, tmp_path):
        dialogues = read_text(tmp_path, "crawl.txt", self.PAGE, transcript={"preamble": "leave_out"})
        assert dialogues == ([list(self.DIALOGUE)], [])

    def test_lines_are_ignored_and_the_end_is_found_by_declaration(self, tmp_path):
        text = "患者：头痛三天\n（图片）\n医生：量过血压吗？\n以上内容仅供参考\n更多内容\n"
        dialogues = read_text(tmp_path, "crawl.txt", text, transcript={"ignore": ["（图片）"], "end": ["以上.*"]})
        assert dialogues == ([[("u", "头痛三天"), ("a", "量过血压吗？")]], [])

    def test_text_above_the_patient_is_no_turn_unless_declared(self, tmp_path):
        text = "欢迎使用在线问诊平台，祝您健康\n患者：头痛三天\n医生：量过血压吗？\n"
        dialogue = [("u", "头痛三天"), ("a", "量过血压吗？")]
        assert read_text(tmp_path, "crawl.txt", text) == ([dialogue], [])
        opening = ("u", "欢迎使用在线问诊平台，祝您健康")
        assert read_text(tmp_path, "crawl.txt", text, transcript={"preamble": "opening"}) == (
            [[opening, *dialogue]],
            [],
        )

    def test_text_without_speakers_goes_to_quarantine(self, tmp_path):
        text = "今天天气很好\n\n适合散步\n"
        reasons = [("line 1", Reason.NO_DIALOGUE), ("line 3", Reason.NO_DIALOGUE)]
        assert read_text(tmp_path, "crawl.txt", text) == ([], reasons)


def test_a_separator_may_name_the_id(tmp_path):
    text = f">> 17 <<\n{write(FIRST, LABELS['colon'])}\n>> 18 <<\n{write(SECOND, LABELS['colon'])}\n"
    (tmp_path / "crawl.txt").write_text(text, encoding="utf-8")
    rows = read_rows(tmp_path / "crawl.txt", transcript={"separator": r">> (?P<id>\d+) <<"})
    assert [row["source_id"] for row in rows] == ["17", "18"]


lines = st.text(st.sampled_from("患者医生问答张：: 。？！12:[]【】()<>|im_startuser\\n\n　"), max_size=60)


@settings(max_examples=500)
@given(lines)
def test_a_text_is_divided_without_loss(text):
    transcript = SpeakerLabels(Source(name="s")).split(text)
    turns = sum(count_characters(turn.content) for turn in transcript.turns)
    assert count_characters(text) == (turns + count_characters(transcript.preamble) + sum(transcript.left_out.values()))
