"""Records of every layout become dialogues, and every character of a record is in a turn or counted under a reason."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.io.quarantine import Reason
from cmtmed.io.record_values import BrokenRecordError, count_leaves
from cmtmed.io.records import Record
from cmtmed.io.shapes import RecordParser
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

COMPLAINT = "孩子咳嗽三天，夜里更重，需要去医院吗？"
INQUIRY = "有痰吗？发烧多少度？"
REPLY = "白痰，没有发烧"
ADVICE = "先雾化两天，多喝水，三天不好再来复诊。"
TURNS = [("user", COMPLAINT), ("assistant", INQUIRY), ("user", REPLY), ("assistant", ADVICE)]
PAIR = [("user", COMPLAINT), ("assistant", ADVICE)]
MESSAGES = [{"role": role, "content": content} for role, content in TURNS]


def parse(value, **options):
    return RecordParser(Source(name="s", **options)).parse(Record("line 1", value))


def count_read(dialogues):
    return sum(
        sum(count_characters(content) for _, content in dialogue.turns) + sum(dialogue.left_out.values())
        for dialogue in dialogues
    )


LAYOUTS = {
    "question and answer": ({"question": COMPLAINT, "answer": ADVICE}, PAIR),
    "names in capitals": ({"Question": COMPLAINT, " Answer ": ADVICE}, PAIR),
    "Chinese names": ({"提问内容": COMPLAINT, "医生的回复": ADVICE, "回复时间": "2021-03-01"}, PAIR),
    "instruction alone": ({"instruction": COMPLAINT, "input": "", "output": ADVICE}, PAIR),
    "input alone": ({"input": COMPLAINT, "output": ADVICE}, PAIR),
    "title and description": (
        {"title": "孩子咳嗽怎么办", "desc": COMPLAINT, "answer": ADVICE},
        [("user", f"孩子咳嗽怎么办\n{COMPLAINT}"), ("assistant", ADVICE)],
    ),
    "a title that the description repeats": (
        {"title": "孩子咳嗽三天", "content": COMPLAINT, "answer": ADVICE},
        PAIR,
    ),
    "a title beside a question": ({"title": "咳嗽", "question": COMPLAINT, "answer": ADVICE}, PAIR),
    "nested objects": ({"url": "u", "data": {"question": COMPLAINT, "answer": ADVICE}}, PAIR),
    "several wordings": ({"questions": [[COMPLAINT, "咳嗽三天怎么办"]], "answers": [ADVICE]}, PAIR),
    "empty messages beside a pair": ({"messages": [], "question": COMPLAINT, "answer": ADVICE}, PAIR),
    "messages": ({"messages": MESSAGES}, TURNS),
    "a list of messages": (MESSAGES, TURNS),
    "ShareGPT": (
        {"conversations": [{"from": {"user": "human"}.get(r, "gpt"), "value": text} for r, text in TURNS]},
        TURNS,
    ),
    "speaker and sentence": (
        {
            "dialogue": [
                {"sentence_id": i, "speaker": "患者" if r == "user" else "医生", "sentence": t}
                for i, (r, t) in enumerate(TURNS)
            ]
        },
        TURNS,
    ),
    "speakers in the field id": (
        [{"id": "Patients" if role == "user" else "Doctor", "Sentence": text} for role, text in TURNS],
        TURNS,
    ),
    "pairs by speaker": (
        {"conversation": [{"human": COMPLAINT, "assistant": INQUIRY}, {"human": REPLY, "assistant": ADVICE}]},
        TURNS,
    ),
    "pairs of input and output": (
        {"conversation": [{"input": COMPLAINT, "output": INQUIRY}, {"input": REPLY, "output": ADVICE}]},
        TURNS,
    ),
    "labelled texts": (
        {"data": [f"{'问' if role == 'user' else '答'}：{text}" for role, text in TURNS]},
        TURNS,
    ),
    "pairs of a label and a text": ({"dialogue": [["患者" if r == "user" else "医生", t] for r, t in TURNS]}, TURNS),
    "history of pairs": (
        {"history": [[COMPLAINT, INQUIRY]], "instruction": REPLY, "input": "", "output": ADVICE},
        TURNS,
    ),
    "history whose last question has no answer": (
        {"history": [[COMPLAINT, INQUIRY]], "instruction": REPLY, "input": "", "output": ""},
        [*TURNS[:3], ("assistant", "")],
    ),
    "history of texts": ({"history": [COMPLAINT, INQUIRY], "instruction": REPLY, "output": ADVICE}, TURNS),
    "history of messages": ({"history": MESSAGES[:2], "prompt": REPLY, "response": ADVICE}, TURNS),
    "history as JSON": ({"history": json.dumps([[COMPLAINT, INQUIRY]]), "instruction": REPLY, "output": ADVICE}, TURNS),
    "history as Python": ({"history": str([[COMPLAINT, INQUIRY]]), "instruction": REPLY, "output": ADVICE}, TURNS),
    "content parts": (
        {
            "messages": [
                {"role": role, "content": [{"type": "text", "text": text}, {"type": "image_url", "image_url": "x"}]}
                for role, text in TURNS
            ]
        },
        TURNS,
    ),
    "a system prompt": ({"system": "你是一名医生", "messages": MESSAGES}, [("system", "你是一名医生"), *TURNS]),
    "a self-report": ({"self_report": COMPLAINT, "dialogue": MESSAGES[1:]}, TURNS),
    "a self-report that the first turn repeats": ({"description": COMPLAINT, "dialogue": MESSAGES}, TURNS),
    "one side in one text": ({"text": f"患者：{COMPLAINT}\n患者：{REPLY}"}, [("user", COMPLAINT), ("user", REPLY)]),
    "a question in an object": ({"question": {"text": COMPLAINT, "time": "10:22"}, "answer": {"text": ADVICE}}, PAIR),
    "a dialogue in one text": (
        {"text": "\n".join(f"{'患者' if role == 'user' else '医生'}：{text}" for role, text in TURNS)},
        TURNS,
    ),
    "labels behind sentences": (
        {"text": "".join(f"{'患者' if role == 'user' else '医生'}：{text}。" for role, text in TURNS)},
        [(role, f"{text}。") for role, text in TURNS],
    ),
    "labels after written line breaks": (
        {"input": f"病人：{COMPLAINT}\\n医生：{INQUIRY}\\n病人：{REPLY}\\n医生：", "target": ADVICE},
        TURNS,
    ),
    "a prompt of rounds": (
        {"input": f"[Round 0]\n问：{COMPLAINT}\n答：{INQUIRY}\n[Round 1]\n问：{REPLY}\n答：", "output": ADVICE},
        TURNS,
    ),
    "tags": (
        {"instruction": f" <user>: {COMPLAINT} <bot>: {INQUIRY} <user>: {REPLY}", "output": ADVICE},
        TURNS,
    ),
    "ChatML": (
        {"text": "\n".join(f"<|im_start|>{role}\n{text}<|im_end|>" for role, text in TURNS)},
        TURNS,
    ),
    "Alpaca": ({"text": f"### Instruction:\n{COMPLAINT}\n\n### Response:\n{ADVICE}"}, PAIR),
    "a preamble above the doctor": (
        {"text": f"病情描述：{COMPLAINT}\n医生：{INQUIRY}\n患者：{REPLY}\n医生：{ADVICE}"},
        [("user", f"病情描述：{COMPLAINT}"), *TURNS[1:]],
    ),
    "an answer that lists questions": (
        {"question": COMPLAINT, "answer": "常见问题。\n问：能洗澡吗？\n答：可以。"},
        [("user", COMPLAINT), ("assistant", "常见问题。\n问：能洗澡吗？\n答：可以。")],
    ),
    "a patient who addresses the doctor": (
        {"question": f"医生：您好，{COMPLAINT}", "answer": ADVICE},
        [("user", f"医生：您好，{COMPLAINT}"), ("assistant", ADVICE)],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_recognized(name):
    value, turns = LAYOUTS[name]
    (dialogue,) = parse(value)
    assert dialogue.turns == turns


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_character_is_accounted_for(name):
    value, _ = LAYOUTS[name]
    dialogues = parse(value)
    assert count_read(dialogues) == count_leaves(value)


class TestSeveralAnswers:
    RECORD: ClassVar = {
        "id": 7,
        "question": COMPLAINT,
        "answers": [{"doctor": "甲", "content": INQUIRY}, {"doctor": "乙", "content": ADVICE}],
    }

    def test_each_is_a_dialogue_of_its_own(self):
        first, second = parse(self.RECORD)
        assert (first.source_id, second.source_id) == ("7", "7#2")
        assert first.turns == [("user", COMPLAINT), ("assistant", INQUIRY)]
        assert second.turns == [("user", COMPLAINT), ("assistant", ADVICE)]
        assert count_read([first, second]) == count_leaves(self.RECORD)

    def test_the_first_alone(self):
        (dialogue,) = parse(self.RECORD, answers="first")
        assert dialogue.turns == [("user", COMPLAINT), ("assistant", INQUIRY)]
        assert dialogue.left_out["other_answer"] == count_characters(ADVICE)
        assert count_read([dialogue]) == count_leaves(self.RECORD)

    def test_all_in_one(self):
        (dialogue,) = parse(self.RECORD, answers="join")
        assert dialogue.turns == [("user", COMPLAINT), ("assistant", f"{INQUIRY}\n{ADVICE}")]


@pytest.mark.parametrize(
    ("identifier", "source_id"),
    [({"$oid": "5f1e"}, "5f1e"), (2**64 + 1, str(2**64 + 1)), (7.5, "7.5"), ("7", "7"), (None, None)],
)
def test_ids_of_any_type(identifier, source_id):
    (dialogue,) = parse({"_id": identifier, "question": COMPLAINT, "answer": ADVICE})
    assert dialogue.source_id == source_id


def test_declared_fields_alone_are_read():
    value = {"a": "忽略", "question": COMPLAINT, "answer": ADVICE, "reply": "另一个"}
    (dialogue,) = parse(value, fields={"answer": "reply"})
    assert dialogue.turns == [("user", COMPLAINT), ("assistant", "另一个")]
    assert dialogue.ignored == {"a": 2, "answer": count_characters(ADVICE)}


def test_ignored_speakers_are_counted():
    value = {"messages": [*MESSAGES, {"role": "机器人", "content": "请评价本次服务"}]}
    (dialogue,) = parse(value, ignore_speakers=["机器人"])
    assert dialogue.turns == TURNS
    assert dialogue.left_out["ignored_speaker"] == 7
    assert count_read([dialogue]) == count_leaves(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"messages": [{"role": "路人", "content": "在吗"}]}, Reason.UNKNOWN_ROLE),
        ({"messages": [{"content": "在吗"}]}, Reason.UNKNOWN_ROLE),
        ({"messages": ["在吗"]}, Reason.NO_DIALOGUE),
        ({"history": [["一"]], "instruction": "二", "output": "三"}, Reason.WRONG_TYPE),
        ({"url": "x"}, Reason.MISSING_FIELD),
        ({"instruction": {"voice": "1.amr"}, "output": "请打字。"}, Reason.WRONG_TYPE),
        ({"text": "今天天气很好"}, Reason.NO_DIALOGUE),
        ([1, 2], Reason.NOT_A_RECORD),
    ],
)
def test_records_without_a_dialogue_say_why(value, reason):
    with pytest.raises(BrokenRecordError) as error:
        parse(value)
    assert error.value.reason == reason


texts = st.text(st.sampled_from("头痛三天吃药吗？。：:医生患者问答\n 　\t1a<>[]【】\\n"), max_size=24)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**6), texts)
roles = st.sampled_from(["user", "assistant", "患者", "医生", "系统", "human", "gpt"])
messages = st.lists(
    st.fixed_dictionaries(
        {"role": roles, "content": texts}, optional={"time": scalars, "images": st.lists(texts, max_size=2)}
    ),
    max_size=4,
)
turn_lists = st.one_of(messages, st.lists(texts, max_size=4), st.lists(st.tuples(texts, texts).map(list), max_size=3))
names = st.sampled_from(
    [
        "id",
        "department",
        "title",
        "desc",
        "question",
        "ask",
        "instruction",
        "input",
        "answer",
        "output",
        "answers",
        "history",
        "messages",
        "text",
        "content",
        "system",
        "url",
        "备注",
    ]
)
values = st.one_of(scalars, turn_lists, messages.map(json.dumps), st.dictionaries(names, scalars, max_size=2))
records = st.one_of(st.dictionaries(names, values, max_size=6), messages, st.lists(texts, max_size=4))


@settings(max_examples=300)
@given(
    records, st.sampled_from(["auto", "auto", "auto", "single_turn", "history", "messages", "alternating", "prefixed"])
)
def test_no_character_is_lost_in_any_record(value, shape):
    try:
        dialogues = parse(value, shape=shape)
    except BrokenRecordError:
        return  # the whole record goes to quarantine
    assert count_read(dialogues) == count_leaves(value)


@settings(max_examples=300)
@given(records)
def test_the_fast_readers_do_what_the_general_code_does(value):
    parser = RecordParser(Source(name="s"))
    try:
        general = parser._parse_value(value)
    except BrokenRecordError as error:
        with pytest.raises(BrokenRecordError, match=error.reason.value):
            parser.parse(Record("line 1", value))
        return
    fast = parser.parse(Record("line 1", value))
    assert [strip_zeros(dialogue) for dialogue in fast] == [strip_zeros(dialogue) for dialogue in general]


def strip_zeros(dialogue):
    left_out = {reason: count for reason, count in dialogue.left_out.items() if count}
    return (
        dialogue.source_id,
        dialogue.department,
        dialogue.subdepartment,
        dialogue.turns,
        left_out,
        dict(dialogue.ignored),
    )
